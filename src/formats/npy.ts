/** A numpy array file, format 1.0, little-endian, C order. */
export function npy(values: Float64Array | Float32Array | Int32Array, shape: readonly number[]): Uint8Array {
  const [type, write] =
    values instanceof Int32Array
      ? (['<i4', 'setInt32'] as const)
      : values instanceof Float32Array
        ? (['<f4', 'setFloat32'] as const)
        : (['<f8', 'setFloat64'] as const);
  const size = values.BYTES_PER_ELEMENT;
  const data = new DataView(new ArrayBuffer(values.length * size));
  values.forEach((value, i) => data[write](i * size, value, true));
  return npyFile(type, shape, new Uint8Array(data.buffer));
}

/** One vector, [hiddenSize] float32, as a .npy file: `numpy.load(file)` gives it back, bit for bit. */
export const toNpy = (vector: Float32Array): Uint8Array => npy(vector, [vector.length]);

/** A string as a numpy array without dimensions, UTF-32. */
export function npyText(text: string): Uint8Array {
  const codePoints = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const data = npyFile(`<U${codePoints.length}`, [], new Uint8Array(codePoints.length * 4));
  const view = new DataView(data.buffer, data.byteLength - codePoints.length * 4);
  codePoints.forEach((codePoint, i) => view.setUint32(i * 4, codePoint, true));
  return data;
}

function npyFile(type: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + header.length + 1) / 64) * 64; // numpy aligns the numbers to 64 bytes
  const file = new Uint8Array(length + data.length);
  file.set(Buffer.from(`\x93NUMPY\x01\x00\0\0${header.padEnd(length - 11)}\n`, 'latin1'));
  new DataView(file.buffer).setUint16(8, length - 10, true);
  file.set(data, length);
  return file;
}
