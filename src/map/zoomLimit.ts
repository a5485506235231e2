import type { Gram } from './plane.js';
import { normAt } from './survey.js';

/** Distance of neighboring float32 numbers, relative to their size: they differ by this much or half of it. */
const GRAIN = 2 ** -23;

/**
 * The spacing below which a grid around (x, y) cannot tell its cells apart in float32, the numbers that models compute in: a
 * step along the shorter axis then changes a coordinate, or a component of `h = c + x u + y v` of typical size, by less than
 * the grain of float32. 0 where nothing sets a limit.
 */
export function finestSpacing(gram: Gram, x: number, y: number): number {
  const step = Math.sqrt(Math.min(gram.uu, gram.vv));
  const ofComponents = step > 0 ? normAt(gram, x, y) / step : 0;
  return GRAIN * Math.max(Math.abs(x), Math.abs(y), ofComponents);
}
