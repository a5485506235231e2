import { constantOf } from '../dimension.js';
import { DataType, findAttribute } from '../graph.js';
import { alike, axisOf, type Operands, type Operator, type ShapeRule, type Sizes } from './operator.js';

/** Means and deviations over some axes, and what is divided by them. */
const reduced: ShapeRule = (operands) => {
  const shape = operands.shape(0);
  return shape && [over(operands, shape)];
};

function over(operands: Operands, shape: NonNullable<ReturnType<Operands['shape']>>): Sizes | undefined {
  const { node } = operands;
  const axes = operands.numbers(1, 'axes')?.map((axis) => (axis < 0 ? axis + shape.length : axis));
  if (!axes || axes.length === 0) return undefined;
  const kept = findAttribute(node, 'keepdims')?.i !== 0n;
  return shape.flatMap((d, i) => (axes.includes(i) ? (kept ? [constantOf(1)] : []) : [d]));
}

/** The place of the largest or smallest number along one axis. */
const place: ShapeRule = (operands) => {
  const sizes = operands.shape(0);
  const axis = axisOf(operands.node, sizes?.length ?? 0, 0);
  const kept = findAttribute(operands.node, 'keepdims')?.i !== 0n;
  return sizes && [sizes.flatMap((d, i) => (i === axis ? (kept ? [constantOf(1)] : []) : [d]))];
};

export const NORMS = {
  ...alike(
    ['LayerNormalization', 'SimplifiedLayerNormalization', 'RMSNormalization', 'GroupNormalization', 'LpNormalization'],
    { shape: 'first', role: 'norm' },
  ),
  ...alike(
    [
      'ReduceMean',
      'ReduceSum',
      'ReduceMax',
      'ReduceMin',
      'ReduceProd',
      'ReduceSumSquare',
      'ReduceL2',
      'ReduceLogSumExp',
    ],
    {
      shape: reduced,
    },
  ),
  ...alike(['ArgMax', 'ArgMin'], { shape: place, type: DataType.INT64 }),
} satisfies Record<string, Operator>;
