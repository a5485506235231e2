import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coordinates } from '../../src/map/grid.js';
import { gramOf, pointsOf } from '../../src/map/plane.js';
import { finestSpacing } from '../../src/map/zoomLimit.js';
import { randomNumbers } from './syntheticMap.js';

const SIZE = 256;

test('property: down to the limit neighboring cells differ in most components, far below it in few', () => {
  const random = randomNumbers(5);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  for (let run = 0; run < 40; run++) {
    const [center, axes] = [10 ** (4 * random() - 2), 10 ** (2 * random() - 1)];
    const vector = (size: number): Float32Array => Float32Array.from({ length: SIZE }, () => size * normal());
    const plane = { c: vector(center), u: vector(axes), v: vector(axes) };
    const [x, y] = [20 * normal(), 20 * normal()];
    const finest = finestSpacing(gramOf(plane), x, y);
    /** Part of the components that differ between two cells side by side. */
    const different = (spacing: number): number => {
      const grid = coordinates({ columns: 2, rows: 1, spacing, center: [x, y] });
      const points = pointsOf(plane, grid, Int32Array.of(0, 1), new Float32Array(2 * SIZE));
      return points.subarray(0, SIZE).reduce((sum, value, i) => sum + Number(value !== points[SIZE + i]), 0) / SIZE;
    };
    assert.ok(different(4 * finest) > 0.6, `${different(4 * finest)} of the components differ above the limit`);
    assert.ok(
      different(finest / 100) < 0.25,
      `${different(finest / 100)} of the components differ far below the limit`,
    );
  }
});

test('coordinates far from 0 set a limit of their own; at the origin nothing does', () => {
  const gram = { cc: 0, cu: 0, cv: 0, uu: 1, uv: 0, vv: 1 };
  assert.equal(finestSpacing(gram, 0, 0), 0);
  assert.ok(finestSpacing(gram, 8, 0) >= 8 * 2 ** -24 && finestSpacing(gram, 8, 0) <= 8 * 2 ** -22);
  // A plane of one point, or one that is a line, has no components to tell apart along the missing axis.
  assert.ok(Number.isFinite(finestSpacing({ ...gram, vv: 0 }, 8, 3)));
});
