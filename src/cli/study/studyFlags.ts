import type { Flag } from '../../map/flags.js';

/** Flags of `embedding-grid study`, but those of whatever computes maps. */
export const STUDY_FLAGS = [
  { name: 'output-dir', value: 'DIR', help: 'folder of the results', default: "the file's name, with _results" },
  { name: 'part', value: 'I/N', help: "compute one of N parts, I from 0; else as a scheduler's variables say" },
  { name: 'dry-run', help: 'print members, time, memory and bytes, from a first member, and compute no other' },
  {
    name: 'submit',
    value: 'WHERE',
    help: 'slurm: hand it to sbatch, with any of its flags; kubernetes: print an indexed Job; print: print both',
  },
  { name: 'array', value: 'N', help: 'parts that are submitted', default: '8' },
  { name: 'json', help: 'of status: print it as JSON' },
  { name: 'quiet', help: 'print nothing but errors' },
] as const satisfies readonly Flag[];
