import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { resolveRepositoryFolder } from '../hub/cache.js';
import { modelName } from '../hub/modelName.js';
import { Fault } from '../map/fault.js';
import { decodeModel } from '../onnx/graph.js';
import { normalize } from '../onnx/normalize.js';
import { readStructure } from '../onnx/structure.js';
import { ggufFilesIn, isGguf } from './gguf/ggufFile.js';
import { ggufModelFiles } from './gguf/ggufModel.js';
import { otherTokenizer } from './tokenizers/otherTokenizer.js';
import { openSource } from './fileSource.js';
import { pick, readConfig, readJson } from './modelConfig.js';
import type { ModelFiles } from './modelFiles.js';
import { chooseDecoder, chooseSubfolder, decoderAmong, onnxFilesIn, refusePipeline } from './folderChoice.js';
import { numberTypeOf } from './weights.js';

/** What is read beside the .onnx file. */
const BESIDE = [
  'config.json',
  'genai_config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  ...['vocab.json', 'merges.txt', 'tokenizer.model', 'tekken.json', 'tokenizer.tiktoken'],
];

/**
 * Finds a model by a file or a folder: as Hugging Face hub exports have it (`onnx/model*.onnx` beside `config.json`), as
 * onnxruntime-genai's builder writes it, a checkpoint (`config.json` and .safetensors files), or a GGUF file.
 * @throws Fault `model-not-found`, or `model-ambiguous` with the files to choose from.
 */
export function findModel(path: string): ModelFiles {
  const absolute = resolveRepositoryFolder(resolve(path));
  const kind = kindOf(absolute);
  if (kind === 'nothing')
    throw new Fault({
      code: 'model-not-found',
      message: `There is no model at "${path}".`,
      hint: 'Name a .onnx file, a checkpoint, a .gguf file, or a folder that holds one of them.',
    });
  const file = kind === 'folder' ? chooseFile(absolute) : (checkpointOf(absolute) ?? absolute);
  // A pipe or a device would be read for ever.
  if (kindOf(file) !== 'file')
    throw new Fault({ code: 'model-not-found', message: `"${path}" is neither a file nor a folder with one.` });
  if (/\.gguf$/i.test(file) || isGguf(file, openSource)) return ggufModelFiles(file, openSource);
  const parent = dirname(file);
  const hub =
    basename(parent) === 'onnx' &&
    ['config.json', 'tokenizer.json'].some((f) => kindOf(join(dirname(parent), f)) === 'file');
  const folder = hub ? dirname(parent) : parent;
  const beside = (name: string): string | undefined =>
    [join(parent, name), join(folder, name)].find((candidate) => kindOf(candidate) === 'file');
  const tokenizerFile = beside('tokenizer.json');
  const config = readConfig(beside('config.json'), beside('genai_config.json'), beside('generation_config.json'));
  const tokenizerConfig = {
    ...readJson(beside('special_tokens_map.json')),
    ...readJson(beside('tokenizer_config.json')),
  };
  const { modelType } = config;
  return {
    kind: file.endsWith('.onnx') || !isCheckpointFile(file) ? 'onnx' : 'checkpoint',
    file,
    folder,
    name: modelName(folder),
    relativeFile: relative(folder, file).split(sep).join('/'),
    config,
    tokenizerFile,
    otherTokenizer:
      tokenizerFile === undefined ? otherTokenizer({ beside, config: tokenizerConfig, modelType }) : undefined,
    tokenizerConfig,
    chatTemplateFile: beside('chat_template.jinja'),
    beside,
    sources: [file, ...new Set([parent, folder].flatMap((place) => BESIDE.map((name) => join(place, name))))],
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
    const decoder = pick(readJson(genai), 'model', 'decoder');
    const name = pick(decoder, 'filename');
    if (typeof name === 'string' && basename(name) === name && kindOf(join(folder, name)) === 'file')
      return join(folder, name);
    refusePipeline(folder, pick(decoder, 'pipeline'));
  }
  const found = onnxFilesIn(folder);
  if (found.length === 0) {
    if (namesIn(folder).some((name) => isCheckpointFile(name))) return chooseWeights(folder);
    const gguf = chooseGguf(folder);
    if (gguf !== undefined) return gguf;
    const sub = chooseSubfolder(folder);
    return sub === undefined ? chooseWeights(folder) : chooseFile(sub);
  }
  if (!holdsCheckpoint(folder)) return chooseDecoder(folder, found);
  // Beside the weights themselves an export is worth no more than its precision.
  const decoder = decoderAmong(found);
  return decoder !== undefined && isFloat32(decoder) ? decoder : chooseWeights(folder);
}

/** The GGUF file of a folder that holds one. @throws Fault `model-ambiguous` */
function chooseGguf(folder: string): string | undefined {
  const [only, ...more] = ggufFilesIn(folder);
  if (more.length > 0 && only !== undefined) throw severalGguf(folder, [only, ...more]);
  return only;
}

const severalGguf = (folder: string, files: readonly string[]): Fault => {
  const names = files.map((file) => basename(file));
  return new Fault({
    code: 'model-ambiguous',
    message: `The folder "${basename(folder)}" holds several models: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}.`,
    hint: 'Name one of them.',
    detail: files.join('\n'),
  });
};

/** Names that the weights of a checkpoint have, in the order in which transformers looks for them. */
const INDEX = 'model.safetensors.index.json';
const WEIGHTS = ['model.safetensors', INDEX];

const isCheckpointFile = (file: string): boolean => file.endsWith('.safetensors') || basename(file) === INDEX;

/** Whether a folder holds a checkpoint as transformers writes one. */
const holdsCheckpoint = (folder: string): boolean => {
  const holds = (name: string): boolean => kindOf(join(folder, name)) === 'file';
  return holds('config.json') && WEIGHTS.some(holds);
};

/** Whether most weights of an export are float32; of one that cannot be read they are not. */
function isFloat32(file: string): boolean {
  const source = openSource(file);
  try {
    return numberTypeOf(normalize(decodeModel(readStructure(source)))) === 'float32';
  } catch {
    return false;
  } finally {
    source.close();
  }
}

/** The file that stands for the checkpoint that a file is a part of; undefined for any other file. */
function checkpointOf(file: string): string | undefined {
  if (isCheckpointFile(file) || basename(file) === 'config.json') {
    const folder = dirname(file);
    const isShard = /-\d+-of-\d+\.safetensors$/.test(file);
    if (basename(file) === 'config.json' || isShard) return chooseWeights(folder);
    return file;
  }
  return undefined;
}

/** The weights of a checkpoint's folder. @throws Fault that says what the folder holds instead. */
function chooseWeights(folder: string): string {
  const names = namesIn(folder).filter((name) => kindOf(join(folder, name)) === 'file');
  const missing = (message: string, hint: string): Fault => new Fault({ code: 'model-not-found', message, hint });
  const weights = WEIGHTS.find((name) => names.includes(name));
  const others = names.filter((name) => name.endsWith('.safetensors') && !name.startsWith('adapter')).sort();
  const [only, ...more] = weights === undefined ? others : [weights];
  if (only === undefined) {
    if (names.some((name) => /\.(bin|pt|pth)$/.test(name)))
      throw missing(
        `The folder "${folder}" holds a checkpoint of pickled PyTorch tensors, which are not opened.`,
        'Save it again with "save_pretrained(..., safe_serialization=True)": pickles can run any program.',
      );
    throw missing(
      `The folder "${folder}" holds neither a .onnx file nor a checkpoint nor a .gguf file.`,
      'A hub export has a model at onnx/model.onnx; a checkpoint is config.json with .safetensors files.',
    );
  }
  if (!names.includes('config.json'))
    throw missing(
      `The folder "${folder}" holds weights, but no config.json that says what is computed with them.`,
      'Take the configuration from where the weights came from.',
    );
  if (more.length === 0) return join(folder, only);
  throw new Fault({
    code: 'model-ambiguous',
    message: `The folder "${basename(folder)}" holds several files of weights and no index of them: ${others.slice(0, 8).join(', ')}${others.length > 8 ? ', ...' : ''}.`,
    hint: 'Name one of the files, or add model.safetensors.index.json.',
    detail: others.join('\n'),
  });
}
