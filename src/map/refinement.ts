/**
 * The order in which a grid's cells are computed, so that a whole picture stands early and sharpens. A pass of stride s
 * computes one cell of every block of s x s cells, from the grid's middle outwards, tile by tile; until a cell is computed
 * itself, the cell of its block stands for it.
 */

export const STRIDES = [16, 4, 1] as const;
export type Stride = (typeof STRIDES)[number];

/** Cells of a tile along one side in a pass: 16 computed cells. */
const tileSide = (stride: Stride): number => 16 * stride;

/** The cells that a pass adds: `cells.subarray(start, end)` of the {@link Refinement}. */
export interface Pass {
  readonly stride: Stride;
  readonly start: number;
  readonly end: number;
}

export interface Refinement {
  /** Every wanted cell once, in the order of computation. */
  readonly cells: Int32Array;
  /** One for each of {@link STRIDES}; a pass can be empty. */
  readonly passes: readonly Pass[];
}

/**
 * The order for a grid, or for those cells of it that are wanted (`only`: cell numbers inside the grid; repeated ones count
 * once).
 */
export function refinement(columns: number, rows: number, only?: Int32Array): Refinement {
  const left = new Uint8Array(columns * rows).fill(only ? 0 : 1);
  only?.forEach((cell) => (left[cell] = 1));
  const cells = new Int32Array(left.reduce((sum, one) => sum + one, 0));
  let count = 0;
  const passes = STRIDES.map((stride) => {
    const start = count;
    for (const { column, row, width, height } of tiles(columns, rows, stride))
      for (let blockRow = row; blockRow < row + height; blockRow += stride)
        for (let blockColumn = column; blockColumn < column + width; blockColumn += stride) {
          const cell = representative(blockRow, rows, stride) * columns + representative(blockColumn, columns, stride);
          if (left[cell] === 0) continue;
          left[cell] = 0;
          cells[count++] = cell;
        }
    return { stride, start, end: count };
  });
  return { cells, passes };
}

/** A rectangle of cells. */
export interface Tile {
  readonly column: number;
  readonly row: number;
  readonly width: number;
  readonly height: number;
}

/** The tile of a pass that a cell lies in: where the computation is at work. */
export function tileOf(columns: number, rows: number, stride: Stride, cell: number): Tile {
  const side = tileSide(stride);
  const column = (cell % columns) - ((cell % columns) % side);
  const row = Math.floor(cell / columns / side) * side;
  return { column, row, width: Math.min(side, columns - column), height: Math.min(side, rows - row) };
}

/** A grid's tiles of a pass, nearest to the grid's middle first. */
function tiles(columns: number, rows: number, stride: Stride): Tile[] {
  const side = tileSide(stride);
  const all: Tile[] = [];
  for (let row = 0; row < rows; row += side)
    for (let column = 0; column < columns; column += side)
      all.push(tileOf(columns, rows, stride, row * columns + column));
  const distance = (tile: Tile): number =>
    Math.hypot(tile.column + (tile.width - columns) / 2, tile.row + (tile.height - rows) / 2);
  return all.sort((a, b) => distance(a) - distance(b));
}

/**
 * Along one axis: which of the block's cells a pass computes, near its middle. The offsets 6 and 2 make the cell of a block
 * of 16 also that of one of its blocks of 4, so that a pass seldom computes beside an earlier one.
 */
function representative(i: number, count: number, stride: Stride): number {
  const start = i - (i % stride);
  const offset = stride === 16 ? 6 : stride === 4 ? 2 : 0;
  return Math.min(start + offset, count - 1);
}

/** [blocks] along one axis, the cell of each block that a pass computes. */
export const latticeOf = (count: number, stride: Stride): Int32Array =>
  Int32Array.from({ length: Math.ceil(count / stride) }, (_, block) => representative(block * stride, count, stride));

/**
 * For every cell, the computed cell that stands for it: itself, else the cell of its block of 4 x 4, else that of 16 x 16,
 * else -1. `computed` [columns * rows] is 1 where a cell is computed; the answer is [columns * rows]. Blocks coarser than
 * `coarsest` are left out of it.
 */
export function coverage(computed: Uint8Array, columns: number, rows: number, coarsest: Stride = 16): Int32Array {
  const out = new Int32Array(columns * rows);
  const blocks = (stride: Stride) => ({
    column: Int32Array.from({ length: columns }, (_, i) => representative(i, columns, stride)),
    row: Int32Array.from({ length: rows }, (_, i) => representative(i, rows, stride) * columns),
  });
  const four = blocks(4);
  const sixteen = blocks(16);
  for (let row = 0, cell = 0; row < rows; row++) {
    const row4 = four.row[row] ?? 0;
    const row16 = sixteen.row[row] ?? 0;
    for (let column = 0; column < columns; column++, cell++) {
      if (computed[cell]) {
        out[cell] = cell;
        continue;
      }
      const at4 = row4 + (four.column[column] ?? 0);
      const at16 = row16 + (sixteen.column[column] ?? 0);
      out[cell] = coarsest >= 4 && computed[at4] ? at4 : coarsest >= 16 && computed[at16] ? at16 : -1;
    }
  }
  return out;
}
