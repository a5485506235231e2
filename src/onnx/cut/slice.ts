import {
  DataType,
  elemTypeOf,
  Graph,
  inputsOf,
  type NodeProto,
  shapeOf,
  type TensorProto,
  valueInfo,
  type ValueInfoProto,
} from '../graph.js';

/** What is left when a rewrite has made something needless. */
export const needed = (graph: Graph): Graph => slice(graph, graph.nodes, graph.outputs, [], []);

/** What the outputs need, and nothing else. */
export function slice(
  graph: Graph,
  nodes: readonly NodeProto[],
  outputs: readonly ValueInfoProto[],
  extraInitializers: readonly TensorProto[],
  extraInputs: readonly ValueInfoProto[],
): Graph {
  const producer = new Map(nodes.flatMap((n) => n.output.map((o) => [o, n] as const)));
  const needed = new Set<string>();
  const queue = outputs.map((o) => o.name);
  for (let tensor = queue.pop(); tensor !== undefined; tensor = queue.pop()) {
    if (needed.has(tensor)) continue;
    needed.add(tensor);
    const n = producer.get(tensor);
    for (const input of n ? inputsOf(n) : []) queue.push(input);
  }
  return Graph.of(
    {
      node: nodes.filter((n) => n.output.some((o) => needed.has(o))),
      initializer: [...graph.initializers.values(), ...extraInitializers].filter((t) => needed.has(t.name)),
      input: [...graph.inputs.map(withoutNames), ...extraInputs].filter((i) => needed.has(i.name)),
      output: [...outputs],
      valueInfo: [],
    },
    graph.opsets,
    graph.irVersion,
  );
}

/**
 * Stated symbolic shapes mislead onnxruntime's memory planner: a fused attention states the same shape for past and present
 * although one position is added, and the buffer of one is then reused for the other.
 */
function withoutNames(info: ValueInfoProto): ValueInfoProto {
  const shape = shapeOf(info) ?? [];
  const type = elemTypeOf(info) ?? DataType.FLOAT;
  const mayBeCache = shape.length >= 3 && type !== DataType.INT64 && type !== DataType.INT32;
  return mayBeCache
    ? valueInfo(
        info.name,
        type,
        shape.map((d) => (typeof d === 'number' ? d : '')),
      )
    : info;
}
