import type { Rgb } from '../../src/map/colors.js';
import type { Patch } from '../../src/map/outlines.js';
import { cssColor } from './paint.js';
import type { Projection } from './view.js';

/** Colors parts of cells as other tokens'. Those of one color are one path: between them no seam is seen. */
export function drawPatches(
  context: CanvasRenderingContext2D,
  patches: readonly Patch[],
  at: Projection,
  color: (token: number, cell: number) => Rgb,
): void {
  const byColor = new Map<string, Float64Array[]>();
  for (const { token, cell, points } of patches) {
    const css = cssColor(color(token, cell));
    const known = byColor.get(css);
    if (known) known.push(points);
    else byColor.set(css, [points]);
  }
  for (const [css, polygons] of byColor) {
    context.beginPath();
    for (const points of polygons) {
      for (let i = 0; i < points.length; i += 2) {
        const [x, y] = [at.x(points[i] ?? 0), at.y(points[i + 1] ?? 0)];
        if (i === 0) context.moveTo(x, y);
        else context.lineTo(x, y);
      }
      context.closePath();
    }
    context.fillStyle = css;
    context.fill();
  }
}
