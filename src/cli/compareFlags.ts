import { FIGURE_FLAGS } from './figureFlags.js';
import type { Flag } from '../map/flags.js';
import { fileFlags } from './fileFlags.js';

/** Flags of `embedding-grid compare`, beside those of whatever computes. */
export const COMPARE_FLAGS = [
  { name: 'json', help: 'print the statistics as JSON' },
  { name: 'csv', help: 'print a line per cell, as CSV' },
  ...fileFlags(
    'png, svg and pdf (both maps and what changes), html (the same as a page to look around in), json (statistics), csv (cells)',
  ),
  ...FIGURE_FLAGS,
] as const satisfies readonly Flag[];
