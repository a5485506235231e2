import { LIMITS } from './limits.js';
import type { Grid } from './specification.js';

/**
 * Plane coordinates of the columns' (x) and rows' (y) middles, ascending: neighbours are `spacing` apart and the middle of
 * all is the grid's centre. Column 0 has the smallest x, row 0 the smallest y.
 */
export function coordinates(grid: Grid): { xs: Float64Array; ys: Float64Array } {
  const axis = (count: number, center: number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => center + (i - (count - 1) / 2) * grid.spacing);
  return { xs: axis(grid.columns, grid.center[0]), ys: axis(grid.rows, grid.center[1]) };
}

/** A rectangle of the plane, in plane coordinates: x0 < x1, y0 < y1. */
export interface MapWindow {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** What a grid's cells cover: every cell is a square of the spacing's size around its point. */
export function gridWindow({ columns, rows, spacing, center: [x, y] }: Grid): MapWindow {
  const [halfWidth, halfHeight] = [(columns / 2) * spacing, (rows / 2) * spacing];
  return { x0: x - halfWidth, x1: x + halfWidth, y0: y - halfHeight, y1: y + halfHeight };
}

/** A point of the plane in grid coordinates, in which cell (column, row) is the unit square from there; y upward, as rows. */
export const gridPoint = (
  { columns, rows, spacing, center }: Grid,
  { x, y }: { readonly x: number; readonly y: number },
): { readonly x: number; readonly y: number } => ({
  x: (x - center[0]) / spacing + columns / 2,
  y: (y - center[1]) / spacing + rows / 2,
});

/** Whether two grids have the same cells. */
export const sameGrid = (a: Grid, b: Grid): boolean =>
  a.columns === b.columns &&
  a.rows === b.rows &&
  a.spacing === b.spacing &&
  a.center[0] === b.center[0] &&
  a.center[1] === b.center[1];

/**
 * A grid of as large a window with another number of cells along one side: spacing and the other side follow. The other side is
 * rounded, so that a window that is not square may grow or shrink by half a cell there.
 */
export function resizedGrid(grid: Grid, side: 'columns' | 'rows', count: number): Grid {
  const factor = count / grid[side];
  const along = (cells: number): number => Math.min(LIMITS.side, Math.max(1, Math.round(cells * factor)));
  return {
    ...grid,
    columns: side === 'columns' ? count : along(grid.columns),
    rows: side === 'rows' ? count : along(grid.rows),
    spacing: Number((grid.spacing / factor).toPrecision(12)),
  };
}

/** Where a cell stands: cells are numbered row by row, `row * columns + column`. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** Number of the cell at a place inside the grid. */
export const cellAt = (columns: number, { row, column }: Place): number => row * columns + column;

export const placeOf = (columns: number, cell: number): Place => ({
  row: Math.floor(cell / columns),
  column: cell % columns,
});
