import type { Layer } from './specification.js';

/** A feature of a sparse autoencoder that is active somewhere. */
export interface StrongFeature {
  /** Its number, from 0. */
  readonly feature: number;
  /** Above 0, in the autoencoder's own unit. */
  readonly activation: number;
  /** [hiddenSize], its decoder's row: what it adds to a hidden state; null where the file has no decoder. */
  readonly direction: Float32Array | null;
}

/** The strongest features of a hidden state. */
export interface StrongFeatures<F extends StrongFeature = StrongFeature> {
  readonly sae: SaeFacts;
  /** Features that are active there, listed or not. */
  readonly active: number;
  /** Strongest first. */
  readonly strongest: readonly F[];
}

/** What a sparse autoencoder is. */
export interface SaeFacts {
  /** Its folder or file, without the path. */
  readonly name: string;
  /** How many it has. */
  readonly features: number;
  /** Where the vectors are from that it was trained on, `blocks.8.hook_resid_pre`; null where it does not say. */
  readonly hook: string | null;
  /** The layer whose output that is; null where it is none, or is not known. */
  readonly layer: Layer | null;
}

/** Features that are listed at most. */
export const MOST_FEATURES = 1000;
