import type { BorderLines } from '../../src/map/borderLines.js';
import { BORDER } from '../../src/map/colors.js';
import type { GridSize, Projection } from './view.js';

/** Part of all edges between cells that may be borders before these are drawn fainter. */
const CROWD = 0.3;

/** Part of a grid's edges between cells that are borders. */
export function crowdOf(borders: readonly BorderLines[], { columns, rows }: GridSize): number {
  let length = 0;
  for (const { pieces } of borders) {
    for (let i = 0; i + 3 < pieces.length; i += 4) {
      length +=
        Math.abs((pieces[i + 2] ?? 0) - (pieces[i] ?? 0)) + Math.abs((pieces[i + 3] ?? 0) - (pieces[i + 1] ?? 0));
    }
  }
  return length / Math.max(1, 2 * columns * rows);
}

/** How far beyond the frame pieces are drawn, in px: thick ends do not show. */
const BEYOND = 20;

/**
 * Draws straight pieces `[x0, y0, x1, y1, ...]` in grid coordinates as one path; what is out of sight is left out: it would be
 * too far away for a renderer's numbers, close in.
 */
export function strokeRuns(
  context: CanvasRenderingContext2D,
  runs: Int32Array | Float64Array,
  at: Projection,
  style: { readonly color: string; readonly width: number; readonly opacity?: number },
): void {
  if (runs.length === 0) return;
  const { x: left, y: bottom, width, height } = at.view;
  const [marginX, marginY] = [BEYOND / at.cellWidth, BEYOND / at.cellHeight];
  context.beginPath();
  for (let i = 0; i + 3 < runs.length; i += 4) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = [runs[i], runs[i + 1], runs[i + 2], runs[i + 3]];
    // From and to which part of the piece is in sight, by each of the four sides (Liang and Barsky).
    let [from, to] = [0, 1];
    for (const [start, step, low, high] of [
      [x0, x1 - x0, left - marginX, left + width + marginX],
      [y0, y1 - y0, bottom - marginY, bottom + height + marginY],
    ] as const) {
      const [a, b] = [(low - start) / step, (high - start) / step];
      if (step !== 0) [from, to] = [Math.max(from, Math.min(a, b)), Math.min(to, Math.max(a, b))];
      else if (start < low || start > high) to = -1;
    }
    if (from > to) continue;
    context.moveTo(at.x(x0 + from * (x1 - x0)), at.y(y0 + from * (y1 - y0)));
    context.lineTo(at.x(x0 + to * (x1 - x0)), at.y(y0 + to * (y1 - y0)));
  }
  context.save();
  context.globalAlpha = style.opacity ?? 1;
  context.strokeStyle = style.color;
  context.lineWidth = style.width;
  context.lineCap = runs instanceof Int32Array ? 'square' : 'round';
  context.stroke();
  context.restore();
}

/** Borders between regions: black over light cells, white over dark ones; solid in high contrast. @param width of the usual ones, in px */
export function drawBorders(
  context: CanvasRenderingContext2D,
  borders: readonly BorderLines[],
  at: Projection,
  options: { readonly width: number; readonly solid: boolean; readonly crowd: number },
): void {
  // Where nearly every cell is a region of its own, lines would be all that is seen.
  const faint = Math.min(1, CROWD / Math.max(options.crowd, 1e-9)) ** 1.5;
  for (const { onDark, heavy, pieces } of borders) {
    const { color, opacity } = BORDER[onDark ? 'onDark' : 'onLight'];
    strokeRuns(context, pieces, at, {
      color,
      width: options.width * (heavy ? BORDER.heavier : 1),
      opacity: (options.solid ? 1 : opacity) * faint,
    });
  }
}

/** Thin lines between all cells that are in sight. */
export function drawCellGrid(context: CanvasRenderingContext2D, at: Projection): void {
  const { x, y, width, height } = at.view;
  context.beginPath();
  for (let column = Math.ceil(x); column < x + width; column++) {
    context.moveTo(at.x(column), 0);
    context.lineTo(at.x(column), at.size.height);
  }
  for (let row = Math.ceil(y); row < y + height; row++) {
    context.moveTo(0, at.y(row));
    context.lineTo(at.size.width, at.y(row));
  }
  context.strokeStyle = 'rgba(0, 0, 0, 0.28)';
  context.lineWidth = 1;
  context.stroke();
}
