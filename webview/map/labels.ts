import { HALO, inkOn, isDark } from '../../src/map/colors.js';
import { cellLabel, type Label, placeLabels, windowRegions } from '../../src/map/labels.js';
import { formatWholePercent } from '../../src/map/numbers.js';
import type { Cells } from '../../src/map/tokenMap.js';
import { isHighContrast, type Theme } from '../theme.js';
import { cssColor, meanColor, type Paint } from './paint.js';
import type { Terrain } from './terrain.js';
import type { TokenPen } from './tokenPen.js';
import { type Projection, visibleCells, wholeCells } from './view.js';

/** Places a label for each region, or for the part of it that is in sight. */
export function labelsOf(terrain: Terrain, at: Projection, pen: TokenPen): Label[] {
  // Labels stay clear of the edge: they are placed in cells that are seen wholly.
  const part = wholeCells(at.view, terrain);
  const whole = part.columns === terrain.columns && part.rows === terrain.rows;
  const labels = placeLabels({
    regions: whole ? terrain.regions : windowRegions(terrain.columns, terrain.top, part),
    cellWidth: at.cellWidth,
    cellHeight: at.cellHeight,
    segments: pen.segments,
    measure: pen.measure,
  });
  if (whole) return labels;
  return labels.map((label) => ({
    ...label,
    x: label.x + part.column,
    y: label.y + part.row,
    box: { ...label.box, x: label.box.x + part.column, y: label.box.y + part.row },
  }));
}

/** Draws region labels; in high contrast on plates of the editor's color. */
export function drawLabels(
  context: CanvasRenderingContext2D,
  labels: readonly Label[],
  at: Projection,
  paint: Paint,
  pen: TokenPen,
  theme: Theme,
): void {
  const plates = isHighContrast(theme);
  for (const label of labels) {
    const x = at.x(label.x);
    const y = at.y(label.y);
    const half = pen.measure(label.segments) * label.size * 0.5 + 20;
    if (x + half < 0 || x - half > at.size.width || y + 20 < 0 || y - 20 > at.size.height) continue;
    if (plates) {
      const width = (pen.measure(label.segments) + 0.5) * label.size;
      const height = 1.18 * label.size;
      context.fillStyle = theme.background;
      context.fillRect(x - width / 2, y - height / 2, width, height);
      pen.write(context, label.segments, x, y, label.size, theme.foreground);
      continue;
    }
    const { box } = label;
    const below = meanColor(
      paint,
      Math.floor(box.x),
      Math.floor(box.y),
      Math.max(1, Math.ceil(box.width)),
      Math.max(1, Math.ceil(box.height)),
    );
    pen.write(context, label.segments, x, y, label.size, inkOn(below), {
      color: cssColor(below, HALO.opacity),
      width: HALO.width,
    });
  }
}

/** Writes token and probability into every cell that is in sight. */
export function drawCellTexts(
  context: CanvasRenderingContext2D,
  cells: Cells,
  terrain: Terrain,
  at: Projection,
  paint: Paint,
  pen: TokenPen,
): void {
  const part = visibleCells(at.view, terrain);
  const fitted = new Map<number, ReturnType<typeof cellLabel>>();
  const small = Math.min(11, Math.max(9, at.cellHeight * 0.22));
  for (let row = part.row; row < part.row + part.rows; row++) {
    for (let column = part.column; column < part.column + part.columns; column++) {
      const cell = row * terrain.columns + column;
      const token = terrain.top[cell] ?? -1;
      const color = paint.palette[paint.entries[row]?.[column] ?? NaN];
      if (token < 0 || !color) continue;
      if (!fitted.has(token)) {
        fitted.set(token, cellLabel(pen.segments(token), at.cellWidth, at.cellHeight, pen.measure));
      }
      const label = fitted.get(token);
      const ink = isDark(color) ? '#ffffff' : '#000000';
      const x = at.x(column + 0.5);
      const y = at.y(row + 0.5);
      const shift = label ? (label.size + small) * 0.31 : 0;
      if (label) pen.write(context, label.segments, x, y - shift, label.size, ink);
      context.font = pen.fontOf(small, 400);
      context.textAlign = 'center';
      context.fillStyle = ink;
      const probability = cells.probabilities[(terrain.stand[cell] ?? 0) * cells.topK] ?? 0;
      context.fillText(formatWholePercent(probability), x, y + shift + small * 0.35);
    }
  }
}
