import type { BoundaryQuestion } from '../map/boundaries/directions.js';
import type { MapParameters } from '../map/specification.js';
import type { Token } from '../map/token.js';

/** The state is the center of the plane; layer, readout, context and the tokens left out are those of the map. */
export interface BoundaryParams extends BoundaryQuestion {
  readonly parameters: MapParameters;
  /** Upper bound of vectors in one run. */
  readonly batchSize: number;
}

/** One of the nearest boundaries. */
export interface NearBoundary {
  readonly token: number;
  /** In the hidden space's own units, and in norms of the state. */
  readonly distance: number;
  readonly relative: number;
  /** A third token is above both there: it is the pair's boundary, and no border of the winner's region. */
  readonly hidden: boolean;
  /** [hiddenSize] the nearest point of it. */
  readonly point: Float32Array;
}

/** Where the winner flips along a direction. */
export interface DirectionFlip {
  /** Index of the set that was asked. */
  readonly set: number;
  /** Untrusted text. */
  readonly name: string;
  /** In the hidden space's own units, and in norms of the state; null: it does not flip, or not within the reach. */
  readonly distance: number | null;
  readonly relative: number | null;
  /** What wins just behind; null where nothing flips. */
  readonly token: number | null;
  /** Of a direction to a state: how far that state is, in norms of this one. */
  readonly target?: number;
}

/** The boundaries around a state. */
export interface StateBoundaries {
  readonly layer: number;
  readonly hiddenSize: number;
  readonly norm: number;
  /** [hiddenSize] the state itself. */
  readonly state: Float32Array;
  /** What the model says at the state, and how surely. */
  readonly winner: number;
  readonly probability: number;
  readonly runnerUp: number;
  /** Logit of the first less that of the second. */
  readonly margin: number;
  /** Nearest first, in all dimensions, exact; or why they cannot be had. */
  readonly nearest: readonly NearBoundary[] | { readonly reason: string };
  readonly flips: readonly DirectionFlip[];
  /** `exact`: no step was needed. */
  readonly way: 'exact' | 'stepped';
  readonly steps: number;
  /** In norms of the state. */
  readonly reach: number;
  readonly tokens: readonly Token[];
}
