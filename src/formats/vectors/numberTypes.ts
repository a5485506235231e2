import { viewOf } from './bytes.js';

/** A type of numbers as files hold it. */
export interface NumberType {
  readonly name: string;
  /** Bytes of a number. */
  readonly size: number;
  /** The number at a byte offset, `little` endian or big. */
  get(view: DataView, offset: number, little: boolean): number;
  /** All numbers of bytes that lie as this machine has them; those of 16 bits as float32. */
  readonly all?: (bytes: Uint8Array) => ArrayLike<number>;
}

type Place = readonly [buffer: ArrayBufferLike, offset: number, length: number];
const placeOf = ({ buffer, byteOffset, length }: Uint8Array, size: number): Place => [
  buffer,
  byteOffset,
  length / size,
];

function widened(bytes: Uint8Array, value: (bits: number) => number): Float32Array {
  const words = new Uint16Array(...placeOf(bytes, 2));
  const numbers = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) numbers[i] = value(words[i] ?? 0);
  return numbers;
}

export const NUMBER_TYPES = {
  float16: {
    name: 'float16',
    size: 2,
    get: (view, at, little) => fromHalf(view.getUint16(at, little)),
    all: (bytes) => widened(bytes, fromHalf),
  },
  bfloat16: {
    name: 'bfloat16',
    size: 2,
    get: (view, at, little) => fromBrain(view.getUint16(at, little)),
    all: (bytes) => widened(bytes, fromBrain),
  },
  float32: {
    name: 'float32',
    size: 4,
    get: (view, at, little) => view.getFloat32(at, little),
    all: (bytes) => new Float32Array(...placeOf(bytes, 4)),
  },
  float64: {
    name: 'float64',
    size: 8,
    get: (view, at, little) => view.getFloat64(at, little),
    all: (bytes) => new Float64Array(...placeOf(bytes, 8)),
  },
  int8: { name: 'int8', size: 1, get: (view, at) => view.getInt8(at) },
  int16: { name: 'int16', size: 2, get: (view, at, little) => view.getInt16(at, little) },
  int32: { name: 'int32', size: 4, get: (view, at, little) => view.getInt32(at, little) },
  int64: { name: 'int64', size: 8, get: (view, at, little) => Number(view.getBigInt64(at, little)) },
  uint8: { name: 'uint8', size: 1, get: (view, at) => view.getUint8(at) },
  uint16: { name: 'uint16', size: 2, get: (view, at, little) => view.getUint16(at, little) },
  uint32: { name: 'uint32', size: 4, get: (view, at, little) => view.getUint32(at, little) },
  uint64: { name: 'uint64', size: 8, get: (view, at, little) => Number(view.getBigUint64(at, little)) },
} as const satisfies Record<string, NumberType>;

const IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The numbers of bytes, one after another. Where they lie as this machine has them they are not gone through one by one. */
export function numbersOf(type: NumberType, bytes: Uint8Array, little: boolean): ArrayLike<number> {
  const { size, all } = type;
  if (all && little === IS_LITTLE && bytes.byteOffset % size === 0) return all(bytes);
  const view = viewOf(bytes);
  return Float64Array.from({ length: bytes.length / size }, (_, i) => type.get(view, i * size, little));
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function fromBrain(bits: number): number {
  word.setUint32(0, bits * 65536);
  return word.getFloat32(0);
}
