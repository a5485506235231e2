import { valueInputs } from '../dataflow.js';
import { DataType, edited, type Graph, node, type NodeProto } from '../graph.js';
import { elementType, isConstant } from '../inference.js';
import type { Interface } from '../interface.js';
import { isLookup } from '../operators/table.js';
import { unsupported } from '../source.js';

/** The operators that look a float vector up in a constant table by the token ids. */
export function findLookups(graph: Graph, io: Interface): { graph: Graph; lookups: Set<NodeProto> } {
  if (io.embeds !== undefined) {
    // The vectors come in ready-made: an Identity stands in for the lookup, so that there is an operator to start from.
    const embeds = io.embeds;
    const copy = `${embeds}/embeddings`;
    const start = node('Identity', [embeds], [copy]);
    const nodes = graph.nodes.map((n) => edited(n, { input: n.input.map((i) => (i === embeds ? copy : i)) }));
    const rewired = graph.with({ nodes: [start, ...nodes] });
    const producer = rewired.producers.get(copy);
    return { graph: rewired, lookups: new Set(producer ? [producer] : []) };
  }
  const ids = io.ids;
  if (ids === undefined)
    throw unsupported(
      `No token ids come in: the inputs are ${graph.inputs.map((i) => `"${i.name}"`).join(', ') || 'none'}.`,
      'A decoder exported for text generation has an input of token ids.',
    );
  // Followed through integers alone: a router chooses its experts' weights by what was once looked up, too.
  const indices = new Set([ids]);
  const lookups = new Set<NodeProto>();
  for (const n of graph.nodes) {
    if (!valueInputs(n).some((input) => indices.has(input))) continue;
    if (looksIdsUp(graph, n, indices)) lookups.add(n);
    else for (const output of n.output) if (output !== '' && !isFloat(elementType(graph, output))) indices.add(output);
  }
  if (lookups.size === 0)
    throw unsupported(`No embedding was found: nothing looks the input "${ids}" up in a table of vectors.`);
  return { graph, lookups };
}

function looksIdsUp(graph: Graph, n: NodeProto, indices: ReadonlySet<string>): boolean {
  if (!isLookup(n)) return false;
  const [table = '', index = ''] = n.input;
  return indices.has(index) && isConstant(graph, table) && !isInteger(graph, n);
}

const isFloat = (type: number | undefined): boolean =>
  type === DataType.FLOAT || type === DataType.FLOAT16 || type === DataType.BFLOAT16 || type === DataType.DOUBLE;

/** A table of integers looked up by ids is a map of ids, unless a DequantizeLinear makes vectors of it. */
function isInteger(graph: Graph, lookup: NodeProto): boolean {
  if (lookup.opType === 'GatherBlockQuantized') return false;
  const type = elementType(graph, lookup.output[0] ?? '');
  if (type === undefined || isFloat(type)) return false;
  const readers = graph.consumers.get(lookup.output[0] ?? '') ?? [];
  return !readers.some(
    (r) =>
      r.opType === 'DequantizeLinear' ||
      (r.opType === 'Cast' && r.input.length === 1 && elementType(graph, r.output[0] ?? '') === DataType.FLOAT),
  );
}
