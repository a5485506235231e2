import { ringParts } from '../../src/map/normRings.js';
import type { Grid } from '../../src/map/specification.js';
import { type Survey, typicalNorm } from '../../src/map/survey.js';
import type { Theme } from '../theme.js';
import { planeX, planeY } from './legend.js';
import type { Projection } from './view.js';

/** Straight sides that a ring across the window is drawn with, at least. */
const SIDES = 60;

/** Where |h| is the layer's typical norm, and thinner, where 5 % and 95 % of real hidden states are shorter. */
export function drawRings(
  context: CanvasRenderingContext2D,
  { gram, norms }: Survey,
  grid: Grid,
  at: Projection,
  theme: Theme,
): void {
  if (!norms) return;
  const typical = typicalNorm(norms);
  const { view } = at;
  const window = {
    x0: planeX(grid, view.x),
    x1: planeX(grid, view.x + view.width),
    y0: planeY(grid, view.y),
    y1: planeY(grid, view.y + view.height),
  };
  const lines = [
    { norm: norms.quantiles[1] ?? 0, width: 1, dash: [3, 4], name: '' },
    { norm: norms.quantiles[19] ?? 0, width: 1, dash: [3, 4], name: '' },
    { norm: typical, width: 1.5, dash: [], name: 'typical norm' },
  ];
  for (const { norm, width, dash, name } of lines) {
    const parts = ringParts(gram, norm, window, (view.width * grid.spacing) / SIDES);
    if (parts.length === 0) continue;
    context.beginPath();
    let top: readonly [number, number] | undefined;
    for (const part of parts) {
      for (let i = 0; i < part.length; i += 2) {
        const x = at.x(((part[i] ?? 0) - grid.center[0]) / grid.spacing + grid.columns / 2);
        const y = at.y(((part[i + 1] ?? 0) - grid.center[1]) / grid.spacing + grid.rows / 2);
        if (i === 0) context.moveTo(x, y);
        else context.lineTo(x, y);
        const inside = x > 60 && x < at.size.width - 60 && y > 14 && y < at.size.height - 14;
        if (inside && (!top || y < top[1])) top = [x, y];
      }
    }
    context.save();
    context.strokeStyle = 'rgba(0, 0, 0, 0.55)';
    context.lineWidth = width + 1.5;
    context.setLineDash(dash);
    context.stroke();
    context.strokeStyle = 'rgba(255, 255, 255, 0.9)';
    context.lineWidth = width;
    context.stroke();
    context.restore();
    if (!name || !top) continue;
    context.font = `10px ${theme.font}`;
    context.textAlign = 'center';
    context.textBaseline = 'bottom';
    context.lineJoin = 'round';
    context.lineWidth = 3;
    context.strokeStyle = 'rgba(0, 0, 0, 0.7)';
    context.strokeText(name, top[0], top[1] - 3);
    context.fillStyle = '#ffffff';
    context.fillText(name, top[0], top[1] - 3);
  }
}
