import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { engineFile } from './engine.js';
import { llama, seededWeights, TINY } from './llama.js';
import { temporaryFolder } from './temporary.js';

/** The command line with the real engine behind it: whatever is wrong, one line, the right code, no file, no process. */

// A disk that is full: a small tmpfs, where mounting is allowed. Registered first: it goes before its folder does.
let disk: string | undefined;
after(() => disk !== undefined && spawnSync('umount', [disk]));
const folder = temporaryFolder();
const model = join(folder, 'model');
mkdirSync(model);
const GOOD = llama(TINY, seededWeights()).toBytes();
writeFileSync(join(model, 'model.onnx'), GOOD);
const put = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
// The engine under a name of its own, so that its processes can be told from those of other tests.
const engine = join(folder, 'engine-of-this-test.cjs');
symlinkSync(engineFile, engine);
const cli = join(dirname(engineFile), 'cli.js');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** @param loaded a program that every process of it loads first */
async function embeddingGrid(args: readonly string[], loaded?: string): Promise<Ended> {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: folder,
    env: {
      ...process.env,
      EMBEDDING_GRID_ENGINE: engine,
      ...(loaded === undefined ? {} : { NODE_OPTIONS: `--require ${loaded}` }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  return { code, ...texts };
}

/** Processes of the engine that are still there; on Linux, where they can be listed. */
function engines(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(engine);
      } catch {
        return false; // gone by now
      }
    });
}

/** Asserts that a run ended as it should when something is wrong. Notes may stand before the line. */
function assertRefused({ code, out, err }: Ended, expected: number, says: RegExp, label: string): void {
  assert.equal(code, expected, `${label}: ${err}`);
  const lines = err.split('\n').filter((line) => line !== '' && !line.startsWith('Note: '));
  assert.equal(lines.length, 1, `${label}: ${err}`);
  assert.match(lines[0] ?? '', /^embedding-grid: \S.*[.?!]$/, label);
  assert.match(lines[0] ?? '', says, label);
  assert.doesNotMatch(err + out, / {4}at |Error:|node:internal|\[E:onnx|terminate called/, label);
  assert.deepEqual(engines(), [], `${label}: a process is left`);
}

const SMALL = ['--grid-size', '5', '--formats', 'json,svg,csv'];

test('wrong flags, models and outputs end in one line', { timeout: 120_000 }, async () => {
  const out = join(folder, 'out');
  const file = put('file', 'mine');
  const cases: readonly (readonly [label: string, code: number, says: RegExp, args: readonly string[]])[] = [
    ...['0', '-1', '1.5', '100000', 'NaN', '5x'].map(
      (size) => [`grid ${size}`, 2, /grid/i, ['--model', model, `--grid-size=${size}`]] as const,
    ),
    ...['0', '-0.5', 'NaN', 'Infinity', '1e400'].map(
      (spacing) => [`spacing ${spacing}`, 2, /spacing/i, ['--model', model, `--spacing=${spacing}`]] as const,
    ),
    ['center', 2, /center/i, ['--model', model, '--center', 'NaN,0']],
    ['layer', 2, /Layer 7 does not exist/, ['--model', model, '--layer-idx', '7']],
    ['layer', 2, /layer/i, ['--model', model, '--layer-idx', '1e9']],
    ['prompt without a tokenizer', 3, /tokenizer/, ['--model', model, '--prompt', 'Hello']],
    ['no model', 3, /no model/, ['--model', join(folder, 'nowhere')]],
    ['a text', 3, /text file/, ['--model', put('text.onnx', 'Dear reader')]],
    ['an empty file', 3, /empty/, ['--model', put('empty.onnx', '')]],
    ['cut short', 3, /cut short/, ['--model', put('short.onnx', GOOD.slice(0, 20_000))]],
    [
      'unknown operator',
      3,
      /Swishish/,
      ['--model', join(import.meta.dirname, '..', 'fixtures', 'odd', 'unknown-operator')],
    ],
    ['output is a file', 6, /is a file/, ['--model', model, '--output-dir', file]],
    ['output below a file', 6, /in a file/, ['--model', model, '--output-dir', join(file, 'below')]],
    ...(process.platform === 'linux'
      ? [
          [
            'output under /proc',
            6,
            /cannot be written/,
            ['--model', model, '--output-dir', '/proc/embedding-grid'],
          ] as const,
        ]
      : []),
  ];
  for (const [label, code, says, args] of cases) {
    const output = args.includes('--output-dir') ? [] : ['--output-dir', out];
    assertRefused(await embeddingGrid([...SMALL, ...args, ...output]), code, says, label);
    assert.ok(!existsSync(out), `${label} leaves a folder`);
  }
  assert.equal(readFileSync(file, 'utf8'), 'mine');
});

test('a model whose cells are no numbers is drawn empty, with a word', async () => {
  const graph = llama(TINY, (name, dims) => {
    const tensor = seededWeights()(name, dims);
    if (name === 'head') tensor.rawData.fill(0xff); // NaN
    return tensor;
  });
  const { code, err } = await embeddingGrid([
    ...SMALL,
    '--model',
    put('nan.onnx', graph.toBytes()),
    '--output-dir',
    join(folder, 'nan'),
  ]);
  assert.equal(code, 0, err);
  assert.match(err, /Note: 25 cells have no prediction/);
  assert.equal(readdirSync(join(folder, 'nan')).length, 3);
  assert.deepEqual(engines(), []);
});

const mountPoint = join(folder, 'disk');
mkdirSync(mountPoint);
if (
  process.platform === 'linux' &&
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mountPoint]).status === 0
)
  disk = mountPoint;
else console.log('No disk can be mounted here: a full one is tried in test/formats with an injected fault.');
if (disk !== undefined) {
  const full = disk;
  test('a full disk', async () => {
    for (const [label, filled] of [
      ['full while writing', 20_000],
      ['full from the start', 64 * 1024],
    ] as const) {
      writeFileSync(join(full, 'ballast'), new Uint8Array(filled));
      const run = await embeddingGrid([
        '--grid-size',
        '30',
        '--formats',
        'json,svg,csv,npz',
        '--model',
        model,
        '--output-dir',
        join(full, 'out'),
      ]);
      assertRefused(run, 6, /The disk of .* is full/, label);
      assert.deepEqual(readdirSync(full), ['ballast'], label);
    }
  });
}

// Elsewhere there are no such signals.
if (process.platform !== 'win32')
  test('an engine that is killed in mid-map', { timeout: 120_000 }, async () => {
    const out = join(folder, 'killed');
    // By itself, when it has sent its first cells: nobody else knows the moment.
    const loaded = put(
      'dies.cjs',
      `if (process.argv[1]?.endsWith('engine-of-this-test.cjs') && require('node:worker_threads').isMainThread) {
        const send = process.send.bind(process);
        process.send = (message, ...more) => {
          send(message, ...more);
          if (message.event?.kind === 'cells') process.kill(process.pid, 'SIGSEGV');
        };
      }`,
    );
    const args = ['--grid-size', '300', '--layer-idx', '0', '--formats', 'json', '--model', model, '--output-dir', out];
    const ended = await embeddingGrid(args, loaded);
    assertRefused(ended, 7, /signal SIGSEGV/, 'killed');
    assert.ok(!existsSync(out));
  });
