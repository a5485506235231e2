import type { Anatomy } from '../anatomy.js';
import { reachableFrom } from '../dataflow.js';
import { edited, findAttribute, type Graph, type NodeProto } from '../graph.js';
import { rankOf, smallIntegers } from '../inference.js';
import { keepsLeading } from '../operators/table.js';

/**
 * Operators after the cut that ask an earlier tensor only for its shape are pointed to the cut, which has the same leading
 * dimensions; else the embedding table and the earlier blocks would be computed for their shape alone.
 */
export function readShapesFrom(anatomy: Anatomy, layer: number, start: string): NodeProto[] {
  const { graph, paths, residual } = anatomy;
  if (rankOf(graph, start) === 2) return [...graph.nodes];
  const downstream = reachableFrom(graph, [start]);
  const stream = new Set(residual.slice(0, layer + 1));
  const lookups = new Set(
    paths.nodes.filter((n) => !n.input.some((i) => paths.tensors.has(i))).map((n) => n.output[0]),
  );
  const hasLeadingDimensions = (tensor: string, depth = 0): boolean => {
    if (rankOf(graph, tensor) === 2) return false;
    if (stream.has(tensor) || lookups.has(tensor)) return true;
    const n = graph.producers.get(tensor);
    if (!n || depth > 50 || !keepsLeading(n)) return false;
    const flowing = n.input.find((i) => paths.tensors.has(i));
    return flowing !== undefined && hasLeadingDimensions(flowing, depth + 1);
  };
  return graph.nodes.map((n) => {
    const input = n.input[0] ?? '';
    if (n.opType !== 'Shape' || !paths.tensors.has(input) || downstream.has(input)) return n;
    if (!(stream.has(input) || readsLeadingOnly(graph, n)) || !hasLeadingDimensions(input)) return n;
    return edited(n, { input: [start] });
  });
}

function readsLeadingOnly(graph: Graph, shape: NodeProto): boolean {
  const end = findAttribute(shape, 'end');
  if (end && end.i > 0n && end.i <= 2n) return true;
  return (graph.consumers.get(shape.output[0] ?? '') ?? []).every((reader) => {
    if (reader.opType === 'Gather')
      return smallIntegers(graph, reader.input[1] ?? '')?.every((i) => i === 0 || i === 1) === true;
    if (reader.opType === 'Slice')
      return smallIntegers(graph, reader.input[2] ?? '')?.every((i) => i > 0 && i <= 2) === true;
    return false;
  });
}
