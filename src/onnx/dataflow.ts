import { type Graph, inputsOf, type NodeProto } from './graph.js';
import { isSum, operatorOf } from './operators/table.js';

/**
 * Where values flow, as opposed to mere shapes: the edges that matter for finding the residual stream.
 */

/** The tensors whose *values* an operator reads, as opposed to their shapes and types. */
export function valueInputs(n: NodeProto): readonly string[] {
  const { reads } = operatorOf(n);
  return reads === 'none' ? [] : reads === 'first' ? n.input.slice(0, 1) : inputsOf(n);
}

/** All tensors that depend by value on the given ones, these included. Nodes are in topological order. */
export function reachableFrom(graph: Graph, start: Iterable<string>): Set<string> {
  const reached = new Set(start);
  for (const n of graph.nodes) {
    if (valueInputs(n).some((input) => reached.has(input)))
      for (const output of n.output) if (output) reached.add(output);
  }
  return reached;
}

/** All tensors that the given ones depend on by value, these included. */
export function reaching(graph: Graph, end: Iterable<string>): Set<string> {
  const reached = new Set(end);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const n = graph.nodes[i];
    if (n?.output.some((output) => reached.has(output))) for (const input of valueInputs(n)) reached.add(input);
  }
  return reached;
}

/** A tensor through which every value from source to sink flows, and the operator that makes it. */
export interface Dominator {
  readonly tensor: string;
  readonly producer: NodeProto;
  /** Index into {@link Paths.nodes} of the producer. */
  readonly at: number;
}

export interface Paths {
  /** Operators on some path from source to sink, in topological order. */
  readonly nodes: readonly NodeProto[];
  /** Tensors on some path. */
  readonly tensors: ReadonlySet<string>;
  readonly dominators: readonly Dominator[];
}

/**
 * The paths from the source operators (all of them one virtual source) to the sink tensor, and the tensors that dominate
 * the sink. Exact on a DAG in O(V + E): in topological order a vertex dominates iff no edge jumps over it.
 */
export function pathsBetween(graph: Graph, sources: ReadonlySet<NodeProto>, sink: string): Paths {
  const sourceOutputs = [...sources].flatMap((n) => n.output).filter((o) => o !== '');
  const downstream = reachableFrom(graph, sourceOutputs);
  const upstream = reaching(graph, [sink]);
  const tensors = new Set([...downstream].filter((t) => upstream.has(t)));
  const nodes = graph.nodes.filter((n) => n.output.some((o) => tensors.has(o)));

  // Positions: operator, then its outputs, then the next operator.
  const position = new Map<string, number>();
  let next = 0;
  const operatorAt = nodes.map((n) => {
    const at = next++;
    for (const output of n.output) if (tensors.has(output)) position.set(output, next++);
    return at;
  });
  const lastReader = new Map<string, number>();
  nodes.forEach((n, i) => {
    for (const input of valueInputs(n)) {
      if (tensors.has(input)) lastReader.set(input, operatorAt[i] ?? 0);
    }
  });
  const dominators: Dominator[] = [];
  let furthest = nodes.reduce((most, n, i) => (sources.has(n) ? Math.max(most, operatorAt[i] ?? 0) : most), 0);
  nodes.forEach((producer, i) => {
    const outputs = producer.output.filter((o) => tensors.has(o));
    for (const output of outputs) furthest = Math.max(furthest, position.get(output) ?? 0);
    for (const tensor of outputs) {
      const at = position.get(tensor) ?? 0;
      if (furthest <= at && outputs.length === 1) dominators.push({ tensor, producer, at: i });
      if (tensor !== sink) furthest = Math.max(furthest, lastReader.get(tensor) ?? 0);
    }
  });
  return { nodes, tensors, dominators };
}

/** Whether an operator adds two values that both come from the embedding. */
export const isResidualSum = (paths: Paths, n: NodeProto): boolean =>
  isSum(n) && n.input.filter((i) => paths.tensors.has(i)).length >= 2;
