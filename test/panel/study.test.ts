import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openModel } from '../../src/host/openModel.js';
import { tablesOf } from '../../src/host/study/tables.js';
import { Fault } from '../../src/map/fault.js';
import { OpenStudy, type StudyDependencies } from '../../src/panel/study/openStudy.js';
import { StudyPageController } from '../../src/panel/study/studyPage.js';
import type { StudyHostMessage, StudyState } from '../../src/protocol/studyPage.js';

const MODEL = path.resolve(import.meta.dirname, '..', 'fixtures', 'models', 'optimum-past-llama_tied');
const STUDY = {
  format: 'embedding-study',
  version: 1,
  model: MODEL,
  base: { grid: { columns: 4, rows: 4 }, topK: 3 },
  vary: ['layer=0-2', 'seed=1-4'],
  shard: 3,
};
const text = (change: object = {}): string => JSON.stringify({ ...STUDY, ...change });

let folder = '';
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-open-study-'));
});
after(() => rmSync(folder, { recursive: true }));

interface Opened {
  readonly study: OpenStudy;
  readonly states: StudyState[];
  readonly logged: string[];
}

function opened(name: string, deps: Partial<StudyDependencies> = {}): Opened {
  const [states, logged]: [StudyState[], string[]] = [[], []];
  const study = new OpenStudy(path.join(folder, `${name}.embedding-study.json`), {
    open: (model, signal) => openModel(model ?? MODEL, { device: 'cpu', signal }),
    files: {
      tables: (...given) => Promise.resolve(tablesOf(...given)),
      join: () => Promise.resolve({ missing: [], failed: [], files: [] }),
    },
    requireReach: () => Promise.resolve(),
    shownFolder: (given) => path.basename(given),
    batchSize: 64,
    version: 'a test',
    log: (_, line) => logged.push(line),
    ...deps,
  });
  study.onDidChange(() => states.push(study.state));
  return { study, states, logged };
}

test('a study is read, measured, cancelled in the middle and resumed', async () => {
  const { study, states } = opened('whole');
  await study.read(text());
  assert.deepEqual([study.state.plan?.members, study.state.there, study.state.fault], [12, null, null]);
  await study.measure();
  const { cost } = study.state;
  assert.ok(cost.status === 'known' && cost.bytes > 1000 && cost.files === 20 && cost.secondsEach > 0);
  study.onDidChange(() => {
    const { run } = study.state;
    if (run.status === 'running' && run.done === 7 && !run.stopping) study.cancel();
  });
  await study.start();
  assert.deepEqual([study.state.run, study.state.fault], [{ status: 'idle' }, null]);
  assert.equal(study.state.there, 6, 'the third shard had one of its members');
  const again = opened('whole');
  await again.study.read(text());
  await Promise.all([again.study.start(), again.study.start()]);
  assert.equal(again.study.state.there, 12);
  const seen = again.states.flatMap(({ run }) => (run.status === 'running' ? [run.done] : []));
  assert.ok(Math.max(...seen) === 12 && seen.every((done, i) => i === 0 || done >= (seen[i - 1] ?? 0)));
  assert.ok(states.some(({ run }) => run.status === 'running' && run.stopping));
});

test('what was changed is not taken for what is there', async () => {
  const { study, logged } = opened('changed');
  await study.read(text({ vary: ['seed=1,2'] }));
  await study.start();
  assert.equal(study.state.there, 2);
  await study.read(text({ vary: ['seed=1-3'] }));
  assert.deepEqual([study.state.changed, study.state.there], [true, null]);
  await study.start();
  assert.match(study.state.fault?.message ?? '', /another study/);
  assert.equal(logged.filter((line) => line.includes('another study')).length, 1);
  await study.read('{"format": "embedding-study"');
  assert.deepEqual([study.state.plan, study.state.fault?.code], [null, 'file']);
  await study.read(text({ vary: ['seed=1,2'] }));
  assert.deepEqual([study.state.changed, study.state.there, study.state.fault], [false, 2, null]);
});

test('a model that does not open, and a folder that may not be written, are said', async () => {
  const nowhere = opened('nowhere', {
    requireReach: () => Promise.reject(new Fault({ code: 'output', message: 'No.' })),
  });
  await nowhere.study.read(text());
  await nowhere.study.start();
  assert.deepEqual([nowhere.study.state.fault?.message, nowhere.study.state.there], ['No.', null]);
  const missing = opened('missing');
  await missing.study.read(text({ model: 'no/such/model' }));
  await missing.study.measure();
  assert.ok(missing.study.state.fault?.code.startsWith('model'));
  assert.deepEqual(missing.study.state.cost, { status: 'unknown' });
});

test('a page asks for what its buttons say, and for nothing else', async () => {
  const { study } = opened('page');
  await study.read(text());
  const [posted, done]: [StudyHostMessage[], string[]] = [[], []];
  const act = (name: string) => (): void => void done.push(name);
  const page = new StudyPageController(study, {
    save: () => Promise.resolve(),
    openText: act('text'),
    showMembers: act('members'),
    showResults: act('results'),
    showLog: act('log'),
    log: (level) => done.push(level),
  });
  page.connect((message) => posted.push(message));
  for (const message of [{ type: 'openText' }, { type: 'showMembers' }, { type: 'constructor' }, null, 'run', {}])
    page.receive(message);
  assert.deepEqual(done, ['text', 'members', 'warn', 'warn', 'warn', 'warn']);
  const state = new Promise<void>((resolve) => study.onDidChange(resolve));
  page.receive({ type: 'ready' });
  await state;
  assert.equal(posted[0]?.type, 'state');
  page.dispose();
  await study.look();
  assert.equal(posted.filter(({ type }) => type === 'state').length, 1);
});
