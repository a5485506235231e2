import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { cachedModels, contentsOf } from '../../src/hub/contents.js';
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
  assert.equal(contentsOf(fixtures), undefined);
  assert.equal(contentsOf(path.join(fixtures, 'nothing')), undefined);
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
