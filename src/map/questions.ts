import * as v from 'valibot';
import { LIMITS } from './limits.js';
import { finite, base64, tokenName, type TokenName } from './vectorSource.js';

/**
 * What is asked of every cell besides its most probable tokens. `probability`: of one token. `set`: of some tokens together, and
 * `pattern`: of all tokens whose text a regular expression matches somewhere (JavaScript's, with the flag `u`). `difference`: the
 * first token's logit less the second's. `divergence`: Kullback-Leibler divergence, in nats, of the cell's prediction from the
 * context's own, D(own || cell). `feature`: how much of a direction is in the cell's vector, as a probe or a feature of a sparse
 * autoencoder has it.
 */
export type Question =
  | { readonly kind: 'probability'; readonly token: TokenName }
  | { readonly kind: 'set'; readonly tokens: readonly TokenName[] }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'difference'; readonly first: TokenName; readonly second: TokenName }
  | { readonly kind: 'divergence' }
  | Feature;

/** `h · vector + bias`; with a threshold 0 where that is not above it, as behind a ReLU (0) or a JumpReLU. */
export interface Feature {
  readonly kind: 'feature';
  /** Base64 of little-endian float32, [hiddenSize]. */
  readonly vector: string;
  readonly bias: number;
  /** null: the sum as it is. */
  readonly threshold: number | null;
  /** Where it is from. */
  readonly name?: string;
}

/** A feature's answer to `h · vector`. */
export function activation({ bias, threshold }: Pick<Feature, 'bias' | 'threshold'>, product: number): number {
  const sum = product + bias;
  return threshold === null ? sum : sum > threshold ? Math.max(0, sum) : 0;
}

const isPattern = (pattern: string): boolean => {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
};

export const questionSchema = v.variant(
  'kind',
  [
    v.object({ kind: v.literal('probability'), token: tokenName }),
    v.object({
      kind: v.literal('set'),
      tokens: v.pipe(
        v.array(tokenName, 'the tokens must be a list'),
        v.minLength(1, 'there are no tokens'),
        v.maxLength(LIMITS.masked, `a set can have at most ${LIMITS.masked} tokens`),
      ),
    }),
    v.object({
      kind: v.literal('pattern'),
      pattern: v.pipe(
        v.string('the pattern must be text'),
        v.minLength(1, 'the pattern is empty'),
        v.maxLength(1000, 'the pattern is too long'),
        v.check(isPattern, 'the pattern is no regular expression'),
      ),
    }),
    v.object({ kind: v.literal('difference'), first: tokenName, second: tokenName }),
    v.object({ kind: v.literal('divergence') }),
    v.object({
      kind: v.literal('feature'),
      vector: base64,
      bias: finite('the bias'),
      threshold: v.nullable(finite('the threshold')),
      name: v.exactOptional(v.pipe(v.string(), v.maxLength(1000, 'a name is too long'))),
    }),
  ],
  'the question must be probability, set, pattern, difference, divergence or feature',
);

/** What parameters ask, in order. */
export const questionsOf = ({
  question,
  alsoAsked,
}: {
  readonly question: Question | null;
  readonly alsoAsked: readonly Question[];
}): readonly Question[] => (question ? [question, ...alsoAsked] : alsoAsked);

/** A question and where its answers stand among a cell's. */
export interface AskedQuestion {
  readonly question: Question;
  readonly at: number;
}

/** The question of this number, from 0; the first where there are not so many. */
export function askedQuestion(parameters: Parameters<typeof questionsOf>[0], at = 0): AskedQuestion | null {
  const questions = questionsOf(parameters);
  const question = questions[at];
  if (question) return { question, at };
  return questions[0] ? { question: questions[0], at: 0 } : null;
}

/** A cell's answer to the question of a number; undefined where it has none. */
export function answerOf(
  { answers, entropy }: { readonly answers?: Float32Array; readonly entropy: Float32Array },
  cell: number,
  at: number,
): number | undefined {
  if (!answers || entropy.length === 0) return undefined;
  const each = answers.length / entropy.length;
  return at < each ? answers[cell * each + at] : undefined;
}

/** Answers that each cell has. */
export const answersEach = ({
  answers,
  entropy,
}: {
  readonly answers?: Float32Array;
  readonly entropy: Float32Array;
}): number => (answers && entropy.length > 0 ? answers.length / entropy.length : 0);
