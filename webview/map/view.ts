import type { RelativeView } from '../uiState.js';

/** A part of the grid that is looked at, in cells from the lower left corner of cell (0, 0). */
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

/** Fewest cells that can be seen along the shorter side. */
const CLOSEST = 3;

/** All of the grid. */
export const home = ({ columns, rows }: GridSize): View => ({ x: 0, y: 0, width: columns, height: rows });

/** How many times a view is enlarged against {@link home}: 1 and more. */
export const zoomOf = (view: View, { columns }: GridSize): number => columns / view.width;

export const isHome = (view: View, grid: GridSize): boolean => zoomOf(view, grid) < 1.0001;

const largestZoom = ({ columns, rows }: GridSize): number => Math.max(1, Math.min(columns, rows) / CLOSEST);

/** A view with zoom 1 and more, not too close, moved so that it lies inside the grid. */
function clamp(view: View, grid: GridSize): View {
  const zoom = Math.min(Math.max(zoomOf(view, grid), 1), largestZoom(grid));
  const width = grid.columns / zoom;
  const height = grid.rows / zoom;
  const inside = (start: number, length: number, all: number): number => Math.min(Math.max(start, 0), all - length);
  // Where the zoom had to be corrected the middle stays.
  const x = view.x + (view.width - width) / 2;
  const y = view.y + (view.height - height) / 2;
  return { x: inside(x, width, grid.columns), y: inside(y, height, grid.rows), width, height };
}

/** The view enlarged `factor` times; the point (x, y) of the grid stays where it is drawn. */
export function zoomed(view: View, grid: GridSize, factor: number, x: number, y: number): View {
  const zoom = Math.min(Math.max(zoomOf(view, grid) * factor, 1), largestZoom(grid));
  const width = grid.columns / zoom;
  const height = grid.rows / zoom;
  return clamp(
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
  clamp({ ...view, x: view.x + x, y: view.y + y }, grid);

/** The view moved as little as it takes to show a cell wholly. */
export function showing(view: View, grid: GridSize, column: number, row: number): View {
  const move = (start: number, length: number, at: number): number =>
    at < start ? at - start : at + 1 > start + length ? at + 1 - start - length : 0;
  return panned(view, grid, move(view.x, view.width, column), move(view.y, view.height, row));
}

/** Whole cells that a view touches. */
export function visibleCells(view: View, { columns, rows }: GridSize) {
  const column = Math.max(0, Math.floor(view.x + 1e-9));
  const row = Math.max(0, Math.floor(view.y + 1e-9));
  return {
    column,
    row,
    columns: Math.min(columns, Math.ceil(view.x + view.width - 1e-9)) - column,
    rows: Math.min(rows, Math.ceil(view.y + view.height - 1e-9)) - row,
  };
}

/** Cells that a view shows wholly; at least one. */
export function wholeCells(view: View, grid: GridSize) {
  const touched = visibleCells(view, grid);
  const column = Math.min(Math.ceil(view.x - 1e-9), touched.column + touched.columns - 1);
  const row = Math.min(Math.ceil(view.y - 1e-9), touched.row + touched.rows - 1);
  return {
    column,
    row,
    columns: Math.max(1, Math.floor(view.x + view.width + 1e-9) - column),
    rows: Math.max(1, Math.floor(view.y + view.height + 1e-9) - row),
  };
}

export const relativeView = (view: View, { columns, rows }: GridSize): RelativeView => ({
  x: view.x / columns,
  y: view.y / rows,
  width: view.width / columns,
  height: view.height / rows,
});

export const absoluteView = (view: RelativeView, grid: GridSize): View =>
  clamp(
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
