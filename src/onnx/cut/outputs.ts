import {
  DataType,
  floatScalar,
  floatTensor,
  type Graph,
  int64Tensor,
  node,
  type NodeProto,
  type TensorProto,
  valueInfo,
  type ValueInfoProto,
} from '../graph.js';
import type { CellOutput, TopOutput } from './cellCut.js';
import type { Piece } from './entry.js';
import { CUT } from './names.js';

/**
 * From logits to what is kept of them, inside the graph, so that V numbers a cell never leave it. The entropy is
 * -log p(1) - sum p (z - z(1)), which needs no ReduceLogSumExp; z is held above -200 below the top so that a masked token's
 * -infinity gives 0 and not NaN. Its logarithm is taken outside: onnxruntime's differs in the last bit between the places that
 * a cell can have in a batch.
 */
export function leaveCells(
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
  { k, masked, functional, shares = false, ranked = false, tiesOf }: TopOutput,
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
    ...(shares ? [node('MatMul', [name('p'), CUT.members], [CUT.shares])] : []),
    ...(ranked
      ? [
          node('Greater', [name('held'), CUT.functional], [name('is_above')]),
          node('Cast', [name('is_above')], [name('counted')], { to: BigInt(DataType.FLOAT) }),
          node('ReduceSum', [name('counted'), ...sumAxes], [CUT.above], sumAttributes),
        ]
      : []),
    ...(tiesOf === undefined
      ? []
      : [
          node('Slice', [CUT.top, name('from_kth'), name('to_kth'), name('axes')], [name('kth')]),
          node('Less', [logits, name('kth')], [name('is_below')]),
          node('Where', [name('is_below'), name('none'), name('from_the_end')], [name('candidates')]),
          node('TopK', [name('candidates'), name('k')], [CUT.notBelow, name('candidate_ids')], { axis: -1n }),
        ]),
  ];
  return {
    nodes,
    inputs: [
      ...(masked ? [valueInfo(CUT.mask, DataType.FLOAT, [1, 'vocabulary'])] : []),
      ...(functional ? [valueInfo(CUT.weights, DataType.FLOAT, ['vocabulary', 'functionals'])] : []),
      ...(shares ? [valueInfo(CUT.members, DataType.FLOAT, ['vocabulary', 'sets'])] : []),
    ],
    initializers: [
      int64Tensor(name('k'), [k]),
      int64Tensor(name('axes'), [1]),
      int64Tensor(name('from'), [0]),
      int64Tensor(name('to'), [1]),
      floatScalar(name('floor'), -200),
      ...(tiesOf === undefined
        ? []
        : [
            int64Tensor(name('from_kth'), [k - 1]),
            int64Tensor(name('to_kth'), [k]),
            floatScalar(name('none'), 0),
            floatTensor(
              name('from_the_end'),
              [1, tiesOf],
              Float32Array.from({ length: tiesOf }, (_, id) => tiesOf - id),
            ),
          ]),
    ],
    outputs: [
      valueInfo(CUT.ids, DataType.INT32, ['cells', k]),
      valueInfo(CUT.top, DataType.FLOAT, ['cells', k]),
      ...(tiesOf === undefined ? [] : [valueInfo(CUT.notBelow, DataType.FLOAT, ['cells', k])]),
      valueInfo(CUT.probabilities, DataType.FLOAT, ['cells', k]),
      valueInfo(CUT.below, DataType.FLOAT, ['cells']),
      ...(functional ? [valueInfo(CUT.functional, DataType.FLOAT, ['cells', 'functionals'])] : []),
      ...(shares ? [valueInfo(CUT.shares, DataType.FLOAT, ['cells', 'sets'])] : []),
      ...(ranked ? [valueInfo(CUT.above, DataType.FLOAT, ['cells'])] : []),
    ],
  };
}
