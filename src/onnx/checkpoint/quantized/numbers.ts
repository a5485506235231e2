import { broken, unsupported } from '../../source.js';
import { fromBfloat16, fromFloat16 } from '../../widen.js';
import type { ReadBytes } from '../packedTensor.js';
import type { StoredTensor } from '../safetensors.js';

/** A tensor with its name. */
export interface Named extends StoredTensor {
  readonly name: string;
}

/** What each byte of float8 e4m3fn is: a sign, four bits of an exponent, three of a fraction; no infinity, two that are no number. */
export const E4M3FN: Float32Array = Float32Array.from({ length: 256 }, (_, byte) => {
  const sign = byte & 128 ? -1 : 1;
  const [exponent, fraction] = [(byte >> 3) & 15, byte & 7];
  if ((byte & 127) === 127) return NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10));
});

/** What each byte of float8 e8m0 is: a power of 2; the last is no number. */
const E8M0 = Float32Array.from({ length: 256 }, (_, byte) => (byte === 255 ? NaN : 2 ** (byte - 127)));

interface FloatType {
  readonly bytes: number;
  readonly at: (view: DataView, at: number) => number;
}

/** Types of scales, as safetensors calls them. */
const FLOATS: Readonly<Record<string, FloatType>> = {
  F32: { bytes: 4, at: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, at: (view, at) => fromFloat16(view.getUint16(at, true)) },
  BF16: { bytes: 2, at: (view, at) => fromBfloat16(view.getUint16(at, true)) },
  F8_E8M0: { bytes: 1, at: (view, at) => E8M0[view.getUint8(at)] ?? 0 },
};

/** How a tensor's numbers are read. @throws ModelError `unsupported` where they are no scales. */
function floatsOf({ name, dtype }: Named): FloatType {
  const type = Object.hasOwn(FLOATS, dtype) ? FLOATS[dtype] : undefined;
  if (type) return type;
  throw unsupported(`The scales "${name}" are stored as ${dtype}, which is not described.`);
}

/** Refuses scales of a type that is none. @throws ModelError `unsupported` */
export const checkFloats = (tensor: Named): void => void floatsOf(tensor);

export const bytesOfFloat = (tensor: Named): number => floatsOf(tensor).bytes;

/** Numbers of scales from bytes, all that there are. */
export function decodeFloats(tensor: Named, bytes: Uint8Array): Float32Array {
  const { at, bytes: each } = floatsOf(tensor);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / each }, (_, i) => at(view, each * i));
}

/** A range of a tensor's numbers, in its own order. */
export function readFloats(tensor: Named, read: ReadBytes, from: number, count: number): Float32Array {
  const { bytes } = floatsOf(tensor);
  return decodeFloats(tensor, read(tensor.file, tensor.offset + bytes * from, bytes * count));
}

/** Whole numbers of 32 bits. */
export function readIntegers({ file, offset, length }: Named, read: ReadBytes): Int32Array {
  const bytes = read(file, offset, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
}

export const countOf = ({ shape }: Pick<StoredTensor, 'shape'>): number => shape.reduce((product, d) => product * d, 1);

/** Scales that are checked at once. */
const CHECKED = 2 ** 18;

/** @throws ModelError `broken` where a scale is not a finite number. */
export function refuseStrangeScales(tensor: Named, read: ReadBytes): void {
  const count = countOf(tensor);
  for (let from = 0; from < count; from += CHECKED) {
    const some = readFloats(tensor, read, from, Math.min(CHECKED, count - from));
    const at = some.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    throw broken(`The scales "${tensor.name}" hold ${strange(some[at])} at place ${from + at}.`);
  }
}

const strange = (value: number | undefined): string =>
  Number.isNaN(value) ? 'what is no number' : 'a number beyond float32';

/** @throws ModelError `broken` where a weight is not a finite number. @param from place of the first in its tensor */
export function refuseStrangeNumbers(name: string, values: Float32Array, from: number): void {
  let sum = 0;
  for (const value of values) sum += value * 0; // NaN for what is infinite or no number, else 0
  if (sum === 0) return;
  const at = values.findIndex((value) => !Number.isFinite(value));
  throw broken(
    `The tensor "${name}" holds ${strange(values[at])} at place ${from + at}.`,
    'The checkpoint is damaged, or was made by a program that failed.',
  );
}

/** More columns or rows than any matrix has. */
const LARGEST = 2 ** 22;

/** Refuses matrices whose single rows would take more memory than any. @throws ModelError `broken` */
export function checkMatrix(name: string, rows: number, columns: number): void {
  if (rows > 0 && columns > 0 && rows <= LARGEST && columns <= LARGEST) return;
  throw broken(`The tensor "${name}" is ${rows} x ${columns}, which no matrix is.`);
}

/** Shape in messages. */
export const sizes = (shape: readonly number[]): string => shape.join(' x ') || 'one number';
