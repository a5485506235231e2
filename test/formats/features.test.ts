import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { featureOf, hookLayer, readFeature, strongestFeatures } from '../../src/formats/features.js';
import { type GivenFile, givenBytes, readVector } from '../../src/formats/vectorFile.js';
import { npy } from '../../src/formats/npy.js';
import { activation } from '../../src/map/questions.js';
import { randomNumbers } from '../map/syntheticMap.js';
import { temporaryFolder } from './assets.js';

/** A safetensors file of float32 arrays: its header, and where each begins. */
function headerOf(shapes: Readonly<Record<string, readonly number[]>>): { header: Buffer; size: number } {
  let at = 0;
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const end = at + 4 * shape.reduce((product, n) => product * n, 1);
    const entry = [name, { dtype: 'F32', shape, data_offsets: [at, end] }] as const;
    at = end;
    return entry;
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return { header: Buffer.concat([length, json]), size: at };
}

const [WIDTH, FEATURES] = [6, 9];
const random = randomNumbers(3);
const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => random() * 2 - 1);
const sae = {
  W_enc: numbers(WIDTH * FEATURES),
  W_dec: numbers(WIDTH * FEATURES),
  b_enc: numbers(FEATURES),
  b_dec: numbers(WIDTH),
  threshold: numbers(FEATURES).map(Math.abs),
};
const shapes = { W_enc: [WIDTH, FEATURES], W_dec: [FEATURES, WIDTH], b_enc: [FEATURES], b_dec: [WIDTH] };

/** A folder as SAELens writes it. */
function folderOf(name: string, configuration: unknown, jumps: boolean): string {
  const folder = path.join(temporaryFolder(), name);
  mkdirSync(folder);
  const all = { ...shapes, ...(jumps ? { threshold: [FEATURES] } : {}) };
  const data = Object.keys(all).map((key) => Buffer.from(sae[key as keyof typeof sae].buffer));
  writeFileSync(path.join(folder, 'sae_weights.safetensors'), Buffer.concat([headerOf(all).header, ...data]));
  if (configuration !== undefined) writeFileSync(path.join(folder, 'cfg.json'), JSON.stringify(configuration));
  return folder;
}

/** Activations by their definition, in float64. */
function activations(h: Float32Array, jumps: boolean, subtracts: boolean): number[] {
  return Array.from(sae.b_enc, (bias, f) => {
    const sum = h.reduce(
      (s, value, i) => s + (value - (subtracts ? (sae.b_dec[i] ?? 0) : 0)) * (sae.W_enc[i * FEATURES + f] ?? 0),
      bias,
    );
    return sum > (jumps ? (sae.threshold[f] ?? 0) : 0) ? Math.max(0, sum) : 0;
  });
}

test('features of SAELens’ folders are what their architectures define, and the strongest are listed', async () => {
  const h = numbers(WIDTH);
  const hook = 'blocks.8.hook_resid_pre';
  const kinds = [
    ['standard', { architecture: 'standard', apply_b_dec_to_input: true, hook_name: hook }, false, true],
    ['plain', { architecture: 'standard', apply_b_dec_to_input: false, metadata: { hook_name: hook } }, false, false],
    ['jump', { architecture: 'jumprelu', apply_b_dec_to_input: false, hook_name: hook }, true, false],
    ['unnamed', undefined, true, false],
  ] as const;
  for (const [name, configuration, jumps, subtracts] of kinds) {
    const folder = folderOf(name, configuration, jumps);
    const expected = activations(h, jumps, subtracts);
    for (let row = 0; row < FEATURES; row++) {
      const feature = await readFeature(folder, { row, hiddenSize: WIDTH });
      const product = h.reduce((sum, value, i) => sum + value * (feature.vector[i] ?? 0), 0);
      const told = activation(feature, product);
      assert.ok(Math.abs(told - (expected[row] ?? NaN)) < 1e-5, `${name} ${row}: ${told}, not ${expected[row]}`);
      assert.equal(feature.name, configuration ? `${name}#${row} (${hook})` : `${name}#${row}`);
    }
    const strong = await strongestFeatures(folder, h, 3);
    const wanted = expected
      .map((value, feature) => ({ feature, value }))
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value)
      .slice(0, 3);
    assert.deepEqual(
      strong.map(({ feature }) => feature),
      wanted.map(({ feature }) => feature),
    );
    strong.forEach((one, i) => assert.ok(Math.abs(one.activation - (wanted[i]?.value ?? NaN)) < 1e-5));
  }
});

test('what is no feature here says so in a sentence', async () => {
  const refused = (folder: string, message: RegExp) => assert.rejects(readFeature(folder, { row: 0 }), { message });
  await refused(folderOf('gated', { architecture: 'gated' }, false), /architecture "gated".* more than a sum/);
  await refused(folderOf('scaled', { normalize_activations: 'layer_norm' }, false), /vectors are normalized/);
  await refused(folderOf('list', [1], false), /no configuration of a sparse autoencoder/);
  const odd = folderOf('odd', {}, false);
  writeFileSync(path.join(odd, 'cfg.json'), '{');
  await refused(odd, /"cfg\.json" is no JSON/);
  writeFileSync(path.join(odd, 'cfg.json'), Buffer.alloc(2 ** 21, 32));
  await refused(odd, /"cfg\.json" is larger than 1 MB/);
  const folder = folderOf('sound', {}, false);
  await assert.rejects(readFeature(folder, {}), { message: /holds a sparse autoencoder\.$/ });
  assert.equal(await hookLayer(folder), undefined);
  assert.equal(await hookLayer(folderOf('pre', { hook_name: 'blocks.0.hook_resid_pre' }, false)), 'embeddings');
  assert.equal(await hookLayer(folderOf('post', { hook_name: 'blocks.8.hook_resid_post' }, false)), 8);
  await assert.rejects(readFeature(folder, { row: FEATURES }), { message: /has no column 9\.$/ });
  await assert.rejects(readFeature(folder, { row: 0, hiddenSize: 7 }), { message: /columns of 6 numbers; .* have 7/ });
  await assert.rejects(strongestFeatures(folder, new Float32Array(7), 3), { message: /takes vectors of 6 numbers/ });
});

test('a probe has the bias beside it', async () => {
  const file = givenBytes(
    'probe.safetensors',
    Buffer.concat([
      headerOf({ 'probe.weight': [2, 3], 'probe.bias': [2] }).header,
      Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6, 0.25, -0.5).buffer),
    ]),
  );
  const feature = await featureOf(file, { key: 'probe.weight', row: 1 });
  assert.deepEqual(
    [[...feature.vector], feature.bias, feature.threshold, feature.name],
    [[4, 5, 6], -0.5, null, 'probe.safetensors:probe.weight#1'],
  );
});

test('columns are those of the matrix, however it is stored', async () => {
  const rows = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  const data = Float32Array.from(rows.flat());
  const turned = Float32Array.of(1, 4, 2, 5, 3, 6);
  const fortran = Buffer.from(npy(turned, [2, 3]));
  fortran.write("'fortran_order': True, ", fortran.indexOf("'fortran_order'"), 'latin1');
  for (const file of [
    givenBytes('c.npy', npy(data, [2, 3])),
    givenBytes('f.npy', fortran),
    givenBytes('j.json', Buffer.from(JSON.stringify(rows))),
  ])
    for (let column = 0; column < 3; column++) {
      const { vector, name } = await readVector(file, { column });
      assert.deepEqual([...vector], [rows[0]?.[column], rows[1]?.[column]], name);
      assert.equal(name, `${file.name}#,${column}`);
    }
});

test('a feature of 24,576 opens in place: of 151 MB its own numbers and biases are read', async () => {
  const [width, features] = [768, 24_576];
  const big = { W_enc: [width, features], W_dec: [features, width], b_enc: [features], b_dec: [width] };
  const { header, size } = headerOf(big);
  let read = 0;
  /** Each number is its place in the file, modulo 1000. */
  const file: GivenFile = {
    name: 'sae_weights.safetensors',
    size: header.length + size,
    read(offset, length) {
      read += length;
      const bytes = Buffer.alloc(length);
      for (let i = 0; i < length; i++) bytes[i] = header[offset + i] ?? 0;
      for (let at = Math.max(offset, header.length); at + 4 <= offset + length; at += 4)
        bytes.writeFloatLE(((at - header.length) / 4) % 1000, at - offset);
      return Promise.resolve(bytes);
    },
  };
  const { vector } = await featureOf(file, { row: 17, hiddenSize: width });
  assert.deepEqual(
    vector,
    Float32Array.from({ length: width }, (_, row) => (row * features + 17) % 1000),
  );
  assert.ok(read < 2 ** 18, `${read} bytes of ${file.size}`);
});
