import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellAt, coordinates, gridPoint, gridWindow, placeOf, resizedGrid } from '../../src/map/grid.js';
import type { Grid } from '../../src/map/specification.js';

test('the original’s grid: 20 x 20 with spacing 0.5 goes from -4.75 to 4.75', () => {
  const { xs, ys } = coordinates({ columns: 20, rows: 20, spacing: 0.5, center: [0, 0] });
  const expected = Array.from({ length: 20 }, (_, i) => -4.75 + i / 2);
  assert.deepEqual([...xs], expected);
  assert.deepEqual([...ys], expected);
});

test('an odd count has a cell on the center, wherever that is', () => {
  const { xs, ys } = coordinates({ columns: 5, rows: 1, spacing: 0.25, center: [10, -3] });
  assert.deepEqual([...xs], [9.5, 9.75, 10, 10.25, 10.5]);
  assert.deepEqual([...ys], [-3]);
});

test('cells are numbered row by row', () => {
  assert.equal(cellAt(7, { row: 0, column: 6 }), 6);
  assert.equal(cellAt(7, { row: 2, column: 1 }), 15);
  for (let cell = 0; cell < 21; cell++) assert.equal(cellAt(7, placeOf(7, cell)), cell);
});

test('in grid coordinates a cell is the unit square from its column and row', () => {
  const grid: Grid = { columns: 7, rows: 4, spacing: 0.3, center: [10, -3] };
  const { xs, ys } = coordinates(grid);
  for (const [column, x] of xs.entries())
    for (const [row, y] of ys.entries()) {
      const point = gridPoint(grid, { x, y });
      assert.ok(Math.abs(point.x - column - 0.5) < 1e-9 && Math.abs(point.y - row - 0.5) < 1e-9, `${column} ${row}`);
    }
});

test('property: another number of cells keeps the window along that side, and within half a cell along the other', () => {
  for (const [columns, rows] of [
    [50, 50],
    [30, 20],
    [7, 100],
  ] as const)
    for (const side of ['columns', 'rows'] as const)
      for (const count of [1, 10, 49, 200, 2000]) {
        const grid: Grid = { columns, rows, spacing: 0.3, center: [2, -5] };
        const resized = resizedGrid(grid, side, count);
        assert.equal(resized[side], count);
        assert.deepEqual(resized.center, grid.center);
        const [before, after] = [gridWindow(grid), gridWindow(resized)];
        const near = (a: number, b: number, within: number) => assert.ok(Math.abs(a - b) <= within, `${a} ${b}`);
        const along = side === 'columns' ? (['x0', 'x1'] as const) : (['y0', 'y1'] as const);
        for (const edge of along) near(after[edge], before[edge], 1e-9 * Math.abs(before[edge]));
        const other = side === 'columns' ? 'rows' : 'columns';
        const reach = (g: Grid): number => g[other] * g.spacing;
        const clamped = resized[other] === 1 || resized[other] === 2000;
        if (!clamped) near(reach(resized), reach(grid), resized.spacing * 0.5 + 1e-9);
      }
});
