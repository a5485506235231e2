/** A thread that scans: the first message makes it one, every other says that there may be work. */
import { parentPort } from 'node:worker_threads';
import { ScanHand, type ScanThread } from './scanMachine.js';

let hand: ScanHand | undefined;

parentPort?.on('message', (thread: ScanThread | null) => {
  if (thread) hand = new ScanHand(thread);
  else hand?.work();
});
