import { broken } from './source.js';

/**
 * What an analysis of a graph may take: steps, some ten millions a second. The largest graphs that exporters write (120,000
 * operators) take a few million; graphs that are made to be long to look at end in a sentence.
 */
const MOST = 50e6;

let left = Infinity;

/** Runs an analysis within one budget of steps; inside of another one, within what that has left. */
export function withinBudget<T>(work: () => T): T {
  if (left !== Infinity) return work();
  left = MOST;
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError && error.message.includes('call stack')
      ? broken('The graph is nested deeper than that of any model.')
      : error;
  } finally {
    left = Infinity;
  }
}

/** Counts steps. @throws ModelError `broken` where the budget is spent. */
export function spend(steps: number): void {
  left -= steps;
  if (left < 0) throw broken('The graph takes more work to look at than that of any model.');
}
