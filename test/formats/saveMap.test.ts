import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { fromJson } from '../../src/formats/fromJson.js';
import { FORMATS } from '../../src/formats/names.js';
import { diskFolder, type OutputFolder } from '../../src/formats/outputFolder.js';
import { saveMap, type SaveOptions } from '../../src/formats/saveMap.js';
import { Fault } from '../../src/map/fault.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { makeAssets, temporaryFolder } from './assets.js';

let assets = '';
before(async () => {
  assets = await makeAssets({ pictureProcess: true });
});

const map = (seed = 1, layer = 29): TokenMap =>
  syntheticMap({
    columns: 4,
    rows: 4,
    topK: 2,
    vocabulary: 6,
    specification: { layer, plane: { ...DEFAULT_PARAMETERS.plane, axes: { method: 'random_projection', seed } } },
  });
const save = (one: TokenMap, directory: string | OutputFolder, more: Partial<SaveOptions> = {}) =>
  saveMap(one, { formats: ['svg', 'json'], directory, assets, ...more });

/** Runs and hands back the fault that it must end with. */
async function faultOf(running: Promise<unknown>): Promise<Fault> {
  const error: unknown = await running.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Fault, String(error));
  return error;
}

test('all formats at once, in a folder that is made for them', async () => {
  const directory = join(temporaryFolder(), 'a', 'b');
  const saved = await save(map(), directory, { formats: FORMATS });
  assert.equal(saved.number, undefined);
  assert.deepEqual(saved.files.map((file) => basename(file)).sort(), readdirSync(directory).sort());
  assert.equal(saved.files.length, 5);
  const read = (end: string): Buffer => readFileSync(saved.files.find((file) => file.endsWith(end)) ?? '');
  assert.deepEqual(fromJson(read('.json')), map());
  assert.equal(read('.png').toString('latin1', 1, 4), 'PNG');
  assert.match(read('.svg').toString(), /^<\?xml[^]*<\/svg>\n$/);
  assert.equal(read('.npz').toString('latin1', 0, 2), 'PK');
});

test('the same map again takes its own names; another map gets a number for all of its files', async () => {
  const directory = temporaryFolder();
  await save(map(1), directory);
  assert.equal((await save(map(1), directory)).number, undefined);
  assert.equal(readdirSync(directory).length, 2);

  const second = await save(map(2), directory, { formats: ['svg', 'json', 'csv'] });
  assert.equal(second.number, 2);
  assert.deepEqual(
    second.files.map((file) => basename(file)),
    [
      'embedding_grid_layer_29_size_4_method_random_projection_2.svg',
      'embedding_grid_results_layer_29_2.json',
      'embedding_grid_results_layer_29_2.csv',
    ],
  );
  assert.equal((await save(map(3), directory)).number, 3);
  assert.equal((await save(map(2), directory)).number, 2, 'a map finds its number again');
  assert.equal((await save(map(1, 5), directory)).number, undefined, 'another layer has other names');
  const kept = JSON.parse(readFileSync(join(directory, 'embedding_grid_results_layer_29.json'), 'utf8')) as object;
  assert.deepEqual(fromJson(JSON.stringify(kept)), map(1));
});

test('only what is asked for is written, but a name that any file of the set has is not shared', async () => {
  const directory = temporaryFolder();
  await save(map(1), directory, { formats: ['json'] });
  const pictures = await save(map(2), directory, { formats: ['svg'] });
  assert.equal(pictures.number, 2, 'a picture does not stand beside the JSON of another map');
  assert.equal((await save(map(1), directory, { formats: ['svg'] })).number, undefined);
});

test('pictures without a JSON, damaged files and more complete maps are not replaced', async () => {
  const directory = temporaryFolder();
  writeFileSync(join(directory, 'embedding_grid_layer_29_size_4_method_random_projection.png'), 'mine');
  assert.equal((await save(map(), directory)).number, 2);
  writeFileSync(join(directory, 'embedding_grid_results_layer_29_2.json'), '{');
  assert.equal((await save(map(), directory)).number, 3);
  const cancelled = map();
  cancelled.cells.computed[3] = 0;
  assert.equal((await save(cancelled, directory)).number, 4, 'an unfinished map does not replace the whole one');
  assert.equal((await save(map(), directory)).number, 3);
});

test('overwrite replaces whatever has the names', async () => {
  const directory = temporaryFolder();
  await save(map(1), directory);
  const saved = await save(map(2), directory, { overwrite: true });
  assert.equal(saved.number, undefined);
  assert.equal(readdirSync(directory).length, 2);
  assert.deepEqual(fromJson(readFileSync(join(directory, 'embedding_grid_results_layer_29.json'))), map(2));
});

test('a folder that is a file, or lies below one, is refused', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, 'mine');
  for (const directory of [file, join(file, 'below')]) {
    const fault = await faultOf(save(map(), directory));
    assert.equal(fault.code, 'output');
    assert.match(fault.message, /is not a folder: nothing was saved\.$/);
  }
  assert.equal(readFileSync(file, 'utf8'), 'mine');
});

// Elsewhere than on Linux there is no folder that an administrator cannot write.
if (process.platform === 'linux') {
  test('a folder where nothing can be written, even by root, is refused', async () => {
    const fault = await faultOf(save(map(), '/proc'));
    assert.equal(fault.code, 'output');
    assert.match(fault.message, /nothing was saved\.$/);
  });
}

test('a file whose name a folder has: said, and nothing is left behind', async () => {
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'embedding_grid_results_layer_29.json', 'inside'), { recursive: true });
  const fault = await faultOf(save(map(), directory, { overwrite: true, formats: ['json'] }));
  assert.equal(fault.code, 'output');
  assert.deepEqual(readdirSync(directory), ['embedding_grid_results_layer_29.json']);
});

/** A folder on disk in which one step fails. */
const failing = (directory: string, step: 'write' | 'rename' | 'read', code: string, after = 0): OutputFolder => {
  const folder = diskFolder(directory);
  let calls = 0;
  const fail = async <T>(act: () => Promise<T>): Promise<T> => {
    if (calls++ >= after) throw Object.assign(new Error(`${code}: made to fail`), { code });
    return act();
  };
  return {
    ...folder,
    ...(step === 'write' && {
      write: async (file, bytes) => {
        // What a full disk does: half of the file stands there.
        if (calls >= after) writeFileSync(join(directory, file), bytes.subarray(0, bytes.length / 2));
        await fail(() => folder.write(file, bytes));
      },
    }),
    ...(step === 'rename' && { rename: (from, to) => fail(() => folder.rename(from, to)) }),
    ...(step === 'read' && { read: (file) => fail(() => folder.read(file)) }),
  };
};

test('a disk that is full at the first, second or third file leaves the folder as it was', async () => {
  const directory = temporaryFolder();
  await save(map(1), directory);
  const earlier = readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), 'utf8')]);
  for (const after of [0, 1, 2]) {
    const folder = failing(directory, 'write', 'ENOSPC', after);
    const fault = await faultOf(save(map(2), folder, { formats: ['svg', 'json', 'csv'], overwrite: true }));
    assert.equal(fault.code, 'output');
    assert.match(fault.message, /disk .* is full: nothing was saved\.$/);
    assert.deepEqual(
      readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), 'utf8')]),
      earlier,
    );
  }
});

test('other errors of the system, and of VS Code, are said in words', async () => {
  const cases = [
    ['write', 'EACCES', /may not be written/],
    ['write', 'NoPermissions (FileSystemError)', /may not be written/],
    ['rename', 'EROFS', /read-only/],
    ['write', 'EIO', /cannot be written/],
  ] as const;
  for (const [step, code, message] of cases) {
    const directory = temporaryFolder();
    const fault = await faultOf(save(map(), failing(directory, step, code), { formats: ['json'] }));
    assert.equal(fault.code, 'output');
    assert.match(fault.message, message);
    assert.deepEqual(readdirSync(directory), []);
  }
});

test('an aborted save leaves nothing', async () => {
  const directory = temporaryFolder();
  const abort = new AbortController();
  const folder = diskFolder(directory);
  const abortsAtSecond: OutputFolder = {
    ...folder,
    write: async (file, bytes) => {
      await folder.write(file, bytes);
      abort.abort();
    },
  };
  const fault = await faultOf(save(map(), abortsAtSecond, { signal: abort.signal }));
  assert.equal(fault.code, 'cancelled');
  assert.deepEqual(readdirSync(directory), []);
  assert.equal((await faultOf(save(map(), join(directory, 'x'), { signal: abort.signal }))).code, 'cancelled');
  assert.ok(!existsSync(join(directory, 'x')));
});

test('missing assets are said, and nothing is written', async () => {
  const directory = temporaryFolder();
  const fault = await faultOf(save(map(), directory, { assets: join(directory, 'none'), formats: ['json', 'svg'] }));
  assert.equal(fault.code, 'internal');
  assert.deepEqual(readdirSync(directory), []);
});
