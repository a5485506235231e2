/** Parts of tokenizer.json, as the hub's library writes them. */

const split = (regex: string): unknown => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

export const byteLevel = (regex: boolean): unknown => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: regex,
});

/** Splits one after another, then bytes as characters. */
export const splits = (...regexes: readonly string[]): unknown => ({
  type: 'Sequence',
  pretokenizers: [...regexes.map(split), byteLevel(false)],
});

export const replace = (from: string, to: string): unknown => ({
  type: 'Replace',
  pattern: { String: from },
  content: to,
});

/** A space before a word, as SentencePiece writes it. */
export const BAR = '\u2581';

const BYTES: readonly unknown[] = [replace(BAR, ' '), { type: 'ByteFallback' }, { type: 'Fuse' }];

/** Pieces of SentencePiece to text; `stripped`: the space that was put before it is taken away. */
export const pieces = (stripped: boolean): unknown => ({
  type: 'Sequence',
  decoders: stripped ? [...BYTES, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : BYTES,
});

/** A token that a text is searched for first. */
export interface Added {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

export const addedTokens = (tokens: readonly Added[]): unknown =>
  tokens.map((token) => ({ ...token, single_word: false, lstrip: false, rstrip: false, normalized: false }));

/** Puts tokens before and behind every text; null where there are none. */
export function around(before: Added | undefined, behind: Added | undefined): unknown {
  if (!before && !behind) return null;
  const piece = (token: Added | undefined): unknown[] =>
    token ? [{ SpecialToken: { id: token.content, type_id: 0 } }] : [];
  const text = { Sequence: { id: 'A', type_id: 0 } };
  const known = [before, behind].flatMap((token) => (token ? [token] : []));
  return {
    type: 'TemplateProcessing',
    single: [...piece(before), text, ...piece(behind)],
    pair: [text, { Sequence: { id: 'B', type_id: 0 } }], // not used
    special_tokens: Object.fromEntries(
      known.map(({ id, content }) => [content, { id: content, ids: [id], tokens: [content] }]),
    ),
  };
}

export const bpe = (options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  type: 'BPE',
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
  ...options,
});

export const tokenizerJson = (parts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  ...parts,
});
