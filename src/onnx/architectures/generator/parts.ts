import type { Description } from '../description.js';
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
