import { create } from '@bufbuild/protobuf';
import {
  AttributeType,
  type AttributeValue,
  DataType,
  floatScalar,
  floatTensor,
  Graph,
  int64Tensor,
  MICROSOFT,
  node,
  type NodeProto,
  type TensorProto,
  valueInfo,
  type ValueInfoProto,
} from '../../graph.js';
import { AttributeProtoSchema, type GraphProto, GraphProtoSchema } from '../../proto/onnx_pb.js';

type Attributes = Readonly<Record<string, AttributeValue>>;

const OPSET = 21;
const IR_VERSION = 10n;

/** Writes a graph, one operator after another; every method gives the name of the tensor that it makes. */
export class Writer {
  private nodes: NodeProto[] = [];
  private readonly initializers = new Map<string, TensorProto>();
  private readonly inputs: ValueInfoProto[] = [];
  private readonly outputs: ValueInfoProto[] = [];
  private count = 0;

  op(type: string, input: readonly string[], attributes: Attributes = {}, domain = ''): string {
    return this.ops(type, input, 1, attributes, domain)[0] ?? '';
  }

  ops(type: string, input: readonly string[], outputs: number, attributes: Attributes = {}, domain = ''): string[] {
    const names = Array.from({ length: outputs }, () => `t${this.count++}`);
    this.nodes.push(node(type, input, names, attributes, domain));
    return names;
  }

  /** The same tensor under a name for people. It must be the last that was made. */
  named(tensor: string, name: string): string {
    const last = this.nodes.at(-1);
    if (last?.output.length !== 1 || last.output[0] !== tensor) throw new RangeError(`"${tensor}" is not the last.`);
    last.output = [name];
    last.name = `embedding-grid/${name}`;
    return name;
  }

  initializer(tensor: TensorProto): string {
    if (!this.initializers.has(tensor.name)) this.initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  input(name: string, elemType: number, shape: readonly (number | string)[]): string {
    if (!this.inputs.some((i) => i.name === name)) this.inputs.push(valueInfo(name, elemType, shape));
    return name;
  }

  output(tensor: string, shape: readonly (number | string)[]): void {
    this.outputs.push(valueInfo(tensor, DataType.FLOAT, shape));
  }

  ints(...values: readonly number[]): string {
    return this.initializer(int64Tensor(`ints/${values.join(',')}`, values));
  }

  /** An integer without dimensions. */
  int(value: number): string {
    return this.initializer(int64Tensor(`int/${value}`, [value], true));
  }

  scalar(value: number): string {
    return this.initializer(floatScalar(`scalar/${value}`, value));
  }

  floats(name: string, dims: readonly number[], values: readonly number[]): string {
    return this.initializer(floatTensor(name, dims, Float32Array.from(values)));
  }

  add(a: string, b: string): string {
    return this.op('Add', [a, b]);
  }

  mul(a: string, b: string): string {
    return this.op('Mul', [a, b]);
  }

  cast(x: string, to: number): string {
    return this.op('Cast', [x], { to: BigInt(to) });
  }

  scaled(x: string, by: number | undefined): string {
    return by === undefined || by === 1 ? x : this.mul(x, this.scalar(by));
  }

  /** cap x tanh(x / cap) */
  capped(x: string, cap: number | undefined): string {
    return cap === undefined ? x : this.scaled(this.op('Tanh', [this.op('Div', [x, this.scalar(cap)])]), cap);
  }

  reshape(x: string, ...shape: readonly number[]): string {
    return this.op('Reshape', [x, this.ints(...shape)]);
  }

  unsqueeze(x: string, ...axes: readonly number[]): string {
    return this.op('Unsqueeze', [x, this.ints(...axes)]);
  }

  split(x: string, sizes: readonly number[], axis: number): string[] {
    return this.ops('Split', [x, this.ints(...sizes)], sizes.length, { axis: BigInt(axis) });
  }

  /** x times the transpose of a matrix that is stored [out, in]. */
  product(x: string, matrix: string): string {
    return this.op('FusedMatMul', [x, matrix], { transB: 1n, alpha: 1 }, MICROSOFT);
  }

  /** What `then` gives where the condition holds, else `otherwise`; nothing of `then` is computed or read elsewhere. */
  branch(condition: string, then: () => string, otherwise: string, shape: readonly (number | string)[]): string {
    const outside = this.nodes;
    this.nodes = [];
    const result = then();
    const inside = this.nodes;
    this.nodes = outside;
    const out = `t${this.count++}`;
    const same = `t${this.count++}`;
    const graph = (name: string, nodes: NodeProto[], output: string): GraphProto =>
      create(GraphProtoSchema, { name, node: nodes, output: [valueInfo(output, DataType.FLOAT, shape)] });
    const taken = graph(`${out}/then`, inside, result);
    const left = graph(`${out}/else`, [node('Identity', [otherwise], [same])], same);
    const chosen = node('If', [condition], [out]);
    chosen.attribute.push(
      create(AttributeProtoSchema, { name: 'then_branch', type: AttributeType.GRAPH, g: taken }),
      create(AttributeProtoSchema, { name: 'else_branch', type: AttributeType.GRAPH, g: left }),
    );
    this.nodes.push(chosen);
    return out;
  }

  graph(): Graph {
    return Graph.of(
      {
        node: this.nodes,
        initializer: this.initializers.values(),
        input: this.inputs,
        output: this.outputs,
        valueInfo: [],
      },
      new Map([
        ['', OPSET],
        [MICROSOFT, 1],
      ]),
      IR_VERSION,
    );
  }
}
