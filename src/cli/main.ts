#!/usr/bin/env node
import { constants } from 'node:os';
import { Fault } from '../map/fault.js';
import { exitCode, faultLine } from './exitCodes.js';
import { run } from './run.js';

/** How long after a signal we may still tidy up, in ms. */
const GRACE = 800;

const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    abort.abort();
    process.exitCode = 128 + constants.signals[signal];
    setTimeout(() => process.exit(), GRACE).unref();
  });

// A reader that went away, as in `embedding-grid inspect MODEL | head`, is no fault of the map.
process.stdout.on('error', () => process.exit());
process.on('uncaughtException', (thrown) => {
  const fault = Fault.from(thrown);
  process.stderr.write(`${faultLine(fault)}\n`);
  process.exit(exitCode(fault));
});

const code = await run(process.argv.slice(2), process.stdout, process.stderr, abort.signal);
process.exitCode ??= code;
