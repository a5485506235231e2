import { exactStatistics } from '../map/exactRegions.js';
import type { MapWindow } from '../map/grid.js';
import type { ExactRegions } from '../map/polygons.js';

/** Tokens that are listed, and polygons that are drawn, at most: far more than a screen can show, some 3 MB. */
const MOST_TOKENS = 20_000;
const MOST_NUMBERS = 400_000;

/** The exact regions of a map's window as they cross to the page: a few arrays in place of an object for every polygon. */
export interface PageRegions {
  readonly window: MapWindow;
  /** Tokens that win somewhere in the window: exact, not sampled. */
  readonly count: number;
  /** [n] the tokens with the largest areas, largest first; all of them unless there are too many. */
  readonly tokens: Int32Array;
  /** [n] how much of the window each wins, 0 ... 1. */
  readonly shares: Float64Array;
  /** Their polygons in plane coordinates: of token i the numbers `starts[i]` up to `starts[i + 1]`. null: too many to draw. */
  readonly shapes: { readonly starts: Int32Array; readonly points: Float64Array } | null;
}

/** Makes regions ready to cross. Every array has a buffer of its own. */
export function packRegions(regions: ExactRegions): PageRegions {
  const { tokens: count, areaShares } = exactStatistics(regions);
  const listed = areaShares.slice(0, MOST_TOKENS);
  const packed = {
    window: regions.window,
    count,
    tokens: Int32Array.from(listed, ({ token }) => token),
    shares: Float64Array.from(listed, ({ share }) => share),
  };
  const numbers = regions.polygons.reduce((sum, { points }) => sum + points.length, 0);
  if (count > listed.length || numbers > MOST_NUMBERS) return { ...packed, shapes: null };
  const polygons = new Map(regions.polygons.map(({ token, points }) => [token, points]));
  const starts = new Int32Array(count + 1);
  const points = new Float64Array(numbers);
  packed.tokens.forEach((token, i) => {
    const polygon = polygons.get(token) ?? new Float64Array(0);
    points.set(polygon, starts[i]);
    starts[i + 1] = (starts[i] ?? 0) + polygon.length;
  });
  return { ...packed, shapes: { starts, points } };
}

/** The regions that were packed, or undefined where there are too many to draw. Points are views into the packed ones. */
export function unpackRegions({ window, tokens, shapes }: PageRegions): ExactRegions | undefined {
  if (!shapes) return undefined;
  const { starts, points } = shapes;
  const polygons = Array.from(tokens, (token, i) => ({ token, points: points.subarray(starts[i], starts[i + 1]) }));
  return { window, polygons };
}
