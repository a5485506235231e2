import type { MapParameters } from '../map/specification.js';
import type { Token } from '../map/token.js';

/** The line of a plane from its center along its x axis, through (0, 0) and (1, 0). */
export interface LineParams {
  readonly parameters: MapParameters;
  /** Equal steps from 0 to 1. */
  readonly steps: number;
  /** Upper bound of vectors in one run. */
  readonly batchSize: number;
}

/** How far the outputs along the line are from that at its beginning. */
export interface LineResult {
  /** [steps + 1] `|F(x) - F(0)| / |F(1) - F(0)|`, F being the hidden state behind the last block, by its Euclidean length; null where that of the whole line is 0. */
  readonly relative: Float64Array | null;
  /** [steps + 1] most probable token. */
  readonly winners: Int32Array;
  readonly tokens: readonly Token[];
}

export const MOST_STEPS = 10_000;
