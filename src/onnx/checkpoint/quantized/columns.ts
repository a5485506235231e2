import { broken, unsupported } from '../../source.js';
import type { PackedTensor, ReadBytes } from '../packedTensor.js';
import {
  bytesOfFloat,
  checkFloats,
  checkMatrix,
  decodeFloats,
  type Named,
  readIntegers,
  refuseStrangeNumbers,
  refuseStrangeScales,
  sizes,
} from './numbers.js';
import { refuseStrangeGroups } from './rows.js';

/** A matrix of a layer, packed with its inputs down and its outputs across, as GPTQ and AWQ have it. */
export interface ColumnWise {
  /** Of the matrix [outputs, inputs] that is made of it. */
  readonly name: string;
  readonly method: 'GPTQ' | 'AWQ';
  readonly bits: 2 | 4 | 8;
  /** Inputs that have one scale, one behind another; undefined: all. */
  readonly groupSize: number | undefined;
  /** int32: GPTQ [inputs x bits / 32, outputs], the inputs of a word below each other; AWQ [inputs, outputs x bits / 32]. */
  readonly codes: Named;
  /** int32 [groups, outputs x bits / 32]: what codes are counted from. */
  readonly zeros: Named;
  /** [groups, outputs] */
  readonly scales: Named;
  /** int32 [inputs]: the group of each input. */
  readonly groups?: Named | undefined;
  /** Inputs were sorted before they were grouped: groups may be any. */
  readonly sorted: boolean;
  /** Stored zeros are 1 too low. */
  readonly zerosLess: boolean;
}

/** Where the eight numbers of a word of AWQ stand in it. */
const AWQ_PLACES = [0, 4, 1, 5, 2, 6, 3, 7];
/** Numbers of a matrix that are turned at once. */
const TILE = 2 ** 22;
/** Bytes of zero points that are looked at at once. */
const PIECE = 2 ** 20;

/** @throws ModelError naming the tensor whose type or shape does not fit. */
export function columnWise(own: ColumnWise): PackedTensor {
  const { name, method, bits, groupSize, codes, zeros, scales, groups, sorted, zerosLess } = own;
  const each = 32 / bits;
  const [groupCount = 0, outputs = 0] = scales.shape;
  const inputs = (codes.shape[0] ?? 0) * (method === 'GPTQ' ? each : 1);
  checkMatrix(name, outputs, inputs);
  if (outputs % each !== 0)
    throw unsupported(`"${name}" has ${outputs} outputs, no multiple of the ${each} that a word holds.`);
  const acrossWords = outputs / each;
  expect(codes, method === 'GPTQ' ? [inputs / each, outputs] : [inputs, acrossWords]);
  const whole = groupSize === undefined ? 1 : Math.ceil(inputs / groupSize);
  expect(zeros, [whole, acrossWords]);
  checkFloats(scales);
  if (groupCount !== whole || scales.shape.length !== 2)
    throw broken(`"${scales.name}" is ${sizes(scales.shape)}, which should be ${whole} x ${outputs}.`);
  if (groups) expect(groups, [inputs]);
  const plain = (input: number): number => (groupSize === undefined ? 0 : Math.floor(input / groupSize));
  return {
    name,
    shape: [outputs, inputs],
    type: `${method} with ${bits} bits`,
    form: JSON.stringify([method, bits, groupSize ?? null, groups !== undefined, zerosLess]),
    check(read) {
      refuseStrangeScales(scales, read);
      if (zerosLess) refuseTwofold(zeros, bits, read);
      if (!groups) return;
      const own = readIntegers(groups, read);
      refuseStrangeGroups(groups, own, whole);
      const at = sorted ? -1 : own.findIndex((group, input) => group !== plain(input));
      if (at >= 0)
        throw unsupported(
          `"${groups.name}" puts input ${at} into group ${own[at]}, but the configuration says that inputs are not sorted ("desc_act").`,
        );
    },
    *numbers(read) {
      const group = groups ? readIntegers(groups, read) : Int32Array.from({ length: inputs }, (_, i) => plain(i));
      const step = Math.min(outputs, Math.max(each, each * Math.floor(TILE / inputs / each)));
      const out = new Float32Array(step * inputs);
      const each4 = bytesOfFloat(scales);
      for (let from = 0; from < outputs; from += step) {
        const count = Math.min(step, outputs - from);
        const scale = decodeFloats(scales, readColumns(scales, whole, read, each4 * from, each4 * count));
        const words = { from: (4 * from) / each, bytes: (4 * count) / each };
        const zero = wordsOf(readColumns(zeros, whole, read, words.from, words.bytes));
        const packed = wordsOf(
          method === 'GPTQ'
            ? readColumns(codes, inputs / each, read, 4 * from, 4 * count)
            : readColumns(codes, inputs, read, words.from, words.bytes),
        );
        const tile = { method, bits, count, inputs, packed, group, scale, zero: zerosOf(own, zero, whole, count) };
        const values = out.subarray(0, count * inputs);
        turn(values, tile);
        refuseStrangeNumbers(name, values, from * inputs);
        yield values;
      }
    },
  };
}

interface Tile {
  readonly method: ColumnWise['method'];
  readonly bits: number;
  /** Outputs. */
  readonly count: number;
  readonly inputs: number;
  readonly packed: Int32Array;
  /** [inputs] */
  readonly group: Int32Array;
  /** [groups, outputs] */
  readonly scale: Float32Array;
  readonly zero: Float32Array;
}

/** @param values [outputs, inputs] */
function turn(values: Float32Array, tile: Tile): void {
  const { method, bits, count, inputs, packed, group, scale, zero } = tile;
  const each = 32 / bits;
  const mask = 2 ** bits - 1;
  for (let output = 0; output < count; output++) {
    const row = output * inputs;
    const put = (input: number, code: number): void => {
      const at = (group[input] ?? 0) * count + output;
      values[row + input] = ((code & mask) - (zero[at] ?? 0)) * (scale[at] ?? 0);
    };
    if (method === 'GPTQ')
      for (let word = output, input = 0; input < inputs; word += count) {
        let codes = packed[word] ?? 0;
        for (const end = input + each; input < end; input++, codes >>= bits) put(input, codes);
      }
    else {
      const across = count / each;
      const shift = bits * placeInWord(method, output % each);
      for (let word = Math.floor(output / each), input = 0; input < inputs; input++, word += across)
        put(input, (packed[word] ?? 0) >> shift);
    }
  }
}

const placeInWord = (method: ColumnWise['method'], number: number): number =>
  method === 'AWQ' ? (AWQ_PLACES[number] ?? 0) : number;

/** What codes are counted from: [groups, outputs]. */
function zerosOf(
  { method, bits, zerosLess }: ColumnWise,
  words: Int32Array,
  groups: number,
  outputs: number,
): Float32Array {
  const each = 32 / bits;
  const across = outputs / each;
  return Float32Array.from({ length: groups * outputs }, (_, i) => {
    const [group, output] = [Math.floor(i / outputs), i % outputs];
    const word = words[group * across + Math.floor(output / each)] ?? 0;
    const code = (word >> (bits * placeInWord(method, output % each))) & (2 ** bits - 1);
    return code + (zerosLess ? 1 : 0);
  });
}

/** Of a matrix whose rows have the same number of bytes, some bytes of each row. */
function readColumns(
  { file, offset, length }: Named,
  rows: number,
  read: ReadBytes,
  from: number,
  bytes: number,
): Uint8Array {
  const row = length / rows;
  if (bytes === row) return read(file, offset, length).slice();
  const some = new Uint8Array(rows * bytes);
  for (let i = 0; i < rows; i++) some.set(read(file, offset + row * i + from, bytes), bytes * i);
  return some;
}

/** @param bytes of an array of its own, which begins where words may: the lowest byte of a word is its first, as on every machine of Node's */
const wordsOf = (bytes: Uint8Array): Int32Array => new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);

/** Zeros that are the largest a code can be, and 1 less than meant, are 0 to some programs and more than any code to others. */
function refuseTwofold(zeros: Named, bits: number, read: ReadBytes): void {
  const [largest, each] = [2 ** bits - 1, 32 / bits];
  for (let from = 0; from < zeros.length; from += PIECE) {
    const length = Math.min(PIECE, zeros.length - from);
    for (const word of readIntegers({ ...zeros, offset: zeros.offset + from, length }, read))
      for (let i = 0; i < each; i++)
        if (((word >> (i * bits)) & largest) === largest)
          throw unsupported(
            `"${zeros.name}" holds a zero point of ${largest}, which programs that read this form of GPTQ take for ${largest + 1} or for 0.`,
            'Take the checkpoint in the form "gptq_v2", or another quantization.',
          );
  }
}

function expect({ name, dtype, shape }: Named, wanted: readonly number[]): void {
  if (dtype === 'I32' && sizes(shape) === sizes(wanted)) return;
  throw broken(`"${name}" is ${sizes(shape)} of ${dtype}, which should be ${sizes(wanted)} of I32.`);
}
