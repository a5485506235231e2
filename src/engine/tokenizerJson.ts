import { readFileSync, statSync } from 'node:fs';
import { isRecord } from '../map/json.js';

/** What of tokenizer.json is read here; every key may hold anything. */
export interface TokenizerJson {
  readonly model?: {
    readonly vocab?: unknown;
    readonly type?: unknown;
    readonly merges?: unknown;
    readonly dropout?: unknown;
  };
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly post_processor?: unknown;
  readonly decoder?: unknown;
  readonly added_tokens?: unknown;
  readonly truncation?: unknown;
  readonly padding?: unknown;
}

/** A token that is found in a text before anything else is done to it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** The largest that is known has 34 MB (Gemma 3: 262,144 tokens and 514,906 merges, pretty-printed) and 2 million values. */
const MAX_BYTES = 64 * 2 ** 20;
const MAX_VALUES = 8e6;
/** The hub's library reads no deeper than this. */
const MAX_DEPTH = 100;

/** Parses tokenizer.json. @throws Error with the reason. */
export function readTokenizerJson(file: string): { readonly json: TokenizerJson; readonly bytes: number } {
  let bytes: Buffer | undefined;
  try {
    if (statSync(file).size <= MAX_BYTES) bytes = readFileSync(file);
  } catch {
    throw new Error('the file cannot be opened');
  }
  if (!bytes) throw new Error(`the file is larger than ${MAX_BYTES / 2 ** 20} MB`);
  const size = bytes.length;
  // Parsed, a value takes up to 60 bytes, and may be 2 in the file.
  if (size > MAX_VALUES && countValues(bytes) > MAX_VALUES) throw new Error('it holds more than 8 million values');
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Error('it is no JSON');
  }
  if (!isRecord(json)) throw new Error('it holds no object');
  return { json, bytes: size };
}

function countValues(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count++; // , [ {
  return count;
}

/** A model's own tokens, added ones aside. */
export interface Vocabulary {
  readonly texts: ReadonlyMap<number, string>;
  readonly ids: ReadonlyMap<string, number>;
}

export function readVocabulary(json: TokenizerJson): Vocabulary {
  const texts = new Map<number, string>();
  const ids = new Map<string, number>();
  const put = (text: string, id: unknown): void => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) return;
    texts.set(id, text);
    ids.set(text, id);
  };
  const vocab = json.model?.vocab;
  if (Array.isArray(vocab)) {
    vocab.forEach((entry: unknown, id) => {
      if (Array.isArray(entry) && typeof entry[0] === 'string') put(entry[0], id);
    });
  } else if (isRecord(vocab)) for (const [text, id] of Object.entries(vocab)) put(text, id);
  return { texts, ids };
}

/** What a token of a configuration says of itself; where it says nothing of `normalized`, special ones are not. */
export function readAddedToken(data: unknown): Omit<AddedToken, 'id'> | undefined {
  if (!isRecord(data) || typeof data.content !== 'string') return undefined;
  const special = data.special === true;
  return {
    content: data.content,
    single_word: data.single_word === true,
    lstrip: data.lstrip === true,
    rstrip: data.rstrip === true,
    normalized: typeof data.normalized === 'boolean' ? data.normalized : !special,
    special,
  };
}

/**
 * Gives added tokens their ids as the hub's library does, whatever the file says: that of the vocabulary, else the next. A token
 * that comes again replaces the first, at its place.
 */
export function withIds(tokens: readonly Omit<AddedToken, 'id'>[], vocabulary: Vocabulary): readonly AddedToken[] {
  const { size } = vocabulary.texts;
  const found = new Map<string, AddedToken>();
  let highest = -1;
  for (const token of tokens) {
    if (token.content === '') continue;
    const known = found.get(token.content)?.id ?? vocabulary.ids.get(token.content);
    const id = known ?? (highest >= size ? highest + 1 : size);
    highest = Math.max(highest, id);
    found.set(token.content, {
      id,
      content: token.content,
      single_word: token.single_word,
      lstrip: token.lstrip,
      rstrip: token.rstrip,
      normalized: token.normalized,
      special: token.special,
    });
  }
  return [...found.values()];
}

/** The added tokens of tokenizer.json. */
export const addedTokensOf = (json: TokenizerJson): readonly Omit<AddedToken, 'id'>[] =>
  Array.isArray(json.added_tokens) ? json.added_tokens.flatMap((one: unknown) => readAddedToken(one) ?? []) : [];

const KINDS = {
  model: ['BPE', 'WordPiece', 'WordLevel', 'Unigram'],
  normalizer: [
    ...['BertNormalizer', 'Strip', 'StripAccents', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Sequence', 'Lowercase', 'Nmt'],
    ...['Precompiled', 'Replace', 'Prepend', 'ByteLevel'],
  ],
  pre_tokenizer: [
    ...['BertPreTokenizer', 'ByteLevel', 'CharDelimiterSplit', 'Metaspace', 'Whitespace', 'Sequence', 'Split'],
    ...['Punctuation', 'WhitespaceSplit', 'Digits', 'UnicodeScripts', 'FixedLength'],
  ],
  post_processor: ['RobertaProcessing', 'BertProcessing', 'ByteLevel', 'TemplateProcessing', 'Sequence'],
  decoder: [
    ...['BPEDecoder', 'ByteLevel', 'WordPiece', 'Metaspace', 'CTC', 'Sequence', 'Replace', 'Fuse', 'Strip'],
    ...['ByteFallback'],
  ],
} as const;

/** Why a tokenizer is known from its file to read no prompts; undefined where it may. */
export function promptRefusal(json: TokenizerJson): string | undefined {
  const dropout = json.model?.dropout;
  if (typeof dropout === 'number' && dropout > 0)
    return `it leaves out merges at random (dropout ${dropout}), so that a prompt has no ids of its own`;
  for (const [part, known] of Object.entries(KINDS) as [keyof typeof KINDS, readonly string[]][]) {
    const kinds = kindsOf(json[part]);
    if (kinds === 'deep') return `its ${PART_NAMES[part]}s are nested too deeply`;
    const strange = kinds.find((kind) => !known.includes(kind));
    if (strange !== undefined) return `it has a ${PART_NAMES[part]} of an unknown kind, "${strange.slice(0, 100)}"`;
  }
  return undefined;
}

const PART_NAMES = {
  model: 'model',
  normalizer: 'normalizer',
  pre_tokenizer: 'pre-tokenizer',
  post_processor: 'post-processor',
  decoder: 'decoder',
} as const;

/** Where a sequence keeps its parts. */
const PARTS = ['normalizers', 'pretokenizers', 'processors', 'decoders'];

/** The kinds of a part and of all parts inside it, in their order. */
export function kindsOf(part: unknown): readonly string[] | 'deep' {
  const kinds: string[] = [];
  let level: unknown[] = [part];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return 'deep';
    level = level.flatMap((one) => {
      if (!isRecord(one)) return [];
      if (typeof one.type === 'string') kinds.push(one.type);
      return one.type === 'Sequence'
        ? PARTS.flatMap((key) => (Array.isArray(one[key]) ? (one[key] as unknown[]) : []))
        : [];
    });
  }
  return kinds;
}

/** Whether a post-processor puts tokens before a text, or behind it. */
export function surroundings(processor: unknown): { readonly before: boolean; readonly behind: boolean } {
  if (!isRecord(processor)) return { before: false, behind: false };
  const { type, single, processors } = processor;
  if (type === 'BertProcessing' || type === 'RobertaProcessing') return { before: true, behind: true };
  if (type === 'TemplateProcessing' && Array.isArray(single)) {
    const text = single.findIndex((piece) => isRecord(piece) && 'Sequence' in piece);
    return { before: text > 0, behind: text >= 0 && text < single.length - 1 };
  }
  const inner = type === 'Sequence' && Array.isArray(processors) ? processors.map((one) => surroundings(one)) : [];
  return { before: inner.some(({ before }) => before), behind: inner.some(({ behind }) => behind) };
}

/** Parts of tokenizer.json that others stand in for; `model` names its options alone, not vocabulary and merges. */
export type TokenizerChanges = Readonly<Record<string, unknown>> & {
  readonly model?: Readonly<Record<string, unknown>>;
};

/** A tokenizer.json with its changes. */
export function changed(json: TokenizerJson, changes: TokenizerChanges | undefined): TokenizerJson {
  if (changes === undefined) return json;
  const { model, ...parts } = changes;
  const { type, vocab, merges } = json.model ?? {};
  return {
    ...json,
    ...parts,
    ...(model === undefined ? {} : { model: { type: type ?? 'BPE', ...model, vocab, merges } }),
  };
}
