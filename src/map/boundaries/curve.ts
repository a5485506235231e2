import type { Layer } from '../specification.js';
import { quantile } from '../statistics.js';

/** How far flips are at a layer, in norms of the state, from one state. */
export interface CurveState {
  /** The nearest boundary of all, where it is known exactly. */
  readonly nearest: number | null;
  /** Of each direction; null: it does not flip within the reach. */
  readonly flips: readonly (number | null)[];
}

/** Distances of the boundaries by layer: [layers][states]. */
export interface BoundaryCurve {
  readonly layers: readonly Layer[];
  /** What the states are called, one each. */
  readonly states: readonly string[];
  /** How far it was stepped, in norms of the state. */
  readonly reach: number;
  readonly points: readonly (readonly CurveState[])[];
}

/** Of the directions at one layer, in norms of the state. */
export interface CurveBand {
  readonly low: number;
  readonly median: number;
  readonly high: number;
  /** Directions that flip within the reach, of so many. */
  readonly flipped: number;
  readonly count: number;
}

/** The part of the directions that lies in a band. */
export const BAND = [0.1, 0.9] as const;

/** The band of some states at a layer; directions that do not flip stand at the reach, beyond which nothing is known. */
export function bandOf(states: readonly CurveState[], reach: number): CurveBand {
  const flips = states.flatMap((one) => one.flips);
  const sorted = Float64Array.from(flips, (flip) => flip ?? reach).sort();
  return {
    low: quantile(sorted, BAND[0]),
    median: quantile(sorted, 0.5),
    high: quantile(sorted, BAND[1]),
    flipped: flips.filter((flip) => flip !== null).length,
    count: flips.length,
  };
}
