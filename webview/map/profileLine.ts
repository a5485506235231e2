import { gridPoint } from '../../src/map/grid.js';
import type { ProfileLine } from '../../src/map/profile.js';
import { pointOn } from '../../src/map/profile.js';
import type { Grid } from '../../src/map/specification.js';
import type { Projection } from './view.js';

const EDGE = '#000000';
const INK = '#ffffff';

/** The line of a profile on the map: a ring where it begins, a full dot where it ends. `along`: the part that is looked at. */
export function drawProfileLine(
  context: CanvasRenderingContext2D,
  at: Projection,
  grid: Grid,
  line: ProfileLine,
  along: number | null,
): void {
  const px = (part: number): readonly [number, number] => {
    const { x, y } = gridPoint(grid, pointOn(line, part));
    return [at.x(x), at.y(y)];
  };
  const [from, to] = [px(0), px(1)];
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
  dot(context, from, 4.5, EDGE, INK);
  dot(context, to, 4.5, INK, EDGE);
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
