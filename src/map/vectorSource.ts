import * as v from 'valibot';
import { LIMITS } from './limits.js';

/** A text, or its tokens (for models without a tokenizer, and for exact repetition), and one position in it. */
export type Prompt =
  | {
      readonly kind: 'prompt';
      readonly text: string;
      /** The text is what a user says: the model's chat template is put around it. */
      readonly chat?: boolean;
      /** From 0, or from the end: -1, the last token, where it is left out. */
      readonly position?: number;
    }
  | { readonly kind: 'tokens'; readonly ids: readonly number[]; readonly position?: number };

/** A token: its id, or a text that is exactly one token, ` Paris`. */
export type TokenName = number | string;

/** A matrix with a row for each token: the embedding table, or the head's matrix. */
export type TokenMatrix = 'embedding' | 'unembedding';

/** A vector of the hidden space, [hiddenSize], by what it means. Hidden states are those at the map's layer. */
export type VectorSource =
  /** The hidden state at the prompt's position. */
  | Prompt
  /** The mean of the hidden states of prompts. */
  | { readonly kind: 'mean'; readonly prompts: readonly Prompt[] }
  | { readonly kind: 'row'; readonly matrix: TokenMatrix; readonly token: TokenName }
  /** Any vector, as base64 of little-endian float32; `name` says where it is from. */
  | { readonly kind: 'vector'; readonly vector: string; readonly name?: string };

export const whole = (name: string, low: number, high: number) =>
  v.pipe(
    v.number(`${name} must be a number`),
    v.integer(`${name} must be a whole number`),
    v.minValue(low, `${name} must be at least ${low}`),
    v.maxValue(high, `${name} must be at most ${high}`),
  );
export const finite = (name: string) =>
  v.pipe(v.number(`${name} must be a number`), v.finite(`${name} must be finite`));

/** 2^20 float32 numbers at most; what they hold is checked against the model's hidden size when the plane is made. */
export const base64 = v.pipe(
  v.string('a vector must be base64 text'),
  v.maxLength(5_600_000, 'a vector is too long'),
  v.regex(/^[A-Za-z0-9+/]*={0,2}$/, 'a vector must be base64 text'),
);

const position = v.exactOptional(
  v.pipe(
    whole('position', -LIMITS.promptTokens, LIMITS.promptTokens - 1),
    v.description('from 0, or from the end: -1 is the last'),
  ),
);
export const promptSchemas = [
  v.object({
    kind: v.literal('prompt'),
    text: v.pipe(
      v.string('the prompt must be text'),
      v.minLength(1, 'the prompt is empty'),
      v.maxLength(LIMITS.promptCharacters, `the prompt must be at most ${LIMITS.promptCharacters} characters`),
    ),
    chat: v.exactOptional(v.boolean('chat must be true or false')),
    position,
  }),
  v.object({
    kind: v.literal('tokens'),
    ids: v.pipe(
      v.array(whole('token id', 0, 2 ** 31 - 1), 'the prompt must be a list of token ids'),
      v.minLength(1, 'the prompt is empty'),
      v.maxLength(LIMITS.promptCharacters, `the prompt must be at most ${LIMITS.promptCharacters} tokens`),
    ),
    position,
  }),
] as const;
export const promptSchema = v.variant('kind', [...promptSchemas], 'a prompt must be text or token ids');

export const tokenName = v.union(
  [
    whole('token', 0, 2 ** 31 - 1),
    v.pipe(v.string(), v.minLength(1, 'the token is empty'), v.maxLength(1000, 'the token is too long')),
  ],
  'a token must be its id or its text',
);
export const matrix = v.picklist(['embedding', 'unembedding'], 'the matrix must be embedding or unembedding');

export const sourceSchemas = [
  ...promptSchemas,
  v.object({
    kind: v.literal('mean'),
    prompts: v.pipe(
      v.array(promptSchema, 'the prompts must be a list'),
      v.minLength(1, 'there are no prompts'),
      v.maxLength(LIMITS.prompts, `there can be at most ${LIMITS.prompts} prompts`),
    ),
  }),
  v.object({ kind: v.literal('row'), matrix, token: tokenName }),
  v.object({
    kind: v.literal('vector'),
    vector: base64,
    name: v.exactOptional(v.pipe(v.string(), v.maxLength(1000, 'a name is too long'))),
  }),
] as const;
/** Of a {@link VectorSource}. */
export const sourceSchema = v.variant(
  'kind',
  [...sourceSchemas],
  'a vector must be a prompt, tokens, a mean, a row or a vector',
);
export const textsSchema = v.pipe(
  v.array(
    v.pipe(
      v.string('a text must be text'),
      v.minLength(1, 'a text is empty'),
      v.maxLength(LIMITS.promptCharacters, `a text is longer than ${LIMITS.promptCharacters} characters`),
    ),
    'the texts must be a list',
  ),
  v.maxLength(LIMITS.texts, `there can be at most ${LIMITS.texts} texts`),
  v.check(
    (texts) => texts.reduce((sum, text) => sum + text.length, 0) <= LIMITS.textCharacters,
    `the texts have more than ${LIMITS.textCharacters} characters`,
  ),
);
