import type { Anatomy } from './anatomy.js';
import { DataType, type Graph } from './graph.js';

/** What follows the head's product: the logits are `post * tanh(pre * z)` or, without a soft-cap, `pre * z`. */
export interface HeadTail {
  readonly pre: number;
  /** null without a soft-cap. */
  readonly post: number | null;
}

/** Reads scale and soft-cap behind the head; undefined where something else stands there. */
export function readHeadTail({ graph, paths, head }: Anatomy): HeadTail | undefined {
  const start = paths.dominators.findIndex((d) => d.tensor === head.closing);
  if (start < 0) return undefined;
  let pre = 1;
  let post: number | null = null;
  const scale = (by: number): void => {
    if (post === null) pre *= by;
    else post *= by;
  };
  for (const { producer } of paths.dominators.slice(start + 1)) {
    const flowing = producer.input.findIndex((i) => paths.tensors.has(i));
    const constant = scalarOf(graph, producer.input[1 - flowing] ?? '');
    switch (producer.opType) {
      case 'Cast':
      case 'Identity':
      case 'Reshape':
      case 'Slice':
      case 'Gather':
      case 'Squeeze':
      case 'Unsqueeze':
        break;
      case 'Mul':
        if (constant === undefined) return undefined;
        scale(constant);
        break;
      case 'Div':
        if (constant === undefined || flowing !== 0) return undefined;
        scale(1 / constant);
        break;
      case 'Tanh':
        if (post !== null) return undefined;
        post = 1;
        break;
      default:
        return undefined;
    }
  }
  return { pre, post };
}

/** The value of a constant of one number. */
function scalarOf(graph: Graph, tensor: string): number | undefined {
  const t = graph.initializers.get(tensor);
  if (!t) {
    const n = graph.producers.get(tensor);
    return n?.opType === 'Cast' || n?.opType === 'Identity' ? scalarOf(graph, n.input[0] ?? '') : undefined;
  }
  if (t.dims.some((d) => d !== 1n) || t.externalData.length > 0) return undefined;
  const view = new DataView(t.rawData.buffer, t.rawData.byteOffset, t.rawData.byteLength);
  const raw = view.byteLength > 0;
  switch (t.dataType) {
    case DataType.FLOAT:
      return raw ? view.getFloat32(0, true) : t.floatData[0];
    case DataType.DOUBLE:
      return raw ? view.getFloat64(0, true) : t.doubleData[0];
    default:
      return undefined; // arithmetic of half width is not affine to the last place anyway
  }
}
