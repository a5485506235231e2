import { type Rgb } from '../../src/map/colors.js';
import type { TokenPolygon } from '../../src/map/polygons.js';
import { cssColor } from './paint.js';
import type { Terrain } from './terrain.js';
import type { Projection } from './view.js';

/** A region, and the cells of other tokens that its border passes through: a part of each is the region's. */
export interface CutCells {
  readonly polygon: TokenPolygon;
  readonly cells: readonly number[];
}

/** More regions than this are too small to see. */
const MOST_REGIONS = 2000;
/** How finely a border is followed, in cells. */
const STEP = 0.2;

/** The cells that exact borders cut, region by region; polygons in grid coordinates. */
export function cutCells(polygons: readonly TokenPolygon[], { columns, rows, top }: Terrain): readonly CutCells[] {
  if (polygons.length > MOST_REGIONS) return [];
  return polygons.flatMap((polygon) => {
    const { token, points } = polygon;
    const cells = new Set<number>();
    for (let i = 0; i < points.length; i += 2) {
      const next = (i + 2) % points.length;
      const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = [points[i], points[i + 1], points[next], points[next + 1]];
      const steps = Math.min(10 * (columns + rows), Math.ceil(Math.hypot(x1 - x0, y1 - y0) / STEP));
      for (let step = 0; step <= steps; step++) {
        const part = steps === 0 ? 0 : step / steps;
        const column = Math.floor(x0 + part * (x1 - x0));
        const row = Math.floor(y0 + part * (y1 - y0));
        if (column < 0 || row < 0 || column >= columns || row >= rows) continue;
        const cell = row * columns + column;
        if (top[cell] !== token) cells.add(cell);
      }
    }
    return cells.size > 0 ? [{ polygon, cells: [...cells] }] : [];
  });
}

/** Colors cut cells up to the border, in the color of each side: without this, stairs stand beside it. */
export function drawCutCells(
  context: CanvasRenderingContext2D,
  cut: readonly CutCells[],
  columns: number,
  at: Projection,
  color: (token: number, cell: number) => Rgb,
): void {
  for (const { polygon, cells } of cut) {
    const { token, points } = polygon;
    context.save();
    context.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = [at.x(points[i] ?? 0), at.y(points[i + 1] ?? 0)];
      if (i === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    context.closePath();
    context.clip();
    for (const cell of cells) {
      context.fillStyle = cssColor(color(token, cell));
      const [x, y] = [at.x(cell % columns), at.y(Math.floor(cell / columns) + 1)];
      context.fillRect(x, y, at.cellWidth, at.cellHeight);
    }
    context.restore();
  }
}
