import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ringParts } from '../../src/map/normRings.js';
import { type Gram, gramOf, pointAt } from '../../src/map/plane.js';
import { normAt } from '../../src/map/survey.js';
import { randomNumbers } from './syntheticMap.js';

const EVERYWHERE = { x0: -Infinity, x1: Infinity, y0: -Infinity, y1: Infinity };
/** The points of a whole ring, the first of which is the last again; none where there is no ring. */
function wholeRing(gram: Gram, norm: number, grain = Infinity): (readonly [x: number, y: number])[] {
  const [ring = new Float64Array(), ...more] = ringParts(gram, norm, EVERYWHERE, grain);
  assert.equal(more.length, 0);
  return Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i] ?? NaN, ring[2 * i + 1] ?? NaN]);
}

test('property: every point of a ring has the norm, and the ring goes around', () => {
  const random = randomNumbers(3);
  const vector = (): Float32Array => Float32Array.from({ length: 12 }, () => random() * 2 - 1);
  for (let run = 0; run < 50; run++) {
    const plane = { c: vector(), u: vector(), v: vector() };
    const least = Math.sqrt(gramOf(plane).cc);
    const norm = least * (1.1 + 3 * random());
    const ring = wholeRing(gramOf(plane), norm);
    assert.ok(ring.length > 30);
    for (const [x, y] of ring) {
      const length = Math.hypot(...pointAt(plane, x, y));
      assert.ok(Math.abs(length - norm) < 1e-4 * norm, `${length} is not ${norm}`);
    }
    const [middleX = NaN, middleY = NaN] = [0, 1].map(
      (axis) => ring.slice(1).reduce((sum, point) => sum + (point[axis] ?? NaN), 0) / (ring.length - 1),
    );
    const angles = ring.map(([x, y]) => Math.atan2(y - middleY, x - middleX));
    const quadrants = new Set(angles.map((angle) => Math.floor(angle / (Math.PI / 2))));
    assert.ok(quadrants.size >= 4);
  }
});

test('no ring where the plane is too far out, or is no plane', () => {
  const gram = { cc: 4, cu: 0, cv: 0, uu: 1, uv: 0, vv: 1 };
  assert.deepEqual(wholeRing(gram, 1.9), []);
  assert.notDeepEqual(wholeRing(gram, 2.1), []);
  assert.deepEqual(wholeRing({ ...gram, uv: 1 }, 9), []);
  assert.deepEqual(wholeRing({ ...gram, uu: 0 }, 9), []);
  assert.deepEqual(wholeRing(gram, NaN), []);
});

test('property: the parts of a ring near a window follow it closely, however close the window is', () => {
  const random = randomNumbers(8);
  const vector = (size: number): Float32Array => Float32Array.from({ length: 12 }, () => (random() * 2 - 1) * size);
  for (let run = 0; run < 40; run++) {
    const plane = { c: vector(1), u: vector(1), v: vector(10 ** (2 * random() - 1)) };
    const gram = gramOf(plane);
    const norm = Math.sqrt(gram.cc) * (1.5 + random());
    const size = Math.max(
      ...wholeRing(gram, norm).map(([x, y], _, [first]) => Math.hypot(x - (first?.[0] ?? 0), y - (first?.[1] ?? 0))),
    );
    const ring = wholeRing(gram, norm, size / 300);
    const [x, y] = ring[Math.floor(ring.length * random())] ?? assert.fail();
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
    for (const [rx, ry] of ring) {
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
});
