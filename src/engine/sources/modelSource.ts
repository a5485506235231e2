import type { NumberType } from '../../map/tokenMap.js';
import type { Check } from '../../protocol/engine.js';
import type { ModelFiles } from '../modelFiles.js';
import type { PlacedWeights } from '../weights.js';
import { openCheckpoint } from './checkpointSource.js';
import { openGguf } from './ggufSource.js';
import { openOnnx } from './onnxSource.js';

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

/** @throws Fault or ModelError for a model that is broken or not described. */
export function openModelSource(files: ModelFiles): ModelSource {
  switch (files.kind) {
    case 'checkpoint':
      return openCheckpoint(files);
    case 'gguf':
      return openGguf(files);
    case 'onnx':
      return openOnnx(files);
  }
}
