/** Ends the picture process with its parent, also while a picture is drawn, by the engine's thread (src/engine/leash.ts). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const leash = join(__dirname, '..', 'leash.cjs');
if (existsSync(leash)) new Worker(leash).unref();
