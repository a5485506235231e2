import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coordinates } from '../../src/map/grid.js';
import { axesOf, pointsOf } from '../../src/map/plane.js';
import truth from '../fixtures/torch-randn.json' with { type: 'json' };

test('direct: x and y are the two dimensions', () => {
  const { u, v } = axesOf({ method: 'direct', dimensions: [4, 1] }, 5);
  assert.deepEqual([...u], [0, 0, 0, 0, 1]);
  assert.deepEqual([...v], [0, 1, 0, 0, 0]);
});

test('direct: a dimension that the model does not have, or the same twice, is refused with the range', () => {
  for (const dimensions of [
    [0, 5],
    [-1, 0],
    [0.5, 1],
  ] as const)
    assert.throws(() => axesOf({ method: 'direct', dimensions }, 5), {
      code: 'bad-parameter',
      message: /^The model has no dimension (5|-1|0\.5)\.$/,
      hint: 'Its hidden states have 5 dimensions: 0 to 4.',
    });
  assert.throws(() => axesOf({ method: 'direct', dimensions: [3, 3] }, 5), { code: 'bad-parameter' });
});

test('replicated: even dimensions are x, odd ones y', () => {
  const { u, v } = axesOf({ method: 'replicated' }, 5);
  assert.deepEqual([...u], [1, 0, 1, 0, 1]);
  assert.deepEqual([...v], [0, 1, 0, 1, 0]);
});

test('random projection: the original’s axes, of length 1', () => {
  for (const { d, normalized } of truth.seed42) {
    const { u, v } = axesOf({ method: 'random_projection', seed: 42 }, d);
    assert.deepEqual([...u.subarray(0, 4)], normalized);
    for (const axis of [u, v]) {
      assert.equal(axis.length, d);
      assert.ok(Math.abs(Math.hypot(...axis) - 1) < 1e-6);
    }
  }
});

test('points are rounded to float32 at every step, x and y first, in the order (c + x u) + y v', () => {
  const plane = { c: Float32Array.of(1, 1e8, 0), u: Float32Array.of(1, 3, 0.1), v: Float32Array.of(0, 3, 0.2) };
  const grid = coordinates({ columns: 3, rows: 2, spacing: 0.1, center: [0, 0] });
  const out = new Float32Array(10).fill(7);
  const points = pointsOf(plane, grid, Int32Array.of(5, 1), out);
  const x = Math.fround(0.1);
  const y = Math.fround(0.05);
  assert.deepEqual(
    [...points],
    [
      Math.fround(1 + x),
      1e8, // each addend is lost to rounding
      Math.fround(Math.fround(x * Math.fround(0.1)) + Math.fround(y * Math.fround(0.2))),
      1,
      1e8,
      Math.fround(-y * Math.fround(0.2)),
    ],
  );
  assert.equal(points.buffer, out.buffer);
  assert.deepEqual([...out.subarray(6)], [7, 7, 7, 7]);
});
