import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../src/cli/run.js';
import {
  compare,
  createEmbeddingGridMap,
  type ModelSession,
  openModel,
  type SeriesMap,
  type TokenMap,
} from '../src/index.js';

// The bundled model, for real.
let folder = '';
let model: ModelSession;
const files: string[] = [];
const grid = { columns: 8, rows: 6, spacing: 2 } as const;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-compare-'));
  for (const layer of [1, 4])
    files.push(...(await createEmbeddingGridMap({ layer, grid, outputDir: folder, formats: ['json'] })).files);
  model = await openModel();
});
after(async () => {
  await model.close();
  rmSync(folder, { recursive: true });
});

test('two saved maps: divergences are there, and swapping the sides swaps the two KLs', async () => {
  const [a = '', b = ''] = files;
  const there = await compare(a, b);
  const back = await compare(b, a);
  assert.equal(there.withoutDivergences, undefined);
  const [d, e] = [there.summary.divergences, back.summary.divergences];
  assert.ok(d && e);
  assert.ok(d.js.mean > 0 && d.js.max <= Math.LN2 + 1e-6);
  assert.deepEqual([d.ab, d.ba, d.js], [e.ba, e.ab, e.js]);
  assert.equal(there.summary.changed, back.summary.changed);
  assert.equal(there.summary.compared, 48);
});

test('a map with itself: nothing changed, divergences 0', async () => {
  const [a = ''] = files;
  const { summary } = await compare(a, a);
  assert.deepEqual([summary.changed, summary.weightedIou, summary.plane], [0, 1, 'shared']);
  assert.deepEqual([summary.divergences?.ab.max, summary.divergences?.js.max], [0, 0]);
});

test('maps at hand are compared without divergences, and it is said; other grids are refused', async () => {
  const small = await model.map({ grid: { columns: 2, rows: 2 } });
  const { summary, withoutDivergences } = await compare(small, small);
  assert.equal(summary.divergences, null);
  assert.match(withoutDivergences ?? '', /saved/);
  await assert.rejects(compare(small, files[0] ?? ''), { code: 'bad-parameter' });
});

test('the command prints words, JSON and CSV; what is no comparison is refused', async () => {
  const said = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const text = { out: '', err: '' };
    const stream = (name: 'out' | 'err') => ({ write: (more: string) => void (text[name] += more) });
    const code = await run(['compare', ...args], stream('out'), stream('err'), new AbortController().signal);
    return { code, ...text };
  };
  const words = await said(...files);
  assert.equal(words.code, 0, words.err);
  assert.match(words.out, /of 48 cells say the same|all 48 cells/);
  assert.match(words.out, /Jensen-Shannon {2}mean/);
  const { summary } = await compare(files[0] ?? '', files[1] ?? '');
  const data = JSON.parse((await said(...files, '--json')).out) as { summary: unknown };
  assert.deepEqual(data.summary, JSON.parse(JSON.stringify(summary)));
  const lines = (await said(...files, '--csv')).out.trimEnd().split('\r\n');
  assert.equal(lines.length, 49);
  assert.equal((await said(files[0] ?? '')).code, 2);
  assert.equal((await said(...files, '--json', '--csv')).code, 2);
  assert.notEqual((await said(files[0] ?? '', path.join(folder, 'none.json'))).code, 0);
});

test('a series: every member is what it would be alone; on a shared plane all have the base’s vectors', async () => {
  const all = async (series: AsyncIterable<SeriesMap>): Promise<Map<string, TokenMap>> => {
    const found = new Map<string, TokenMap>();
    for await (const { name, map } of series) found.set(name, map);
    return found;
  };
  const base = { grid, plane: { axes: { method: 'random_projection', seed: 1 } } } as const;
  const own = await all(model.series({ ...base, vary: ['layer=1,4', 'seed=1-2'], sharing: 'own' }));
  assert.deepEqual([...own.keys()].sort(), [
    'layer=1, seed=1',
    'layer=1, seed=2',
    'layer=4, seed=1',
    'layer=4, seed=2',
  ]);
  for (const layer of [1, 4]) {
    const alone = await model.map({ layer, grid, plane: { axes: { method: 'random_projection', seed: 2 } } });
    const member = own.get(`layer=${layer}, seed=2`);
    assert.deepEqual(member?.specification, alone.specification);
    assert.deepEqual(member.cells, alone.cells);
  }
  const shared = await all(model.series({ ...base, vary: ['layer=1,4'] }));
  const [one, other] = [...shared.values()];
  assert.ok(one && other);
  assert.deepEqual(one.plane, other.plane);
  assert.deepEqual(one.plane.u, own.get('layer=1, seed=1')?.plane.u);
  await assert.rejects(all(model.series({ vary: ['model=a'] })), { code: 'bad-parameter', message: /one model/ });
  await assert.rejects(all(model.series({ vary: ['nothing=1'] })), { code: 'bad-parameter' });
  const idle = model.series({ ...base, vary: ['seed=1-2'], sharing: 'shared' });
  await assert.rejects(all(idle), { code: 'bad-parameter', message: /same map/ });
});
