/** Starts the thread that ends this process with its parent: the event that our channel has closed waits for this thread. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

new Worker(join(__dirname, 'leash.cjs')).unref();
