import { type BorderGround, type BorderLines, linesOf, type TokenBorder } from './borderLines.js';
import { clipPolygon, gridPolygons, tokenBorders } from './exactRegions.js';
import { interpolatedRegions } from './interpolatedRegions.js';
import { type ExactRegions, polygonArea, type TokenPolygon } from './polygons.js';
import { findBorders, NO_TOKEN } from './regions.js';
import type { Grid } from './specification.js';
import type { Cells } from './tokenMap.js';

/** What the borders of a map are drawn from. */
export interface Outlined {
  readonly columns: number;
  readonly rows: number;
  /** [columns * rows] what is drawn in each cell; {@link NO_TOKEN}: nothing. */
  readonly top: Int32Array;
  /** What is known between cells; left out where tops are no tokens of theirs. */
  readonly cells?: Cells | undefined;
  /** The regions themselves, where they are known without a grid. */
  readonly exact?: { readonly regions: ExactRegions; readonly grid: Grid } | undefined;
}

/**
 * Where regions border on each other, in grid coordinates, by the best that is known: exactly, interpolated between the cells'
 * centers, else along the cells' sides. What draws a map draws these.
 */
export interface Outlines {
  readonly kind: 'exact' | 'interpolated' | 'cells';
  /** Every border once; none of `cells`, whose sides they are. Those with {@link NO_TOKEN} on a side only close outlines. */
  readonly borders: readonly TokenBorder[];
  /** Who wins where: of `exact` all over the window, of `interpolated` around borders, of `cells` none. */
  readonly polygons: readonly TokenPolygon[];
}

export function outlinesOf({ top, cells, exact }: Outlined): Outlines {
  if (exact) {
    const polygons = gridPolygons(exact.regions, exact.grid);
    return { kind: 'exact', borders: tokenBorders({ ...exact.regions, polygons }), polygons };
  }
  const between = cells && interpolatedRegions(cells, top);
  return between
    ? { kind: 'interpolated', borders: between.borders, polygons: between.faces }
    : { kind: 'cells', borders: [], polygons: [] };
}

/** The borders between tokens, by how they are drawn. */
export function bordersOf(
  { columns, rows, top }: Outlined,
  { kind, borders }: Outlines,
  ground: BorderGround,
): readonly BorderLines[] {
  if (kind === 'cells') return findBorders(columns, rows, top, ground);
  const drawn = borders.filter(({ left, right }) => left !== NO_TOKEN && right !== NO_TOKEN);
  return linesOf(drawn, columns, ground);
}

/** A part of a cell that is another token's than the cell's own: colored as the cell, but for that token. */
export interface Patch {
  readonly token: number;
  readonly cell: number;
  readonly points: Float64Array;
}

/** More exact regions than this are too small to see. */
const MOST_REGIONS = 2000;
/** How finely a border is followed, in cells. */
const STEP = 0.2;
/** Parts of less than this area, in cells, are not seen. */
const LEAST_AREA = 1e-4;

/** What lies on the other side of borders in the cells that they pass through: without it, stairs stand beside them. */
export function patchesOf(outlined: Outlined, { kind, polygons }: Outlines): readonly Patch[] {
  if (kind === 'exact' && polygons.length > MOST_REGIONS) return [];
  const { columns, top } = outlined;
  const patches: Patch[] = [];
  for (const { token, points } of polygons) {
    for (const cell of kind === 'exact' ? cellsAlong(points, outlined) : cellsUnder(points, outlined)) {
      if (top[cell] === token || top[cell] === NO_TOKEN) continue;
      const part = inCell(points, cell % columns, Math.floor(cell / columns));
      if (polygonArea(part) > LEAST_AREA) patches.push({ token, cell, points: part });
    }
  }
  return patches;
}

/** The cells that a polygon's sides pass through. */
function cellsAlong(points: Float64Array, { columns, rows }: Outlined): ReadonlySet<number> {
  const cells = new Set<number>();
  for (let i = 0; i < points.length; i += 2) {
    const next = (i + 2) % points.length;
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = [points[i], points[i + 1], points[next], points[next + 1]];
    const steps = Math.min(10 * (columns + rows), Math.ceil(Math.hypot(x1 - x0, y1 - y0) / STEP));
    for (let step = 0; step <= steps; step++) {
      const part = steps === 0 ? 0 : step / steps;
      const column = Math.floor(x0 + part * (x1 - x0));
      const row = Math.floor(y0 + part * (y1 - y0));
      if (column >= 0 && row >= 0 && column < columns && row < rows) cells.add(row * columns + column);
    }
  }
  return cells;
}

/** The cells that a small polygon may lie on. */
function* cellsUnder(points: Float64Array, { columns, rows }: Outlined): Generator<number> {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    const [x = 0, y = 0] = [points[i], points[i + 1]];
    [left, right, low, high] = [Math.min(left, x), Math.max(right, x), Math.min(low, y), Math.max(high, y)];
  }
  for (let row = Math.max(0, Math.floor(low)); row < Math.min(rows, high); row++)
    for (let column = Math.max(0, Math.floor(left)); column < Math.min(columns, right); column++)
      yield row * columns + column;
}

function inCell(points: Float64Array, column: number, row: number): Float64Array {
  const right = clipPolygon(clipPolygon(points, -1, 0, -column), 1, 0, column + 1);
  return clipPolygon(clipPolygon(right, 0, -1, -row), 0, 1, row + 1);
}
