import { type Layer, layerIndex, type Readout } from '../../map/specification.js';
import type { CellCut, CellOutput } from '../../onnx/cut/cellCut.js';
import type { Manner } from './manner.js';

/**
 * Token ids around a vector. `own` is the one whose place it takes: seen by nothing but a padding mask, by exports that quantise
 * a whole sequence with one scale, and by the `suffix`, whose positions keep their own hidden states up to the layer.
 */
export interface Surroundings {
  readonly prefix: readonly number[];
  readonly own: number;
  readonly suffix: readonly number[];
}

/** What a cell computation starts from. */
export interface CellPlan extends Surroundings {
  readonly layer: Layer;
  /** What follows the vector; through a translator it is the lens. */
  readonly readout: Exclude<Readout, 'tuned' | 'jacobian'>;
  readonly output: CellOutput;
  /** Whether many cells will be run, for plans whose output is not what maps are made of. */
  readonly often?: boolean;
  /** For the checks: overrides of the manner. */
  readonly manner?: Manner;
}

/** Where a plan's graph begins, in a model of so many blocks. */
export const cutLayerOf = (
  { readout, layer }: Pick<CellPlan, 'readout' | 'layer'>,
  blocks: number,
): CellCut['layer'] => (readout === 'unembed' ? 'head' : readout === 'lens' ? blocks - 1 : layerIndex(layer));
