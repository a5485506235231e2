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
 * A bfloat16 graph for devices that compute in float32 only: weights stay bfloat16 in their file and are widened (exactly)
 * when they are read; what the graph casts to bfloat16 it keeps in float32.
 */
export function widenBfloat16(graph: Graph): Graph {
  const isNarrow = (type: number | undefined): boolean => type === DataType.BFLOAT16;
  const weights = [...graph.initializers.values()].filter((t) => isNarrow(t.dataType));
  const inputs = graph.inputs.some((i) => isNarrow(elemTypeOf(i)));
  const casts = graph.nodes.some((n) => n.attribute.some((a) => a.name === 'to' && a.i === BigInt(DataType.BFLOAT16)));
  if (weights.length === 0 && !inputs && !casts) return graph;
  // Weights that are widened already where they are used, rows of a table behind their lookup.
  const readers = weights.flatMap((t) => graph.consumers.get(t.name) ?? []);
  if (!inputs && !casts && readers.every((n) => /^(Cast|Gather|If)$/.test(n.opType))) return graph;
  const narrowName = (name: string): string => `${name}/bfloat16`;
  const initializers = [...graph.initializers.values()].map((t) =>
    isNarrow(t.dataType) ? edited(t, { name: narrowName(t.name) }) : t,
  );
  const casting = weights.map((t) => node('Cast', [narrowName(t.name)], [t.name], { to: BigInt(DataType.FLOAT) }));
  return graph.with({
    nodes: [...casting, ...graph.nodes.map(widenNode)],
    initializers,
    inputs: graph.inputs.map(widenInfo),
    outputs: graph.outputs.map(widenInfo),
    valueInfo: [],
  });
}

const widenInfo = (info: ValueInfoProto): ValueInfoProto =>
  elemTypeOf(info) === DataType.BFLOAT16 ? valueInfo(info.name, DataType.FLOAT, shapeOf(info)) : info;

function widenNode(n: NodeProto): NodeProto {
  return edited(n, {
    attribute: n.attribute.map((a) => {
      const isType = a.type === AttributeType.INT && a.i === BigInt(DataType.BFLOAT16);
      if (isType && (a.name === 'to' || a.name === 'dtype' || a.name === 'output_dtype'))
        return edited(a, { i: BigInt(DataType.FLOAT) });
      return a.t?.dataType === DataType.BFLOAT16 ? edited(a, { t: widenTensor(a.t) }) : a;
    }),
  });
}

/** A small inline tensor; bfloat16 is the upper half of float32. */
function widenTensor(t: TensorProto): TensorProto {
  const halves =
    t.rawData.length > 0
      ? Array.from(
          { length: t.rawData.length / 2 },
          (_, i) => (t.rawData[2 * i] ?? 0) | ((t.rawData[2 * i + 1] ?? 0) << 8),
        )
      : t.int32Data;
  const values = new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  return create(TensorProtoSchema, {
    name: t.name,
    dims: t.dims,
    dataType: DataType.FLOAT,
    floatData: [...values],
  });
}
