import type { Gram } from './plane.js';

/**
 * The points of a plane whose vectors have a norm: an ellipse around the point that is nearest to the origin, as `points` points
 * x, y, x, y, ... in plane coordinates. undefined where no point has it, or the axes do not span a plane.
 */
export function normRing({ cc, cu, cv, uu, uv, vv }: Gram, norm: number, points = 128): Float64Array | undefined {
  const determinant = uu * vv - uv * uv;
  if (!(determinant > 1e-12 * uu * vv)) return undefined;
  const x0 = (uv * cv - vv * cu) / determinant;
  const y0 = (uv * cu - uu * cv) / determinant;
  const square = norm * norm - (cc + x0 * cu + y0 * cv); // of the distance from the nearest point, |h(x0, y0)|² taken off
  if (!(square > 0)) return undefined;
  // |x u + y v|² = a² + b² with x = a / |u| - b uv / (|u| sqrt(det)), y = b |u| / sqrt(det): the ring is a circle in a, b.
  const length = Math.sqrt(uu);
  const root = Math.sqrt(determinant);
  const radius = Math.sqrt(square);
  const ring = new Float64Array(2 * points);
  for (let i = 0; i < points; i++) {
    const angle = (2 * Math.PI * i) / points;
    const [a, b] = [radius * Math.cos(angle), radius * Math.sin(angle)];
    ring[2 * i] = x0 + a / length - (b * uv) / (length * root);
    ring[2 * i + 1] = y0 + (b * length) / root;
  }
  return ring;
}
