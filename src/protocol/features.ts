import type { MapParameters } from '../map/specification.js';
import type { StrongFeature, StrongFeatures } from '../map/strongFeatures.js';
import type { Token } from '../map/token.js';

/** A hidden state, and the sparse autoencoder whose strongest features there are asked. */
export interface FeaturesParams {
  /** A folder of SAELens, sparsify or Gemma Scope, or a file of such matrices; absolute. */
  readonly sae: string;
  /** [hiddenSize], or a point of a map's plane. */
  readonly state: Float32Array | { readonly parameters: MapParameters; readonly x: number; readonly y: number };
  /** Features that are listed at most, 1 ... 1000. */
  readonly most: number;
}

/** A strong feature, and what its direction speaks for. */
export interface ToldFeature extends StrongFeature {
  /** What the logit lens says of the direction, most probable first; empty where there is none, or the model has no logit lens. */
  readonly tokens: readonly Token[];
}

/** Tokens that are told of a direction. */
export const DIRECTION_TOKENS = 5;

/** Sent before the directions are read: their tokens are missing. */
export type FeaturesEvent = StrongFeatures;
export type FeaturesResult = StrongFeatures<ToldFeature>;
