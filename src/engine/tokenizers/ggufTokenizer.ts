import type { GgufValue } from '../../onnx/checkpoint/gguf.js';
import type { TokenizerJson } from '../tokenizerJson.js';
import { impliedMerges } from './merges.js';
import { type Added, addedTokens, around, BAR, bpe, byteLevel, pieces, replace, tokenizerJson } from './parts.js';
import { ignoresMerges, preTokenizer } from './preTokenizers.js';

type Metadata = ReadonlyMap<string, GgufValue>;

/** Gemma's pieces of several spaces are written with spaces. */
const SPACES = /^ {2,}$/;
const isGemmas = (metadata: Metadata): boolean =>
  ['gemma', 'gemma2', 'gemma3', 'gemma4'].some((name) => metadata.get('general.architecture') === name);

/** What GGUF says that a token is. */
const CONTROL = 3;
const USER_DEFINED = 4;

/** The tokenizer of a GGUF file in the form of tokenizer.json, as transformers 5 makes it. @throws Error with the reason. */
export function ggufTokenizer(metadata: Metadata): TokenizerJson {
  const model = metadata.get('tokenizer.ggml.model');
  const tokens = textsOf(metadata, 'tokenizer.ggml.tokens');
  if (typeof model !== 'string' || tokens === undefined) throw new Error('the GGUF file holds none');
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const pieced = model === 'llama' || model === 'gemma4';
  const isGemma = pieced && isGemmas(metadata);
  const types = numbersOf(metadata, 'tokenizer.ggml.token_type');
  const added = tokens.flatMap((content, id): Added[] => {
    const type = types?.[id];
    if (content === '' || (type !== CONTROL && type !== USER_DEFINED)) return [];
    if (isGemma && SPACES.test(content)) return []; // a piece as others are
    return [{ id, content, special: type === CONTROL }];
  });
  const named = (name: string): Added | undefined => {
    const id = metadata.get(`tokenizer.ggml.${name}_token_id`);
    const content = typeof id === 'number' ? tokens[id] : undefined;
    return typeof id !== 'number' || content === undefined ? undefined : { id, content, special: true };
  };
  const asks = (name: string, otherwise: boolean): boolean => {
    const stated = metadata.get(`tokenizer.ggml.add_${name}_token`);
    return typeof stated === 'boolean' ? stated : otherwise;
  };
  const common = {
    added_tokens: addedTokens(added),
    post_processor: around(
      asks('bos', pieced) ? named('bos') : undefined,
      asks('eos', false) ? named('eos') : undefined,
    ),
  };
  switch (model) {
    case 'gpt2':
      return tokenizerJson({ ...common, ...byteLevelParts(metadata, ids) });
    case 'llama':
    case 'gemma4':
      return tokenizerJson({ ...common, ...pieceParts(metadata, tokens, ids) });
    default:
      throw new Error(`it is of a kind that is not read from GGUF files, "${model.slice(0, 60)}"`);
  }
}

/** Byte-level BPE: merges stand in the file, how texts are split does not. */
function byteLevelParts(metadata: Metadata, ids: ReadonlyMap<string, number>): object {
  const merges = textsOf(metadata, 'tokenizer.ggml.merges');
  if (!merges) throw new Error('the GGUF file holds no merges');
  const stated = metadata.get('tokenizer.ggml.pre');
  const name = typeof stated === 'string' ? stated : 'default';
  const pre = preTokenizer(name);
  if (pre === undefined)
    throw new Error(
      name === 'default'
        ? 'the GGUF file does not say how texts are split ("tokenizer.ggml.pre")'
        : `how it splits texts is not known ("${name.slice(0, 60)}")`,
    );
  return {
    pre_tokenizer: pre,
    decoder: byteLevel(true),
    model: bpe({
      vocab: Object.fromEntries(ids),
      // Neither part has a space in it but as a character for one.
      merges: merges.map((merge) => merge.split(' ', 2)).filter((pair) => pair.length === 2),
      ignore_merges: ignoresMerges(name),
    }),
  };
}

/** SentencePiece: pieces with scores, of which the merges follow. */
function pieceParts(metadata: Metadata, tokens: readonly string[], ids: ReadonlyMap<string, number>): object {
  const architecture = metadata.get('general.architecture');
  const isGemma = isGemmas(metadata);
  const scores = numbersOf(metadata, 'tokenizer.ggml.scores');
  if (!scores && !isGemma) throw new Error('the GGUF file holds no scores of its pieces');
  // Gemma's merges go by the order of its pieces.
  const spelled = isGemma ? tokens.map((one) => (SPACES.test(one) ? BAR.repeat(one.length) : one)) : tokens;
  const own = isGemma ? new Map(spelled.map((piece, id) => [piece, id])) : ids;
  const ranks = new Map(spelled.map((piece, id) => [piece, isGemma ? -id : (scores?.[id] ?? 0)]));
  const stated = textsOf(metadata, 'tokenizer.ggml.merges');
  const merges = stated ? stated.map((merge) => merge.split(' ', 2)) : impliedMerges(own, ranks);
  const unknown = isGemma && own.has('<unk>') ? '<unk>' : null;
  const model = bpe({
    vocab: Object.fromEntries(own),
    merges,
    fuse_unk: true,
    byte_fallback: true,
    unk_token: unknown,
  });
  if (isGemma)
    return {
      normalizer: replace(' ', BAR),
      pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
      decoder: pieces(false),
      model,
    };
  const spaceFirst = metadata.get('tokenizer.ggml.add_space_prefix') !== false;
  if (architecture === 'phi3' && spaceFirst)
    return {
      normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: BAR }, replace(' ', BAR)] },
      decoder: pieces(true),
      model,
    };
  return {
    pre_tokenizer: {
      type: 'Metaspace',
      replacement: BAR,
      prepend_scheme: spaceFirst ? 'first' : 'never',
      split: false,
    },
    decoder: pieces(spaceFirst),
    model,
  };
}

function textsOf(metadata: Metadata, name: string): readonly string[] | undefined {
  const value = metadata.get(name);
  if (!Array.isArray(value)) return undefined;
  return value.every((one): one is string => typeof one === 'string') ? value : undefined;
}

function numbersOf(metadata: Metadata, name: string): ArrayLike<number> | undefined {
  const value = metadata.get(name);
  return value instanceof Float64Array ? value : undefined;
}

/** What tokenizer_config.json would say of special tokens and the chat template. */
export function ggufTokenizerConfig(metadata: Metadata): Readonly<Record<string, unknown>> {
  const tokens = textsOf(metadata, 'tokenizer.ggml.tokens');
  const names = [
    ['bos_token', 'bos'],
    ['eos_token', 'eos'],
    ['unk_token', 'unknown'],
    ['pad_token', 'padding'],
  ] as const;
  const texts = names.flatMap(([name, own]) => {
    const id = metadata.get(`tokenizer.ggml.${own}_token_id`);
    const text = typeof id === 'number' ? tokens?.[id] : undefined;
    return text === undefined ? [] : [[name, text] as const];
  });
  const template = metadata.get('tokenizer.chat_template');
  return { ...Object.fromEntries(texts), ...(typeof template === 'string' ? { chat_template: template } : {}) };
}
