import { Fault } from '../map/fault.js';
import type { MapParameters, TokenName } from '../map/specification.js';
import type { RaceFeeds } from './cellRunner.js';
import type { Model } from './model/model.js';
import type { Surroundings } from './model/plan.js';
import { ownLogits } from './model/running.js';
import type { Variant } from './model/variant.js';
import { allIds } from './prompts.js';

/**
 * What is asked of every cell, as a linear functional of its logits: `f = sum of w (z - z(1))` over the vocabulary, from which,
 * with the first token's probability, every question's answer follows.
 */
export interface Asked {
  /** [vocabulary] */
  readonly weights: Float32Array;
  /** @param probability of the cell's first token */
  answer(functional: number, probability: number): number;
}

/** The tokens that run, and what is asked of them. */
export interface Race {
  /** Ids that are left out, ascending, each once. */
  readonly masked: readonly number[];
  readonly asked: Asked | undefined;
  readonly feeds: RaceFeeds;
}

/**
 * Reads question and mask.
 * @param context the prompt; undefined where there is none
 * @throws Fault `bad-parameter` for a token that does not exist or is no single one, a masked token that is asked for, or a
 *   divergence without a prompt.
 */
export async function readRace(
  variant: Variant,
  { question, masked, topK }: Pick<MapParameters, 'question' | 'masked' | 'topK'>,
  context: Surroundings | undefined,
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
  const asked = question ? await readQuestion(variant, question, new Set(left), context) : undefined;
  return {
    masked: left,
    asked,
    feeds: { ...(mask ? { mask } : {}), ...(asked ? { weights: asked.weights } : {}) },
  };
}

async function readQuestion(
  variant: Variant,
  question: NonNullable<MapParameters['question']>,
  masked: ReadonlySet<number>,
  context: Surroundings | undefined,
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
    case 'probability':
      weights[await racing(question.token)] = 1;
      return { weights, answer: (functional, probability) => probability * Math.exp(functional) };
    case 'difference': {
      const [first, second] = [await racing(question.first), await racing(question.second)];
      if (first === second)
        throw new Fault({ code: 'bad-parameter', message: 'The two tokens of the logit difference are the same.' });
      weights[first] = 1;
      weights[second] = -1;
      return { weights, answer: (functional) => functional };
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
        weights,
        answer: (functional, probability) => Math.max(0, negativeEntropy - functional - Math.log(probability)),
      };
    }
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
