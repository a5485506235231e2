import { type Flag, MAP_FLAGS } from '../map/flags.js';
import { fileFlags } from './fileFlags.js';

/** Flags of the map that `embedding-grid lens` has as well: whatever decides what a readout says of a prompt. */
const SHARED = new Set(['readout', 'translator', 'prompt', 'prompt-ids', 'chat', 'intervene', 'top-k', 'mask']);

/** They say what is read. */
export const LENS_MAP_FLAGS = MAP_FLAGS.filter(({ name }) => SHARED.has(name)).map((flag) =>
  flag.name === 'readout'
    ? {
        ...flag,
        value: 'R[,R...]',
        help: 'lens, unembed, tuned, jacobian, or several beside each other: forward,lens,tuned:FILE,jacobian:FILE',
        default: 'lens',
      }
    : flag.name === 'prompt'
      ? { ...flag, help: 'the prompt that is read' }
      : flag,
);

/** Flags of `embedding-grid lens` beside those. */
export const LENS_FLAGS = [
  {
    name: 'token',
    value: 'TOKEN',
    help: 'a token that is followed: its probability and its rank at each layer and position; spaces count, #7 is token 7',
  },
  { name: 'json', help: 'print everything, as JSON' },
  { name: 'csv', help: 'print a line for each layer and position, as CSV' },
  ...fileFlags('png and svg (a cell for each layer and position), json, csv'),
] as const satisfies readonly Flag[];
