import { constantOf, isKnown, product } from '../dimension.js';
import { DataType, findAttribute, smallIntegersOf } from '../graph.js';
import { alike, axisOf, type Operands, type Operator, type Sizes } from './operator.js';

/** Longer vectors are no shapes. */
export const LONGEST = 16;

/** Tensors that are made of sizes: shapes, counts, ranges, constants. */
export const SIZES = {
  Shape: {
    shape: (operands) => {
      const shape = operands.shape(0);
      return shape && [[constantOf(partOf(operands, shape).length)]];
    },
    type: DataType.INT64,
    integers: (operands) => {
      const shape = operands.shape(0);
      return shape && { scalar: false, values: partOf(operands, shape) };
    },
    reads: 'none',
  },
  Size: {
    shape: () => [[]],
    type: DataType.INT64,
    integers: (operands) => {
      const shape = operands.shape(0);
      const total = shape?.reduce<ReturnType<typeof product>>((a, d) => a && product(a, d), constantOf(1));
      return total && { scalar: true, values: [total] };
    },
    reads: 'none',
  },
  EyeLike: {
    shape: 'first',
    type: (n) => {
      const stated = findAttribute(n, 'dtype')?.i;
      return stated === undefined ? { input: 0 } : Number(stated);
    },
    reads: 'none',
  },
  ConstantOfShape: {
    shape: (operands) => {
      const target = operands.integers(0);
      return target && !target.scalar ? [target.values] : undefined;
    },
    type: (n) => findAttribute(n, 'value')?.t?.dataType ?? DataType.FLOAT,
    integers: (operands) => {
      const target = operands.integers(0);
      const fill = findAttribute(operands.node, 'value')?.t;
      const number = fill?.dataType === DataType.INT64 ? smallIntegersOf(fill)?.[0] : undefined;
      const [length] = target?.values ?? [];
      if (number === undefined || target?.scalar !== false || target.values.length !== 1) return undefined;
      if (!length || !isKnown(length) || length.constant > LONGEST) return undefined;
      return { scalar: false, values: Array.from({ length: length.constant }, () => constantOf(number)) };
    },
  },
  Range: { shape: () => [[undefined]] },
  OneHot: {
    // One axis more, as long as the second input says.
    shape: (operands) => {
      const [shape, depth] = [operands.shape(0), operands.integers(1)?.values[0]];
      if (!shape) return undefined;
      const axis = axisOf(operands.node, shape.length + 1, -1);
      return [[...shape.slice(0, axis), depth, ...shape.slice(axis)]];
    },
    type: { input: 2 },
  },
  NonZero: {
    shape: (operands): Sizes[] | undefined => {
      const shape = operands.shape(0);
      return shape && [[constantOf(shape.length), undefined]];
    },
    type: DataType.INT64,
  },
  // The same inputs give other outputs each time.
  ...alike(['RandomNormal', 'RandomUniform'], {
    shape: ({ node }) => [findAttribute(node, 'shape')?.ints.map((d) => constantOf(Number(d)))],
    type: (n) => Number(findAttribute(n, 'dtype')?.i ?? BigInt(DataType.FLOAT)),
    random: true,
  }),
  Multinomial: { type: (n) => Number(findAttribute(n, 'dtype')?.i ?? BigInt(DataType.INT32)), random: true },
} satisfies Record<string, Operator>;

const partOf = <T>({ node }: Operands, shape: readonly T[]): readonly T[] => {
  const [start, end] = ['start', 'end'].map((name) => findAttribute(node, name));
  return shape.slice(Number(start?.i ?? 0), end ? Number(end.i) : undefined);
};
