import { constantOf, type Dimension, isKnown, product, quotient, sameSize, sum } from '../dimension.js';
import { DataType, findAttribute } from '../graph.js';
import { broadcast } from './broadcast.js';
import { alike, axisOf, type Integers, isSet, type Operands, type Operator, type Sizes } from './operator.js';

/** The same numbers in other places: reshaped, joined, cut, looked up. */
export const LAYOUT = {
  Reshape: {
    shape: (operands) => [reshaped(operands)],
    integers: (operands) => {
      const [first, to] = [operands.integers(0), operands.integers(1)];
      if (!first || to?.scalar !== false || to.values.length > 1) return undefined;
      const [length] = to.values;
      if (!length) return first.values.length === 1 ? { ...first, scalar: true } : undefined;
      const fits = isKnown(length) && (length.constant === -1 || length.constant === first.values.length);
      return fits ? { ...first, scalar: false } : undefined;
    },
    passes: ['attention', 'scores', 'values', 'ids'],
  },
  Flatten: {
    shape: (operands) => {
      const shape = operands.shape(0);
      if (!shape) return undefined;
      const axis = axisOf(operands.node, shape.length, 1);
      const all = (sizes: readonly Dimension[]): Dimension | undefined =>
        sizes.reduce<Dimension | undefined>((total, d) => total && product(total, d), constantOf(1));
      return [[all(shape.slice(0, axis)), all(shape.slice(axis))]];
    },
    passes: ['attention', 'ids'],
  },
  Transpose: {
    shape: (operands) => {
      const shape = operands.shape(0);
      const order = findAttribute(operands.node, 'perm')?.ints.map(Number);
      return shape && [order ? order.map((axis) => shape[axis]) : [...shape].reverse()];
    },
    passes: ['attention', 'values'],
  },
  Unsqueeze: {
    shape: (operands) => {
      const [shape, axes] = [operands.shape(0), operands.numbers(1, 'axes')];
      if (!shape || !axes) return undefined;
      const rank = shape.length + axes.length;
      const inserted = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
      let next = 0;
      return [Array.from({ length: rank }, (_, i) => (inserted.has(i) ? constantOf(1) : shape[next++]))];
    },
    integers: (operands) => {
      const first = operands.integers(0);
      return first?.scalar === true && operands.numbers(1, 'axes')?.length === 1
        ? { ...first, scalar: false }
        : undefined;
    },
    passes: ['attention', 'values', 'ids'],
  },
  Squeeze: {
    shape: (operands) => {
      const shape = operands.shape(0);
      if (!shape) return undefined;
      const axes = operands.numbers(1, 'axes')?.map((axis) => (axis < 0 ? axis + shape.length : axis));
      if (axes) return [shape.filter((_, i) => !axes.includes(i))];
      // All axes of length 1 go, where all lengths are known.
      const all = (operands.node.input[1] ?? '') === '' && shape.every(isKnown);
      return all ? [shape.filter((d) => d.constant !== 1)] : undefined;
    },
    integers: (operands) => {
      const first = operands.integers(0);
      return first?.values.length === 1 && !first.scalar ? { ...first, scalar: true } : undefined;
    },
    passes: ['attention', 'values', 'ids'],
  },
  Expand: {
    shape: (operands) => {
      const [shape, target] = [operands.shape(0), operands.integers(1)];
      return shape && target && !target.scalar ? [broadcast(shape, target.values)] : undefined;
    },
    passes: ['attention', 'values'],
  },
  Tile: {
    shape: (operands) => {
      const [shape, repeats] = [operands.shape(0), operands.integers(1)?.values];
      return shape && repeats ? [shape.map((d, i) => product(d, repeats[i] ?? constantOf(1)))] : undefined;
    },
    passes: ['attention'],
  },
  Pad: {
    // Only some axes are padded: pads, [before, behind] of each.
    shape: (operands) => {
      const [shape, pads] = [operands.shape(0), operands.integers(1)];
      if (!shape) return undefined;
      const given = operands.node.input[3] ?? '';
      const axes = given === '' ? shape.map((_, i) => i) : operands.numbers(3, 'axes');
      if (!pads || !axes || pads.values.length !== 2 * axes.length) return [shape.map(() => undefined)];
      const padded: (Dimension | undefined)[] = [...shape];
      axes.forEach((axis, i) => {
        const at = axis < 0 ? axis + shape.length : axis;
        const [size, before, behind] = [padded[at], pads.values[i], pads.values[i + axes.length]];
        const both = before && behind && sum(before, behind);
        padded[at] = size && both && sum(size, both);
      });
      return [padded];
    },
    passes: ['attention'],
  },
  Concat: {
    shape: (operands) => {
      const shapes = operands.node.input.map((_, i) => operands.shape(i));
      return shapes.every((s) => s !== undefined) ? [joined(operands, shapes)] : undefined;
    },
    integers: (operands) => {
      const parts = operands.node.input.map((_, i) => operands.integers(i));
      return parts.every((part) => part?.scalar === false)
        ? { scalar: false, values: parts.flatMap((part) => part?.values ?? []) }
        : undefined;
    },
    passes: ['attention'],
  },
  Slice: {
    shape: (operands) => {
      const shape = operands.shape(0);
      return shape && [sliced(operands, shape)];
    },
    integers: (operands) => {
      const first = operands.integers(0);
      if (!first || first.scalar) return undefined;
      const [starts, ends, steps] = [
        operands.numbers(1, 'starts'),
        operands.numbers(2, 'ends'),
        operands.numbers(4, 'steps'),
      ];
      if (starts?.length !== 1 || ends?.length !== 1) return undefined;
      if ((operands.node.input[4] ?? '') !== '' && steps?.[0] !== 1) return undefined;
      return { scalar: false, values: first.values.slice(starts[0], ends[0]) };
    },
    passes: ['attention', 'values'],
  },
  Split: {
    shape: (operands) => {
      const shape = operands.shape(0);
      return shape && parts(operands, shape);
    },
    passes: ['values'],
  },
  Gather: {
    shape: (operands) => {
      const [shape, index] = [operands.shape(0), operands.shape(1)];
      const axis = axisOf(operands.node, shape?.length ?? 0, 0);
      return shape && index ? [[...shape.slice(0, axis), ...index, ...shape.slice(axis + 1)]] : undefined;
    },
    integers: (operands): Integers | undefined => {
      const [first, index] = [operands.integers(0), operands.integers(1)];
      if (!first || first.scalar || !index?.values.every(isKnown)) return undefined;
      const values = index.values.map(({ constant }) => first.values.at(constant));
      return values.every((d) => d !== undefined) ? { scalar: index.scalar, values } : undefined;
    },
    role: 'lookup',
    passes: ['attention'],
    lasting: true,
  },
  GatherND: {
    shape: (operands) => {
      const [shape, index] = [operands.shape(0), operands.shape(1)];
      const last = index?.at(-1);
      const batch = Number(findAttribute(operands.node, 'batch_dims')?.i ?? 0n);
      return shape && index && last && isKnown(last)
        ? [[...index.slice(0, -1), ...shape.slice(batch + last.constant)]]
        : undefined;
    },
    role: 'lookup',
  },
  GatherElements: {
    shape: (operands) => {
      const index = operands.shape(1);
      return index && [index];
    },
  },
  ...alike(['ScatterElements', 'ScatterND', 'TensorScatter', 'ReverseSequence'], { shape: 'first' }),
  TopK: {
    shape: (operands) => {
      const [shape, k] = [operands.shape(0), operands.integers(1)?.values[0]];
      const axis = axisOf(operands.node, shape?.length ?? 0, -1);
      const sizes = shape?.map((d, i) => (i === axis ? k : d));
      return sizes && [sizes, sizes];
    },
    type: (_, output) => (output === 1 ? DataType.INT64 : { input: 0 }),
  },
} satisfies Record<string, Operator>;

/** 0 copies a dimension, -1 takes what is left. */
function reshaped(operands: Operands): Sizes | undefined {
  const [from, target] = [operands.shape(0), operands.integers(1)];
  if (!target || target.scalar || isSet(operands.node, 'allowzero')) {
    // How many sizes there are is known where their vector's own length is.
    const [rank] = operands.shape(1) ?? [];
    return rank && isKnown(rank) && rank.constant <= 16
      ? Array.from({ length: rank.constant }, () => undefined)
      : undefined;
  }
  const copied = target.values.map((d, i) => (isKnown(d) && d.constant === 0 ? from?.[i] : d));
  const rest = copied.findIndex((d) => d !== undefined && isKnown(d) && d.constant === -1);
  if (rest < 0) return copied;
  copied[rest] = undefined;
  if (!from) return copied;
  // What is left: the product of all that is there, divided by what is asked for.
  const names = [...from];
  let divisor = 1;
  for (const [i, d] of copied.entries()) {
    if (i === rest) continue;
    if (!d) return copied;
    const at = names.findIndex((other) => sameSize(other, d));
    if (at >= 0) names.splice(at, 1);
    else if (isKnown(d)) divisor *= d.constant;
    else return copied;
  }
  let left: Dimension | undefined = constantOf(1);
  for (const d of names) left = left && product(left, d);
  copied[rest] = left && quotient(left, constantOf(divisor));
  return copied;
}

function joined({ node }: Operands, shapes: readonly (readonly Dimension[])[]): Sizes {
  const [first = []] = shapes;
  const axis = axisOf(node, first.length, 0);
  return first.map((d, i) => {
    const sizes = shapes.map((shape) => shape[i]);
    if (i === axis)
      return sizes.reduce<Dimension | undefined>((total, size) => total && size && sum(total, size), constantOf(0));
    return sizes.find((size) => size && isKnown(size)) ?? d;
  });
}

function sliced(operands: Operands, shape: readonly Dimension[]): Sizes {
  const [starts, ends] = [operands.numbers(1, 'starts'), operands.numbers(2, 'ends')];
  const absent = (input: number): boolean => (operands.node.input[input] ?? '') === '';
  const axes = operands.numbers(3, 'axes') ?? (absent(3) ? shape.map((_, i) => i) : undefined);
  const steps = operands.numbers(4, 'steps') ?? (absent(4) ? [] : undefined);
  const out: (Dimension | undefined)[] = [...shape];
  if (!axes) return shape.map(() => undefined);
  axes.slice(0, starts?.length ?? axes.length).forEach((axis, i) => {
    const at = axis < 0 ? axis + shape.length : axis;
    const size = shape[at];
    const [start, end] = [starts?.[i], ends?.[i]];
    out[at] = undefined;
    if (!size || !isKnown(size) || start === undefined || end === undefined || !steps || (steps[i] ?? 1) !== 1) return;
    const place = (to: number): number => Math.min(size.constant, Math.max(0, to < 0 ? to + size.constant : to));
    out[at] = constantOf(Math.max(0, place(end) - place(start)));
  });
  return out;
}

function parts(operands: Operands, shape: readonly Dimension[]): Sizes[] {
  const { node } = operands;
  const axis = axisOf(node, shape.length, 0);
  const sizes = operands.numbers(1, 'split');
  const whole = shape[axis];
  // Without sizes the parts are as equal as they can be: certain only where it goes up.
  const equal = node.input.length < 2 && whole ? quotient(whole, constantOf(node.output.length)) : undefined;
  return node.output.map((_, part) =>
    shape.map((d, i) => {
      if (i !== axis) return d;
      const size = sizes?.[part];
      return size === undefined ? equal : constantOf(size);
    }),
  );
}
