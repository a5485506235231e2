import type { Anatomy } from '../anatomy.js';
import {
  DataType,
  edited,
  findAttribute,
  type Graph,
  int64Tensor,
  MICROSOFT,
  node,
  type NodeProto,
  withAttribute,
} from '../graph.js';
import { elementType, isConstant, rankOf } from '../inference.js';
import { operatorOf, OPERATORS } from '../operators/table.js';
import { needed } from './slice.js';

/**
 * The head's product for the last position alone: of a whole sequence the others' logits are never read. Left as it is where
 * something else looks at all positions (one scale for all of them, a reshape).
 */
export function headOfLast(graph: Graph, { head, graph: whole }: Anatomy): Graph {
  const { opening, matmul } = head;
  const [reader, ...others] = graph.consumers.get(opening) ?? [];
  if (reader?.output[0] !== matmul.output[0] || others.length > 0 || rankOf(whole, opening) !== 3) return graph;
  if (!reader || operatorOf(reader).byPosition !== true) return graph;
  if (!head.after.every((type) => OPERATORS[type]?.passes?.includes('logits'))) return graph;
  const name = (part: string): string => `embedding_grid.last/${part}`;
  const last = node('Slice', [opening, name('from'), name('to'), name('axes')], [name('state')]);
  return graph.with({
    nodes: graph.nodes.flatMap((n) =>
      n === reader ? [last, edited(n, { input: n.input.map((i) => (i === opening ? name('state') : i)) })] : [n],
    ),
    initializers: [
      ...graph.initializers.values(),
      int64Tensor(name('from'), [-1]),
      int64Tensor(name('to'), [2 ** 40]),
      int64Tensor(name('axes'), [1]),
    ],
  });
}

/** The head without a scale fused into it, for the bare unembedding. */
export const unscaled = (n: NodeProto): NodeProto => (findAttribute(n, 'alpha') ? withAttribute(n, 'alpha', 1) : n);

/**
 * A tied head is Transpose(embedding) and a product; onnxruntime would fold the transpose into a second copy of the largest
 * weight, so the product is told to read it transposed.
 */
export function transposedHead(graph: Graph): Graph {
  const nodes = graph.nodes.map((n) => {
    if (n.opType !== 'MatMul' || n.domain !== '') return n;
    const [left = '', right = ''] = n.input;
    const transpose = graph.producers.get(right);
    const source = transpose?.input[0] ?? '';
    const cast = graph.producers.get(source); // of a weight that is stored in 16 bits
    const weight = graph.initializers.get(cast?.opType === 'Cast' ? (cast.input[0] ?? '') : source);
    if (transpose?.opType !== 'Transpose' || weight?.dims.length !== 2) return n;
    if (elementType(graph, source) !== DataType.FLOAT || isConstant(graph, left)) return n;
    return node('FusedMatMul', [left, source], n.output, { transB: 1n, alpha: 1 }, MICROSOFT);
  });
  if (nodes.every((n, i) => n === graph.nodes[i])) return graph;
  const opsets = new Map(graph.opsets).set(MICROSOFT, graph.opsets.get(MICROSOFT) ?? 1);
  return needed(graph.with({ nodes, opsets }));
}
