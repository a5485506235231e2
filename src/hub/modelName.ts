import { homedir } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { repositoryOfSnapshot } from './cache.js';

/** Folders that are called after what is in them, not after a model: formats, kinds of numbers, devices, steps of a script, hashes; and places. */
const GENERIC = new RegExp(
  `^(${[
    'onnx|hf|pytorch|transformers|safetensors|gguf|genai',
    'models?|weights|checkpoints?|exports?|exported|converted|snapshots?|main|master|latest|final|best|out|outputs?',
    'quantized|optimized|merged|(fp|float|bf|int|uint|q)\\d+(_\\w+)?',
    'cpu|gpu|cuda|directml|web|mobile|cpu_and_mobile',
    'tmp|temp|downloads?|desktop|documents|home|users?|data|work|workspace|content|mnt|srv|opt',
    '[0-9a-f]{7,64}|\\d+',
  ].join('|')})$`,
  'i',
);
/** So many folders are gone up for a name. */
const MOST_STEPS = 4;

/**
 * What the model in a folder is called: the repository of a cache, else the nearest folder from there up that is called after more than
 * what is in it; the folder itself where none is.
 */
export function modelName(folder: string): string {
  let at = resolve(folder);
  const own = basename(at);
  for (let step = 0; step < MOST_STEPS && at !== homedir() && at !== dirname(at); step++) {
    const name = repositoryOfSnapshot(at) ?? basename(at);
    if (!GENERIC.test(name)) return name;
    at = dirname(at);
  }
  return own;
}
