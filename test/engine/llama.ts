import {
  DataType,
  floatScalar,
  floatTensor,
  Graph,
  int64Tensor,
  node,
  type NodeProto,
  valueInfo,
} from '../../src/onnx/graph.js';
import type { TensorProto } from '../../src/onnx/graph.js';

/** Sizes of a decoder like Llama's. */
export interface LlamaSizes {
  readonly blocks: number;
  readonly hidden: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly inner: number;
  readonly vocabulary: number;
  readonly positions: number;
}

export const TINY: LlamaSizes = {
  blocks: 2,
  hidden: 16,
  heads: 4,
  keyValueHeads: 2,
  inner: 32,
  vocabulary: 64,
  positions: 32,
};

/** Llama-3.1-8B. */
export const EIGHT_BILLION: LlamaSizes = {
  blocks: 32,
  hidden: 4096,
  heads: 32,
  keyValueHeads: 8,
  inner: 14336,
  vocabulary: 128_256,
  positions: 64,
};

/** Makes the weight of a name and shape. */
export type Weights = (name: string, dims: readonly number[]) => TensorProto;

/** Seeded numbers in (-1, 1). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** Inline weights: norms around 1, matrices that keep lengths. */
export function seededWeights(seed = 1): Weights {
  const next = random(seed);
  return (name, dims) => {
    const scale = Math.sqrt(3 / (dims[0] ?? 1));
    const values = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () =>
      dims.length === 1 ? 1 + 0.2 * next() : next() * (name === 'embedding' ? 1 : scale),
    );
    return floatTensor(name, dims, values);
  };
}

/**
 * A decoder like Llama's as exporters write it: RMS norms written out, rotary positions, grouped keys and values, a gated MLP,
 * an untied head. Inputs: ids, mask, positions; output: logits. Residual tensors are `h0` (embeddings), `h1`, ...
 */
export function llama(sizes: LlamaSizes, weights: Weights): Graph {
  const { blocks, hidden, heads, keyValueHeads, inner, vocabulary, positions } = sizes;
  const size = hidden / heads;
  const half = size / 2;
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [
    floatScalar('epsilon', 1e-5),
    floatScalar('two', 2),
    floatScalar('one', 1),
    floatScalar('zero', 0),
    floatScalar('lowest', -3e38),
    floatScalar('scale', 1 / Math.sqrt(size)),
    int64Tensor('i0', [0]),
    int64Tensor('i1', [1]),
    int64Tensor('i2', [2]),
    int64Tensor('i12', [1, 2]),
    int64Tensor('s0', [0], true),
    int64Tensor('s1', [1], true),
    int64Tensor('half', [half]),
    int64Tensor('end', [2 ** 31]),
    int64Tensor('split_q', [0, 0, heads, size]),
    int64Tensor('split_kv', [0, 0, keyValueHeads, size]),
    int64Tensor('groups', [1, 1, heads / keyValueHeads, 1, 1]),
    int64Tensor('joined', [0, heads, -1, size]),
    int64Tensor('merged', [0, 0, hidden]),
    rotaryTable('cos', positions, size, Math.cos),
    rotaryTable('sin', positions, size, Math.sin),
  ];
  let count = 0;
  const op = (
    type: string,
    inputs: readonly string[],
    attributes: Parameters<typeof node>[3] = {},
    name = `t${count++}`,
  ): string => {
    nodes.push(node(type, inputs, [name], attributes));
    return name;
  };
  const weight = (name: string, ...dims: number[]): string => {
    initializers.push(weights(name, dims));
    return name;
  };
  const norm = (x: string, name: string): string => {
    const mean = op('ReduceMean', [op('Pow', [x, 'two'])], { axes: [-1n] });
    return op('Mul', [op('Div', [x, op('Sqrt', [op('Add', [mean, 'epsilon'])])]), weight(name, hidden)]);
  };

  // Mask [batch, 1, new, all]: later positions, and those that the mask leaves out.
  const length = op('Gather', [op('Shape', ['input_ids']), 's1']);
  const range = op('Range', ['s0', length, 's1']);
  const seen = op('LessOrEqual', [op('Unsqueeze', [range, 'i0']), op('Unsqueeze', [range, 'i1'])]);
  const causal = op('Where', [seen, 'zero', 'lowest']);
  const left = op('Mul', [
    op('Sub', ['one', op('Cast', ['attention_mask'], { to: BigInt(DataType.FLOAT) })]),
    'lowest',
  ]);
  const mask = op('Max', [op('Add', [causal, op('Unsqueeze', [left, 'i12'])]), 'lowest']);
  const [cos, sin] = ['cos', 'sin'].map((table) => op('Unsqueeze', [op('Gather', [table, 'position_ids']), 'i1']));
  const rotate = (x: string): string => {
    const low = op('Slice', [x, 'i0', 'half', 'i3']);
    const high = op('Slice', [x, 'half', 'end', 'i3']);
    const turned = op('Concat', [op('Neg', [high]), low], { axis: -1n });
    return op('Add', [op('Mul', [x, cos ?? '']), op('Mul', [turned, sin ?? ''])]);
  };
  initializers.push(int64Tensor('i3', [3]));
  const repeat = (x: string): string => op('Reshape', [op('Expand', [op('Unsqueeze', [x, 'i2']), 'groups']), 'joined']);

  let stream = op('Gather', [weight('embedding', vocabulary, hidden), 'input_ids'], {}, 'h0');
  for (let block = 0; block < blocks; block++) {
    const at = (name: string): string => `block${block}.${name}`;
    const project = (x: string, name: string, from: number, to: number): string =>
      op('MatMul', [x, weight(at(name), from, to)]);
    const split = (x: string, shape: string): string =>
      op('Transpose', [op('Reshape', [x, shape])], { perm: [0n, 2n, 1n, 3n] });
    const normed = norm(stream, at('norm1'));
    const q = rotate(split(project(normed, 'q', hidden, hidden), 'split_q'));
    const k = repeat(rotate(split(project(normed, 'k', hidden, keyValueHeads * size), 'split_kv')));
    const v = repeat(split(project(normed, 'v', hidden, keyValueHeads * size), 'split_kv'));
    const scores = op('Mul', [op('MatMul', [q, op('Transpose', [k], { perm: [0n, 1n, 3n, 2n] })]), 'scale']);
    const attention = op('Softmax', [op('Add', [scores, mask])], { axis: -1n });
    const mixed = op('Transpose', [op('MatMul', [attention, v])], { perm: [0n, 2n, 1n, 3n] });
    stream = op('Add', [stream, project(op('Reshape', [mixed, 'merged']), 'o', hidden, hidden)]);
    const second = norm(stream, at('norm2'));
    const gate = project(second, 'gate', hidden, inner);
    const gated = op('Mul', [op('Mul', [gate, op('Sigmoid', [gate])]), project(second, 'up', hidden, inner)]);
    stream = op('Add', [stream, project(gated, 'down', inner, hidden)], {}, `h${block + 1}`);
  }
  op('MatMul', [norm(stream, 'norm'), weight('head', hidden, vocabulary)], {}, 'logits');

  return Graph.of(
    {
      node: nodes,
      initializer: initializers,
      input: [
        valueInfo('input_ids', DataType.INT64, ['batch', 'sequence']),
        valueInfo('attention_mask', DataType.INT64, ['batch', 'total']),
        valueInfo('position_ids', DataType.INT64, ['batch', 'sequence']),
      ],
      output: [valueInfo('logits', DataType.FLOAT, ['batch', 'sequence', vocabulary])],
      valueInfo: [],
    },
    new Map([['', 17]]),
    8n,
  );
}

function rotaryTable(name: string, positions: number, size: number, of: (angle: number) => number): TensorProto {
  const values = Float32Array.from({ length: positions * size }, (_, i) => {
    const frequency = 10_000 ** ((-2 * (i % (size / 2))) / size);
    return of(Math.floor(i / size) * frequency);
  });
  return floatTensor(name, [positions, size], values);
}
