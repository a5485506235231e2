// npm run package: one VSIX per platform of onnxruntime-node and tokenizers, in the root. `npm run package -- linux-x64 ...` makes these
// alone, `--into FOLDER` puts them there without a version in the name, `--built` takes dist/ as it is,
// `--runtime FOLDER` another copy of onnxruntime-node. Only what is listed
// here goes in; a native binding that is missing fails the whole run.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Transform } from 'node:stream';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';
import { createVSIX } from '@vscode/vsce';
import { deflateRaw } from 'pako';
import { thirdPartyNotices } from './notices.mjs';
import { root, run } from './prepare.mjs';

const MB = 1e6;

/** What vsce packs with, as zlib itself does it: Node's is a faster one that packs onnxruntime 2% worse, which is half a megabyte. */
zlib.DeflateRaw = class extends Transform {
  chunks = [];
  _transform(chunk, _, done) {
    this.chunks.push(chunk);
    done();
  }
  _flush(done) {
    done(null, deflateRaw(Buffer.concat(this.chunks), { level: 8, memLevel: 9 }));
  }
};

/**
 * The platforms of onnxruntime-node: native files that must be there, the binding of tokenizers, and how large the package may
 * become.
 */
const targets = {
  'linux-x64': {
    native: ['onnxruntime_binding.node', 'libonnxruntime.so.1'],
    tokenizers: 'tokenizers.linux-x64-gnu.node',
    most: 30 * MB,
  },
  'linux-arm64': {
    native: ['onnxruntime_binding.node', 'libonnxruntime.so.1'],
    tokenizers: 'tokenizers.linux-arm64-gnu.node',
    most: 45 * MB,
  },
  'win32-x64': {
    native: ['onnxruntime_binding.node', 'onnxruntime.dll', 'DirectML.dll', 'dxcompiler.dll', 'dxil.dll'],
    tokenizers: 'tokenizers.win32-x64-msvc.node',
    most: 45 * MB,
  },
  'win32-arm64': {
    native: ['onnxruntime_binding.node', 'onnxruntime.dll', 'DirectML.dll', 'dxcompiler.dll', 'dxil.dll'],
    tokenizers: 'tokenizers.win32-arm64-msvc.node',
    most: 45 * MB,
  },
  // Its second dylib is a copy under another name that nothing loads.
  'darwin-arm64': {
    native: ['onnxruntime_binding.node', 'libonnxruntime.1.dylib'],
    tokenizers: 'tokenizers.darwin-arm64.node',
    most: 45 * MB,
  },
};

/** What the package is made of, beside the native part. All of it must be there. */
const parts = [
  'package.nls.json',
  'package.nls.de.json',
  'l10n',
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'docs',
  ...[
    'extension.cjs',
    'engine.cjs',
    'filesWorker.cjs',
    'studyWorker.cjs',
    'scanWorker.cjs',
    'scan.wasm',
    'textProcess.cjs',
    'leash.cjs',
  ].map((name) => `dist/${name}`),
  'dist/webview/main.js',
  'dist/webview/main.css',
  'dist/webview/model.js',
  'dist/webview/model.css',
  'dist/webview/study.js',
  'dist/webview/study.css',
  'dist/webview/codicon.ttf',
  'dist/assets/picture.cjs',
  'dist/assets/resvg.wasm.br',
  'dist/assets/subset.wasm',
  'dist/assets/page',
  'dist/assets/fonts',
  'media/icons',
  'media/schemas',
  'media/walkthrough',
  'media/pictures',
  'media/novella-3m',
];
/** Within those: what only the repository needs. */
const left = [/^media\/novella-3m\/training(\/|$)/, /^media\/icons\/icon\.svg$/, /\.map$/, /\.py$/];

const staging = path.join(root, '.cache', 'package');
const inStaging = (...names) => path.join(staging, ...names);

/** The manifest without what only the repository needs. */
function writeManifest() {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const key of ['scripts', 'dependencies', 'devDependencies', 'bin', 'exports', 'types']) delete manifest[key];
  writeFileSync(inStaging('package.json'), JSON.stringify(manifest, null, 2));
}

/** Copies everything that is the same on every platform. */
function stage() {
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  writeManifest();
  for (const part of parts) {
    const from = path.join(root, part);
    if (!existsSync(from)) throw new Error(`${part} is missing.`);
    const kept = (file) => !left.some((pattern) => pattern.test(path.relative(root, file).split(path.sep).join('/')));
    cpSync(from, inStaging(part), { recursive: true, filter: kept });
  }
  writeFileSync(inStaging('THIRD-PARTY-NOTICES.txt'), thirdPartyNotices('vsix'));
}

/** Puts the JavaScript and one platform's binaries of onnxruntime-node and tokenizers where dist/ finds them. */
function stageRuntime(target, runtime) {
  const modules = inStaging('dist', 'node_modules');
  rmSync(modules, { recursive: true, force: true });
  const stageJavaScript = (from, folder) => {
    const { name, version, license, main } = JSON.parse(readFileSync(path.join(from, 'package.json'), 'utf8'));
    cpSync(path.join(from, folder), path.join(modules, name, folder), {
      recursive: true,
      filter: (file) => statSync(file).isDirectory() || /\.js$|package\.json$/.test(file),
    });
    writeFileSync(path.join(modules, name, 'package.json'), JSON.stringify({ name, version, license, main }));
  };
  stageJavaScript(runtime, 'dist');
  stageJavaScript(path.join(root, 'node_modules', 'onnxruntime-common'), 'dist/cjs');
  const place = path.join('bin', 'napi-v6', ...target.split('-'));
  for (const name of targets[target].native) {
    const from = path.join(runtime, place, name);
    if (!existsSync(from)) throw new Error(`The native part for ${target} is missing: ${path.join(place, name)}`);
    cpSync(from, path.join(modules, 'onnxruntime-node', place, name));
  }
  const tokenizers = path.join(root, 'node_modules', 'tokenizers');
  for (const name of ['index.js', 'package.json', 'LICENSE', targets[target].tokenizers]) {
    const from = path.join(tokenizers, name);
    if (!existsSync(from)) throw new Error(`The native part for ${target} is missing: ${name}`);
    cpSync(from, path.join(modules, 'tokenizers', name));
  }
}

const { values, positionals: wanted } = parseArgs({
  options: {
    into: { type: 'string' },
    built: { type: 'boolean', default: false },
    runtime: { type: 'string', default: path.join(root, 'node_modules', 'onnxruntime-node') },
  },
  allowPositionals: true,
});
const unknown = wanted.filter((name) => !Object.hasOwn(targets, name));
if (unknown.length > 0) throw new Error(`Unknown platform ${unknown.join(', ')}: ${Object.keys(targets).join(', ')}.`);

if (!values.built) run(process.execPath, ['esbuild.js']);
stage();
const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
let tooLarge = false;
for (const target of wanted.length > 0 ? wanted : Object.keys(targets)) {
  stageRuntime(target, values.runtime);
  const file =
    values.into === undefined
      ? path.join(root, `${name}-${target}-${version}.vsix`)
      : path.resolve(values.into, `${name}-${target}.vsix`);
  await createVSIX({
    cwd: staging,
    packagePath: file,
    target,
    ignoreFile: path.join(root, '.vscodeignore'),
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  const { size } = statSync(file);
  const { most } = targets[target];
  tooLarge ||= size > most;
  const verdict = size > most ? `, more than the ${most / MB} MB that it may have` : '';
  process.stdout.write(`${path.basename(file)}: ${(size / MB).toFixed(1)} MB${verdict}\n`);
}
if (tooLarge) process.exit(1);
