import { Socket } from 'node:net';

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
