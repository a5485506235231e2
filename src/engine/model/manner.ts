import type { Anatomy } from '../../onnx/anatomy.js';
import { takesPastEverywhere } from '../../onnx/cut/mixing.js';
import { findAttribute } from '../../onnx/graph.js';
import { isRounded } from '../../onnx/interface.js';
import { operatorOf } from '../../onnx/operators/table.js';

/** How cells may be run, decided from the graph and corrected by the load-time checks. */
export interface Manner {
  /** One scale for a whole tensor, so that every position of a sequence and every row of a batch touches the others. */
  readonly perTensorScale: boolean;
  /** Activations are rounded to integers: the smallest change of arithmetic moves results, so nothing is rearranged. */
  readonly literal: boolean;
  readonly prefix: { way: 'reused' | 'recomputed'; reason: string };
  readonly batching: { way: 'batched' | 'one-by-one'; reason: string };
}

/** What the graph alone tells. */
export function mannerOf(anatomy: Anatomy): Manner {
  const { graph, interface: io } = anatomy;
  const mixing = graph.nodes.find((n) => operatorOf(n).oneScale);
  const rounding = graph.nodes.find((n) => findAttribute(n, 'accuracy_level')?.i === 4n);
  const ids = graph.valueInfo.get(io.ids ?? '');
  const shape = ids?.type?.value.case === 'tensorType' ? ids.type.value.value.shape?.dim[0]?.value : undefined;
  const fixedBatch = shape?.case === 'dimValue' && shape.value === 1n;
  const batching: Manner['batching'] = mixing
    ? { way: 'one-by-one', reason: `${mixing.opType} has one scale for the whole batch` }
    : fixedBatch
      ? { way: 'one-by-one', reason: 'the export fixes the batch size at 1' }
      : { way: 'batched', reason: 'cells do not see each other' };
  const complete = io.caches.length > 0 && io.caches.every((slot) => slot.present !== undefined);
  const prefix: Manner['prefix'] = !complete
    ? {
        way: 'recomputed',
        reason: io.caches.length === 0 ? 'the export takes no past keys and values' : 'its pasts have no presents',
      }
    : !takesPastEverywhere(anatomy)
      ? { way: 'recomputed', reason: 'some of its blocks take no past' }
      : io.caches.some((slot) => isRounded(slot.elemType))
        ? { way: 'recomputed', reason: 'its pasts are rounded, which would change the prediction' }
        : mixing
          ? { way: 'recomputed', reason: `${mixing.opType} would have another scale without the prefix` }
          : rounding
            ? {
                way: 'recomputed',
                reason: `${rounding.opType} rounds activations to int8, which would magnify the difference`,
              }
            : { way: 'reused', reason: 'past keys and values' };
  return {
    perTensorScale: mixing !== undefined,
    literal: mixing !== undefined || rounding !== undefined,
    prefix,
    batching,
  };
}
