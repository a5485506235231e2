import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import type { PackedTensor, ReadBytes } from '../../src/onnx/checkpoint/packedTensor.js';
import { columnWise } from '../../src/onnx/checkpoint/quantized/columns.js';
import { E4M3FN, type Named } from '../../src/onnx/checkpoint/quantized/numbers.js';
import { FP8, rowWise } from '../../src/onnx/checkpoint/quantized/rows.js';

test('every byte of float8 e4m3fn is what PyTorch says', () => {
  const file = join(import.meta.dirname, '..', 'fixtures', 'float8.json');
  const wanted = v.parse(v.array(v.nullable(v.number())), JSON.parse(readFileSync(file, 'utf8')));
  assert.deepEqual(
    Array.from(E4M3FN),
    wanted.map((value) => value ?? NaN),
  );
});

/** Tensors that lie in one array, as in a file. */
class Stored {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  add(name: string, dtype: string, shape: readonly number[], data: ArrayBufferView): Named {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const offset = this.length;
    this.parts.push(bytes);
    this.length += bytes.length;
    return { name, dtype, dataType: undefined, file: 'f', shape, offset, length: bytes.length };
  }

  /** A view of one buffer that every call uses again, as a file's is. */
  reader(): ReadBytes {
    const all = Buffer.concat(this.parts);
    const buffer = new Uint8Array(all.length);
    return (_, offset, length) => {
      buffer.set(all.subarray(offset, offset + length));
      return buffer.subarray(0, length);
    };
  }
}

const numbersOf = (tensor: PackedTensor, read: ReadBytes): Float32Array => {
  const out = new Float32Array(tensor.shape.reduce((product, d) => product * d, 1));
  let at = 0;
  for (const some of tensor.numbers(read)) {
    out.set(some, at);
    at += some.length;
  }
  assert.equal(at, out.length);
  return out;
};

/** Whole numbers in an order that looks like chance, always the same. */
function chance(count: number, below: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  });
}

test('a matrix that is read in parts is the same as one that is read at once: FP8 in blocks', () => {
  const [rows, columns, block] = [1500, 1001, 128]; // parts of 1,047 rows, which begin within a block
  const stored = new Stored();
  const codes = Uint8Array.from(chance(rows * columns, 127));
  const across = Math.ceil(columns / block);
  const scales = Float32Array.from(chance(Math.ceil(rows / block) * across, 1000), (i) => (i + 1) / 999);
  const weight = stored.add('w', 'F8_E4M3', [rows, columns], codes);
  const scale = stored.add('w_scale_inv', 'F32', [Math.ceil(rows / block), across], scales);
  const shape = [rows, columns];
  const packed = rowWise({ name: 'w', shape, codes: FP8, stored: weight, words: false, scale, block: [block, block] });
  const wanted = Float32Array.from(codes, (code, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return (E4M3FN[code] ?? 0) * (scales[Math.floor(row / block) * across + Math.floor(column / block)] ?? 0);
  });
  assert.ok(Buffer.from(numbersOf(packed, stored.reader()).buffer).equals(Buffer.from(wanted.buffer)));
});

for (const method of ['GPTQ', 'AWQ'] as const)
  test(`a matrix that is read in parts is the same as one that is read at once: ${method}`, () => {
    const [inputs, outputs, groupSize] = [4096, 1048, 128]; // parts of 1,024 outputs
    const groups = inputs / groupSize;
    const stored = new Stored();
    const words = (count: number, seed: number): Int32Array =>
      Int32Array.from(chance(count, 2 ** 24, seed), (i) => i * 211);
    const [codeWords, zeroWords] = [words((inputs * outputs) / 8, 2), words((groups * outputs) / 8, 3)];
    const scale = Float32Array.from(chance(groups * outputs, 1000, 4), (i) => (i + 1) / 999);
    const shape = method === 'GPTQ' ? [inputs / 8, outputs] : [inputs, outputs / 8];
    const packed = columnWise({
      name: 'w',
      method,
      bits: 4,
      groupSize,
      codes: stored.add('qweight', 'I32', shape, codeWords),
      zeros: stored.add('qzeros', 'I32', [groups, outputs / 8], zeroWords),
      scales: stored.add('scales', 'F32', [groups, outputs], scale),
      sorted: false,
      zerosLess: false,
    });
    // Which four bits of a word: AWQ has even ones first.
    const nibble = (word: number, i: number): number =>
      (word >>> (4 * (method === 'AWQ' ? (i % 2) * 4 + Math.floor(i / 2) : i))) & 15;
    const zero = (group: number, output: number): number =>
      nibble(zeroWords[(group * outputs) / 8 + Math.floor(output / 8)] ?? 0, output % 8);
    const code = (input: number, output: number): number =>
      method === 'AWQ'
        ? nibble(codeWords[(input * outputs) / 8 + Math.floor(output / 8)] ?? 0, output % 8)
        : nibble(codeWords[Math.floor(input / 8) * outputs + output] ?? 0, input % 8);
    const found = numbersOf(packed, stored.reader());
    for (const output of [0, 7, 8, 1023, 1024, 1031, 1047])
      for (let input = 0; input < inputs; input++) {
        const group = Math.floor(input / groupSize);
        const wanted = (code(input, output) - zero(group, output)) * (scale[group * outputs + output] ?? 0);
        assert.equal(found[output * inputs + input], Math.fround(wanted));
      }
  });
