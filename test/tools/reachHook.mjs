// Loaded before everything in each process of a test whose reach is measured: our processes end by SIGKILL, which leaves V8 no time to
// write what it counted. Here they write first.
import { ChildProcess } from 'node:child_process';
import process from 'node:process';
import { takeCoverage } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

/** How long a process may take to write, or to come out of native code, before it is ended all the same. */
const PATIENCE_MS = 3000;

const kill = process.kill.bind(process);
process.kill = (pid, signal) => {
  if (pid === process.pid && signal === 'SIGKILL') takeCoverage();
  return kill(pid, signal);
};
if (isMainThread) process.on('SIGUSR2', () => process.kill(process.pid, 'SIGKILL'));

const end = ChildProcess.prototype.kill;
ChildProcess.prototype.kill = function (signal) {
  if (signal !== 'SIGKILL') return end.call(this, signal);
  setTimeout(() => end.call(this, 'SIGKILL'), PATIENCE_MS).unref();
  return end.call(this, 'SIGUSR2');
};
