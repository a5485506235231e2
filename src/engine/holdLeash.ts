import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { allowance } from './allowance.js';

/**
 * Ends this process with its parent: at the event that our channel has closed, and by a thread, for which that event need not
 * get through. Nothing is waited for or put away: threads that compile or compute would be waited for seconds.
 * @param then what is loaded or done next, once it is known that the parent is not gone already
 */
export function holdLeash(then: () => void): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  new Worker(join(__dirname, 'leash.cjs'), { workerData: allowance }).unref();
  setImmediate(then);
}
