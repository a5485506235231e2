import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, homedir, tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';

/**
 * CUDA's part of onnxruntime, which npm's package leaves out. onnxruntime looks for it beside itself alone; so a folder of links
 * to both is made, and onnxruntime is loaded from there. Nothing of a person's is written to.
 */

/** The variable by which the engine's parent names a folder. */
export const CUDA_VARIABLE = 'EMBEDDING_GRID_CUDA_LIBRARIES';
export const CUDA_LIBRARY = 'libonnxruntime_providers_cuda.so';
const SHARED_LIBRARY = 'libonnxruntime_providers_shared.so';
const CORE_LIBRARY = 'libonnxruntime.so.1';

/** Libraries of NVIDIA's that lie beside it in a Python environment, in the order in which they need each other. */
const NVIDIA_LIBRARIES = ['cudart', 'cublasLt', 'cublas', 'curand', 'cufft', 'nvrtc', 'cudnn'];

export interface CudaLibraries {
  /** Holds both of onnxruntime's CUDA libraries. */
  readonly folder: string;
  /** `site-packages` that the folder belongs to, where it is in a Python environment. */
  readonly packages: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the libraries where a person says (a folder with them, a Python environment or its `site-packages`), else in the Python
 * environments that are active or on the PATH.
 * @param release onnxruntime's, which theirs must equal
 * @returns undefined where there are none, a sentence where those that there are cannot be used
 */
export function findCudaLibraries(
  asked: string | undefined,
  release: string,
  env: Environment = process.env,
  home = homedir(),
): CudaLibraries | string | undefined {
  if (asked !== undefined) {
    const found = placesIn(resolve(asked)).find(hasLibraries);
    if (!found) return `The folder "${asked}" holds no ${CUDA_LIBRARY}, nor a Python environment that has it.`;
    return ofRelease(found, release);
  }
  const onPath = (env.PATH ?? '').split(delimiter).filter((folder) => existsSync(join(folder, 'python3')));
  const environments = [
    env.VIRTUAL_ENV,
    env.CONDA_PREFIX,
    ...onPath.map((folder) => dirname(folder)),
    join(home, '.local'),
  ];
  let unfit: string | undefined;
  for (const environment of new Set(environments)) {
    if (environment === undefined || environment === '') continue;
    for (const found of placesIn(environment).filter(hasLibraries)) {
      const fit = ofRelease(found, release);
      if (typeof fit !== 'string') return fit;
      unfit ??= fit;
    }
  }
  return unfit;
}

const hasLibraries = ({ folder }: CudaLibraries): boolean =>
  existsSync(join(folder, CUDA_LIBRARY)) && existsSync(join(folder, SHARED_LIBRARY));

/** Where a folder could have the libraries: in itself, as a `site-packages`, as an environment. */
function placesIn(folder: string): CudaLibraries[] {
  const python = namesIn(join(folder, 'lib')).filter((name) => name.startsWith('python3'));
  const packages = [
    folder,
    ...python.flatMap((name) => ['site-packages', 'dist-packages'].map((end) => join(folder, 'lib', name, end))),
  ];
  // The folder itself may be onnxruntime/capi of an environment.
  const above = dirname(dirname(folder));
  const own = basename(folder) === 'capi' && existsSync(join(above, 'onnxruntime')) ? above : undefined;
  return [
    { folder, packages: own },
    ...packages.map((place) => ({ folder: join(place, 'onnxruntime', 'capi'), packages: place })),
  ];
}

/** Another release's would end the process, or worse. */
function ofRelease(found: CudaLibraries, release: string): CudaLibraries | string {
  const stated = namesIn(found.packages ?? '').flatMap(
    (name) => /^onnxruntime_gpu-(.+)\.dist-info$/.exec(name)?.[1] ?? [],
  );
  if (stated.length === 0 || stated.includes(release)) return found;
  return `The onnxruntime-gpu in ${found.packages ?? ''} is release ${stated.join(', ')}; ${release} is needed.`;
}

/** Whether a GPU of NVIDIA's is there, on Linux or its kind on Windows. */
export const hasGpu = (): boolean => existsSync('/dev/nvidia0') || existsSync('/dev/dxg');

/** onnxruntime-node's own native files and its release. */
export function nativeFolder(): { readonly folder: string; readonly release: string } {
  // Benches and tests load this file as it is, a module, which knows no such folder: they run at the project's root.
  const home = typeof __dirname === 'string' ? __dirname : process.cwd();
  const require = createRequire(join(home, 'engine.cjs'));
  const manifest = 'onnxruntime-node/package.json';
  const { version } = require(manifest) as { version: string };
  const folder = join(dirname(require.resolve(manifest)), 'bin', 'napi-v6', process.platform, process.arch);
  return { folder, release: version };
}

/**
 * Loads onnxruntime from a folder of links in which CUDA's part stands beside it, and NVIDIA's libraries of the same Python
 * environment. To be called before anything else loads onnxruntime.
 * @returns takes the links away: when CUDA has started, or will not
 */
export function loadBesideCuda(found: CudaLibraries, native: string): () => void {
  const links = mkdtempSync(join(tmpdir(), 'embedding-grid-cuda-'));
  const remove = (): void => rmSync(links, { recursive: true, force: true });
  process.once('exit', remove);
  const link = (folder: string, name: string): void => symlinkSync(realpathSync(join(folder, name)), join(links, name));
  link(native, CORE_LIBRARY);
  link(found.folder, CUDA_LIBRARY);
  link(found.folder, SHARED_LIBRARY);
  for (const file of nvidiaLibraries(found.packages)) load(file);
  load(join(links, CORE_LIBRARY));
  return remove;
}

/** Loads a library for good; those that need it then find it by its name. One that does not load is told by what needs it. */
function load(file: string): void {
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  const RTLD_NODELETE = 0x1000; // glibc's; Node takes what is no addon out again
  try {
    process.dlopen({ exports: {} }, file, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch {
    // "Module did not self-register": it is a plain library.
  }
}

/** NVIDIA's packages lay their libraries into `site-packages/nvidia/PART/lib`. */
function nvidiaLibraries(packages: string | undefined): string[] {
  if (packages === undefined) return [];
  const nvidia = join(packages, 'nvidia');
  const files = namesIn(nvidia).flatMap((part) => {
    const folder = join(nvidia, part, 'lib');
    return namesIn(folder).map((name) => join(folder, name));
  });
  return NVIDIA_LIBRARIES.flatMap((name) =>
    files.filter((file) => new RegExp(`^lib${name}\\.so\\.\\d+$`).test(basename(file))),
  );
}

function namesIn(folder: string): string[] {
  try {
    return statSync(folder).isDirectory() ? readdirSync(folder).sort() : [];
  } catch {
    return [];
  }
}
