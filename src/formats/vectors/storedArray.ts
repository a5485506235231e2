import { type Bytes, viewOf } from './bytes.js';
import { type NumberType, numbersOf } from './numberTypes.js';

/** An array of a file. Its last dimension is a vector's; the others count vectors. */
export interface StoredArray {
  readonly shape: readonly number[];
  /** Type of its numbers, for people. */
  readonly type: string;
  /** Why its vectors cannot be taken, "it holds text". */
  readonly refusal?: string;
  /** The numbers of a column are neighbors, those of a row are not: what goes through all of them goes by columns. */
  readonly byColumn?: true;
  /** The numbers of a vector, [width] of {@link vectorsOf}; `row` is checked by the caller. */
  read(row: number): Promise<ArrayLike<number>>;
  /** One number of each vector, [count]; `column` is checked by the caller. */
  readColumn(column: number): Promise<ArrayLike<number>>;
  /**
   * Vectors that follow one another or, `byColumn`, columns: one after another. That there are so many, and that memory has room for
   * them, is checked by the caller.
   */
  readMany(first: number, many: number): Promise<ArrayLike<number>>;
}

/** Numbers that a vector may have: 2^20, more than any model's hidden states. */
const MAX_WIDTH = 2 ** 20;

/** An array that is there, but of no use. */
export const refused = (shape: readonly number[], type: string, refusal: string): StoredArray => ({
  shape,
  type,
  refusal,
  read: () => Promise.reject(new Error(refusal)),
  readColumn: () => Promise.reject(new Error(refusal)),
  readMany: () => Promise.reject(new Error(refusal)),
});

/** How many vectors an array holds and how long they are. Dimensions of 1 say nothing: [1, d] and [d, 1] are one vector. */
export function vectorsOf(shape: readonly number[]): { readonly count: number; readonly width: number } {
  const real = shape.filter((size) => size !== 1);
  const width = real.at(-1) ?? 1;
  return { count: real.slice(0, -1).reduce((product, size) => product * size, 1), width };
}

/** What is wrong with a shape as a file states it. */
export function shapeRefusal(shape: readonly number[]): string | undefined {
  const { count, width } = vectorsOf(shape);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(count * width))
    return 'its shape makes no sense';
  if (count * width === 0) return 'it is empty';
  if (width > MAX_WIDTH) return `its vectors have more than ${MAX_WIDTH} numbers`;
  return undefined;
}

/** The array of numbers that lie one after another in bytes. `offset`: of the first. `fortran`: the first index runs fastest. */
export function numbersIn(
  bytes: Bytes,
  shape: readonly number[],
  type: NumberType,
  { offset, little, fortran }: { readonly offset: number; readonly little: boolean; readonly fortran: boolean },
): StoredArray {
  const refusal = shapeRefusal(shape);
  if (refusal !== undefined) return refused(shape, type.name, refusal);
  const { count: rows, width } = vectorsOf(shape);
  const isMatrix = shape.filter((size) => size !== 1).length <= 2;
  const byColumn = fortran && isMatrix && rows > 1;
  const together = async (first: number, many: number): Promise<ArrayLike<number>> =>
    numbersOf(type, await bytes.read(offset + first * type.size, many * type.size), little);
  const numbersAt = async (first: number, step: number, many: number): Promise<Float64Array> => {
    const numbers = new Float64Array(many);
    // What lies between the numbers is read as well, a piece at a time, unless that is far more than they are.
    const inPiece = step * type.size > FAR_APART ? 1 : Math.max(1, Math.floor(PIECE / (step * type.size)));
    for (let from = 0; from < many; from += inPiece) {
      const count = Math.min(inPiece, many - from);
      const start = offset + (first + from * step) * type.size;
      const view = viewOf(await bytes.read(start, ((count - 1) * step + 1) * type.size));
      for (let i = 0; i < count; i++) numbers[from + i] = type.get(view, i * step * type.size, little);
    }
    return numbers;
  };
  const read = (row: number): Promise<ArrayLike<number>> => {
    if (!fortran) return together(row * width, width);
    const { first, step } = fortranPlace(shape, row);
    return numbersAt(first, step, width);
  };
  return {
    shape,
    type: type.name,
    ...(byColumn ? { byColumn } : {}),
    read,
    async readColumn(column) {
      if (!fortran) return numbersAt(column, width, rows);
      // A column of a matrix lies together where the first index runs fastest; of more dimensions each vector is somewhere.
      if (isMatrix) return together(column * rows, rows);
      const numbers = new Float64Array(rows);
      for (let row = 0; row < rows; row++) {
        const { first, step } = fortranPlace(shape, row);
        numbers.set(await together(first + column * step, 1), row);
      }
      return numbers;
    },
    async readMany(first, many) {
      const length = byColumn ? rows : width;
      if (!fortran || isMatrix) return together(first * length, many * length);
      const numbers = new Float64Array(many * length);
      for (let i = 0; i < many; i++) numbers.set(await read(first + i), i * length);
      return numbers;
    },
  };
}

const PIECE = 2 ** 20;
/** Bytes from one number to the next beyond which each is read alone. */
const FAR_APART = 2 ** 12;

/** Where a vector's numbers lie when the first index runs fastest. Vectors are counted with the last index fastest. */
function fortranPlace(shape: readonly number[], row: number): { first: number; step: number } {
  const real = shape.filter((size) => size !== 1).slice(0, -1);
  const strides = real.map((_, axis) => real.slice(0, axis).reduce((product, size) => product * size, 1));
  let first = 0;
  let rest = row;
  for (let axis = real.length - 1; axis >= 0; axis--) {
    const size = real[axis] ?? 1;
    first += (rest % size) * (strides[axis] ?? 1);
    rest = Math.floor(rest / size);
  }
  return { first, step: real.reduce((product, size) => product * size, 1) };
}
