import { countLetters, type Segment, truncateSegments } from './display.js';
import { gridPoint } from './grid.js';
import { cropCells, findRegions, type GridWindow, NO_TOKEN, type Regions } from './regions.js';
import type { Grid } from './specification.js';
import type { Mark } from './survey.js';

/** Width of segments in em, weight 600. Widths are taken to grow in proportion to the size. */
export type Measure = (segments: readonly Segment[]) => number;

/** A rectangle in grid coordinates (cell (column, row) is the unit square from there; y upward, as rows). */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Label {
  /** Index of the labeled region. */
  readonly region: number;
  readonly token: number;
  /** The token, perhaps truncated. */
  readonly segments: readonly Segment[];
  /** Font size in px. */
  readonly size: number;
  /** Middle of the label in grid coordinates. */
  readonly x: number;
  readonly y: number;
  /** The label's box in grid coordinates, which lies wholly inside its region. */
  readonly box: Box;
}

export interface LabelOptions {
  readonly regions: Regions;
  /** Size of a cell in px. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly segments: (token: number) => readonly Segment[];
  readonly measure: Measure;
  /** Boxes to stay clear of: badges of anchors. */
  readonly avoid?: readonly Box[];
}

export const LABEL_WEIGHT = 600;
/** Sizes of region labels in px. */
export const LABEL_SIZES = { smallest: 10, largest: 20 } as const;
/** A label's box in em: its text's width and this much more, and its height. */
export const LABEL_BOX = { padding: 0.5, line: 1.18 } as const;
/** Cells from this size on, in px, carry their own token instead of a label per region. */
export const CELL_LABEL_FROM = 34;
/** Grids with a longer side are looked at in blocks of cells: a block belongs to a region when all its cells do. */
const FINEST = 256;

/**
 * Places one label per region, where it fits: as large as wanted for the region's area, or smaller, or truncated, or not at
 * all. Among the positions that fit it takes the one with the most slack around, then the nearest to the centroid. Where regions of
 * one cell stand beside each other, none of them has a label: rows of those are noise, and hide what is under them.
 * Deterministic; labels come in the order of their regions.
 */
export function placeLabels(options: LabelOptions): Label[] {
  const { regions } = options;
  const blocks = coarsen(regions);
  const cellWidth = options.cellWidth * blocks.width;
  const cellHeight = options.cellHeight * blocks.height;
  const avoid = (options.avoid ?? []).map((box) => scaleBox(box, 1 / blocks.width, 1 / blocks.height));
  const labels: Label[] = [];
  for (const bounds of boundsOf(blocks, regions.count)) {
    if (!bounds) continue;
    const area = regions.areas[bounds.region] ?? 0;
    if (area === 1 && hasSingleBeside(regions, bounds)) continue;
    const token = regions.tokens[bounds.region] ?? NO_TOKEN;
    const whole = options.segments(token);
    const height = LABEL_BOX.line * LABEL_SIZES.smallest;
    // Nothing shorter than "…" can stand here: most regions of a noisy map end with this line.
    if (bounds.columns * cellWidth < LABEL_SIZES.smallest || bounds.rows * cellHeight < height) continue;
    const room = new Room(blocks, bounds, avoid);
    const fits = (segments: readonly Segment[], size: number) => {
      const width = (options.measure(segments) + LABEL_BOX.padding) * size;
      return room.fits(width / cellWidth, (LABEL_BOX.line * size) / cellHeight) ? { segments, size, width } : undefined;
    };
    const found = largestFit(whole, wantedSize(area * options.cellWidth * options.cellHeight), fits);
    if (!found) continue;
    const high = LABEL_BOX.line * found.size;
    const place = room.best(found.width, high, cellWidth, cellHeight);
    const box = { width: found.width / cellWidth, height: high / cellHeight };
    labels.push({
      region: bounds.region,
      token,
      segments: found.segments,
      size: found.size,
      x: place.x * blocks.width,
      y: place.y * blocks.height,
      box: scaleBox({ x: place.x - box.width / 2, y: place.y - box.height / 2, ...box }, blocks.width, blocks.height),
    });
  }
  return labels;
}

/** Whether a cell that is a region has another one beside, above or below it. */
function hasSingleBeside({ columns, rows, of, areas }: Regions, { column, row }: GridWindow): boolean {
  const single = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < columns && y < rows && areas[of[y * columns + x] ?? -1] === 1;
  return single(column - 1, row) || single(column + 1, row) || single(column, row - 1) || single(column, row + 1);
}

/** The size in px that a region of this area in px² should have. */
export const wantedSize = (area: number): number =>
  Math.min(LABEL_SIZES.largest, Math.max(LABEL_SIZES.smallest, 0.105 * Math.sqrt(area) + 4));

/** The largest form of a token that fits: whole, from the wanted size down, else truncated at the smallest size. */
export function largestFit<Fit>(
  whole: readonly Segment[],
  wanted: number,
  fits: (segments: readonly Segment[], size: number) => Fit | undefined,
): Fit | undefined {
  for (let size = wanted; size > LABEL_SIZES.smallest; size--) {
    const fit = fits(whole, size);
    if (fit) return fit;
  }
  const fit = fits(whole, LABEL_SIZES.smallest);
  if (fit) return fit;
  const letters = countLetters(whole);
  const fewest = Math.max(4, Math.ceil(letters / 2));
  for (let kept = letters - 1; kept >= fewest; kept--) {
    const truncated = fits(truncateSegments(whole, kept), LABEL_SIZES.smallest);
    if (truncated) return truncated;
  }
  return undefined;
}

/** What is written into a cell: its token, truncated to the cell's width, and the size in px; undefined: no room. */
export function cellLabel(
  segments: readonly Segment[],
  cellWidth: number,
  cellHeight: number,
  measure: Measure,
): { segments: readonly Segment[]; size: number } | undefined {
  const room = cellWidth - 4;
  const wanted = Math.min(14, cellHeight * 0.3);
  for (let size = wanted; size >= LABEL_SIZES.smallest; size--) {
    if (measure(segments) * size <= room) return { segments, size };
  }
  const size = Math.min(wanted, LABEL_SIZES.smallest);
  const truncated = fitSegments(segments, room / size, measure);
  return truncated && { segments: truncated, size };
}

/** As many letters of a token as a width in em holds, and `…` where some are left out; undefined: not one. */
export function fitSegments(
  segments: readonly Segment[],
  width: number,
  measure: Measure,
): readonly Segment[] | undefined {
  if (measure(segments) <= width) return segments;
  for (let kept = countLetters(segments) - 1; kept >= 1; kept--) {
    const truncated = truncateSegments(segments, kept);
    if (measure(truncated) <= width) return truncated;
  }
  return undefined;
}

/** Labels keep this far from a badge, in px. */
const BESIDE = 2;

/** What round badges of this radius, in px, and some room around them cover on a grid whose cells have this size in px. */
export function badgeBoxes(
  marks: readonly Mark[],
  grid: Grid,
  { cellWidth, cellHeight }: Pick<LabelOptions, 'cellWidth' | 'cellHeight'>,
  radius: number,
): Box[] {
  const [x, y] = [(radius + BESIDE) / cellWidth, (radius + BESIDE) / cellHeight];
  return marks
    .filter(({ kind }) => kind === 'anchor')
    .map((mark) => gridPoint(grid, mark))
    .map((place) => ({ x: place.x - x, y: place.y - y, width: 2 * x, height: 2 * y }));
}

const scaleBox = (box: Box, x: number, y: number): Box => ({
  x: box.x * x,
  y: box.y * y,
  width: box.width * x,
  height: box.height * y,
});

/** A grid of blocks of `width` x `height` cells, with the region that all cells of a block belong to, or -1. */
interface Blocks {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly of: Int32Array;
}

/** Blocks of more than a cell where there are too many cells; cells at the far edges that fill no block are left out. */
function coarsen({ columns, rows, of }: Regions): Blocks {
  const width = Math.ceil(columns / FINEST);
  const height = Math.ceil(rows / FINEST);
  if (width === 1 && height === 1) return { width, height, columns, rows, of };
  const wide = Math.floor(columns / width);
  const high = Math.floor(rows / height);
  const blocks = new Int32Array(wide * high);
  for (let block = 0; block < blocks.length; block++) {
    const corner = Math.floor(block / wide) * height * columns + (block % wide) * width;
    const first = of[corner] ?? -1;
    let region = first;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) if (of[corner + row * columns + column] !== first) region = -1;
    }
    blocks[block] = region;
  }
  return { width, height, columns: wide, rows: high, of: blocks };
}

interface Bounds extends GridWindow {
  readonly region: number;
  readonly centroidX: number;
  readonly centroidY: number;
}

/** Bounding box and centroid of each region, by region; undefined for one without blocks. */
function boundsOf({ columns, of }: Blocks, count: number): (Bounds | undefined)[] {
  const low = new Int32Array(count * 2).fill(2 ** 30);
  const high = new Int32Array(count * 2).fill(-1);
  const sums = new Float64Array(count * 2);
  const cells = new Int32Array(count);
  for (let cell = 0; cell < of.length; cell++) {
    const region = of[cell] ?? -1;
    if (region < 0) continue;
    cells[region] = (cells[region] ?? 0) + 1;
    const place = [cell % columns, Math.floor(cell / columns)];
    for (let axis = 0; axis < 2; axis++) {
      const i = region * 2 + axis;
      const at = place[axis] ?? 0;
      if (at < (low[i] ?? 0)) low[i] = at;
      if (at > (high[i] ?? 0)) high[i] = at;
      sums[i] = (sums[i] ?? 0) + at + 0.5;
    }
  }
  return Array.from(cells, (n, region) => {
    const at = (array: Int32Array | Float64Array, axis: number): number => array[region * 2 + axis] ?? 0;
    if (!n) return undefined;
    return {
      region,
      column: at(low, 0),
      row: at(low, 1),
      columns: at(high, 0) - at(low, 0) + 1,
      rows: at(high, 1) - at(low, 1) + 1,
      centroidX: at(sums, 0) / n,
      centroidY: at(sums, 1) / n,
    };
  });
}

/** Where rectangles of whole blocks lie inside one region: a table of sums over its bounding box. */
class Room {
  private readonly sums: Int32Array;

  constructor(
    blocks: Blocks,
    private readonly bounds: Bounds,
    avoid: readonly Box[],
  ) {
    const { column, row, columns, rows, region } = bounds;
    const inside = cropCells(blocks.columns, blocks.of, bounds);
    for (const box of avoid) {
      for (let r = Math.max(row, Math.floor(box.y)); r < Math.min(row + rows, box.y + box.height); r++) {
        for (let c = Math.max(column, Math.floor(box.x)); c < Math.min(column + columns, box.x + box.width); c++) {
          inside[(r - row) * columns + c - column] = -1;
        }
      }
    }
    const wide = columns + 1;
    const sums = new Int32Array(wide * (rows + 1));
    for (let r = 0; r < rows; r++) {
      let line = 0;
      for (let c = 0; c < columns; c++) {
        if (inside[r * columns + c] === region) line++;
        sums[(r + 1) * wide + c + 1] = (sums[r * wide + c + 1] ?? 0) + line;
      }
    }
    this.sums = sums;
  }

  /** Calls back with the lower left corner of every rectangle of that many blocks inside the region, until told `true`. */
  private places(columns: number, rows: number, stop: (column: number, row: number) => boolean): boolean {
    const wide = this.bounds.columns + 1;
    const { sums } = this;
    for (let r = 0; r + rows <= this.bounds.rows; r++) {
      const low = r * wide;
      const high = (r + rows) * wide;
      for (let c = 0; c + columns <= this.bounds.columns; c++) {
        const sum =
          (sums[high + c + columns] ?? 0) -
          (sums[high + c] ?? 0) -
          (sums[low + c + columns] ?? 0) +
          (sums[low + c] ?? 0);
        if (sum === columns * rows && stop(this.bounds.column + c, this.bounds.row + r)) return true;
      }
    }
    return false;
  }

  /** Whether a box of this size, in blocks, lies inside the region somewhere. */
  fits(width: number, height: number): boolean {
    return this.places(blocksFor(width), blocksFor(height), () => true);
  }

  /** Middle, in blocks, of the box in px with the most slack (equal on all sides, in px), then nearest to the centroid. */
  best(width: number, height: number, cellWidth: number, cellHeight: number): { x: number; y: number } {
    const step = Math.min(cellWidth, cellHeight) / 2;
    const columns = (slack: number): number => blocksFor((width + 2 * slack * step) / cellWidth);
    const rows = (slack: number): number => blocksFor((height + 2 * slack * step) / cellHeight);
    let most = 0;
    let tooMuch = Math.ceil(Math.max(this.bounds.columns * cellWidth, this.bounds.rows * cellHeight) / step) + 1;
    while (tooMuch - most > 1) {
      const middle = (most + tooMuch) >> 1;
      if (this.places(columns(middle), rows(middle), () => true)) most = middle;
      else tooMuch = middle;
    }
    let nearest = { x: 0, y: 0, distance: Infinity };
    const halfWidth = columns(most) / 2;
    const halfHeight = rows(most) / 2;
    this.places(columns(most), rows(most), (column, row) => {
      const x = column + halfWidth;
      const y = row + halfHeight;
      const distance = Math.hypot((x - this.bounds.centroidX) * cellWidth, (y - this.bounds.centroidY) * cellHeight);
      if (distance < nearest.distance - 1e-9) nearest = { x, y, distance };
      return false;
    });
    return nearest;
  }
}

/** Whole blocks that hold a length; a hair over is not a block more. */
const blocksFor = (length: number): number => Math.max(1, Math.ceil(length - 1e-9));

/** The regions of a part of a grid, for labels of what is visible when zoomed in. Coordinates are the window's own. */
export const windowRegions = (columns: number, top: Int32Array, window: GridWindow): Regions =>
  findRegions(window.columns, window.rows, cropCells(columns, top, window));
