#!/usr/bin/env node
import { constants } from 'node:os';
import { Fault } from '../map/fault.js';
import { HANG_UP } from './draw.js';
import { exitCode, faultLine, OUTPUT_LOST } from './exitCodes.js';
import { run } from './run.js';
import { standardStream } from './streams.js';

const out = standardStream(process.stdout);
const err = standardStream(process.stderr);

/** How long after a signal we may still tidy up, in ms, which takes a moment; when the terminal was closed a save is finished first. */
const GRACE = { SIGINT: 3000, SIGTERM: 3000, SIGHUP: 30_000 } as const;
type Stop = keyof typeof GRACE;

const abort = new AbortController();
let stopped: Stop | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    stopped ??= signal;
    abort.abort(signal === 'SIGHUP' ? HANG_UP : undefined);
    setTimeout(() => endAsStopped(signal), GRACE[signal]).unref();
  });

/** Ends as the signal would have ended us, so that shells and scripts see what happened. What is to be tidied up at the exit is. */
function endAsStopped(signal: Stop): void {
  process.on('exit', () => {
    if (process.platform === 'win32') return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
  process.exit(128 + constants.signals[signal]);
}

process.on('uncaughtException', (thrown) => {
  const fault = Fault.from(thrown);
  err.write(`${faultLine(fault)}\n`);
  process.exit(exitCode(fault));
});

let code = await run(process.argv.slice(2), out, err, abort.signal);
const lost = await out.settled();
if (code === 0 && lost) {
  err.write(
    `embedding-grid: What was to be printed is lost, for standard output cannot be written: ${lost.message}.\n`,
  );
  code = OUTPUT_LOST;
}
await err.settled();
if (stopped) endAsStopped(stopped);
process.exitCode = code;
