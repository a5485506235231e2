import { runInNewContext } from 'node:vm';
import { Fault } from '../map/fault.js';
import { activation, type Question, questionsOf } from '../map/questions.js';
import type { MapParameters, TokenName } from '../map/specification.js';
import { decodeVector } from '../map/vector.js';
import type { Columns, RaceFeeds } from './cellRunner.js';
import type { Model } from './model/model.js';
import type { Surroundings } from './model/plan.js';
import { ownLogits } from './model/running.js';
import type { Variant } from './model/variant.js';
import { allIds } from './prompts.js';
import { processorMs } from './processorTime.js';

/**
 * What is asked of every cell. `logits`: a linear functional, `f = sum of w (z - z(1))` over the vocabulary, from which, with the first
 * token's probability, the answer follows. `set`: the probability of some tokens together. `vector`: the product of the cell's vector
 * with a direction.
 */
export type Asked =
  | {
      readonly of: 'logits';
      /** [vocabulary] */
      readonly weights: Float32Array;
      /** @param probability of the cell's first token */
      answer(functional: number, probability: number): number;
    }
  /** Ids, ascending, each once, none that is left out. */
  | { readonly of: 'set'; readonly ids: Int32Array }
  | { readonly of: 'vector'; readonly direction: Float32Array; answer(product: number): number };

/** The tokens that run, and what is asked of them. */
export interface Race {
  /** Ids that are left out, ascending, each once. */
  readonly masked: readonly number[];
  /** In the order of the questions. */
  readonly asked: readonly Asked[];
  readonly feeds: RaceFeeds;
}

/**
 * Reads questions and mask.
 * @param width of the cells' vectors
 * @param context the prompt; undefined where there is none
 * @throws Fault `bad-parameter` for a token that does not exist or is no single one, a masked token that is asked for, or a
 *   divergence without a prompt.
 */
export async function readRace(
  variant: Variant,
  { question, alsoAsked, masked, topK }: Pick<MapParameters, 'question' | 'alsoAsked' | 'masked' | 'topK'>,
  context: Surroundings | undefined,
  width: number,
): Promise<Race> {
  const { model } = variant;
  const size = model.facts.vocabularySize;
  const named = await Promise.all(masked.map((name) => tokenId(model, name)));
  const left = [...new Set(named)].sort((a, b) => a - b);
  if (size - left.length < topK)
    throw new Fault({
      code: 'bad-parameter',
      message: `top-k is ${topK}, but without the masked tokens only ${size - left.length} are left.`,
    });
  const mask = left.length > 0 ? new Float32Array(size) : undefined;
  for (const id of left) if (mask) mask[id] = -Infinity;
  const asked: Asked[] = [];
  for (const one of questionsOf({ question, alsoAsked }))
    asked.push(await readQuestion(variant, one, new Set(left), context, width));
  const weights = columnsOf(
    size,
    asked.flatMap((one) =>
      one.of === 'logits' ? [(set) => one.weights.forEach((w, id) => w !== 0 && set(id, w))] : [],
    ),
  );
  const members = columnsOf(
    size,
    asked.flatMap((one) => (one.of === 'set' ? [(set) => one.ids.forEach((id) => set(id, 1))] : [])),
  );
  return {
    masked: left,
    asked,
    feeds: { ...(mask ? { mask } : {}), ...(weights ? { weights } : {}), ...(members ? { members } : {}) },
  };
}

/** One column for each that fills one; undefined where there is none. */
function columnsOf(
  vocabulary: number,
  fill: readonly ((set: (id: number, value: number) => void) => void)[],
): Columns | undefined {
  const columns = fill.length;
  if (columns === 0) return undefined;
  const data = new Float32Array(vocabulary * columns);
  fill.forEach((one, column) => one((id, value) => (data[id * columns + column] = value)));
  return { data, columns };
}

async function readQuestion(
  variant: Variant,
  question: Question,
  masked: ReadonlySet<number>,
  context: Surroundings | undefined,
  width: number,
): Promise<Asked> {
  const { model } = variant;
  const size = model.facts.vocabularySize;
  const racing = async (name: TokenName): Promise<number> => {
    const id = await tokenId(model, name);
    if (!masked.has(id)) return id;
    throw new Fault({
      code: 'bad-parameter',
      message: `The token ${typeof name === 'number' ? name : `"${name}"`} is masked, and the question asks for it.`,
      hint: 'Take it off the mask, or ask another question.',
    });
  };
  const weights = new Float32Array(size);
  switch (question.kind) {
    case 'set': {
      const ids = await Promise.all(question.tokens.map((name) => tokenId(model, name)));
      return { of: 'set', ids: setOf(ids, masked, 'All tokens of the set are masked.') };
    }
    case 'pattern': {
      const ids = matching(model, question.pattern);
      if (ids.length === 0)
        throw new Fault({
          code: 'bad-parameter',
          message: `No token of the vocabulary matches ${question.pattern}.`,
          hint: 'Most words begin with a space: "^ ?Par" finds " Paris" as well.',
        });
      return { of: 'set', ids: setOf(ids, masked, 'All tokens that match are masked.') };
    }
    case 'feature': {
      const direction = decodeVector(question.vector, `The feature ${question.name ?? ''}`.trim(), width);
      return { of: 'vector', direction, answer: (product) => activation(question, product) };
    }
    case 'probability':
      weights[await racing(question.token)] = 1;
      return { of: 'logits', weights, answer: (functional, probability) => probability * Math.exp(functional) };
    case 'difference': {
      const [first, second] = [await racing(question.first), await racing(question.second)];
      if (first === second)
        throw new Fault({ code: 'bad-parameter', message: 'The two tokens of the logit difference are the same.' });
      weights[first] = 1;
      weights[second] = -1;
      return { of: 'logits', weights, answer: (functional) => functional };
    }
    case 'divergence': {
      if (!context)
        throw new Fault({
          code: 'bad-parameter',
          message: 'The divergence from the prompt’s own prediction needs a prompt.',
          hint: 'Choose a prompt as context, or ask another question.',
        });
      const own = ownPrediction(await ownLogits(variant, allIds(context), context.suffix.length), masked);
      let negativeEntropy = 0;
      own.forEach((p, id) => {
        if (p > 0) negativeEntropy += p * Math.log(p);
        weights[id] = p;
      });
      // D(own || cell) = sum own (log own - log cell), log cell = (z - z(1)) + log p(1); below 0 is rounding.
      return {
        of: 'logits',
        weights,
        answer: (functional, probability) => Math.max(0, negativeEntropy - functional - Math.log(probability)),
      };
    }
  }
}

function setOf(ids: readonly number[], masked: ReadonlySet<number>, none: string): Int32Array {
  const left = [...new Set(ids)].filter((id) => !masked.has(id)).sort((a, b) => a - b);
  if (left.length === 0)
    throw new Fault({ code: 'bad-parameter', message: none, hint: 'Take one off the mask, or ask another question.' });
  return Int32Array.from(left);
}

/**
 * How long a regular expression may take over the vocabulary, in ms of this process's processor time: on a machine with other work to do
 * all takes longer. One that backtracks for ever comes out of a file as well.
 */
const MATCHING_MS = 2000;

/** Ids of the tokens whose text a regular expression matches. @throws Fault `bad-parameter` where that takes too long. */
function matching({ tokenizer, facts }: Model, pattern: string): number[] {
  const tokens = Array.from({ length: facts.vocabularySize }, (_, id) => tokenizer.token(id)).filter(
    ({ kind }) => kind === 'text',
  );
  const before = processorMs();
  for (;;)
    try {
      const found: unknown = runInNewContext(
        'const expression = new RegExp(pattern, "u"); texts.map((text) => (expression.test(text) ? "1" : "0")).join("")',
        { pattern, texts: tokens.map(({ text }) => text) },
        { timeout: MATCHING_MS },
      );
      return tokens.flatMap(({ id }, i) => (String(found)[i] === '1' ? [id] : []));
    } catch (error) {
      // An error of the other context is no Error of ours.
      const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
      // Something else had the processor meanwhile: once more.
      if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' && processorMs() - before < MATCHING_MS / 2) continue;
      throw new Fault({
        code: 'bad-parameter',
        message: `The regular expression ${pattern} takes too long over the vocabulary.`,
        hint: 'Leave out repetitions within repetitions, such as (a+)+.',
      });
    }
}

/** Softmax in float64 over the tokens that run. */
function ownPrediction(logits: Float32Array, masked: ReadonlySet<number>): Float64Array {
  const racing = (id: number): boolean => !masked.has(id);
  let top = -Infinity;
  logits.forEach((z, id) => {
    if (racing(id)) top = Math.max(top, z);
  });
  const own = Float64Array.from(logits, (z, id) => (racing(id) ? Math.exp(z - top) : 0));
  const total = own.reduce((sum, p) => sum + p, 0);
  return own.map((p) => p / total);
}

/** @throws Fault `bad-parameter` for an id that the model does not have or a text that is no single token, `tokenizer`. */
export async function tokenId(model: Model, name: TokenName): Promise<number> {
  const id = typeof name === 'number' ? name : await model.tokenizer.tokenNamed(name);
  if (id < model.facts.vocabularySize) return id;
  throw new Fault({
    code: 'bad-parameter',
    message: `Token ${id} does not exist: the model knows ${model.facts.vocabularySize}.`,
  });
}
