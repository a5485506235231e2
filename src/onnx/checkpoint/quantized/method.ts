import type { PackedTensor, ReadBytes } from '../packedTensor.js';
import type { StoredTensor } from '../safetensors.js';
import type { Named } from './numbers.js';

/** What stands beside a tensor. */
export interface Beside {
  /** Of the files: for what decides a shape. */
  readonly read: ReadBytes;
  /** A tensor of this name. */
  tensor(name: string): Named | undefined;
  /** This tensor goes with the weight, and is none of its own. */
  take(name: string): void;
}

/** A way in which weights are quantized, as a configuration has said it. */
export interface Method {
  /** The weight that a tensor is the codes of; undefined where it is none. @throws ModelError naming what is missing or does not fit. */
  weight(name: string, tensor: StoredTensor, beside: Beside): PackedTensor | undefined;
  /** Matrices are always packed as a layer's [outputs, inputs]. */
  readonly turned: boolean;
  /** Servers round activations, too. */
  readonly roundsActivations: boolean;
}
