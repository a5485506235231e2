import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normRing } from '../../src/map/normRings.js';
import { gramOf, pointAt } from '../../src/map/plane.js';
import { randomNumbers } from './syntheticMap.js';

test('property: every point of a ring has the norm, and the ring goes around', () => {
  const random = randomNumbers(3);
  const vector = (): Float32Array => Float32Array.from({ length: 12 }, () => random() * 2 - 1);
  for (let run = 0; run < 50; run++) {
    const plane = { c: vector(), u: vector(), v: vector() };
    const least = Math.sqrt(gramOf(plane).cc);
    const norm = least * (1.1 + 3 * random());
    const ring = normRing(gramOf(plane), norm);
    assert.ok(ring);
    for (let i = 0; i < ring.length; i += 2) {
      const length = Math.hypot(...pointAt(plane, ring[i] ?? NaN, ring[i + 1] ?? NaN));
      assert.ok(Math.abs(length - norm) < 1e-4 * norm, `${length} is not ${norm}`);
    }
    const middle = [0, 1].map((axis) => ring.filter((_, i) => i % 2 === axis).reduce((a, b) => a + b) / 128);
    const angles = Array.from({ length: 128 }, (_, i) =>
      Math.atan2((ring[2 * i + 1] ?? 0) - (middle[1] ?? 0), (ring[2 * i] ?? 0) - (middle[0] ?? 0)),
    );
    const quadrants = new Set(angles.map((angle) => Math.floor(angle / (Math.PI / 2))));
    assert.ok(quadrants.size >= 4);
  }
});

test('no ring where the plane is too far out, or is no plane', () => {
  const gram = { cc: 4, cu: 0, cv: 0, uu: 1, uv: 0, vv: 1 };
  assert.equal(normRing(gram, 1.9), undefined);
  assert.ok(normRing(gram, 2.1));
  assert.equal(normRing({ ...gram, uv: 1 }, 9), undefined);
  assert.equal(normRing({ ...gram, uu: 0 }, 9), undefined);
  assert.equal(normRing(gram, NaN), undefined);
});
