import type { Grid } from '../../src/map/specification.js';
import type { RelativeView } from '../uiState.js';

/** A part of a grid's plane that is looked at, in cells of the grid from the lower left corner of cell (0, 0). */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface GridSize {
  readonly columns: number;
  readonly rows: number;
}

/** Size of the drawn part in px. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** All of the grid. */
export const home = ({ columns, rows }: GridSize): View => ({ x: 0, y: 0, width: columns, height: rows });

/** How many times a view is enlarged against {@link home}: 1 and more. */
export const zoomOf = (view: View, { columns }: GridSize): number => columns / view.width;

export const isHome = (view: View, grid: GridSize): boolean => zoomOf(view, grid) < 1.0001;

/** A view moved so that it lies inside the grid, with a zoom of 1 to `most`. */
export function inside(view: View, grid: GridSize, most = Infinity): View {
  const zoom = Math.min(Math.max(zoomOf(view, grid), 1), Math.max(1, most));
  const width = grid.columns / zoom;
  const height = grid.rows / zoom;
  const moved = (start: number, length: number, all: number): number => Math.min(Math.max(start, 0), all - length);
  // Where the zoom had to be corrected the middle stays.
  const x = view.x + (view.width - width) / 2;
  const y = view.y + (view.height - height) / 2;
  return { x: moved(x, width, grid.columns), y: moved(y, height, grid.rows), width, height };
}

/** The view enlarged `factor` times, `most` times at most; the point (x, y) of the grid stays where it is drawn. */
export function zoomed(view: View, grid: GridSize, factor: number, x: number, y: number, most: number): View {
  // A view that is closer already, because the limit was another when it came about, is not thrown back by a step closer.
  const limit = Math.max(1, factor > 1 ? Math.max(most, zoomOf(view, grid)) : most);
  const zoom = Math.min(Math.max(zoomOf(view, grid) * factor, 1), limit);
  const width = grid.columns / zoom;
  const height = grid.rows / zoom;
  return inside(
    {
      x: x - ((x - view.x) / view.width) * width,
      y: y - ((y - view.y) / view.height) * height,
      width,
      height,
    },
    grid,
  );
}

/** The view moved by so many cells. */
export const panned = (view: View, grid: GridSize, x: number, y: number): View =>
  inside({ ...view, x: view.x + x, y: view.y + y }, grid);

/** The view moved as little as it takes to show a square of the grid, one cell if no `side` is given, from its lower left. */
export function showing(view: View, grid: GridSize, column: number, row: number, side = 1): View {
  const move = (start: number, length: number, at: number): number =>
    at < start ? at - start : at + side > start + length ? at + side - start - length : 0;
  return panned(view, grid, move(view.x, view.width, column), move(view.y, view.height, row));
}

/** Whole cells that a view touches. */
export function visibleCells(view: View, { columns, rows }: GridSize) {
  const column = Math.max(0, Math.floor(view.x + 1e-3));
  const row = Math.max(0, Math.floor(view.y + 1e-3));
  return {
    column,
    row,
    columns: Math.max(0, Math.min(columns, Math.ceil(view.x + view.width - 1e-3)) - column),
    rows: Math.max(0, Math.min(rows, Math.ceil(view.y + view.height - 1e-3)) - row),
  };
}

/** Cells that a view shows wholly; at least one. */
export function wholeCells(view: View, grid: GridSize) {
  const touched = visibleCells(view, grid);
  const column = Math.max(0, Math.min(Math.ceil(view.x - 1e-3), touched.column + touched.columns - 1));
  const row = Math.max(0, Math.min(Math.ceil(view.y - 1e-3), touched.row + touched.rows - 1));
  return {
    column,
    row,
    columns: Math.max(1, Math.min(grid.columns, Math.floor(view.x + view.width + 1e-3)) - column),
    rows: Math.max(1, Math.min(grid.rows, Math.floor(view.y + view.height + 1e-3)) - row),
  };
}

/** A view of one grid in cells of another on the same plane. */
export function viewOn(view: View, from: Grid, to: Grid): View {
  if (from === to) return view;
  const scale = from.spacing / to.spacing;
  return {
    x: (view.x - from.columns / 2) * scale + (from.center[0] - to.center[0]) / to.spacing + to.columns / 2,
    y: (view.y - from.rows / 2) * scale + (from.center[1] - to.center[1]) / to.spacing + to.rows / 2,
    width: view.width * scale,
    height: view.height * scale,
  };
}

/** A part of the plane in plane coordinates, from its lower left corner: what is seen of it, whichever grid lies there. */
export interface Look {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The part of the plane that a view of a grid shows. */
export const lookOfView = (view: View, { columns, rows, spacing, center }: Grid): Look => ({
  x: center[0] + (view.x - columns / 2) * spacing,
  y: center[1] + (view.y - rows / 2) * spacing,
  width: view.width * spacing,
  height: view.height * spacing,
});

/** The view of a grid that shows this part of the plane. */
export const viewOfLook = (look: Look, { columns, rows, spacing, center }: Grid): View => ({
  x: (look.x - center[0]) / spacing + columns / 2,
  y: (look.y - center[1]) / spacing + rows / 2,
  width: look.width / spacing,
  height: look.height / spacing,
});

/** How far apart two views are at most, as a part of their size, so that they are one. */
const ONE_VIEW = 1e-9;
export const sameView = (a: View, b: View): boolean =>
  (['x', 'y', 'width', 'height'] as const).every((key) => Math.abs(a[key] - b[key]) <= ONE_VIEW * b.width);

export const relativeView = (view: View, { columns, rows }: GridSize): RelativeView => ({
  x: view.x / columns,
  y: view.y / rows,
  width: view.width / columns,
  height: view.height / rows,
});

export const absoluteView = (view: RelativeView, grid: GridSize): View =>
  inside(
    {
      x: view.x * grid.columns,
      y: view.y * grid.rows,
      width: view.width * grid.columns,
      height: view.height * grid.rows,
    },
    grid,
  );

/** From grid coordinates to px of the drawn part, y downward. */
export class Projection {
  readonly cellWidth: number;
  readonly cellHeight: number;

  constructor(
    readonly view: View,
    readonly size: Size,
  ) {
    this.cellWidth = size.width / view.width;
    this.cellHeight = size.height / view.height;
  }

  x = (gridX: number): number => (gridX - this.view.x) * this.cellWidth;
  y = (gridY: number): number => this.size.height - (gridY - this.view.y) * this.cellHeight;
  gridX = (x: number): number => this.view.x + x / this.cellWidth;
  gridY = (y: number): number => this.view.y + (this.size.height - y) / this.cellHeight;
}
