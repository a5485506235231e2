import { constantOf, type Dimension, isKnown, sameSize } from '../dimension.js';
import type { Integers, Operands, Sizes } from './operator.js';

/** The shape that two are broadcast to. */
export function broadcast(a: Sizes, b: Sizes): Sizes {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a.length - rank + i < 0 ? constantOf(1) : a[a.length - rank + i];
    const y = b.length - rank + i < 0 ? constantOf(1) : b[b.length - rank + i];
    if (!x || !y) return undefined;
    if (sameSize(x, y)) return x;
    if (isKnown(x)) return x.constant === 1 ? y : x;
    return isKnown(y) ? (y.constant === 1 ? x : y) : undefined;
  });
}

/** Two operands' whole numbers, one for each of the result. */
export function pairOf(operands: Operands): [Integers, Integers] | undefined {
  const [a, b] = [operands.integers(0), operands.integers(1)];
  if (!a || !b) return undefined;
  const length = Math.max(a.values.length, b.values.length);
  const scalar = a.scalar && b.scalar;
  const [x, y] = [repeated(a, length), repeated(b, length)];
  return x && y
    ? [
        { scalar, values: x },
        { scalar, values: y },
      ]
    : undefined;
}

function repeated({ values }: Integers, length: number): readonly Dimension[] | undefined {
  const [only] = values;
  if (values.length === length) return values;
  return values.length === 1 && only ? Array.from({ length }, () => only) : undefined;
}

/** Whole numbers that are combined one by one. */
export const combined =
  (combine: (a: Dimension, b: Dimension) => Dimension | undefined) =>
  (operands: Operands): Integers | undefined => {
    const [a, b] = pairOf(operands) ?? [];
    const values = a?.values.map((x, i) => combine(x, b?.values[i] ?? constantOf(0)));
    return a && values?.every((d) => d !== undefined) === true ? { scalar: a.scalar, values } : undefined;
  };
