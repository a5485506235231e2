import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Entry, strangersIn } from '../../src/formats/comparison/seriesEntries.js';
import { readSetFile } from '../../src/formats/comparison/setFiles.js';
import { diskFolder } from '../../src/formats/outputFolder.js';
import { readMap } from '../../src/formats/readMap.js';
import { encodeSet, type SavedSet, saveSet } from '../../src/host/savedSets.js';
import { lensCells, type LensTable } from '../../src/map/lens/lensTable.js';
import { DEFAULT_PARAMETERS, type Layer, type MapParameters, parametersOf } from '../../src/map/specification.js';
import type { Token } from '../../src/map/token.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { syntheticLens } from '../map/syntheticLens.js';
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
  // All that is in its folder is its own, until somebody puts something there.
  const place = path.dirname(json);
  const { maps: named } = readSetFile('x', await readFile(json, 'utf8'));
  const kindOf = (one: { isFile(): boolean; isDirectory(): boolean }): Entry['kind'] =>
    one.isFile() ? 'file' : one.isDirectory() ? 'folder' : 'other';
  const strangers = (): Promise<readonly string[]> =>
    strangersIn(named, async (...folders) =>
      (await readdir(path.join(place, ...folders), { withFileTypes: true })).map((one) => ({
        name: one.name,
        kind: kindOf(one),
      })),
    );
  assert.deepEqual(await strangers(), []);
  const [first = ''] = named.map((one) => path.dirname(one));
  await writeFile(path.join(place, '.DS_Store'), '');
  await writeFile(path.join(place, `.embedding_grid_series.json.${'0'.repeat(8)}-1-x-${'0'.repeat(8)}.part`), '');
  assert.deepEqual(await strangers(), []);
  await writeFile(path.join(place, first, 'notes.txt'), 'mine');
  await mkdir(path.join(place, '2024_thesis'));
  await mkdir(path.join(place, 'embedding_grid_dataset'));
  await symlink(folder, path.join(place, 'embedding_grid_link'));
  const foreign = ['2024_thesis', 'embedding_grid_dataset', 'embedding_grid_link', `${first}/notes.txt`];
  assert.deepEqual((await strangers()).toSorted(), foreign.toSorted());
  for (const one of foreign) await rm(path.join(place, one), { recursive: true });
  // The same ones again are the same series.
  assert.equal(await saveSet({ kind: 'series', series, maps }, diskFolder(folder), folder, options), json);
  await assert.rejects(saveSet({ kind: 'series', series, maps }, diskFolder(folder), null, options), {
    code: 'output',
  });
});

test('a lens, and several beside each other, are had back from their JSON as they were', async (context) => {
  const folder = await temporary(context);
  const parameters = { ...DEFAULT_PARAMETERS, readout: 'lens', topK: 3 } as const;
  const model = { facts: { ...mapAt(1, 2).facts, blocks: 3 }, reference: mapAt(1, 2).specification.model };
  const lensOf = (readout: 'lens' | 'unembed', token: string | null): LensTable => {
    const question = token === null ? null : ({ kind: 'probability', token } as const);
    const asked: MapParameters = { ...parameters, readout, context: { kind: 'prompt', text: 'The old man' }, question };
    const table = syntheticLens({ parameters: asked, batchSize: 1 }, model);
    // What arithmetic cannot hold, and tokens that are no text.
    table.entropy[4] = NaN;
    const said = table.tokens.filter(({ id }) => table.ids.includes(id));
    const tokens = said.map((one): Token => (one.id % 2 ? one : { ...one, kind: 'special' }));
    return { ...table, tokens };
  };
  const told = (table: LensTable): unknown => {
    const at = lensCells(table);
    const cells = table.layers.flatMap((_, row) => table.positions.map((__, column) => at(row, column)));
    const { parameters: read, ...rest } = table;
    const { readout, context: prompt, topK } = read;
    return { ...rest, readout, prompt, topK, cells, ids: 0, probabilities: 0, tokens: 0, named: table.named?.token };
  };
  for (const tables of [[lensOf('lens', null)], [lensOf('lens', ' sea'), lensOf('unembed', ' sea')]]) {
    const json = await saveSet({ kind: 'lens', tables }, diskFolder(folder), folder, options);
    const set = readSetFile('x', await readFile(json, 'utf8'));
    assert.deepEqual([set.kind, set.maps], ['lens', []]);
    assert.match(set.title, /“The old man”$/);
    assert.deepEqual(set.lenses?.map(told), tables.map(told));
    // Saved again it is the same file.
    const again = await saveSet({ kind: 'lens', tables: set.lenses ?? [] }, diskFolder(folder), folder, options);
    assert.notEqual(again, json);
    assert.deepEqual(await readFile(again), await readFile(json));
  }
  const [first] = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const whole = JSON.parse(await readFile(path.join(folder, first ?? ''), 'utf8')) as Record<string, unknown>;
  for (const [change, why] of [
    [{ layers: [0, 1] }, /cells, not 2 × 3/],
    [{ layers: [-1, 0, 1, 9] }, /layers/],
    [{ cells: [{ entropy: 1, top: [[0, 'a', 'b']] }] }, /cells/],
    [{ parameters: { ...(whole.parameters as object), context: { kind: 'none' } } }, /no prompt/],
    [{ parameters: { ...(whole.parameters as object), topK: 1e9 } }, /top-k/i],
  ] as const)
    assert.throws(() => readSetFile('l.json', JSON.stringify({ ...whole, ...change })), { code: 'file', message: why });
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
