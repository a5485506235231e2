import type { Flag } from '../map/flags.js';
import { fileFlags } from './fileFlags.js';

/** Flags of `embedding-grid compare`, beside those of whatever computes. */
export const COMPARE_FLAGS = [
  { name: 'json', help: 'print the statistics as JSON' },
  { name: 'csv', help: 'print a line per cell, as CSV' },
  ...fileFlags('png and svg (both maps and what changes), json (statistics), csv (cells)'),
] as const satisfies readonly Flag[];
