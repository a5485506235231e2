import type { Flag } from '../map/flags.js';

/** Flags of `embedding-grid compare`, beside those of whatever computes. */
export const COMPARE_FLAGS = [
  { name: 'json', help: 'print the statistics as JSON' },
  { name: 'csv', help: 'print a line per cell, as CSV' },
] as const satisfies readonly Flag[];
