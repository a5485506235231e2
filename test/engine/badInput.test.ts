import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { computeMap, Engine } from '../../src/engine/client.js';
import { Fault, type FaultCode } from '../../src/map/fault.js';
import { type Context, DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { encodeVector } from '../../src/map/vector.js';
import { DataType, edited, node, type TensorProto, valueInfo } from '../../src/onnx/graph.js';
import { ModelProtoSchema, TensorProto_DataLocation, TensorProtoSchema } from '../../src/onnx/proto/onnx_pb.js';
import type { MapParams } from '../../src/protocol/engine.js';
import { engineFile, withEngine } from './engine.js';
import { llama, random, seededWeights, TINY } from './llama.js';
import { assertSentence, faultOf } from './sentences.js';
import { temporaryFolder } from './temporary.js';

/** Everything that can be wrong with what comes in. Each case ends in one sentence of the right kind, and the engine lives on. */

const folder = temporaryFolder();
const GOOD = llama(TINY, seededWeights()).toBytes();
const good = written('good', GOOD);

/** Puts a model into a folder of its own. */
function written(name: string, bytes: Uint8Array): string {
  mkdirSync(join(folder, name), { recursive: true });
  const file = join(folder, name, 'model.onnx');
  writeFileSync(file, bytes);
  return file;
}

/** The good model with some weights changed. */
function withWeights(change: (tensor: TensorProto) => TensorProto): Uint8Array {
  const model = fromBinary(ModelProtoSchema, GOOD);
  const graph = model.graph;
  assert.ok(graph);
  return toBinary(ModelProtoSchema, {
    ...model,
    graph: edited(graph, { initializer: graph.initializer.map(change) }),
  });
}

const only = (name: string, change: (tensor: TensorProto) => TensorProto) => (tensor: TensorProto) =>
  tensor.name === name ? change(tensor) : tensor;

const external = (tensor: TensorProto, location: string, offset = '0', length?: string): TensorProto =>
  create(TensorProtoSchema, {
    name: tensor.name,
    dims: tensor.dims,
    dataType: tensor.dataType,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: offset },
      ...(length === undefined ? [] : [{ key: 'length', value: length }]),
    ],
  });

const headBytes = 4 * TINY.hidden * TINY.vocabulary;

interface BadModel {
  readonly name: string;
  readonly code: FaultCode;
  /** What the sentence must name. */
  readonly says: RegExp;
  /** Makes the thing and gives its path. */
  readonly make: (place: string) => string;
}

const bytesCase = (name: string, code: FaultCode, says: RegExp, bytes: () => Uint8Array): BadModel => ({
  name,
  code,
  says,
  make: (place) => written(place, bytes()),
});
const textCase = (name: string, says: RegExp, text: string): BadModel =>
  bytesCase(name, 'model-broken', says, () => new TextEncoder().encode(text));
/** A model whose head lies in a file that `prepare` makes, or does not, in the model's folder. */
const externalCase = (
  name: string,
  says: RegExp,
  location: string,
  prepare: (directory: string) => void = () => undefined,
  place: readonly [offset: string, length?: string] = ['0'],
): BadModel => ({
  name,
  code: 'model-broken',
  says,
  make: (at) => {
    const file = written(at, withWeights(only('head', (t) => external(t, location, ...place))));
    prepare(join(folder, at));
    return file;
  },
});
const inlineCase = (name: string, says: RegExp, change: Partial<TensorProto>): BadModel =>
  bytesCase(name, 'model-broken', says, () => withWeights(only('head', (t) => edited(t, change))));

const BAD_MODELS: readonly BadModel[] = [
  bytesCase('an empty file', 'model-broken', /empty/, () => new Uint8Array(0)),
  textCase('a text', /text file/, 'Dear reader,\nthis is no model.\n'),
  textCase('a JSON file', /text file/, '{"model_type": "llama"}'),
  textCase(
    'a Git LFS pointer',
    /Git LFS/,
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1234567\n',
  ),
  bytesCase('zeros', 'model-broken', /not an ONNX model|makes no sense/, () => new Uint8Array(5000)),
  bytesCase('a picture', 'model-broken', /not an ONNX model|makes no sense/, () =>
    Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]),
  ),
  bytesCase('a model without a graph', 'model-broken', /no graph/, () =>
    toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n })),
  ),
  { name: 'nothing', code: 'model-not-found', says: /no model at/, make: () => join(folder, 'nowhere', 'model.onnx') },
  {
    name: 'an empty folder',
    code: 'model-not-found',
    says: /holds neither a \.onnx file nor a checkpoint/,
    make: (place) => {
      mkdirSync(join(folder, place));
      return join(folder, place);
    },
  },
  {
    name: 'a path below a file',
    code: 'model-not-found',
    says: /no model at/,
    make: () => join(good, 'model.onnx'),
  },
  { name: 'a path that is too long', code: 'model-not-found', says: /no model at/, make: () => `/${'a'.repeat(5000)}` },
  { name: 'a path with a zero', code: 'model-not-found', says: /no model at/, make: () => `${good}\0.onnx` },
  {
    name: 'a folder of several models',
    code: 'model-ambiguous',
    says: /several models: a\.onnx, b\.onnx/,
    make: (place) => {
      mkdirSync(join(folder, place));
      for (const name of ['a.onnx', 'b.onnx']) copyFileSync(good, join(folder, place, name));
      return join(folder, place);
    },
  },
  {
    name: 'a folder called model.onnx',
    code: 'model-not-found',
    says: /holds neither a \.onnx file nor a checkpoint/,
    make: (place) => {
      mkdirSync(join(folder, place, 'model.onnx'), { recursive: true });
      return join(folder, place);
    },
  },
  bytesCase('an input of absurd size', 'model-unsupported', /input "extra" of 1099511627776 x/, () => {
    const model = fromBinary(ModelProtoSchema, GOOD);
    const graph = model.graph ?? assert.fail();
    const range = graph.node.find((n) => n.opType === 'Range') ?? assert.fail();
    graph.input.push(valueInfo('extra', DataType.INT64, [2 ** 40, 2 ** 40, 3]));
    graph.node.push(node('Size', ['extra'], ['count']), node('Sub', ['count', 'count'], ['nothing']));
    range.input[0] = 'nothing';
    return toBinary(ModelProtoSchema, model);
  }),
  bytesCase('operators of an old version', 'model-unsupported', /version 9 of the ONNX operators/, () => {
    const model = fromBinary(ModelProtoSchema, GOOD);
    for (const opset of model.opsetImport) opset.version = 9n;
    return toBinary(ModelProtoSchema, model);
  }),
  bytesCase('operators of no version', 'model-broken', /which version of the operators/, () =>
    toBinary(ModelProtoSchema, { ...fromBinary(ModelProtoSchema, GOOD), opsetImport: [] }),
  ),
  inlineCase('a negative size', /"head" declares an absurd size/, { dims: [-16n, -64n] }),
  inlineCase('an absurd size', /"head" declares an absurd size/, { dims: [1n << 40n, 1n << 40n] }),
  inlineCase('a size of endless dimensions', /"head" declares an absurd size/, {
    dims: Array<bigint>(20_000).fill(1n << 60n),
  }),
  inlineCase('a size that its data have not', /"head" declares 16 x 65 .* but holds|should take/, { dims: [16n, 65n] }),
  inlineCase('an unknown number type', /"head" has an unknown number type/, { dataType: 77 }),
  externalCase('missing external data', /"head.bin" is missing/, 'head.bin'),
  externalCase('external data above the folder', /points outside/, '../good/model.onnx'),
  externalCase('external data at an absolute path', /points outside/, '/etc/hostname'),
  externalCase('external data by a detour', /points outside/, 'a/../../good/model.onnx'),
  externalCase('external data with a zero in its name', /points outside/, 'head\0.bin'),
  externalCase('external data behind a link that leads out', /leads out/, 'head.bin', (at) =>
    symlinkSync(good, join(at, 'head.bin')),
  ),
  externalCase('external data that are a folder', /not a regular file/, 'head.bin', (at) =>
    mkdirSync(join(at, 'head.bin')),
  ),
  externalCase('external data that are too short', /"head.bin" is too short/, 'head.bin', (at) =>
    writeFileSync(join(at, 'head.bin'), new Uint8Array(headBytes - 1)),
  ),
  externalCase(
    'external data at an absurd place',
    /offset of the weight "head"|too short/,
    'head.bin',
    (at) => writeFileSync(join(at, 'head.bin'), new Uint8Array(headBytes)),
    ['99999999999999999999'],
  ),
  externalCase(
    'external data before their file',
    /offset of the weight "head"/,
    'head.bin',
    (at) => writeFileSync(join(at, 'head.bin'), new Uint8Array(headBytes)),
    ['-8'],
  ),
  externalCase(
    'external data of another length',
    /should take 4096 bytes/,
    'head.bin',
    (at) => writeFileSync(join(at, 'head.bin'), new Uint8Array(headBytes)),
    ['0', '4000'],
  ),
  ...(process.platform === 'win32'
    ? []
    : [
        externalCase('external data that are a device', /leads out|not a regular file/, 'head.bin', (at) =>
          symlinkSync('/dev/zero', join(at, 'head.bin')),
        ),
        externalCase('external data that are a pipe', /not a regular file/, 'head.bin', (at) =>
          execFileSync('mkfifo', [join(at, 'head.bin')]),
        ),
        {
          name: 'a cache whose blobs are a link',
          code: 'model-broken' as const,
          says: /leads out/,
          make: (place: string) => {
            const file = written(
              join(place, 'snapshots', 'x'),
              withWeights(only('head', (t) => external(t, 'head.bin'))),
            );
            symlinkSync('/', join(folder, place, 'blobs'));
            symlinkSync(good, join(folder, place, 'snapshots', 'x', 'head.bin'));
            return file;
          },
        },
        {
          name: 'a device as a model',
          code: 'model-not-found' as const,
          says: /neither a file/,
          make: () => '/dev/zero',
        },
        {
          name: 'a pipe as a model',
          code: 'model-not-found' as const,
          says: /neither a file/,
          make: (place: string) => {
            mkdirSync(join(folder, place));
            execFileSync('mkfifo', [join(folder, place, 'model.onnx')]);
            return join(folder, place, 'model.onnx');
          },
        },
      ]),
];

test('models that are none, or broken, are refused in a sentence', async () => {
  await withEngine(async (engine) => {
    for (const [i, bad] of BAD_MODELS.entries()) {
      const fault = await faultOf(engine.call('open', { path: bad.make(`bad${i}`), device: 'cpu' }));
      assert.equal(fault.code, bad.code, `${bad.name}: ${fault.code}: ${fault.message}\n${fault.detail ?? ''}`);
      assert.match(fault.message, bad.says, bad.name);
      assertSentence(fault);
    }
    await mapOf(engine);
  });
});

test('a model cut short anywhere is refused', async () => {
  const next = random(7);
  const cuts = [1, 2, 30, ...Array.from({ length: 20 }, () => Math.floor(((next() + 1) / 2) * GOOD.length))];
  await withEngine(async (engine) => {
    for (const cut of cuts) {
      const fault = await faultOf(engine.call('open', { path: written('cut', GOOD.slice(0, cut)), device: 'cpu' }));
      assert.equal(fault.code, 'model-broken', `${cut}: ${fault.message}`);
      assertSentence(fault);
    }
  });
});

test('a model with flipped bits is refused in a sentence, or mapped', { timeout: 120_000 }, async () => {
  const next = random(11);
  let refused = 0;
  for (let i = 0; i < 12;) {
    await withEngine(async (engine) => {
      for (; i < 12; i++) {
        const bytes = GOOD.slice();
        for (let flips = 0; flips <= i; flips++) {
          const at = Math.floor(((next() + 1) / 2) * bytes.length);
          bytes[at] = (bytes[at] ?? 0) ^ (1 << (flips % 8));
        }
        const path = written(`flipped${i}`, bytes);
        try {
          await engine.call('open', { path, device: 'cpu' });
          await mapOf(engine, {}, false);
          i++;
          return; // an engine holds one model
        } catch (error) {
          assertSentence(Fault.from(error));
          refused++;
        }
      }
    });
  }
  assert.ok(refused > 0);
});

/** The good model's map, or what is asked for instead. */
async function mapOf(engine: Engine, change: Partial<MapParameters> = {}, open = true) {
  if (open) await engine.call('open', { path: good, device: 'cpu' });
  const grid = { columns: 3, rows: 3, spacing: 1, center: [0, 0] } as const;
  return computeMap(engine, { parameters: { ...DEFAULT_PARAMETERS, grid, ...change }, batchSize: 100 });
}

/** What no type allows, and a file or a page may still hand in. */
const wrong = (value: unknown): MapParams['parameters'] => value as MapParams['parameters'];

test('parameters that no map has are refused, whoever asks', async () => {
  const grid = { columns: 3, rows: 3, spacing: 1, center: [0, 0] };
  const nan = encodeVector(Float32Array.from({ length: 16 }, (_, i) => (i === 3 ? NaN : 1)));
  const infinite = encodeVector(Float32Array.from({ length: 16 }, () => Infinity));
  const ones = encodeVector(new Float32Array(16).fill(1));
  const zeros = encodeVector(new Float32Array(16));
  const along = (x: string, y: string) => ({
    axes: { method: 'directions', x: { kind: 'vector', vector: x }, y: { kind: 'vector', vector: y } },
  });
  const BAD: readonly (readonly [says: RegExp, change: object])[] = [
    ...[0, -1, 1.5, 100_000, NaN, Infinity, '50', null].flatMap((side) => [
      [/^Grid columns must be/, { grid: { ...grid, columns: side } }] as const,
      [/^Grid rows must be/, { grid: { ...grid, rows: side } }] as const,
    ]),
    ...[0, -1, NaN, Infinity, '1'].map((spacing) => [/^Spacing must be/, { grid: { ...grid, spacing } }] as const),
    ...[NaN, -Infinity, 1e300].map((x) => [/^Middle x must be/, { grid: { ...grid, center: [x, 0] } }] as const),
    [/layer 2 does not exist/i, { layer: 2 }],
    [/layer must be/i, { layer: -1 }],
    [/layer must be/i, { layer: 0.5 }],
    [/layer must be/i, { layer: NaN }],
    [/^Readout must be/, { readout: 'guess' }],
    [/no dimension 16/, { plane: { axes: { method: 'direct', dimensions: [0, 16] }, center: { kind: 'origin' } } }],
    [/both 3/, { plane: { axes: { method: 'direct', dimensions: [3, 3] }, center: { kind: 'origin' } } }],
    [/not finite/, { plane: along(nan, ones) }],
    [/not finite/, { plane: along(ones, infinite) }],
    [/not finite/, { plane: { axes: { method: 'replicated' }, center: { kind: 'vector', vector: nan } } }],
    [/has 1 number;/, { plane: along(ones, encodeVector(new Float32Array(1))) }],
    [/has 15 numbers/, { plane: along(ones, encodeVector(new Float32Array(15))) }],
    [/parallel/, { plane: { ...along(ones, ones), orthogonal: true } }],
    [/x axis is zero/, { plane: { ...along(zeros, ones), lengths: 'unit' } }],
    [/only where the axes are/, { plane: { axes: { method: 'replicated' }, center: { kind: 'texts' } } }],
    [/no position 3/, { context: { kind: 'tokens', ids: [1, 2, 3], position: 3 } }],
    [/no position -4/, { context: { kind: 'tokens', ids: [1, 2, 3], position: -4 } }],
    [/no position sees another/, { context: { kind: 'tokens', ids: [1, 2, 3], position: 0 } }],
    [/needs a prompt/, { question: { kind: 'divergence' } }],
    [/Token 64 does not exist/, { question: { kind: 'probability', token: 64 } }],
    [/are the same/, { question: { kind: 'difference', first: 5, second: 5 } }],
    [/is masked/, { question: { kind: 'probability', token: 5 }, masked: [5] }],
    [/are masked/, { question: { kind: 'set', tokens: [5, 6] }, masked: [6, 5] }],
    [/No token of the vocabulary matches/, { alsoAsked: [{ kind: 'pattern', pattern: 'xyzzy' }] }],
    [/is no regular expression/, { question: { kind: 'pattern', pattern: '(' } }],
    [
      /feature sae#17 has 15 numbers/,
      {
        question: {
          kind: 'feature',
          vector: encodeVector(new Float32Array(15)),
          bias: 0,
          threshold: null,
          name: 'sae#17',
        },
      },
    ],
    [/only 9 are left/, { masked: Array.from({ length: 55 }, (_, id) => id) }],
    [/seed must be/i, { plane: { axes: { method: 'random_projection', seed: 2 ** 40 } } }],
    [/top-k must be/i, { topK: 1 }],
    [/knows only 64/, { topK: 65 }],
    [/Token 64 does not exist/, { context: { kind: 'tokens', ids: [1, 64] } }],
    [/no BOS/, { context: { kind: 'bos' } }],
  ];
  await withEngine(async (engine) => {
    await engine.call('open', { path: good, device: 'cpu' });
    for (const [says, change] of BAD) {
      const parameters = wrong({ ...DEFAULT_PARAMETERS, grid, ...change });
      const fault = await faultOf(engine.call('map', { parameters, batchSize: 100 }));
      assert.equal(fault.code, 'bad-parameter', `${JSON.stringify(change)}: ${fault.message}`);
      assert.match(fault.message, says);
      assertSentence(fault);
      await faultOf(computeMap(engine, { parameters, batchSize: 100 }));
    }
    for (const batchSize of [0, -1, 1.5, NaN, 1e9])
      assertSentence(await faultOf(engine.call('map', { parameters: DEFAULT_PARAMETERS, batchSize })));
    for (const only of [Int32Array.of(-1), Int32Array.of(2500)])
      assertSentence(await faultOf(engine.call('map', { parameters: DEFAULT_PARAMETERS, batchSize: 1, only })));
    const at = { parameters: DEFAULT_PARAMETERS, x: 0, y: 0 };
    for (const x of [NaN, Infinity]) assertSentence(await faultOf(engine.call('point', { ...at, x })));
    for (const tokens of [NaN, 0, 1.5, 1e9]) assertSentence(await faultOf(engine.call('continue', { ...at, tokens })));
    const prompt: Context = { kind: 'prompt', text: 'Hello' };
    const typical = { ...DEFAULT_PARAMETERS.plane, lengths: 'typical' } as const;
    for (const change of [{ context: prompt }, { plane: typical }, { masked: [' the'] }])
      assert.equal((await faultOf(mapOf(engine, change, false))).code, 'tokenizer');
    await mapOf(engine, {}, false);
  });
});

test('a tokenizer that is broken or another model’s costs the words, not the map', async () => {
  const vocabulary = (size: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: size }, (_, i) => [`t${i}`, i]));
  const bpe = (size: number): string =>
    JSON.stringify({ model: { type: 'BPE', vocab: vocabulary(size), merges: [] }, added_tokens: [] });
  const BAD: readonly (readonly [says: RegExp, text: string])[] = [
    [/cannot be read/, ''],
    [/cannot be read/, '{"model": {'],
    [/cannot be read/, '[1, 2]'],
    [/cannot be read/, '['.repeat(100_000)],
    [/no vocabulary/, '{}'],
    [/no vocabulary/, '{"model": {"vocab": {"a": -1, "b": 1.5, "c": "d"}}}'],
    [/another model/, bpe(1000)],
    [/another model/, bpe(5)],
    [/cannot read prompts/, JSON.stringify({ model: { type: 'Strange', vocab: vocabulary(64) } })],
  ];
  for (const [i, [says, text]] of BAD.entries()) {
    const file = written(`tokenizer${i}`, GOOD);
    writeFileSync(join(folder, `tokenizer${i}`, 'tokenizer.json'), text);
    await withEngine(async (engine) => {
      await engine.call('open', { path: file, device: 'cpu', skipChecks: true });
      const map = await mapOf(engine, {}, false);
      assert.ok(map.cells.computed.every((one) => one === 1));
      const fault = await faultOf(mapOf(engine, { context: { kind: 'prompt', text: 'a b' } }, false));
      assert.equal(fault.code, 'tokenizer', fault.message);
      assert.match(fault.message, says);
      assertSentence(fault);
      assertSentence(await faultOf(engine.call('tokenize', { text: 'a b' })));
    });
  }
});

test('configurations that are broken, pipes or folders are left aside', async () => {
  const file = written('config', GOOD);
  const beside = (name: string): string => join(folder, 'config', name);
  writeFileSync(beside('config.json'), '{"num_hidden_layers": "many", "hidden_size": -4, "text_config": []');
  writeFileSync(beside('generation_config.json'), '[]');
  mkdirSync(beside('tokenizer.json'));
  if (process.platform !== 'win32') execFileSync('mkfifo', [beside('tokenizer_config.json')]);
  await withEngine(async (engine) => {
    const { facts } = await engine.call('open', { path: file, device: 'cpu', skipChecks: true });
    assert.equal(facts.blocks, 2);
  });
});

test('a configuration that contradicts the graph refuses it', async () => {
  const file = written('contradicted', GOOD);
  for (const [says, config] of [
    [/should have 3 blocks, but 2 were found/, { num_hidden_layers: 3 }],
    [/32 dimensions, but the residual stream has 16/, { hidden_size: 32 }],
    [/encoder-decoder/, { is_encoder_decoder: true }],
  ] as const) {
    writeFileSync(join(folder, 'contradicted', 'config.json'), JSON.stringify(config));
    await withEngine(async (engine) => {
      const fault = await faultOf(engine.call('open', { path: file, device: 'cpu' }));
      assert.equal(fault.code, 'model-unsupported');
      assert.match(fault.message, says);
      assertSentence(fault);
    });
  }
});

test('weights that are not numbers leave cells out, with a word', async () => {
  const poisoned = (values: (i: number) => number) =>
    withWeights(
      only('head', (t) => {
        const data = new Float32Array(t.rawData.slice().buffer);
        return edited(t, {
          rawData: new Uint8Array(data.map((z, i) => (Number.isNaN(values(i)) ? values(i) : z * values(i))).buffer),
        });
      }),
    );
  for (const [name, bytes, every] of [
    ['nan', poisoned(() => NaN), true],
    ['one-nan', poisoned((i) => (i === 5 ? NaN : 1)), true],
    ['infinite', poisoned((i) => (i === 5 ? Infinity : 1)), false],
    ['overflow', poisoned(() => 3e38), false],
  ] as const) {
    await withEngine(async (engine) => {
      await engine.call('open', { path: written(name, bytes), device: 'cpu' });
      const map = await mapOf(engine, {}, false);
      const left = map.cells.computed.filter((one) => one === 0).length;
      if (every) assert.equal(left, 9, name);
      assert.equal(
        map.runtime.notices.filter((one) => one.includes('have no prediction')).length,
        left > 0 ? 1 : 0,
        name,
      );
      for (const p of map.cells.probabilities) assert.ok(p >= 0 && p <= 1, `${name}: ${p}`);
      for (const entropy of map.cells.entropy) assert.ok(Number.isFinite(entropy), name);
    });
  }
});

test('a model deleted, replaced or cut short while it is open', async () => {
  const split = withWeights((t) =>
    t.dims.length === 2 && t.name.startsWith('block') ? external(t, `${t.name}.bin`) : t,
  );
  const make = (name: string): string => {
    const file = written(name, split);
    for (const t of fromBinary(ModelProtoSchema, GOOD).graph?.initializer ?? [])
      if (t.dims.length === 2 && t.name.startsWith('block'))
        writeFileSync(join(folder, name, `${t.name}.bin`), t.rawData);
    return file;
  };
  const weight = (name: string): string => join(folder, name, 'block1.q.bin');
  const ACTS: readonly (readonly [name: string, says: RegExp, act: (name: string) => void])[] = [
    ['deleted', /moved or deleted|missing|no longer/, (name) => rmSync(join(folder, name), { recursive: true })],
    ['shorter', /written again|no longer/, (name) => truncateSync(weight(name), 8)],
    [
      'replaced',
      /written again|no longer/,
      (name) => {
        rmSync(weight(name));
        writeFileSync(weight(name), new Uint8Array(4 * TINY.hidden * TINY.hidden));
      },
    ],
  ];
  for (const [name, says, act] of ACTS) {
    const path = make(name);
    await withEngine(async (engine) => {
      await engine.call('open', { path, device: 'cpu' });
      const before = await mapOf(engine, { layer: 1 }, false);
      act(name);
      const after = await mapOf(engine, { layer: 1 }, false).catch((error: unknown) => Fault.from(error));
      if (after instanceof Fault) assertSentence(after);
      else assert.deepEqual(after.cells, before.cells, name);
      const fault = await faultOf(mapOf(engine, { layer: 'embeddings' }, false));
      assert.equal(fault.code, 'model-broken', fault.message);
      assert.match(fault.message, says);
      assertSentence(fault);
    });
  }
});

test('a device that is not there is refused by name, and never silently replaced', async () => {
  await withEngine(async (engine) => {
    for (const device of ['cuda', 'dml', 'coreml'] as const) {
      const answer = await engine.call('open', { path: good, device }).catch((error: unknown) => Fault.from(error));
      if (!(answer instanceof Fault)) {
        assert.equal(answer.device.used, device);
        return;
      }
      assert.equal(answer.code, 'device');
      assertSentence(answer);
    }
  });
});

test('an engine that cannot start, or dies, ends every request in a sentence', async () => {
  for (const [file, says] of [
    [join(folder, 'no-engine.cjs'), /ended unexpectedly \(exit code 1\)/],
    [engineFile, /ended unexpectedly \(signal SIG/],
  ] as const) {
    const engine = new Engine({ file });
    const opening = engine.call('open', { path: good, device: 'cpu' });
    const waiting = engine.call('tokenize', { text: 'a' }).catch((error: unknown) => Fault.from(error));
    if (file === engineFile) {
      await opening;
      process.kill(engine.pid ?? 0, 'SIGSEGV');
      await engine.ended;
      const later = await faultOf(mapOf(engine, {}, false));
      assert.equal(later.code, 'engine-died');
      assert.match(later.message, says);
    } else {
      const fault = await faultOf(opening);
      assert.equal(fault.code, 'engine-died');
      assert.match(fault.message, says);
      assertSentence(fault);
    }
    await waiting;
    await engine.dispose();
  }
});
