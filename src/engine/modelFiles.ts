import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { repositoryOfSnapshot, resolveRepositoryFolder } from '../hub/cache.js';
import { Fault } from '../map/fault.js';
import type { ByteSource } from '../onnx/source.js';

/** A model as it lies on disk: the .onnx file, the folder that holds its configuration, and what that says. */
export interface ModelFiles {
  /** Absolute path of the .onnx file, as given. */
  readonly file: string;
  /** Absolute path of the model's folder: the parent of `onnx/` in hub exports, else the file's own folder. */
  readonly folder: string;
  /** Name for people: the repository's where the folder is a snapshot of the Hugging Face cache, else the folder's. */
  readonly name: string;
  /** The .onnx file relative to the folder, with forward slashes. */
  readonly relativeFile: string;
  readonly config: ModelConfig;
  readonly tokenizerFile: string | undefined;
  /** tokenizer_config.json, over what special_tokens_map.json says. */
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  readonly chatTemplateFile: string | undefined;
}

/** What config.json or genai_config.json states; everything may be missing. */
export interface ModelConfig {
  readonly modelType: string | null;
  readonly layers: number | undefined;
  readonly hiddenSize: number | undefined;
  readonly keyValueHeads: number | undefined;
  readonly headSize: number | undefined;
  readonly bos: number | undefined;
  /** Tokens that end a sequence. */
  readonly eos: readonly number[];
  readonly encoderDecoder: boolean;
}

/** The least surprising choices among several files, best first. */
const PREFERRED = ['model.onnx', 'decoder_model_merged.onnx', 'decoder_with_past_model.onnx', 'decoder_model.onnx'];
const MAX_JSON_BYTES = 128 * 2 ** 20;

/**
 * Finds a model by a .onnx file or a folder: as Hugging Face hub exports have it (`onnx/model*.onnx` beside `config.json`), or
 * as onnxruntime-genai's builder writes it.
 * @throws Fault `model-not-found`, or `model-ambiguous` with the files to choose from.
 */
export function findModel(path: string): ModelFiles {
  const absolute = resolveRepositoryFolder(resolve(path));
  const kind = kindOf(absolute);
  if (kind === 'nothing')
    throw new Fault({
      code: 'model-not-found',
      message: `There is no model at "${path}".`,
      hint: 'Name a .onnx file, or a folder that holds one.',
    });
  const file = kind === 'folder' ? chooseFile(absolute) : absolute;
  // A pipe or a device would be read for ever.
  if (kindOf(file) !== 'file')
    throw new Fault({ code: 'model-not-found', message: `"${path}" is neither a file nor a folder with one.` });
  const parent = dirname(file);
  const hub =
    basename(parent) === 'onnx' &&
    ['config.json', 'tokenizer.json'].some((f) => kindOf(join(dirname(parent), f)) === 'file');
  const folder = hub ? dirname(parent) : parent;
  const beside = (name: string): string | undefined =>
    [join(parent, name), join(folder, name)].find((candidate) => kindOf(candidate) === 'file');
  return {
    file,
    folder,
    name: repositoryOfSnapshot(folder) ?? basename(folder),
    relativeFile: relative(folder, file).split(sep).join('/'),
    config: readConfig(beside('config.json'), beside('genai_config.json'), beside('generation_config.json')),
    tokenizerFile: beside('tokenizer.json'),
    tokenizerConfig: {
      ...readJson(beside('special_tokens_map.json')),
      ...readJson(beside('tokenizer_config.json')),
    },
    chatTemplateFile: beside('chat_template.jinja'),
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // none, or one that may not be read
  }
}

/** What stands at a path, links followed. A path that cannot be looked at holds nothing for us. */
function kindOf(path: string): 'file' | 'folder' | 'other' | 'nothing' {
  try {
    const stat = statSync(path);
    return stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other';
  } catch {
    return 'nothing';
  }
}

function chooseFile(folder: string): string {
  const genai = join(folder, 'genai_config.json');
  if (kindOf(genai) === 'file') {
    const name = pick(readJson(genai), 'model', 'decoder', 'filename');
    if (typeof name === 'string' && basename(name) === name && kindOf(join(folder, name)) === 'file')
      return join(folder, name);
  }
  const found = ['onnx', '.'].flatMap((sub) => {
    const directory = join(folder, sub);
    return namesIn(directory)
      .filter((name) => name.endsWith('.onnx'))
      .sort()
      .map((name) => join(directory, name))
      .filter((path) => kindOf(path) === 'file');
  });
  if (found.length === 0)
    throw new Fault({
      code: 'model-not-found',
      message: `The folder "${folder}" holds no .onnx file.`,
      hint: 'A hub export has it at onnx/model.onnx; "optimum-cli export onnx --task text-generation-with-past" makes one.',
    });
  const preferred = PREFERRED.flatMap((name) => found.filter((file) => basename(file) === name))[0];
  if (preferred !== undefined) return preferred;
  if (found.length === 1 && found[0] !== undefined) return found[0];
  const names = found.map((file) => relative(folder, file).split(sep).join('/'));
  throw new Fault({
    code: 'model-ambiguous',
    message: `The folder "${basename(folder)}" holds several models: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}.`,
    hint: 'Name one of the files.',
    detail: found.join('\n'),
  });
}

/** A JSON object from a file; an empty one where the file is missing or unreadable, since configurations only add to the graph. */
function readJson(file: string | undefined): Record<string, unknown> {
  if (file === undefined || statSync(file).size > MAX_JSON_BYTES) return {};
  try {
    const data: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isRecord(data) ? data : {};
  } catch {
    return {};
  }
}

const isRecord = (data: unknown): data is Record<string, unknown> =>
  typeof data === 'object' && data !== null && !Array.isArray(data);

function pick(data: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), data);
}

function readConfig(
  config: string | undefined,
  genai: string | undefined,
  generation: string | undefined,
): ModelConfig {
  const whole = readJson(config);
  const text = isRecord(whole.text_config) ? { ...whole, ...whole.text_config } : whole;
  const decoder = pick(readJson(genai), 'model', 'decoder');
  const genaiModel = pick(readJson(genai), 'model');
  const generationConfig = readJson(generation);
  const number = (...values: unknown[]): number | undefined =>
    values.find((v): v is number => typeof v === 'number' && Number.isInteger(v) && v >= 0);
  const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);
  const hiddenSize = number(text.hidden_size, text.n_embd, text.d_model, pick(decoder, 'hidden_size'));
  const heads = number(text.num_attention_heads, text.n_head, text.num_heads, pick(decoder, 'num_attention_heads'));
  const modelType = text.model_type ?? pick(genaiModel, 'type');
  return {
    modelType: typeof modelType === 'string' ? modelType : null,
    layers: number(
      text.num_hidden_layers,
      text.n_layer,
      text.n_layers,
      text.num_layers,
      pick(decoder, 'num_hidden_layers'),
    ),
    hiddenSize,
    keyValueHeads: number(text.num_key_value_heads, pick(decoder, 'num_key_value_heads'), heads),
    headSize: number(
      text.head_dim,
      pick(decoder, 'head_size'),
      hiddenSize !== undefined && heads ? Math.floor(hiddenSize / heads) : undefined,
    ),
    bos: number(
      first(text.bos_token_id),
      first(generationConfig.bos_token_id),
      first(pick(genaiModel, 'bos_token_id')),
    ),
    eos: [text.eos_token_id, generationConfig.eos_token_id, pick(genaiModel, 'eos_token_id')]
      .flat()
      .filter((id): id is number => number(id) !== undefined),
    encoderDecoder: text.is_encoder_decoder === true,
  };
}

/** A file opened for random access. The caller closes it. @throws Fault `model-not-found`. */
export function openSource(file: string): ByteSource & { close(): void } {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    throw new Fault({
      code: 'model-not-found',
      message: `The model file "${file}" cannot be read.`,
      detail: error instanceof Error ? error.message : String(error),
    });
  }
  const size = fstatSync(fd).size;
  let buffer = new Uint8Array(1 << 16);
  return {
    size,
    read(offset, length) {
      if (buffer.length < length) buffer = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const count = readSync(fd, buffer, done, length - done, offset + done);
        if (count === 0)
          throw new Fault({ code: 'model-broken', message: `The file "${file}" became shorter while it was read.` });
        done += count;
      }
      return buffer.subarray(0, length);
    },
    close: () => closeSync(fd),
  };
}
