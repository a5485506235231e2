import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './proto/onnx_pb.js';
import { broken } from './source.js';
import { spend } from './work.js';

export { AttributeType };

/** Element types (onnx.proto's DataType) as plain numbers, since the fields that hold them are plain numbers. */
export const DataType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E4M3FNUZ: 18,
  FLOAT8E5M2: 19,
  FLOAT8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
  FLOAT4E2M1: 23,
  FLOAT8E8M0: 24,
  UINT2: 25,
  INT2: 26,
} as const;
export type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto };

/** Domain of onnxruntime's own operators. */
export const MICROSOFT = 'com.microsoft';

/** A graph with its look-ups, nodes in topological order. Rebuilt after every rewrite, never patched. */
export class Graph {
  private madeProducers: Map<string, NodeProto> | undefined;
  private madeConsumers: Map<string, NodeProto[]> | undefined;
  private readonly inputNames: ReadonlySet<string>;

  private constructor(
    readonly nodes: readonly NodeProto[],
    readonly initializers: ReadonlyMap<string, TensorProto>,
    readonly inputs: readonly ValueInfoProto[],
    readonly outputs: readonly ValueInfoProto[],
    /** Shapes and types that the file states for tensors on the way; may be empty. */
    readonly valueInfo: ReadonlyMap<string, ValueInfoProto>,
    readonly opsets: ReadonlyMap<string, number>,
    readonly irVersion: bigint,
  ) {
    this.inputNames = new Set(inputs.map((input) => input.name));
  }

  /** The operator that makes a tensor. Made when first asked for: most graphs of a chain of rewrites are never asked. */
  get producers(): ReadonlyMap<string, NodeProto> {
    if (this.madeProducers) return this.madeProducers;
    const producers = new Map<string, NodeProto>();
    for (const node of this.nodes) for (const output of node.output) if (output !== '') producers.set(output, node);
    return (this.madeProducers = producers);
  }

  /** The operators that read a tensor, in their order. */
  get consumers(): ReadonlyMap<string, readonly NodeProto[]> {
    if (this.madeConsumers) return this.madeConsumers;
    const consumers = new Map<string, NodeProto[]>();
    for (const node of this.nodes)
      for (const input of inputsOf(node)) {
        const list = consumers.get(input);
        if (list) list.push(node);
        else consumers.set(input, [node]);
      }
    return (this.madeConsumers = consumers);
  }

  /**
   * @throws ModelError `broken` where a tensor is produced twice, read but never produced, or depends on itself.
   */
  static of(
    parts: Pick<GraphProto, 'node' | 'input' | 'output' | 'valueInfo'> & { initializer: Iterable<TensorProto> },
    opsets: ReadonlyMap<string, number>,
    irVersion: bigint,
  ): Graph {
    const initializers = new Map([...parts.initializer].map((t) => [t.name, t]));
    const inputs = parts.input.filter((input) => !initializers.has(input.name));
    const known = new Set([...initializers.keys(), ...inputs.map((input) => input.name)]);
    const nodes = topological(parts.node, known);
    for (const output of parts.output) {
      if (!known.has(output.name)) throw broken(`The graph's output "${output.name}" is never computed.`);
    }
    const valueInfo = new Map([...parts.valueInfo, ...inputs, ...parts.output].map((info) => [info.name, info]));
    return new Graph(nodes, initializers, inputs, parts.output, valueInfo, opsets, irVersion);
  }

  /** This graph with other nodes, initializers, inputs or outputs. */
  with(changes: {
    nodes?: readonly NodeProto[];
    initializers?: Iterable<TensorProto>;
    inputs?: readonly ValueInfoProto[];
    outputs?: readonly ValueInfoProto[];
    opsets?: ReadonlyMap<string, number>;
    valueInfo?: readonly ValueInfoProto[];
  }): Graph {
    return Graph.of(
      {
        node: [...(changes.nodes ?? this.nodes)],
        initializer: changes.initializers ?? this.initializers.values(),
        input: [...(changes.inputs ?? this.inputs)],
        output: [...(changes.outputs ?? this.outputs)],
        valueInfo: [...(changes.valueInfo ?? this.valueInfo.values())],
      },
      changes.opsets ?? this.opsets,
      this.irVersion,
    );
  }

  isInput(name: string): boolean {
    return this.inputNames.has(name);
  }

  /** Serialises to a ModelProto, without the intermediate shapes (they are stale after a cut). */
  toBytes(): Uint8Array {
    return toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: this.irVersion,
        producerName: 'embedding-grid',
        opsetImport: [...this.opsets].map(([domain, version]) => ({ domain, version: BigInt(version) })),
        graph: {
          name: 'cut',
          node: [...this.nodes],
          initializer: [...this.initializers.values()],
          input: [...this.inputs],
          output: [...this.outputs],
        },
      }),
    );
  }
}

/** Decodes the structure that `readStructure` gave. @throws ModelError `broken`. */
export function decodeModel(structure: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, structure);
  } catch (error) {
    throw broken(
      `This is not an ONNX model, or it is damaged (${error instanceof Error ? error.message : String(error)}).`,
    );
  }
}

const NONE: readonly number[] = [];

function topological(nodes: readonly NodeProto[], known: Set<string>): NodeProto[] {
  const producerOf = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const output of node.output) {
      if (output === '') continue;
      if (producerOf.has(output) || known.has(output)) throw broken(`The tensor "${output}" is produced twice.`);
      producerOf.set(output, i);
    }
  });
  const isPlaced = new Uint8Array(nodes.length);
  const isOpen = new Uint8Array(nodes.length);
  /** What makes a node's inputs and is not placed yet. Nearly all nodes stand in order already: nothing is kept of those. */
  const pendingOf = (node: NodeProto): readonly number[] => {
    let pending: number[] | undefined;
    const inputs = inputsOf(node);
    spend(1 + inputs.length);
    for (const input of inputs) {
      if (known.has(input)) continue;
      const producer = producerOf.get(input);
      if (producer === undefined) throw broken(`The tensor "${input}" is read by a ${node.opType} and never produced.`);
      if (pending) pending.push(producer);
      else pending = [producer];
    }
    return pending ? [...new Set(pending)] : NONE;
  };
  const sorted: NodeProto[] = [];
  for (let start = 0; start < nodes.length; start++) {
    const stack = [start];
    for (let i = stack.at(-1); i !== undefined; i = stack.at(-1)) {
      const node = nodes[i];
      const pending = node && isPlaced[i] === 0 ? pendingOf(node) : NONE;
      if (pending.length === 0) {
        stack.pop();
        if (!node || isPlaced[i] === 1) continue;
        isPlaced[i] = 1;
        sorted.push(node);
        for (const output of node.output) known.add(output);
      } else if (isOpen[i] === 1 && pending.some((j) => isOpen[j] === 1)) {
        throw broken(`The graph has a cycle through "${node?.output[0] ?? ''}".`);
      } else {
        isOpen[i] = 1;
        for (const j of pending) stack.push(j);
      }
    }
  }
  return sorted;
}

/** Every tensor that a node reads, those that its subgraphs capture from outside included. */
export function inputsOf(node: NodeProto): readonly string[] {
  const own = node.input.includes('') ? node.input.filter((name) => name !== '') : node.input;
  if (node.attribute.length === 0) return own;
  const subgraphs = node.attribute.flatMap((a) => (a.g ? [a.g, ...a.graphs] : a.graphs));
  return subgraphs.length === 0 ? own : [...own, ...subgraphs.flatMap(capturesOf)];
}

function capturesOf(graph: GraphProto): string[] {
  const local = new Set([
    ...graph.input.map((i) => i.name),
    ...graph.initializer.map((t) => t.name),
    ...graph.node.flatMap((n) => n.output),
  ]);
  const read = [...graph.node.flatMap(inputsOf), ...graph.output.map((o) => o.name)];
  return [...new Set(read)].filter((name) => !local.has(name));
}

/** A message with some fields changed. Unset fields live on its prototype, so that spreading it would lose them. */
export function edited<T extends Message>(message: T, changes: Partial<T>): T {
  const copy: T = Object.create(Object.getPrototypeOf(message) as object | null) as T;
  return Object.assign(copy, message, changes);
}

// Small constructors, so that rewrites read like the graphs they build.

export type AttributeValue = number | bigint | string | readonly bigint[] | TensorProto;

/** An attribute: bigint is INT, number is FLOAT. */
export function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'bigint') return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: value });
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
  if (typeof value === 'string')
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  if ('dims' in value) return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: value });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: [...value] });
}

export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  domain = '',
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    domain,
    name: `embedding-grid/${output.find((o) => o !== '') ?? opType}`,
    input: [...input],
    output: [...output],
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  });
}

export const findAttribute = (n: NodeProto, name: string): AttributeProto | undefined =>
  n.attribute.find((a) => a.name === name);

/** The node with one attribute set or, with `undefined`, left out. */
export function withAttribute(n: NodeProto, name: string, value: AttributeValue | undefined): NodeProto {
  const others = n.attribute.filter((a) => a.name !== name);
  return edited(n, { attribute: value === undefined ? others : [...others, attribute(name, value)] });
}

export function int64Tensor(name: string, values: readonly number[], scalar = false): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: DataType.INT64,
    dims: scalar ? [] : [BigInt(values.length)],
    int64Data: values.map(BigInt),
  });
}

export function floatScalar(name: string, value: number): TensorProto {
  return create(TensorProtoSchema, { name, dataType: DataType.FLOAT, dims: [], floatData: [value] });
}

/** A float32 tensor with its values inline. */
export function floatTensor(name: string, dims: readonly number[], values: Float32Array): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: DataType.FLOAT,
    dims: dims.map(BigInt),
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  });
}

/** The values of a small integer tensor that stands in the graph itself. */
export function smallIntegersOf(t: TensorProto): number[] | undefined {
  if (t.externalData.length > 0) return undefined;
  if (t.int64Data.length > 0) return t.int64Data.map(Number);
  if (t.int32Data.length > 0) return [...t.int32Data];
  const view = new DataView(t.rawData.buffer, t.rawData.byteOffset, t.rawData.byteLength);
  if (t.dataType === DataType.INT64)
    return Array.from({ length: view.byteLength >> 3 }, (_, i) => Number(view.getBigInt64(i * 8, true)));
  if (t.dataType === DataType.INT32)
    return Array.from({ length: view.byteLength >> 2 }, (_, i) => view.getInt32(i * 4, true));
  return undefined;
}

/** A graph input or output; a string is a symbolic dimension, `''` an unknown one, `undefined` no shape at all. */
export function valueInfo(name: string, elemType: number, shape?: readonly (number | string)[]): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType,
          ...(shape === undefined
            ? {}
            : {
                shape: {
                  dim: shape.map((d) => ({
                    value:
                      typeof d === 'number'
                        ? { case: 'dimValue' as const, value: BigInt(d) }
                        : d === ''
                          ? { case: undefined }
                          : { case: 'dimParam' as const, value: d },
                  })),
                },
              }),
        },
      },
    },
  });
}

export const elemTypeOf = (info: ValueInfoProto | undefined): number | undefined =>
  info?.type?.value.case === 'tensorType' ? info.type.value.value.elemType : undefined;

/** A stated shape: numbers where static, names where symbolic, `''` where nothing is said; undefined without a shape. */
export function shapeOf(info: ValueInfoProto | undefined): (number | string)[] | undefined {
  if (info?.type?.value.case !== 'tensorType') return undefined;
  return info.type.value.value.shape?.dim.map((d) =>
    d.value.case === 'dimValue' ? Number(d.value.value) : d.value.case === 'dimParam' ? d.value.value : '',
  );
}
