import type { ProfileLine } from '../map/profile.js';
import type { MapParameters } from '../map/specification.js';

export interface ProfileParams extends ProfileLine {
  /** The plane, and what stands around the vector; the grid is not looked at. */
  readonly parameters: MapParameters;
  /** Equal steps from one end to the other, 1 ... 10,000. */
  readonly steps: number;
  /** Upper bound of vectors in one run. */
  readonly batchSize: number;
}

/** How many points are there. */
export interface ProfileProgress {
  readonly done: number;
  readonly total: number;
}
