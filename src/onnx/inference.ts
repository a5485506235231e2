import { DataType, elemTypeOf, findAttribute, type Graph, type NodeProto, shapeOf } from './graph.js';

/** The little shape and type inference that finding and cutting need: constants, element types, ranks. */

const constants = new WeakMap<Graph, Map<string, boolean>>();

/** Whether a tensor depends on initializers alone. */
export function isConstant(graph: Graph, tensor: string): boolean {
  let memo = constants.get(graph);
  if (!memo) {
    memo = new Map();
    for (const name of graph.initializers.keys()) memo.set(name, true);
    for (const input of graph.inputs) memo.set(input.name, false);
    for (const n of graph.nodes) {
      const constant =
        !/^Random|^Bernoulli|^Multinomial/.test(n.opType) &&
        n.input.every((i) => i === '' || memo?.get(i) === true) &&
        n.attribute.every((a) => !a.g && a.graphs.length === 0);
      for (const output of n.output) memo.set(output, constant);
    }
    constants.set(graph, memo);
  }
  return memo.get(tensor) ?? false;
}

/** The shape of a constant, through the operators that stand between a weight's storage and its use. */
export function shapeOfConstant(graph: Graph, tensor: string, depth = 0): number[] | undefined {
  const initializer = graph.initializers.get(tensor);
  if (initializer) return initializer.dims.map(Number);
  const n = graph.producers.get(tensor);
  if (!n || depth > 20) return undefined;
  const input = shapeOfConstant(graph, n.input[0] ?? '', depth + 1);
  switch (n.opType) {
    case 'Cast':
    case 'CastLike':
    case 'Identity':
    case 'DequantizeLinear':
    case 'QuantizeLinear':
    case 'Neg':
    case 'Mul':
    case 'Add':
    case 'Sub':
    case 'Div':
      return input;
    case 'Transpose': {
      if (!input) return undefined;
      const order = findAttribute(n, 'perm')?.ints.map(Number) ?? input.map((_, i) => input.length - 1 - i);
      return order.map((axis) => input[axis] ?? 0);
    }
    case 'Squeeze':
      return input?.filter((d) => d !== 1);
    case 'Reshape': {
      const target = smallIntegers(graph, n.input[1] ?? '');
      if (!target || !input) return undefined;
      const total = input.reduce((a, b) => a * b, 1);
      const known = target.map((d, i) => (d === 0 ? (input[i] ?? 0) : d));
      const rest = known.filter((d) => d !== -1).reduce((a, b) => a * b, 1);
      return known.map((d) => (d === -1 ? total / rest : d));
    }
    default:
      return undefined;
  }
}

/** The values of a small integer constant. */
export function smallIntegers(graph: Graph, tensor: string): number[] | undefined {
  const t = graph.initializers.get(tensor);
  if (!t || t.externalData.length > 0) return undefined;
  if (t.int64Data.length > 0) return t.int64Data.map(Number);
  if (t.int32Data.length > 0) return [...t.int32Data];
  const view = new DataView(t.rawData.buffer, t.rawData.byteOffset, t.rawData.byteLength);
  if (t.dataType === DataType.INT64)
    return Array.from({ length: view.byteLength >> 3 }, (_, i) => Number(view.getBigInt64(i * 8, true)));
  if (t.dataType === DataType.INT32)
    return Array.from({ length: view.byteLength >> 2 }, (_, i) => view.getInt32(i * 4, true));
  return undefined;
}

/** Element type of a tensor (DataType number), followed back to where it is stated; undefined where nothing states it. */
export function elementType(graph: Graph, tensor: string): number | undefined {
  let at = tensor;
  for (let step = 0; step < 10_000; step++) {
    const stated = elemTypeOf(graph.valueInfo.get(at));
    if (stated !== undefined && stated !== 0) return stated;
    const initializer = graph.initializers.get(at);
    if (initializer) return initializer.dataType;
    const n = graph.producers.get(at);
    if (!n) return undefined;
    const to = typeRule(n, at);
    if (typeof to === 'number') return to;
    const next = n.input[to.input] ?? '';
    if (next === '') return undefined;
    at = next;
  }
  return undefined;
}

/** The type of an operator's output: itself, or that of one of its inputs. */
function typeRule(n: NodeProto, output: string): number | { input: number } {
  switch (n.opType) {
    case 'Cast':
      return Number(findAttribute(n, 'to')?.i ?? 1n);
    case 'CastLike':
      return { input: 1 };
    case 'DequantizeLinear': {
      const stated = findAttribute(n, 'output_dtype')?.i ?? 0n;
      return stated === 0n ? { input: 1 } : Number(stated);
    }
    case 'GatherBlockQuantized':
      return { input: 2 };
    case 'Where':
      return { input: 1 };
    case 'MatMulInteger':
    case 'ConvInteger':
      return DataType.INT32;
    case 'MatMulIntegerToFloat':
      return { input: 2 };
    case 'DynamicQuantizeLinear':
      return n.output[0] === output || n.output[2] === output ? DataType.UINT8 : DataType.FLOAT;
    case 'QuantizeLinear':
      return (n.input[2] ?? '') === '' ? DataType.UINT8 : { input: 2 };
    case 'Shape':
    case 'Size':
    case 'ArgMax':
    case 'ArgMin':
    case 'NonZero':
      return DataType.INT64;
    case 'ConstantOfShape':
      return findAttribute(n, 'value')?.t?.dataType ?? DataType.FLOAT;
    case 'Equal':
    case 'Greater':
    case 'Less':
    case 'GreaterOrEqual':
    case 'LessOrEqual':
    case 'Not':
    case 'And':
    case 'Or':
    case 'IsNaN':
    case 'IsInf':
      return DataType.BOOL;
    default:
      return { input: 0 };
  }
}

const ranks = new WeakMap<Graph, ReadonlyMap<string, number>>();

/** Rank of a tensor where it can be told from the graph. */
export function rankOf(graph: Graph, tensor: string): number | undefined {
  let known = ranks.get(graph);
  if (!known) {
    known = inferRanks(graph);
    ranks.set(graph, known);
  }
  return known.get(tensor);
}

/** One pass in topological order: however deep the graph, nothing recurses. */
function inferRanks(graph: Graph): Map<string, number> {
  const known = new Map<string, number>();
  for (const t of graph.initializers.values()) known.set(t.name, t.dims.length);
  for (const info of graph.valueInfo.values()) {
    const stated = shapeOf(info);
    if (stated) known.set(info.name, stated.length);
  }
  for (const n of graph.nodes) {
    const rank = outputRank(graph, n, (input) => known.get(n.input[input] ?? ''), known);
    if (rank === undefined) continue;
    for (const output of n.output) if (output !== '' && !known.has(output)) known.set(output, rank);
  }
  return known;
}

function outputRank(
  graph: Graph,
  n: NodeProto,
  rank: (input: number) => number | undefined,
  known: ReadonlyMap<string, number>,
): number | undefined {
  switch (n.opType) {
    case 'Gather': {
      const [data, index] = [rank(0), rank(1)];
      return data === undefined || index === undefined ? undefined : data - 1 + index;
    }
    case 'GatherBlockQuantized': {
      const index = rank(1);
      return index === undefined ? undefined : index + 1;
    }
    case 'Reshape':
      return shapeOfConstant(graph, n.input[1] ?? '')?.[0] ?? concatLength(graph, n.input[1] ?? '', known);
    case 'Gemm':
      return 2;
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div': {
      const [left, right] = [rank(0), rank(1)];
      return left === undefined ? right : right === undefined ? left : Math.max(left, right);
    }
    case 'Unsqueeze':
    case 'Squeeze':
    case 'Flatten':
    case 'Expand':
    case 'GatherND':
    case 'ConstantOfShape':
    case 'Einsum':
      return undefined;
    default:
      return rank(0);
  }
}

/** Length of a shape vector that is put together from scalars and known pieces. */
function concatLength(graph: Graph, tensor: string, known: ReadonlyMap<string, number>, depth = 0): number | undefined {
  const n = graph.producers.get(tensor);
  if (n?.opType === 'Cast' || n?.opType === 'Identity')
    return depth > 20 ? undefined : concatLength(graph, n.input[0] ?? '', known, depth + 1);
  if (n?.opType === 'Shape') return known.get(n.input[0] ?? '');
  if (n?.opType !== 'Concat') return undefined;
  const lengths = n.input.map((i) => {
    const maker = graph.producers.get(i)?.opType;
    return shapeOfConstant(graph, i)?.[0] ?? (maker === 'Unsqueeze' || maker === 'Reshape' ? 1 : undefined);
  });
  return lengths.every((l): l is number => l !== undefined) ? lengths.reduce((a, b) => a + b, 0) : undefined;
}
