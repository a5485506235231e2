import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gramOf, type Plane, pointAt } from '../../src/map/plane.js';
import { fitSpacing, type Mark, nearestMark, type Survey } from '../../src/map/survey.js';
import { randomNumbers } from './syntheticMap.js';

const GRID = { columns: 40, rows: 20, spacing: 1, center: [0, 0] as const };
const QUANTILES = Array.from({ length: 21 }, (_, i) => i);

const plane: Plane = { c: Float32Array.of(1, 0, 0, 0), u: Float32Array.of(0, 3, 0, 0), v: Float32Array.of(0, 1, 2, 0) };
const mark = (kind: Mark['kind'], x: number, y: number, distance = 0): Mark => ({
  kind,
  overlay: -1,
  text: '',
  x,
  y,
  distance,
  norm: 1,
});
const survey = (marks: readonly Mark[], norms: Survey['norms'] = null): Survey => ({
  gram: gramOf(plane),
  norms,
  marks,
  explained: null,
});

test('property: the nearest mark is the one whose vector is nearest', () => {
  const random = randomNumbers(8);
  const signed = (): number => random() * 2 - 1;
  for (let run = 0; run < 200; run++) {
    const [c, u, v] = [0, 1, 2].map(() => Float32Array.from({ length: 3 }, signed)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const full: Plane = { c: Float32Array.of(...c, 0), u: Float32Array.of(...u, 0), v: Float32Array.of(...v, 0) };
    // Marks beside the plane along a dimension of their own: their feet are at x, y.
    const marks = Array.from({ length: 6 }, () => mark('state', signed(), signed(), random() * 0.5));
    const point = pointAt(full, 0.2, -0.3);
    const distances = marks.map(({ x, y, distance }) => {
      const foot = pointAt(full, x, y);
      return Math.hypot(...Array.from(foot, (value, i) => value - (point[i] ?? 0)), distance);
    });
    const least = Math.min(...distances);
    const nearest = nearestMark({ ...survey(marks), gram: gramOf(full) }, 0.2, -0.3);
    assert.equal(nearest?.mark, marks[distances.indexOf(least)]);
    assert.ok(Math.abs((nearest?.distance ?? NaN) - least) < 1e-6);
  }
  assert.equal(nearestMark(survey([]), 0, 0), undefined);
});

test('the fitting spacing brings the farthest anchor to the edge of the middle half', () => {
  const quarter = Math.min(GRID.columns, GRID.rows) / 4;
  for (const [x, y] of [
    [0.37, -2.2],
    [-3.1, 0],
    [0.001, 0.0002],
    [123, 456],
  ] as const) {
    const marks = [mark('anchor', 0, 0), mark('anchor', x, y), mark('state', 1e6, 1e6)];
    const reach = Math.max(Math.abs(x), Math.abs(y));
    const spacing = fitSpacing(GRID, survey(marks)) ?? NaN;
    assert.ok(spacing * quarter >= reach * (1 - 1e-9), `${spacing} leaves ${reach} outside`);
    assert.ok(spacing * quarter <= reach * 1.1, `${spacing} is more than two digits' rounding above`);
    assert.equal(spacing, Number(spacing.toPrecision(2)));
  }
  // From where the grid stands.
  const off = { ...GRID, center: [10, 0] as const };
  assert.equal(fitSpacing(off, survey([mark('anchor', 5, 0)])), 1);
});

test('without an anchor away from the middle, half the grid is the typical norm of the longer axis', () => {
  const norms = { quantiles: QUANTILES, count: 100 }; // median 10
  const spacing = fitSpacing(GRID, survey([mark('anchor', 0, 0)], norms));
  // 10 cells of spacing s along u, which is 3 long: 30 s = 10.
  assert.equal(spacing, 0.33);
  const long = { ...plane, v: Float32Array.of(0, 0, 8, 0) };
  assert.equal(fitSpacing(GRID, { ...survey([], norms), gram: gramOf(long) }), 0.13);
  assert.equal(fitSpacing(GRID, survey([])), undefined);
  assert.equal(fitSpacing(GRID, survey([], { quantiles: QUANTILES.map(() => 0), count: 0 })), undefined);
  const none = { ...plane, u: new Float32Array(4), v: new Float32Array(4) };
  assert.equal(fitSpacing(GRID, { ...survey([], norms), gram: gramOf(none) }), undefined);
});
