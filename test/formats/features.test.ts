import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { featureOf, hookLayer, readDirection, readFeature, strongestFeatures } from '../../src/formats/features.js';
import { type GivenFile, givenBytes, readVector } from '../../src/formats/vectorFile.js';
import { npy } from '../../src/formats/npy.js';
import { activation } from '../../src/map/questions.js';
import type { StrongFeature } from '../../src/map/strongFeatures.js';
import { randomNumbers } from '../map/syntheticMap.js';
import { temporaryFolder } from './assets.js';
import { drawnSae, writeSaeFolder } from './saeFolder.js';

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
const random = randomNumbers(7);
const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => random() * 2 - 1);
const sae = drawnSae(WIDTH, FEATURES);
const folderOf = (name: string, configuration: unknown, jumps: boolean): string =>
  writeSaeFolder(path.join(temporaryFolder(), name), sae, configuration, jumps);

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

/** Features that are told must be these, one after another the strongest. */
function assertStrongest(
  told: readonly StrongFeature[],
  expected: readonly number[],
  most: number,
  name: string,
): void {
  const wanted = expected
    .map((value, feature) => ({ feature, value }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value)
    .slice(0, most);
  assert.deepEqual(
    told.map(({ feature }) => feature),
    wanted.map(({ feature }) => feature),
    name,
  );
  told.forEach(({ activation: one }, i) => {
    const right = wanted[i]?.value ?? NaN;
    assert.ok(Math.abs(one - right) < 1e-5 * (1 + Math.abs(right)), `${name}: ${one}, not ${right}`);
  });
}

const FIXTURES = path.join(import.meta.dirname, '..', 'fixtures', 'saes');
const truth = JSON.parse(readFileSync(path.join(FIXTURES, 'truth.json'), 'utf8')) as {
  readonly vectors: readonly number[][];
  readonly activations: Readonly<Record<string, readonly number[][]>>;
};

for (const [name, all] of Object.entries(truth.activations))
  test(`features of SAELens’ own folder "${name}" are what SAELens computes`, async () => {
    const folder = path.join(FIXTURES, name);
    // Its numbers are rounded to eight bits, and so are those that it computes.
    const near = name.includes('bfloat16') ? 0.05 : 1e-5;
    for (const [i, numbers] of truth.vectors.entries()) {
      const [h, expected] = [Float32Array.from(numbers), all[i] ?? []];
      const { sae, active, strongest } = await strongestFeatures(folder, h, 4);
      assert.deepEqual([sae.name, sae.features], [name, expected.length]);
      if (near < 0.01) {
        assertStrongest(strongest, expected, 4, name);
        assert.equal(active, expected.filter((value) => value > 0).length);
      }
      for (const { feature, activation: one, direction } of strongest) {
        assert.ok(Math.abs(one - (expected[feature] ?? NaN)) < near * (1 + one), `${name} ${feature}: ${one}`);
        const { vector } = await readVector(
          givenBytes('w', readFileSync(path.join(folder, 'sae_weights.safetensors'))),
          {
            key: 'W_dec',
            row: feature,
          },
        );
        assert.deepEqual(direction, vector);
        // As a question it has the same answer, but that of one that keeps the largest few knows nothing of others.
        const asked = await readFeature(folder, { row: feature, hiddenSize: h.length });
        const product = h.reduce((sum, value, at) => sum + value * (asked.vector[at] ?? 0), 0);
        assert.ok(Math.abs(activation(asked, product) - one) < 1e-4 * (1 + one), `${name} ${feature}`);
      }
      if (/topk|before/.test(name) && !/batch|matryoshka/.test(name)) continue;
      for (const [row, right] of expected.entries()) {
        const asked = await readFeature(folder, { row, hiddenSize: h.length });
        const told = activation(
          asked,
          h.reduce((sum, value, at) => sum + value * (asked.vector[at] ?? 0), 0),
        );
        assert.ok(Math.abs(told - right) < near * (1 + right), `${name} ${row}: ${told}, not ${right}`);
      }
    }
  });

const OTHERS = path.join(FIXTURES, 'others');
const others = JSON.parse(readFileSync(path.join(OTHERS, 'truth.json'), 'utf8')) as typeof truth;
/** What each says of itself: by its folders alone. */
const LAYERS: Readonly<Record<string, { readonly hook: string; readonly layer: number; readonly decoder: string }>> = {
  'layers.1': { hook: 'layers.1', layer: 1, decoder: 'W_dec' },
  'gpt_neox.layers.0': { hook: 'gpt_neox.layers.0', layer: 0, decoder: 'W_dec' },
  'layer_1/width_16k/average_l0_71': { hook: 'layer_1', layer: 1, decoder: 'W_dec' },
  'resid_post/layer_0_width_16k_l0_medium': { hook: 'layer_0', layer: 0, decoder: 'w_dec' },
};

for (const [place, all] of Object.entries(others.activations))
  test(`features of "${place}" are what sparsify and Gemma Scope compute`, async () => {
    const folder = path.join(OTHERS, place);
    const { hook, layer, decoder } = LAYERS[place] ?? assert.fail(place);
    const name = place.replace('resid_post/', '');
    assert.equal(await hookLayer(folder), layer);
    for (const [i, numbers] of others.vectors.entries()) {
      const [h, expected] = [Float32Array.from(numbers), all[i] ?? []];
      const { sae: facts, active, strongest } = await strongestFeatures(folder, h, 11);
      assert.deepEqual(facts, { name, features: expected.length, hook, layer });
      assertStrongest(strongest, expected, 11, place);
      assert.equal(active, expected.filter((value) => value > 0).length);
      for (const { feature, activation: one, direction } of strongest) {
        const { vector: axis, name: called } = await readDirection(folder, { row: feature, hiddenSize: h.length });
        assert.deepEqual([direction, called], [axis, `${name}#${feature}`]);
        const right = await readDirection(folder, { key: decoder, row: feature });
        assert.deepEqual(axis, right.vector);
        const asked = await readFeature(folder, { row: feature, hiddenSize: h.length });
        assert.equal(asked.name, `${name}#${feature} (${hook})`);
        const product = h.reduce((sum, value, at) => sum + value * (asked.vector[at] ?? 0), 0);
        assert.ok(Math.abs(activation(asked, product) - one) < 1e-4 * (1 + one), `${place} ${feature}`);
      }
    }
  });

test('what sparsify says of another kind, or does not say, is refused by name', async () => {
  const h = numbers(6);
  const copy = (name: string): string => {
    const folder = path.join(temporaryFolder(), name);
    cpSync(path.join(OTHERS, 'layers.1'), folder, { recursive: true });
    return folder;
  };
  const stated = JSON.parse(readFileSync(path.join(OTHERS, 'layers.1', 'cfg.json'), 'utf8')) as Record<string, unknown>;
  for (const [changes, says] of [
    [{ k: -3 }, /without the number "k"/],
    [{ k: 0 }, /without the number "k"/],
    [{ k: null }, /without the number "k"/],
    [{ activation: 'groupmax' }, /architecture "groupmax"/],
    [{ transcode: true }, /transcoder/],
    [{ skip_connection: true }, /transcoder/],
    [{ signed: true }, /may be negative/],
  ] as const) {
    const folder = copy(`other ${JSON.stringify(changes).replaceAll(/\W/g, '')}`);
    writeFileSync(path.join(folder, 'cfg.json'), JSON.stringify({ ...stated, ...changes }));
    await assert.rejects(strongestFeatures(folder, h, 3), says);
    await assert.rejects(readFeature(folder, { row: 1 }), says);
  }
  const silent = copy('silent');
  rmSync(path.join(silent, 'cfg.json'));
  await assert.rejects(strongestFeatures(silent, h, 3), /"cfg.json" is missing beside the weights/);
  await assert.rejects(strongestFeatures(copy('layers.2'), numbers(7), 3), /takes vectors of 6 numbers/);
  await assert.rejects(readFeature(copy('layers.3'), { key: 'encoder.weight', column: 2 }), /its rows are/);
  await assert.rejects(readFeature(copy('layers.4'), { row: 11 }), /11/);
  assert.equal(await hookLayer(copy('layers.5.mlp')), undefined);
  assert.equal(await hookLayer(copy('h.7')), 7);
});

test('weights alone are a JumpReLU where they have thresholds, however their matrix lies', async () => {
  const h = numbers(WIDTH);
  const folder = folderOf('unnamed', undefined, true);
  const expected = activations(h, true, false);
  assertStrongest((await strongestFeatures(folder, h, FEATURES)).strongest, expected, FEATURES, 'unnamed');
  // However it was named, by a person or in a dialog that chooses files, it is the folder's.
  for (const place of [folder, `${folder}/`, path.join(folder, 'sae_weights.safetensors')])
    assert.equal((await readFeature(place, { row: 2 })).name, 'unnamed#2');
  // By columns, in an archive as numpy compresses it, the same; and without a decoder there is no direction.
  const turned = new Float32Array(WIDTH * FEATURES);
  sae.W_enc.forEach((value, at) => (turned[(at % FEATURES) * WIDTH + Math.floor(at / FEATURES)] = value));
  const fortran = Buffer.from(npy(turned, [WIDTH, FEATURES]));
  fortran.write("'fortran_order': True, ", fortran.indexOf("'fortran_order'"), 'latin1');
  const vectors = { b_enc: npy(sae.b_enc, [FEATURES]), threshold: npy(sae.threshold, [FEATURES]) };
  const file = path.join(temporaryFolder(), 'params.npz');
  for (const [matrix, level] of [
    [fortran, 0],
    [npy(sae.W_enc, [WIDTH, FEATURES]), 9],
  ] as const) {
    const members = Object.entries({ W_enc: matrix, ...vectors }).map(([key, bytes]) => [`${key}.npy`, bytes] as const);
    writeFileSync(file, zipSync(Object.fromEntries(members), { level }));
    const { strongest, sae: facts } = await strongestFeatures(file, h, FEATURES);
    assertStrongest(strongest, expected, FEATURES, `level ${level}`);
    assert.deepEqual([facts.name, facts.hook, strongest[0]?.direction], ['params.npz', null, null]);
  }
});

test('what is no feature here says so in a sentence', async () => {
  const refused = (folder: string, message: RegExp) => assert.rejects(readFeature(folder, { row: 0 }), { message });
  await refused(folderOf('gated', { architecture: 'gated' }, false), /architecture "gated".* more than a sum/);
  for (const architecture of ['abstopk', 'transcoder', 'temporal', 'matching_pursuit', 'x'.repeat(300)]) {
    const folder = folderOf(`no-${architecture.slice(0, 20)}`, { architecture }, false);
    await refused(folder, /names the architecture ".{1,60}", whose/);
    await assert.rejects(strongestFeatures(folder, numbers(WIDTH), 3), { message: /names the architecture ".{1,60}"/ });
  }
  await refused(folderOf('few', { architecture: 'topk' }, false), /"topk" without the number "k"/);
  await refused(folderOf('low', { architecture: 'jumprelu' }, false), /"jumprelu", and there is no "threshold"/);
  await refused(folderOf('tanh', { activation_fn_str: 'tanh-relu' }, false), /names the architecture "tanh-relu"/);
  for (const normalize_activations of ['constant_norm_rescale', 'covariance_whitening'])
    await refused(folderOf(normalize_activations, { normalize_activations }, false), /vectors are normalized/);
  await refused(folderOf('scaled', { normalize_activations: 'layer_norm' }, false), /vectors are normalized/);
  await refused(folderOf('list', [1], false), /no configuration of a sparse autoencoder/);
  const odd = folderOf('odd', {}, false);
  writeFileSync(path.join(odd, 'cfg.json'), '{');
  await refused(odd, /"cfg\.json" is no JSON/);
  writeFileSync(path.join(odd, 'cfg.json'), Buffer.alloc(2 ** 21, 32));
  await refused(odd, /"cfg\.json" is larger than 1 MB/);
  const folder = folderOf('sound', {}, false);
  const hint = /W_enc#,2, or .* #2\.$/;
  await assert.rejects(readFeature(folder, { key: 'W_enc', row: 2 }), { message: /^A row of .* is no feature/, hint });
  await refused(temporaryFolder(), /is a folder without a sparse autoencoder\.$/);
  await assert.rejects(readFeature(folder, {}), { message: /holds a sparse autoencoder\.$/ });
  assert.equal(await hookLayer(folder), undefined);
  assert.equal(await hookLayer(folderOf('pre', { hook_name: 'blocks.0.hook_resid_pre' }, false)), 'embeddings');
  assert.equal(await hookLayer(folderOf('post', { hook_name: 'blocks.8.hook_resid_post' }, false)), 8);
  await assert.rejects(readFeature(folder, { row: FEATURES }), { message: /has no column 9\.$/ });
  await assert.rejects(readFeature(folder, { row: 0, hiddenSize: 7 }), { message: /columns of 6 numbers; .* have 7/ });
  await assert.rejects(strongestFeatures(folder, new Float32Array(7), 3), { message: /takes vectors of 6 numbers/ });
});

test('of an autoencoder that is read in several pieces each feature has its own sum and norm', async () => {
  const features = 200_000;
  const large = drawnSae(WIDTH, features);
  const configuration = { architecture: 'topk', k: 5, rescale_acts_by_decoder_norm: true };
  const folder = writeSaeFolder(path.join(temporaryFolder(), 'large'), large, configuration);
  const h = numbers(WIDTH);
  const expected = Array.from(large.b_enc, (bias, f) => {
    const sum = h.reduce(
      (s, value, i) => s + (value - (large.b_dec[i] ?? 0)) * (large.W_enc[i * features + f] ?? 0),
      bias,
    );
    return Math.max(0, sum) * Math.hypot(...large.W_dec.subarray(f * WIDTH, (f + 1) * WIDTH));
  });
  assertStrongest((await strongestFeatures(folder, h, 20)).strongest, expected, 5, 'large');
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

test('a vector has no bias of its own', async () => {
  const file = givenBytes('v.json', Buffer.from(JSON.stringify({ v: [7, 2, 3], w: [1, 2, 3] })));
  assert.equal((await featureOf(file, { key: 'v' })).bias, 0);
});

test('what an autoencoder claims of itself is checked before anything is added up', async () => {
  const h = numbers(WIDTH);
  const strongest = (
    name: string,
    over: Readonly<Record<string, readonly number[]>>,
    bytes = 4096,
    configuration?: object,
  ) => {
    const folder = path.join(temporaryFolder(), name);
    mkdirSync(folder);
    if (configuration) writeFileSync(path.join(folder, 'cfg.json'), JSON.stringify(configuration));
    const weights = path.join(folder, 'sae_weights.safetensors');
    writeFileSync(weights, headerOf(over).header);
    truncateSync(weights, headerOf(over).header.length + bytes);
    return strongestFeatures(folder, h, 3);
  };
  const rejects = (told: Promise<unknown>, message: RegExp) => assert.rejects(told, { name: 'Fault', message });
  // A file of 100 GB, as large as it says: no hidden states are so wide, and no such rows are read.
  const huge = { W_enc: [12_500, 2_000_000] };
  await rejects(
    strongest('huge', huge, 1e11),
    /"sae_weights.safetensors" has an encoder of no use: its vectors have more/,
  );
  await rejects(strongest('wide', { W_enc: [25_000, 1_000_000] }, 1e11), /takes vectors of 25000 numbers; .* have 6\./);
  await rejects(strongest('liar', { W_enc: [WIDTH, 1_000_000] }), /is damaged or cut off/);
  await rejects(strongest('none', { W: [WIDTH, 9] }, 4 * WIDTH * 9), /holds no encoder "W_enc"/);
  await rejects(
    strongest('odd', { W_enc: [WIDTH, 9], b_enc: [5] }, 4 * (WIDTH * 9 + 5)),
    /b_enc" has 5 numbers for 9 features/,
  );
  const shapes = { W_enc: [WIDTH, 9], W_dec: [5, WIDTH] };
  const short = strongest('short', shapes, 4 * WIDTH * (9 + 5), {
    architecture: 'topk',
    k: 2,
    rescale_acts_by_decoder_norm: true,
  });
  await rejects(short, /W_dec" has 5 rows for 9 features/);
  const folder = folderOf('nan', undefined, false);
  const weights = path.join(folder, 'sae_weights.safetensors');
  const bytes = readFileSync(weights);
  bytes.writeFloatLE(NaN, bytes.length - 4 * (sae.b_dec.length + FEATURES + 2 * WIDTH * FEATURES) + 4 * 3);
  writeFileSync(weights, bytes);
  await rejects(strongestFeatures(folder, h, 3), /holds a number that is not finite, in feature 3/);
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
