import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import {
  create2dGrid,
  createEmbeddingGridMap,
  embed2dCoordinates,
  fromJson,
  readMap,
  inspectModel,
  predictTokensForGrid,
} from '../src/index.js';

process.env.EMBEDDING_GRID_ENGINE = path.join(import.meta.dirname, 'cli', 'fakeEngine.mjs');

let folder = '';
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-library-'));
});
after(() => rmSync(folder, { recursive: true }));

function model(word: string): string {
  mkdirSync(path.join(folder, word), { recursive: true });
  writeFileSync(path.join(folder, word, 'model.onnx'), word);
  return path.join(folder, word);
}

test('create2dGrid: coordinates of all cells, row by row from the smallest y', () => {
  const grid = create2dGrid([3, 2], 2, [10, 0]);
  assert.deepEqual([...grid.x], [8, 10, 12, 8, 10, 12]);
  assert.deepEqual([...grid.y], [-1, -1, -1, 1, 1, 1]);
  const { columns, rows, spacing } = create2dGrid();
  assert.deepEqual([columns, rows, spacing], [50, 50, 0.5]);
  assert.throws(() => create2dGrid(0), { code: 'bad-parameter' });
  assert.throws(() => create2dGrid(3, NaN), { code: 'bad-parameter' });
});

test('embed2dCoordinates: a vector per cell', () => {
  const vectors = embed2dCoordinates(create2dGrid([2, 1], 2), 4, { method: 'replicated' });
  assert.deepEqual([...vectors], [-1, 0, -1, 0, 1, 0, 1, 0]);
  assert.equal(embed2dCoordinates(create2dGrid(3), 5).length, 45);
});

test('predictTokensForGrid: a map, with progress; it can be stopped', async () => {
  const seen: number[] = [];
  const options = { grid: create2dGrid([20, 10]), topK: 2, readout: 'lens' as const };
  const map = await predictTokensForGrid({
    ...options,
    model: model('m'),
    onProgress: (done, total) => seen.push(done / total),
  });
  assert.deepEqual(seen, [0.5, 1]);
  assert.equal(map.cells.ids.length, 400);
  assert.ok(map.cells.computed.every((one) => one === 1));
  assert.equal(map.specification.readout, 'lens');
  assert.equal(map.specification.layer, 1);

  const abort = new AbortController();
  const stopped = predictTokensForGrid({
    ...options,
    model: model('hang'),
    signal: abort.signal,
    onProgress: () => abort.abort(),
  });
  await assert.rejects(stopped, { code: 'cancelled' });
  await assert.rejects(predictTokensForGrid({ ...options, signal: abort.signal }), { code: 'cancelled' });
});

test('createEmbeddingGridMap: files that read back as the map; nothing where it fails', async () => {
  const outputDir = path.join(folder, 'out');
  const { map, files } = await createEmbeddingGridMap({
    model: model('m'),
    grid: { columns: 3, rows: 3 },
    plane: { axes: { method: 'direct', dimensions: [1, 0] } },
    formats: ['json'],
    outputDir,
  });
  assert.deepEqual(files, [path.join(outputDir, 'embedding_grid_results_layer_1.json')]);
  assert.deepEqual(fromJson(readFileSync(files[0] ?? '')).cells, map.cells);
  assert.deepEqual((await readMap(files[0] ?? '')).cells, map.cells);
  assert.deepEqual(readdirSync(outputDir), ['embedding_grid_results_layer_1.json']);

  const failing = createEmbeddingGridMap({ model: model('memory'), outputDir: path.join(folder, 'none', 'at', 'all') });
  await assert.rejects(failing, { code: 'memory' });
  assert.ok(!existsSync(path.join(folder, 'none')));
});

test('what a program gets wrong without types is said, not passed over', async () => {
  const bad = { code: 'bad-parameter' };
  const given = (options: object) => createEmbeddingGridMap({ model: model('m'), outputDir: folder, ...options });
  await assert.rejects(given({ layr: 0 }), { ...bad, message: 'There is no option layr.' });
  await assert.rejects(given({ grid: 20 }), { ...bad, message: 'The grid must be an object.' });
  await assert.rejects(given({ formats: ['gif'] }), { ...bad, message: 'There is no format "gif".' });
  await assert.rejects(given({ outputDir: '' }), { code: 'output', message: 'The output folder has no name.' });
  await assert.rejects(given({ model: '' }), { code: 'model-not-found', message: /is empty/ });
});

test('display: how files draw a map; it is checked, and a question colors', async () => {
  const options = { model: model('m'), grid: { columns: 3, rows: 3 }, topK: 2 } as const;
  const outputDir = path.join(folder, 'display');
  const { files } = await createEmbeddingGridMap({
    ...options,
    formats: ['json'],
    outputDir,
    display: { colorRange: 'auto', labels: false },
  });
  const { display } = fromJson(readFileSync(files[0] ?? ''));
  assert.deepEqual([display?.colorBy, display?.colorRange, display?.labels], ['probability', 'auto', false]);
  const asked = await predictTokensForGrid({ ...options, question: { kind: 'probability', token: 1 } });
  assert.equal(asked.display?.colorBy, 'question');
  const wrong = predictTokensForGrid({ ...options, display: { colorRange: [2, 1] } });
  await assert.rejects(wrong, { code: 'bad-parameter', message: /the smaller first/ });
});

test('inspectModel says what a model can do', async () => {
  const description = await inspectModel(model('m'));
  assert.equal(description.facts.blocks, 2);
  await assert.rejects(inspectModel(path.join(folder, 'nothing')), { code: 'model-not-found' });
});
