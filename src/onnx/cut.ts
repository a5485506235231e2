import type { Anatomy } from './anatomy.js';
import { reachableFrom, reaching, valueInputs } from './dataflow.js';
import {
  DataType,
  edited,
  elemTypeOf,
  findAttribute,
  floatScalar,
  Graph,
  inputsOf,
  int64Tensor,
  MICROSOFT,
  node,
  type NodeProto,
  shapeOf,
  type TensorProto,
  valueInfo,
  type ValueInfoProto,
  withAttribute,
} from './graph.js';
import { elementType, isConstant, rankOf, smallIntegers } from './inference.js';
import { batchAxisOf } from './interface.js';
import { loneAttention } from './loneAttention.js';
import { shareShapes } from './shapes.js';
import { repeatPasts, splitPasts } from './sharedPast.js';
import { unsupported } from './source.js';

/** Names of what a cut graph takes and gives. */
export const CUT = {
  /** float32 [batch, 1, hiddenSize]: the vectors that stand at the last position. */
  cells: 'embedding_grid.cells',
  /** float32 [1, prefix length, hiddenSize]: the hidden states of the earlier positions. */
  prefix: 'embedding_grid.prefix',
  /** float32 [1, suffix length, hiddenSize]: those of the later ones. */
  suffix: 'embedding_grid.suffix',
  /** float32 [1, vocabulary]: added to the logits; -infinity takes a token out of the race. */
  mask: 'embedding_grid.mask',
  /** float32 [vocabulary, 1]: the weights of a linear functional of the logits. */
  weights: 'embedding_grid.weights',
  /** int32 [batch, k], most probable first. */
  ids: 'embedding_grid.ids',
  /** float32 [batch, k]: their logits. */
  top: 'embedding_grid.top',
  /** float32 [batch, k]. */
  probabilities: 'embedding_grid.probabilities',
  /** float32 [batch]: sum of p (z - z(1)); the entropy in nats is -log p(1) less this. */
  below: 'embedding_grid.below',
  /** float32 [batch, 1]: sum of weights (z - z(1)). */
  functional: 'embedding_grid.functional',
  /** float32 [batch, vocabulary]: only where logits are asked for. */
  logits: 'embedding_grid.logits',
} as const;

/** Most probable tokens of a cell. */
export interface TopOutput {
  readonly kind: 'top';
  readonly k: number;
  /** A mask is fed. */
  readonly masked: boolean;
  /** Weights are fed, and the functional is given besides. */
  readonly functional: boolean;
}

/**
 * Tokens per cell; or the logits themselves; or what the head's product gives, before any scale or soft-cap; or the hidden
 * states behind the first block that runs.
 */
export type CellOutput = TopOutput | { readonly kind: 'logits' | 'head' | 'block' | 'normed' };

export interface CellCut {
  /** -1 is `embeddings`; 0 ... n-1 the output of a block. `head` feeds the head's matrix directly (unembed). */
  readonly layer: number | 'head';
  /**
   * What is fed beside the cells' own position (which may follow past keys and values): the hidden states of the positions
   * before it, of those behind it.
   */
  readonly around: { readonly prefix: boolean; readonly suffix: boolean };
  /**
   * What is known of the cells' position. `lone`: it is the only one, so that attention gives its own values and nothing else of
   * it is computed. `split`: it follows past keys and values, which all cells share.
   */
  readonly attention?: 'lone' | 'split';
  readonly output: CellOutput;
}

/**
 * The part of a model that turns hidden states at a layer into predictions for the last position.
 * @throws ModelError `unsupported` where the rest of the model reads more than the residual stream.
 */
export function cutCells(anatomy: Anatomy, cut: CellCut): Graph {
  const { graph, head, residual } = anatomy;
  const start = cut.layer === 'head' ? head.opening : residual[cut.layer + 1];
  if (start === undefined) throw new RangeError(`No layer ${cut.layer}.`);
  const end = endOf(anatomy, cut);

  const entry = enterCells(anatomy, start, cut);
  const redirected = cut.layer === 'head' ? graph.nodes : readShapesFrom(anatomy, cut.layer, start);
  const plain =
    cut.layer === 'head'
      ? redirected.map((n) => (n.output.includes(head.matmul.output[0] ?? '') ? unscaled(n) : n))
      : redirected;
  const renamed = plain.filter((n) => !n.output.includes(start));
  const exit = leaveCells(graph, end, rankOf(graph, end) ?? 3, cut.output);
  const result = slice(
    graph,
    [...entry.nodes, ...renamed, ...exit.nodes],
    exit.outputs,
    [...entry.initializers, ...exit.initializers],
    [...entry.inputs, ...exit.inputs],
  );
  refuseIdsByValue(result, anatomy, start);
  const alone = !cut.around.prefix && !cut.around.suffix;
  const attended = shareAttention(result, anatomy, cut.attention);
  const whole = transposedHead(rotaryForBatches(alone ? attended : headOfLast(attended, anatomy)));
  return needed(shareShapes(whole));
}

/** Past keys and values are fed with batch 1, whatever the batch of the cells. */
function shareAttention(graph: Graph, { interface: io }: Anatomy, attention: CellCut['attention']): Graph {
  const pasts = new Map(io.caches.map((slot) => [slot.past, batchAxisOf(slot)]));
  const shared = attention === 'lone' ? loneAttention(graph) : attention === 'split' ? splitPasts(graph, pasts) : graph;
  return needed(repeatPasts(needed(shared), pasts, CUT.cells));
}

function endOf({ head, residual, interface: io }: Anatomy, { layer, output }: CellCut): string {
  if (output.kind === 'normed') return head.opening;
  if (layer === 'head' || output.kind === 'head') return head.closing;
  return (output.kind === 'block' ? residual[layer + 2] : undefined) ?? io.logits;
}

/** What is left when a rewrite has made something needless. */
const needed = (graph: Graph): Graph => slice(graph, graph.nodes, graph.outputs, [], []);

/** Products that take each position by itself, and what may follow them. */
const BY_POSITION = /^(MatMul|FusedMatMul|MatMulNBits|MatMulBnb4)$/;
const POINTWISE = /^(Cast|Identity|Mul|Div|Tanh|Add)$/;

/**
 * The head's product for the last position alone: of a whole sequence the others' logits are never read. Left as it is where
 * something else looks at all positions (one scale for all of them, a reshape).
 */
function headOfLast(graph: Graph, { head, graph: whole }: Anatomy): Graph {
  const { opening, matmul } = head;
  const [reader, ...others] = graph.consumers.get(opening) ?? [];
  const product = reader?.output[0] === matmul.output[0] && BY_POSITION.test(reader?.opType ?? '');
  if (!reader || others.length > 0 || !product || rankOf(whole, opening) !== 3) return graph;
  if (!head.after.every((type) => POINTWISE.test(type))) return graph;
  const name = (part: string): string => `embedding_grid.last/${part}`;
  const last = node('Slice', [opening, name('from'), name('to'), name('axes')], [name('state')]);
  return graph.with({
    nodes: graph.nodes.flatMap((n) =>
      n === reader ? [last, edited(n, { input: n.input.map((i) => (i === opening ? name('state') : i)) })] : [n],
    ),
    initializers: [
      ...graph.initializers.values(),
      int64Tensor(name('from'), [-1]),
      int64Tensor(name('to'), [2 ** 40]),
      int64Tensor(name('axes'), [1]),
    ],
  });
}

/**
 * The model from its token ids to any of its tensors (hidden states, presents, logits), under their own names. Hidden states
 * and logits are cast to float32.
 */
export function cutStates(anatomy: Anatomy, tensors: readonly string[], presents: readonly string[]): Graph {
  const { graph } = anatomy;
  const casts = tensors.map((t) => node('Cast', [t], [stateName(t)], { to: BigInt(DataType.FLOAT) }));
  const outputs = [
    ...tensors.map((t) => valueInfo(stateName(t), DataType.FLOAT)),
    ...graph.outputs.filter((o) => presents.includes(o.name)),
  ];
  return needed(shareShapes(transposedHead(slice(graph, [...graph.nodes, ...casts], outputs, [], []))));
}

/** A place where positions of the hidden states entering a block come together under a mask. */
export interface Mixing {
  readonly block: number;
  /** Tensor behind it that all of the block passes: the first such. */
  readonly end: string;
  /** What the block is made of; blocks that are made alike use a mask alike. */
  readonly kind: string;
}

/** Where a mask is read by value: one block of every kind. */
export function mixingsUnder(anatomy: Anatomy, mask: string): Mixing[] {
  const { graph, paths, residual } = anatomy;
  const at = new Map(paths.dominators.map((d, i) => [d.tensor, i]));
  const found = new Map<string, Mixing>();
  residual.slice(0, -1).forEach((start, block) => {
    const [from, to] = [at.get(start) ?? -1, at.get(residual[block + 1] ?? '') ?? -1];
    const places = paths.dominators.slice(from + 1, to + 1);
    const first = paths.dominators[from]?.at ?? -1;
    const kind = paths.nodes
      .slice(first + 1, (places.at(-1)?.at ?? first) + 1)
      .map((n) => n.opType)
      .join();
    if (found.has(kind)) return;
    const end = places.find(
      (d, i) =>
        (i === places.length - 1 || /^(Add|Sum)$/.test(d.producer.opType)) &&
        readsBehind(graph, start, d.tensor).has(mask),
    );
    if (end) found.set(kind, { block, end: end.tensor, kind });
  });
  return [...found.values()];
}

/** Whether every block takes something over from before: else what came before cannot be left out. */
export function takesPastEverywhere({ graph, interface: io, residual }: Anatomy): boolean {
  const pasts = new Set(io.caches.map((slot) => slot.past));
  return residual.slice(1).every((end, block) => {
    const read = readsBehind(graph, residual[block] ?? '', end);
    return [...pasts].some((past) => read.has(past));
  });
}

/** Tensors whose values one depends on without passing another. */
function readsBehind(graph: Graph, start: string, end: string): Set<string> {
  const reached = new Set([end]);
  const queue = [end];
  for (let tensor = queue.pop(); tensor !== undefined; tensor = queue.pop()) {
    const n = graph.producers.get(tensor);
    for (const input of n ? valueInputs(n) : [])
      if (input !== start && !reached.has(input)) {
        reached.add(input);
        queue.push(input);
      }
  }
  return reached;
}

/**
 * From the hidden states of all positions entering a block, fed as {@link CUT.cells} [1, positions, hiddenSize], to where they
 * have come together, given in float32 under {@link stateName}.
 */
export function cutMixing(anatomy: Anatomy, { block, end }: Mixing): Graph {
  const { graph, residual } = anatomy;
  const start = residual[block] ?? '';
  const entry = enterCells(anatomy, start, { layer: block - 1, around: { prefix: false, suffix: false } }, 'positions');
  const nodes = readShapesFrom(anatomy, block - 1, start).filter((n) => !n.output.includes(start));
  const out = node('Cast', [end], [stateName(end)], { to: BigInt(DataType.FLOAT) });
  return slice(
    graph,
    [...entry.nodes, ...nodes, out],
    [valueInfo(stateName(end), DataType.FLOAT)],
    entry.initializers,
    entry.inputs,
  );
}

export const stateName = (tensor: string): string => `embedding_grid.state/${tensor}`;

interface Piece {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
}

/** From the fed vectors to the tensor that they stand in for: earlier positions put before, rank and type as it was. */
function enterCells(
  anatomy: Anatomy,
  start: string,
  cut: Pick<CellCut, 'layer' | 'around'>,
  positions: number | string = 1,
): Piece & { inputs: ValueInfoProto[] } {
  const { graph } = anatomy;
  const d = cut.layer === 'head' ? (anatomy.head.width ?? anatomy.hiddenSize) : anatomy.hiddenSize;
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const inputs = [valueInfo(CUT.cells, DataType.FLOAT, ['cells', positions, d])];
  let value: string = CUT.cells;
  const { prefix, suffix } = cut.around;
  if (prefix || suffix) {
    initializers.push(int64Tensor(`${CUT.cells}/0`, [0]), int64Tensor(`${CUT.cells}/1,1`, [1, 1]));
    nodes.push(
      node('Shape', [CUT.cells], [`${CUT.cells}/shape`]),
      node('Gather', [`${CUT.cells}/shape`, `${CUT.cells}/0`], [`${CUT.cells}/batch`]),
      node('Concat', [`${CUT.cells}/batch`, `${CUT.cells}/1,1`], [`${CUT.cells}/expand`], { axis: 0n }),
    );
    const expanded = (input: string, length: string): string => {
      inputs.push(valueInfo(input, DataType.FLOAT, [1, length, d]));
      nodes.push(node('Expand', [input, `${CUT.cells}/expand`], [`${input}/expanded`]));
      return `${input}/expanded`;
    };
    const parts = [
      ...(prefix ? [expanded(CUT.prefix, 'prefix_length')] : []),
      CUT.cells,
      ...(suffix ? [expanded(CUT.suffix, 'suffix_length')] : []),
    ];
    value = `${CUT.cells}/sequence`;
    nodes.push(node('Concat', parts, [value], { axis: 1n }));
  }
  const flat = cut.layer === 'head' ? anatomy.head.matmul.opType.includes('Gemm') : rankOf(graph, start) === 2;
  if (flat) {
    initializers.push(int64Tensor(`${CUT.cells}/rows`, [-1, d]));
    nodes.push(node('Reshape', [value, `${CUT.cells}/rows`], [`${CUT.cells}/flat`]));
    value = `${CUT.cells}/flat`;
  }
  const type = elementType(graph, start) ?? DataType.FLOAT;
  nodes.push(
    type === DataType.FLOAT ? node('Identity', [value], [start]) : node('Cast', [value], [start], { to: BigInt(type) }),
  );
  return { nodes, initializers, inputs };
}

/**
 * From logits to what is kept of them, inside the graph, so that V numbers a cell never leave it. The entropy is
 * -log p(1) - sum p (z - z(1)), which needs no ReduceLogSumExp; z is held above -200 below the top so that a masked token's
 * -infinity gives 0 and not NaN. Its logarithm is taken outside: onnxruntime's differs in the last bit between the places that
 * a cell can have in a batch.
 */
function leaveCells(
  graph: Graph,
  logits: string,
  rank: number,
  output: CellOutput,
): Piece & { outputs: ValueInfoProto[]; inputs: ValueInfoProto[] } {
  const name = (part: string): string => `embedding_grid.out/${part}`;
  const initializers: TensorProto[] = [];
  const nodes: NodeProto[] = [];
  let last = logits;
  if (rank >= 3) {
    initializers.push(int64Tensor(name('-1'), [-1], true));
    nodes.push(node('Gather', [logits, name('-1')], [name('last')], { axis: 1n }));
    last = name('last');
  }
  nodes.push(node('Cast', [last], [CUT.logits], { to: BigInt(DataType.FLOAT) }));
  if (output.kind !== 'top')
    return {
      nodes,
      initializers,
      inputs: [],
      outputs: [valueInfo(CUT.logits, DataType.FLOAT, ['cells', 'vocabulary'])],
    };
  const tail = topOfLogits(output, graph.opsets.get('') ?? 17);
  return {
    nodes: [...nodes, ...tail.nodes],
    initializers: [...initializers, ...tail.initializers],
    outputs: tail.outputs,
    inputs: tail.inputs,
  };
}

/** Softmax, top-k and what the entropy is had from, of the float32 logits [batch, vocabulary]. */
function topOfLogits(
  { k, masked, functional }: TopOutput,
  opset: number,
): Piece & { outputs: ValueInfoProto[]; inputs: ValueInfoProto[] } {
  const name = (part: string): string => `embedding_grid.out/${part}`;
  const logits = masked ? name('masked') : CUT.logits;
  const sumAxes = opset >= 13 ? [name('axes')] : [];
  const sumAttributes = opset >= 13 ? { keepdims: 0n } : { keepdims: 0n, axes: [1n] };
  const nodes = [
    ...(masked ? [node('Add', [CUT.logits, CUT.mask], [logits])] : []),
    node('Softmax', [logits], [name('p')], { axis: -1n }),
    node('TopK', [logits, name('k')], [CUT.top, name('top_ids')], { axis: -1n }),
    node('GatherElements', [name('p'), name('top_ids')], [CUT.probabilities], { axis: 1n }),
    node('Cast', [name('top_ids')], [CUT.ids], { to: BigInt(DataType.INT32) }),
    node('Slice', [CUT.top, name('from'), name('to'), name('axes')], [name('z1')]),
    node('Sub', [logits, name('z1')], [name('below')]),
    node('Max', [name('below'), name('floor')], [name('held')]),
    node('Mul', [name('p'), name('held')], [name('terms')]),
    node('ReduceSum', [name('terms'), ...sumAxes], [CUT.below], sumAttributes),
    ...(functional ? [node('MatMul', [name('held'), CUT.weights], [CUT.functional])] : []),
  ];
  return {
    nodes,
    inputs: [
      ...(masked ? [valueInfo(CUT.mask, DataType.FLOAT, [1, 'vocabulary'])] : []),
      ...(functional ? [valueInfo(CUT.weights, DataType.FLOAT, ['vocabulary', 1])] : []),
    ],
    initializers: [
      int64Tensor(name('k'), [k]),
      int64Tensor(name('axes'), [1]),
      int64Tensor(name('from'), [0]),
      int64Tensor(name('to'), [1]),
      floatScalar(name('floor'), -200),
    ],
    outputs: [
      valueInfo(CUT.ids, DataType.INT32, ['cells', k]),
      valueInfo(CUT.top, DataType.FLOAT, ['cells', k]),
      valueInfo(CUT.probabilities, DataType.FLOAT, ['cells', k]),
      valueInfo(CUT.below, DataType.FLOAT, ['cells']),
      ...(functional ? [valueInfo(CUT.functional, DataType.FLOAT, ['cells', 1])] : []),
    ],
  };
}

/** What the outputs need, and nothing else. */
function slice(
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

/** Operators whose output has the leading dimensions of their first flowing input. */
const KEEPS_LEADING =
  /^(Cast|CastLike|Identity|Dropout|Add|Sub|Mul|Div|Pow|Sqrt|Neg|MatMul|MatMulNBits|FusedMatMul|MatMulBnb4|LayerNormalization|RMSNormalization|SimplifiedLayerNormalization|Gelu|FastGelu|Sigmoid|Tanh|Erf|Relu)$/;

/**
 * Operators after the cut that ask an earlier tensor only for its shape are pointed to the cut, which has the same leading
 * dimensions; else the embedding table and the earlier blocks would be computed for their shape alone.
 */
function readShapesFrom(anatomy: Anatomy, layer: number, start: string): NodeProto[] {
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
    if (!n || depth > 50 || !KEEPS_LEADING.test(n.opType)) return false;
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

/** The head without a scale fused into it, for the bare unembedding. */
const unscaled = (n: NodeProto): NodeProto => (findAttribute(n, 'alpha') ? withAttribute(n, 'alpha', 1) : n);

/**
 * A tied head is Transpose(embedding) and a product; onnxruntime would fold the transpose into a second copy of the largest
 * weight, so the product is told to read it transposed.
 */
function transposedHead(graph: Graph): Graph {
  const nodes = graph.nodes.map((n) => {
    if (n.opType !== 'MatMul' || n.domain !== '') return n;
    const [left = '', right = ''] = n.input;
    const transpose = graph.producers.get(right);
    const source = transpose?.input[0] ?? '';
    const cast = graph.producers.get(source); // of a weight that is stored in 16 bits
    const weight = graph.initializers.get(cast?.opType === 'Cast' ? (cast.input[0] ?? '') : source);
    if (transpose?.opType !== 'Transpose' || weight?.dims.length !== 2) return n;
    if (elementType(graph, source) !== DataType.FLOAT || isConstant(graph, left)) return n;
    return node('FusedMatMul', [left, source], n.output, { transB: 1n, alpha: 1 }, MICROSOFT);
  });
  if (nodes.every((n, i) => n === graph.nodes[i])) return graph;
  const opsets = new Map(graph.opsets).set(MICROSOFT, graph.opsets.get(MICROSOFT) ?? 1);
  return needed(graph.with({ nodes, opsets }));
}

/**
 * RotaryEmbedding (opset 23) without position ids wants its tables as long as the batch, where exporters hand it tables of
 * batch 1: they are expanded, so that cells can run side by side.
 */
function rotaryForBatches(graph: Graph): Graph {
  const initializers: TensorProto[] = [];
  const nodes = graph.nodes.flatMap((n) => {
    const [x = '', cos = '', sin = '', positions = ''] = n.input;
    if (n.opType !== 'RotaryEmbedding' || n.domain !== '' || positions !== '') return [n];
    const name = (part: string): string => `${n.output[0] ?? ''}/${part}`;
    initializers.push(int64Tensor(name('0'), [0]), int64Tensor(name('1,1'), [1, 1]));
    return [
      node('Shape', [x], [name('shape')]),
      node('Gather', [name('shape'), name('0')], [name('batch')]),
      node('Concat', [name('batch'), name('1,1')], [name('expand')], { axis: 0n }),
      node('Expand', [cos, name('expand')], [name('cos')]),
      node('Expand', [sin, name('expand')], [name('sin')]),
      edited(n, { input: [x, name('cos'), name('sin')] }),
    ];
  });
  if (initializers.length === 0) return graph;
  return graph.with({ nodes, initializers: [...graph.initializers.values(), ...initializers] });
}

/** Comparisons: a mask that is computed from the ids compares them with the padding id. */
const COMPARISON = /^(Equal|Greater|Less|GreaterOrEqual|LessOrEqual|Not)$/;

/**
 * Behind the cut nothing but a padding mask may depend on the token ids: else the prediction would be a mixture of the
 * vector and of the token that stood in its place.
 */
function refuseIdsByValue(cut: Graph, anatomy: Anatomy, start: string): void {
  const ids = anatomy.interface.ids;
  if (ids === undefined || !cut.isInput(ids)) return;
  const queue = [ids];
  const seen = new Set(queue);
  const matters = reaching(
    cut,
    cut.outputs.map((o) => o.name),
  );
  for (let tensor = queue.pop(); tensor !== undefined; tensor = queue.pop()) {
    for (const n of cut.consumers.get(tensor) ?? []) {
      if (!valueInputs(n).includes(tensor) || COMPARISON.test(n.opType)) continue;
      if (n.opType.includes('Gather') && n.input[1] === tensor) {
        // The lookup itself is kept where a later shape hangs on it; only its values would matter.
        if (!matters.has(n.output[0] ?? '')) continue;
        throw unsupported(
          `The model cannot be cut at "${start}": a ${n.opType} behind it looks the token ids up again, so the residual stream does not carry everything.`,
        );
      }
      for (const output of n.output) {
        if (output !== '' && !seen.has(output)) {
          seen.add(output);
          queue.push(output);
        }
      }
    }
  }
}
