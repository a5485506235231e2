import type { Layer } from '../map/specification.js';

/** What a tuned lens is fitted on. */
export interface FitParams {
  readonly texts: readonly string[];
  /** Texts that it is judged by, and not fitted on. */
  readonly heldOut: readonly string[];
  /** How much A is held near 0, in parts of the states' mean variance; above 0. */
  readonly ridge: number;
}

/** A layer's translator `h + A h + b`, and how far from the model's final prediction the lens is behind it. */
export interface FittedLayer {
  readonly layer: Layer;
  /** [hiddenSize * hiddenSize] A, a row for each number that comes out. */
  readonly matrix: Float32Array;
  /** [hiddenSize] b */
  readonly bias: Float32Array;
  readonly judged: JudgedLayer;
}

/** KL(the model's final prediction || the lens's), in nats, the mean over held-out positions. */
export interface JudgedLayer {
  readonly layer: Layer;
  /** Of the logit lens. */
  readonly lens: number;
  /** Of the lens behind the translator. */
  readonly tuned: number;
}

export type FitEvent =
  | {
      readonly kind: 'started';
      /** Token positions that are fitted on; a text's first is left out. */
      readonly positions: number;
      /** How often the texts are run: more than once where the sums of all layers are too large at once. */
      readonly passes: number;
      /** Peak memory of the engine, weights included. */
      readonly bytes: number;
    }
  | {
      readonly kind: 'progress';
      /** `positions` are read, then `layers` are solved, in each pass. */
      readonly unit: 'positions' | 'layers';
      readonly done: number;
      readonly total: number;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'layer'; readonly fitted: FittedLayer };

export interface FitResult {
  readonly blocks: number;
  readonly hiddenSize: number;
  /** Positions that were fitted on, and judged by. */
  readonly positions: number;
  readonly heldOutPositions: number;
  /** Texts that were cut to {@link FIT_TOKENS} tokens. */
  readonly cut: number;
  readonly seconds: number;
}

/** Of a text, so many tokens are read at most. */
export const FIT_TOKENS = 512;

/** A ridge that suits most models: see docs/boundaries-and-translators.md. */
export const DEFAULT_RIDGE = 1e-3;
