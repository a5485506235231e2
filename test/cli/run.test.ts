import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../src/cli/run.js';
import { fromJson } from '../../src/formats/fromJson.js';

process.env.EMBEDDING_GRID_ENGINE = path.join(import.meta.dirname, 'fakeEngine.mjs');

let folder = '';
const at = (...parts: string[]): string => path.join(folder, ...parts);

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-cli-'));
});
after(() => rmSync(folder, { recursive: true }));

/** A model for the fake engine, which does what the words say. */
function model(name: string, ...words: string[]): string {
  mkdirSync(at(name), { recursive: true });
  writeFileSync(at(name, 'model.onnx'), words.length === 0 ? name : words.join('\n'));
  return at(name);
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cli(args: readonly string[], terminal = false, signal = new AbortController().signal): Promise<Outcome> {
  const written = { out: '', err: '' };
  const code = await run(
    args,
    { write: (text) => (written.out += text) },
    { write: (text) => (written.err += text), isTTY: terminal, columns: 80 },
    signal,
  );
  return { code, ...written };
}

/** Flags of a small map without pictures. */
const small = (modelPath: string, output: string, ...more: string[]): string[] => [
  ...['--model', modelPath, '--output-dir', at(output), '--grid-size', '4x3', '--formats', 'json', ...more],
];

test('a map is computed, saved and reported', async () => {
  const { code, out, err } = await cli(small(model('plain'), 'plain-out', '--top-k', '2', '--formats', 'json,csv,npz'));
  assert.equal(code, 0, err);
  const names = ['csv', 'json', 'npz'].map((end) => `embedding_grid_results_layer_1.${end}`);
  assert.deepEqual(readdirSync(at('plain-out')), names);
  const map = fromJson(readFileSync(at('plain-out', 'embedding_grid_results_layer_1.json')));
  assert.equal(map.specification.model.name, 'plain');
  assert.deepEqual(map.specification.grid, { columns: 4, rows: 3, spacing: 0.5, center: [0, 0] });
  assert.deepEqual([...map.cells.ids.subarray(0, 4)], [0, 1, 1, 2]);
  // Behind how far it was, where it took more than a second.
  const lines = out.trimEnd().split('\n');
  const [first = '', second = '', ...files] = lines.filter((line) => !/^\d+% · /.test(line));
  assert.match(first, /^plain · layer 1 of 0–1 · 12 cells · 3 tokens · 12 regions · CPU · \d/);
  assert.equal(second, 'Most cells: ␣the 33.3%, ␣of 33.3%, é 33.3%');
  assert.equal(files.length, 3);
  for (const file of files) assert.ok(existsSync(file), file);
});

test('quiet prints nothing; on a terminal the bar is taken away again', async () => {
  const quiet = await cli(small(model('q', 'warn', 'notice'), 'q-out', '--quiet'), true);
  assert.deepEqual(quiet, { code: 0, out: '', err: '' });
  const { err, out } = await cli(small(model('bar'), 'bar-out'), true);
  assert.match(err, /━ 100% · 12 of 12 cells/);
  assert.ok(err.endsWith('\r\u001B[K'));
  assert.doesNotMatch(out, /━/);
});

test('warnings and notices are notes, not errors', async () => {
  const { code, err } = await cli(small(model('noted', 'warn', 'notice'), 'noted-out'));
  assert.equal(code, 0);
  assert.match(err, /^Note: CUDA is not to be had: libcuda\.so is missing\.\nNote: /);
  assert.match(err, /\nNote: The batch was halved\.\n$/);
});

test('how a map is drawn stands in its file, and holds when it is drawn again', async () => {
  const m = model('drawn');
  const displayOf = (folderName: string): unknown => {
    const file = at(folderName, 'embedding_grid_results_layer_1.json');
    return fromJson(readFileSync(file)).display;
  };
  const flags = ['--color-by', 'token', '--color-range', '0.1,0.5', '--labels', 'off', '--token-colors', ' of=7'];
  assert.equal((await cli(small(m, 'drawn-1', ...flags))).code, 0);
  const colors = { ' of': 7, ' the': 3, é: 9 };
  const first = displayOf('drawn-1');
  assert.ok(typeof first === 'object' && first !== null && 'tokenColors' in first);
  assert.deepEqual(Object.keys(first.tokenColors ?? {}), Object.keys(colors), 'all of its tokens have theirs');
  assert.deepEqual(
    { ...first, tokenColors: colors },
    {
      ...{ colorBy: 'token', colorRange: [0.1, 0.5], labels: false, borders: true, marks: true, ring: true },
      tokenColors: colors,
    },
  );
  const file = at('drawn-1', 'embedding_grid_results_layer_1.json');
  assert.equal((await cli(small(m, 'drawn-2', '--specification', file))).code, 0);
  assert.deepEqual(displayOf('drawn-2'), first);
  assert.equal(
    (await cli(small(m, 'drawn-3', '--specification', file, '--labels', 'on', '--color-by', 'margin'))).code,
    0,
  );
  assert.deepEqual(displayOf('drawn-3'), { ...first, labels: true, colorBy: 'margin' });
  // The map is the same map: its second saving takes the place of its first.
  const again = await cli(small(m, 'drawn-1', '--borders', 'off'));
  assert.deepEqual([again.code, readdirSync(at('drawn-1')).length], [0, 1]);
});

test('tokens can do nothing to the terminal', async () => {
  const { out, err } = await cli(small(model('hostile', 'hostile'), 'hostile-out'));
  assert.match((out + err).replaceAll('\n', ''), /^[^\p{Cc}\u202E]*$/u); // newlines are ours
  assert.match(out, /U\+001B\[2JU\+0007/);
  assert.match(out, /U\+202Eevil⏎/);
});

test('a map of other values beside it gets a number; the same map does not; --overwrite takes the name', async () => {
  const m = model('again');
  const out = async (...more: string[]): Promise<string> => (await cli(small(m, 'again-out', ...more))).out;
  assert.doesNotMatch(await out(), /number/);
  assert.doesNotMatch(await out(), /number/);
  assert.match(await out('--spacing', '2'), /_2\.json\nFiles of other maps had these names, .* number 2\.\n$/);
  assert.doesNotMatch(await out('--spacing', '3', '--overwrite'), /number/);
  assert.deepEqual(readdirSync(at('again-out')), [
    'embedding_grid_results_layer_1.json',
    'embedding_grid_results_layer_1_2.json',
  ]);
});

test('a saved map is drawn again: its model is found beside it, flags go over it', async () => {
  const m = model('project/saved');
  await cli(small(m, 'project/results', '--seed', '7', '--layer-idx', '0'));
  const file = at('project/results', 'embedding_grid_results_layer_0.json');
  const again = await cli(['--specification', file, '--output-dir', at('second'), '--formats', 'json']);
  assert.equal(again.code, 0, again.err);
  const read = (name: string): ReturnType<typeof fromJson> => fromJson(readFileSync(at(name)));
  const first = read('project/results/embedding_grid_results_layer_0.json');
  const second = read('second/embedding_grid_results_layer_0.json');
  assert.deepEqual(second.specification, first.specification);
  assert.deepEqual(second.cells, first.cells);
  const over = ['--specification', file, '--spacing', '3', '--output-dir', at('third'), '--formats', 'json'];
  assert.equal((await cli(over)).code, 0);
  const third = read('third/embedding_grid_results_layer_0.json').specification;
  assert.deepEqual(third, { ...first.specification, grid: { ...first.specification.grid, spacing: 3 } });
});

test('a saved map with another model: an error, or a note where the model was named', async () => {
  const m = model('changed/it', 'one');
  await cli(small(m, 'changed/out'));
  const file = at('changed/out', 'embedding_grid_results_layer_1.json');
  model('changed/it', 'another');
  const refused = await cli(['--specification', file, '--output-dir', at('changed/new')]);
  assert.equal(refused.code, 3);
  assert.match(refused.err, /changed\/it\/model\.onnx is not the one that the map was made with: .* --model\.\n$/);
  const named = await cli(small(m, 'changed/new', '--specification', file));
  assert.equal(named.code, 0);
  assert.match(named.err, /^Note: This is not the model of the saved map/);
  rmSync(m, { recursive: true });
  const gone = await cli(['--specification', file, '--output-dir', at('changed/new2')]);
  assert.equal(gone.code, 3);
  assert.match(
    gone.err,
    /^embedding-grid: The model "it" of the saved map was not found\. Give its place with --model\.\n$/,
  );
  assert.ok(!existsSync(at('changed/new2')));
});

test('a saved map cannot lead to a model outside its folders', async () => {
  const m = model('outside', 'x');
  await cli(small(m, 'inside/out'));
  const file = at('inside/out', 'embedding_grid_results_layer_1.json');
  const data = JSON.parse(readFileSync(file, 'utf8')) as { specification: { model: { name: string } } };
  data.specification.model.name = '../../outside';
  writeFileSync(file, JSON.stringify(data));
  const { code, err } = await cli(['--specification', file, '--output-dir', at('inside/new')]);
  assert.equal(code, 3);
  assert.match(err, /was not found/);
});

test('a bare specification and bare parameters will do', async () => {
  const m = model('bare');
  await cli(small(m, 'bare-out', '--seed', '9'));
  const saved = fromJson(readFileSync(at('bare-out', 'embedding_grid_results_layer_1.json'))).specification;
  const { model: _model, ...parameters } = saved;
  for (const [name, data] of Object.entries({ saved, parameters })) {
    writeFileSync(at(`${name}.json`), JSON.stringify(data));
    const args = ['--specification', at(`${name}.json`), '--model', m, '--output-dir', at(name), '--formats', 'json'];
    assert.equal((await cli(args)).code, 0);
    const map = fromJson(readFileSync(at(name, 'embedding_grid_results_layer_1.json')));
    assert.deepEqual(map.specification, saved);
  }
});

test('inspect prints what was found, for people and as JSON', async () => {
  const m = model('seen', 'warn');
  const { code, out } = await cli(['inspect', m]);
  assert.equal(code, 0);
  assert.match(out, /^ {2}layers +2: 0–1, after the embeddings$/m);
  assert.match(out, /^ {2}weights +12\.3 MB, float32$/m);
  assert.match(out, /^ {2}readout unembed +no: the head is quantised$/m);
  assert.match(out, /^ {2}device +CPU \(asked: auto\)$/m);
  assert.match(out, /^ {2}warning +CUDA/m);
  assert.match(out, /^ {2}identity +passed: largest difference 1e-6$/m);
  assert.match(out, /^ {2}0 +\/streamU\+001B\[2J\/0$/m);
  const json = JSON.parse((await cli(['inspect', m, '--json'])).out) as { nodes: number };
  assert.equal(json.nodes, 1234);
});

test('version and help', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  assert.deepEqual(await cli(['--version']), { code: 0, out: `${version}\n`, err: '' });
  const help = await cli(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.out, /^Usage:$/m);
  // A command's has its own flags, and no other.
  const study = await cli(['study', '--help']);
  assert.match(study.out, /study join DIR/);
  assert.match(study.out, /^ {2}--part I\/N /m);
  assert.doesNotMatch(study.out, /--grid-size|embedding-grid lens/);
});

test('every fault is one line, has its exit code, and leaves neither file nor folder', async () => {
  const ok = model('ok');
  writeFileSync(at('file'), '');
  writeFileSync(at('text.json'), 'no JSON');
  writeFileSync(at('other.json'), '{"grid_size": 3}');
  writeFileSync(at('nan.json'), '{"grid": {"columns": null}, "layer": "last"}');
  model('empty', '');
  const cases: [code: number, args: string[], line: RegExp][] = [
    [2, ['--grid-size', '0'], /--grid-size 0: grid columns must be at least 1\./],
    [2, ['--grid-size', '100000'], /at most 2000/],
    [2, ['--spacing', 'NaN'], /must be a number/],
    [2, ['--center', 'inf,0'], /must be finite/],
    [2, ['--model', ''], /--model needs a value\./],
    [2, ['--gird-size', '3'], /There is no flag --gird-size\./],
    [2, ['--specification', at('nowhere.json')], /"\/?.*[/\\]nowhere\.json" cannot be read: there is no such file/],
    [2, ['--specification', folder], /cannot be read: it is a folder/],
    [2, ['--specification', at('text.json')], /is not valid JSON/],
    [2, ['--specification', at('other.json')], /holds no map specification/],
    [2, ['--specification', at('nan.json')], /In .*nan\.json: /],
    [2, ['--model', ok, '--layer-idx', '2'], /The model has no layer 2\. Its layers are 0 to 1\./],
    [3, ['--model', at('nothing')], /There is no model at/],
    [3, ['--model', at('empty')], /model\.onnx is empty\./],
    [5, ['--model', model('memory', 'memory')], /Memory ran out\. Choose a smaller grid\./],
    [5, ['--model', model('heap', 'heap')], /Memory ran out, and the engine ended\. Nothing was written\./],
    [6, ['--model', ok, '--output-dir', at('file')], /output folder .*file is a file\./],
    [6, ['--model', ok, '--output-dir', at('file', 'sub')], /would lie in a file/],
    [6, ['--model', ok, '--output-dir', at('x'.repeat(300))], /name that is too long/],
    [7, ['--model', model('die', 'die')], /ended unexpectedly \(exit code 9\)\. Nothing was written\./],
  ];
  if (process.platform === 'linux') cases.push([6, ['--output-dir', '/proc/embedding-grid'], /cannot be written/]);
  // Files that would be waited for, or read, for ever.
  if (process.platform !== 'win32') {
    spawnSync('mkfifo', [at('pipe')]);
    writeFileSync(at('sparse.json'), '{');
    truncateSync(at('sparse.json'), 3e9);
    for (const file of [at('pipe'), '/dev/zero', '/dev/null'])
      for (const flag of ['--specification', '--x-vector', '--texts'])
        cases.push([2, ['--model', ok, flag, file], /" cannot be read: it is no file\./]);
    cases.push([2, ['--specification', at('sparse.json')], /sparse\.json cannot be read: it is larger than 33 MB\./]);
    writeFileSync(at('lists.json'), `{"grid":[${'[],'.repeat(4.2e6)}[]]}`);
    cases.push([2, ['--specification', at('lists.json')], /lists\.json cannot be read: it holds more lists than/]);
    symlinkSync(at('circle'), at('circle'));
    const circle = /circle" cannot be read: its links lead in a circle\./;
    for (const flag of ['--specification', '--x-vector', '--texts'])
      cases.push([2, ['--model', ok, flag, at('circle')], circle]);
    for (const place of [at('circle'), at('circle', 'sub')])
      cases.push([6, ['--output-dir', place], /output folder .* cannot be found: its links lead in a circle\./]);
    cases.push([2, ['--model', ok, '--x-vector', 'x'.repeat(5000)], /cannot be read: its name is too long/]);
    cases.push([2, ['--texts', at('sparse.json')], /"sparse\.json" is larger than 8 MB\./]);
  }
  const before = readdirSync(folder);
  for (const [code, args, line] of cases) {
    const withOutput = args.includes('--output-dir') ? args : [...args, '--output-dir', at('never', 'deeper')];
    const outcome = await cli(withOutput);
    assert.equal(outcome.code, code, `${args.join(' ')}: ${outcome.err}`);
    const lines = outcome.err.split('\n').filter((text) => !text.startsWith('Note: '));
    assert.equal(lines.length, 2, outcome.err);
    assert.match(lines[0] ?? '', /^embedding-grid: /);
    assert.match(lines[0] ?? '', line);
    assert.doesNotMatch(outcome.err, /\n\s+at /);
  }
  assert.deepEqual(readdirSync(folder), before);
});

test('--debug adds what an error came from and what the engine logged, made safe', async () => {
  const { code, err } = await cli(small(model('debug', 'die'), 'debug-out', '--debug'));
  assert.equal(code, 7);
  assert.match(err, /^\[engine\] fake engine U\+001B\[31mready$/m);
  assert.match(err, /\n\s+at /);
});

test('a stop ends the engine at once and leaves nothing', async () => {
  const abort = new AbortController();
  const m = model('hang', 'hang');
  const outcome = run(
    small(m, 'hang-out'),
    { write: () => undefined },
    // The first bar tells that cells have come and the engine is busy for good.
    { write: (text) => text.includes('cells') && abort.abort(), isTTY: true },
    abort.signal,
  );
  assert.equal(await outcome, 130);
  assert.ok(!existsSync(at('hang-out')));
});
