/** A type of numbers as files hold it. */
export interface NumberType {
  readonly name: string;
  /** Bytes of a number. */
  readonly size: number;
  /** The number at a byte offset, `little` endian or big. */
  get(view: DataView, offset: number, little: boolean): number;
}

export const NUMBER_TYPES = {
  float16: { name: 'float16', size: 2, get: (view, at, little) => fromHalf(view.getUint16(at, little)) },
  bfloat16: { name: 'bfloat16', size: 2, get: (view, at, little) => fromBrain(view.getUint16(at, little)) },
  float32: { name: 'float32', size: 4, get: (view, at, little) => view.getFloat32(at, little) },
  float64: { name: 'float64', size: 8, get: (view, at, little) => view.getFloat64(at, little) },
  int8: { name: 'int8', size: 1, get: (view, at) => view.getInt8(at) },
  int16: { name: 'int16', size: 2, get: (view, at, little) => view.getInt16(at, little) },
  int32: { name: 'int32', size: 4, get: (view, at, little) => view.getInt32(at, little) },
  int64: { name: 'int64', size: 8, get: (view, at, little) => Number(view.getBigInt64(at, little)) },
  uint8: { name: 'uint8', size: 1, get: (view, at) => view.getUint8(at) },
  uint16: { name: 'uint16', size: 2, get: (view, at, little) => view.getUint16(at, little) },
  uint32: { name: 'uint32', size: 4, get: (view, at, little) => view.getUint32(at, little) },
  uint64: { name: 'uint64', size: 8, get: (view, at, little) => Number(view.getBigUint64(at, little)) },
} as const satisfies Record<string, NumberType>;

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
