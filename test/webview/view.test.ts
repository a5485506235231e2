import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridWindow } from '../../src/map/grid.js';
import type { Grid } from '../../src/map/specification.js';
import { contains, detailGrid, touches } from '../../webview/map/detail.js';
import { axisName, axisTicks } from '../../webview/map/axisTicks.js';
import {
  home,
  inside,
  panned,
  showing,
  type View,
  viewOn,
  visibleCells,
  wholeCells,
  zoomed,
  zoomOf,
} from '../../webview/map/view.js';
import { randomNumbers } from '../map/syntheticMap.js';

const random = randomNumbers(11);
const between = (low: number, high: number): number => low + (high - low) * random();
const someGrid = (): Grid => ({
  columns: Math.floor(between(1, 200)),
  rows: Math.floor(between(1, 200)),
  spacing: 10 ** between(-3, 3),
  center: [between(-50, 50), between(-50, 50)],
});
/** A part of a grid, of its shape. */
function somePart({ columns, rows }: Grid, zoom = 10 ** between(0, 5)): View {
  const [width, height] = [columns / zoom, rows / zoom];
  return { x: between(0, columns - width), y: between(0, rows - height), width, height };
}
const near = (a: number, b: number, tolerance: number, what: string): void =>
  assert.ok(Math.abs(a - b) <= tolerance, `${what}: ${a} is not ${b}`);

test('property: a zoom keeps its point where it is, stays inside the grid, and ends at the limit', () => {
  for (let run = 0; run < 300; run++) {
    const grid = someGrid();
    const view = somePart(grid);
    const most = Math.max(zoomOf(view, grid), 10 ** between(0, 6));
    const [x, y] = [view.x + view.width * random(), view.y + view.height * random()];
    const then = zoomed(view, grid, 10 ** between(-2, 2), x, y, most);
    assert.ok(then.x >= 0 && then.y >= 0);
    assert.ok(then.x + then.width <= grid.columns * (1 + 1e-12) && then.y + then.height <= grid.rows * (1 + 1e-12));
    assert.ok(zoomOf(then, grid) <= most * (1 + 1e-9) && zoomOf(then, grid) >= 1 - 1e-9);
    const free = then.x > 0 && then.y > 0 && then.x + then.width < grid.columns && then.y + then.height < grid.rows;
    if (!free) continue; // moved back into the grid
    near((x - then.x) / then.width, (x - view.x) / view.width, 1e-6, 'x stays');
    near((y - then.y) / then.height, (y - view.y) / view.height, 1e-6, 'y stays');
  }
});

test('a view beyond a limit that has come down is not thrown back by a step closer, and can go out', () => {
  const grid = { columns: 50, rows: 50 };
  const close = inside({ x: 10, y: 10, width: 0.5, height: 0.5 }, grid);
  assert.equal(zoomOf(zoomed(close, grid, 2, 10.25, 10.25, 16), grid), 100);
  assert.equal(zoomOf(zoomed(close, grid, 0.5, 10.25, 10.25, 16), grid), 16);
  assert.equal(zoomOf(inside(close, grid, 16), grid), 16);
});

test('property: what is seen of one grid is the same part of the plane on another, and back', () => {
  for (let run = 0; run < 300; run++) {
    const from = someGrid();
    const view = somePart(from);
    const to = { ...detailGrid(from, somePart(from)), columns: 30, rows: 20 };
    const there = viewOn(view, from, to);
    const back = viewOn(there, to, from);
    for (const key of ['x', 'y', 'width', 'height'] as const) near(back[key], view[key], 1e-9 * from.columns, key);
    const plane = (v: View, grid: Grid) => gridWindow(grid).x0 + v.x * grid.spacing;
    near(plane(there, to), plane(view, from), 1e-9 * from.spacing * from.columns, 'left edge');
  }
});

test('property: the detail of a view covers it to a small part of a cell, in numbers that can be typed', () => {
  for (let run = 0; run < 500; run++) {
    const base = someGrid();
    const view = somePart(base);
    const detail = detailGrid(base, view);
    assert.deepEqual([detail.columns, detail.rows], [base.columns, base.rows]);
    const seen = viewOn(view, base, detail);
    assert.ok(contains(detail, seen) && touches(detail, seen));
    near(seen.width, detail.columns, 0.01, 'width');
    near(seen.x, 0, 0.01, 'x');
    near(seen.y, 0, 0.01, 'y');
    assert.equal(Number(detail.spacing.toPrecision(6)), detail.spacing);
    for (const middle of detail.center) assert.ok(String(middle).length < 24, String(middle));
  }
});

test('cells of a view: those that it touches and those that it shows wholly, also beside the grid', () => {
  const grid = { columns: 10, rows: 8 };
  assert.deepEqual(visibleCells(home(grid), grid), { column: 0, row: 0, columns: 10, rows: 8 });
  const part = { x: 1.5, y: 2, width: 3, height: 2.4 };
  assert.deepEqual(visibleCells(part, grid), { column: 1, row: 2, columns: 4, rows: 3 });
  assert.deepEqual(wholeCells(part, grid), { column: 2, row: 2, columns: 2, rows: 2 });
  const beside = { x: 8, y: -3, width: 5, height: 4 };
  assert.deepEqual(visibleCells(beside, grid), { column: 8, row: 0, columns: 2, rows: 1 });
  assert.equal(touches(grid, beside), true);
  assert.equal(contains(grid, beside), false);
  assert.equal(touches(grid, { ...beside, y: -5 }), false);
});

test('moved as little as it takes to show a place', () => {
  const grid = { columns: 50, rows: 50 };
  const view = { x: 10, y: 10, width: 5, height: 5 };
  assert.deepEqual(showing(view, grid, 12, 14), view);
  assert.equal(showing(view, grid, 16, 14).x, 12);
  near(showing(view, grid, 15.5, 14, 0.1).x, 10.6, 1e-12, 'a small square');
  assert.equal(showing(view, grid, 3, 14).x, 3);
  assert.equal(panned(view, grid, -100, 0).x, 0);
});

test('property: what stands at an axis is what is there, and no two ticks look alike', () => {
  for (let run = 0; run < 500; run++) {
    const middle = between(-1, 1) * 10 ** between(-3, 4);
    const span = 10 ** between(-9, 4);
    if (span < Math.abs(middle) * 1e-12) continue;
    const [low, high] = [middle - span / 2, middle + span / 2];
    const longest = run % 2 === 0 ? 5 : 7;
    const axis = axisTicks(low, high, 5, longest);
    assert.ok(axis.ticks.length >= 2, `${low} ${high}`);
    assert.equal(new Set(axis.ticks.map(({ text }) => text)).size, axis.ticks.length);
    for (const { at, text } of axis.ticks) {
      const number = Number(text.replaceAll(',', '').replaceAll('\u2212', '-'));
      near(
        number * 10 ** (axis.exponent ?? 0) + (axis.offset?.value ?? 0),
        at,
        span * 1e-6 + Math.abs(at) * 1e-15,
        text,
      );
      assert.ok(at >= low - span * 1e-6 && at <= high + span * 1e-6);
      assert.ok(text.length <= longest, text);
    }
  }
  const named = (low: number, high: number): string => axisName('x   (dimension 3)', axisTicks(low, high, 5, 5));
  assert.equal(named(0, 1), 'x   (dimension 3)');
  assert.equal(named(-1200, 1200), 'x / 10³   (dimension 3)');
  assert.equal(named(0.0001, 0.0005), 'x / 10⁻⁴   (dimension 3)');
  assert.equal(named(12.34567, 12.34569), '(x \u2212 12.345680) / 10⁻⁵   (dimension 3)');
  assert.match(named(-12.34569, -12.34567), /^\(x \+ 12\.34568/);
});
