import { several } from './numbers.js';
import { Fault } from './fault.js';

/** Float32 numbers as base64 of their little-endian bytes: exact, and a quarter of the size of decimals. */
export function encodeVector(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  vector.forEach((value, i) => view.setFloat32(i * 4, value, true));
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/**
 * The numbers of {@link encodeVector}.
 * @throws Fault `bad-parameter` naming `what` where it is not base64, holds no whole float32 numbers, NaN or infinity, or, when
 *   a `length` is given, another count of numbers.
 */
export function decodeVector(base64: string, what: string, length?: number): Float32Array {
  let text: string;
  try {
    text = atob(base64);
  } catch {
    throw new Fault({ code: 'bad-parameter', message: `${what} is not base64 text.` });
  }
  if (text.length % 4 !== 0)
    throw new Fault({ code: 'bad-parameter', message: `${what} does not hold whole float32 numbers.` });
  const view = new DataView(Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer);
  const vector = Float32Array.from({ length: text.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
  if (length !== undefined && vector.length !== length)
    throw new Fault({
      code: 'bad-parameter',
      message: `${what} has ${several(vector.length, 'number')}; the hidden states of this model have ${length}.`,
    });
  if (!vector.every((value) => Number.isFinite(value)))
    throw new Fault({ code: 'bad-parameter', message: `${what} holds a number that is not finite.` });
  return vector;
}
