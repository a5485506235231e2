import { readFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';

/**
 * A thread that ends its process as soon as the process's parent is gone, whatever the main thread does: a regex that does not
 * end, or native code, lets no event through. The parent holds the other end of our standard input and never writes to it; the
 * system closes it with the parent, however that ends.
 */
const end = (): void => void process.kill(process.pid, 'SIGKILL');
try {
  new Socket({ fd: 0, readable: true, writable: false }).on('error', end).on('close', end).resume();
} catch {
  // Standard input is no pipe: somebody runs us by hand.
}

/** How often memory is looked at: between two looks the fastest machine fills some 100 MB. */
const WATCH_MS = 50;

/**
 * A model that takes much more memory than one of its size can need ends, before the system has to choose whom to end. Linux
 * alone tells what is a process's own. Our parent knows an end for want of memory by these words (client.ts).
 */
const allowed: unknown = workerData;
/** A native call that tries a model and does not end: the main thread is in it, and only the process's end ends it. */
if (allowed instanceof Float64Array)
  setInterval(() => {
    const [, deadline = 0] = allowed;
    if (deadline === 0 || Date.now() <= deadline) return;
    writeSync(2, 'ENDLESS: a call that tries the model has not come back\n');
    end();
  }, WATCH_MS);
if (process.platform === 'linux' && allowed instanceof Float64Array)
  setInterval(() => {
    const [bytes = 0] = allowed;
    if (bytes === 0) return;
    const own = 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0);
    if (own <= bytes) return;
    writeSync(2, `FATAL ERROR: Allocation failed - the engine took ${own} bytes where ${bytes} were to be expected\n`);
    end();
  }, WATCH_MS);
