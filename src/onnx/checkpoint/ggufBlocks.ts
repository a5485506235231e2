import { blockOf } from './ggufTypes.js';

/**
 * Numbers of GGUF's blocks as float32, bit for bit as Python's `gguf` has them: products and sums are rounded to float32 where it
 * rounds them. Storing into a Float32Array does so; a product of a float16 and a few bits is exact before.
 */

/** One block's numbers. @param at where the block begins @param to where its numbers go */
type Reader = (bytes: DataView, at: number, out: Float32Array, to: number) => void;

/**
 * Numbers of a run of whole blocks.
 * @param bytes whole blocks
 * @param out as many numbers as the blocks hold
 */
export type Dequantizer = (bytes: Uint8Array, out: Float32Array) => void;

/** What turns blocks of a type into numbers; undefined where that is not described. */
export function dequantizer(type: number): Dequantizer | undefined {
  const read = READERS[type];
  const block = blockOf(type);
  if (!read || !block) return undefined;
  return (bytes, out) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0, to = 0; to < out.length; at += block.bytes, to += block.numbers) read(view, at, out, to);
  };
}

/** Every float16. */
const HALF = Float32Array.from({ length: 2 ** 16 }, (_, bits) => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
});
const half = (bytes: DataView, at: number): number => HALF[bytes.getUint16(at, true)] ?? 0;

/** 32 numbers of 4 bits: the low halves of 16 bytes, then the high ones. */
const nibble = (bytes: DataView, at: number, i: number): number =>
  i < 16 ? bytes.getUint8(at + i) & 15 : bytes.getUint8(at + i - 16) >> 4;

const q4_0: Reader = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * (nibble(bytes, at + 2, i) - 8);
};

const q4_1: Reader = (bytes, at, out, to) => {
  const [d, least] = [half(bytes, at), half(bytes, at + 2)];
  for (let i = 0; i < 32; i++) out[to + i] = d * nibble(bytes, at + 4, i) + least;
};

/** The fifth bit of a number stands with those of its 31 neighbours. */
const fifth = (bits: number, i: number): number => ((bits >>> i) & 1) << 4;

const q5_0: Reader = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const high = bytes.getUint32(at + 2, true);
  for (let i = 0; i < 32; i++) out[to + i] = d * ((nibble(bytes, at + 6, i) | fifth(high, i)) - 16);
};

const q5_1: Reader = (bytes, at, out, to) => {
  const [d, least] = [half(bytes, at), half(bytes, at + 2)];
  const high = bytes.getUint32(at + 4, true);
  for (let i = 0; i < 32; i++) out[to + i] = d * (nibble(bytes, at + 8, i) | fifth(high, i)) + least;
};

const q8_0: Reader = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * bytes.getInt8(at + 2 + i);
};

const q2_k: Reader = (bytes, at, out, to) => {
  const [d, least] = [half(bytes, at + 80), half(bytes, at + 82)];
  for (let i = 0; i < 256; i += 16) {
    const scales = bytes.getUint8(at + (i >> 4));
    const [scale, low] = [d * (scales & 15), least * (scales >> 4)];
    const from = at + 16 + ((i >> 7) << 5) + (i & 16);
    const shift = ((i >> 5) & 3) << 1;
    for (let j = 0; j < 16; j++) out[to + i + j] = scale * ((bytes.getUint8(from + j) >> shift) & 3) - low;
  }
};

const q3_k: Reader = (bytes, at, out, to) => {
  const d = half(bytes, at + 108);
  for (let i = 0; i < 256; i += 16) {
    const k = i >> 4;
    // Four bits of a scale stand in eight bytes, two more in the four bytes behind.
    const low = (bytes.getUint8(at + 96 + (k & 7)) >> (k < 8 ? 0 : 4)) & 15;
    const high = (bytes.getUint8(at + 104 + (k & 3)) >> ((k >> 2) << 1)) & 3;
    const scale = d * ((low | (high << 4)) - 32);
    const from = at + 32 + ((i >> 7) << 5) + (i & 16);
    const [shift, bit] = [((i >> 5) & 3) << 1, i >> 5];
    for (let j = 0; j < 16; j++) {
      const isLow = ((bytes.getUint8(at + (i & 16) + j) >> bit) & 1) === 0;
      out[to + i + j] = scale * (((bytes.getUint8(from + j) >> shift) & 3) - (isLow ? 4 : 0));
    }
  }
};

/** Scale and least value of one of eight sub-blocks: six bits each, in twelve bytes. */
const scaleOf = (bytes: DataView, at: number, k: number): number =>
  k < 4 ? bytes.getUint8(at + k) & 63 : (bytes.getUint8(at + 4 + k) & 15) | ((bytes.getUint8(at + k - 4) >> 2) & 48);
const leastOf = (bytes: DataView, at: number, k: number): number =>
  k < 4 ? bytes.getUint8(at + 4 + k) & 63 : (bytes.getUint8(at + 4 + k) >> 4) | ((bytes.getUint8(at + k) >> 2) & 48);

const q4_k: Reader = (bytes, at, out, to) => {
  const [d, least] = [half(bytes, at), half(bytes, at + 2)];
  for (let k = 0; k < 8; k++) {
    const [scale, low] = [d * scaleOf(bytes, at + 4, k), least * leastOf(bytes, at + 4, k)];
    const [from, shift, start] = [at + 16 + ((k >> 1) << 5), (k & 1) << 2, to + 32 * k];
    for (let j = 0; j < 32; j++) out[start + j] = scale * ((bytes.getUint8(from + j) >> shift) & 15) - low;
  }
};

const q5_k: Reader = (bytes, at, out, to) => {
  const [d, least] = [half(bytes, at), half(bytes, at + 2)];
  for (let k = 0; k < 8; k++) {
    const [scale, low] = [d * scaleOf(bytes, at + 4, k), least * leastOf(bytes, at + 4, k)];
    const [from, shift, start] = [at + 48 + ((k >> 1) << 5), (k & 1) << 2, to + 32 * k];
    for (let j = 0; j < 32; j++) {
      const high = ((bytes.getUint8(at + 16 + j) >> k) & 1) << 4;
      out[start + j] = scale * (((bytes.getUint8(from + j) >> shift) & 15) | high) - low;
    }
  }
};

const q6_k: Reader = (bytes, at, out, to) => {
  const d = half(bytes, at + 208);
  for (let i = 0; i < 256; i += 16) {
    const scale = d * bytes.getInt8(at + 192 + (i >> 4));
    const [half128, place] = [i >> 7, i & 127];
    const low = at + 64 * half128 + (place & 63);
    const high = at + 128 + 32 * half128 + (place & 31);
    const [lowShift, highShift] = [place < 64 ? 0 : 4, (place >> 5) << 1];
    for (let j = 0; j < 16; j++) {
      const four = (bytes.getUint8(low + j) >> lowShift) & 15;
      const two = (bytes.getUint8(high + j) >> highShift) & 3;
      out[to + i + j] = scale * ((four | (two << 4)) - 32);
    }
  }
};

/** The sixteen values of IQ4's numbers. */
const UNEVEN = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

const iq4_nl: Reader = (bytes, at, out, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * (UNEVEN[nibble(bytes, at + 2, i)] ?? 0);
};

const iq4_xs: Reader = (bytes, at, out, to) => {
  const d = half(bytes, at);
  const high = bytes.getUint16(at + 2, true);
  for (let k = 0; k < 8; k++) {
    const four = (bytes.getUint8(at + 4 + (k >> 1)) >> ((k & 1) << 2)) & 15;
    const scale = d * ((four | (((high >> (2 * k)) & 3) << 4)) - 32);
    for (let i = 0; i < 32; i++) out[to + 32 * k + i] = scale * (UNEVEN[nibble(bytes, at + 8 + 16 * k, i)] ?? 0);
  }
};

/** The values of MXFP4's numbers, doubled: its scales are halved. */
const FOUR_BITS = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

const mxfp4: Reader = (bytes, at, out, to) => {
  const d = 2 ** (bytes.getUint8(at) - 128);
  for (let i = 0; i < 32; i++) out[to + i] = d * (FOUR_BITS[nibble(bytes, at + 1, i)] ?? 0);
};

/** By ggml's numbers. */
const READERS: Readonly<Record<number, Reader>> = {
  2: q4_0,
  3: q4_1,
  6: q5_0,
  7: q5_1,
  8: q8_0,
  10: q2_k,
  11: q3_k,
  12: q4_k,
  13: q5_k,
  14: q6_k,
  20: iq4_nl,
  23: iq4_xs,
  39: mxfp4,
};
