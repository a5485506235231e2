import { DEFAULT_RIDGE, FIT_TOKENS } from '../protocol/fit.js';
import type { Flag } from '../map/flags.js';

/** Flags of `embedding-grid fit-translator`. */
export const FIT_FLAGS = [
  {
    name: 'texts',
    value: 'FILE',
    help: `the texts that it is fitted on, one a line; the first ${FIT_TOKENS} tokens of each are read`,
  },
  { name: 'held-out', value: 'FILE', help: 'texts that it is judged by', default: 'every tenth of the texts' },
  {
    name: 'ridge',
    value: 'R',
    help: "how much the translators are held near none, in parts of the states' mean variance",
    default: `${DEFAULT_RIDGE}`,
  },
  {
    name: 'output',
    value: 'DIR',
    help: 'the folder that is made: config.json, params.pt and tuned.safetensors',
    default: 'MODEL_tuned_lens',
  },
  { name: 'json', help: 'print everything, as JSON' },
] as const satisfies readonly Flag[];
