import { atLayer, type Description } from '../description.js';
import type { Positions } from './positions.js';
import type { Weights } from './weights.js';
import type { Writer } from './writer.js';

/** What a decoder's graph is written with. */
export interface Parts {
  readonly writer: Writer;
  readonly weights: Weights;
  readonly positions: Positions;
  /** Of the decoder. */
  readonly d: Description;
}

/** What one of its blocks is written with: its own weights, under the names that they have in every block, and what holds in its layer. */
export interface Block extends Parts {
  readonly layer: number;
}

export const blockOf = (whole: Parts, layer: number): Block => ({
  ...whole,
  weights: whole.weights.under(`${whole.d.blocks}${layer}.`),
  d: atLayer(whole.d, layer),
  layer,
});
