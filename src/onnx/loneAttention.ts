import { attentionsOf, sourceOf } from './attention.js';
import { type Graph, node, type NodeProto } from './graph.js';

/**
 * A position that stands alone attends to itself with weight 1, whatever its query and key are: the product of weights and
 * values is the values. Queries, keys, their rotation and masks need not be computed.
 * @param graph of one position, with nothing before it
 * @returns the same graph where no attention is written out
 */
export function loneAttention(graph: Graph): Graph {
  const replaced = new Map<NodeProto, string>();
  for (const { product } of attentionsOf(graph)) {
    const [, values = ''] = product.input;
    const source = sourceOf(graph, values);
    if (!source) continue;
    replaced.set(product, values);
    // An empty past adds nothing.
    if (source.join) replaced.set(source.join, source.own);
  }
  if (replaced.size === 0) return graph;
  return graph.with({
    nodes: graph.nodes.map((n) => {
      const same = replaced.get(n);
      return same === undefined ? n : node('Identity', [same], n.output);
    }),
  });
}
