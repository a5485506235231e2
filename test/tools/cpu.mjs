// Imported before a program of the tests: at its end it tells the CPU seconds that it took, with all that it had started and has
// ended. What VS Code's server leaves behind is not among them.
import { readFileSync, writeSync } from 'node:fs';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

/** Linux counts in hundredths of a second: own user and system time, then those of children that were waited for. */
function seconds() {
  if (process.platform !== 'linux') {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
  const fields = readFileSync('/proc/self/stat', 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

// Not a thread, nor what the program starts with its own arguments.
if (isMainThread && process.ppid === Number(process.env.TEST_RUNNER))
  process.once('exit', () => writeSync(1, `ℹ cpu ${seconds().toFixed(1)}\n`));
