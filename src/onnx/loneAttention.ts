import { findAttribute, type Graph, node, type NodeProto } from './graph.js';
import { isConstant, rankOf } from './inference.js';

/**
 * A position that stands alone attends to itself with weight 1, whatever its query and key are: the product of weights and
 * values is the values. Queries, keys, their rotation and masks need not be computed.
 * @param graph of one position, with nothing before it
 * @returns the same graph where no attention is written out as a Softmax between two products
 */
export function loneAttention(graph: Graph): Graph {
  const products = new Set(graph.nodes.filter((n) => isAttention(graph, n)).flatMap((n) => productsOf(graph, n)));
  if (products.size === 0) return graph;
  const nodes = graph.nodes.map((n) => (products.has(n) ? node('Identity', [n.input[1] ?? ''], n.output) : n));
  return graph.with({ nodes });
}

/** A Softmax along the last axis of what two flowing tensors make. */
function isAttention(graph: Graph, n: NodeProto): boolean {
  if (n.opType !== 'Softmax') return false;
  const axis = findAttribute(n, 'axis')?.i;
  const rank = rankOf(graph, n.input[0] ?? '');
  const last = axis === undefined ? (graph.opsets.get('') ?? 0) >= 13 : axis === -1n || Number(axis) + 1 === rank;
  return last && isScore(graph, n.input[0] ?? '', 0);
}

/** Scaled, masked, capped and cast scores are scores. */
const KEEPS_SCORES = /^(Cast|Identity|Reshape|Add|Sub|Mul|Div|Where|Tanh|Min|Max|Clip)$/;
const DEEPEST = 12;

function isScore(graph: Graph, tensor: string, depth: number): boolean {
  const n = graph.producers.get(tensor);
  if (!n || depth > DEEPEST) return false;
  if (n.opType === 'MatMul' || n.opType === 'FusedMatMul')
    return n.input.every((input) => !isConstant(graph, input)) && n.input.length === 2;
  if (!KEEPS_SCORES.test(n.opType)) return false;
  const flowing = n.opType === 'Reshape' || n.opType === 'Clip' ? n.input.slice(0, 1) : n.input;
  return flowing.some((input) => isScore(graph, input, depth + 1));
}

/** The products of these weights and values; none where the weights go anywhere else. */
function productsOf(graph: Graph, softmax: NodeProto): NodeProto[] {
  const products: NodeProto[] = [];
  const queue = [softmax.output[0] ?? ''];
  for (let tensor = queue.pop(); tensor !== undefined; tensor = queue.pop()) {
    for (const n of graph.consumers.get(tensor) ?? []) {
      if (n.opType === 'MatMul' && n.domain === '' && n.input[0] === tensor && areValues(graph, n.input[1] ?? '', 0))
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

/** Values of this position alone: nothing but pasts, which are empty, is put before them on their way. */
function areValues(graph: Graph, tensor: string, depth: number): boolean {
  const n = graph.producers.get(tensor);
  if (!n || depth > DEEPEST) return false;
  if (n.opType === 'Concat') {
    const flowing = n.input.filter((input) => !graph.isInput(input));
    return flowing.length === 1 && areValues(graph, flowing[0] ?? '', depth + 1);
  }
  if (/^(Cast|Identity|Reshape|Transpose|Unsqueeze|Squeeze|Expand|Slice|Split)$/.test(n.opType))
    return areValues(graph, n.input[0] ?? '', depth + 1);
  return !isConstant(graph, tensor);
}
