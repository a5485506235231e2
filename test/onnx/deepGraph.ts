import assert from 'node:assert/strict';
import { findAnatomy } from '../../src/onnx/anatomy.js';
import { cutCells, cutStates } from '../../src/onnx/cut.js';
import { decodeModel, floatTensor } from '../../src/onnx/graph.js';
import { normalize } from '../../src/onnx/normalize.js';
import type { ByteSource } from '../../src/onnx/source.js';
import { readStructure } from '../../src/onnx/structure.js';
import { llama, TINY } from '../engine/llama.js';

/**
 * Runs as a process with a small stack (size.test.ts). A mixture of experts unrolled by its exporter has 100,000 operators and more, and
 * as many weights: nothing may recurse or spread over them, which on a quarter of the usual stack shows with a quarter of them.
 */
const BLOCKS = 600;
const OPERATORS = 31_000;

assert.throws(() => Math.max(...new Float64Array(OPERATORS)), RangeError, 'the stack is too large to tell');
assert.throws(() => Math.max(...new Float64Array(OPERATORS)), RangeError, 'the stack is too large to tell');
const bytes = llama({ ...TINY, blocks: BLOCKS, inner: 17 }, (name, dims) =>
  floatTensor(name, dims, new Float32Array(dims.reduce((a, b) => a * b, 1))),
).toBytes();
let read = 0;
const source: ByteSource = {
  size: bytes.length,
  read: (offset, length) => {
    read += length;
    return bytes.subarray(offset, offset + length);
  },
};
const structure = readStructure(source);
assert.ok(structure.length < bytes.length / 2 + 2e7, 'the weights stay where they are');
assert.ok(read < 3 * bytes.length, `${read} of ${bytes.length}`);
const anatomy = findAnatomy(normalize(decodeModel(structure)));
assert.ok(anatomy.graph.nodes.length > OPERATORS, String(anatomy.graph.nodes.length));
assert.deepEqual(
  anatomy.residual,
  Array.from({ length: BLOCKS + 1 }, (_, i) => `h${i}`),
);
const output = { kind: 'top', k: 5, masked: false, functional: false } as const;
const first = cutCells(anatomy, { layer: -1, around: { prefix: true, suffix: false }, output });
const last = cutCells(anatomy, { layer: BLOCKS - 1, around: { prefix: false, suffix: false }, output });
assert.ok(first.nodes.length > OPERATORS && last.nodes.length < 30);
assert.ok(cutStates(anatomy, anatomy.residual, []).toBytes().length > 0);
