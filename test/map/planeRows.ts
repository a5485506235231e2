import type { MapWindow } from '../../src/map/grid.js';
import type { PlaneRows } from '../../src/map/polygons.js';
import { randomNumbers } from './syntheticMap.js';

/** Rows from a function of the token. */
export const rowsOf = (
  count: number,
  plane: (token: number) => readonly [c: number, u: number, v: number],
): PlaneRows => {
  const rows = { c: new Float32Array(count), u: new Float32Array(count), v: new Float32Array(count) };
  for (let i = 0; i < count; i++) [rows.c[i], rows.u[i], rows.v[i]] = plane(i);
  return rows;
};

/** Planes with normal numbers, as a head's rows give them on a random plane; `c` and the slopes of the given deviations. */
export function normalRows(count: number, seed: number, deviation: { c: number; slope: number }): PlaneRows {
  const random = randomNumbers(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return rowsOf(count, () => [deviation.c * normal(), deviation.slope * normal(), deviation.slope * normal()]);
}

/** Planes whose envelope is the Voronoi diagram of points: all of them win. */
export const voronoiRows = (points: readonly (readonly [number, number])[]): PlaneRows =>
  rowsOf(points.length, (i) => {
    const [x, y] = points[i] ?? [0, 0];
    return [-(x * x + y * y) / 2, x, y];
  });

export const squareWindow = (half: number, x = 0, y = 0): MapWindow => ({
  x0: x - half,
  x1: x + half,
  y0: y - half,
  y1: y + half,
});

/**
 * The largest value at every point of a grid, in float64, by another way than the polygons': along a row of the grid every
 * plane is a line; the upper hull of the lines is walked from left to right. Calls back for each row of the grid.
 */
export function sweepRows(
  rows: PlaneRows,
  xs: Float64Array,
  ys: Float64Array,
  visit: (row: number, winners: Int32Array) => void,
): void {
  const order = Int32Array.from(rows.c.keys()).sort((a, b) => (rows.u[a] ?? 0) - (rows.u[b] ?? 0) || a - b);
  const [c, u, v] = [rows.c, rows.u, rows.v].map((row) => Float64Array.from(order, (i) => row[i] ?? 0));
  if (!c || !u || !v) return;
  const hull = new Int32Array(order.length);
  const heights = new Float64Array(order.length);
  const winners = new Int32Array(xs.length);
  ys.forEach((y, row) => {
    let top = 0;
    for (let i = 0; i < order.length; i++) {
      const slope = u[i] ?? 0;
      const height = (c[i] ?? 0) + y * (v[i] ?? 0);
      heights[i] = height;
      if (top > 0 && u[hull[top - 1] ?? 0] === slope) {
        if ((heights[hull[top - 1] ?? 0] ?? 0) >= height) continue;
        top--;
      }
      while (top > 1) {
        const middle = hull[top - 1] ?? 0;
        const left = hull[top - 2] ?? 0;
        const leftSlope = u[left] ?? 0;
        const leftHeight = heights[left] ?? 0;
        // Unless the new line passes the left one later than the middle one does, the middle one is nowhere the largest.
        const middlePasses = (leftHeight - (heights[middle] ?? 0)) * (slope - leftSlope);
        if ((leftHeight - height) * ((u[middle] ?? 0) - leftSlope) > middlePasses) break;
        top--;
      }
      hull[top++] = i;
    }
    let at = 0;
    const value = (k: number, x: number): number => (heights[hull[k] ?? 0] ?? 0) + x * (u[hull[k] ?? 0] ?? 0);
    xs.forEach((x, column) => {
      while (at + 1 < top && value(at + 1, x) > value(at, x)) at++;
      winners[column] = order[hull[at] ?? 0] ?? 0;
    });
    visit(row, winners);
  });
}
