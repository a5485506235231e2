import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { cachedModels, contentsOf, standsFor } from '../../src/hub/contents.js';
import { temporaryFolder } from '../engine/temporary.js';

const fixtures = path.join(import.meta.dirname, '..', 'fixtures');
const checkpoint = path.join(fixtures, 'checkpoints', 'llama-fp32');
const exported = path.join(fixtures, 'models', 'optimum-past-llama_tied');

test('what a model is, by the names and headers of its files', () => {
  const bytes = statSync(path.join(checkpoint, 'model.safetensors')).size;
  assert.deepEqual(contentsOf(checkpoint), { kind: 'safetensors', bytes, numberType: 'float32' });
  assert.deepEqual(contentsOf(path.join(checkpoint, 'model.safetensors')), contentsOf(checkpoint));
  const onnx = path.join(exported, 'onnx', 'model.onnx');
  assert.deepEqual(contentsOf(exported), { kind: 'ONNX', bytes: statSync(onnx).size });
  assert.deepEqual(contentsOf(onnx), contentsOf(exported));
  assert.equal(contentsOf(path.join(fixtures, 'models', 'fp16-dynamo-gemma3_text'))?.numberType, 'float16');
  assert.equal(contentsOf(path.join(fixtures, 'checkpoints', 'fp8_block'))?.numberType, 'float8');
  assert.equal(contentsOf(path.join(fixtures, 'checkpoints', 'gptq_sorted'))?.numberType, 'packed integers');
  assert.equal(contentsOf(fixtures), undefined);
  assert.equal(contentsOf(path.join(fixtures, 'nothing')), undefined);
});

test('all paths that lead to one model are told to be one, and no others', () => {
  const folder = temporaryFolder();
  const put = (name: string, from: string): string => {
    cpSync(from, path.join(folder, name), { recursive: true });
    return path.join(folder, name);
  };
  const hub = put('hub', exported);
  symlinkSync(hub, path.join(folder, 'link'));
  const second = path.join(hub, 'onnx', 'model_int8.onnx');
  writeFileSync(second, 'another');
  const trained = put('trained', checkpoint);
  const parts = path.join(folder, 'parts');
  mkdirSync(parts);
  for (const name of ['m-Q4_0-00001-of-00002.gguf', 'm-Q4_0-00002-of-00002.gguf', 'n.gguf'])
    writeFileSync(path.join(parts, name), '');
  const file = path.join(hub, 'onnx', 'model.onnx');
  const models: readonly (readonly (readonly [string, opened?: string])[])[] = [
    [
      [hub],
      [hub, 'onnx/model.onnx'],
      [file],
      [file, 'onnx/model.onnx'],
      [path.join(hub, 'onnx')],
      [path.join(hub, 'onnx'), 'onnx/model.onnx'],
      [path.join(folder, 'link'), 'onnx/model.onnx'],
      [path.join(folder, 'link', 'onnx', 'model.onnx')],
    ],
    [[second], [hub, 'onnx/model_int8.onnx']],
    [[trained], [trained, 'model.safetensors'], [path.join(trained, 'model.safetensors')]],
    ['1', '2'].map((part) => [path.join(parts, `m-Q4_0-0000${part}-of-00002.gguf`)] as const),
    [[path.join(parts, 'n.gguf')]],
    [[path.join(folder, 'nothing')]],
    [[folder]],
  ];
  const places = models.map((paths) => [...new Set(paths.map((one) => standsFor(...one)))]);
  assert.deepEqual(
    places.filter((found) => found.length !== 1),
    [],
  );
  assert.equal(new Set(places.flat()).size, models.length);
  // A folder that is gone is not one that stands where its file would be.
  renameSync(hub, path.join(folder, 'moved'));
  assert.equal(standsFor(hub, 'onnx/model.onnx'), hub);
});

test('a header that lies is not believed', () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'model.safetensors');
  const header = (length: bigint, text: string): Buffer => {
    const begin = Buffer.alloc(8);
    begin.writeBigUInt64LE(length);
    return Buffer.concat([begin, Buffer.from(text)]);
  };
  for (const bytes of [
    Buffer.alloc(3),
    header(2n ** 60n, '{}'),
    header(9n, 'not JSON!'),
    header(2n, '[]'),
    header(12n, '{"a":{"x":1}}'),
    header(4n, 'null'),
  ]) {
    writeFileSync(file, bytes);
    assert.deepEqual(contentsOf(file), { kind: 'safetensors', bytes: bytes.length });
  }
});

test('a cache lists the models that are in it', () => {
  const cache = temporaryFolder();
  const add = (repository: string, revision: string, from?: string): string => {
    const folder = path.join(cache, repository);
    const snapshot = path.join(folder, 'snapshots', `${revision}0`);
    mkdirSync(path.join(folder, 'refs'), { recursive: true });
    writeFileSync(path.join(folder, 'refs', revision), `${revision}0`);
    if (from === undefined) mkdirSync(snapshot, { recursive: true });
    else cpSync(from, snapshot, { recursive: true });
    return snapshot;
  };
  assert.deepEqual(cachedModels(path.join(cache, 'nowhere')), []);
  const main = add('models--org--b', 'main', checkpoint);
  const old = add('models--org--b', 'v1', exported);
  const a = add('models--a', 'main', exported);
  add('models--org--tokenizer-only', 'main');
  add('datasets--org--c', 'main', checkpoint);
  writeFileSync(path.join(cache, 'version.txt'), readFileSync(path.join(checkpoint, 'config.json')));
  assert.deepEqual(cachedModels(cache), [
    { name: 'a', path: a },
    { name: 'org/b', path: main },
    { name: 'org/b@v1', path: old },
  ]);
});
