import { create } from '@bufbuild/protobuf';
import { TensorProtoSchema } from './proto/onnx_pb.js';
import {
  AttributeType,
  DataType,
  edited,
  elemTypeOf,
  type Graph,
  node,
  type NodeProto,
  shapeOf,
  type TensorProto,
  valueInfo,
  type ValueInfoProto,
} from './graph.js';

/**
 * A graph of 16 bits for devices that compute in float32 only: weights stay as they are in their files and are widened
 * (exactly) when they are read; what the graph casts to such a type it keeps in float32.
 * @param types DataType numbers of what is widened
 */
export function widenHalf(graph: Graph, types: readonly number[]): Graph {
  const isNarrow = (type: number | undefined): boolean => type !== undefined && types.includes(type);
  const weights = [...graph.initializers.values()].filter((t) => isNarrow(t.dataType));
  const inputs = graph.inputs.some((i) => isNarrow(elemTypeOf(i)));
  const casts = graph.nodes.some((n) => n.attribute.some((a) => a.name === 'to' && isNarrow(Number(a.i))));
  if (weights.length === 0 && !inputs && !casts) return graph;
  // Weights that are widened already where they are used, rows of a table behind their lookup.
  const readers = weights.flatMap((t) => graph.consumers.get(t.name) ?? []);
  if (!inputs && !casts && readers.every((n) => /^(Cast|Gather|If)$/.test(n.opType))) return graph;
  const narrowName = (name: string): string => `${name}/16`;
  const initializers = [...graph.initializers.values()].map((t) =>
    isNarrow(t.dataType) ? edited(t, { name: narrowName(t.name) }) : t,
  );
  const casting = weights.map((t) => node('Cast', [narrowName(t.name)], [t.name], { to: BigInt(DataType.FLOAT) }));
  return graph.with({
    nodes: [...casting, ...graph.nodes.map((n) => widenNode(n, isNarrow))],
    initializers,
    inputs: graph.inputs.map((i) => widenInfo(i, isNarrow)),
    outputs: graph.outputs.map((o) => widenInfo(o, isNarrow)),
    valueInfo: [],
  });
}

type IsNarrow = (type: number | undefined) => boolean;

const widenInfo = (info: ValueInfoProto, isNarrow: IsNarrow): ValueInfoProto =>
  isNarrow(elemTypeOf(info)) ? valueInfo(info.name, DataType.FLOAT, shapeOf(info)) : info;

function widenNode(n: NodeProto, isNarrow: IsNarrow): NodeProto {
  return edited(n, {
    attribute: n.attribute.map((a) => {
      const isType = a.type === AttributeType.INT && isNarrow(Number(a.i));
      if (isType && (a.name === 'to' || a.name === 'dtype' || a.name === 'output_dtype'))
        return edited(a, { i: BigInt(DataType.FLOAT) });
      return a.t && isNarrow(a.t.dataType) ? edited(a, { t: widenTensor(a.t) }) : a;
    }),
  });
}

/** A small inline tensor. */
function widenTensor(t: TensorProto): TensorProto {
  const halves =
    t.rawData.length > 0
      ? Array.from(
          { length: t.rawData.length / 2 },
          (_, i) => (t.rawData[2 * i] ?? 0) | ((t.rawData[2 * i + 1] ?? 0) << 8),
        )
      : t.int32Data;
  const widen = t.dataType === DataType.BFLOAT16 ? fromBfloat16 : fromFloat16;
  return create(TensorProtoSchema, {
    name: t.name,
    dims: t.dims,
    dataType: DataType.FLOAT,
    floatData: halves.map(widen),
  });
}

const word = new Uint32Array(1);
const asFloat = new Float32Array(word.buffer);

/** bfloat16 is the upper half of float32. */
export function fromBfloat16(half: number): number {
  word[0] = half << 16;
  return asFloat[0] ?? 0;
}

export function fromFloat16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
