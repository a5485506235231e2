import { isResidualSum, type Paths } from '../dataflow.js';
import { findAttribute, type Graph, type NodeProto } from '../graph.js';
import { isConstant, shapeOfConstant } from '../inference.js';
import { isProduct } from '../operators/table.js';
import { unsupported } from '../source.js';

export interface Head {
  /** Tensor that the head's matrix reads. */
  readonly opening: string;
  /** Its logits before any scale or soft-cap, the bias added. */
  readonly closing: string;
  readonly matmul: NodeProto;
  /** The constant that the product reads: name of the tensor as the graph has it. */
  readonly weight: string;
  readonly bias: boolean;
  /** Width that the head's matrix takes; differs from the hidden size where a projection precedes it. */
  readonly width: number | undefined;
  /** Operators between the head and the logits: scale, soft-cap, cast. */
  readonly after: readonly string[];
}

export interface FoundHead {
  readonly head: Head;
  /** Index of the dominator that the head reads. */
  readonly openingIndex: number;
  readonly weightShape: readonly number[] | undefined;
}

/** The last segment between dominators that holds a product with a constant matrix. */
export function findHead(graph: Graph, paths: Paths, logits: string): FoundHead {
  const { dominators, nodes } = paths;
  for (let i = dominators.length - 2; i >= 0; i--) {
    const opening = dominators[i];
    const closing = dominators[i + 1];
    if (!opening || !closing) continue;
    const segment = nodes.slice(opening.at + 1, closing.at + 1);
    const matmul = segment.find((n) => isProduct(n) && constantOperand(graph, n) !== undefined);
    if (!matmul) continue;
    // A product inside a residual sum belongs to a block: the graph ends behind its last block, without a head.
    if (segment.some((n) => isResidualSum(paths, n))) break;
    const weight = constantOperand(graph, matmul) ?? '';
    const vocabulary = outputWidth(graph, matmul, weight);
    // Additions of a constant row as wide as the vocabulary are the head's bias.
    let end = i + 1;
    let bias = matmul.opType === 'Gemm' && (matmul.input[2] ?? '') !== '';
    if (matmul.opType === 'MatMulNBits' && (matmul.input[5] ?? '') !== '') bias = true;
    for (let j = i + 2; j < dominators.length; j++) {
      const d = dominators[j];
      if (!d) break;
      const addend = d.producer.opType === 'Add' ? d.producer.input.find((x) => isConstant(graph, x)) : undefined;
      const width = addend === undefined ? undefined : shapeOfConstant(graph, addend)?.at(-1);
      if (
        addend !== undefined &&
        width !== undefined &&
        width > 1 &&
        (vocabulary === undefined || width === vocabulary)
      ) {
        bias = true;
        end = j;
      } else if (d.producer.opType !== 'Cast' && d.producer.opType !== 'Reshape' && d.producer.opType !== 'Identity') {
        break;
      }
    }
    const last = dominators[end];
    if (!last) continue;
    return {
      openingIndex: i,
      weightShape: shapeOfConstant(graph, weight),
      head: {
        opening: opening.tensor,
        closing: last.tensor,
        matmul,
        weight,
        bias,
        width: innerWidth(graph, matmul, weight),
        after: dominators.slice(end + 1).map((d) => d.producer.opType),
      },
    };
  }
  throw unsupported(`No head was found: no product with a constant matrix leads to the logits "${logits}".`);
}

/** A product's constant matrix, by name. */
export const constantOperand = (graph: Graph, n: NodeProto): string | undefined =>
  n.input
    .filter((i) => i !== '')
    .slice(0, 3)
    .find((i) => isConstant(graph, i));

/** Width that a product's constant matrix takes in, where its shape tells. */
export function innerWidth(graph: Graph, n: NodeProto, weight: string): number | undefined {
  const k = findAttribute(n, 'K');
  if (k) return Number(k.i);
  const shape = shapeOfConstant(graph, weight);
  if (shape?.length !== 2) return undefined;
  return isTransposed(n, weight) ? shape[1] : shape[0];
}

export function outputWidth(graph: Graph, n: NodeProto, weight: string): number | undefined {
  const width = findAttribute(n, 'N');
  if (width) return Number(width.i);
  const shape = shapeOfConstant(graph, weight);
  if (shape?.length !== 2) return undefined;
  return isTransposed(n, weight) ? shape[0] : shape[1];
}

const isTransposed = (n: NodeProto, weight: string): boolean =>
  (findAttribute(n, n.input[0] === weight ? 'transA' : 'transB')?.i ?? 0n) === 1n;
