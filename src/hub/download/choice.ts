import { Fault } from '../../map/fault.js';
import type { HubFile, HubRepository } from './repository.js';

/** What of a repository is downloaded: the smallest that works. Pickles never: they can run any program. */

const BESIDE = [
  ...['config.json', 'generation_config.json', 'genai_config.json', 'chat_template.jinja', 'added_tokens.json'],
  ...['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'],
];
/** Read where there is no tokenizer.json. */
const OTHER_TOKENIZERS = /^(vocab\.json|merges\.txt|tokenizer\.model|tekken\.json|[^/]+\.tiktoken)$/;
const PICKLE = /\.(bin|pt|pth|pkl|pickle|ckpt|h5|msgpack)$/i;
const SHARD = /-\d{5}-of-\d{5}\.(safetensors|gguf)$/;

/**
 * The files of a model: its weights, and what is read beside them.
 * @param file the one that was asked for; undefined: safetensors, else the export, else the GGUF file
 * @throws Fault `model-not-found`, `model-ambiguous` with what there is instead
 */
export function chooseFiles({ name, files }: HubRepository, file: string | undefined): readonly HubFile[] {
  const weights = file === undefined ? weightsOf(name, files) : named(name, files, file);
  if (weights.every(({ path }) => path.endsWith('.gguf'))) return weights;
  const folders = new Set(['', ...weights.map(({ path }) => folderOf(path))]);
  const beside = files.filter(({ path }) => folders.has(folderOf(path)) && BESIDE.includes(nameOf(path)));
  const hasTokenizer = beside.some(({ path }) => nameOf(path) === 'tokenizer.json');
  const others = hasTokenizer ? [] : files.filter(({ path }) => OTHER_TOKENIZERS.test(path));
  return [...new Set([...beside, ...others, ...weights])];
}

/** A model of a repository that can be fetched by itself. */
export interface Choice {
  /** What has to be named for it; undefined: nothing, as it is what the repository is fetched as. */
  readonly file: string | undefined;
  readonly files: readonly HubFile[];
}

/**
 * All that can be fetched of a repository: first what {@link chooseFiles} takes, then every other export and GGUF file.
 * @throws Fault `model-not-found` where there is nothing
 */
export function choicesOf(repository: HubRepository): readonly Choice[] {
  const others = repository.files
    .filter(({ path }) => isModelFile(path))
    .map(({ path }): Choice => ({ file: path, files: chooseFiles(repository, path) }));
  let own: readonly HubFile[];
  try {
    own = chooseFiles(repository, undefined);
  } catch (error) {
    if (others.length > 0) return others;
    throw error;
  }
  const paths = new Set(own.map(({ path }) => path));
  return [{ file: undefined, files: own }, ...others.filter(({ file }) => file === undefined || !paths.has(file))];
}

const isModelFile = (path: string): boolean =>
  (path.endsWith('.onnx') && !/encoder|embed_tokens|vision|audio/i.test(nameOf(path))) ||
  (path.endsWith('.gguf') &&
    !/mmproj|imatrix/i.test(path) &&
    (!SHARD.test(path) || /-00001-of-\d{5}\.gguf$/.test(path)));

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function named(name: string, files: readonly HubFile[], file: string): HubFile[] {
  if (PICKLE.test(file))
    throw missing(
      `"${file}" is a pickle, which can run any program; it is not downloaded.`,
      'Models in safetensors, ONNX or GGUF are.',
    );
  const found = files.find(({ path }) => path === file);
  if (!found) {
    const inside = files.filter(({ path }) => path.startsWith(`${file}/`));
    if (inside.length > 0) return weightsOf(name, inside);
    const some = files.map(({ path }) => path).filter((path) => /\.(onnx|gguf|safetensors)$/.test(path));
    throw missing(
      `"${name}" has no file "${file}".`,
      some.length === 0 ? undefined : `It has ${some.slice(0, 8).join(', ')}${some.length > 8 ? ', ...' : ''}.`,
    );
  }
  return withParts(files, found);
}

/** A file with those that belong to it: the other parts of one that is split, the weights beside an export. */
function withParts(files: readonly HubFile[], file: HubFile): HubFile[] {
  const { path } = file;
  if (SHARD.test(path)) {
    const stem = path.replace(SHARD, '');
    return files.filter((one) => SHARD.test(one.path) && one.path.replace(SHARD, '') === stem);
  }
  if (path.endsWith('.onnx'))
    return files.filter((one) => [path, embeddingsBeside(path)].some((own) => belongsTo(one.path, own)));
  return [file];
}

/** A file of an export, and what holds its weights. */
const belongsTo = (path: string, own: string | undefined): boolean =>
  own !== undefined && (path === own || path.startsWith(`${own}_data`) || path === `${own}.data`);

/** A decoder that takes embeddings has the table of them beside it, under a name that ends like its own. */
function embeddingsBeside(path: string): string | undefined {
  const ending = /^decoder_model_merged(.*)\.onnx$/.exec(nameOf(path))?.[1];
  return ending === undefined ? undefined : path.replace(nameOf(path), `embed_tokens${ending}.onnx`);
}

function weightsOf(name: string, files: readonly HubFile[]): HubFile[] {
  const top = Math.min(...files.map(({ path }) => path.split('/').length));
  const here = files.filter(({ path }) => path.split('/').length === top);
  const at = (wanted: string): HubFile | undefined => here.find(({ path }) => nameOf(path) === wanted);
  const single = at('model.safetensors');
  if (single) return [single];
  const index = at('model.safetensors.index.json');
  const shards = here.filter(({ path }) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(nameOf(path)));
  if (index && shards.length > 0) return [index, ...shards];
  for (const place of ['onnx/model.onnx', 'model.onnx', 'onnx/decoder_model_merged.onnx']) {
    const found = files.find(({ path }) => path === place || path.endsWith(`/${place}`));
    if (found) return withParts(files, found);
  }
  const exports = files.filter(({ path }) => path.endsWith('.onnx'));
  if (exports.length > 0) throw several(name, exports);
  const models = files.filter(({ path }) => path.endsWith('.gguf') && isModelFile(path));
  const [only, ...more] = models;
  if (only && more.length === 0) return withParts(files, only);
  if (only) throw several(name, models);
  const others = here.filter(({ path }) => path.endsWith('.safetensors') && !nameOf(path).startsWith('adapter'));
  if (others.length === 1) return others;
  if (others.length > 1) throw several(name, others);
  if (files.some(({ path }) => PICKLE.test(path)))
    throw missing(
      `"${name}" holds its weights in pickles alone, which can run any program; they are not downloaded.`,
      'Look for the same model in safetensors, ONNX or GGUF.',
    );
  throw missing(`"${name}" holds no model in safetensors, ONNX or GGUF.`);
}

const missing = (message: string, hint?: string): Fault =>
  new Fault({ code: 'model-not-found', message, ...(hint === undefined ? {} : { hint }) });

function several(name: string, files: readonly HubFile[]): Fault {
  const names = files.map(({ path, size }) => (size === undefined ? path : `${path} (${(size / 1e9).toFixed(1)} GB)`));
  return new Fault({
    code: 'model-ambiguous',
    message: `"${name}" holds several models: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}.`,
    hint: `Name one of them, as in ${name}/${files[0]?.path ?? 'FILE'}.`,
    detail: names.join('\n'),
  });
}
