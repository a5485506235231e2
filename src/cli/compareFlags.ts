import type { Flag } from '../map/flags.js';

/** Flags of `embedding-grid compare`, beside those of whatever computes. */
export const COMPARE_FLAGS = [
  { name: 'json', help: 'print the statistics as JSON' },
  { name: 'csv', help: 'print a line per cell, as CSV' },
  { name: 'output-dir', value: 'DIR', help: 'folder of the files' },
  {
    name: 'formats',
    value: 'LIST',
    help: 'of --output-dir: png and svg (both maps and what changes), json (statistics), csv (cells)',
    default: 'png,svg,json',
  },
] as const satisfies readonly Flag[];
