import assert from 'node:assert/strict';
import { readFileSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { computeMap } from '../../src/engine/client.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { withEngine } from './engine.js';
import { EIGHT_BILLION, llama } from './llama.js';
import { sparseWeights } from './sparseWeights.js';
import { temporaryFolder } from './temporary.js';

/**
 * A model of the shape of Llama-3.1-8B in float32, 32 GB of which only the head (2.1 GB) is more than a hole in a file. What is
 * mapped of files counts as memory here, as the operating system counts it (the peak in /proc, so on Linux alone).
 */
const HEAD = 4 * EIGHT_BILLION.hidden * EIGHT_BILLION.vocabulary;
/** Measured: 1.09 times the head by three rows, 1.07 with every cell through the graph. */
const MOST = 1.3;

const { bavail, bsize } = statfsSync(tmpdir());
const hasRoom = process.platform === 'linux' && bavail * bsize > HEAD + 2 ** 30;
if (!hasRoom)
  console.log('Not tested: the model of 32 GB needs Linux and 3 GB of free disk in the folder for temporary files.');
else
  test(
    'a model of 32 GB opens at once, and its last layer takes the memory of its head',
    { timeout: 300_000 },
    async () => {
      const folder = temporaryFolder();
      const file = sparseWeights(
        join(folder, 'weights.bin'),
        'weights.bin',
        (name) => name === 'head' || name === 'norm',
      );
      writeFileSync(join(folder, 'model.onnx'), llama(EIGHT_BILLION, file.weights).toBytes());
      file.close();
      assert.ok(statSync(join(folder, 'weights.bin')).size > 32e9);

      for (const way of [undefined, 'each-cell'] as const)
        await withEngine(async (engine) => {
          const own = process.memoryUsage().rss;
          const started = performance.now();
          const { facts, openedMilliseconds } = await engine.call('open', { path: folder, device: 'cpu' });
          const opened = performance.now() - started;
          assert.equal(facts.blocks, 32);
          assert.ok(facts.weightsBytes > 32e9);
          assert.ok(peak(engine.pid) < 250e6, 'opening reads no weights');
          const side = way === undefined ? 30 : 6;
          const grid = { ...DEFAULT_PARAMETERS.grid, columns: side, rows: side };
          const parameters = { ...DEFAULT_PARAMETERS, grid };
          const map = await computeMap(engine, { parameters, batchSize: 100, ...(way === undefined ? {} : { way }) });
          assert.ok(map.cells.computed.every((one) => one === 1));
          assert.ok(new Set(map.cells.ids).size > 20);
          const bytes = peak(engine.pid) + Math.max(0, process.memoryUsage().rss - own);
          console.log(
            `${map.runtime.way}: opened in ${openedMilliseconds} ms (${opened.toFixed(0)} with the start of the process), ` +
              `${side * side} cells in ${map.runtime.seconds.toFixed(1)} s, peak ${(bytes / 1e6).toFixed(0)} MB, ` +
              `${(bytes / HEAD).toFixed(2)} times the head`,
          );
          assert.ok(bytes < MOST * HEAD, `${bytes} bytes for a head of ${HEAD}`);
        });
    },
  );

/** The most memory that a process ever had, mapped pages of files included. */
function peak(pid: number | undefined): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1];
  return 1024 * Number(kilobytes);
}
