import {
  DataType,
  edited,
  findAttribute,
  type Graph,
  inputsOf,
  int64Tensor,
  node,
  type NodeProto,
  type TensorProto,
} from './graph.js';

/** Of a part in float32: few enough stand in memory, and few enough parts make one product. */
const PART_BYTES = 8 * 2 ** 20;

const isHalf = (type: number | undefined): boolean => type === DataType.FLOAT16 || type === DataType.BFLOAT16;

/** Bytes of the 16-bit weights that stand outside of a graph and are widened in it. */
export function halfBytes(graph: Graph): number {
  let bytes = 0;
  for (const t of graph.initializers.values())
    if (isHalf(t.dataType) && t.externalData.length > 0) bytes += 2 * count(t);
  return bytes;
}

/**
 * 16-bit weights on a device that computes in float32, widened part by part where they are used: a product with a large matrix
 * becomes products with ranges of its rows, each of which is a range of the same file, and of a table the rows that are looked
 * up are widened. Run as it is, one part at a time stands in memory in float32; where a session folds constants, all of
 * them do, and none of them twice.
 *
 * Casts of weights stand first: onnxruntime walks back from the outputs, newest operator first, and would else widen all
 * weights before it computes anything.
 */
export function splitHalfWeights(graph: Graph, partBytes = PART_BYTES): Graph {
  const added: TensorProto[] = [];
  const casts: NodeProto[] = [];
  const splitting: Splitting = {
    graph,
    partBytes,
    widened: (part) => {
      added.push(part);
      const name = `${part.name}/float32`;
      casts.push(node('Cast', [part.name], [name], { to: BigInt(DataType.FLOAT) }));
      return name;
    },
    integers: (name, values) => {
      added.push(int64Tensor(name, values));
      return name;
    },
  };
  const nodes: NodeProto[] = [];
  for (const n of graph.nodes) {
    if (weightOf(graph, n.output[0] ?? '') !== undefined) casts.push(n);
    else
      nodes.push(
        ...(rowsLookedUp(n, graph) ??
          outputsInParts(n, splitting) ??
          rowsInParts(n, splitting) ??
          sumInParts(n, splitting) ?? [n]),
      );
  }
  const read = new Set([...nodes.flatMap(inputsOf), ...graph.outputs.map((o) => o.name)]);
  const used = casts.filter((c) => read.has(c.output[0] ?? ''));
  for (const c of used) for (const i of c.input) read.add(i);
  return graph.with({
    nodes: [...used, ...nodes],
    initializers: [...graph.initializers.values(), ...added].filter((t) => read.has(t.name)),
  });
}

interface Splitting {
  readonly graph: Graph;
  /** Of a part in float32. */
  readonly partBytes: number;
  /** Takes a part into the graph. @returns the tensor that is it in float32 */
  widened(part: TensorProto): string;
  /** A constant. @returns its name */
  integers(name: string, values: readonly number[]): string;
}

/** The 16-bit weight that a tensor is the float32 of. */
function weightOf(graph: Graph, tensor: string): TensorProto | undefined {
  const cast = graph.producers.get(tensor);
  if (cast?.opType !== 'Cast' || findAttribute(cast, 'to')?.i !== BigInt(DataType.FLOAT)) return undefined;
  const weight = graph.initializers.get(cast.input[0] ?? '');
  return weight && isHalf(weight.dataType) && weight.externalData.length > 0 ? weight : undefined;
}

const count = (t: TensorProto): number => t.dims.reduce((product, d) => product * Number(d), 1);

/** A matrix that is too large to be widened at once. */
function largeMatrix({ graph, partBytes }: Splitting, tensor: string): TensorProto | undefined {
  const weight = weightOf(graph, tensor);
  return weight?.dims.length === 2 && 4 * count(weight) > 2 * partBytes ? weight : undefined;
}

/** A lookup in a widened table looks up in the table, and widens what it finds. */
function rowsLookedUp(n: NodeProto, graph: Graph): NodeProto[] | undefined {
  const table = n.opType === 'Gather' ? weightOf(graph, n.input[0] ?? '') : undefined;
  if (!table) return undefined;
  const narrow = `${n.output[0] ?? ''}/16`;
  return [
    edited(n, { name: `${n.name}/16`, input: [table.name, n.input[1] ?? ''], output: [narrow] }),
    node('Cast', [narrow], [n.output[0] ?? ''], { to: BigInt(DataType.FLOAT) }),
  ];
}

const isSet = (n: NodeProto, name: string): boolean => (findAttribute(n, name)?.i ?? 0n) !== 0n;
const factor = (n: NodeProto, name: string): number => findAttribute(n, name)?.f ?? 1;

/** A product with a matrix [outputs, inputs]: ranges of rows give ranges of outputs. */
function outputsInParts(n: NodeProto, splitting: Splitting): NodeProto[] | undefined {
  const isGemm = n.opType === 'Gemm' && factor(n, 'beta') === 1;
  const isProduct = n.opType === 'FusedMatMul' && !isSet(n, 'transBatchB');
  if (!(isGemm || isProduct) || !isSet(n, 'transB')) return undefined;
  const weight = largeMatrix(splitting, n.input[1] ?? '');
  if (!weight) return undefined;
  const output = n.output[0] ?? '';
  const parts = ranges(weight, splitting.partBytes).map((part, i) => {
    const name = `${output}/part${i}`;
    return edited(n, {
      name: `${n.name}/part${i}`,
      input: [n.input[0] ?? '', splitting.widened(part)],
      output: [name],
    });
  });
  const bias = n.input[2] ?? '';
  const joined = bias === '' ? output : `${output}/joined`;
  return [
    ...parts,
    node(
      'Concat',
      parts.map((p) => p.output[0] ?? ''),
      [joined],
      { axis: -1n },
    ),
    ...(bias === '' ? [] : [node('Add', [joined, bias], [output])]),
  ];
}

/** A product with a matrix on the left: ranges of its rows give ranges of rows. */
function rowsInParts(n: NodeProto, splitting: Splitting): NodeProto[] | undefined {
  if (n.opType !== 'Gemm' || isSet(n, 'transA') || n.input.length > 2) return undefined;
  const weight = largeMatrix(splitting, n.input[0] ?? '');
  if (!weight) return undefined;
  const output = n.output[0] ?? '';
  const parts = ranges(weight, splitting.partBytes).map((part, i) =>
    edited(n, {
      name: `${n.name}/part${i}`,
      input: [splitting.widened(part), n.input[1] ?? ''],
      output: [`${output}/part${i}`],
    }),
  );
  const outputs = parts.map((p) => p.output[0] ?? '');
  return [...parts, node('Concat', outputs, [output], { axis: 0n })];
}

/** A product with a matrix [inputs, outputs]: ranges of rows take ranges of inputs, and each adds to the sum of those before. */
function sumInParts(n: NodeProto, splitting: Splitting): NodeProto[] | undefined {
  const isGemm = n.opType === 'Gemm' && factor(n, 'beta') === 1 && factor(n, 'alpha') === 1 && !isSet(n, 'transA');
  const isProduct =
    n.opType === 'FusedMatMul' &&
    factor(n, 'alpha') === 1 &&
    !isSet(n, 'transA') &&
    !isSet(n, 'transBatchA') &&
    !isSet(n, 'transBatchB');
  if (!(isGemm || isProduct || n.opType === 'MatMul') || isSet(n, 'transB')) return undefined;
  const weight = largeMatrix(splitting, n.input[1] ?? '');
  if (!weight) return undefined;
  const [x = '', , bias = ''] = n.input;
  const output = n.output[0] ?? '';
  const name = (part: string): string => `${output}/${part}`;
  const integers = (part: string, values: readonly number[]): string => splitting.integers(name(part), values);
  const [inputs = 0, outputs = 0] = weight.dims.map(Number);
  const nodes: NodeProto[] = [node('Reshape', [x, integers('rows', [-1, inputs])], [name('flat')])];
  let sum = bias;
  let from = 0;
  const parts = ranges(weight, splitting.partBytes);
  for (const [i, part] of parts.entries()) {
    const to = from + Number(part.dims[0] ?? 0n);
    const some = name(`x${i}`);
    nodes.push(
      node(
        'Slice',
        [name('flat'), integers(`from${i}`, [from]), integers(`to${i}`, [to]), integers(`axis${i}`, [1])],
        [some],
      ),
      node('Gemm', [some, splitting.widened(part), ...(sum === '' ? [] : [sum])], [name(`sum${i}`)]),
    );
    sum = name(`sum${i}`);
    from = to;
  }
  return [
    ...nodes,
    node('Shape', [x], [name('shape')]),
    node(
      'Slice',
      [name('shape'), integers('first', [0]), integers('last', [-1]), integers('axis', [0])],
      [name('leading')],
    ),
    node('Concat', [name('leading'), integers('outputs', [outputs])], [name('whole')], { axis: 0n }),
    node('Reshape', [sum, name('whole')], [output]),
  ];
}

/** A matrix as ranges of its rows, each at its place in the file. */
function ranges(weight: TensorProto, partBytes: number): TensorProto[] {
  const [rows = 0, columns = 0] = weight.dims.map(Number);
  const step = Math.max(1, Math.floor(partBytes / 4 / columns));
  const offset = Number(weight.externalData.find((e) => e.key === 'offset')?.value ?? '0');
  const [entry] = weight.externalData;
  return Array.from({ length: Math.ceil(rows / step) }, (_, i) => {
    const from = i * step;
    const some = Math.min(step, rows - from);
    const others = weight.externalData.filter(({ key }) => key !== 'offset' && key !== 'length');
    const place = { offset: offset + 2 * from * columns, length: 2 * some * columns };
    return edited(weight, {
      name: `${weight.name}[${from}:${from + some}]`,
      dims: [BigInt(some), BigInt(columns)],
      externalData: [
        ...others,
        ...(entry ? Object.entries(place).map(([key, value]) => edited(entry, { key, value: String(value) })) : []),
      ],
    });
  });
}
