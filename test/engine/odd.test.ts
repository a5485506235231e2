import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import * as v from 'valibot';
import { computeMap } from '../../src/engine/client.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { attribute } from '../../src/onnx/graph.js';
import { ModelProtoSchema } from '../../src/onnx/proto/onnx_pb.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { givenPlane } from './givenPlane.js';
import { type EngineHere, withEngineHere } from './engineHere.js';
import { assertSentence, faultOf } from './sentences.js';
import { temporaryFolder } from './temporary.js';

/** Odd models, sound and unsound: see test/fixtures/odd/make.py for how they and their answers were made. */

const folder = join(import.meta.dirname, '..', 'fixtures', 'odd');
const caseSchema = v.object({ layer: v.number(), ids: v.array(v.number()), logProbabilities: v.string() });
const soundSchema = v.object({
  about: v.string(),
  tolerance: v.number(),
  blocks: v.number(),
  residual: v.optional(v.array(v.string())),
  numberType: v.optional(v.string(), 'float32'),
  c: v.string(),
  u: v.string(),
  v: v.string(),
  cases: v.array(caseSchema),
});
const oddSchema = v.object({
  vocabulary: v.number(),
  hidden: v.number(),
  models: v.record(v.string(), v.union([soundSchema, v.object({ about: v.string(), refused: v.string() })])),
});
type Sound = v.InferOutput<typeof soundSchema>;
const { vocabulary, hidden, models } = v.parse(oddSchema, JSON.parse(readFileSync(join(folder, 'odd.json'), 'utf8')));

describe('odd models', () => {
  for (const [name, odd] of Object.entries(models)) {
    const path = join(folder, name, 'model.onnx');
    if ('refused' in odd)
      test(`${name} (${odd.about}) is refused`, async () => {
        await withEngineHere(async (engine) => {
          const fault = await faultOf(engine.call('open', { path, device: 'cpu' }));
          assert.equal(fault.code, 'model-unsupported', fault.message);
          assert.match(`${fault.message} ${fault.hint ?? ''}`, new RegExp(odd.refused));
          assertSentence(fault);
        });
      });
    else
      test(`${name}: ${odd.about}`, async () => {
        await withEngineHere((engine) => check(engine, path, odd));
      });
  }
});

async function check(engine: EngineHere, path: string, odd: Sound): Promise<void> {
  const description = await engine.call('open', { path, device: 'cpu' });
  assert.equal(description.facts.blocks, odd.blocks);
  assert.equal(description.facts.hiddenSize, hidden);
  assert.equal(description.facts.vocabularySize, vocabulary);
  assert.equal(description.facts.numberType, odd.numberType);
  if (odd.residual)
    assert.deepEqual(
      description.residual.map(({ tensor }) => tensor),
      odd.residual,
    );
  for (const { name, outcome, detail } of description.checks) assert.notEqual(outcome, 'failed', `${name}: ${detail}`);
  for (const one of odd.cases) {
    const map = await mapOf(engine, odd, one.layer, one.ids);
    const worst = worstDifference(map, floats(one.logProbabilities));
    assert.ok(worst <= odd.tolerance, `layer ${one.layer} after ${one.ids.length} tokens: ${worst}`);
  }
}

function mapOf(
  engine: EngineHere,
  odd: Sound,
  layer: number,
  ids: readonly number[],
  more: Partial<MapParameters> = {},
) {
  const parameters: MapParameters = {
    ...DEFAULT_PARAMETERS,
    layer: layer < 0 ? 'embeddings' : layer,
    context: ids.length === 0 ? { kind: 'none' } : { kind: 'tokens', ids },
    plane: givenPlane(odd),
    grid: { columns: 2, rows: 2, spacing: 1, center: [0, 0] },
    topK: vocabulary,
    ...more,
  };
  return computeMap(engine, { parameters, batchSize: 100 });
}

const floats = (base64: string): Float32Array =>
  new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

/** Largest difference in log-probability, of any token in any cell. */
function worstDifference({ cells }: TokenMap, truth: Float32Array): number {
  assert.equal(cells.ids.length, truth.length);
  assert.ok(cells.computed.every((one) => one === 1));
  let worst = 0;
  for (let i = 0; i < cells.ids.length; i++) {
    const cell = Math.floor(i / vocabulary);
    const expected = truth[cell * vocabulary + (cells.ids[i] ?? -1)] ?? NaN;
    const difference = Math.abs(Math.log(cells.probabilities[i] ?? 0) - expected);
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }
  return worst;
}

function soundOne(name: string): Sound {
  const odd = models[name];
  assert.ok(odd && 'cases' in odd);
  return odd;
}

test('a head narrower than the stream has no bare unembedding, and says why', async () => {
  await withEngineHere(async (engine) => {
    const { readouts } = await engine.call('open', { path: join(folder, 'narrow-head'), device: 'cpu' });
    assert.ok(
      !readouts.unembed.ok && readouts.unembed.reason.includes('reads 6 dimensions, the residual stream has 8'),
    );
    const fault = await faultOf(mapOf(engine, soundOne('narrow-head'), 1, [], { readout: 'unembed' }));
    assert.equal(fault.code, 'bad-parameter');
    assertSentence(fault);
  });
});

test('embeddings that come in take no prompt, and say so', async () => {
  await withEngineHere(async (engine) => {
    const { contexts } = await engine.call('open', { path: join(folder, 'embeds'), device: 'cpu' });
    assert.ok(!contexts.prompt.ok && contexts.prompt.reason.includes('embeddings instead of token ids'));
    const fault = await faultOf(mapOf(engine, soundOne('embeds'), 0, [1, 2]));
    assert.equal(fault.code, 'bad-parameter', fault.message);
    assertSentence(fault);
  });
});

test('masks are told by their effect where the checks are left out, as for large models', async () => {
  for (const name of ['mask-ignore-bool', 'mask-square-hidden', 'mask-square-with-padding']) {
    const odd = soundOne(name);
    await withEngineHere(async (engine) => {
      const { checks } = await engine.call('open', { path: join(folder, name), device: 'cpu', skipChecks: true });
      assert.ok(checks.every(({ outcome }) => outcome === 'skipped'));
      for (const one of odd.cases)
        assert.ok(
          worstDifference(await mapOf(engine, odd, one.layer, one.ids), floats(one.logProbabilities)) <= odd.tolerance,
        );
    });
  }
  await withEngineHere(async (engine) => {
    await engine.call('open', { path: join(folder, 'mask-scale'), device: 'cpu', skipChecks: true });
    const fault = await faultOf(mapOf(engine, soundOne('mask-2d'), 0, [1, 2]));
    assert.match(fault.message, /What the input "attention_mask" means cannot be told/);
  });
});

test('a past that rolls within the window is as one that grows', async () => {
  const from = join(folder, '..', 'models', 'genai-int4-qwen2');
  const answers = (attributes: Readonly<Record<string, bigint>>): Promise<number[]> => {
    const to = temporaryFolder();
    for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
    const model = fromBinary(ModelProtoSchema, readFileSync(join(from, 'model.onnx')));
    for (const n of model.graph?.node.filter(({ opType }) => opType === 'GroupQueryAttention') ?? [])
      n.attribute = [
        ...n.attribute.filter(({ name }) => !(name in attributes)),
        ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      ];
    writeFileSync(join(to, 'model.onnx'), toBinary(ModelProtoSchema, model));
    const ids = [3, 1, 4, 1, 5, 9, 2, 6];
    return withEngineHere(async (engine) => {
      await engine.call('open', { path: to, device: 'cpu' });
      const parameters: MapParameters = {
        ...DEFAULT_PARAMETERS,
        layer: 0,
        context: { kind: 'tokens', ids },
        plane: { ...DEFAULT_PARAMETERS.plane, center: { kind: 'tokens', ids } },
        grid: { columns: 2, rows: 2, spacing: 1, center: [0, 0] },
      };
      return [...(await computeMap(engine, { parameters, batchSize: 4 })).cells.probabilities];
    });
  };
  const grows = await answers({ local_window_size: 3n });
  assert.deepEqual(await answers({ local_window_size: 3n, sliding_window_cache: 1n }), grows);
  assert.notDeepEqual(await answers({}), grows);
});

// Links need a right of their own on Windows.
if (process.platform !== 'win32')
  test('a snapshot of the Hugging Face cache, all links into blobs', async () => {
    const hub = join(temporaryFolder(), 'models--someone--odd');
    const snapshot = join(hub, 'snapshots', '0123abc', 'onnx');
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(join(hub, 'blobs'));
    const put = (name: string, bytes: Uint8Array | string): void => {
      const blob = `blob-of-${basename(name)}`;
      writeFileSync(join(hub, 'blobs', blob), bytes);
      symlinkSync(join('..', '..', '..', 'blobs', blob), join(snapshot, name));
    };
    const from = join(folder, 'external-many');
    for (const name of readdirSync(from)) put(name, readFileSync(join(from, name)));
    await withEngineHere((engine) => check(engine, join(snapshot, 'model.onnx'), soundOne('external-many')));
  });
