import { gridPoint } from '../../src/map/grid.js';
import { type PlanePoint, pointOn, type ProfileLine } from '../../src/map/profile.js';
import type { Grid } from '../../src/map/specification.js';
import { BADGE } from './overlayMarks.js';
import type { Projection } from './view.js';

const EDGE = '#000000';
const INK = '#ffffff';

/**
 * The line of a profile on the map: a ring where it begins, a full dot where it ends; a badge there stays as it is. `along`: the part
 * that is looked at.
 */
export function drawProfileLine(
  context: CanvasRenderingContext2D,
  at: Projection,
  grid: Grid,
  line: ProfileLine,
  along: number | null,
  badges: readonly PlanePoint[],
): void {
  const px = (part: number): readonly [number, number] => {
    const { x, y } = gridPoint(grid, pointOn(line, part));
    return [at.x(x), at.y(y)];
  };
  const [begins, ends] = [px(0), px(1)];
  const length = Math.hypot(ends[0] - begins[0], ends[1] - begins[1]);
  const isBadge = (end: PlanePoint): boolean => badges.some(({ x, y }) => x === end.x && y === end.y);
  const behind = [line.from, line.to].map((end) => (isBadge(end) ? Math.min(0.5, BADGE / Math.max(1, length)) : 0));
  const [from, to] = [px(behind[0] ?? 0), px(1 - (behind[1] ?? 0))];
  context.save();
  context.lineCap = 'round';
  for (const [color, width] of [
    [EDGE, 4],
    [INK, 2],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  }
  if (!behind[0]) dot(context, from, 4.5, EDGE, INK);
  if (!behind[1]) dot(context, to, 4.5, INK, EDGE);
  if (along !== null) dot(context, px(along), 6, INK, EDGE);
  context.restore();
}

function dot(
  context: CanvasRenderingContext2D,
  [x, y]: readonly [number, number],
  radius: number,
  fill: string,
  edge: string,
): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 2;
  context.stroke();
}
