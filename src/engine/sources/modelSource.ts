import type { NumberType } from '../../map/tokenMap.js';
import type { Check } from '../../protocol/engine.js';
import type { PlacedWeights } from '../weights.js';

/** Whatever can become a graph. Behind it nothing knows which kind it was. */
export interface ModelSource {
  /** The graph, and where its weights lie. */
  readonly placed: PlacedWeights;
  /** What the graph computes in: weights of 16 bits may be widened before they are used. */
  readonly arithmetic: NumberType;
  /** What was found when it was read. */
  readonly checks: readonly Check[];
  /** Tells the model from every other, in any release: a saved map recognises it. Hexadecimal. */
  fingerprint(): string;
  /**
   * Whether keys and values of the first positions stay what they are in a longer sequence, so that they may be kept.
   * @param prefix positions that are kept, of `whole`
   */
  keepsPrefix(prefix: number, whole: number): boolean;
}
