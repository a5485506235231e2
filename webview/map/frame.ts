import type { Layout } from '../link.js';
import type { GridSize, Size } from './view.js';

/** Where the map is drawn inside its area, in px. */
export interface Frame extends Size {
  readonly left: number;
  readonly top: number;
}

/** Room around the map: left axis, color bar, above, bottom axis. */
const MARGINS: Readonly<Record<Layout | 'compared', { left: number; right: number; top: number; bottom: number }>> = {
  wide: { left: 52, right: 84, top: 20, bottom: 44 },
  medium: { left: 52, right: 84, top: 20, bottom: 44 },
  narrow: { left: 52, right: 78, top: 16, bottom: 44 },
  /** Beside each other: without a color bar and the axes' names. */
  compared: { left: 36, right: 12, top: 18, bottom: 28 },
};
/** What other columns and bars take of the editor, in px: beside the map, and above and below it. */
const AROUND = { medium: { beside: 40 + 284, over: 36 + 22 }, narrow: { beside: 0, over: 40 + 22 + 234 } } as const;

/** Side of a square map in an editor of this size. */
export function mapSide(layout: keyof typeof AROUND, width: number, height: number): number {
  const { left, right, top, bottom } = MARGINS[layout];
  const { beside, over } = AROUND[layout];
  return Math.min(width - beside - left - right, height - over - top - bottom);
}

/** Cells are square, but for grids that would be a thread: no side is drawn longer than this many times the other. */
const LONGEST = 4;

/** The largest frame of the grid's shape that fits, its edges on device pixels; undefined where there is no room. */
export function frameOf(
  area: Size,
  grid: GridSize,
  layout: Layout | 'compared',
  pixelRatio: number,
): Frame | undefined {
  const { left, right, top, bottom } = MARGINS[layout];
  const width = area.width - left - right;
  const height = area.height - top - bottom;
  if (width < 40 || height < 40) return undefined;
  const shape = Math.min(LONGEST, Math.max(1 / LONGEST, grid.columns / grid.rows));
  const aligned = (length: number): number => Math.floor(length * pixelRatio) / pixelRatio;
  const drawnWidth = aligned(Math.min(width, height * shape));
  const drawnHeight = aligned(Math.min(height, drawnWidth / shape));
  return { left: aligned(left + (width - drawnWidth) / 2), top: aligned(top), width: drawnWidth, height: drawnHeight };
}
