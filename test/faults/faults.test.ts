import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { killsAtRandom } from './kills.js';
import { parallelSaves } from './parallelSaves.js';
import { CLI, root, startTree } from './processes.js';

// In small what `npm run test:faults` does in full. Processes are found by what Linux tells of them.

const bundled = path.join(root, 'media', 'novella-3m');
let folder = '';
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-faults-'));
});
after(() => rmSync(folder, { recursive: true }));

if (process.platform === 'linux') {
  test('command lines at once, and saves of one process at once, into one folder: every map is there', async () => {
    writeFileSync(path.join(folder, 'model.onnx'), 'plain');
    const engine = path.join(root, 'test', 'cli', 'fakeEngine.mjs');
    const saves = await parallelSaves({ commands: 8, atOnce: 6, inProcess: 40, engine, model: folder, layer: 1 });
    assert.deepEqual(saves, { asked: 48, said: 48, there: 48, mixed: 0, claimedTwice: 0, leftovers: 0 });
  });

  test('runs that are killed at random moments: no file is half, no process stays, the next run clears', async () => {
    const kills = await killsAtRandom({ count: 6, seed: 1, model: bundled, patience: 30_000 });
    assert.deepEqual([kills.half, kills.orphans, kills.uncleared, kills.emptyFolders], [0, 0, 0, 0]);
  });

  test('an engine in endless work ends with its killed parent', { timeout: 120_000 }, async ({ signal }) => {
    const busy = path.join(folder, 'busy.cjs');
    const began = path.join(folder, 'began');
    // In the engine, and in its main thread alone: what a regex that never ends does.
    writeFileSync(
      busy,
      `if (process.argv[1]?.endsWith('engine.cjs') && require('node:worker_threads').isMainThread)
        process.once('message', () => {
          require('node:fs').writeFileSync(${JSON.stringify(began)}, '');
          for (;;);
        });`,
    );
    const tree = startTree([CLI, '--output-dir', path.join(folder, 'out')], { NODE_OPTIONS: `--require ${busy}` });
    while (!existsSync(began)) await new Promise((resolve) => setTimeout(resolve, 20));
    const engine = tree.living().find(({ program }) => program === 'engine.cjs');
    assert.ok(engine, 'there is an engine');
    tree.child.kill('SIGKILL');
    signal.addEventListener('abort', () => process.kill(engine.pid, 'SIGKILL'));
    while (isAlive(engine.pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  });
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
