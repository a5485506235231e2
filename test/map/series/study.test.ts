import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Fault } from '../../../src/map/fault.js';
import { memberCount, members } from '../../../src/map/series/series.js';
import { filesOf, parseStudy, shardAt, shardCount, studyData } from '../../../src/map/series/study.js';
import { DEFAULT_PARAMETERS } from '../../../src/map/specification.js';

const STUDY = {
  format: 'embedding-study',
  version: 1,
  base: { grid: { columns: 12, rows: 12 }, plane: { center: { kind: 'prompt', text: 'x' } }, topK: 5 },
  vary: ['layer=0-3', { path: 'prompt', file: 'prompts.txt' }, { path: 'seed', values: [1, 2, 3] }],
  shard: 7,
};
const TEXTS = new Map([['prompts.txt', ['The capital of France is', 'Once upon a time']]]);

test('a study gives the members of its axes, files of texts among them', () => {
  assert.deepEqual(filesOf(STUDY), ['prompts.txt']);
  const study = parseStudy(STUDY, TEXTS);
  const all = [...members(study)];
  assert.equal(all.length, 24);
  assert.deepEqual(
    all.map(({ parameters: { layer, plane, grid, topK } }) => [layer, plane, grid, topK]),
    [0, 1, 2, 3].flatMap((layer) =>
      (TEXTS.get('prompts.txt') ?? []).flatMap((text) =>
        [1, 2, 3].map((seed) => [
          layer,
          {
            ...DEFAULT_PARAMETERS.plane,
            center: { kind: 'prompt', text },
            axes: { method: 'random_projection', seed },
          },
          { ...DEFAULT_PARAMETERS.grid, columns: 12, rows: 12 },
          5,
        ]),
      ),
    ),
  );
});

test('shards hold every member once, in its order', () => {
  const study = parseStudy(STUDY, TEXTS);
  const shards = Array.from({ length: shardCount(study) }, (_, i) => shardAt(study, i));
  assert.deepEqual(
    shards.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i)),
    Array.from({ length: memberCount(study) }, (_, i) => i),
  );
  assert.ok(shards.every(({ first, end }) => end - first <= 7));
});

test('property: a study is read back from its data, which needs no other file', () => {
  const study = parseStudy(STUDY, TEXTS);
  const data: unknown = JSON.parse(JSON.stringify(studyData(study)));
  assert.deepEqual(filesOf(data), []);
  assert.deepEqual(parseStudy(data, new Map()), study);
});

test('what an editor completes in a study is what a study may have', () => {
  const file = path.resolve(import.meta.dirname, '..', '..', '..', 'media', 'schemas', 'study.schema.json');
  const { properties } = JSON.parse(readFileSync(file, 'utf8')) as {
    properties: Record<string, { properties?: Record<string, unknown> }>;
  };
  const named = (schema: { properties?: Record<string, unknown> } | undefined): string[] =>
    Object.keys(schema?.properties ?? {});
  const whole = { ...studyData(parseStudy(STUDY, TEXTS)), model: 'm' };
  assert.deepEqual(Object.keys(properties).sort(), Object.keys(whole).sort());
  const all = { ...STUDY, keep: { boundaries: true } };
  assert.deepEqual(named(properties.keep), Object.keys(parseStudy(all, TEXTS).keep));
  assert.deepEqual(
    named(properties.base).filter((name) => !Object.hasOwn(DEFAULT_PARAMETERS, name)),
    [],
  );
});

test('what is no study is said in a sentence', () => {
  const wrong: readonly [object, RegExp][] = [
    [{ format: 'embedding-map' }, /format/],
    [{ version: 2 }, /another release/],
    [{ vary: 'layer=1' }, /list of axes/],
    [{ vary: [3] }, /an axis is/],
    [{ vary: [{ path: 'layer', values: [] }] }, /an axis is|at least one/],
    [{ vary: [{ path: 'prompt', file: 'none.txt' }] }, /none\.txt has no text/],
    [{ vary: ['layer=0-9999', 'seed=0-9999'] }, /at most 10000000/],
    [{ base: { grdi: {} } }, /"grdi"/],
    [{ base: { layer: -3 } }, /[Ll]ayer/],
    [{ base: { grid: 3 } }, /[Gg]rid/],
    [{ plane: 'both' }, /shared or own/],
    [{ shard: 0 }, /at least one member/],
    [{ jobs: 3 }, /do not have/],
    [{ keep: { all: true } }, /keep|all/],
  ];
  for (const [change, message] of wrong)
    assert.throws(
      () => parseStudy({ ...STUDY, ...change }, TEXTS),
      (thrown) => thrown instanceof Fault && thrown.code === 'bad-parameter' && message.test(thrown.message),
      JSON.stringify(change),
    );
  for (const data of [null, 3, [], 'study', {}]) assert.throws(() => parseStudy(data, TEXTS), Fault);
});
