import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { Fault } from '../../src/map/fault.js';
import { EnginePool } from '../../src/host/enginePool.js';

const file = createRequire(import.meta.url).resolve('./fakeEngine.cjs');
const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-pool-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const pools: EnginePool[] = [];
after(() => Promise.all(pools.map((pool) => pool.dispose())));

function newPool({ grace = 60_000, node }: { grace?: number; node?: string } = {}) {
  const lines: string[] = [];
  const pool = new EnginePool({
    file,
    node: () => node,
    graceMilliseconds: () => grace,
    log: (line) => lines.push(line),
  });
  pools.push(pool);
  return { pool, lines };
}

const never = { signal: new AbortController().signal };

/** Whether a process runs. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('users of one model and device share a process; another device has its own', async () => {
  const { pool } = newPool();
  const [first, second, other] = await Promise.all([
    pool.acquire('/models/a', 'cpu', never),
    pool.acquire('/models/../models/a', 'cpu', never),
    pool.acquire('/models/a', 'cuda', never),
  ]);
  assert.equal(first.engine, second.engine);
  assert.notEqual(first.engine, other.engine);
  assert.equal(first.description.path, '/models/a');
  assert.equal(pool.pids.length, 2);
});

test('the process ends with its last user, after the grace', async () => {
  const { pool } = newPool({ grace: 1 });
  const first = await pool.acquire('/models/a', 'cpu', never);
  const second = await pool.acquire('/models/a', 'cpu', never);
  const [pid = 0] = pool.pids;
  first.release();
  first.release(); // counts once
  assert.equal((await pool.acquire('/models/a', 'cpu', never)).engine, second.engine);
  assert.ok(runs(pid));
  const { pool: eager } = newPool({ grace: 1 });
  const lease = await eager.acquire('/models/a', 'cpu', never);
  const [its = 0] = eager.pids;
  lease.release();
  assert.equal(await lease.ended, undefined);
  assert.ok(!runs(its));
  assert.deepEqual(eager.pids, []);
});

test('a user who comes back within the grace finds the model still open', async () => {
  const { pool } = newPool();
  const first = await pool.acquire('/models/a', 'cpu', never);
  first.release();
  const second = await pool.acquire('/models/a', 'cpu', never);
  assert.equal(first.engine, second.engine);
});

test('a model that was written again gets a new process; the old one answers its users, and ends with the last', async () => {
  const model = path.join(folder, 'model');
  const { pool, lines } = newPool();
  const first = await pool.acquire(model, 'cpu', never);
  const other = await pool.acquire(model, 'cpu', never);
  const [old = 0] = pool.pids;
  assert.equal(await first.current(), true);
  writeFileSync(`${model}-rewritten`, '');
  assert.equal(await first.current(), false);
  const [second, third] = await Promise.all([pool.acquire(model, 'cpu', never), pool.acquire(model, 'cpu', never)]);
  assert.notEqual(second.engine, first.engine);
  assert.equal(second.engine, third.engine);
  assert.equal(pool.pids.length, 2);
  assert.ok(lines.some((line) => line.includes('written again')));
  other.release();
  assert.ok(runs(old));
  assert.equal(await first.engine.call('current', {}), false); // it answers still
  first.release();
  assert.equal(await first.ended, undefined);
  assert.ok(!runs(old));
  assert.equal(pool.pids.length, 1);
});

test('a model that cannot be opened leaves no process', async () => {
  const { pool } = newPool();
  await assert.rejects(pool.acquire('/models/broken', 'cpu', never), { code: 'model-broken' });
  await assert.rejects(pool.acquire('/models/broken', 'cpu', never), { code: 'model-broken' });
  assert.deepEqual(pool.pids, []);
});

test('giving up while the model opens ends the process, unless somebody else waits for it', async () => {
  const { pool } = newPool();
  const one = new AbortController();
  const waiting = pool.acquire('/models/slow-200', 'cpu', { signal: one.signal });
  const staying = pool.acquire('/models/slow-200', 'cpu', never);
  one.abort();
  await assert.rejects(waiting, { code: 'cancelled' });
  const lease = await staying;
  assert.equal(pool.pids.length, 1);

  const { pool: alone } = newPool();
  const two = new AbortController();
  const opening = alone.acquire('/models/slow-60000', 'cpu', { signal: two.signal });
  const [pid = 0] = alone.pids;
  assert.ok(runs(pid));
  two.abort();
  await assert.rejects(opening, { code: 'cancelled' });
  await alone.dispose();
  assert.ok(!runs(pid));
  lease.release();
});

test('a process that dies is reported to its users, and the next one gets a new process', async () => {
  const { pool, lines } = newPool();
  const lease = await pool.acquire('/models/a', 'cpu', never);
  const [dead = 0] = pool.pids;
  const estimate = lease.engine.call('estimate', { parameters: DEFAULT_PARAMETERS, batchSize: 1 });
  await assert.rejects(estimate, { code: 'engine-died' });
  const fault = await lease.ended;
  assert.ok(fault instanceof Fault);
  assert.match(fault.message, /SIGKILL/);
  await pool.acquire('/models/a', 'cpu', never);
  assert.equal(pool.pids.length, 1);
  assert.notEqual(pool.pids[0], dead);
  assert.ok(lines.some((line) => line.includes(String(dead)) && line.includes('SIGKILL')));
});

test('restart ends the process on purpose; the next user gets a new one', async () => {
  const { pool } = newPool();
  const lease = await pool.acquire('/models/a', 'cpu', never);
  const [before] = pool.pids;
  await pool.restart('/models/a', 'cpu');
  assert.equal(await lease.ended, undefined);
  await pool.acquire('/models/a', 'cpu', never);
  assert.notEqual(pool.pids[0], before);
  await pool.restart('/models/never-opened', 'cpu');
});

test('dispose ends every process, also one that opens', async () => {
  const { pool } = newPool();
  await pool.acquire('/models/a', 'cpu', never);
  const opening = pool.acquire('/models/slow-60000', 'cpu', never);
  const rejected = assert.rejects(opening, { code: 'cancelled' });
  const { pids } = pool;
  assert.equal(pids.length, 2);
  await pool.dispose();
  await rejected;
  assert.ok(pids.every((pid) => !runs(pid)));
});

test('a Node executable that does not exist is named', async () => {
  const { pool } = newPool({ node: '/no/such/node' });
  await assert.rejects(pool.acquire('/models/a', 'cpu', never), {
    code: 'file',
    message: 'The Node executable "/no/such/node" does not exist.',
  });
});
