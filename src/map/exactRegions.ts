import type { TokenBorder } from './borderLines.js';
import { coordinates, type MapWindow } from './grid.js';
import { type ExactRegions, polygonArea, type TokenPolygon } from './polygons.js';
import type { Grid } from './specification.js';

/**
 * Every border between two tokens once, in the polygons' coordinates. The window's own sides are no borders. (Where a polygon is so
 * thin that float64 does not tell its two long sides apart, the tokens left and right of it may stand as neighbors.)
 */
export function tokenBorders({ polygons }: ExactRegions): TokenBorder[] {
  const borders: TokenBorder[] = [];
  /** Tokens whose neighbor at a border is not found yet, by the border's ends as the neighbor has them. */
  const open = new Map<string, number[]>();
  for (const { token, points } of polygons) {
    for (let i = 0; i < points.length; i += 2) {
      const [x0, y0, x1, y1] = side(points, i);
      if (x0 === x1 && y0 === y1) continue;
      const right = open.get(`${x0} ${y0} ${x1} ${y1}`)?.pop();
      if (right !== undefined) borders.push({ left: token, right, x0, y0, x1, y1 });
      else {
        const key = `${x1} ${y1} ${x0} ${y0}`;
        const waiting = open.get(key);
        if (waiting) waiting.push(token);
        else open.set(key, [token]);
      }
    }
  }
  return borders.filter(({ left, right }) => left !== right);
}

const side = (points: Float64Array, i: number): [x0: number, y0: number, x1: number, y1: number] => {
  const j = (i + 2) % points.length;
  return [points[i] ?? 0, points[i + 1] ?? 0, points[j] ?? 0, points[j + 1] ?? 0];
};

/** Functions from plane coordinates to grid coordinates. */
function toGrid(grid: Grid): { x: (x: number) => number; y: (y: number) => number } {
  const { xs, ys } = coordinates(grid);
  const [left = 0, bottom = 0] = [xs[0], ys[0]];
  return { x: (x) => (x - left) / grid.spacing + 0.5, y: (y) => (y - bottom) / grid.spacing + 0.5 };
}

/** The regions in grid coordinates, for labels and for hits. */
export function gridPolygons({ polygons }: ExactRegions, grid: Grid): TokenPolygon[] {
  const { x, y } = toGrid(grid);
  return polygons.map(({ token, points }) => ({
    token,
    points: points.map((coordinate, i) => (i % 2 === 0 ? x(coordinate) : y(coordinate))),
  }));
}

/** How much of the window each token wins. */
export interface ExactStatistics {
  /** Tokens that win somewhere in the window. */
  readonly tokens: number;
  /** By token, the largest part of the window first, of equal parts the lower id; the parts sum to 1. */
  readonly areaShares: readonly { readonly token: number; readonly share: number }[];
}

/** Counts and areas that no grid blurs. */
export function exactStatistics({ window, polygons }: ExactRegions): ExactStatistics {
  const whole = (window.x1 - window.x0) * (window.y1 - window.y0);
  const areaShares = polygons
    .map(({ token, points }) => ({ token, share: Math.min(1, Math.max(0, polygonArea(points) / whole)) }))
    .sort((a, b) => b.share - a.share || a.token - b.token);
  return { tokens: polygons.length, areaShares };
}

/**
 * The part of the regions in a smaller window: the picture while the regions of that window are not computed yet. Points are
 * rounded anew at the window's sides only, equally for both neighbors.
 */
export function clipRegions({ polygons }: ExactRegions, window: MapWindow): ExactRegions {
  const { x0, x1, y0, y1 } = window;
  const clipped = polygons.map(({ token, points }) => {
    let part = clipPolygon(points, -1, 0, -x0);
    part = clipPolygon(part, 1, 0, x1);
    part = clipPolygon(part, 0, -1, -y0);
    return { token, points: clipPolygon(part, 0, 1, y1) };
  });
  return { window, polygons: clipped.filter(({ points }) => polygonArea(points) > 0) };
}

/** The part of a convex polygon where `a x + b y <= c`; empty where there is none. */
export function clipPolygon(points: Float64Array, a: number, b: number, c: number): Float64Array {
  const kept: number[] = [];
  const beyond = (x: number, y: number): number => a * x + b * y - c;
  for (let i = 0; i < points.length; i += 2) {
    const [x0, y0, x1, y1] = side(points, i);
    const [from, to] = [beyond(x0, y0), beyond(x1, y1)];
    if (from <= 0) kept.push(x0, y0);
    if ((from < 0 && to > 0) || (from > 0 && to < 0)) {
      // Always from the inner end, so that both polygons at this side get the same point.
      const part = from < 0 ? from / (from - to) : to / (to - from);
      const [x, y, dx, dy] = from < 0 ? [x0, y0, x1 - x0, y1 - y0] : [x1, y1, x0 - x1, y0 - y1];
      // On the sides of a window to the last bit.
      kept.push(b === 0 ? c / a : x + part * dx, a === 0 ? c / b : y + part * dy);
    }
  }
  return Float64Array.from(kept);
}
