import type { MapWindow } from './grid.js';
import type { Gram } from './plane.js';

/** A ring by its angle, 0 ... 2 pi, in plane coordinates. */
interface Ring {
  readonly middle: Point;
  readonly at: (angle: number) => Point;
}
type Point = readonly [x: number, y: number];

/**
 * The points of a plane whose vectors have a norm: an ellipse around the point that is nearest to the origin. undefined where no
 * point has it, or the axes do not span a plane.
 */
function ringOf({ cc, cu, cv, uu, uv, vv }: Gram, norm: number): Ring | undefined {
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
  return {
    middle: [x0, y0],
    at: (angle) => {
      const [a, b] = [radius * Math.cos(angle), radius * Math.sin(angle)];
      return [x0 + a / length - (b * uv) / (length * root), y0 + (b * length) / root];
    },
  };
}

/** Pieces that a ring is looked at in before those that are near the window are halved. */
const PIECES = 32;
/** Halvings at most: as far as float64 goes. */
const DEEPEST = 40;

/**
 * The parts of a ring that are in a window, or near it, as polylines x, y, x, y, ...: no side is longer than `grain`, so that a
 * part of a large ring is as smooth as a small ring.
 */
export function ringParts(gram: Gram, norm: number, window: MapWindow, grain: number): Float64Array[] {
  const ring = ringOf(gram, norm);
  if (!ring) return [];
  const { middle, at } = ring;
  const parts: number[][] = [];
  let open: number[] | undefined;
  const walk = (from: number, start: Point, to: number, end: Point, depth: number): void => {
    const half = (from + to) / 2;
    const between = at(half);
    // An arc lies in the triangle of its ends and the point where its tangents meet.
    const beyond = 1 / Math.cos((to - from) / 2);
    const corner = [0, 1].map((i) => (middle[i] ?? 0) + ((between[i] ?? 0) - (middle[i] ?? 0)) * beyond);
    const [xs, ys] = [0, 1].map((i) => [start[i] ?? 0, end[i] ?? 0, corner[i] ?? 0]);
    const away =
      Math.max(...(xs ?? [])) < window.x0 ||
      Math.min(...(xs ?? [])) > window.x1 ||
      Math.max(...(ys ?? [])) < window.y0 ||
      Math.min(...(ys ?? [])) > window.y1;
    if (away) open = undefined;
    else if (depth >= DEEPEST || Math.hypot(end[0] - start[0], end[1] - start[1]) <= grain) {
      if (!open) parts.push((open = [...start]));
      open.push(...end);
    } else {
      walk(from, start, half, between, depth + 1);
      walk(half, between, to, end, depth + 1);
    }
  };
  for (let i = 0; i < PIECES; i++) {
    const [from, to] = [(2 * Math.PI * i) / PIECES, (2 * Math.PI * (i + 1)) / PIECES];
    walk(from, at(from), to, at(to), 0);
  }
  return parts.map((part) => Float64Array.from(part));
}
