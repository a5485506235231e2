import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normRing, ringParts } from '../../src/map/normRings.js';
import { gramOf, pointAt } from '../../src/map/plane.js';
import { normAt } from '../../src/map/survey.js';
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

test('property: the parts of a ring near a window follow it closely, however close the window is', () => {
  const random = randomNumbers(8);
  const vector = (size: number): Float32Array => Float32Array.from({ length: 12 }, () => (random() * 2 - 1) * size);
  for (let run = 0; run < 40; run++) {
    const plane = { c: vector(1), u: vector(1), v: vector(10 ** (2 * random() - 1)) };
    const gram = gramOf(plane);
    const norm = Math.sqrt(gram.cc) * (1.5 + random());
    const ring = normRing(gram, norm, 1000);
    assert.ok(ring);
    const place = 2 * Math.floor(1000 * random());
    const [x, y] = [ring[place] ?? 0, ring[place + 1] ?? 0];
    const reach = 10 ** (-6 * random());
    const window = { x0: x - reach, x1: x + reach, y0: y - reach, y1: y + reach };
    const grain = (2 * reach) / 50;
    const parts = ringParts(gram, norm, window, grain);
    assert.ok(parts.reduce((sum, part) => sum + part.length, 0) < 5000);
    let nearest = Infinity;
    for (const part of parts) {
      for (let i = 0; i < part.length; i += 2) {
        const [px, py] = [part[i] ?? NaN, part[i + 1] ?? NaN];
        assert.ok(Math.abs(normAt(gram, px, py) - norm) < 1e-9 * norm);
        if (i > 0) assert.ok(Math.hypot(px - (part[i - 2] ?? 0), py - (part[i - 1] ?? 0)) <= grain);
        nearest = Math.min(nearest, Math.hypot(px - x, py - y));
      }
    }
    assert.ok(nearest <= grain, 'the ring goes through the middle of the window');
    // All of the coarse ring that lies in the window is there.
    for (let i = 0; i < ring.length; i += 2) {
      const [rx, ry] = [ring[i] ?? 0, ring[i + 1] ?? 0];
      if (rx < window.x0 || rx > window.x1 || ry < window.y0 || ry > window.y1) continue;
      const away = Math.min(
        ...parts.flatMap((part) =>
          Array.from({ length: part.length / 2 }, (_, k) =>
            Math.hypot((part[2 * k] ?? 0) - rx, (part[2 * k + 1] ?? 0) - ry),
          ),
        ),
      );
      assert.ok(away <= grain);
    }
  }
  assert.deepEqual(ringParts({ cc: 4, cu: 0, cv: 0, uu: 1, uv: 0, vv: 1 }, 1, { x0: 0, x1: 1, y0: 0, y1: 1 }, 0.1), []);
});
