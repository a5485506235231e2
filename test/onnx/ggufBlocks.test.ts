import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { dequantizer } from '../../src/onnx/checkpoint/ggufBlocks.js';

/** Blocks of GGUF against what Python's `gguf` makes of them (test/fixtures/gguf/makeBlocks.py), bit for bit. */

const schema = v.record(v.string(), v.object({ type: v.number(), blocks: v.string(), values: v.string() }));
const file = join(import.meta.dirname, '..', 'fixtures', 'gguf', 'blocks.json');
const all = v.parse(schema, JSON.parse(readFileSync(file, 'utf8')));

for (const [name, { type, blocks, values }] of Object.entries(all))
  test(`${name} to float32`, () => {
    const wanted = Buffer.from(values, 'base64');
    const out = new Float32Array(wanted.length / 4);
    // At an odd place, as it may lie in a file's buffer.
    const bytes = Buffer.from(blocks, 'base64');
    const read = dequantizer(type);
    assert.ok(read);
    read(Buffer.concat([Buffer.of(0), bytes]).subarray(1), out);
    assert.deepEqual(Buffer.from(out.buffer), wanted);
  });
