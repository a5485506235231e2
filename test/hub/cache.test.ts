import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openModel } from '../../src/host/openModel.js';
import { cacheFolder, locateModel, snapshotsOf } from '../../src/hub/cache.js';
import { modelName } from '../../src/hub/modelName.js';
import { parseHubName, repositoryOf } from '../../src/hub/names.js';
import { toldApart } from '../../src/hub/toldApart.js';
import { Fault } from '../../src/map/fault.js';
import { temporaryFolder } from '../engine/temporary.js';

const fixture = path.join(import.meta.dirname, '..', 'fixtures', 'models', 'optimum-past-llama_tied');
const MAIN = '0123456789abcdef0123456789abcdef01234567';
const OLD = 'fedcba9876543210fedcba9876543210fedcba98';

/** A cache as huggingface_hub makes it: every file of a snapshot a relative link to a blob named by its hash. */
function cacheWith(repository: string, refs: Readonly<Record<string, string>>): string {
  const cache = path.join(temporaryFolder(), 'hub');
  const folder = path.join(cache, `models--${repository.replace('/', '--')}`);
  for (const commit of new Set(Object.values(refs))) {
    const snapshot = path.join(folder, 'snapshots', commit);
    cpSync(fixture, snapshot, { recursive: true });
    mkdirSync(path.join(folder, 'blobs'), { recursive: true });
    for (const file of readdirSync(snapshot, { recursive: true, encoding: 'utf8' })) {
      if (!/\.\w+$/.test(file)) continue;
      const blob = `${commit.slice(0, 8)}${file.replace(/\W/g, '')}`;
      renameSync(path.join(snapshot, file), path.join(folder, 'blobs', blob));
      const up = file.split(path.sep).map(() => '..');
      symlinkSync(path.join('..', ...up, 'blobs', blob), path.join(snapshot, file));
    }
  }
  for (const [ref, commit] of Object.entries(refs)) {
    const file = path.join(folder, 'refs', ref);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, commit);
  }
  return cache;
}

function refusal(work: () => unknown): Fault {
  try {
    work();
  } catch (thrown) {
    assert.ok(thrown instanceof Fault && thrown.code === 'model-not-found', String(thrown));
    return thrown;
  }
  return assert.fail('nothing was refused');
}

test('the cache is where huggingface_hub has it', () => {
  const home = path.resolve('/home/me');
  const at = (env: Record<string, string>): string => path.relative(home, cacheFolder(env, home));
  assert.equal(at({}), path.join('.cache', 'huggingface', 'hub'));
  assert.equal(at({ XDG_CACHE_HOME: path.join(home, 'x') }), path.join('x', 'huggingface', 'hub'));
  assert.equal(at({ XDG_CACHE_HOME: '/x', HF_HOME: '~/hf' }), path.join('hf', 'hub'));
  assert.equal(at({ HF_HOME: '$BASE/hf', BASE: home }), path.join('hf', 'hub'));
  assert.equal(at({ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '~/old' }), 'old');
  assert.equal(at({ HF_HUB_CACHE: '~/hub', HUGGINGFACE_HUB_CACHE: '/old' }), 'hub');
  assert.equal(at({ HF_HUB_CACHE: '', HF_HOME: ' ' }), path.join('.cache', 'huggingface', 'hub'));
});

test('names of the hub, and what is none', () => {
  assert.deepEqual(parseHubName('org/name'), { repository: 'org/name', revision: undefined, file: undefined });
  assert.deepEqual(parseHubName('gpt2@refs/pr/3'), { repository: 'gpt2', revision: 'refs/pr/3', file: undefined });
  const file = { repository: 'org/n.a-m_e', revision: 'v1.0', file: 'onnx/model_q4.onnx' };
  assert.deepEqual(parseHubName('org/n.a-m_e/onnx/model_q4.onnx@v1.0'), file);
  for (const text of [
    ...['', '.', '..', '../..', '../org/name', '/org/name', './name', '~/name', 'C:\\name', 'org\\name', 'org//name'],
    ...['org/..', 'org/../name', 'org/name/../../x', 'org/name/', 'a--b', '-a', 'org/.x', 'org/name@', 'org/name@../x'],
    ...['org/name@/x', 'org/name@a\\b', 'org/name@a/../../b', 'org/name@.x', 'org/name@a\0', 'a'.repeat(97), 'a/b/c:d'],
  ])
    assert.equal(parseHubName(text), undefined, text);
  assert.equal(repositoryOf('models--org--name'), 'org/name');
  assert.equal(repositoryOf('models--gpt2'), 'gpt2');
  for (const folder of ['datasets--org--name', 'models--..', 'models--', 'models--a--..', 'org--name'])
    assert.equal(repositoryOf(folder), undefined, folder);
});

test('a name finds the snapshot of main or of the revision that it names, and opens through its links', async () => {
  const cache = cacheWith('org/tiny', { main: MAIN, v1: OLD, 'refs/pr/1': OLD });
  const snapshot = (commit: string): string => path.join(cache, 'models--org--tiny', 'snapshots', commit);
  assert.equal(locateModel('org/tiny', cache), snapshot(MAIN));
  for (const revision of ['v1', 'refs/pr/1', OLD, OLD.slice(0, 8)])
    assert.equal(locateModel(`org/tiny@${revision}`, cache), snapshot(OLD));
  assert.equal(locateModel('org/tiny/onnx/model.onnx', cache), path.join(snapshot(MAIN), 'onnx', 'model.onnx'));
  assert.deepEqual(snapshotsOf('org/tiny', cache), [snapshot(MAIN), snapshot(OLD)]);

  const before = process.env.HF_HUB_CACHE;
  process.env.HF_HUB_CACHE = cache;
  try {
    for (const model of ['org/tiny', 'org/tiny@v1', path.join(cache, 'models--org--tiny')]) {
      const { engine, description } = await openModel(model, { device: 'cpu' });
      await engine.dispose();
      assert.equal(description.reference.name, 'org/tiny');
      assert.equal(description.reference.file, 'onnx/model.onnx');
      assert.equal(description.tokenizer.file, 'tokenizer.json');
    }
  } finally {
    if (before === undefined) delete process.env.HF_HUB_CACHE;
    else process.env.HF_HUB_CACHE = before;
  }
});

test('a path goes before a name, and stays a path where the cache could not mean it', () => {
  const cache = cacheWith('test/hub', { main: MAIN });
  assert.equal(locateModel('test/hub', cache), path.resolve('test/hub'));
  for (const text of ['../..', './test/hub', '/nowhere/at/all', 'model.onnx', 'some/model.onnx', '..\\..'])
    assert.equal(locateModel(text, cache), path.resolve(text));
});

test('what is not there is said in a sentence', () => {
  const cache = cacheWith('org/tiny', { v1: OLD });
  const missing = refusal(() => locateModel('org/none', cache));
  assert.match(missing.message, /^There is no model "org\/none" here, neither as a path nor in the Hugging Face cache/);
  assert.match(missing.hint ?? '', /embedding-grid download org\/none$/);
  const noMain = refusal(() => locateModel('org/tiny', cache));
  assert.match(noMain.message, /has "org\/tiny", but not its revision "main"\.$/);
  assert.match(noMain.hint ?? '', /write org\/tiny@v1\.$/);
  assert.match(refusal(() => locateModel('org/tiny/x.onnx@v1', cache)).message, /but not its file "x\.onnx"\.$/);
  assert.match(refusal(() => locateModel('gpt2', path.join(cache, 'nowhere'))).message, /no model "gpt2" here/);
});

test('nothing in the cache leads out of it', () => {
  const cache = cacheWith('org/tiny', { main: MAIN });
  const folder = path.join(cache, 'models--org--tiny');
  writeFileSync(path.join(folder, 'refs', 'up'), '../../../..');
  writeFileSync(path.join(folder, 'refs', 'root'), '/');
  writeFileSync(path.join(folder, 'refs', 'long'), 'a'.repeat(5000));
  symlinkSync(fixture, path.join(folder, 'snapshots', 'outside'));
  writeFileSync(path.join(folder, 'refs', 'link'), 'outside');
  for (const revision of ['up', 'root', 'long', 'link', 'outside'])
    assert.match(refusal(() => locateModel(`org/tiny@${revision}`, cache)).message, /not its revision/);
});

test('of a folder with both, a float32 export goes before the checkpoint, and another one does not', async () => {
  const fixtures = path.join(import.meta.dirname, '..', 'fixtures');
  const checkpoint = path.join(fixtures, 'checkpoints', 'llama-fp32');
  const fileOf = async (model: string): Promise<string> => {
    const { engine, description } = await openModel(model, { device: 'cpu', skipChecks: true });
    await engine.dispose();
    return description.reference.file;
  };
  const [exact, half] = [temporaryFolder(), temporaryFolder()];
  for (const folder of [exact, half]) cpSync(checkpoint, folder, { recursive: true });
  cpSync(path.join(fixtures, 'odd', 'float16', 'model.onnx'), path.join(half, 'onnx', 'model.onnx'));
  assert.equal(await fileOf(half), 'model.safetensors');
  // An odd model is another than the checkpoint's configuration says: that it is refused shows that it was taken.
  cpSync(path.join(fixtures, 'odd', 'past', 'model.onnx'), path.join(exact, 'onnx', 'model.onnx'));
  await assert.rejects(fileOf(exact), /onnx\/model\.onnx|blocks|dimensions/);
  await assert.rejects(fileOf(path.join(half, 'onnx', 'model.onnx')), /blocks|dimensions/);
});

test('a model is called after the nearest folder that is called after it', () => {
  const cases: Readonly<Record<string, string>> = {
    '/home/ada/models/SmolLM2/onnx': 'SmolLM2',
    '/home/ada/smol/export/onnx': 'smol',
    '/home/ada/gpt2': 'gpt2',
    '/srv/phi-3/cpu_and_mobile/int4': 'phi-3',
    '/srv/phi-3/cpu-int4-rtn-block-32': 'cpu-int4-rtn-block-32',
    [`/c/models--ORG--NAME/snapshots/${MAIN}`]: 'ORG/NAME',
    [`/c/models--ORG--NAME/snapshots/${MAIN}/onnx`]: 'ORG/NAME',
    [`/downloads/llama/${OLD}`]: 'llama',
    '/home/ada/llama/checkpoint-500/hf': 'checkpoint-500',
    // Nothing says of which model: the folder as it is.
    '/tmp/onnx': 'onnx',
    '/data/models/model': 'model',
  };
  for (const [folder, name] of Object.entries(cases)) assert.equal(modelName(folder), name, folder);
});

test('models of one name are told apart by what differs in their paths', () => {
  for (const [paths, apart] of [
    [
      ['/w/smol/onnx/model.onnx', '/w/smol/export/model.onnx'],
      ['onnx', 'export'],
    ],
    [
      ['/w/smol/onnx/model.onnx', '/w/smol/onnx/model_q4.onnx'],
      ['model.onnx', 'model_q4.onnx'],
    ],
    [
      ['/w/smol/model.onnx', '/w/smol/onnx/model.onnx', '/w/smol/export/cpu/model.onnx'],
      ['', 'onnx', 'export/cpu'],
    ],
    [
      ['C:\\a\\smol', 'C:\\b\\smol'],
      ['a', 'b'],
    ],
    [
      ['/home/.cache/hub/models--O--N/snapshots/1', '/home/.lmstudio/models/O/N'],
      ['.cache/…/1', '.lmstudio/…/N'],
    ],
    [
      ['/a/a', '/a'],
      ['a', ''],
    ],
  ] as const)
    assert.deepEqual(toldApart(paths), apart);
});
