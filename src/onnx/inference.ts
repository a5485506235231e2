import { isKnown } from './dimension.js';
import { elemTypeOf, type Graph, type NodeProto, shapeOf, smallIntegersOf } from './graph.js';
import { isKnownOperator, operatorOf, typeOf } from './operators/table.js';
import { Shapes } from './shapes.js';
import { spend } from './work.js';

/** What finding and cutting ask of tensors: constants, element types, ranks. Each is had in one pass over the graph, once. */

/** Values that are made once for a graph, when they are first asked for. */
function once<T>(make: (graph: Graph) => T): (graph: Graph) => T {
  const made = new WeakMap<Graph, { readonly value: T }>();
  return (graph) => {
    let known = made.get(graph);
    if (!known) {
      known = { value: make(graph) };
      made.set(graph, known);
    }
    return known.value;
  };
}

const constantsOf = once((graph) => {
  const constants = new Map<string, boolean>();
  for (const name of graph.initializers.keys()) constants.set(name, true);
  for (const input of graph.inputs) constants.set(input.name, false);
  for (const n of graph.nodes) {
    spend(n.input.length + n.output.length);
    const constant =
      operatorOf(n).random !== true &&
      n.input.every((i) => i === '' || constants.get(i) === true) &&
      n.attribute.every((a) => !a.g && a.graphs.length === 0);
    for (const output of n.output) constants.set(output, constant);
  }
  return constants;
});

/** Whether a tensor depends on initializers alone. */
export const isConstant = (graph: Graph, tensor: string): boolean => constantsOf(graph).get(tensor) ?? false;

const shapesOf = once((graph) => new Shapes(graph));

/** The shape of a constant, through the operators that stand between a weight's storage and its use. */
export function shapeOfConstant(graph: Graph, tensor: string): number[] | undefined {
  const initializer = graph.initializers.get(tensor);
  if (initializer) return initializer.dims.map(Number);
  if (!isConstant(graph, tensor)) return undefined;
  const shape = shapesOf(graph).of(tensor);
  return shape?.every(isKnown) === true ? shape.map((d) => d.constant) : undefined;
}

/** The values of a small integer constant. */
export function smallIntegers(graph: Graph, tensor: string): number[] | undefined {
  const t = graph.initializers.get(tensor);
  return t && smallIntegersOf(t);
}

const typesOf = once((graph) => {
  const types = new Map<string, number | undefined>();
  for (const t of graph.initializers.values()) types.set(t.name, t.dataType);
  for (const info of graph.inputs) types.set(info.name, elemTypeOf(info));
  for (const n of graph.nodes) {
    spend(n.input.length + n.output.length);
    n.output.forEach((output, i) => {
      const stated = elemTypeOf(graph.valueInfo.get(output));
      const type = typeOf(n, i);
      const inferred = typeof type === 'object' ? types.get(n.input[type.input] ?? '') : type;
      types.set(output, stated === undefined || stated === 0 ? inferred : stated);
    });
  }
  return types;
});

/** Element type of a tensor (DataType number), followed from where it is stated; undefined where nothing states it. */
export const elementType = (graph: Graph, tensor: string): number | undefined => typesOf(graph).get(tensor);

const ranksOf = once((graph) => {
  const shapes = shapesOf(graph);
  const ranks = new Map<string, number>();
  for (const name of graph.initializers.keys()) setRank(name);
  for (const { name } of graph.inputs) setRank(name);
  for (const n of graph.nodes) {
    const guess = guessedRank(n, (tensor) => ranks.get(tensor));
    for (const output of n.output)
      if (output !== '' && !setRank(output) && guess !== undefined) ranks.set(output, guess);
  }
  return ranks;

  function setRank(tensor: string): boolean {
    const rank = shapeOf(graph.valueInfo.get(tensor))?.length ?? shapes.of(tensor)?.length;
    if (rank !== undefined) ranks.set(tensor, rank);
    return rank !== undefined;
  }
});

/** Of what nothing is certain: arithmetic keeps the largest rank that is known, other operators as a rule their first input's. */
function guessedRank(n: NodeProto, rank: (tensor: string) => number | undefined): number | undefined {
  if (operatorOf(n).shape === 'broadcast') {
    const known = n.input.map(rank).filter((r) => r !== undefined);
    return known.length > 0 ? Math.max(...known.slice(0, 16)) : undefined;
  }
  return isKnownOperator(n) && operatorOf(n).shape !== undefined ? undefined : rank(n.input[0] ?? '');
}

/** Rank of a tensor where it can be told from the graph. */
export const rankOf = (graph: Graph, tensor: string): number | undefined =>
  shapeOf(graph.valueInfo.get(tensor))?.length ??
  graph.initializers.get(tensor)?.dims.length ??
  ranksOf(graph).get(tensor);
