import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { EnginePool } from '../../src/host/enginePool.js';
import { MapController } from '../../src/panel/controller.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import type { PageMessage } from '../../src/protocol/page.js';
import { engineFile } from '../engine/engine.js';
import { llama, seededWeights, TINY } from '../engine/llama.js';
import { temporaryFolder } from '../engine/temporary.js';
import { FakeDependencies } from '../webview/fakeDependencies.js';
import { Recorder } from './recorder.js';

const folder = temporaryFolder();
const pools: EnginePool[] = [];
after(() => Promise.all(pools.map((pool) => pool.dispose())));

const bytesOf = (seed: number): Uint8Array => llama(TINY, seededWeights(seed)).toBytes();

/** A model's folder of its own, and what a window has one of. */
function setUp(context: TestContext) {
  const modelPath = path.join(folder, context.name.replace(/\W+/g, '-'));
  const file = path.join(modelPath, 'model.onnx');
  mkdirSync(modelPath, { recursive: true });
  writeFileSync(file, bytesOf(1));
  const pool = new EnginePool({
    file: engineFile,
    node: () => undefined,
    graceMilliseconds: () => 60_000,
    log: () => undefined,
  });
  pools.push(pool);
  return { file, modelPath, pool };
}
type Setting = ReturnType<typeof setUp>;

/** A panel on the model, with engines that are real. */
function open(context: TestContext, { pool, modelPath }: Setting) {
  const deps = Object.assign(new FakeDependencies(), {
    acquireEngine: (...asked: Parameters<EnginePool['acquire']>) => pool.acquire(...asked),
  });
  const parameters = { ...DEFAULT_PARAMETERS, layer: 0, grid: { ...DEFAULT_PARAMETERS.grid, columns: 8, rows: 8 } };
  const controller = new MapController(deps, {
    settings: { modelPath, parameters, device: 'cpu', batchSize: 100 },
    run: true,
  });
  context.after(() => controller.dispose(true));
  const page = new Recorder();
  const say = (message: PageMessage): void => controller.receive(message);
  controller.connect((message) => {
    page.post(message);
    if (message.type === 'progress') setImmediate(() => say({ type: 'drawn' }));
  });
  say({ type: 'ready', view: null });
  /** A whole map of what is asked for stands. */
  const complete = (): Promise<void> =>
    page.until(
      () =>
        Boolean(page.map?.finish) && page.state.run.status === 'idle' && !page.state.changed && !page.state.outdated,
    );
  const fingerprint = (): string | undefined => page.map?.specification.model.sha256;
  return { controller, page, say, complete, fingerprint };
}

const SAID = 'written again, so it was opened anew';

/** What a person may do then, after which the map is of the file as it is. */
const WAYS: Readonly<Record<string, readonly PageMessage[]>> = {
  'an edit': [{ type: 'edit', path: 'topK', value: 7 }, { type: 'generate' }],
  Generate: [{ type: 'generate' }],
  'Try Again': [{ type: 'retryModel' }],
};

for (const [way, messages] of Object.entries(WAYS))
  for (const [what, seed] of [
    ['the same', 1],
    ['another model', 2],
  ] as const)
    test(`a file that was written again (${what}) is opened anew by ${way}, and that is said`, async (context) => {
      const setting = setUp(context);
      const { page, say, complete, fingerprint } = open(context, setting);
      await complete();
      const [before, first] = [fingerprint(), page.map?.id];
      assert.ok(!page.state.notices.join(' ').includes(SAID));
      writeFileSync(setting.file, bytesOf(seed));
      for (const message of messages) say(message);
      await page.until(() => page.map?.id !== first);
      await complete();
      assert.equal(page.state.fault, null);
      assert.equal(fingerprint() === before, seed === 1);
      assert.ok(page.state.notices.join(' ').includes(SAID));

      say({ type: 'edit', path: 'topK', value: 5 });
      say({ type: 'generate' });
      await page.until(() => page.map?.specification.topK === 5);
      await complete();
      assert.ok(!page.state.notices.join(' ').includes(SAID));
    });

test('the map of the old file stays, and is known for one, until the new one is there', async (context) => {
  const setting = setUp(context);
  const { page, say, complete, fingerprint } = open(context, setting);
  await complete();
  const before = fingerprint();
  // Half of a file, as while it is being written: it cannot be opened.
  writeFileSync(setting.file, readFileSync(setting.file).subarray(0, 2000));
  say({ type: 'generate' });
  await page.until(() => page.state.model.status === 'failed');
  assert.equal(fingerprint(), before);
  writeFileSync(setting.file, bytesOf(2));
  say({ type: 'model', path: setting.modelPath });
  await page.until(() => page.state.model.status === 'ready');
  say({ type: 'generate' });
  await page.until(() => fingerprint() !== before);
  await complete();
  assert.ok(page.state.notices.join(' ').includes(SAID));
});

test('a second panel has the file as it is; the first one’s map is another’s, and no cell of it is mixed in', async (context) => {
  const setting = setUp(context);
  const first = open(context, setting);
  await first.complete();
  const [pid] = setting.pool.pids;
  writeFileSync(setting.file, bytesOf(2));
  const second = open(context, setting);
  await second.complete();
  assert.notEqual(second.fingerprint(), first.fingerprint());
  assert.ok(!second.page.state.notices.join(' ').includes(SAID));

  const before = first.fingerprint();
  first.say({ type: 'model', path: setting.modelPath });
  await first.page.until(() => first.page.state.outdated !== null || first.fingerprint() !== before);
  first.say({ type: 'generate' });
  await first.page.until(() => first.fingerprint() !== before);
  await first.complete();
  assert.deepEqual(first.page.map?.cells.ids, second.page.map?.cells.ids);
  assert.ok(!setting.pool.pids.includes(pid ?? 0));
});

test('a stopped map of the old file is not gone on with, but begun anew', async (context) => {
  const setting = setUp(context);
  const { page, say, controller, complete, fingerprint } = open(context, setting);
  await complete();
  const before = fingerprint();
  // State by state it takes so long that a test which is starved is not too late to stop it.
  say({ type: 'edit', path: 'batchSize', value: 1 });
  say({ type: 'edit', path: 'grid', value: { ...DEFAULT_PARAMETERS.grid, columns: 300, rows: 300 } });
  say({ type: 'generate' });
  await page.until(() => page.map?.cells.computed.length === 90_000 && page.cells > 0);
  say({ type: 'cancel' });
  await page.until(() => page.state.run.status === 'stopped' && page.state.run.by === 'cancelled');
  say({ type: 'edit', path: 'batchSize', value: 4096 });
  assert.equal(page.state.run.status, 'stopped');
  writeFileSync(setting.file, bytesOf(2));
  say({ type: 'resume' });
  await page.until(() => fingerprint() !== before);
  await complete();
  assert.equal(controller.map()?.cells.computed.every(Boolean), true);
  assert.equal(page.cells, 90_000);
});

test('a tokenizer that came or changed beside the model counts as well', async (context) => {
  const setting = setUp(context);
  const { page, say, complete } = open(context, setting);
  await complete();
  const first = page.map?.id;
  const config = path.join(setting.modelPath, 'config.json');
  writeFileSync(config, '{"model_type":"llama"}');
  say({ type: 'generate' });
  await page.until(() => page.map?.id !== first);
  await complete();
  assert.ok(page.state.notices.join(' ').includes(SAID));
});
