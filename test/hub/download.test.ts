import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { findInCache } from '../../src/hub/cache.js';
import { choicesOf } from '../../src/hub/download/choice.js';
import { download, type DownloadOptions, lookUp, planDownload } from '../../src/hub/download/download.js';
import { searchHub } from '../../src/hub/download/search.js';
import { hubSettings } from '../../src/hub/download/settings.js';
import { parseHubName } from '../../src/hub/names.js';
import type { Fault } from '../../src/map/fault.js';
import { assertSentence, faultOf } from '../engine/sentences.js';
import { COMMIT, HubServer, sha256, type Trouble } from './support/hubServer.js';

/**
 * Downloads from a hub on loopback, in good order and in every disorder: they complete, or end with one sentence, and no file
 * ever stands under a name that is not its own.
 */

const root = mkdtempSync(join(tmpdir(), 'embedding-grid-hub-'));
after(() => rmSync(root, { recursive: true, force: true }));

const WEIGHTS = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i + (i >> 7)) & 255));
const FILES = {
  'config.json': '{"model_type": "llama"}',
  'tokenizer.json': '{}',
  'model.safetensors': WEIGHTS,
  'pytorch_model.bin': Buffer.alloc(5000, 1),
  'README.md': '# no part of a model',
};
const WANTED = ['config.json', 'tokenizer.json', 'model.safetensors'] as const;
/** A test that stands still has not been left alone: only where nothing is to come is silence short. */
const patience = { silence: 60_000, pause: 1, longestPause: 20, tries: 4 };

interface Hub {
  readonly server: HubServer;
  readonly cache: string;
  options(more?: DownloadOptions): DownloadOptions;
  get(name?: string, more?: DownloadOptions): Promise<string>;
}

let count = 0;
async function hub(t: TestContext, files: Readonly<Record<string, Buffer | string>> = FILES): Promise<Hub> {
  const server = await HubServer.start(files);
  t.after(() => server.stop());
  const cache = join(root, String(count++));
  const settings = hubSettings({ HF_ENDPOINT: server.endpoint, HF_TOKEN: 'hf_secret' }, root);
  const options = (more: DownloadOptions = {}): DownloadOptions => ({ settings, cache, patience, ...more });
  return {
    server,
    cache,
    options,
    async get(text = 'ORG/NAME', more = {}) {
      const name = parseHubName(text);
      assert.ok(name);
      return download(await planDownload(name, options(more)), options(more));
    },
  };
}

/** That a cache holds the files, or some of them, and nothing else under a right name. */
function assertRight({ cache }: Hub, whole = true): void {
  const folder = join(cache, 'models--ORG--NAME');
  const blobs = readdirSync(join(folder, 'blobs')).filter((name) => !name.endsWith('.incomplete'));
  const snapshot = join(folder, 'snapshots', COMMIT);
  let names: string[] = [];
  try {
    names = readdirSync(snapshot);
  } catch {
    assert.ok(!whole);
  }
  for (const name of names)
    assert.deepEqual(readFileSync(join(snapshot, name)), Buffer.from(FILES[name as keyof typeof FILES]));
  for (const blob of blobs.filter((name) => name.length === 64))
    assert.equal(sha256(readFileSync(join(folder, 'blobs', blob))), blob);
  if (!whole) return;
  assert.deepEqual(names.sort(), [...WANTED].sort());
  assert.equal(blobs.length, WANTED.length);
  assert.equal(readFileSync(join(folder, 'refs', 'main'), 'utf8'), COMMIT);
  assert.deepEqual(readdirSync(join(cache, '.locks', 'models--ORG--NAME')), []);
}

async function refused(work: Promise<unknown>, code: string, message: RegExp): Promise<Fault> {
  const fault = await faultOf(work);
  assert.equal(fault.code, code, fault.message);
  assert.match(fault.message, message);
  assertSentence(fault);
  return fault;
}

test('a model, in the layout of Python’s cache, and found there by its name', async (t) => {
  const own = await hub(t);
  const seen: number[] = [];
  const place = await own.get('ORG/NAME', { onProgress: (done) => seen.push(done) });
  assertRight(own);
  assert.equal(place, findInCache({ repository: 'ORG/NAME', revision: undefined, file: undefined }, own.cache));
  assert.equal(
    seen.at(-1),
    WANTED.reduce((sum, name) => sum + Buffer.from(FILES[name]).length, 0),
  );
  const before = own.server.requests.length;
  await own.get();
  assert.equal(own.server.requests.length, before + 1, 'what is there is not fetched again');
});

test('the token goes to the endpoint’s own host alone', async (t) => {
  const own = await hub(t);
  await own.get();
  for (const { at, headers } of own.server.requests)
    assert.equal(headers.authorization, at === 'hub' ? 'Bearer hf_secret' : undefined);
  assert.ok(own.server.requests.some(({ at }) => at === 'cdn'));
});

test('sizes and hashes that the list leaves out are asked of the files', async (t) => {
  const own = await hub(t);
  own.server.listsHashes = false;
  await own.get();
  assertRight(own);
});

test('files that the revision does not list are listed by the tree, page by page', async (t) => {
  const own = await hub(t);
  own.server.listsFiles = false;
  await own.get();
  assertRight(own);
});

test('broken off at every tenth of a file: it goes on from there', async (t) => {
  for (let tenth = 0; tenth < 10; tenth++) {
    const own = await hub(t);
    let broken = false;
    own.server.trouble = (_, response, at) => {
      if (at !== 'cdn' || broken) return false;
      broken = true;
      response.writeHead(200, { 'content-length': String(WEIGHTS.length) });
      response.write(WEIGHTS.subarray(0, Math.floor((WEIGHTS.length * tenth) / 10)), () =>
        setImmediate(() => response.destroy()),
      );
      return true;
    };
    await own.get();
    assertRight(own);
  }
});

test('stopped, and gone on with by another command', async (t) => {
  const own = await hub(t);
  const half = WEIGHTS.length / 2;
  own.server.trouble = (_, response, at) => {
    if (at !== 'cdn') return false;
    response.writeHead(200, { 'content-length': String(WEIGHTS.length) });
    response.write(WEIGHTS.subarray(0, half)); // and then nothing
    return true;
  };
  const abort = new AbortController();
  const onProgress = (done: number): void => {
    if (done > half) abort.abort();
  };
  await refused(own.get('ORG/NAME', { signal: abort.signal, onProgress }), 'cancelled', /stopped/);
  assertRight(own, false);
  own.server.trouble = () => false;
  await own.get();
  assertRight(own);
  const last = own.server.requests.filter(({ at }) => at === 'cdn').at(-1);
  assert.equal(last?.headers.range, `bytes=${half}-`);
});

test('wrong bytes: asked for once more, then refused, and nothing is kept', async (t) => {
  for (const always of [false, true]) {
    const own = await hub(t);
    let times = 0;
    own.server.trouble = (_, response, at) => {
      if (at !== 'cdn' || (times++ > 0 && !always)) return false;
      response.end(Buffer.alloc(WEIGHTS.length, 7));
      return true;
    };
    if (always) {
      await refused(own.get(), 'network', /its hash is another/);
      assertRight(own, false);
      const left = readdirSync(join(own.cache, 'models--ORG--NAME', 'blobs')).filter((name) =>
        name.startsWith(sha256(WEIGHTS)),
      );
      assert.deepEqual(left, []);
    } else {
      await own.get();
      assertRight(own);
    }
  }
});

test('what Python has of a file is gone on with, and its own part stays as it is', async (t) => {
  const own = await hub(t);
  const blobs = join(own.cache, 'models--ORG--NAME', 'blobs');
  mkdirSync(blobs, { recursive: true });
  const pythons = join(blobs, `${sha256(WEIGHTS)}.incomplete`);
  writeFileSync(pythons, WEIGHTS.subarray(0, 150_000));
  await own.get();
  assertRight(own);
  assert.equal(own.server.requests.find(({ at }) => at === 'cdn')?.headers.range, 'bytes=150000-');
  assert.equal(statSync(pythons).size, 150_000);
});

test('what lies there broken off, of other bytes, does not become the file', async (t) => {
  const own = await hub(t);
  const blobs = join(own.cache, 'models--ORG--NAME', 'blobs');
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(blobs, `${sha256(WEIGHTS)}.download.incomplete`), Buffer.alloc(1000, 9));
  await own.get();
  assertRight(own);
});

test('answers that do not come, or come for ever', async (t) => {
  const never: Trouble = (_, __, at) => at === 'cdn';
  const endless: Trouble = (_, response, at) => {
    if (at !== 'cdn') return false;
    response.writeHead(200);
    const more = (): void => {
      if (response.destroyed) return;
      response.write(Buffer.alloc(65_536), more);
    };
    more();
    return true;
  };
  const first = await hub(t);
  first.server.trouble = never;
  const short = { ...patience, silence: 300 };
  await refused(first.get('ORG/NAME', { patience: short }), 'network', /cannot be reached, or breaks off/);
  assertRight(first, false);
  const second = await hub(t);
  second.server.trouble = endless;
  await refused(second.get(), 'network', /more of "model\.safetensors" than its/);
  assertRight(second, false);
  const third = await hub(t);
  third.server.trouble = (_, response, at) => {
    if (at === 'cdn') return false;
    const more = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(2 ** 20, 32), more);
    };
    more();
    return true;
  };
  await refused(third.get(), 'network', /more than any list/);
  const circle = await hub(t);
  circle.server.trouble = (request, response) => {
    response.writeHead(302, { location: request.url ?? '' });
    response.end();
    return true;
  };
  await refused(circle.get(), 'network', /circle/);
});

test('refusals of the hub, each in its own words', async (t) => {
  const status =
    (code: number, headers: Record<string, string> = {}): Trouble =>
    (_, response) => {
      response.writeHead(code, headers);
      response.end();
      return true;
    };
  const cases: [Trouble, string, RegExp][] = [
    [status(401, { 'x-error-code': 'RepoNotFound' }), 'model-not-found', /no "ORG\/NAME" that is open to you/],
    [status(401, { 'x-error-code': 'GatedRepo' }), 'model-not-found', /has to be asked for/],
    [status(403), 'model-not-found', /has to be asked for/],
    [status(404), 'model-not-found', /hub has no "ORG\/NAME"/],
    [status(429, { 'retry-after': '1' }), 'network', /too busy/],
    [status(503), 'network', /cannot be reached/],
    [status(418), 'network', /refuses the request \(418\)/],
    [(_, response) => (response.end('<html>'), true), 'network', /sends no JSON/],
  ];
  for (const [trouble, code, message] of cases) {
    const own = await hub(t);
    own.server.trouble = trouble;
    await refused(own.get(), code, message);
  }
  const own = await hub(t);
  await refused(own.get('ORG/NAME@other'), 'model-not-found', /no revision "other"/);
  await refused(own.get('ORG/NAME/pytorch_model.bin'), 'model-not-found', /is a pickle/);
  await refused(own.get('ORG/NAME/no.onnx'), 'model-not-found', /no file "no\.onnx"/);
});

test('a search finds what opens here; of a gated repository a file is asked before it is said what would come', async (t) => {
  const own = await hub(t);
  own.server.gated = true;
  const signal = new AbortController().signal;
  assert.deepEqual(await searchHub('name', { ...own.options(), signal }), [
    { name: 'ORG/NAME', kinds: ['ONNX'], downloads: 1234, licence: 'mit', gated: true },
  ]);
  own.server.trouble = ({ method }, response) => {
    if (method !== 'HEAD') return false;
    response.writeHead(403, { 'x-error-code': 'GatedRepo' });
    response.end();
    return true;
  };
  await refused(own.get(), 'model-not-found', /has to be asked for/);
  assert.ok(own.server.requests.every(({ at }) => at === 'hub'));
});

test('each model of a repository can be fetched by itself', async (t) => {
  const own = await hub(t, {
    'config.json': '{}',
    'onnx/model.onnx': 'a',
    'onnx/model.onnx_data': 'b',
    'onnx/model_q4.onnx': 'c',
    'onnx/vision_encoder.onnx': 'd',
    'onnx/decoder_model_merged_q4.onnx': 'e',
    'onnx/embed_tokens_q4.onnx': 'f',
    'x-00001-of-00002.gguf': 'g',
    'x-00002-of-00002.gguf': 'h',
    'mmproj.gguf': 'i',
  });
  const name = parseHubName('ORG/NAME');
  assert.ok(name);
  const choices = choicesOf(await lookUp(name, own.options()));
  assert.deepEqual(
    choices.map(({ file, files }) => [file, files.map(({ path }) => path).filter((path) => path !== 'config.json')]),
    [
      [undefined, ['onnx/model.onnx', 'onnx/model.onnx_data']],
      ['onnx/model_q4.onnx', ['onnx/model_q4.onnx']],
      ['onnx/decoder_model_merged_q4.onnx', ['onnx/decoder_model_merged_q4.onnx', 'onnx/embed_tokens_q4.onnx']],
      ['x-00001-of-00002.gguf', ['x-00001-of-00002.gguf', 'x-00002-of-00002.gguf']],
    ],
  );
});

test('a busy hub is asked again when it says', async (t) => {
  const own = await hub(t);
  const seen = new Set<string | undefined>();
  own.server.trouble = ({ url }, response) => {
    if (seen.has(url)) return false;
    seen.add(url);
    response.writeHead(429, { 'retry-after': '0' });
    response.end();
    return true;
  };
  await own.get();
  assertRight(own);
});

test('two at once fetch each file once', async (t) => {
  const own = await hub(t);
  await Promise.all([own.get(), own.get(), own.get()]);
  assertRight(own);
  assert.equal(own.server.requests.filter(({ at }) => at === 'cdn').length, 1);
});

test('a folder that cannot be written, a hub that is not to be asked', async (t) => {
  const own = await hub(t);
  writeFileSync(own.cache, 'a file stands here');
  await refused(own.get(), 'output', /cannot be written/);
  const settings = hubSettings({ HF_ENDPOINT: own.server.endpoint, HF_HUB_OFFLINE: '1' }, root);
  const before = own.server.requests.length;
  await refused(own.get('ORG/NAME', { settings }), 'network', /HF_HUB_OFFLINE/);
  assert.equal(own.server.requests.length, before);
});

test('pickles alone are refused; of several models one has to be named', async (t) => {
  const pickled = await hub(t, { 'config.json': '{}', 'pytorch_model.bin': 'x' });
  await refused(pickled.get(), 'model-not-found', /pickles alone/);
  const several = await hub(t, { 'a-Q4_0.gguf': 'x', 'a-Q8_0.gguf': 'y' });
  await refused(several.get(), 'model-ambiguous', /several models: a-Q4_0\.gguf/);
  const place = await several.get('ORG/NAME/a-Q8_0.gguf');
  assert.equal(readFileSync(place, 'utf8'), 'y');
  const strange = await hub(t, { '../../evil.json': '{}', 'config.json': '{}', 'model.safetensors': 'w' });
  await strange.get();
  assert.throws(() => statSync(join(strange.cache, 'evil.json')));
});
