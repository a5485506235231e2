import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { attribute, DataType, node, valueInfo } from '../../src/onnx/graph.js';
import {
  AttributeProtoSchema,
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
  TensorProto_DataLocation,
} from '../../src/onnx/proto/onnx_pb.js';
import { random } from './llama.js';

/** A seeded die. */
class Die {
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = random(seed);
    for (let i = 0; i < 4; i++) this.next();
  }

  /** 0 ... n-1. */
  below(n: number): number {
    return Math.min(n - 1, Math.floor(((this.next() + 1) / 2) * n));
  }

  of<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to choose from');
    return item;
  }
}

/** The model with one to four things wrong with its bytes or its parts. The same seed gives the same bytes. */
export function mutated(bytes: Uint8Array, seed: number): Uint8Array {
  const die = new Die(seed);
  if (die.below(3) === 0) return mutatedBytes(bytes, die);
  const model = fromBinary(ModelProtoSchema, bytes);
  const count = 1 + die.below(4);
  for (let i = 0; i < count; i++) die.of(MODEL_MUTATIONS)(model, die);
  const result = toBinary(ModelProtoSchema, model);
  return die.below(8) === 0 ? mutatedBytes(result, die) : result;
}

function mutatedBytes(bytes: Uint8Array, die: Die): Uint8Array {
  let result = bytes.slice();
  const count = 1 + die.below(4);
  for (let i = 0; i < count; i++) {
    const at = die.below(result.length);
    const length = 1 + die.below(64);
    switch (die.below(6)) {
      case 0:
        result = result.slice(0, at);
        break;
      case 1: // a part moved elsewhere
        result.copyWithin(die.below(result.length), at, at + length);
        break;
      case 2: // a number as large as can be
        result.fill(0xff, at, at + 1 + die.below(9));
        break;
      case 3: // something in between
        result = Uint8Array.from([...result.subarray(0, at), ...result.subarray(0, length), ...result.subarray(at)]);
        break;
      case 4: // something left out
        result = Uint8Array.from([...result.subarray(0, at), ...result.subarray(at + length)]);
        break;
      default:
        result[at] = (result[at] ?? 0) ^ (1 << die.below(8));
    }
    if (result.length === 0) break;
  }
  return result;
}

type Mutation = (model: ModelProto, die: Die) => void;

const NUMBERS = [0n, 1n, -1n, 2n, 3n, 7n, 16n, 63n, 1n << 20n, 1n << 31n, 1n << 40n, (1n << 63n) - 1n, -(1n << 63n)];
const OPERATORS = (
  'Add Mul MatMul Gemm Softmax LayerNormalization SkipLayerNormalization SkipSimplifiedLayerNormalization Reshape Transpose ' +
  'Gather GatherND GatherBlockQuantized Shape Cast CastLike Identity Concat Slice Split Unsqueeze Squeeze Expand Where If Loop ' +
  'Constant ConstantOfShape DequantizeLinear DynamicQuantizeLinear MatMulNBits MatMulInteger GroupQueryAttention Attention ' +
  'MultiHeadAttention RotaryEmbedding Conv Einsum EyeLike Range Nonsense'
).split(' ');
const NAMES = [
  '',
  ' ',
  'logits',
  'input_ids',
  '../x',
  '\u0000',
  '"',
  'a'.repeat(5000),
  '\u202e\n',
  '__proto__',
  'constructor',
];

const graphOf = (model: ModelProto): GraphProto => (model.graph ??= create(GraphProtoSchema, { name: 'g' }));

/** Changes some node's inputs, outputs, operator or attributes. */
/** Some of the types that an attribute can state. */
const ATTRIBUTE_TYPES = [
  AttributeType.UNDEFINED,
  AttributeType.FLOAT,
  AttributeType.INT,
  AttributeType.STRING,
  AttributeType.TENSOR,
  AttributeType.GRAPH,
  AttributeType.FLOATS,
  AttributeType.INTS,
  AttributeType.SPARSE_TENSOR,
];

const onNode =
  (change: (n: NodeProto, graph: GraphProto, die: Die) => void): Mutation =>
  (model, die) => {
    const graph = graphOf(model);
    if (graph.node.length > 0) change(die.of(graph.node), graph, die);
  };

const onTensor =
  (change: (t: TensorProto, die: Die) => void): Mutation =>
  (model, die) => {
    const graph = graphOf(model);
    const inside = graph.node.flatMap((n) => n.attribute.flatMap((a) => (a.t ? [a.t] : [])));
    const all = [...graph.initializer, ...inside];
    if (all.length > 0) change(die.of(all), die);
  };

/** Some tensor's name, or a strange one. */
function anyName(graph: GraphProto, die: Die): string {
  const names = [
    ...graph.node.flatMap((n) => n.output),
    ...graph.initializer.map((t) => t.name),
    ...graph.input.map((i) => i.name),
  ];
  return die.below(6) === 0 || names.length === 0 ? die.of(NAMES) : die.of(names);
}

function nested(depth: number, die: Die): GraphProto {
  const output = [valueInfo('out', DataType.FLOAT)];
  if (depth === 0)
    return create(GraphProtoSchema, {
      name: 'leaf',
      output,
      node: [node('Identity', [die.of(['h0', 'h1', 'nowhere'])], ['out'])],
      initializer: [
        create(TensorProtoSchema, { name: 'inner', dataType: 1, dims: [600n], rawData: new Uint8Array(2400) }),
      ],
    });
  const branch = node('If', ['condition'], ['out']);
  const inner = nested(depth - 1, die);
  branch.attribute.push(graphAttribute('then_branch', inner), graphAttribute('else_branch', inner));
  return create(GraphProtoSchema, { name: 'level', output, node: [branch] });
}

const graphAttribute = (name: string, g: GraphProto): AttributeProto =>
  create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });

const MODEL_MUTATIONS: readonly Mutation[] = [
  // Sizes and types of weights.
  onTensor((t, die) => {
    if (t.dims.length > 0) t.dims[die.below(t.dims.length)] = die.of(NUMBERS);
    else t.dims.push(die.of(NUMBERS));
  }),
  onTensor((t, die) => {
    t.dims = Array.from({ length: die.of([0, 1, 2, 3, 17, 5000]) }, () => die.of(NUMBERS));
  }),
  onTensor((t, die) => (t.dataType = die.of([0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 14, 16, 17, 22, 23, 99, -1]))),
  onTensor((t, die) => (t.rawData = t.rawData.slice(0, die.below(t.rawData.length + 1)))),
  onTensor((t, die) => {
    t.dataLocation = TensorProto_DataLocation.EXTERNAL;
    t.externalData = ['location', 'offset', 'length', 'checksum'].slice(0, die.below(5)).map((key) => ({
      $typeName: 'onnx.StringStringEntryProto',
      key,
      value: die.of([
        '',
        'model.onnx',
        '../model.onnx',
        '/dev/zero',
        '0',
        '-1',
        '1e3',
        '99999999999999999999',
        '4096',
        'NaN',
      ]),
    }));
  }),
  onTensor((t, die) => (t.floatData = Array.from({ length: die.below(200) }, () => NaN))),
  onTensor((t, die) => (t.int64Data = Array.from({ length: die.below(8) }, () => die.of(NUMBERS)))),
  // Wiring.
  onNode((n, graph, die) => {
    const i = die.below(n.input.length + 1);
    n.input[i] = anyName(graph, die);
  }),
  onNode((n, graph, die) => {
    const i = die.below(n.output.length + 1);
    n.output[i] = anyName(graph, die);
  }),
  onNode((n, _graph, die) => {
    (die.below(2) === 0 ? n.input : n.output).pop();
  }),
  onNode((n, graph, die) => (n.input = Array.from({ length: die.of([0, 1, 3, 9, 2000]) }, () => anyName(graph, die)))),
  onNode((n, graph) => void graph.node.splice(graph.node.indexOf(n), 1)),
  onNode((n, graph, die) => void graph.node.splice(die.below(graph.node.length), 0, n)),
  onNode((n, graph, die) => {
    const other = die.of(graph.node);
    [n.input, other.input] = [other.input, n.input];
  }),
  (model, die) => {
    const graph = graphOf(model);
    graph.node = graph.node.slice(die.below(graph.node.length + 1));
  },
  (model) => void graphOf(model).node.reverse(),
  // Operators.
  onNode((n, _graph, die) => (n.opType = die.of(OPERATORS))),
  onNode((n, _graph, die) => (n.domain = die.of(['', 'ai.onnx', 'com.microsoft', 'nowhere', 'pkg']))),
  onNode((n, _graph, die) => {
    const a = n.attribute[die.below(Math.max(1, n.attribute.length))];
    if (!a) return;
    a.i = die.of(NUMBERS);
    a.f = die.of([0, NaN, Infinity, -1, 1e-30]);
    a.ints = Array.from({ length: die.of([0, 1, 2, 4, 100]) }, () => die.of(NUMBERS));
    if (die.below(3) === 0) a.type = die.of(ATTRIBUTE_TYPES);
    if (die.below(3) === 0) a.name = die.of(['axis', 'perm', 'to', 'alpha', 'K', 'N', 'bits', 'end', 'value', '']);
  }),
  onNode((n, _graph, die) => {
    n.attribute.push(attribute(die.of(['K', 'N', 'transB', 'transA', 'alpha', 'end', 'to', 'perm']), die.of(NUMBERS)));
  }),
  onNode((n) => (n.attribute = [])),
  // Inputs, outputs, stated shapes.
  (model, die) => {
    const graph = graphOf(model);
    const infos = [...graph.input, ...graph.output, ...graph.valueInfo];
    if (infos.length === 0) return;
    const info = die.of(infos);
    const shape = Array.from({ length: die.of([0, 1, 2, 3, 4, 5, 40]) }, () =>
      die.below(2) === 0 ? Number(die.of(NUMBERS)) : die.of(['batch', 'seq', 'past', '']),
    );
    const { type } = valueInfo(
      '',
      die.of([0, 1, 6, 7, 9, 10, 16]),
      shape.map((d) => (typeof d === 'number' ? Math.trunc(d % 2 ** 52) : d)),
    );
    if (type) info.type = type;
  },
  (model, die) => {
    const graph = graphOf(model);
    const infos = [...graph.input, ...graph.output];
    if (infos.length > 0) die.of(infos).name = anyName(graph, die);
  },
  (model, die) => {
    const graph = graphOf(model);
    graph.input.push(
      valueInfo(die.of(['past.0', 'encoder', 'pixels', 'token_type', 'mask']), die.of([1, 7, 9, 10]), [
        1,
        die.of([3, 2 ** 40]),
        'x',
        4,
      ]),
    );
  },
  (model, die) => void graphOf(model).input.splice(die.below(4), 1),
  (model, die) => void graphOf(model).output.splice(die.below(2), 1),
  (model, die) => {
    const graph = graphOf(model);
    graph.output.push(valueInfo(anyName(graph, die), 1));
  },
  // Versions.
  (model, die) => {
    for (const o of model.opsetImport) o.version = die.of([0n, 1n, 6n, 11n, 12n, 13n, 23n, 99n, -1n, 1n << 62n]);
  },
  (model) => (model.opsetImport = []),
  (model, die) => (model.irVersion = die.of([0n, 3n, 8n, 99n, -1n])),
  // Functions, branches, depth.
  onNode((n) => {
    n.opType = 'F';
    n.domain = 'pkg';
  }),
  (model, die) => {
    const inputs = ['x', 'y'];
    const calls = Array.from({ length: 1 + die.below(3) }, (_, i) =>
      node(die.of(['F', 'G', 'Add']), inputs, [i === 0 ? 'z' : `z${i}`], {}, die.of(['pkg', ''])),
    );
    for (const name of ['F', 'G'])
      model.functions.push(
        create(FunctionProtoSchema, {
          name,
          domain: 'pkg',
          input: inputs,
          output: ['z'],
          node: calls,
          attribute: ['alpha'],
        }),
      );
    model.opsetImport.push({ $typeName: 'onnx.OperatorSetIdProto', domain: 'pkg', version: 1n });
  },
  (model, die) => {
    const graph = graphOf(model);
    const deep = nested(die.of([0, 1, 3, 7]), die);
    graph.input.push(valueInfo('condition', DataType.BOOL, []));
    const branch = node('If', [die.of(['condition', 'seen'])], [`if${graph.node.length}`]);
    branch.attribute.push(graphAttribute('then_branch', deep), graphAttribute(die.of(['else_branch', 'other']), deep));
    graph.node.splice(die.below(graph.node.length + 1), 0, branch);
    const reader = graph.node[die.below(graph.node.length)];
    if (reader && reader !== branch && die.below(2) === 0) reader.input.push(`if${graph.node.length - 1}`);
  },
  onNode((n, graph, die) => {
    // The operator wrapped into an If that captures everything.
    const outputs = n.output.map((o) => valueInfo(o, 1));
    const body = create(GraphProtoSchema, { name: 'body', node: [n], output: outputs });
    const branch = node('If', ['condition'], n.output);
    branch.attribute.push(graphAttribute('then_branch', body), graphAttribute('else_branch', body));
    graph.node[graph.node.indexOf(n)] = branch;
    if (die.below(2) === 0) graph.input.push(valueInfo('condition', DataType.BOOL, []));
  }),
];
