import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipPolygon, clipRegions, exactStatistics, gridPolygons, tokenBorders } from '../../src/map/exactRegions.js';
import { coordinates, gridWindow } from '../../src/map/grid.js';
import { envelope, type ExactRegions, polygonArea } from '../../src/map/polygons.js';
import type { BorderGround, BorderLines } from '../../src/map/borderLines.js';
import { bordersOf, outlinesOf } from '../../src/map/outlines.js';
import { findBorders } from '../../src/map/regions.js';
import type { Grid } from '../../src/map/specification.js';
import { normalRows, rowsOf, squareWindow, voronoiRows } from './planeRows.js';
import { randomNumbers } from './syntheticMap.js';

const grid = { columns: 20, rows: 10, spacing: 0.3, center: [0.7, -0.2] as const };
const window = gridWindow(grid);
const rows = normalRows(300, 5, { c: 1, slope: 1 });
const regions: ExactRegions = { window, polygons: envelope(rows, window) };
/** The borders of regions as they are drawn on a grid. */
function bordersIn(exact: ExactRegions, on: Grid, ground: BorderGround = {}): readonly BorderLines[] {
  const { columns, rows: height } = on;
  const outlined = {
    columns,
    rows: height,
    top: new Int32Array(columns * height),
    exact: { regions: exact, grid: on },
  };
  return bordersOf(outlined, outlinesOf(outlined), ground);
}

const value = (token: number, x: number, y: number): number =>
  (rows.c[token] ?? NaN) + x * (rows.u[token] ?? NaN) + y * (rows.v[token] ?? NaN);

test('a grid’s window reaches half a cell beyond the outer cells’ points', () => {
  const { xs, ys } = coordinates(grid);
  assert.ok(
    Math.abs(window.x0 - ((xs[0] ?? 0) - 0.15)) < 1e-12 && Math.abs(window.x1 - ((xs[19] ?? 0) + 0.15)) < 1e-12,
  );
  assert.ok(Math.abs(window.y0 - ((ys[0] ?? 0) - 0.15)) < 1e-12 && Math.abs(window.y1 - ((ys[9] ?? 0) + 0.15)) < 1e-12);
});

test('along a border both tokens are equal and the largest, each wins on its side', () => {
  const borders = tokenBorders(regions);
  assert.ok(borders.length > 20);
  const seen = new Set<string>();
  for (const { left, right, x0, y0, x1, y1 } of borders) {
    seen.add([left, right].sort((a, b) => a - b).join());
    for (const part of [0, 0.3, 1]) {
      const [x, y] = [x0 + part * (x1 - x0), y0 + part * (y1 - y0)];
      assert.ok(Math.abs(value(left, x, y) - value(right, x, y)) < 1e-12);
      assert.ok(rows.c.every((_, token) => value(token, x, y) <= value(left, x, y) + 1e-12));
    }
    const [x, y] = [(x0 + x1) / 2 - (y1 - y0) * 1e-3, (y0 + y1) / 2 + (x1 - x0) * 1e-3];
    assert.ok(value(left, x, y) > value(right, x, y));
  }
  assert.equal(seen.size, borders.length, 'two tokens share one border at most, and it is there once');
});

test('borders of a lattice in grid coordinates are those of its cells', () => {
  const lattice = { columns: 5, rows: 3, spacing: 2, center: [4, 2] as const };
  const points = Array.from({ length: 15 }, (_, i) => [(i % 5) * 2, Math.floor(i / 5) * 2] as const);
  const exact = { window: gridWindow(lattice), polygons: envelope(voronoiRows(points), gridWindow(lattice)) };
  // One dark cell in the middle and its right neighbor: what lies between them alone is on dark for the cells' borders.
  const pieces = (list: ArrayLike<number>): string[] => {
    const unit: string[] = [];
    for (let i = 0; i < list.length; i += 4) {
      const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = Array.from(list).slice(i, i + 4);
      const length = Math.abs(x1 - x0) + Math.abs(y1 - y0);
      for (let k = 0; k < length; k++) {
        const x = Math.min(x0, x1) + (x0 === x1 ? 0 : k);
        const y = Math.min(y0, y1) + (y0 === y1 ? 0 : k);
        unit.push(`${x} ${y} ${x0 === x1 ? '|' : '-'}`);
      }
    }
    return unit.sort();
  };
  const cells = findBorders(
    5,
    3,
    Int32Array.from({ length: 15 }, (_, i) => i),
  );
  const found = bordersIn(exact, lattice);
  assert.deepEqual(found.flatMap((lines) => pieces(lines.pieces)).sort(), pieces(cells[0]?.pieces ?? []));
  assert.ok(found.every(({ onDark }) => !onDark));
});

test('borders are split where they go from light to dark cells, and nothing of them is lost', () => {
  const random = randomNumbers(9);
  const dark = Uint8Array.from({ length: 200 }, () => Number(random() < 0.4));
  const whole = bordersIn(regions, grid);
  const split = bordersIn(regions, grid, { dark });
  const length = (all: readonly BorderLines[]): number => {
    let sum = 0;
    for (const { pieces } of all)
      for (let i = 0; i < pieces.length; i += 4) {
        const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = pieces.subarray(i, i + 4);
        sum += Math.hypot(x1 - x0, y1 - y0);
      }
    return sum;
  };
  assert.ok(Math.abs(length(split) - length(whole)) < 1e-9);
  assert.equal(split.length, 2);
  for (const { onDark, pieces: list } of split) {
    assert.ok(list.length > 0);
    for (let i = 0; i < list.length; i += 4) {
      const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = list.subarray(i, i + 4);
      for (let k = 0; k < 50; k++) {
        const part = (k + 0.5) / 50;
        const [column, row] = [x0 + part * (x1 - x0), y0 + part * (y1 - y0)];
        if (Math.min(column % 1, 1 - (column % 1), row % 1, 1 - (row % 1)) < 1e-9) continue;
        assert.equal(dark[Math.floor(row) * grid.columns + Math.floor(column)], Number(onDark));
      }
    }
  }
});

test('grid coordinates: cell (column, row) is the square around its point', () => {
  const { xs, ys } = coordinates(grid);
  const polygons = gridPolygons(regions, grid);
  assert.ok(Math.abs(polygons.reduce((sum, { points }) => sum + polygonArea(points), 0) - 200) < 1e-9);
  for (let cell = 0; cell < 200; cell++) {
    const [column, row] = [cell % 20, Math.floor(cell / 20)];
    const winner = [...rows.c.keys()].reduce((best, token) =>
      value(token, xs[column] ?? 0, ys[row] ?? 0) > value(best, xs[column] ?? 0, ys[row] ?? 0) ? token : best,
    );
    const around = polygons.filter(({ points }) => {
      for (let i = 0; i < points.length; i += 2) {
        const j = (i + 2) % points.length;
        const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = [points[i], points[i + 1], points[j], points[j + 1]];
        if ((x1 - x0) * (row + 0.5 - y0) - (y1 - y0) * (column + 0.5 - x0) < 0) return false;
      }
      return true;
    });
    assert.deepEqual(around.map(({ token }) => token), [winner]); // prettier-ignore
  }
});

test('statistics: tokens that win somewhere, and the parts of the window that they win', () => {
  const stripes = {
    window: squareWindow(2),
    polygons: envelope(
      rowsOf(3, (i) => [-i * 1.5, i, 0]),
      squareWindow(2),
    ),
  };
  assert.deepEqual(exactStatistics(stripes), {
    tokens: 2,
    areaShares: [
      { token: 0, share: 0.875 },
      { token: 2, share: 0.125 },
    ],
  });
  const { tokens, areaShares } = exactStatistics(regions);
  assert.equal(tokens, regions.polygons.length);
  assert.ok(Math.abs(areaShares.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
  assert.ok(areaShares.every(({ share }, i) => share <= (areaShares[i - 1]?.share ?? 1)));
});

test('a polygon cut by a line', () => {
  const square = Float64Array.of(0, 0, 4, 0, 4, 4, 0, 4);
  assert.deepEqual([...clipPolygon(square, 1, 0, 1)], [0, 0, 1, 0, 1, 4, 0, 4]);
  assert.deepEqual([...clipPolygon(square, 1, 1, 4)], [0, 0, 4, 0, 0, 4]);
  assert.deepEqual([...clipPolygon(square, 1, 0, 4)], [...square]);
  assert.deepEqual([...clipPolygon(square, 1, 0, -1)], []);
  const random = randomNumbers(12);
  for (let i = 0; i < 200; i++) {
    const [a, b, c] = [random() - 0.5, random() - 0.5, (random() - 0.5) * 4];
    const [one, other] = [clipPolygon(square, a, b, c), clipPolygon(square, -a, -b, -c)];
    assert.ok(Math.abs(polygonArea(one) + polygonArea(other) - 16) < 1e-12);
    for (let k = 0; k < one.length; k += 2) assert.ok(a * (one[k] ?? 0) + b * (one[k + 1] ?? 0) <= c + 1e-12);
  }
});

test('clipped regions cover the smaller window once and share their borders', () => {
  const inner = { x0: -1, x1: 2.25, y0: -1, y1: 1 };
  const { polygons } = clipRegions(regions, inner);
  assert.ok(Math.abs(polygons.reduce((sum, { points }) => sum + polygonArea(points), 0) - 6.5) < 1e-9);
  const outline =
    polygons.reduce((sum, { points }) => sum + points.length / 2, 0) -
    2 * tokenBorders({ window: inner, polygons }).length;
  const onSides = polygons.reduce(
    (sum, { points }) =>
      sum +
      points.filter((x, i) => {
        const next = (k: number): number => points[(i + k) % points.length] ?? NaN;
        if (i % 2 === 1) return false;
        const on = (a: number, b: number, c: number, d: number) => a === b && (a === c || a === d);
        return on(x, next(2), inner.x0, inner.x1) || on(next(1), next(3), inner.y0, inner.y1);
      }).length,
    0,
  );
  assert.equal(outline, onSides, 'sides without a neighbor lie on the window’s sides');
});
