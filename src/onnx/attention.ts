import { findAttribute, type Graph, type NodeProto } from './graph.js';
import { isConstant, rankOf } from './inference.js';
import { passes } from './operators/table.js';
import { spend } from './work.js';

/** An attention that is written out: a Softmax between two products. */
export interface Attention {
  /** Queries times keys. */
  readonly scores: NodeProto;
  /** Weights times values. */
  readonly product: NodeProto;
}

const DEEPEST = 12;

/** Attentions whose weights go nowhere but into one product with values. */
export function attentionsOf(graph: Graph): Attention[] {
  return graph.nodes.flatMap((n) => {
    if (n.opType !== 'Softmax' || !isAlongLast(graph, n)) return [];
    const scores = scoresOf(graph, n.input[0] ?? '', 0);
    const products = scores ? productsOf(graph, n) : [];
    const [product] = products;
    return scores && product && products.length === 1 ? [{ scores, product }] : [];
  });
}

function isAlongLast(graph: Graph, softmax: NodeProto): boolean {
  const axis = findAttribute(softmax, 'axis')?.i;
  if (axis === undefined) return (graph.opsets.get('') ?? 0) >= 13;
  return axis === -1n || Number(axis) + 1 === rankOf(graph, softmax.input[0] ?? '');
}

/** The product of two flowing tensors that a tensor is had from. */
function scoresOf(graph: Graph, tensor: string, depth: number): NodeProto | undefined {
  const n = graph.producers.get(tensor);
  if (!n || depth > DEEPEST) return undefined;
  spend(n.input.length);
  if (n.opType === 'MatMul' || n.opType === 'FusedMatMul')
    return n.input.length === 2 && n.input.every((input) => !isConstant(graph, input)) ? n : undefined;
  if (!passes(n, 'scores')) return undefined;
  for (const input of n.opType === 'Reshape' || n.opType === 'Clip' ? n.input.slice(0, 1) : n.input) {
    const scores = scoresOf(graph, input, depth + 1);
    if (scores) return scores;
  }
  return undefined;
}

/** The products of these weights and values; none where the weights go anywhere else. */
function productsOf(graph: Graph, softmax: NodeProto): NodeProto[] {
  const products: NodeProto[] = [];
  const queue = [softmax.output[0] ?? ''];
  for (let tensor = queue.pop(); tensor !== undefined; tensor = queue.pop()) {
    const readers = graph.consumers.get(tensor) ?? [];
    spend(readers.length);
    for (const n of readers) {
      if (n.opType === 'MatMul' && n.domain === '' && n.input[0] === tensor && !isConstant(graph, n.input[1] ?? ''))
        products.push(n);
      else if (/^(Cast|Identity|Dropout)$/.test(n.opType) || (n.opType === 'Reshape' && n.input[0] === tensor))
        queue.push(n.output[0] ?? '');
      else if (n.opType === 'Where' && isGuard(graph, n, tensor)) queue.push(n.output[0] ?? '');
      else if (n.opType !== 'IsNaN' && n.opType !== 'Shape') return [];
    }
  }
  return products;
}

/** Where(IsNaN(weights), 0, weights): a row that is masked whole. */
function isGuard(graph: Graph, where: NodeProto, weights: string): boolean {
  const condition = graph.producers.get(where.input[0] ?? '');
  return condition?.opType === 'IsNaN' && condition.input[0] === weights && where.input[2] === weights;
}

/** Where keys or values come from. */
export interface Source {
  /** The Concat of a past and what is new; undefined where there is nothing but what is new. */
  readonly join: NodeProto | undefined;
  /** What is new: the other input of the join. */
  readonly own: string;
}

/** Where the keys or values of a product come from; undefined where anything but a past is put beside them on their way. */
export function sourceOf(graph: Graph, tensor: string): Source | undefined {
  let at = tensor;
  for (let depth = 0; depth < 2 * DEEPEST; depth++) {
    const n = graph.producers.get(at);
    if (n?.opType === 'Concat') {
      const [own, ...others] = n.input.filter((input) => !graph.isInput(input));
      return own === undefined || others.length > 0 ? undefined : { join: n, own };
    }
    if (!n || !passes(n, 'values')) return n && !isConstant(graph, at) ? { join: undefined, own: at } : undefined;
    at = n.input[0] ?? '';
  }
  return undefined;
}
