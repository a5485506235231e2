import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { readSetFile } from '../../src/formats/comparison/setFiles.js';
import { diskFolder } from '../../src/formats/outputFolder.js';
import { readMap } from '../../src/formats/readMap.js';
import { encodeSet, type SavedSet, saveSet } from '../../src/host/savedSets.js';
import { type Layer, parametersOf } from '../../src/map/specification.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { makeAssets } from '../formats/assets.js';

const options = { assets: makeAssets({ pictureProcess: true }) };

async function temporary(context: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'embedding-grid-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function mapAt(layer: Layer, seed: number): TokenMap {
  const map = syntheticMap({ columns: 6, rows: 5, seed });
  return { ...map, specification: { ...map.specification, layer } };
}

const winnersOf = ({ cells }: TokenMap): number[] =>
  Array.from({ length: cells.columns * cells.rows }, (_, cell) => cells.ids[cell * cells.topK] ?? -1);

async function mapsOf(file: string): Promise<readonly TokenMap[]> {
  const { maps } = readSetFile(path.basename(file), await readFile(file, 'utf8'));
  return Promise.all(maps.map((one) => readMap(path.join(path.dirname(file), one))));
}

test('a comparison is saved with both of its maps, and names them', async (context) => {
  const folder = await temporary(context);
  const [a, b] = [mapAt(3, 1), mapAt(1, 2)];
  const set: SavedSet = { kind: 'comparison', a, b };
  const json = await saveSet(set, diskFolder(folder), folder, options);
  const again = await mapsOf(json);
  assert.deepEqual(again.map(winnersOf), [a, b].map(winnersOf));
  assert.deepEqual(readSetFile('x', await readFile(json, 'utf8')).title, 'layer 3 ↔ layer 1');
  // Saved again it lies beside itself, with the maps that are there already.
  const second = await saveSet(set, diskFolder(folder), folder, options);
  assert.notEqual(second, json);
  const names = await readdir(folder);
  assert.equal(names.filter((name) => name.startsWith('embedding_grid_results_')).length, 2);
  // Two maps of one name: the second has a number, and is the one that is named.
  const other = mapAt(3, 9);
  const b3: TokenMap = { ...other, specification: { ...other.specification, masked: [' x'] } };
  const same: SavedSet = { kind: 'comparison', a, b: b3 };
  const third = await mapsOf(await saveSet(same, diskFolder(folder), folder, options));
  assert.deepEqual(third.map(winnersOf), [same.a, same.b].map(winnersOf));
  assert.match(Buffer.from(await encodeSet(set, 'svg', options)).toString(), /<svg /);
});

test('the maps of all layers are saved as a series is, and named in their order', async (context) => {
  const folder = await temporary(context);
  const values: Layer[] = ['embeddings', 0, 1, 2];
  const maps = values.map((layer, i) => mapAt(layer, i));
  const base = parametersOf(mapAt(1, 2).specification);
  const series = { base, vary: [{ path: 'layer', values }], plane: 'own', model: 'some-model' } as const;
  const json = await saveSet({ kind: 'series', series, maps }, diskFolder(folder), folder, options);
  assert.equal(path.relative(folder, json), path.join('series_layer', 'embedding_grid_series.json'));
  const again = await mapsOf(json);
  assert.deepEqual(again.map(winnersOf), maps.map(winnersOf));
  assert.deepEqual(
    again.map(({ specification }) => specification.layer),
    values,
  );
  // The same ones again are the same series.
  assert.equal(await saveSet({ kind: 'series', series, maps }, diskFolder(folder), folder, options), json);
  await assert.rejects(saveSet({ kind: 'series', series, maps }, diskFolder(folder), null, options), {
    code: 'output',
  });
});

for (const [what, text, why] of [
  ['no JSON', '{', /no JSON/],
  ['another file', '{"format": "other"}', /neither/],
  [
    'an absolute path',
    JSON.stringify({ format: 'embedding-grid-series', axis: 'layer', lines: [{ files: ['/etc/passwd.json'] }] }),
    /neither/,
  ],
  [
    'an address',
    JSON.stringify({ format: 'embedding-grid-series', axis: 'layer', lines: [{ files: ['http://a/b.json'] }] }),
    /neither/,
  ],
  ['no files', JSON.stringify({ format: 'embedding-grid-series', axis: 'layer', lines: [{}] }), /where its maps lie/],
  ['another axis', JSON.stringify({ format: 'embedding-grid-series', axis: 'seed', lines: [{}] }), /all layers/],
] as const)
  test(`a set that cannot be opened says why: ${what}`, () => {
    assert.throws(() => readSetFile('some.json', text), { code: 'file', message: why });
  });
