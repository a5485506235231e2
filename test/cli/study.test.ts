import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { readMap } from '../../src/formats/readMap.js';
import { readMember } from '../../src/host/study/member.js';
import { StudyResults } from '../../src/host/study/results.js';
import { Fault } from '../../src/map/fault.js';
import { CLI, root, startTree } from '../faults/processes.js';
import { type CalmStudy, calmStudy, hashes, killedStudy } from '../faults/studies.js';
import { randomNumbers } from '../map/syntheticMap.js';

const MODEL = path.join(root, 'test', 'fixtures', 'models', 'optimum-past-llama_tied');
const STUDY = {
  format: 'embedding-study',
  version: 1,
  model: MODEL,
  base: { grid: { columns: 6, rows: 5 }, topK: 3, plane: { center: { kind: 'tokens', ids: [3, 17, 40, 9] } } },
  keep: { boundaries: true },
  vary: ['layer=embeddings,0-2', 'seed=1-5'],
  shard: 4,
};
const SHARDS = 5;

let folder = '';
/** The study as one run computes it: shared, never changed. */
const DONE = 'one';
let calm: CalmStudy;

const at = (...names: string[]): string => path.join(folder, ...names);
const write = (name: string, data: object): string => {
  writeFileSync(at(name), JSON.stringify(data));
  return at(name);
};
async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return startTree([CLI, 'study', ...args]).ended;
}
async function ran(...args: string[]): Promise<string> {
  const { code, out, err } = await run(...args);
  assert.equal(code, 0, err);
  return out;
}
const table = async (file: string): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({ file: await asyncBufferFromFile(file) });
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-study-'));
  calm = await calmStudy(write('study.embedding-study.json', STUDY), at(DONE));
});
after(() => rmSync(folder, { recursive: true }));

test('whoever computes a study, in parts or twice at once, its tables are the same bytes', async () => {
  const file = at('study.embedding-study.json');
  const wanted = calm.hashes;
  assert.equal(Object.keys(wanted).length, 5 * SHARDS);
  await Promise.all(['one', 'other'].map(() => ran(file, '--output-dir', at('twice'))));
  assert.deepEqual(hashes(at('twice')), wanted);
  await ran(file, '--output-dir', at('parts'), '--part', '1/2');
  const missing = await run('join', at('parts'));
  assert.equal(missing.code, 6);
  assert.match(missing.err, /12 of 20 members are missing: 0–3, 8–11, 16–19\./);
  await ran(file, '--output-dir', at('parts'), '--part', '0/2');
  assert.deepEqual(hashes(at('parts')), wanted);
  assert.match(await ran('join', at('parts')), /All 20 members are there\./);
  assert.equal(readFileSync(at('parts', 'members.csv'), 'utf8').trim().split('\r\n').length, 21);
  const report = readFileSync(at('parts', 'report.svg'), 'utf8');
  for (const words of ['4 maps of', 'By layer', '5 maps of', 'By seed']) assert.ok(report.includes(words), words);
  assert.deepEqual([...readFileSync(at('parts', 'report.png')).subarray(1, 4)], [...Buffer.from('PNG')]);
  const status = JSON.parse(await ran('status', at('parts'), '--json')) as { done: number; parts: { state: string }[] };
  assert.deepEqual([status.done, status.parts.map(({ state }) => state)], [20, ['finished', 'finished']]);
});

test('boundaries: exact at the last layer, where the nearest is no farther than any along an axis', async () => {
  const keep = { boundaries: true, cells: false, regions: false };
  const file = write('near.embedding-study.json', { ...STUDY, keep, vary: ['layer=1,2', 'seed=1-2'] });
  await ran(file, '--output-dir', at('near'));
  const rows = await table(at('near', 'boundaries', 'shard=000000', 'boundaries.parquet'));
  const of = (member: number, kind: string) =>
    rows.filter((row) => row.member === member && row.kind === kind).map((row) => Number(row.relative ?? Infinity));
  for (const member of [2, 3]) {
    const [nearest = NaN, ...farther] = of(member, 'nearest');
    assert.deepEqual([farther.length, of(member, 'axis').length], [4, 4]);
    for (const other of [...farther, ...of(member, 'axis')]) assert.ok(other >= nearest * (1 - 1e-6));
  }
  // Below the last layer nothing is exact, and one state is the same whatever its axes.
  assert.deepEqual([of(0, 'nearest').length, of(0, 'axis').length], [0, 4]);
  assert.deepEqual(new Set(rows.map(({ member, exact }) => Number(member) < 2 !== exact)), new Set([true]));
  assert.deepEqual(of(2, 'nearest'), of(3, 'nearest'));
});

test('each member is the map that it would be alone', async () => {
  const [, seventh] = await table(at(DONE, 'members', 'shard=000001', 'members.parquet')).then((rows) => rows.slice(2));
  assert.ok(seventh);
  assert.deepEqual([seventh.name, seventh.layer, seventh.seed], ['layer=0, seed=3', '0', 3]);
  writeFileSync(at('seventh.json'), JSON.stringify(seventh.specification));
  const flags = ['--specification', at('seventh.json'), '--model', MODEL, '--formats', 'json'];
  const { code, err } = await startTree([CLI, ...flags, '--output-dir', at('map')]).ended;
  assert.equal(code, 0, err);
  const map = await readMap(at('map', 'embedding_grid_results_layer_0.json'));
  const cells = (await table(at(DONE, 'cells', 'shard=000001', 'cells.parquet'))).filter(
    ({ member }) => member === seventh.member,
  );
  assert.deepEqual(
    cells.flatMap(({ ids }) => ids),
    [...map.cells.ids],
  );
  assert.deepEqual(
    cells.flatMap(({ probabilities }) => probabilities),
    [...map.cells.probabilities],
  );
  // From the tables alone it is the same map, but for what it cost and what tables do not keep.
  const { survey, runtime: _here, display: _display, ...kept } = map;
  assert.ok(survey);
  const { runtime, ...opened } = await readMember(await StudyResults.open(at(DONE)), Number(seventh.member));
  assert.deepEqual(opened, kept);
  assert.equal(runtime.way, map.runtime.way);
});

test('tables that are damaged, or a stranger’s, are faults', async () => {
  cpSync(at(DONE), at('hostile'), { recursive: true });
  const file = at('hostile', 'cells', 'shard=000000', 'cells.parquet');
  const whole = readFileSync(file);
  const read = async () => readMember(await StudyResults.open(at('hostile')), 1);
  const isFault = (thrown: unknown): boolean => thrown instanceof Fault && thrown.code === 'file';
  const random = randomNumbers(11);
  let faults = 0;
  for (let trial = 0; trial < 30; trial++) {
    const bytes = Buffer.from(whole);
    for (let i = 0; i < 8; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    writeFileSync(file, trial % 6 === 0 ? bytes.subarray(0, random() * bytes.length) : bytes);
    await read().then(
      () => undefined, // what was changed is a number like any other
      (thrown: unknown) => {
        faults++;
        assert.ok(isFault(thrown), String(thrown));
      },
    );
  }
  assert.ok(faults > 5);
  writeFileSync(file, readFileSync(at('hostile', 'members', 'shard=000000', 'members.parquet')));
  await assert.rejects(read, isFault);
});

test('a shared plane is that of the base for every member', async () => {
  const shared = { ...STUDY, base: { ...STUDY.base, layer: 1 }, vary: ['layer=0-2'], plane: 'shared' };
  await ran(write('shared.embedding-study.json', shared), '--output-dir', at('shared'));
  const rows = await table(at('shared', 'members', 'shard=000000', 'members.parquet'));
  const planes = rows.map(({ specification }) => JSON.stringify(Reflect.get(Object(specification) as object, 'plane')));
  assert.equal(planes.length, 3);
  assert.equal(new Set(planes).size, 1);
  assert.match(planes[0] ?? '', /"kind":"vector"/);
});

test('a member that fails is a row that says why, and not the end', async () => {
  const file = write('faults.embedding-study.json', { ...STUDY, shard: 2, vary: ['layer=1,99', 'spacing=0.5,-1'] });
  assert.match(await ran(file, '--output-dir', at('faults')), /4 members are there, 3 of them as a fault/);
  const shards = ['shard=000000', 'shard=000001'];
  const rows = await Promise.all(shards.map((shard) => table(at('faults', 'members', shard, 'members.parquet'))));
  assert.deepEqual(
    rows.flat().map(({ fault }) => fault),
    [null, 'bad-parameter', 'bad-parameter', 'bad-parameter'],
  );
  const joined = await ran('join', at('faults'));
  assert.match(joined, /Member 2 \(layer=99, spacing=0\.5\) failed: Layer 99 does not exist/);
  assert.match(joined, /All 4 members are there, 3 as a fault/);
});

test('a member that is not there as a map says why', async () => {
  // Of the studies above.
  cpSync(at('faults'), at('some'), { recursive: true });
  rmSync(at('some', 'members', 'shard=000000'), { recursive: true });
  const wanted: readonly [string, number, RegExp][] = [
    ['near', 0, /keeps no cells/],
    ['some', 0, /Member 0 \(layer=1, spacing=0\.5\) is not there yet/],
    ['some', 2, /Member 2 \(layer=99, spacing=0\.5\) failed: .*Layer 99/],
    ['some', 4, /no member 4/],
  ];
  for (const [name, number, message] of wanted)
    await assert.rejects(
      async () => readMember(await StudyResults.open(at(name)), number),
      (thrown) => thrown instanceof Fault && thrown.code === 'file' && message.test(thrown.message),
    );
});

test('results of another study are not written over', async () => {
  const before = hashes(at(DONE));
  const second = write('second.embedding-study.json', { ...STUDY, vary: ['seed=2'] });
  const { code, err } = await run(second, '--output-dir', at(DONE));
  assert.equal(code, 6);
  assert.match(err, /another study/);
  assert.deepEqual(hashes(at(DONE)), before);
});

test('a mistake is said before anything is computed', async () => {
  const outside = { ...STUDY, vary: [{ path: 'seed', file: '../elsewhere.txt' }] };
  const wrong: readonly [readonly string[], RegExp][] = [
    [[at('none.json')], /none\.json/],
    [[write('outside.json', outside)], /not beside it/],
    [[write('no.json', { format: 'x' })], /format is not/],
    [[write('good.json', STUDY), '--part', '3/3'], /no part/],
    [[write('good.json', STUDY), '--array', '3'], /goes with --submit/],
    [[write('good.json', STUDY), '--time=1:00'], /no flag --time/],
    [['status', folder], /holds no results/],
    [[], /takes one study file/],
  ];
  for (const [args, message] of wrong) {
    const { code, err } = await run(...args);
    assert.equal(code, 2, err);
    assert.match(err, message);
  }
  assert.ok(!existsSync(at('none_results')) && !existsSync(at('good_results')));
});

test('a dry run writes nothing', async () => {
  const out = await ran(write('dry.embedding-study.json', STUDY), '--dry-run');
  assert.match(out, /20 members in 5 shards/);
  assert.ok(!existsSync(at('dry_results')));
});

test('what is submitted is said before: scripts that any shell reads, and a job of as many parts', async () => {
  const file = write("it's a study.json", STUDY);
  const out = await ran(file, '--submit', 'print', '--array', '3', '--time', '1:00:00', '--gres=gpu:1');
  assert.match(out, /#SBATCH --array=0-2\n/);
  assert.match(out, /#SBATCH --time=1:00:00\n#SBATCH --gres=gpu:1\n/);
  assert.match(out, /it'\\''s a study\.json/);
  const manifest = JSON.parse(out.slice(out.indexOf('\n{'))) as {
    spec: { completions: number; completionMode: string };
  };
  assert.deepEqual([manifest.spec.completions, manifest.spec.completionMode], [3, 'Indexed']);
});

if (process.platform === 'linux')
  test('killed at random moments and run again, the tables are those of an undisturbed run', async () => {
    const found = await killedStudy(STUDY, { kills: 3, seed: 7, calm });
    assert.deepEqual([found.kills, found.files, found.different, found.unfinished], [3, 5 * SHARDS, 0, 0]);
  });
