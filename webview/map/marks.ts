import type { Agreement } from '../../src/map/compare/agreement.js';
import type { Outlines } from '../../src/map/outlines.js';
import { findBorders } from '../../src/map/regions.js';
import type { Tile } from '../../src/map/refinement.js';
import { isHighContrast, type Theme } from '../theme.js';
import { strokeRuns } from './borders.js';
import type { Terrain } from './terrain.js';
import type { Projection } from './view.js';

/** Marks that move with the pointer, on a canvas of their own. Coordinates are those of the map's frame. */

/** Half of the smallest square around a cell, so that the pin is seen on small cells. */
const SMALLEST = 5;

function cellSquare(
  at: Projection,
  columns: number,
  cell: number,
): { x: number; y: number; width: number; height: number } {
  const column = cell % columns;
  const row = Math.floor(cell / columns);
  const width = Math.max(at.cellWidth, 2 * SMALLEST);
  const height = Math.max(at.cellHeight, 2 * SMALLEST);
  return { x: at.x(column + 0.5) - width / 2, y: at.y(row + 0.5) - height / 2, width, height };
}

function rings(
  context: CanvasRenderingContext2D,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  lines: readonly (readonly [offset: number, color: string, width: number])[],
): void {
  for (const [offset, color, lineWidth] of lines) {
    context.strokeStyle = color;
    context.lineWidth = lineWidth;
    context.strokeRect(x - offset, y - offset, width + 2 * offset, height + 2 * offset);
  }
}

export function drawHover(context: CanvasRenderingContext2D, at: Projection, columns: number, cell: number): void {
  rings(context, cellSquare(at, columns, cell), [
    [1.5, 'rgba(0, 0, 0, 0.85)', 1],
    [0.5, '#ffffff', 1],
    [-0.5, 'rgba(0, 0, 0, 0.85)', 1],
  ]);
}

export function drawPin(
  context: CanvasRenderingContext2D,
  at: Projection,
  columns: number,
  cell: number,
  theme: Theme,
): void {
  const color = isHighContrast(theme) ? theme.activeBorder : '#ffffff';
  const edge = theme.kind === 'high-contrast-light' ? '#ffffff' : '#000000';
  rings(context, cellSquare(at, columns, cell), [
    [3, edge, 1.5],
    [1.25, color, 2.5],
    [-0.75, edge, 1.5],
  ]);
}

/** Outline of all regions of a token. */
export function drawOutline(
  context: CanvasRenderingContext2D,
  at: Projection,
  terrain: Terrain,
  { kind, borders, polygons }: Outlines,
  token: number,
): void {
  if (kind === 'cells') return drawCellsOutline(context, at, terrain, token);
  if (kind === 'interpolated') {
    const own = borders.filter(({ left, right }) => left === token || right === token);
    return strokeOutline(context, Float64Array.from(own.flatMap(({ x0, y0, x1, y1 }) => [x0, y0, x1, y1])), at);
  }
  for (const { points } of polygons.filter((polygon) => polygon.token === token)) {
    const sides = new Float64Array(points.length * 2);
    for (let i = 0; i < points.length; i += 2) {
      const next = (i + 2) % points.length;
      sides.set([points[i] ?? 0, points[i + 1] ?? 0, points[next] ?? 0, points[next + 1] ?? 0], 2 * i);
    }
    strokeOutline(context, sides, at);
  }
}

/** The same along the sides of cells. */
function drawCellsOutline(context: CanvasRenderingContext2D, at: Projection, terrain: Terrain, token: number): void {
  const { columns, rows, top } = terrain;
  // One cell more on each side, so that the outline closes at the grid's edge.
  const wide = columns + 2;
  const inside = new Int32Array(wide * (rows + 2));
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      if (top[row * columns + column] === token) inside[(row + 1) * wide + column + 1] = 1;
  for (const { pieces } of findBorders(wide, rows + 2, inside))
    strokeOutline(
      context,
      pieces.map((coordinate) => coordinate - 1),
      at,
    );
}

function strokeOutline(context: CanvasRenderingContext2D, pieces: Int32Array | Float64Array, at: Projection): void {
  strokeRuns(context, pieces, at, { color: '#000000', width: 4 });
  strokeRuns(context, pieces, at, { color: '#ffffff', width: 2 });
}

/** Outlines of the cells whose change is within rounding: hollow, where real changes are filled. */
export function drawHollow(
  context: CanvasRenderingContext2D,
  at: Projection,
  { changes, regions }: Agreement,
  theme: Theme,
): void {
  const { columns } = regions.a;
  const inset = Math.min(2, at.cellWidth / 5);
  context.beginPath();
  changes.forEach((change, cell) => {
    if (change !== 'rounding') return;
    const [column, row] = [cell % columns, Math.floor(cell / columns)];
    const [x, y] = [at.x(column), at.y(row + 1)];
    context.rect(x + inset, y + inset, at.cellWidth - 2 * inset, at.cellHeight - 2 * inset);
  });
  context.strokeStyle = theme.kind === 'dark' ? '#d39b5c' : '#9a5410';
  context.lineWidth = Math.max(0.75, Math.min(1.5, at.cellWidth / 8));
  context.stroke();
}

/** Dashed frame around the tile that is being computed. */
export function drawTile(context: CanvasRenderingContext2D, at: Projection, tile: Tile): void {
  const x = at.x(tile.column);
  const y = at.y(tile.row + tile.height);
  const box = [x, y, tile.width * at.cellWidth, tile.height * at.cellHeight] as const;
  context.save();
  context.lineWidth = 1.5;
  context.strokeStyle = 'rgba(0, 0, 0, 0.7)';
  context.strokeRect(...box);
  context.setLineDash([4, 3]);
  context.strokeStyle = '#ffffff';
  context.strokeRect(...box);
  context.restore();
}
