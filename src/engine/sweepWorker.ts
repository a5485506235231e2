/** A thread that sweeps: the first message makes it one, every other says that there may be work. */
import { parentPort } from 'node:worker_threads';
import { SweepHand, type SweepThread } from './sweepMachine.js';

let hand: SweepHand | undefined;

parentPort?.on('message', (thread: SweepThread | null) => {
  if (thread) hand = new SweepHand(thread);
  else hand?.work();
});
