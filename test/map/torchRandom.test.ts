import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { torchNorm, torchNormalize, torchRandn } from '../../src/map/torchRandom.js';
import truth from '../fixtures/torch-randn.json' with { type: 'json' };

const sha256 = (values: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');

function rowsOf(values: Float32Array): [Float32Array, Float32Array] {
  return [values.subarray(0, values.length / 2), values.subarray(values.length / 2)];
}

test('equals PyTorch bit for bit, raw and normalized, for every seed and width that was recorded', () => {
  assert.equal(truth.hashes.length, 60);
  for (const [seed, d, raw, normalized] of truth.hashes) {
    const values = torchRandn(Number(seed), Number(d));
    assert.equal(sha256(values), raw, `raw, seed ${seed}, d ${d}`);
    rowsOf(values).forEach(torchNormalize);
    assert.equal(sha256(values), normalized, `normalized, seed ${seed}, d ${d}`);
  }
});

test('equals the values and norms of seed 42', () => {
  for (const { d, first, last, norms, normalized } of truth.seed42) {
    const values = torchRandn(42, d);
    assert.deepEqual([...values.subarray(0, 4)], first);
    assert.deepEqual([...values.subarray(-4)], last);
    assert.deepEqual(rowsOf(values).map(torchNorm), norms);
    torchNormalize(values.subarray(0, d));
    assert.deepEqual([...values.subarray(0, 4)], normalized);
  }
});

test('a row of zeros stays zero', () => {
  const row = new Float32Array(9);
  torchNormalize(row);
  assert.deepEqual([...row], new Array(9).fill(0));
});
