import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { Session, Tensor } from '../../src/engine/session.js';
import type { Dimension } from '../../src/onnx/dimension.js';
import {
  type AttributeValue,
  DataType,
  edited,
  floatTensor,
  Graph,
  int64Tensor,
  MICROSOFT,
  node,
  type TensorProto,
  valueInfo,
} from '../../src/onnx/graph.js';
import { elementType, isConstant } from '../../src/onnx/inference.js';
import { OPERATORS } from '../../src/onnx/operators/table.js';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../../src/onnx/proto/onnx_pb.js';
import { axisOfRun, Shapes } from '../../src/onnx/shapes.js';

/**
 * What the table says of an operator, beside what onnxruntime makes of a tiny graph with it: shapes, types, whole numbers, and
 * whether it gives the same twice. No entry without an example.
 */

/** An input of a run, all of whose sizes are free; or a constant; or the sizes of a free input, [3, 4]; or one that is left out. */
type Input =
  | { readonly free: readonly number[]; readonly type: number; readonly value: (i: number) => number }
  | { readonly constant: (name: string) => TensorProto }
  | 'sizes'
  | 'none';

interface Example {
  readonly inputs: readonly Input[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly graphs?: Readonly<Record<string, GraphProto>>;
  readonly domain?: string;
  readonly opset?: number;
  /** By default one. */
  readonly outputs?: number;
  /** Sizes may be told; where this is set, how many sizes there are is all that is certain. */
  readonly untold?: true;
}

const free = (
  dims: readonly number[],
  type: number = DataType.FLOAT,
  value = (i: number): number => Math.sin(i + 1) / 2,
): Input => ({
  free: dims,
  type,
  value:
    type === DataType.FLOAT
      ? value
      : type === DataType.BOOL
        ? (i) => i % 2
        : (i) => (value === wave ? i % 3 : value(i)),
});
const wave = (i: number): number => i % 3;
const whole = (dims: readonly number[], type: number = DataType.INT64): Input => free(dims, type, wave);
const integers = (values: readonly number[], scalar = false): Input => ({
  constant: (name) => int64Tensor(name, values, scalar),
});
const floats = (dims: readonly number[], value = (i: number): number => Math.cos(i) / 2): Input => ({
  constant: (name) =>
    floatTensor(
      name,
      dims,
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
    ),
});
const bytes = (dims: readonly number[], type: number, value = (i: number): number => i % 5): Input => ({
  constant: (name) =>
    create(TensorProtoSchema, {
      name,
      dims: dims.map(BigInt),
      dataType: type,
      rawData: Uint8Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
    }),
});
const words = (values: readonly number[]): Input => ({
  constant: (name) =>
    create(TensorProtoSchema, {
      name,
      dims: [BigInt(values.length)],
      dataType: DataType.INT32,
      int32Data: [...values],
    }),
});

const x = free([3, 4]);
const one = (attributes?: Example['attributes']): Example => ({ inputs: [x], ...(attributes && { attributes }) });
const two = (a: Input, b: Input): Example[] => [{ inputs: [a, b] }];
const pair = two(free([2, 3, 4]), floats([3, 1]));
const arithmetic: Example[] = [
  ...pair,
  { inputs: ['sizes', integers([1])] },
  { inputs: [integers([12, 6]), integers([2], true)] },
];
const truths = two(
  free([2, 3], DataType.BOOL),
  bytes([3], DataType.BOOL, (i) => i % 2),
);
const own = { domain: MICROSOFT };
const graph = (parts: Parameters<typeof create<typeof GraphProtoSchema>>[1]): GraphProto =>
  create(GraphProtoSchema, parts);
const scale = floats([], () => 0.1);
const zero = (type: number): Input => bytes([], type, () => 3);
const u8 = DataType.UINT8;
const quantized = (dims: readonly number[]): Input => free(dims, u8, wave);
const f = DataType.FLOAT;

const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  ...Object.fromEntries(
    (
      'Abs Acos Asin Atan Ceil Celu Cos Elu Erf Exp Floor HardSigmoid HardSwish LeakyRelu Log Mish Reciprocal Relu Round Selu Sigmoid ' +
      'Sign Sin Softplus Softsign Sqrt Swish ThresholdedRelu Softmax LogSoftmax Hardmax Neg Tanh Clip Trilu Identity IsNaN IsInf ' +
      'Transpose Flatten Shape Size NonZero ArgMax ArgMin LpNormalization Gelu RandomNormalLike RandomUniformLike EyeLike DynamicQuantizeLinear'
    )
      .split(' ')
      .map((name) => [name, [one()]]),
  ),
  ...Object.fromEntries(['FastGelu', 'QuickGelu'].map((name) => [name, [{ ...one(), ...own }]])),
  Identity: [one(), { inputs: ['sizes'] }],
  CumSum: [{ inputs: [x, integers([1], true)] }],
  Cast: [one({ to: 11n }), { inputs: ['sizes'], attributes: { to: 7n } }],
  CastLike: two(x, whole([2])),
  Dropout: [{ inputs: [x], outputs: 2 }],
  Add: arithmetic,
  Sub: arithmetic,
  Mul: arithmetic,
  Div: arithmetic,
  ...Object.fromEntries(
    ['Max', 'Min', 'Mean', 'Sum', 'Pow', 'PRelu', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual'].map((n) => [
      n,
      pair,
    ]),
  ),
  Equal: [...pair, ...two('sizes', integers([3, -1]))],
  Mod: [{ inputs: [free([2, 3, 4]), floats([3, 1], () => 2)], attributes: { fmod: 1n } }],
  BitwiseAnd: two(whole([2, 3]), integers([1, 2, 3])),
  BitwiseOr: two(whole([2, 3]), integers([1, 2, 3])),
  And: truths,
  Or: truths,
  Xor: truths,
  Not: [{ inputs: [free([2, 3], DataType.BOOL)] }],
  Where: [{ inputs: [bytes([3, 1], DataType.BOOL, (i) => i % 2), free([3, 4]), floats([4])] }],
  Bernoulli: [{ inputs: [free([8, 8], f, () => 0.5)], attributes: { dtype: 9n }, opset: 15 }],

  Reshape: [
    { inputs: [x, integers([0, 0, -1])] },
    { inputs: [free([2, 3, 4]), integers([-1, 4])], untold: true },
    { inputs: ['sizes', integers([-1])] },
  ],
  Unsqueeze: [{ inputs: [x, integers([0, -1])] }],
  Squeeze: [{ inputs: [free([1, 3, 1]), integers([0, -1])] }, { inputs: [floats([1, 3, 1])] }],
  Expand: [{ inputs: [free([3, 1]), integers([2, 1, 5])] }],
  Tile: [{ inputs: [x, integers([2, 1])] }],
  Pad: [{ inputs: [x, integers([1, 0, 2, 3])] }, { inputs: [x, integers([1, 2]), 'none', integers([-1])] }],
  Concat: [
    { inputs: [x, free([3, 4])], attributes: { axis: -1n } },
    { inputs: ['sizes', integers([7])], attributes: { axis: 0n } },
  ],
  Slice: [
    { inputs: [floats([3, 4]), integers([1]), integers([-1]), integers([-1])] },
    { inputs: [x, integers([0]), integers([2]), integers([1])], untold: true },
    { inputs: ['sizes', integers([1]), integers([9]), integers([0])] },
  ],
  Split: [
    { inputs: [x, integers([1, 3])], attributes: { axis: 1n }, outputs: 2 },
    { inputs: [floats([3, 4])], attributes: { axis: -1n, num_outputs: 2n }, outputs: 2 },
  ],
  Gather: [
    { inputs: [x, whole([2, 5])] },
    { inputs: [x, whole([2])], attributes: { axis: -1n } },
    { inputs: ['sizes', integers([1], true)] },
    { inputs: ['sizes', integers([-1, 0])] },
  ],
  GatherND: [
    { inputs: [free([3, 4, 5]), integers([1, 0])] },
    {
      inputs: [free([2, 3, 4]), { constant: (name) => edited(int64Tensor(name, [0, 1]), { dims: [2n, 1n] }) }],
      attributes: { batch_dims: 1n },
    },
  ],
  GatherElements: [{ inputs: [x, whole([3, 2])], attributes: { axis: 1n } }],
  ScatterElements: [{ inputs: [x, whole([3, 1]), free([3, 1])] }],
  ScatterND: [
    { inputs: [x, { constant: (name) => edited(int64Tensor(name, [1]), { dims: [1n, 1n] }) }, free([1, 4])] },
  ],
  TensorScatter: [{ inputs: [free([2, 5, 4]), free([2, 1, 4]), integers([1, 2])] }],
  ReverseSequence: [{ inputs: [x, integers([1, 2, 3, 1])] }],
  TopK: [{ inputs: [x, integers([2])], outputs: 2 }],

  LayerNormalization: [{ inputs: [x, floats([4]), floats([4])] }],
  SimplifiedLayerNormalization: [{ inputs: [x, floats([4])] }],
  RMSNormalization: [{ inputs: [x, floats([4])] }],
  GroupNormalization: [{ inputs: [free([2, 4, 3]), floats([4]), floats([4])], attributes: { num_groups: 2n } }],
  ...Object.fromEntries(
    [
      'ReduceMean',
      'ReduceSum',
      'ReduceMax',
      'ReduceMin',
      'ReduceProd',
      'ReduceSumSquare',
      'ReduceL2',
      'ReduceLogSumExp',
    ].map((name) => [
      name,
      [{ inputs: [x, integers([-1])] }, { inputs: [x, integers([0])], attributes: { keepdims: 0n } }],
    ]),
  ),
  ArgMax: [one({ axis: 1n, keepdims: 0n }), one()],

  Shape: [one(), one({ start: -1n })],
  Size: [one(), { inputs: [floats([3, 5])] }],
  ConstantOfShape: [
    { inputs: ['sizes'], attributes: { value: edited(int64Tensor('v', [7]), { name: 'v' }) } },
    { inputs: [integers([3])], attributes: { value: int64Tensor('v', [7]) } },
    { inputs: [integers([2, 2])] },
  ],
  Range: [{ inputs: [integers([0], true), integers([5], true), integers([1], true)], untold: true }],
  OneHot: [{ inputs: [whole([2, 3]), integers([5]), floats([2])] }],
  NonZero: [{ inputs: [x], untold: true }],
  RandomNormal: [{ inputs: [], attributes: { shape: [3n, 4n] }, opset: 15 }],
  RandomUniform: [{ inputs: [], attributes: { shape: [3n, 4n] }, opset: 15 }],
  RandomNormalLike: [{ ...one(), opset: 15 }],
  RandomUniformLike: [{ ...one(), opset: 15 }],
  Multinomial: [{ inputs: [free([4, 64], f, () => 0)], attributes: { sample_size: 16n }, untold: true, opset: 15 }],

  MatMul: [{ inputs: [free([2, 3, 4]), floats([4, 5])] }, { inputs: [free([2, 3, 4]), floats([2, 4, 5])] }],
  FusedMatMul: [{ inputs: [free([2, 3, 4]), floats([5, 4])], attributes: { transB: 1n }, ...own }],
  TransposeMatMul: [{ inputs: [free([2, 3, 4]), floats([5, 4])], attributes: { transB: 1n }, ...own }],
  Gemm: [
    { inputs: [x, floats([5, 4])], attributes: { transB: 1n } },
    { inputs: [free([4, 3]), floats([4, 5])], attributes: { transA: 1n } },
  ],
  FusedGemm: [{ inputs: [x, floats([4, 5]), floats([5])], attributes: { activation: 'Relu' }, ...own }],
  MatMulNBits: [
    {
      inputs: [free([2, 3, 32]), bytes([5, 1, 16], u8), floats([5, 1])],
      attributes: { K: 32n, N: 5n, bits: 4n, block_size: 32n },
      ...own,
    },
  ],
  MatMulBnb4: [
    {
      inputs: [free([2, 3, 32]), bytes([80], u8), floats([5])],
      attributes: { K: 32n, N: 5n, block_size: 32n, quant_type: 1n },
      ...own,
    },
  ],
  MatMulInteger: [{ inputs: [quantized([2, 3, 4]), bytes([4, 5], u8)] }],
  MatMulInteger16: [{ inputs: [free([3, 4], DataType.INT16, wave), free([4, 5], DataType.INT16, wave)], ...own }],
  MatMulIntegerToFloat: [{ inputs: [quantized([3, 4]), bytes([4, 5], u8), scale, scale], ...own }],
  DynamicQuantizeMatMul: [{ inputs: [x, bytes([4, 5], u8), scale], ...own }],
  QLinearMatMul: [
    { inputs: [quantized([3, 4]), scale, zero(u8), bytes([4, 5], u8), scale, zero(u8), scale, zero(u8)] },
  ],
  QGemm: [
    { inputs: [quantized([3, 4]), scale, zero(u8), bytes([4, 5], u8), scale, zero(u8)], ...own },
    {
      inputs: [quantized([3, 4]), scale, zero(u8), bytes([4, 5], u8), scale, zero(u8), 'none', scale, zero(u8)],
      ...own,
    },
  ],
  Einsum: [{ inputs: [free([2, 3, 4]), free([2, 5, 4])], attributes: { equation: 'bid,bjd->bij' } }],

  DequantizeLinear: [{ inputs: [quantized([3, 4]), scale, zero(u8)] }],
  QuantizeLinear: [{ inputs: [x, scale] }, { inputs: [x, scale, zero(DataType.INT8)] }],
  DynamicQuantizeLinear: [{ inputs: [x], outputs: 3 }],
  GatherBlockQuantized: [
    {
      inputs: [bytes([6, 16], u8), whole([2, 3]), floats([6, 1])],
      attributes: { block_size: 32n, bits: 4n, gather_axis: 0n, quantize_axis: 1n },
      ...own,
      untold: true,
    },
  ],
  EmbedLayerNormalization: [
    {
      inputs: [
        free([2, 3], DataType.INT32, wave),
        'none',
        floats([6, 4]),
        floats([8, 4]),
        'none',
        floats([4]),
        floats([4]),
      ],
      ...own,
      outputs: 2,
    },
  ],

  Attention: [
    { inputs: [free([1, 2, 3, 4]), free([1, 2, 3, 4]), free([1, 2, 3, 4])] },
    { inputs: [free([2, 3, 4]), floats([4, 12]), floats([12])], attributes: { num_heads: 2n }, ...own },
  ],
  MultiHeadAttention: [
    { inputs: [free([2, 3, 4]), free([2, 3, 4]), free([2, 3, 4])], attributes: { num_heads: 2n }, ...own },
  ],
  GroupQueryAttention: [
    {
      inputs: [
        free([1, 3, 32]),
        free([1, 3, 16]),
        free([1, 3, 16]),
        'none',
        'none',
        words([2]),
        { constant: (name) => create(TensorProtoSchema, { name, dims: [], dataType: DataType.INT32, int32Data: [3] }) },
      ],
      attributes: { num_heads: 2n, kv_num_heads: 1n },
      ...own,
      outputs: 3,
    },
  ],
  DecoderMaskedMultiHeadAttention: [
    { inputs: [free([2, 1, 4]), free([2, 1, 4]), free([2, 1, 4])], attributes: { num_heads: 2n }, ...own },
  ],
  QAttention: [
    {
      inputs: [quantized([2, 3, 4]), bytes([4, 12], u8), floats([12]), scale, scale, 'none', zero(u8), zero(u8)],
      attributes: { num_heads: 2n },
      ...own,
    },
  ],
  Conv: [{ inputs: [free([1, 4, 6]), floats([4, 1, 3])], attributes: { group: 4n }, untold: true }],
  ConvInteger: [{ inputs: [quantized([1, 1, 6]), bytes([1, 1, 3], u8)], untold: true }],
  LSTM: [
    {
      inputs: [free([3, 2, 4]), floats([1, 8, 4]), floats([1, 8, 2])],
      attributes: { hidden_size: 2n },
      outputs: 3,
      untold: true,
    },
  ],
  GRU: [
    {
      inputs: [free([3, 2, 4]), floats([1, 6, 4]), floats([1, 6, 2])],
      attributes: { hidden_size: 2n },
      outputs: 2,
      untold: true,
    },
  ],
  DynamicQuantizeLSTM: [
    {
      inputs: [
        free([3, 2, 4]),
        bytes([1, 4, 8], u8),
        bytes([1, 2, 8], u8),
        'none',
        'none',
        'none',
        'none',
        'none',
        floats([1], () => 0.1),
        bytes([1], u8),
        floats([1], () => 0.1),
        bytes([1], u8),
      ],
      attributes: { hidden_size: 2n },
      ...own,
      untold: true,
    },
  ],
  CausalConvWithState: [
    { inputs: [free([2, 4, 5]), floats([4, 1, 3]), floats([4]), free([2, 4, 2])], outputs: 2, ...own },
  ],
  LinearAttention: [
    {
      inputs: [free([2, 5, 6]), free([2, 5, 6]), free([2, 5, 4]), free([2, 2, 3, 2]), free([2, 5, 2])],
      attributes: { q_num_heads: 2n, kv_num_heads: 2n, update_rule: 'gated', scale: 1 },
      outputs: 2,
      ...own,
    },
  ],
  Scan: [
    {
      inputs: [x],
      attributes: { num_scan_inputs: 1n },
      graphs: {
        body: graph({
          name: 'body',
          node: [node('Neg', ['row'], ['negated'])],
          input: [valueInfo('row', f)],
          output: [valueInfo('negated', f)],
        }),
      },
    },
  ],
  Loop: [
    {
      inputs: [integers([2], true), 'none', x],
      graphs: {
        body: graph({
          name: 'body',
          node: [node('Identity', ['going'], ['goes']), node('Neg', ['state'], ['negated'])],
          input: [valueInfo('i', 7, []), valueInfo('going', 9, []), valueInfo('state', f)],
          output: [valueInfo('goes', 9, []), valueInfo('negated', f)],
        }),
      },
    },
  ],
  If: [
    {
      inputs: [free([], DataType.BOOL)],
      graphs: Object.fromEntries(
        ['then_branch', 'else_branch'].map((name) => [
          name,
          graph({
            name,
            node: [node('ConstantOfShape', [], [`${name}/y`])].slice(1),
            initializer: [floatTensor(`${name}/y`, [2], Float32Array.of(1, 2))],
            output: [valueInfo(`${name}/y`, f)],
          }),
        ]),
      ),
    },
  ],
  RotaryEmbedding: [{ inputs: [free([2, 3, 5, 4]), floats([2, 5, 2]), floats([2, 5, 2])] }],
};

/** Operators that onnxruntime has for graphics processors alone, or no longer: nothing is told of their shapes. */
const ELSEWHERE =
  'MatMulFpQ4 DecoderMaskedSelfAttention PagedAttention PackedAttention PackedMultiHeadAttention DecoderAttention LongformerAttention SparseAttention';

describe('operators', () => {
  for (const [name, entry] of Object.entries(OPERATORS))
    test(name, async () => {
      const examples = EXAMPLES[name] ?? [];
      if (ELSEWHERE.split(' ').includes(name)) {
        assert.equal(entry.shape, undefined, 'a rule that nothing proves');
        return;
      }
      assert.ok(examples.length > 0, 'no example');
      for (const example of examples) await compare(name, example);
      assert.ok(
        entry.shape === undefined || examples.some(({ untold }) => !untold) || UNTOLD.has(name),
        'no size is compared',
      );
    });

  test('every example is of an entry', () => {
    for (const name of Object.keys(EXAMPLES)) assert.ok(name in OPERATORS, name);
  });
});

/** Entries of which no size is ever told. */
const UNTOLD = new Set(['Range', 'NonZero', 'LSTM', 'GRU', 'DynamicQuantizeLSTM', 'GatherBlockQuantized']);

async function compare(name: string, example: Example): Promise<void> {
  const { graph: tiny, feeds } = graphOf(name, example);
  const session = await Session.create(tiny, { folder: '' }, { provider: 'cpu', prepack: false, optimize: false });
  const results = await session.run(feeds);
  const again = await session.run(feeds);
  await session.release();
  const known = new Shapes(tiny);
  const size = (d: Dimension): number =>
    [...d.terms].reduce((total, [of, times]) => {
      const [tensor, axis] = axisOfRun(of);
      const dims = (feeds[tensor] ?? results[tensor])?.dims;
      return total + times * (dims?.[axis] ?? NaN);
    }, d.constant);
  tiny.outputs.forEach(({ name: output }) => {
    const result = results[output];
    assert.ok(result);
    assert.equal(TYPES[result.type], elementType(tiny, output), `${output}: type`);
    const shape = known.of(output);
    if (shape) {
      assert.deepEqual(shape.map(size), [...result.dims], `${output}: shape`);
      if (!example.untold) {
        const told = shape.every((d) => [...d.terms.keys()].every((of) => axisOfRun(of)[0] !== output));
        assert.ok(told, `${output}: a size is not told`);
      }
    } else
      assert.ok(
        output !== 'y0' ||
          OPERATORS[name]?.shape === undefined ||
          OPERATORS[name].role === 'recurrence' ||
          name === 'If',
        'no shape',
      );
    const values = known.integers.get(output);
    if (values) {
      assert.ok(result.data instanceof BigInt64Array, 'whole numbers');
      assert.deepEqual(values.values.map(size), Array.from(result.data, Number), `${output}: whole numbers`);
      assert.equal(values.scalar, result.dims.length === 0);
    }
    const truth = known.truths.get(output);
    if (truth) assert.deepEqual(truth.map(Number), Array.from(result.data as Uint8Array, Number));
  });
  if (
    OPERATORS[name]?.integers &&
    example.inputs.every((input) => input === 'sizes' || (typeof input === 'object' && 'constant' in input)) &&
    example.inputs.includes('sizes')
  )
    assert.ok(known.integers.has('y0') || name === 'ConstantOfShape' || name === 'Shape', 'whole numbers are not told');
  // What folds gives the same twice.
  const random = OPERATORS[name]?.random === true;
  const numbersOf = ({ y0 }: typeof results): number[] => Array.from(y0?.data as Float32Array, Number);
  const same = isDeepStrictEqual(numbersOf(results), numbersOf(again));
  assert.equal(same, !random, random ? 'the same twice' : 'another time other numbers');
  if (random) assert.equal(isConstant(tiny, 'y0'), false);
}

function graphOf(name: string, example: Example): { graph: Graph; feeds: Record<string, Tensor> } {
  const { inputs, attributes = {}, graphs = {}, domain = '', outputs = 1, opset = 24 } = example;
  const initializers: TensorProto[] = [];
  const infos = [valueInfo('sized', f, ['a', 'b'])];
  const feeds: Record<string, Tensor> = { sized: tensor(f, [3, 4], () => 0) };
  const names = inputs.map((input, i) => {
    const at = `x${i}`;
    if (input === 'none') return '';
    if (input === 'sizes') return 'sizes';
    if ('constant' in input) initializers.push(input.constant(at));
    else {
      // Sizes of weights' axes are the graph's, all others only a run's.
      infos.push(
        valueInfo(
          at,
          input.type,
          input.free.map((_, axis) => `d${i}_${axis}`),
        ),
      );
      feeds[at] = tensor(input.type, input.free, input.value);
    }
    return at;
  });
  while (names.at(-1) === '') names.pop();
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const operator = node(name, names, results, attributes, domain);
  const inner = Object.entries(graphs).map(([key, g]) =>
    create(AttributeProtoSchema, { name: key, type: AttributeProto_AttributeType.GRAPH, g }),
  );
  const tiny = Graph.of(
    {
      node: [node('Shape', ['sized'], ['sizes']), edited(operator, { attribute: [...operator.attribute, ...inner] })],
      input: infos,
      output: results.map((output) => create(ValueInfoProtoSchema, { name: output })),
      valueInfo: [],
      initializer: initializers,
    },
    new Map([
      ['', opset],
      [MICROSOFT, 1],
    ]),
    10n,
  );
  return { graph: tiny, feeds };
}

const TYPES: Readonly<Record<string, number>> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  int64: DataType.INT64,
  int32: DataType.INT32,
  int16: DataType.INT16,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  bool: DataType.BOOL,
};

function tensor(type: number, dims: readonly number[], value: (i: number) => number): Tensor {
  const numbers = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => value(i));
  switch (type) {
    case DataType.INT64:
      return new Tensor('int64', BigInt64Array.from(numbers, BigInt), dims);
    case DataType.INT32:
      return new Tensor('int32', Int32Array.from(numbers), dims);
    case DataType.INT16:
      return new Tensor('int16', Int16Array.from(numbers), dims);
    case DataType.UINT8:
      return new Tensor('uint8', Uint8Array.from(numbers), dims);
    case DataType.BOOL:
      return new Tensor('bool', Uint8Array.from(numbers), dims);
    default:
      return new Tensor('float32', Float32Array.from(numbers), dims);
  }
}
