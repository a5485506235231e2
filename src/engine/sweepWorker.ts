/** A thread that sweeps: every message says that there may be work. */
import { parentPort, workerData } from 'node:worker_threads';
import { SweepHand, type SweepThread } from './sweepMachine.js';

const thread: SweepThread = workerData;
const hand = new SweepHand(thread);
parentPort?.on('message', () => hand.work());
