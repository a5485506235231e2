import { Fault } from '../map/fault.js';
import { DEFAULT_PARAMETERS, type Layer, layerIndex, parseParameters } from '../map/specification.js';
import type { Token } from '../map/token.js';
import { stopIfCancelled } from '../protocol/channel.js';
import {
  type PredictParams,
  type PredictResult,
  type StatesParams,
  type StatesResult,
  VECTORS_BYTES,
} from '../protocol/engine.js';
import { answersOf, graphAnswers } from './answers.js';
import { type CellRunner, type GraphTops, joinedTops, type RaceFeeds } from './cellRunner.js';
import { BATCH_BYTES } from './cellSource.js';
import { hiddenStates } from './model/running.js';
import type { Variant } from './model/variant.js';
import type { Opened } from './opened.js';
import { allIds, readPrompt } from './prompts.js';
import { fromZero, several } from '../map/numbers.js';
import { checkBatchSize, readParameters } from './reading.js';

/** What was asked for, checked on this side as well. @throws Fault `bad-parameter`. */
export function checkedVectors({ parameters, vectors, batchSize }: PredictParams): PredictParams {
  if (!(vectors instanceof Float32Array) || vectors.byteLength > VECTORS_BYTES)
    throw bad(`Vectors must be float32 numbers, of ${VECTORS_BYTES / 2 ** 20} MB at most.`);
  const wrong = vectors.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw bad(`Number ${wrong} of the vectors is not finite.`);
  checkBatchSize(batchSize);
  return { parameters: parseParameters(parameters), vectors, batchSize };
}

/** @throws Fault `bad-parameter` */
export function checkedStates({ prompt, layers }: StatesParams): StatesParams {
  if (!Array.isArray(layers) || layers.length === 0) throw bad('Hidden states need at least one layer.');
  const { context } = parseParameters({ ...DEFAULT_PARAMETERS, context: prompt });
  if (context.kind !== 'prompt' && context.kind !== 'tokens') throw bad('Hidden states need a text or token ids.');
  return { prompt: context, layers };
}

/**
 * What the model says of given vectors, each where a cell of a map would be.
 * @throws Fault as {@link readParameters}, `bad-parameter` for vectors of another width, `memory`, `cancelled` between two batches.
 */
export async function predictVectors(
  opened: Pick<Opened, 'model' | 'grounds'>,
  { parameters, vectors, batchSize }: PredictParams,
  signal: AbortSignal,
): Promise<PredictResult> {
  const { plan, race, found, ground, seenAs } = await readParameters(opened, parameters);
  const { variant } = ground;
  const width = found.plane.c.length;
  const count = vectors.length / width;
  if (!Number.isInteger(count) || count === 0)
    throw bad(`${vectors.length} numbers are no vectors of this model: each has ${width}.`);
  const runner = await variant.runner(plan);
  const tops = await topsOfRows(
    runner,
    count,
    (at, some) => seenRows(vectors.subarray(at * width, (at + some) * width), width, seenAs),
    { race: race.feeds, batchSize, signal },
  );
  const { ids, probabilities, logits, entropy } = tops;
  const { asked } = race;
  const vectorAt = (i: number): Float32Array => vectors.subarray(i * width, (i + 1) * width);
  return {
    ids,
    probabilities,
    logits,
    entropy,
    ...(asked.length > 0 ? { answers: answersOf(asked, tops, graphAnswers(tops, vectorAt, asked)) } : {}),
    tokens: tokensOf(variant, ids),
  };
}

/**
 * Predictions for many vectors, in batches that memory has room for.
 * @param rows gives [count * hiddenSize] from one vector on
 * @throws Fault `memory`, `cancelled` between two batches
 */
export async function topsOfRows(
  runner: CellRunner,
  count: number,
  rows: (from: number, count: number) => Float32Array,
  {
    race,
    batchSize,
    signal,
    progress,
  }: {
    readonly race: RaceFeeds;
    readonly batchSize: number;
    readonly signal: AbortSignal;
    readonly progress?: (done: number) => void;
  },
): Promise<GraphTops> {
  const parts: GraphTops[] = [];
  let limit = Math.max(1, Math.min(batchSize, Math.floor(BATCH_BYTES / runner.bytesPerCell)));
  for (let at = 0; at < count;) {
    stopIfCancelled(signal);
    const some = Math.min(runner.batchSize.next(limit), count - at);
    const before = performance.now();
    try {
      parts.push(await runner.tops(rows(at, some), some, race));
    } catch (error) {
      if (Fault.from(error).code !== 'memory' || some <= 1) throw error;
      limit = some >> 1;
      continue;
    }
    runner.batchSize.took(some, performance.now() - before, limit);
    at += some;
    progress?.(at);
    await new Promise(setImmediate); // lets a cancel in
  }
  return joinedTops(parts);
}

/** The hidden states of a prompt's positions. @throws Fault `bad-parameter`, `tokenizer`, `memory`. */
export async function statesOf(variant: Variant, { prompt, layers }: StatesParams): Promise<StatesResult> {
  const { blocks, hiddenSize } = variant.model.facts;
  const wanted = layers.map((layer): Layer => {
    const at = layer === 'last' ? blocks - 1 : layer;
    if (at === 'embeddings' || (Number.isInteger(at) && at >= 0 && at < blocks)) return at;
    throw new Fault({
      code: 'bad-parameter',
      message: `Layer ${at} does not exist: the model has ${several(blocks, 'block')}.`,
      hint: `Choose ${fromZero(blocks)}, or "embeddings".`,
    });
  });
  const ids = allIds(await readPrompt(variant.model, prompt));
  if (ids.length * hiddenSize * 4 * wanted.length > VECTORS_BYTES)
    throw new Fault({
      code: 'memory',
      message: `Hidden states of ${ids.length} positions at ${wanted.length} layers are more than ${VECTORS_BYTES / 2 ** 20} MB.`,
      hint: 'Ask for fewer layers at once, or of a shorter prompt.',
    });
  const distinct = [...new Set(wanted)].sort((a, b) => layerIndex(a) - layerIndex(b));
  const found = new Map<Layer, Float32Array>();
  await hiddenStates(variant, [ids], distinct, (states) => {
    distinct.forEach((layer, i) => found.set(layer, states[i] ?? new Float32Array(0)));
  });
  return {
    tokens: ids.map((id) => variant.model.tokenizer.token(id)),
    states: wanted.map((layer) => ({ layer, values: found.get(layer) ?? new Float32Array(0) })),
  };
}

/** Rows as they are after what acts on them. */
function seenRows(rows: Float32Array, width: number, seenAs: (vector: Float32Array) => Float32Array): Float32Array {
  const seen = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += width) seen.set(seenAs(rows.subarray(at, at + width)), at);
  return seen;
}

export const tokensOf = ({ model }: Variant, ids: Int32Array): readonly Token[] =>
  [...new Set(ids)].map((id) => model.tokenizer.token(id));

const bad = (message: string): Fault => new Fault({ code: 'bad-parameter', message });
