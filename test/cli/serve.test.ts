import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { unzipSync } from 'fflate';
import { float32ToBase64 } from '../../src/formats/float32.js';
import { toNpz } from '../../src/formats/npz.js';
import { fromJson, openModel, type ModelSession } from '../../src/index.js';
import { Client, type Message } from '../../src/protocol/channel.js';
import type { ServeRequests } from '../../src/cli/serve/requests.js';

/** `embedding-grid serve --stdio`, asked as another program asks it. */

const root = path.resolve(import.meta.dirname, '..', '..');
const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'serve', '--stdio'], {
  cwd: root,
  stdio: ['pipe', 'pipe', 'inherit'],
});
const heard: Message[] = [];
const listeners: ((message: Message) => void)[] = [];
let rest = '';
child.stdout.setEncoding('utf8').on('data', (text: string) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    const message = JSON.parse(line) as Message;
    heard.push(message);
    for (const listener of listeners) listener(message);
  }
});
const asked = new Client<ServeRequests>({
  send: (message) => child.stdin.write(`${JSON.stringify(message)}\n`),
  onMessage: (listener) => listeners.push(listener),
});

let model: ModelSession;
let session = 0;
before(async () => {
  model = await openModel();
  ({ session } = await asked.call('open', {}));
});
after(() => model.close());

/** The float32 numbers of an array in an archive. */
function floats(npz: string, name: string): Float32Array {
  const file = unzipSync(Buffer.from(npz, 'base64'))[`${name}.npy`];
  assert.ok(file, name);
  assert.match(Buffer.from(file).toString('latin1', 0, 60), /'<f4'/);
  const start = 10 + new DataView(file.buffer, file.byteOffset).getUint16(8, true);
  return new Float32Array(file.slice(start).buffer);
}

const FLAGS = { 'layer-idx': '3', 'grid-size': '6', prompt: 'The old man walked to the', seed: '7' };
const OPTIONS = {
  layer: 3,
  grid: { columns: 6, rows: 6 },
  context: { kind: 'prompt', text: 'The old man walked to the' },
  plane: { axes: { method: 'random_projection', seed: 7 } },
} as const;

test('a map by its flags is the map of the library, in every format', async () => {
  const events: unknown[] = [];
  const served = await asked.call('map', { session, flags: FLAGS }, { onEvent: (event) => events.push(event) });
  const own = await model.map(OPTIONS);
  assert.deepEqual(Buffer.from(served.npz, 'base64'), Buffer.from(toNpz(own)));
  assert.deepEqual(events.at(-1), { done: 36, total: 36 });
  const { bytes } = await asked.call('file', { map: served.map, format: 'json' });
  const read = fromJson(Buffer.from(bytes, 'base64'));
  assert.deepEqual(read.cells.ids, own.cells.ids);
  const { summary } = await asked.call('compare', { a: served.map, b: served.map });
  assert.equal(summary.changed, 0);
  await asked.call('forget', { map: served.map });
  await assert.rejects(asked.call('file', { map: served.map, format: 'json' }), { code: 'bad-parameter' });
});

test('states and predictions are those of the library, bit for bit', async () => {
  const layers = ['embeddings', 2, 'last'] as const;
  const served = await asked.call('states', { session, prompt: 'The old man', layers });
  const own = await model.states('The old man', layers);
  assert.deepEqual(floats(served.npz, 'states'), Float32Array.from(own.layers.flatMap(({ values }) => [...values])));
  assert.deepEqual(served.tokens, own.tokens);
  const vectors = own.layers[1]?.values ?? new Float32Array();
  const flags = { 'layer-idx': '2', readout: 'lens' };
  const said = await asked.call('predict', { session, vectors: float32ToBase64(vectors), flags });
  const there = await model.predict(vectors, { layer: 2, readout: 'lens' });
  assert.deepEqual(floats(said.npz, 'probabilities'), there.probabilities);
  assert.deepEqual(floats(said.npz, 'entropy'), there.entropy);
});

test('what cannot be used is said, and the next request is answered', async () => {
  const wrong: readonly (readonly ['map' | 'open' | 'predict' | 'file', object, RegExp])[] = [
    ['map', { session, flags: { layr: '3' } }, /no "layr"/],
    ['map', { session, flags: { 'grid-size': '0' } }, /--grid-size 0/],
    ['map', { session: 99 }, /No model is open as 99/],
    ['map', { flags: {} }, /session/],
    ['open', { model: 3 }, /model/],
    ['open', { model: 'nowhere/at-all' }, /nowhere\/at-all/],
    ['predict', { session, vectors: '%%%' }, /vectors/],
    ['predict', { session, vectors: float32ToBase64(new Float32Array(3)) }, /3 numbers/],
    ['file', { map: 1, format: '../x' }, /format/],
  ];
  for (const [method, params, message] of wrong)
    await assert.rejects(asked.call(method, params), (thrown: Error) => message.test(thrown.message), method);
  child.stdin.write('no JSON\n{"type": "request"}\n\n');
  const text = 'the sea is';
  assert.deepEqual((await asked.call('tokenize', { session, text })).tokens, await model.tokenize(text));
  assert.equal(heard.filter(({ id }) => id === -1).length, 2);
});

test('a request can be cancelled; when the input ends, what was asked is answered and the program ends', async () => {
  const abort = new AbortController();
  const flags = { ...FLAGS, 'grid-size': '200' };
  const running = asked.call('map', { session, flags }, { signal: abort.signal, onEvent: () => abort.abort() });
  await assert.rejects(running, { code: 'cancelled' });
  const last = asked.call('map', { session, flags: FLAGS });
  child.stdin.end();
  assert.ok((await last).npz.length > 0);
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0);
});
