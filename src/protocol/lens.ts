import type { MapParameters } from '../map/specification.js';

/** A prompt, the context of the parameters, is read at all layers and positions; layer, plane and grid are not looked at. */
export interface LensParams {
  /** `question`: null, or the probability of the token that is followed. */
  readonly parameters: MapParameters;
  /** Upper bound of vectors in one run. */
  readonly batchSize: number;
}

/** How many cells are there. */
export interface LensProgress {
  readonly done: number;
  readonly total: number;
}
