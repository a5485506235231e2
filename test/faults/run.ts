/**
 * What becomes of maps where many save at once, where runs are killed, and of a model that computes for ever: `npm run test:faults`, in full, some minutes on two
 * cores. `npm test` does the same in small (faults.test.ts).
 */
import path from 'node:path';
import { endlessModel } from './endless.js';
import { killsAtRandom } from './kills.js';
import { parallelSaves } from './parallelSaves.js';
import { root } from './processes.js';
import { killedStudy } from './studies.js';

const model = path.join(root, 'media', 'novella-3m');

const saves = await parallelSaves({ commands: 200, atOnce: 16, inProcess: 200, model, layer: 3 });
console.log('200 command lines, 16 at a time, and 200 saves in one process, into one folder:', saves);

const began = performance.now();
const kills = await killsAtRandom({ count: 100, seed: 4242, model, patience: 2000 });
console.log(`100 kills at random moments (${Math.round((performance.now() - began) / 1000)} s):`, kills);

const study = await killedStudy(
  {
    format: 'embedding-study',
    version: 1,
    base: { grid: { columns: 12, rows: 12 }, plane: { center: { kind: 'prompt', text: 'Once upon a time' } } },
    vary: ['layer=0-4', 'seed=1-40'],
    shard: 8,
  },
  { kills: 50, seed: 99 },
);
console.log('A study of 200 maps, killed 50 times and gone on with:', study);

const endless = await endlessModel();
console.log('A model with a loop of 2^40 rounds:', endless);

const good =
  saves.there === saves.asked && saves.said === saves.asked && saves.mixed + saves.claimedTwice + saves.leftovers === 0;
process.exitCode =
  good &&
  endless.seconds < 20 &&
  endless.message.startsWith('The model computes without an end') &&
  kills.half + kills.orphans + kills.uncleared + kills.emptyFolders === 0 &&
  study.different + study.unfinished === 0
    ? 0
    : 1;
