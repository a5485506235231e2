import { safeText } from '../map/display.js';
import type { Fault, FaultCode } from '../map/fault.js';

/** What the exit code of the command line means, in the order of the help text. */
export const EXIT_CODES = {
  0: 'the map was drawn, or what was asked for was printed',
  1: 'a mistake of the program itself',
  2: 'a wrong flag, value or specification file',
  3: 'the model or its tokenizer is missing, broken or cannot be cut',
  4: 'the device cannot be had',
  5: 'memory ran out',
  6: 'the files, or some of them, cannot be written',
  7: 'the engine died',
  8: 'what was to be printed is lost: standard output is closed or full',
  9: 'the Hugging Face hub cannot be reached, or sends what it should not',
  129: 'stopped because the terminal was closed',
  130: 'stopped by Ctrl-C',
  143: 'stopped by SIGTERM',
} as const;

/** The exit code where all went well, but nobody can have read of it. */
export const OUTPUT_LOST = 8 satisfies keyof typeof EXIT_CODES;

const BY_FAULT: Record<FaultCode, keyof typeof EXIT_CODES> = {
  'bad-parameter': 2,
  file: 2,
  'model-not-found': 3,
  'model-ambiguous': 3,
  'model-broken': 3,
  'model-unsupported': 3,
  tokenizer: 3,
  device: 4,
  memory: 5,
  output: 6,
  'engine-died': 7,
  network: 9,
  cancelled: 130,
  internal: 1,
};

export const exitCode = (fault: Fault): number => BY_FAULT[fault.code];

/** A fault as one line for a terminal: what happened and what to do, without anything that a terminal would obey. */
export const faultLine = (fault: Fault): string =>
  safeText(['embedding-grid:', fault.message, fault.hint ?? ''].join(' ').replace(/\s+/g, ' ').trim(), 2000);
