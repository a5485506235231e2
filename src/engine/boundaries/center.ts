import { isRealState } from '../../map/dependence.js';
import { Fault } from '../../map/fault.js';
import { dot } from '../../map/plane.js';
import { type MapParameters } from '../../map/specification.js';
import type { CenterBoundary } from '../../map/survey.js';
import { affineKind } from '../affine.js';
import type { Reading } from '../reading.js';
import { exactFlips } from './along.js';
import { nearestBoundaries } from './nearest.js';

/** On heads with more numbers the boundary is told when it is asked for, not with every map. */
const MOST_NUMBERS = 2 ** 29;
/** Multiply-adds of all its rows with a translator's matrix: some seconds, once for a layer. */
const MOST_PRODUCTS = 2 ** 34;

/**
 * How near another prediction is to the center of a map's plane, beside how near it is along the plane's axes. undefined: the center
 * is no real state, the readout not affine, or the head too large.
 */
export async function centerBoundary(
  { plan, found, seen, center, seenAlong, race, ground: { variant } }: Reading,
  { plane }: MapParameters,
  signal: AbortSignal,
): Promise<CenterBoundary | undefined> {
  const { model } = variant;
  const { vocabularySize, hiddenSize } = model.facts;
  const numbers = vocabularySize * hiddenSize;
  if (!isRealState(plane.center) || numbers > MOST_NUMBERS) return undefined;
  if (center.translator && numbers * hiddenSize > MOST_PRODUCTS) return undefined;
  if ('reason' in affineKind(model, plan)) return undefined;
  const norm = Math.sqrt(dot(center.state, center.state));
  try {
    const { winner, boundaries } = await nearestBoundaries(variant, plan, center, 1, race.masked, signal);
    const [nearest] = boundaries;
    if (!nearest || !(norm > 0)) return undefined;
    const axes = [found.plane.u, found.plane.v].flatMap((axis) => {
      const length = Math.sqrt(dot(axis, axis));
      return length > 0 ? [1, -1].map((sign) => seenAlong(axis.map((value) => (sign * value) / length))) : [];
    });
    const flips = await exactFlips(variant, plan, seen.c, axes, race.masked, signal);
    const least = flips.reduce((min, flip) => Math.min(min, flip?.t ?? Infinity), Infinity);
    return {
      winner: model.tokenizer.token(winner),
      token: model.tokenizer.token(nearest.token),
      relative: nearest.distance / norm,
      axes: Number.isFinite(least) ? least / norm : null,
    };
  } catch (error) {
    if (Fault.from(error).code === 'bad-parameter') return undefined; // a head whose rows are not its logits: quantized
    throw error;
  }
}
