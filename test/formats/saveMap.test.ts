import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { zipSync } from 'fflate';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { fromJson, readSpecification } from '../../src/formats/fromJson.js';
import { FORMATS } from '../../src/formats/formats.js';
import { temporaryNames } from '../../src/formats/temporaryNames.js';
import { diskFolder, type OutputFolder } from '../../src/formats/outputFolder.js';
import { newOwner } from '../../src/formats/owner.js';
import { PICTURE_PROCESS } from '../../src/formats/pictures.js';
import { readMap } from '../../src/formats/readMap.js';
import { saveMap, type SaveOptions } from '../../src/formats/saveMap.js';
import { toJson } from '../../src/formats/toJson.js';
import { Fault } from '../../src/map/fault.js';
import { emptyCells, type TokenMap } from '../../src/map/tokenMap.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { makeAssets, temporaryFolder } from './assets.js';

let assets = '';
before(() => {
  assets = makeAssets({ pictureProcess: true });
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
  assert.equal(saved.files.length, FORMATS.length);
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
const failing = (directory: string, step: 'write' | 'take' | 'read', code: string, after = 0): OutputFolder => {
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
    ...(step === 'take' && { take: (from, to) => fail(() => folder.take(from, to)) }),
    ...(step === 'read' && { read: (file) => fail(() => folder.read(file)) }),
  };
};

const contentOf = (directory: string): string[][] =>
  readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), 'latin1')]);

test('a disk that is full at the first, second or third file leaves the folder as it was', async () => {
  const directory = temporaryFolder();
  await save(map(1), directory);
  const earlier = contentOf(directory);
  for (const after of [0, 1, 2]) {
    const folder = failing(directory, 'write', 'ENOSPC', after);
    const fault = await faultOf(save(map(2), folder, { formats: ['json', 'csv', 'npz'], overwrite: true }));
    assert.equal(fault.code, 'output');
    assert.match(fault.message, /disk .* is full: nothing was saved\.$/);
    assert.deepEqual(contentOf(directory), earlier);
  }
});

test('a set that cannot take all of its names takes none, and what it was to replace stands as before', async () => {
  for (const after of [1, 2, 3]) {
    const directory = temporaryFolder();
    await save(map(1), directory, { formats: ['json', 'csv', 'npz'] });
    const earlier = contentOf(directory);
    const folder = failing(directory, 'take', 'EIO', after);
    let broken = false;
    const once: OutputFolder = {
      ...folder,
      // What fails once goes on failing, but what was there is given its name back.
      take: async (from, to) => {
        if (broken) return diskFolder(directory).take(from, to);
        return folder.take(from, to).catch((error: unknown) => {
          broken = true;
          throw error;
        });
      },
    };
    const fault = await faultOf(save(map(2), once, { formats: ['json', 'csv', 'npz'], overwrite: true }));
    assert.match(fault.message, /cannot be written .*: nothing was saved\.$/);
    assert.deepEqual(contentOf(directory), earlier);
  }
});

test('other errors of the system, and of VS Code, are said in words', async () => {
  const cases = [
    ['write', 'EACCES', /may not be written/],
    ['write', 'NoPermissions (FileSystemError)', /may not be written/],
    ['take', 'EROFS', /read-only/],
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

test('a picture that fails does not take the numbers with it: what is missing is said', async () => {
  const none = join(temporaryFolder(), 'none');
  const directory = temporaryFolder();
  const { files, missing } = await save(map(), directory, { assets: none, formats: ['png', 'svg', 'json'] });
  assert.deepEqual(
    files.map((file) => basename(file)),
    ['embedding_grid_results_layer_29.json'],
  );
  assert.deepEqual(
    missing.map(({ format, fault }) => [format, fault.code]),
    [
      ['png', 'internal'],
      ['svg', 'internal'],
    ],
  );
  assert.deepEqual(fromJson(readFileSync(files[0] ?? '')), map());
  assert.equal(readdirSync(directory).length, 1);

  const full = await save(map(2, 5), failing(directory, 'write', 'ENOSPC', 2));
  assert.match(full.missing[0]?.fault.message ?? '', /disk .* is full\.$/);
  assert.equal(readdirSync(directory).length, 2);

  const alone = await faultOf(save(map(), join(directory, 'x'), { assets: none, formats: ['png', 'svg'] }));
  assert.equal(alone.code, 'internal');
  assert.ok(!existsSync(join(directory, 'x')), 'no folder is made for nothing');
});

/** A folder of assets whose picture process dies `deaths` times before it draws. */
function dying(deaths: number): { assets: string; starts: () => number } {
  const folder = temporaryFolder();
  cpSync(assets, folder, { recursive: true });
  const log = join(folder, 'starts');
  writeFileSync(log, '');
  const real = join(folder, 'real.cjs');
  renameSync(join(folder, PICTURE_PROCESS), real);
  writeFileSync(
    join(folder, PICTURE_PROCESS),
    `const fs = require('fs'); fs.appendFileSync(${JSON.stringify(log)}, 'x');
    if (fs.readFileSync(${JSON.stringify(log)}, 'utf8').length <= ${deaths}) process.kill(process.pid, 'SIGKILL');
    else require(${JSON.stringify(real)});`,
  );
  return { assets: folder, starts: () => readFileSync(log, 'utf8').length };
}

test('a picture process that is killed is started once more; when that is killed too, the picture is missing', async () => {
  const once = dying(1);
  const drawn = await save(map(), temporaryFolder(), { assets: once.assets, formats: ['png', 'json'] });
  assert.deepEqual([drawn.files.length, drawn.missing, once.starts()], [2, [], 2]);
  const twice = dying(2);
  const { files, missing } = await save(map(), temporaryFolder(), { assets: twice.assets, formats: ['png', 'json'] });
  assert.deepEqual([files.length, missing.length, twice.starts()], [1, 1, 2]);
  assert.match(missing[0]?.fault.message ?? '', /SIGKILL/);
});

/** The seeds of all maps in a folder, by the files of each set; fails where the files of a set are of different maps. */
function seedsOf(directory: string): number[] {
  const sets = new Map<string, Set<number>>();
  for (const name of readdirSync(directory)) {
    const [, number = '1'] =
      /_(\d+)\.\w+$/.exec(name.replace(/_layer_29(_size_4_method_random_projection)?/, '')) ?? [];
    const text = readFileSync(join(directory, name), 'utf8');
    const [, seed = 'none'] = (name.endsWith('.json') ? /"seed":(\d+)/ : /, seed (\d+)/).exec(text) ?? [];
    sets.set(number, (sets.get(number) ?? new Set()).add(Number(seed)));
  }
  for (const [number, seeds] of sets) assert.equal(seeds.size, 1, `set ${number} holds maps ${[...seeds].join()}`);
  return [...sets.values()].flatMap((seeds) => [...seeds]).sort((a, b) => a - b);
}

/** Where a file system has no hard links. */
const noLinks = (): Promise<void> => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' }));

for (const [where, folderOf] of [
  ['on a disk', diskFolder],
  ['where there are no hard links', (directory: string) => diskFolder(directory, noLinks)],
] as const)
  test(`many saves at once ${where}: every map is there, each in a set of its own`, async () => {
    const directory = join(temporaryFolder(), 'made', 'by all');
    const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
    // Also sets that have no file in common with each other: a number is one map's all the same.
    const formats = [['svg', 'json'], ['json'], ['svg']] as const;
    const saved = await Promise.all(
      seeds.map((seed) => save(map(seed), folderOf(directory), { formats: formats[seed % 3] ?? ['json'] })),
    );
    assert.equal(new Set(saved.map(({ number = 1 }) => number)).size, seeds.length);
    assert.deepEqual(seedsOf(directory), seeds);
  });

test('several that overwrite at once: one whole set stays', async () => {
  for (let round = 0; round < 5; round++) {
    const directory = temporaryFolder();
    await Promise.all([1, 2, 3, 4].map((seed) => save(map(seed), directory, { overwrite: true })));
    assert.equal(seedsOf(directory).length, 1);
    assert.equal(readdirSync(directory).length, 2);
  }
});

test('overwrite replaces a set as a whole: nothing of another map stays beside the new one', async () => {
  const directory = temporaryFolder();
  await save(map(1), directory, { formats: FORMATS });
  const wider = syntheticMap({ columns: 5, rows: 4, topK: 2, vocabulary: 6, specification: { layer: 29 } });
  await save(wider, directory, { overwrite: true });
  assert.deepEqual(readdirSync(directory).sort(), [
    'embedding_grid_layer_29_size_5x4_method_random_projection.svg',
    'embedding_grid_results_layer_29.json',
  ]);
  await save(wider, directory, { formats: ['csv'], overwrite: true });
  assert.equal(readdirSync(directory).length, 3, 'files of the same map stay');
});

test('a name that something else takes meanwhile: the set moves on, whole', async () => {
  const directory = temporaryFolder();
  const folder = diskFolder(directory);
  const raced: OutputFolder = {
    ...folder,
    take: async (from, to) => {
      if (to === 'embedding_grid_results_layer_29.csv')
        writeFileSync(join(directory, to), 'a person’s', { flag: 'wx' });
      return folder.take(from, to);
    },
  };
  const { number } = await save(map(), raced, { formats: ['json', 'csv'] });
  assert.equal(number, 2);
  assert.deepEqual(readdirSync(directory).sort(), [
    'embedding_grid_results_layer_29.csv',
    'embedding_grid_results_layer_29_2.csv',
    'embedding_grid_results_layer_29_2.json',
  ]);
  assert.equal(readFileSync(join(directory, 'embedding_grid_results_layer_29.csv'), 'utf8'), 'a person’s');
});

/** The owner of temporary files of a process that has ended. */
function deadOwner(): string {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const [place = '', , , nonce = ''] = newOwner().split('-');
  return [place, pid, 'abc', nonce].join('-');
}

test('what a killed run left is cleared by the next save; what is a living run’s, or a person’s, stays', async () => {
  const directory = temporaryFolder();
  const at = (name: string): string => join(directory, name);
  const dead = deadOwner();
  const living = newOwner();
  const elsewhere = (): string => ['00000000', ...dead.split('-').slice(1)].join('-');
  const json = 'embedding_grid_results_layer_29.json';
  const day = new Date(Date.now() - 25 * 3600 * 1000);
  const gone = [
    temporaryNames.part(json, dead),
    temporaryNames.lock(json),
    temporaryNames.part(`${json}.lock`, dead),
    temporaryNames.part('embedding_grid_results_layer_3.npz', elsewhere()),
    `.${json}.k3jd92ab.part`, // 0.1.0's
  ];
  const stays = [
    temporaryNames.part(json, living),
    temporaryNames.part('embedding_grid_results_layer_4.npz', elsewhere()),
    `.embedding_grid_results_layer_4.json.k3jd92ab.part`,
    `.embedding_grid_notes.${dead}.part`,
    '.mine.json.part',
    `mine.${dead}.part`,
    temporaryNames.lock('embedding_grid_results_layer_8.json'),
  ];
  for (const name of [...gone, ...stays]) writeFileSync(at(name), name.endsWith('.lock') ? dead : 'half');
  writeFileSync(at(stays.at(-1) ?? ''), living);
  for (const name of gone.slice(3)) utimesSync(at(name), day, day);
  mkdirSync(at(temporaryNames.part('embedding_grid_results_layer_7.json', dead)));
  await save(map(), directory, { formats: ['json'] });
  assert.deepEqual(
    readdirSync(directory).sort(),
    [...stays, json, temporaryNames.part('embedding_grid_results_layer_7.json', dead)].sort(),
  );
});

test('a folder that a killed run was making is cleared by the next that makes one there; a living run’s stays', async () => {
  const above = temporaryFolder();
  const living = temporaryNames.folder(newOwner());
  const dead = temporaryNames.folder(deadOwner());
  for (const name of [living, dead]) mkdirSync(join(above, name, 'maps'), { recursive: true });
  await save(map(), join(above, 'out', 'maps'), { formats: ['json'] });
  assert.deepEqual(readdirSync(above).sort(), [living, 'out'].sort());
  assert.deepEqual(readdirSync(join(above, 'out', 'maps')), ['embedding_grid_results_layer_29.json']);
});

test('a folder is there with the mark of who makes it, or not at all', async () => {
  const directory = join(temporaryFolder(), 'out', 'maps');
  const folder = diskFolder(directory);
  await folder.make();
  const marks = readdirSync(directory);
  assert.equal(marks.length, 1);
  // What a run killed at this moment leaves is nobody's, and goes with the next save.
  renameSync(
    join(directory, marks[0] ?? ''),
    join(directory, temporaryNames.part('embedding_grid_folder.json', deadOwner())),
  );
  await save(map(), directory, { formats: ['json'] });
  assert.deepEqual(readdirSync(directory), ['embedding_grid_results_layer_29.json']);
});

test('a set whose replacement was killed gets its names back, if none of the new one stands there', async () => {
  const names = ['embedding_grid_results_layer_29.json', 'embedding_grid_results_layer_29.csv'];
  for (const replaced of [false, true]) {
    const directory = temporaryFolder();
    await save(map(1), directory, { formats: ['json', 'csv'] });
    const dead = deadOwner();
    for (const name of names) renameSync(join(directory, name), join(directory, temporaryNames.old(name, dead)));
    if (replaced) writeFileSync(join(directory, names[0] ?? ''), toJson(map(2)));
    await save(map(3), directory, { formats: ['json'] });
    assert.deepEqual(
      readdirSync(directory).sort(),
      [...(replaced ? names.slice(0, 1) : names), 'embedding_grid_results_layer_29_2.json'].sort(),
    );
  }
});

/** A map of more entries than a JSON holds. */
function largeMap(): TokenMap {
  const small = syntheticMap({ columns: 2, rows: 2, topK: 100, vocabulary: 100 });
  const [columns, rows, topK] = [201, 200, 100];
  const cells = emptyCells(columns, rows, topK, { answers: 1, filled: true });
  for (let i = 0; i < cells.ids.length; i++) {
    cells.ids[i] = (i + Math.floor(i / topK)) % topK;
    cells.probabilities[i] = 0.5 ** ((i % topK) + 1);
  }
  cells.entropy.fill(1.5);
  cells.answers?.fill(NaN, 0, 5);
  cells.filled?.set([0, 1, 1]);
  cells.computed.fill(1);
  // A cell that is missing.
  cells.computed[7] = 0;
  cells.ids.fill(0, 7 * topK, 8 * topK);
  cells.probabilities.fill(0, 7 * topK, 8 * topK);
  cells.entropy[7] = 0;
  const approximation = { filled: 2, checked: 1, differing: 0, largestDifference: 0 };
  return {
    ...small,
    specification: {
      ...small.specification,
      grid: { ...small.specification.grid, columns, rows },
      adaptive: true,
      question: { kind: 'divergence' },
    },
    cells,
    runtime: { ...small.runtime, approximation },
  };
}

/** Two maps are the same, their numbers bit by bit: quicker than value by value. */
function sameMap(a: TokenMap, b: TokenMap): void {
  for (const key of ['computed', 'ids', 'probabilities', 'entropy', 'answers', 'filled'] as const) {
    const [x, y] = [a.cells[key], b.cells[key]];
    assert.ok(x && y && Buffer.from(x.buffer).equals(Buffer.from(y.buffer)), key);
  }
  assert.deepEqual({ ...a, cells: null }, { ...b, cells: null });
}

test('the cells of a large map stand in the NPZ beside its JSON, and every door reads them', async () => {
  const map = largeMap();
  const directory = temporaryFolder();
  const { files } = await save(map, directory, { formats: ['json'] });
  assert.deepEqual(
    files.map((file) => basename(file)),
    ['embedding_grid_results_layer_29.json', 'embedding_grid_results_layer_29.npz'],
  );
  const [json = '', npz = ''] = files;
  assert.ok(readFileSync(json).length < 100_000);
  sameMap(await readMap(json), map);
  sameMap(fromJson(readFileSync(json), readFileSync(npz)), map);
  const { specification, computed } = readSpecification(readFileSync(json));
  assert.deepEqual([specification, computed], [map.specification, 201 * 200 - 1]);
  assert.equal(
    (await save(map, directory, { formats: ['json'] })).number,
    undefined,
    'the same map takes its names again',
  );

  // What was saved together is read together.
  assert.throws(() => fromJson(readFileSync(json)), /stand in the \.npz/);
  const others = await save({ ...map, specification: { ...map.specification, topK: 100, masked: [3] } }, directory);
  const other = readFileSync(others.files.find((file) => file.endsWith('.npz')) ?? '');
  assert.throws(() => fromJson(readFileSync(json), other), /the cells of another map/);
  const whole = readFileSync(npz);
  for (const broken of [new Uint8Array(), whole.subarray(0, whole.length / 2), Buffer.from('PK'), other.subarray(9)])
    assert.throws(() => fromJson(readFileSync(json), broken), { code: 'file', message: /cells beside the saved map/ });
  renameSync(npz, `${npz}.away`);
  await assert.rejects(readMap(json), {
    code: 'file',
    message: /embedding_grid_results_layer_29\.npz" cannot be read/,
  });
});

test('an NPZ beside a map is inflated only as far as its specification makes room for', async () => {
  const map = largeMap();
  const directory = temporaryFolder();
  const { files } = await save(map, directory, { formats: ['json'] });
  const [json = ''] = files;
  const bomb = zipSync({ 'entropy.npy': [new Uint8Array(2 ** 26), { level: 9 }] });
  assert.throws(() => fromJson(readFileSync(json), bomb), /"entropy" is larger than it can be/);
});
