import { existsSync } from 'node:fs';
import path from 'node:path';
import { Engine } from '../engine/client.js';
import { locateModel, snapshotsOf } from '../hub/cache.js';
import { parseHubName } from '../hub/names.js';
import { Fault } from '../map/fault.js';
import type { ModelReference } from '../map/specification.js';
import { cancelled } from '../protocol/channel.js';
import type { Device, ModelDescription, OpenEvent } from '../protocol/engine.js';
import { bundledModel, engineFile } from './installation.js';

export interface OpenOptions {
  readonly device: Device;
  /** Where CUDA's part of onnxruntime lies; by default it is looked for. */
  readonly cudaLibraries?: string | undefined;
  /** Bytes that may be taken; by default half of what is free. */
  readonly memory?: number | undefined;
  readonly skipChecks?: boolean;
  /** Gets every line that the engine logs. */
  readonly log?: (line: string) => void;
  /** Hears what takes its time before the model is open. */
  readonly onOpening?: (event: OpenEvent) => void;
  /** Ends the engine at once. */
  readonly signal?: AbortSignal;
}

export interface OpenedModel {
  readonly engine: Engine;
  readonly description: ModelDescription;
}

/**
 * Starts an engine and opens a model in it.
 * @param model a path, or a name in the Hugging Face cache (`locateModel`)
 * @throws Fault; then no engine is left.
 */
export async function openModel(model: string, options: OpenOptions): Promise<OpenedModel> {
  const { log, signal } = options;
  if (signal?.aborted) throw cancelled();
  const place = locateModel(model);
  const file = engineFile();
  if (!existsSync(file))
    throw new Fault({
      code: 'internal',
      message: 'The program part that runs models is missing.',
      hint: 'Install Embedding Grid again.',
      detail: `There is no ${file}.`,
    });
  const { cudaLibraries } = options;
  const engine = new Engine({
    file,
    ...(cudaLibraries === undefined ? {} : { cudaLibraries: path.resolve(cudaLibraries) }),
    ...(log ? { onLog: log } : {}),
  });
  const end = (): void => void engine.dispose();
  signal?.addEventListener('abort', end, { once: true });
  process.once('exit', end); // whatever ends us, no process is left
  void engine.ended.then(() => {
    signal?.removeEventListener('abort', end);
    process.removeListener('exit', end);
  });
  try {
    const description = await engine.call(
      'open',
      {
        path: place,
        device: options.device,
        ...(options.memory === undefined ? {} : { memory: options.memory }),
        ...(options.skipChecks === undefined ? {} : { skipChecks: options.skipChecks }),
      },
      options.onOpening ? { onEvent: options.onOpening } : {},
    );
    return { engine, description };
  } catch (thrown) {
    await engine.dispose();
    throw thrown;
  }
}

/**
 * Opens the model of a saved map wherever it is by now: in the working folder, beside the file, in the Hugging Face cache, or
 * the bundled one. Its hash decides. @throws Fault `model-not-found` when it is in none of them.
 */
export async function openSavedModel(
  reference: ModelReference,
  besideFile: string,
  options: OpenOptions,
): Promise<OpenedModel> {
  let different: string | undefined;
  for (const place of placesOf(reference, besideFile)) {
    const opened = await openModel(place, options).catch((thrown: unknown) => {
      if (thrown instanceof Fault && thrown.code.startsWith('model-')) return undefined; // some other thing of that name
      throw thrown;
    });
    if (opened?.description.reference.sha256 === reference.sha256) return opened;
    await opened?.engine.dispose();
    different ??= place;
  }
  throw new Fault({
    code: 'model-not-found',
    message:
      different === undefined
        ? `The model "${reference.name}" of the saved map was not found.`
        : `The model at ${different} is not the one that the map was made with: its structure or weights differ.`,
    hint: 'Give its place with --model.',
  });
}

/** Where a model may be, existing places only. The names come from a file: they must not lead out of these folders. */
function placesOf({ name, file }: ModelReference, besideFile: string): string[] {
  if (/(^|[\\/])\.\.([\\/]|$)|\0/.test(`${name}/${file}`)) return [];
  const beside = path.dirname(path.resolve(besideFile));
  const folders = [path.resolve(), beside, path.dirname(beside)];
  const places = folders.flatMap((folder) => [path.join(folder, name, file), path.join(folder, file)]);
  const cached = parseHubName(name)?.repository === name ? snapshotsOf(name).map((one) => path.join(one, file)) : [];
  return [...new Set([...places, ...cached, path.join(bundledModel, file)])].filter((place) => existsSync(place));
}
