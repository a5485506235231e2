import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { OtherTokenizer } from '../modelFiles.js';
import { byteCharacters } from '../tokenTexts.js';
import { isRecord } from '../../map/json.js';
import type { TokenizerJson } from '../tokenizerJson.js';
import { impliedMerges } from './merges.js';
import {
  type Added,
  addedTokens,
  around,
  BAR,
  bpe,
  byteLevel,
  pieces,
  replace,
  splits,
  tokenizerJson,
} from './parts.js';
import { classOf, PLAIN } from '../transformers.js';
import { LLAMA3 } from './preTokenizers.js';
import { PIECE, readSentencePiece, type SentencePieceModel } from './sentencePiece.js';

/** Tokenizers in other files than tokenizer.json, made into its form. */

const MAX_BYTES = 64 * 2 ** 20;

interface Beside {
  /** Path of a file of this name beside the model. */
  beside(name: string): string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  /** Of config.json. */
  readonly modelType: string | null;
}

/** The tokenizer that stands in other files; undefined where there is none. */
export function otherTokenizer(files: Beside): OtherTokenizer | undefined {
  const [vocab, merges] = [files.beside('vocab.json'), files.beside('merges.txt')];
  if (vocab !== undefined && merges !== undefined)
    return { file: vocab, read: () => fromVocabAndMerges(vocab, merges, files) };
  const tekken = files.beside('tekken.json');
  if (tekken !== undefined) return { file: tekken, read: () => fromTekken(tekken) };
  const model = files.beside('tokenizer.model');
  if (model !== undefined)
    return { file: model, read: () => (isTiktoken(model) ? fromTiktoken(model) : fromSentencePiece(model, files)) };
  const tiktoken = files.beside('tokenizer.tiktoken');
  return tiktoken === undefined ? undefined : { file: tiktoken, read: () => fromTiktoken(tiktoken) };
}

function read(file: string): Buffer {
  if (statSync(file).size > MAX_BYTES) throw new Error(`"${basename(file)}" is larger than ${MAX_BYTES / 2 ** 20} MB`);
  return readFileSync(file);
}

function readObject(file: string): Readonly<Record<string, unknown>> {
  let data: unknown;
  try {
    data = JSON.parse(read(file).toString('utf8'));
  } catch {
    throw new Error(`"${basename(file)}" is no JSON, or too large`);
  }
  if (!isRecord(data)) throw new Error(`"${basename(file)}" holds no object`);
  return data;
}

/** A token's text, as configurations state it alone or with what it does to spaces. */
function textOf(token: unknown): string | undefined {
  const content = isRecord(token) ? token.content : token;
  return typeof content === 'string' ? content : undefined;
}

/** Kinds of models whose tokenizer is GPT-2's where no file says more. */
const LIKE_GPT2 = new Set(['gpt2', 'gpt_neo', 'gptj', 'codegen', 'phi', 'starcoder2', 'gpt_bigcode']);

/** Byte-level BPE. How texts are split is GPT-2's way, or that of the class that tokenizer_config.json names. */
function fromVocabAndMerges(vocab: string, merges: string, { config, modelType }: Beside): TokenizerJson {
  if (config.tokenizer_class === undefined && !LIKE_GPT2.has(modelType ?? ''))
    throw new Error('no tokenizer_config.json says how vocab.json and merges.txt are used');
  const lines = read(merges)
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')));
  const words = readObject(vocab);
  const asked = (name: string): Added | undefined => {
    const content = textOf(config[`${name}_token`]);
    const id = content === undefined ? undefined : words[content];
    return config[`add_${name}_token`] === true && content !== undefined && typeof id === 'number'
      ? { id, content, special: true }
      : undefined;
  };
  return tokenizerJson({
    pre_tokenizer: byteLevel(true),
    decoder: byteLevel(true),
    post_processor: around(asked('bos'), asked('eos')),
    model: bpe({
      vocab: words,
      merges: lines.map((line) => line.split(' ')).filter((pair) => pair.length === 2),
    }),
  });
}

/** Whether a tokenizer.model is of lines of base64 and ranks, as the first of Llama 3 are. */
function isTiktoken(file: string): boolean {
  return /^[A-Za-z0-9+/]+=* \d+\r?\n/.test(read(file).subarray(0, 200).toString('latin1'));
}

/** Tokens of bytes with their ranks, split as OpenAI's newer models do. */
function fromTiktoken(file: string): TokenizerJson {
  const ranks = new Map<string, number>();
  for (const line of read(file).toString('latin1').split(/\r?\n/)) {
    if (line === '') continue;
    const [, text = '', rank = ''] = /^([A-Za-z0-9+/]+=*) (\d+)$/.exec(line) ?? [];
    if (text === '') throw new Error(`"${basename(file)}" has a line that is no token and its rank`);
    ranks.set(byteCharacters(Buffer.from(text, 'base64')), Number(rank));
  }
  return ranked(ranks, splits(LLAMA3), []);
}

/** Mistral's: the special tokens come first, and how texts are split stands in the file. */
function fromTekken(file: string): TokenizerJson {
  const data = readObject(file);
  const config = isRecord(data.config) ? data.config : {};
  const { pattern } = config;
  const number = (name: string, otherwise: number): number => {
    const value = config[name];
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
  };
  if (typeof pattern !== 'string' || !Array.isArray(data.vocab)) throw new Error('tekken.json holds no vocabulary');
  const special = number('default_num_special_tokens', 1000);
  const most = number('default_vocab_size', Infinity) - special;
  const names = new Map<number, string>();
  for (const one of Array.isArray(data.special_tokens) ? (data.special_tokens as unknown[]) : [])
    if (isRecord(one) && typeof one.rank === 'number' && typeof one.token_str === 'string')
      names.set(one.rank, one.token_str);
  if (names.size === 0) for (const [rank, name] of FIRST_OF_TEKKEN.entries()) names.set(rank, name);
  const ranks = new Map<string, number>();
  for (const one of (data.vocab as unknown[]).slice(0, most)) {
    if (!isRecord(one) || typeof one.token_bytes !== 'string' || typeof one.rank !== 'number')
      throw new Error('tekken.json holds a token without bytes or rank');
    ranks.set(byteCharacters(Buffer.from(one.token_bytes, 'base64')), one.rank + special);
  }
  const added = Array.from({ length: special }, (_, id) => ({
    id,
    content: names.get(id) ?? `<SPECIAL_${id}>`,
    special: true,
  }));
  return ranked(ranks, splits(pattern), added);
}

/** Special tokens where older files do not name them. */
const FIRST_OF_TEKKEN = [
  ...['<unk>', '<s>', '</s>', '[INST]', '[/INST]', '[AVAILABLE_TOOLS]', '[/AVAILABLE_TOOLS]', '[TOOL_RESULTS]'],
  ...['[/TOOL_RESULTS]', '[TOOL_CALLS]', '<pad>', '[PREFIX]', '[MIDDLE]', '[SUFFIX]'],
];

/** BPE of tokens with ranks: what makes a token of the lowest rank is merged first, and a word that is a token is taken whole. */
function ranked(ranks: ReadonlyMap<string, number>, preTokenizer: unknown, added: readonly Added[]): TokenizerJson {
  if (ranks.size === 0) throw new Error('it holds no tokens');
  const vocab = new Map([...added.map(({ content, id }) => [content, id] as const), ...ranks]);
  return tokenizerJson({
    added_tokens: addedTokens(added),
    pre_tokenizer: preTokenizer,
    decoder: byteLevel(true),
    model: bpe({
      vocab: Object.fromEntries(vocab),
      merges: impliedMerges(ranks, new Map([...ranks].map(([text, rank]) => [text, -rank])), 'earlier parts first'),
      ignore_merges: true,
    }),
  });
}

/** SentencePiece: pieces that are merged, or of which the likeliest row is taken. */
function fromSentencePiece(file: string, { config, modelType }: Beside): TokenizerJson {
  let model: SentencePieceModel;
  try {
    model = readSentencePiece(read(file));
  } catch (error) {
    throw new Error(`"${basename(file)}" is no model of SentencePiece, or damaged`, { cause: error });
  }
  // A class that Transformers knows finds pieces of users before all others, else they are kept whole where they stand.
  const isKnown = classOf({}, config, { model_type: modelType }) !== PLAIN;
  const added = model.pieces.flatMap(({ text, type }, id): Added[] =>
    type === PIECE.control || type === PIECE.unknown || (isKnown && type === PIECE.userDefined)
      ? [{ id, content: text, special: type !== PIECE.userDefined }]
      : [],
  );
  const named = (name: string, text: string): Added | undefined => {
    const stated = config[`add_${name}_token`];
    const id = model.pieces.findIndex((piece) => piece.text === text);
    return stated === true && id >= 0 ? { id, content: text, special: true } : undefined;
  };
  const text = (name: string, otherwise: string): string => textOf(config[name]) ?? otherwise;
  const isGemma = typeof config.tokenizer_class === 'string' && config.tokenizer_class.startsWith('Gemma');
  const common = {
    added_tokens: addedTokens(added),
    post_processor: around(
      named('bos', text('bos_token', isGemma ? '<bos>' : '<s>')),
      named('eos', text('eos_token', isGemma ? '<eos>' : '</s>')),
    ),
    decoder: pieces(model.spaceFirst),
  };
  const userDefined = model.pieces.filter(({ type }) => type === PIECE.userDefined).map(({ text: piece }) => piece);
  const parts = { ...common, ...spacesOf(model, config.legacy !== false, userDefined) };
  if (model.kind === 'BPE') {
    const ids = new Map(model.pieces.map((piece, id) => [piece.text, id]));
    const ranks = new Map(model.pieces.map((piece, id) => [piece.text, -id]));
    return tokenizerJson({
      ...parts,
      model: bpe({
        vocab: Object.fromEntries(ids),
        merges: impliedMerges(ids, ranks, 'shorter first'),
        fuse_unk: true,
        unk_token: model.pieces.find(({ type }) => type === PIECE.unknown)?.text ?? null,
        byte_fallback: model.byteFallback,
        ignore_merges: !isKnown && userDefined.length > 0,
      }),
    });
  }
  return tokenizerJson({
    ...parts,
    model: {
      type: 'Unigram',
      unk_id: Math.max(
        0,
        model.pieces.findIndex(({ type }) => type === PIECE.unknown),
      ),
      vocab: model.pieces.map((piece) => [piece.text, piece.score]),
      byte_fallback: model.byteFallback,
    },
  });
}

/**
 * What a model of SentencePiece says of spaces, as Transformers 5 has it where it knows no class for the tokenizer.
 * @param eachPart whether a space is put before each part of a text between added tokens, and before one that begins with a space
 * @param whole pieces that are taken whole
 */
function spacesOf(
  { charsmap, joinsSpaces, spaceFirst }: SentencePieceModel,
  eachPart: boolean,
  whole: readonly string[],
): object {
  const regex = (pattern: string, content: string): unknown => ({
    type: 'Replace',
    pattern: { Regex: pattern },
    content,
  });
  const map = Buffer.from(charsmap).toString('base64');
  const escaped = whole.map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [
        ...(map === '' ? [] : [{ type: 'Precompiled', precompiled_charsmap: map }]),
        ...(joinsSpaces ? [regex('\\A +| +\\z', ''), regex(' {2,}', ' ')] : []),
        replace(' ', BAR),
        ...(spaceFirst && eachPart ? [regex(`\\A${BAR}`, BAR + BAR)] : []),
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        ...(spaceFirst
          ? [{ type: 'Metaspace', replacement: BAR, prepend_scheme: eachPart ? 'always' : 'first', split: false }]
          : []),
        ...(whole.length === 0
          ? []
          : [{ type: 'Split', pattern: { Regex: escaped.join('|') }, behavior: 'Isolated', invert: false }]),
      ],
    },
  };
}
