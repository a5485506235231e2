import type { Anatomy } from '../anatomy.js';
import {
  DataType,
  int64Tensor,
  node,
  type NodeProto,
  type TensorProto,
  valueInfo,
  type ValueInfoProto,
} from '../graph.js';
import { elementType, rankOf } from '../inference.js';
import type { CellCut } from './cellCut.js';
import { CUT } from './names.js';

export interface Piece {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
}

/** From the fed vectors to the tensor that they stand in for: earlier positions put before, rank and type as it was. */
export function enterCells(
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
