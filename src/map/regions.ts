import { type BorderGround, type BorderLines, BorderSorter } from './borderLines.js';
import type { Cells } from './tokenMap.js';

/** Stands for "no token" in arrays of top tokens. */
export const NO_TOKEN = -1;

/** Regions: maximal 4-connected sets of cells with the same token, numbered by their first cell in row-major order. */
export interface Regions {
  readonly columns: number;
  readonly rows: number;
  readonly count: number;
  /** [columns * rows] region of each cell, -1 where there is no token. */
  readonly of: Int32Array;
  /** [count] token of each region. */
  readonly tokens: Int32Array;
  /** [count] cells of each region. */
  readonly areas: Int32Array;
}

/** [columns * rows] most probable token per cell; {@link NO_TOKEN} where a cell is not computed. */
export function topTokens(cells: Cells): Int32Array {
  const top = new Int32Array(cells.columns * cells.rows).fill(NO_TOKEN);
  for (let i = 0; i < top.length; i++) if (cells.computed[i]) top[i] = cells.ids[i * cells.topK] ?? NO_TOKEN;
  return top;
}

/**
 * Finds the regions of a grid.
 * @param top [columns * rows] token per cell, row-major; {@link NO_TOKEN} belongs to no region. The caller may have filled
 *   cells that are not computed yet from their coarse neighbors.
 */
export function findRegions(columns: number, rows: number, top: Int32Array): Regions {
  const parents = new Int32Array(columns * rows);
  const root = (cell: number): number => {
    let at = cell;
    for (let up = parents[at] ?? at; up !== at; up = parents[at] ?? at) {
      parents[at] = parents[up] ?? up; // halve the path
      at = parents[at] ?? at;
    }
    return at;
  };
  for (let cell = 0; cell < parents.length; cell++) {
    parents[cell] = cell;
    const token = top[cell];
    if (token === NO_TOKEN) continue;
    if (cell % columns > 0 && top[cell - 1] === token) parents[cell] = root(cell - 1);
    if (cell >= columns && top[cell - columns] === token) {
      const a = root(cell);
      const b = root(cell - columns);
      // The lower index is the root: then a root is the first cell of its region.
      if (a < b) parents[b] = a;
      else parents[a] = b;
    }
  }
  const of = new Int32Array(parents.length);
  const tokens: number[] = [];
  const areas: number[] = [];
  for (let cell = 0; cell < parents.length; cell++) {
    const first = root(cell);
    if (top[cell] === NO_TOKEN) of[cell] = -1;
    else if (first === cell) {
      of[cell] = tokens.length;
      tokens.push(top[cell] ?? NO_TOKEN);
      areas.push(1);
    } else {
      const region = of[first] ?? 0;
      of[cell] = region;
      areas[region] = (areas[region] ?? 0) + 1;
    }
  }
  return { columns, rows, count: tokens.length, of, tokens: Int32Array.from(tokens), areas: Int32Array.from(areas) };
}

/** Part of a grid: cells `column` ... `column + columns - 1` and so on, all inside the grid. */
export interface GridWindow {
  readonly column: number;
  readonly row: number;
  readonly columns: number;
  readonly rows: number;
}

/** [window.columns * window.rows] the window's part of a row-major array with a value per cell. */
export function cropCells(columns: number, values: Int32Array, window: GridWindow): Int32Array {
  const cropped = new Int32Array(window.columns * window.rows);
  for (let row = 0; row < window.rows; row++) {
    const from = (window.row + row) * columns + window.column;
    cropped.set(values.subarray(from, from + window.columns), row * window.columns);
  }
  return cropped;
}

/**
 * The borders of a grid along the sides of cells, as straight runs merged as far as they go. The grid's outer edge and the edge to
 * cells without a token are no borders.
 * @param values [columns * rows] token or region per cell; negative: none.
 */
export function findBorders(
  columns: number,
  rows: number,
  values: Int32Array,
  { dark, alike }: BorderGround = {},
): readonly BorderLines[] {
  const sorter = new BorderSorter();
  /** The kind of border between two cells; undefined: none. */
  const kind = (a: number, b: number): number | undefined => {
    const left = values[a] ?? -1;
    const right = values[b] ?? -1;
    if (left === right || left < 0 || right < 0) return undefined;
    return BorderSorter.kind(dark?.[a] === 1 && dark[b] === 1, alike?.(left, right) ?? false);
  };
  // Along each line between two columns, then along each line between two rows.
  const walk = (lines: number, length: number, cellAt: (line: number, step: number) => number, vertical: boolean) => {
    const across = vertical ? 1 : columns;
    for (let line = 1; line < lines; line++) {
      let open: number | undefined;
      let start = 0;
      for (let step = 0; step <= length; step++) {
        const cell = cellAt(line, step);
        const now = step === length ? undefined : kind(cell - across, cell);
        if (now === open) continue;
        if (open !== undefined && vertical) sorter.add(open, line, start, line, step);
        else if (open !== undefined) sorter.add(open, start, line, step, line);
        open = now;
        start = step;
      }
    }
  };
  walk(columns, rows, (column, row) => row * columns + column, true);
  walk(rows, columns, (row, column) => row * columns + column, false);
  return sorter.lines(Int32Array);
}
