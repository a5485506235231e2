import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { withEngine } from './engine.js';
import { assertSentence, faultOf } from './sentences.js';
import { temporaryFolder } from './temporary.js';

/** Which file of a folder is opened, and what is said where that cannot be told. */

const odd = join(import.meta.dirname, '..', 'fixtures', 'odd');
const folder = temporaryFolder();

/** A folder with files: names of odd models whose graph they get, or text. */
function make(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, name, path);
    mkdirSync(dirname(file), { recursive: true });
    if (path.endsWith('.onnx')) copyFileSync(join(odd, content, 'model.onnx'), file);
    else writeFileSync(file, content);
  }
  return join(folder, name);
}

const genai = (decoder: unknown): string => JSON.stringify({ model: { type: 'x', decoder } });

const OPENED: readonly [about: string, wanted: string, files: Record<string, string>][] = [
  ['a pair', 'decoder_model.onnx', { 'decoder_model.onnx': 'no-mask', 'decoder_with_past_model.onnx': 'fixed-length' }],
  ['an exporter’s steps', 'prefill.onnx', { 'decode.onnx': 'fixed-length', 'prefill.onnx': 'no-mask' }],
  [
    'a decoder among its companions',
    'onnx/decoder_model_merged_q4.onnx',
    {
      'onnx/decoder_model_merged_q4.onnx': 'no-mask',
      'onnx/vision_encoder_q4.onnx': 'no-head',
      'onnx/audio_encoder.onnx': 'no-head',
      'onnx/embed_tokens_q4.onnx': 'no-head',
    },
  ],
  [
    'the named decoder',
    'text.onnx',
    { 'text.onnx': 'no-mask', 'model.onnx': 'no-head', 'genai_config.json': genai({ filename: 'text.onnx' }) },
  ],
  ['the only subfolder with a model', 'a/b/model.onnx', { 'a/b/model.onnx': 'no-mask', 'config.json': '{}' }],
  [
    'the only subfolder for this processor',
    'cpu_and_mobile/int4/model.onnx',
    { 'cpu_and_mobile/int4/model.onnx': 'no-mask', 'gpu/int4/model.onnx': 'no-mask', 'cuda/model.onnx': 'no-mask' },
  ],
];

const REFUSED: readonly [about: string, says: RegExp, files: Record<string, string>][] = [
  [
    'two of a kind',
    /several models: model_fp16.onnx, model_q4.onnx/,
    { 'model_fp16.onnx': 'past', 'model_q4.onnx': 'past' },
  ],
  ['two subfolders', /several folders: one, two/, { 'one/model.onnx': 'past', 'two/model.onnx': 'past' }],
  [
    'a pipeline',
    /split into 2 files \(a decoder pipeline: ctx.onnx, iter.onnx\)/,
    {
      'ctx.onnx': 'past',
      'iter.onnx': 'past',
      'genai_config.json': genai({ pipeline: [{ a: { filename: 'ctx.onnx' }, b: { filename: 'iter.onnx' } }] }),
    },
  ],
];

for (const [about, wanted, files] of OPENED)
  test(`${about}: ${wanted} is opened`, async () => {
    const path = make(about, files);
    await withEngine(async (engine) => {
      const { path: opened } = await engine.call('open', { path, device: 'cpu' });
      assert.equal(relative(path, opened).split(sep).join('/'), wanted);
    });
  });

for (const [about, says, files] of REFUSED)
  test(`${about}: what there is is named`, async () => {
    await withEngine(async (engine) => {
      const fault = await faultOf(engine.call('open', { path: make(about, files), device: 'cpu' }));
      assert.match(fault.message, says);
      assertSentence(fault);
    });
  });

// Links need a right of their own on Windows.
if (process.platform !== 'win32')
  test('files that are links, one by one, to a folder elsewhere', async () => {
    const linked = join(folder, 'linked');
    mkdirSync(linked);
    for (const name of ['model.onnx', 'weights']) symlinkSync(join(odd, 'external-folder', name), join(linked, name));
    const stray = join(folder, 'stray');
    mkdirSync(stray);
    copyFileSync(join(odd, 'external-folder', 'model.onnx'), join(stray, 'model.onnx'));
    symlinkSync(join(odd, 'external-folder', 'weights'), join(stray, 'weights'));
    await withEngine(async (engine) => {
      assert.equal((await engine.call('open', { path: linked, device: 'cpu' })).facts.blocks, 2);
    });
    await withEngine(async (engine) => {
      const fault = await faultOf(engine.call('open', { path: stray, device: 'cpu' }));
      assert.match(fault.message, /leads out of the model's folder/);
      assertSentence(fault);
    });
    // A link to itself is no file, neither a second model nor a configuration.
    for (const name of ['model_q4.onnx', 'config.json', 'tokenizer.json']) symlinkSync(name, join(linked, name));
    await withEngine(async (engine) => {
      assert.equal((await engine.call('open', { path: linked, device: 'cpu' })).facts.blocks, 2);
    });
  });

test('the tensors of a model are those that its file holds; of a file that is none, too', async () => {
  const fixtures = join(import.meta.dirname, '..', 'fixtures');
  const checkpoint = join(fixtures, 'checkpoints', 'llama-fp32');
  const file = join(checkpoint, 'model.safetensors');
  const bytes = readFileSync(file);
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0)))) as Record<
    string,
    { readonly shape: readonly number[] }
  >;
  const held = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, { shape }]) => `${name} ${shape.join()}`);
  const alone = join(make('adapter', { 'notes.txt': '' }), 'adapter_model.safetensors');
  copyFileSync(file, alone);
  await withEngine(async (engine) => {
    for (const path of [checkpoint, file, alone]) {
      const { kind, files, tensors } = await engine.call('tensors', { path });
      assert.equal(kind, 'checkpoint');
      assert.deepEqual(files, [path === alone ? 'adapter_model.safetensors' : 'model.safetensors']);
      assert.deepEqual(tensors.map(({ name, shape }) => `${name} ${shape.join()}`).sort(), held.sort());
      assert.ok(tensors.every(({ type, shape, bytes: size }) => type === 'float32' && size === 4 * product(shape)));
    }
    // Weights of an export, in the file and beside it, are those of its description.
    for (const name of ['optimum-past-llama_tied', 'extmany-dynamo-qwen2']) {
      const path = join(fixtures, 'models', name);
      const { kind, files, tensors } = await engine.call('tensors', { path });
      assert.equal(kind, 'onnx');
      assert.equal(files.length > 1, name.startsWith('ext'));
      assert.ok(tensors.some(({ type, shape }) => type === 'float32' && shape.length === 2));
    }
    const gguf = await engine.call('tensors', { path: join(fixtures, 'gguf', 'llama-Q4_K.gguf') });
    assert.equal(gguf.kind, 'gguf');
    assert.ok(gguf.tensors.some(({ type }) => type === 'Q4_K'));
    for (const [path, code] of [
      [join(folder, 'nothing.onnx'), 'model-not-found'],
      [join(make('text', { 'a.safetensors': 'no header at all' }), 'a.safetensors'), 'model-broken'],
    ] as const) {
      const fault = await faultOf(engine.call('tensors', { path }));
      assert.equal(fault.code, code);
      assertSentence(fault);
    }
  });
});

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
