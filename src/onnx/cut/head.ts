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
  type TensorProto,
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
    const weight = storedWeight(graph, source);
    if (transpose?.opType !== 'Transpose' || weight?.dims.length !== 2) return n;
    if (elementType(graph, source) !== DataType.FLOAT || isConstant(graph, left)) return n;
    return node('FusedMatMul', [left, source], n.output, { transB: 1n, alpha: 1 }, MICROSOFT);
  });
  if (nodes.every((n, i) => n === graph.nodes[i])) return graph;
  const opsets = new Map(graph.opsets).set(MICROSOFT, graph.opsets.get(MICROSOFT) ?? 1);
  return needed(graph.with({ nodes, opsets }));
}

/**
 * The head's product with its matrix [vocabulary, width] on the left, for the few states of three rows: onnxruntime then reads the
 * largest weight of a model once and as it lies (one of 16 bits as it is widened), where it would else copy all of it into blocks first.
 */
export function headReadOnce(graph: Graph, { head }: Anatomy): Graph {
  const product = graph.producers.get(head.matmul.output[0] ?? '');
  if (!product || !readsTransposed(product)) return graph;
  const [x = '', matrix = '', bias = ''] = product.input;
  const weight = storedWeight(graph, matrix);
  if (weight?.dims.length !== 2 || elementType(graph, matrix) !== DataType.FLOAT || isConstant(graph, x)) return graph;
  const [vocabulary = 0, width = 0] = weight.dims.map(Number);
  const [output = ''] = product.output;
  const name = (part: string): string => `embedding_grid.once/${part}`;
  const rows = bias === '' ? output : name('rows');
  const nodes = [
    node('Reshape', [x, name('flat')], [name('states')]),
    node('Gemm', [matrix, name('states')], [name('columns')], {
      alpha: findAttribute(product, 'alpha')?.f ?? 1,
      transB: 1n,
    }),
    // Of another rank: onnxruntime would make one product of this one and its transpose, the one that was there.
    node('Reshape', [name('columns'), name('one')], [name('matrices')]),
    node('Transpose', [name('matrices')], [name('turned')], { perm: [0n, 2n, 1n] }),
    node('Shape', [x], [name('shape')]),
    node('Slice', [name('shape'), name('first'), name('last'), name('first')], [name('leading')]),
    node('Concat', [name('leading'), name('vocabulary')], [name('whole')], { axis: 0n }),
    node('Reshape', [name('turned'), name('whole')], [rows]),
    ...(bias === '' ? [] : [node('Add', [rows, bias], [output])]),
  ];
  return graph.with({
    nodes: graph.nodes.flatMap((n) => (n === product ? nodes : [n])),
    initializers: [
      ...graph.initializers.values(),
      int64Tensor(name('flat'), [-1, width]),
      int64Tensor(name('one'), [1, vocabulary, -1]),
      int64Tensor(name('first'), [0]),
      int64Tensor(name('last'), [-1]),
      int64Tensor(name('vocabulary'), [vocabulary]),
    ],
  });
}

/** The weight that a tensor is, or is the float32 of where it is stored in 16 bits. */
function storedWeight(graph: Graph, tensor: string): TensorProto | undefined {
  const cast = graph.producers.get(tensor);
  return graph.initializers.get(cast?.opType === 'Cast' ? (cast.input[0] ?? '') : tensor);
}

/** Whether it is a product with the transpose of its second input, and nothing else but a factor and a sum. */
function readsTransposed(n: NodeProto): boolean {
  const set = (attribute: string): boolean => (findAttribute(n, attribute)?.i ?? 0n) !== 0n;
  const plain = n.opType === 'Gemm' ? (findAttribute(n, 'beta')?.f ?? 1) === 1 : n.opType === 'FusedMatMul';
  return plain && set('transB') && !set('transA') && !set('transBatchA') && !set('transBatchB');
}
