import { broken } from '../../source.js';
import { CHUNK, type PackedTensor, type ReadBytes } from '../packedTensor.js';
import {
  bytesOfFloat,
  checkFloats,
  checkMatrix,
  decodeFloats,
  E4M3FN,
  type Named,
  readIntegers,
  refuseStrangeNumbers,
  refuseStrangeScales,
  sizes,
} from './numbers.js';

/** What a code of some bits is, before it is scaled. */
export interface Codes {
  readonly bits: 2 | 4 | 8;
  /** As people call it. */
  readonly type: string;
  /** By the code, without a sign. */
  readonly values: Float32Array;
}

export const FP8: Codes = { bits: 8, type: 'FP8', values: E4M3FN };
/** A byte with a sign. */
export const INT8: Codes = { bits: 8, type: 'int8', values: Float32Array.from(new Int8Array(256).map((_, i) => i)) };
/** Codes that stand for numbers around 0, the lowest first. */
export const offsetCodes = (bits: 2 | 4 | 8): Codes => ({
  bits,
  type: `int${bits}`,
  values: Float32Array.from({ length: 2 ** bits }, (_, i) => i - 2 ** (bits - 1)),
});

/** A tensor [..., rows, columns] of codes, row by row, a row padded to whole words where they are packed in such. */
export interface RowWise {
  readonly name: string;
  readonly shape: readonly number[];
  readonly codes: Codes;
  readonly stored: Named;
  /** Whether rows begin at words of 32 bits. */
  readonly words: boolean;
  /** [..., rows / block, columns / block], rounded up. */
  readonly scale: Named;
  /** Rows and columns that have one scale. */
  readonly block: readonly [rows: number, columns: number];
  /** What the codes' numbers are counted from, one for each scale; packed ones stand below each other in a word. */
  readonly zeros?: { readonly stored: Named; readonly packed: boolean } | undefined;
  /** [columns] int32: which scale of its row each column has. */
  readonly groups?: Named | undefined;
}

/** @throws ModelError naming the tensor whose shape does not fit. */
export function rowWise(own: RowWise): PackedTensor {
  const { name, shape, codes, stored, words, scale, block, zeros, groups } = own;
  const [rows = 0, columns = 0] = shape.slice(-2);
  checkMatrix(name, rows, columns);
  const matrices = shape.slice(0, -2).reduce((product, d) => product * d, 1);
  const across = Math.ceil(columns / block[1]);
  const down = Math.ceil(rows / block[0]);
  checkFloats(scale);
  const rowBytes = words ? 4 * Math.ceil((columns * codes.bits) / 32) : (columns * codes.bits) / 8;
  if (groups && (groups.dtype !== 'I32' || sizes(groups.shape) !== sizes([columns])))
    throw broken(`"${groups.name}" is ${groups.dtype}, ${sizes(groups.shape)}, for ${columns} columns.`);
  const scaleBytes = bytesOfFloat(scale);
  const place = (row: number): number => Math.floor(row / block[0]);
  return {
    name,
    shape,
    type: codes.type,
    form: JSON.stringify([codes.type, words, block, zeros?.packed ?? null]),
    check(read) {
      refuseStrangeScales(scale, read);
      if (groups) refuseStrangeGroups(groups, readIntegers(groups, read), across);
    },
    *numbers(read) {
      const group = groups && readIntegers(groups, read);
      const step = Math.min(rows, Math.max(1, Math.floor(CHUNK / columns)));
      const out = new Float32Array(step * columns);
      for (let matrix = 0; matrix < matrices; matrix++)
        for (let from = 0; from < rows; from += step) {
          const count = Math.min(step, rows - from);
          const [first, last] = [place(from), place(from + count - 1)];
          const scales = decodeFloats(
            scale,
            read(
              scale.file,
              scale.offset + scaleBytes * across * (matrix * down + first),
              scaleBytes * across * (last - first + 1),
            ),
          );
          const zero = zeros && zerosOf(zeros, codes, read, { across, down, matrix, first, last });
          const bytes = read(stored.file, stored.offset + rowBytes * (matrix * rows + from), rowBytes * count);
          const values = out.subarray(0, count * columns);
          for (let row = 0; row < count; row++)
            scaleRow(values, bytes, codes, {
              at: row * columns,
              columns,
              byte: row * rowBytes,
              group,
              together: block[1],
              line: (place(from + row) - first) * across,
              scales,
              zero,
            });
          refuseStrangeNumbers(name, values, (matrix * rows + from) * columns);
          yield values;
        }
    },
  };
}

interface Row {
  /** Where its numbers go. */
  readonly at: number;
  readonly columns: number;
  /** Where its codes begin. */
  readonly byte: number;
  /** Which scale each column has; undefined: columns that follow one another share one, so many. */
  readonly group: Int32Array | undefined;
  readonly together: number;
  /** Where its scales begin. */
  readonly line: number;
  readonly scales: Float32Array;
  readonly zero: Float32Array | undefined;
}

function scaleRow(
  values: Float32Array,
  bytes: Uint8Array,
  { bits, values: numbers }: Codes,
  { at, columns, byte, group, together, line, scales, zero }: Row,
): void {
  const mask = 2 ** bits - 1;
  // Columns of one scale at once, so that it is looked up once.
  for (let from = 0; from < columns; from += group ? 1 : together) {
    const own = line + (group ? (group[from] ?? 0) : from / together);
    const [scale, low] = [scales[own] ?? 0, zero?.[own] ?? 0];
    const to = Math.min(columns, from + (group ? 1 : together));
    if (bits === 8)
      for (let column = from; column < to; column++)
        values[at + column] = ((numbers[bytes[byte + column] ?? 0] ?? 0) - low) * scale;
    else
      for (let column = from; column < to; column++) {
        const bit = column * bits;
        const code = ((bytes[byte + (bit >> 3)] ?? 0) >> (bit & 7)) & mask;
        values[at + column] = ((numbers[code] ?? 0) - low) * scale;
      }
  }
}

/** What the numbers of some lines of scales are counted from. */
function zerosOf(
  { stored, packed }: NonNullable<RowWise['zeros']>,
  { bits, values }: Codes,
  read: ReadBytes,
  at: {
    readonly across: number;
    readonly down: number;
    readonly matrix: number;
    readonly first: number;
    readonly last: number;
  },
): Float32Array {
  const { across, down, matrix, first, last } = at;
  const lines = last - first + 1;
  const zero = new Float32Array(lines * across);
  if (!packed) {
    const bytes = read(stored.file, stored.offset + across * (matrix * down + first), across * lines);
    return zero.map((_, i) => INT8.values[bytes[i] ?? 0] ?? 0);
  }
  const each = 32 / bits;
  const [top, bottom] = [Math.floor(first / each), Math.floor(last / each)];
  const words = Math.ceil(down / each);
  const bytes = read(stored.file, stored.offset + 4 * across * (matrix * words + top), 4 * across * (bottom - top + 1));
  for (let line = 0; line < lines; line++)
    for (let column = 0; column < across; column++) {
      const row = first + line;
      const bit = (row % each) * bits;
      const word = 4 * ((Math.floor(row / each) - top) * across + column);
      zero[line * across + column] = values[((bytes[word + (bit >> 3)] ?? 0) >> (bit & 7)) & (2 ** bits - 1)] ?? 0;
    }
  return zero;
}

/** @throws ModelError `broken` where a column is of a group that there is not. */
export function refuseStrangeGroups({ name }: Named, groups: Int32Array, count: number): void {
  const at = groups.findIndex((group) => group < 0 || group >= count);
  if (at >= 0) throw broken(`"${name}" puts column ${at} into group ${groups[at]} of ${count}.`);
}
