import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from '../../src/engine/client.js';
import { findModel } from '../../src/engine/findModel.js';
import { openModelSource } from '../../src/engine/sources/openModelSource.js';
import { Fault } from '../../src/map/fault.js';
import { ModelError } from '../../src/onnx/source.js';
import { engineFile } from './engine.js';
import { assertSentence, faultOf } from './sentences.js';
import { temporaryFolder } from './temporary.js';

/** GGUF files that are cut off, lie about themselves, or are made to do harm: each is refused with one sentence. */

process.env.EMBEDDING_GRID_CACHE = temporaryFolder();
const folder = temporaryFolder();
const sound = readFileSync(join(import.meta.dirname, '..', 'fixtures', 'gguf', 'qwen3-Q8_0.gguf'));
const HUGE = 2n ** 63n;

let engine: Engine;
before(() => (engine = new Engine({ file: engineFile })));
after(() => engine.dispose());

let count = 0;
async function refused(bytes: Uint8Array, code: RegExp, message: RegExp): Promise<void> {
  const path = join(folder, `${count++}.gguf`);
  writeFileSync(path, bytes);
  const fault = await faultOf(engine.call('open', { path, device: 'cpu' }));
  assert.match(fault.code, code);
  assert.match(fault.message, message);
  assertSentence(fault);
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: bigint | number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const pair = (key: string, type: number, ...value: Buffer[]): Buffer => Buffer.concat([text(key), u32(type), ...value]);
/** A header of these keys and tensors, with some bytes behind it. */
const file = (keys: readonly Buffer[], tensors: readonly Buffer[] = []): Buffer =>
  Buffer.concat([
    Buffer.from('GGUF'),
    ...[u32(3), u64(tensors.length), u64(keys.length), ...keys, ...tensors],
    Buffer.alloc(4096),
  ]);
const tensor = (name: string, dims: readonly (bigint | number)[], type: number, offset: bigint | number): Buffer =>
  Buffer.concat([text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset)]);
const ofKind = (name: string): Buffer => pair('general.architecture', 8, text(name));
const BROKEN = /^model-broken$/;
const UNSUPPORTED = /^model-unsupported$/;

test('a file cut off anywhere', async () => {
  for (let tenth = 0; tenth < 10; tenth++) {
    const length = Math.floor((sound.length * tenth) / 10);
    await refused(sound.subarray(0, length), BROKEN, /damaged|too short/);
  }
  await refused(sound.subarray(0, sound.length - 1), BROKEN, /too short: its tensor/);
});

test('counts and lengths beyond the file', async () => {
  const start = Buffer.concat([Buffer.from('GGUF'), u32(3)]);
  await refused(Buffer.concat([start, u64(HUGE), u64(1), Buffer.alloc(64)]), BROKEN, /tensors/);
  await refused(Buffer.concat([start, u64(1), u64(HUGE), Buffer.alloc(64)]), BROKEN, /keys/);
  await refused(Buffer.concat([start, u64(0), u64(1), u64(HUGE), Buffer.alloc(64)]), BROKEN, /a key would be/);
  await refused(file([pair('a', 8, u64(HUGE))]), BROKEN, /would be/);
  await refused(file([pair('a', 9, u32(8), u64(HUGE))]), BROKEN, /values of "a"/);
  await refused(file([pair('a', 9, u32(6), u64(2n ** 40n))]), BROKEN, /values of "a"/);
});

test('lists in lists, unknown types, keys that come twice', async () => {
  await refused(file([pair('a', 9, u32(9), u64(1), u32(9), u64(1))]), BROKEN, /list of lists/);
  await refused(file([pair('a', 99)]), BROKEN, /unknown type, 99/);
  await refused(file([pair('a', 4, u32(1)), pair('a', 4, u32(2))]), BROKEN, /"a" twice/);
});

test('tensors that cannot be', async () => {
  await refused(file([], [tensor('w', [HUGE, HUGE], 0, 0)]), BROKEN, /would be/);
  await refused(file([], [tensor('w', [32], 0, HUGE)]), BROKEN, /would lie at byte/);
  await refused(file([], [tensor('w', [2 ** 20], 0, 0)]), BROKEN, /too short/);
  await refused(file([], [tensor('w', [33], 8, 0)]), BROKEN, /Q8_0 cannot hold/);
  await refused(file([], [tensor('w', [32], 77, 0)]), UNSUPPORTED, /not known, 77/);
  await refused(file([], [tensor('w', [1, 1, 1, 1, 1], 0, 0)]), BROKEN, /5 dimensions/);
  await refused(file([], [tensor('v', [32], 0, 0), tensor('w', [32], 0, 64)]), BROKEN, /same bytes/);
  await refused(file([], [tensor('w', [32], 0, 0), tensor('w', [32], 0, 128)]), BROKEN, /"w" twice/);
  for (const alignment of [0, 3, 2 ** 21])
    await refused(file([pair('general.alignment', 4, u32(alignment))]), BROKEN, /power of two/);
  await refused(file([pair('general.alignment', 8, text('32'))]), BROKEN, /power of two/);
});

test('what is no model, or none that is described', async () => {
  await refused(file([]), BROKEN, /what kind of model/);
  await refused(file([ofKind('mamba')]), UNSUPPORTED, /"mamba" are not described/);
  await refused(file([pair('general.type', 8, text('mmproj'))]), UNSUPPORTED, /picture's encoder/);
  await refused(file([ofKind('llama')]), BROKEN, /does not state "llama\./);
  const strange = pair('qwen3.attention.sinks', 4, u32(1));
  const keys = sound.readBigUInt64LE(16);
  const more = Buffer.concat([sound.subarray(0, 16), u64(keys + 1n), strange, sound.subarray(24)]);
  await refused(more, /^model-(unsupported|broken)$/, /sinks|same bytes|too short/);
  await refused(Buffer.concat([Buffer.from('GGUF'), u32(1), Buffer.alloc(64)]), UNSUPPORTED, /version 1/);
  await refused(
    Buffer.concat([Buffer.from('GGUF'), Buffer.of(0, 0, 0, 3), Buffer.alloc(64)]),
    UNSUPPORTED,
    /byte order/,
  );
  await refused(Buffer.concat([Buffer.from('tjgg'), Buffer.alloc(64)]), UNSUPPORTED, /before GGUF/);
});

test('a part of several that is missing', async () => {
  const path = join(folder, 'm-00001-of-00002.gguf');
  writeFileSync(
    path,
    file([ofKind('llama'), pair('split.count', 2, u32(2).subarray(0, 2)), pair('split.no', 2, u32(0).subarray(0, 2))]),
  );
  const fault = await faultOf(engine.call('open', { path, device: 'cpu' }));
  assert.match(fault.message, /"m-00002-of-00002\.gguf" is missing/);
});

test('any byte of the header changed: refused, or as it was', { timeout: 60_000 }, () => {
  const path = join(folder, 'changed.gguf');
  const header = sound.indexOf('output_norm.weight') + 100;
  let refusals = 0;
  for (let at = 0; at < header; at += 31) {
    const bytes = Buffer.from(sound);
    bytes[at] = (bytes[at] ?? 0) ^ 0x81;
    writeFileSync(path, bytes);
    try {
      openModelSource(findModel(path), () => undefined);
    } catch (error) {
      assert.ok(error instanceof Fault || error instanceof ModelError, String(error));
      refusals++;
    }
  }
  assert.ok(refusals > 20);
});
