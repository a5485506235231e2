import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { computeMap } from '../../src/engine/client.js';
import { locateModel } from '../../src/hub/cache.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { withEngine } from './engine.js';
import { EIGHT_BILLION } from './llama.js';
import { sparseCheckpoint } from './sparseCheckpoint.js';
import { temporaryFolder } from './temporary.js';

/**
 * A bfloat16 checkpoint of the shape of Llama-3.1-8B in four shards, opened by its name from a cache: of its 16 GB only the head
 * (1 GB) is more than a hole in a file. What is mapped of files counts as memory here (the peak in /proc, so on Linux alone).
 */
const HEAD = 2 * EIGHT_BILLION.hidden * EIGHT_BILLION.vocabulary;
/** Measured: 1.2, the process that asks included. */
const MOST = 1.25;

const { bavail, bsize } = statfsSync(tmpdir());
const hasRoom = process.platform === 'linux' && bavail * bsize > HEAD + 2 ** 30;
if (!hasRoom)
  console.log(
    'Not tested: the checkpoint of 16 GB needs Linux and 2 GB of free disk in the folder for temporary files.',
  );
else
  test('the last layer of a 16 GB checkpoint takes the memory of its 16-bit head', { timeout: 300_000 }, async () => {
    const cache = temporaryFolder();
    const repository = join(cache, 'models--meta-llama--Llama-3.1-8B');
    sparseCheckpoint(
      join(repository, 'snapshots', '0123abc'),
      EIGHT_BILLION,
      4,
      (name) => name === 'lm_head.weight' || name === 'model.norm.weight',
    );
    mkdirSync(join(repository, 'refs'));
    writeFileSync(join(repository, 'refs', 'main'), '0123abc\n');

    await withEngine(async (engine) => {
      const own = process.memoryUsage().rss;
      const path = locateModel('meta-llama/Llama-3.1-8B', cache);
      const { kind, tensors, files } = await engine.call('tensors', { path });
      assert.equal(kind, 'checkpoint');
      assert.equal(files.length, 4);
      assert.equal(
        tensors.reduce((sum, { bytes }) => sum + bytes, 0),
        16_060_522_496, // as the hub says of Llama-3.1-8B
      );
      const { facts, reference, openedMilliseconds } = await engine.call('open', { path, device: 'cpu' });
      assert.equal(reference.name, 'meta-llama/Llama-3.1-8B');
      assert.equal(facts.blocks, 32);
      assert.equal(facts.numberType, 'bfloat16');
      assert.ok(peak(engine.pid) < 250e6, 'opening reads no weights');
      const map = await computeMap(engine, { parameters: DEFAULT_PARAMETERS, batchSize: 100 });
      assert.ok(map.cells.computed.every((one) => one === 1));
      assert.ok(new Set(map.cells.ids).size > 20);
      assert.equal(map.runtime.halfWeights, 'kept');
      const bytes = peak(engine.pid) + Math.max(0, process.memoryUsage().rss - own);
      console.log(
        `${map.runtime.way}: opened in ${openedMilliseconds} ms, peak ${(bytes / 1e6).toFixed(0)} MB, ` +
          `${(bytes / HEAD).toFixed(2)} times the head`,
      );
      assert.ok(bytes < MOST * HEAD, `${bytes} bytes for a head of ${HEAD}`);
    });
    // As `inspect` opens it: what memory has no room for is not run.
    await withEngine(async (engine) => {
      const path = locateModel('meta-llama/Llama-3.1-8B', cache);
      const { checks } = await engine.call('open', { path, device: 'cpu', memory: 4e9, skipChecks: false });
      const run = checks.find(({ name }) => name === 'run');
      assert.equal(run?.outcome, 'skipped');
      assert.match(run.detail, /16\.1 GB.*\(4 GB\).*--memory 17GB/);
    });
  });

/** The most memory that a process ever had, mapped pages of files included. */
function peak(pid: number | undefined): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1];
  return 1024 * Number(kilobytes);
}
