import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { unzipSync } from 'fflate';
import { fromJson } from '../src/formats/fromJson.js';
import { FORMATS } from '../src/formats/formats.js';
import { saveMap } from '../src/formats/saveMap.js';
import { margin, type TokenMap } from '../src/map/tokenMap.js';
import { makeAssets, temporaryFolder } from './formats/assets.js';

/** Maps that earlier releases saved open, export and are drawn again. Their files are what those releases wrote. */

const root = join(import.meta.dirname, '..');
const fixtures = join(import.meta.dirname, 'fixtures');
const saved = join(fixtures, 'saved-0.1.0');
const models = join(fixtures, 'models');
const MAPS = ['prompts', 'principal', 'direct', 'lens', 'adaptive', 'panel'] as const;
/** Those whose models stand in `models`. */
const HERE = ['direct', 'lens', 'adaptive', 'panel'] as const;

let assets = '';
before(() => {
  assets = makeAssets({ pictureProcess: true });
});

/** The one file of a folder that ends so. */
function fileOf(folder: string, end: string): string {
  const [name, ...more] = readdirSync(folder).filter((one) => one.endsWith(end));
  assert.ok(name !== undefined && more.length === 0, `one ${end} in ${folder}`);
  return join(folder, name);
}
const open = (name: string): TokenMap => fromJson(readFileSync(fileOf(join(saved, name), '.json')));

/** A CSV file by its columns; its fields hold no line breaks. */
function columnsOf(file: string): ReadonlyMap<string, readonly string[]> {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\r\n');
  const fields = (line: string): string[] =>
    [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, one = '']) => one);
  const rows = lines.map(fields);
  return new Map(header.split(',').map((name, i) => [name, rows.map((row) => row[i] ?? '')]));
}

function arraysOf(file: string): ReadonlyMap<string, Uint8Array> {
  return new Map(Object.entries(unzipSync(readFileSync(file))));
}

for (const name of MAPS) {
  test(`${name}: a map of 0.1.0 opens, and exports to every format with what 0.1.0 exported`, async () => {
    const map = open(name);
    assert.equal(map.display, undefined, 'drawn as by default');
    const directory = temporaryFolder();
    const { files } = await saveMap(map, { formats: FORMATS, directory, assets });
    assert.equal(files.length, FORMATS.length);
    assert.deepEqual(fromJson(readFileSync(fileOf(directory, '.json'))), map);

    // What 0.1.0 said of the same map in its other files, read without our reader: later releases may say more.
    const table = columnsOf(fileOf(directory, '.csv'));
    for (const [column, values] of columnsOf(fileOf(join(saved, name), '.csv')))
      assert.deepEqual(table.get(column), values, column);
    const arrays = arraysOf(fileOf(directory, '.npz'));
    for (const [array, bytes] of arraysOf(fileOf(join(saved, name), '.npz')))
      if (!['specification.npy', 'survey.npy'].includes(array)) assert.deepEqual(arrays.get(array), bytes, array);

    assert.equal(readFileSync(fileOf(directory, '.png')).toString('latin1', 1, 4), 'PNG');
    assert.match(readFileSync(fileOf(directory, '.svg'), 'utf8'), /^<\?xml[^]*<\/svg>\n$/);
  });
}

/** Draws a saved map again with the built command line, among the models. */
function drawAgain(name: string, ...flags: string[]): { map: TokenMap; out: string } {
  const directory = temporaryFolder();
  const file = fileOf(join(saved, name), '.json');
  const args = ['--specification', file, '--formats', 'json', '--output-dir', directory, ...flags];
  const out = execFileSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args], {
    cwd: models,
    encoding: 'utf8',
  });
  return { map: fromJson(readFileSync(fileOf(directory, '.json'))), out };
}

/** Probabilities nearer than this may change places between processors. */
const NEAR = 1e-3;

for (const name of HERE) {
  test(`${name}: drawn again, a map of 0.1.0 has the same specification and the same cells`, () => {
    const before = open(name);
    const { map } = drawAgain(name);
    assert.deepEqual(map.specification, before.specification);
    for (const [cell, done] of before.cells.computed.entries()) {
      assert.equal(map.cells.computed[cell], done);
      const at = cell * before.cells.topK;
      const apart = Math.abs((map.cells.probabilities[at] ?? NaN) - (before.cells.probabilities[at] ?? NaN));
      assert.ok(apart < NEAR, `cell ${cell}: probabilities ${apart} apart`);
      if (margin(before.cells, cell) > 2 * NEAR) assert.equal(map.cells.ids[at], before.cells.ids[at], `cell ${cell}`);
      if (before.cells.answers)
        assert.ok(Math.abs((map.cells.answers?.[cell] ?? NaN) - (before.cells.answers[cell] ?? NaN)) < NEAR);
    }
    assert.equal(map.cells.filled !== undefined, before.cells.filled !== undefined);
  });
}

test('a map whose model is gone is drawn again of another: the same plane, of that model', () => {
  const model = ['--model', 'optimum-past-llama_tied'];
  const prompts = drawAgain('prompts', ...model, '--layer-idx', '1', '--question', 'difference:#3,#4').map;
  const { layer, question, model: ours, ...rest } = prompts.specification;
  const { layer: _, question: __, model: theirs, ...before } = open('prompts').specification;
  assert.deepEqual(rest, before);
  assert.deepEqual([layer, question], [1, { kind: 'difference', first: 3, second: 4 }]);
  assert.notEqual(ours.sha256, theirs.sha256);
  assert.equal(
    drawAgain('principal', ...model, '--layer-idx', 'last', '--question', 'probability:#3').map.cells.rows,
    12,
  );
});
