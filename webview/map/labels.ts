import { HALO, inkOn, isDark } from '../../src/map/colors.js';
import { clipPolygon } from '../../src/map/exactRegions.js';
import { type Box, cellLabel, type Label, placeLabels, windowRegions } from '../../src/map/labels.js';
import { formatWholePercent } from '../../src/map/numbers.js';
import { placePolygonLabels } from '../../src/map/polygonLabels.js';
import type { TokenPolygon } from '../../src/map/polygons.js';
import type { Cells } from '../../src/map/tokenMap.js';
import { isHighContrast, type Theme } from '../theme.js';
import { cssColor, meanColor, type Paint } from './paint.js';
import type { Terrain } from './terrain.js';
import type { TokenPen } from './tokenPen.js';
import { type Projection, visibleCells, wholeCells } from './view.js';

/** Labels of exact regions keep this far from the frame, in px. */
const EDGE = 3;

/** Places a label for each exact region that is in sight, in its part that is. `avoid`: in grid coordinates. */
export function labelsOfPolygons(
  polygons: readonly TokenPolygon[],
  at: Projection,
  pen: TokenPen,
  avoid: readonly Box[],
): Label[] {
  const { x, y, width, height } = at.view;
  const [edgeX, edgeY] = [EDGE / at.cellWidth, EDGE / at.cellHeight];
  const sides = [
    [-1, 0, -edgeX],
    [1, 0, width - edgeX],
    [0, -1, -edgeY],
    [0, 1, height - edgeY],
  ] as const;
  // Counted from the view's corner: far from 0 little would be left of float64 in a view that is small.
  const inSight = polygons.flatMap(({ token, points }) => {
    const moved = points.map((coordinate, i) => coordinate - (i % 2 === 0 ? x : y));
    const part = sides.reduce<Float64Array>((rest, [a, b, c]) => clipPolygon(rest, a, b, c), moved);
    return part.length > 0 ? [{ token, points: part }] : [];
  });
  const labels = placePolygonLabels({
    polygons: inSight,
    cellWidth: at.cellWidth,
    cellHeight: at.cellHeight,
    segments: pen.segments,
    measure: pen.measure,
    avoid: avoid.map((box) => moved(box, -x, -y)),
  });
  return labels.map((label) => movedLabel(label, x, y));
}

const moved = <T extends { readonly x: number; readonly y: number }>(thing: T, x: number, y: number): T => ({
  ...thing,
  x: thing.x + x,
  y: thing.y + y,
});
const movedLabel = (label: Label, x: number, y: number): Label => ({
  ...moved(label, x, y),
  box: moved(label.box, x, y),
});

/** Places a label for each region of cells, or for the part of it that is in sight. */
export function labelsOf(terrain: Terrain, at: Projection, pen: TokenPen, avoid: readonly Box[]): Label[] {
  // Labels stay clear of the edge: they are placed in cells that are seen wholly.
  const part = wholeCells(at.view, terrain);
  const whole = part.columns === terrain.columns && part.rows === terrain.rows;
  const labels = placeLabels({
    regions: whole ? terrain.regions : windowRegions(terrain.columns, terrain.top, part),
    cellWidth: at.cellWidth,
    cellHeight: at.cellHeight,
    segments: pen.segments,
    measure: pen.measure,
    avoid: avoid.map((box) => moved(box, -part.column, -part.row)),
  });
  return labels.map((label) => movedLabel(label, part.column, part.row));
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
      // Borders pass below the words.
      const halo = { color: cssColor(color, HALO.opacity), width: HALO.width };
      if (label) pen.write(context, label.segments, x, y - shift, label.size, ink, halo);
      context.font = pen.fontOf(small, 400);
      context.textAlign = 'center';
      context.fillStyle = ink;
      const probability = cells.probabilities[(terrain.stand[cell] ?? 0) * cells.topK] ?? 0;
      context.fillText(formatWholePercent(probability), x, y + shift + small * 0.35);
    }
  }
}
