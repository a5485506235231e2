import type { DirectionSet } from '../../map/boundaries/directions.js';
import { Fault } from '../../map/fault.js';
import { axesOf, dot, type Plane } from '../../map/plane.js';
import type { Layer } from '../../map/specification.js';
import { torchRandn } from '../../map/torchRandom.js';
import { stopIfCancelled } from '../../protocol/channel.js';
import type { HiddenSpace } from '../hiddenSpace.js';
import type { Variant } from '../model/variant.js';
import { hiddenStates } from '../model/running.js';
import { allIds, readPrompt } from '../prompts.js';
import { SAMPLE_TEXTS } from '../sampleTexts.js';

/** A direction of length 1. */
export interface NamedDirection {
  readonly set: number;
  readonly name: string;
  readonly unit: Float32Array;
  /** Of a direction to a state: how far that is, in the hidden space's own units. */
  readonly target?: number;
}

/**
 * The directions of some sets, at a state.
 * @throws Fault `bad-parameter` for one without a length, and as {@link HiddenSpace.vectors}
 */
export async function directionsOf(
  variant: Variant,
  space: HiddenSpace,
  sets: readonly DirectionSet[],
  at: { readonly layer: Layer; readonly state: Float32Array; readonly plane: Plane },
  signal: AbortSignal,
): Promise<readonly NamedDirection[]> {
  const { state, plane, layer } = at;
  const d = state.length;
  const sources = sets.flatMap((one) => (one.kind === 'toward' ? [one.source] : []));
  const vectors = await space.vectors(sources, layer, d);
  const found: NamedDirection[] = [];
  let next = 0;
  for (const [set, one] of sets.entries()) {
    const add = (name: string, vector: Float32Array, toState = false): void => {
      const length = Math.sqrt(dot(vector, vector));
      if (!(length > 0))
        throw new Fault({
          code: 'bad-parameter',
          message: `There is no direction toward "${name}": it is the state itself, or zero.`,
        });
      found.push({ set, name, unit: vector.map((value) => value / length), ...(toState ? { target: length } : {}) });
    };
    switch (one.kind) {
      case 'axes':
        for (const [name, axis] of [
          ['x', plane.u],
          ['y', plane.v],
        ] as const) {
          add(`+${name}`, axis);
          add(`-${name}`, opposite(axis));
        }
        break;
      case 'random':
        for (let i = 0; i < one.count; i++) {
          // A pair of directions and their opposites for each seed.
          const { u, v } = axesOf({ method: 'random_projection', seed: (one.seed + (i >> 2)) >>> 0 }, d);
          const axis = i & 2 ? v : u;
          add(`random ${i}`, i & 1 ? opposite(axis) : axis);
        }
        break;
      case 'covariance':
        for (const [i, vector] of (await spread(variant, one, layer, d, signal)).entries())
          add(`covariance ${i}`, vector);
        break;
      case 'toward': {
        const vector = vectors[next++] ?? state;
        const isState = one.source.kind !== 'row' && one.source.kind !== 'vector';
        add(space.textOf(one.source), isState ? vector.map((value, i) => value - (state[i] ?? 0)) : vector, isState);
      }
    }
  }
  return found;
}

const opposite = (vector: Float32Array): Float32Array => vector.map((value) => -value);

/** Random directions with the covariance of real states: sums of the states' differences from their mean, with normal weights. */
async function spread(
  variant: Variant,
  { texts, count, seed }: Extract<DirectionSet, { kind: 'covariance' }>,
  layer: Layer,
  d: number,
  signal: AbortSignal,
): Promise<readonly Float32Array[]> {
  const sequences = await Promise.all(
    (texts ?? SAMPLE_TEXTS).map(async (text) => allIds(await readPrompt(variant.model, { kind: 'prompt', text }))),
  );
  const sums = Array.from({ length: count }, () => new Float64Array(d));
  const weights = new Float64Array(count);
  const mean = new Float64Array(d);
  let states = 0;
  await hiddenStates(variant, sequences, [layer], ([all], sequence) => {
    stopIfCancelled(signal);
    const positions = sequences[sequence]?.length ?? 0;
    // The first position is an outlier of most models.
    for (let p = positions > 1 ? 1 : 0; p < positions; p++, states++) {
      const drawn = torchRandn((seed + states) >>> 0, Math.max(1, (count + 1) >> 1));
      const state = all?.subarray(p * d, (p + 1) * d);
      for (let i = 0; i < d; i++) mean[i] = (mean[i] ?? 0) + (state?.[i] ?? 0);
      sums.forEach((sum, j) => {
        const weight = drawn[j] ?? 0;
        weights[j] = (weights[j] ?? 0) + weight;
        for (let i = 0; i < d; i++) sum[i] = (sum[i] ?? 0) + weight * (state?.[i] ?? 0);
      });
    }
  });
  if (states < 2)
    throw new Fault({ code: 'bad-parameter', message: 'The covariance of real states needs two states at least.' });
  return sums.map((sum, j) =>
    Float32Array.from(sum, (value, i) => value - ((weights[j] ?? 0) * (mean[i] ?? 0)) / states),
  );
}
