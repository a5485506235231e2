import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/**
 * Ends the picture process with its parent, also while a picture is drawn, as the engine does (src/engine/holdLeash.ts).
 * @param then what is done next, once it is known that the parent is not gone already
 */
export function holdLeash(then: () => void): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  const leash = join(__dirname, '..', 'leash.cjs');
  if (existsSync(leash)) new Worker(leash).unref();
  setImmediate(then);
}
