import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { computeMap, type Engine } from '../../src/engine/client.js';
import { differingAtMost } from '../../src/map/adaptive.js';
import { Fault } from '../../src/map/fault.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import type { CellBatch, Cells, TokenMap } from '../../src/map/tokenMap.js';
import { ModelProtoSchema } from '../../src/onnx/proto/onnx_pb.js';
import type { MapEvent, MapParams } from '../../src/protocol/engine.js';
import { withEngine } from './engine.js';
import { type EngineHere, withEngineHere } from './engineHere.js';
import { llama, random, seededWeights, TINY } from './llama.js';
import { temporaryFolder } from './temporary.js';

/** Laws that hold for any model: what a cell is does not depend on what is computed beside it, before it or after it. */

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const folder = temporaryFolder();
const tiny = join(folder, 'tiny.onnx');
writeFileSync(tiny, llama(TINY, seededWeights(3)).toBytes());

const MODELS = [
  tiny,
  ...[
    'models/optimum-past-llama_tied',
    'models/dynamo-mask-op23-sdpa-llama',
    'models/legacy-op14-opt',
    'models/fp16-dynamo-gemma3_text/model_fp16.onnx',
    'models/genai-int4-qwen2',
    'models/int8-dynamo-phi3/model_quantized.onnx',
    'odd/past',
    'odd/experts',
  ].map((name) => join(fixtures, ...name.split('/'))),
];

const PARAMETERS: MapParameters = {
  ...DEFAULT_PARAMETERS,
  grid: { columns: 9, rows: 7, spacing: 0.7, center: [0.3, -0.2] },
  topK: 4,
};
const PROMPT = { kind: 'tokens', ids: [5, 9, 2, 7] } as const;

const mapOf = (
  engine: Pick<EngineHere, 'call'>,
  change: Partial<MapParameters> = {},
  more: Partial<MapParams> = {},
): Promise<TokenMap> => computeMap(engine, { parameters: { ...PARAMETERS, ...change }, batchSize: 100, ...more });

async function opened<T>(path: string, work: (engine: EngineHere) => Promise<T>): Promise<T> {
  return withEngineHere(async (engine) => {
    await engine.call('open', { path, device: 'cpu', skipChecks: false });
    return work(engine);
  });
}

/** Cells without their arrays' identity, so that a difference is told by its first place. */
function assertSameCells(actual: Cells, expected: Cells, label: string): void {
  for (const part of ['computed', 'ids', 'probabilities', 'entropy'] as const) {
    const at = actual[part].findIndex((value, i) => !Object.is(value, expected[part][i]));
    assert.equal(at, -1, `${label}: ${part}[${at}] is ${actual[part][at] ?? ''}, not ${expected[part][at] ?? ''}`);
  }
}

const nameOf = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf('models/') + 7, path.lastIndexOf('/') + 1));

describe('a cell is the same to the last bit', () => {
  for (const path of MODELS.filter((file) => existsSync(file))) {
    test(
      `${nameOf(path)}: in whatever batch, after whatever maps, in whatever engine`,
      { timeout: 120_000 },
      async () => {
        const plans = [
          { layer: 'embeddings', context: PROMPT },
          { layer: 0 },
          { layer: 'last', readout: 'lens' },
        ] as const;
        const first = await opened(path, async (engine) => {
          const maps: TokenMap[] = [];
          for (const plan of plans) {
            const reference = await mapOf(engine, plan, { batchSize: 100 });
            maps.push(reference);
            const each = await mapOf(engine, plan, { batchSize: 100, way: 'each-cell' });
            for (const batchSize of [1, 2, 3, 7]) {
              const map = await mapOf(engine, plan, { batchSize, way: 'each-cell' });
              assertSameCells(map.cells, each.cells, `${JSON.stringify(plan)}, batches of ${batchSize}`);
            }
            const next = random(5);
            const wanted = Int32Array.from({ length: 63 }, (_, i) => i).filter(() => next() > 0.3);
            const some = await mapOf(engine, plan, { only: wanted });
            wanted.forEach((cell) => {
              assert.equal(some.cells.computed[cell], 1);
              assert.equal(some.cells.entropy[cell], reference.cells.entropy[cell], `only cell ${cell}`);
              assert.deepEqual(
                some.cells.ids.slice(cell * 4, cell * 4 + 4),
                reference.cells.ids.slice(cell * 4, cell * 4 + 4),
              );
            });
            assert.equal(
              some.cells.computed.reduce((sum, one) => sum + one, 0),
              wanted.length,
            );
          }
          // Many sessions later, and backwards.
          for (const [i, plan] of [...plans.entries()].reverse())
            assertSameCells((await mapOf(engine, plan)).cells, maps[i]?.cells ?? assert.fail(), 'again');
          return maps;
        });
        await opened(path, async (engine) => {
          for (const [i, plan] of [...plans.entries()].reverse()) {
            const map = await mapOf(engine, plan);
            const expected = first[i] ?? assert.fail();
            assertSameCells(map.cells, expected.cells, `another engine, ${JSON.stringify(plan)}`);
            assert.deepEqual(map.specification, expected.specification);
            assert.deepEqual(map.plane, expected.plane);
            assert.deepEqual(map.facts, expected.facts);
            assert.deepEqual(map.tokens, expected.tokens);
          }
        });
      },
    );
  }
});

test('forward at the last layer is the lens at any layer', async () => {
  await opened(tiny, async (engine) => {
    const forward = await mapOf(engine, { layer: 'last' });
    for (const layer of ['embeddings', 0, 1] as const)
      assertSameCells((await mapOf(engine, { layer, readout: 'lens' })).cells, forward.cells, `lens at ${layer}`);
    assertSameCells((await mapOf(engine, { context: PROMPT })).cells, forward.cells, 'with a prompt');
  });
});

test('an early picture has the cells of its map but for rounding, and the map is the one that it is without', async () => {
  for (const name of ['optimum-past-llama_tied', 'dynamo-mask-op23-sdpa-llama']) {
    const path = join(fixtures, 'models', name);
    const change = { layer: 0, context: PROMPT } as const;
    const alone = await opened(path, (engine) => mapOf(engine, change));
    const seen: CellBatch[] = [];
    const early = await opened(path, (engine) => {
      const params = { parameters: { ...PARAMETERS, ...change }, batchSize: 100, early: true as const };
      const onEvent = (event: MapEvent): void => {
        if (event.kind === 'cells' && event.passing) seen.push(event.batch);
      };
      return computeMap(engine, params, { onEvent });
    });
    assertSameCells(early.cells, alone.cells, name);
    const [batch] = seen;
    assert.equal(seen.length, name.startsWith('dynamo') ? 0 : 1, `${name}: where a prompt is kept`);
    batch?.indices.forEach((cell, i) => {
      assert.equal(batch.ids[i * 4], alone.cells.ids[cell * 4], `${name}: cell ${cell}`);
      const difference = Math.abs((batch.probabilities[i * 4] ?? 0) - (alone.cells.probabilities[cell * 4] ?? 0));
      assert.ok(difference < 1e-4, `${name}: cell ${cell} differs by ${difference}`);
    });
  }
});

test('a cancelled map ends, and the same engine answers the next request', async (context) => {
  // Nobody ends it, however long it stands still.
  context.mock.timers.enable({ apis: ['setTimeout'] });
  await withEngine(async (engine) => {
    await engine.call('open', { path: tiny, device: 'cpu' });
    const { pid } = engine;
    const large = { columns: 2000, rows: 2000, spacing: 1e-3, center: [0, 0] } as const;
    for (const layer of ['last', 'embeddings'] as const) {
      const abort = new AbortController();
      const growing = { cells: 0 };
      const thrown: unknown = await engine
        .call(
          'map',
          { parameters: { ...PARAMETERS, grid: large, layer }, batchSize: 100 },
          {
            signal: abort.signal,
            onEvent: (event) => {
              if (event.kind !== 'cells') return;
              growing.cells = event.done;
              abort.abort();
            },
          },
        )
        .catch((error: unknown) => error);
      assert.ok(thrown instanceof Fault && thrown.code === 'cancelled', String(thrown));
      assert.ok(growing.cells > 0 && growing.cells < 2000 * 2000);
      assert.ok((await mapOf(engine)).cells.computed.every((one) => one === 1));
      assert.ok(engine.alive && engine.pid === pid, 'it did not have to be ended');
    }
  });
});

test('a map that waits for another can be cancelled without harm to that one', async () => {
  await opened(tiny, async (engine) => {
    const abort = new AbortController();
    const grid = { columns: 150, rows: 150, spacing: 0.01, center: [0, 0] } as const;
    const first = mapOf(engine, { layer: 'embeddings', grid });
    const second = engine.call('map', { parameters: PARAMETERS, batchSize: 1 }, { signal: abort.signal });
    abort.abort();
    await assert.rejects(second, { code: 'cancelled' });
    assert.ok((await first).cells.computed.every((one) => one === 1));
  });
});

if (process.platform !== 'win32')
  test('a cancel ends an engine that does not answer: after a second where nobody else waits for it, else after ten', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const map = (engine: Engine, signal: AbortSignal): Promise<unknown> =>
      engine.call('map', { parameters: PARAMETERS, batchSize: 1 }, { signal });
    const stand = (engine: Engine, signal: 'SIGSTOP' | 'SIGCONT'): boolean => process.kill(engine.pid ?? 0, signal);
    const cancelled = { code: 'cancelled' };
    await withEngine(async (engine) => {
      await engine.call('open', { path: tiny, device: 'cpu' });
      stand(engine, 'SIGSTOP');
      const [abort, other] = [new AbortController(), new AbortController()];
      const first = mapOf(engine);
      const second = map(engine, abort.signal);
      abort.abort();
      context.mock.timers.tick(1000);
      await assert.rejects(second, cancelled);
      stand(engine, 'SIGCONT');
      assert.ok((await first).cells.computed.every((one) => one === 1));

      stand(engine, 'SIGSTOP');
      const [third, fourth] = [mapOf(engine), map(engine, other.signal)];
      other.abort();
      context.mock.timers.tick(1000);
      await assert.rejects(fourth, cancelled);
      assert.ok(engine.alive);
      context.mock.timers.tick(9000);
      await assert.rejects(third, cancelled);
      assert.ok(!engine.alive);
    });
    await withEngine(async (engine) => {
      await engine.call('open', { path: tiny, device: 'cpu' });
      stand(engine, 'SIGSTOP');
      const abort = new AbortController();
      const alone = map(engine, abort.signal);
      abort.abort();
      context.mock.timers.tick(1000);
      await assert.rejects(alone, cancelled);
      assert.ok(!engine.alive);
    });
  });

test('two engines at once give what each gives alone', async () => {
  const alone = await opened(tiny, (engine) => mapOf(engine, { layer: 0 }));
  const both = await Promise.all([1, 2].map(() => opened(tiny, (engine) => mapOf(engine, { layer: 0 }))));
  for (const map of both) assertSameCells(map.cells, alone.cells, 'beside another');
});

test('an adaptive map: equal in any batch, its computed cells those of the whole map, how well it fits measured', async () => {
  await opened(tiny, async (engine) => {
    const grid = { columns: 70, rows: 64, spacing: 0.05, center: [0.4, 0.3] } as const;
    const question = { kind: 'probability', token: 3 } as const;
    const change = { layer: 0, grid, question } as const;
    const whole = (await mapOf(engine, change)).cells;
    const { cells, runtime } = await mapOf(engine, { ...change, adaptive: true });
    const { filled = assert.fail() } = cells;
    const { approximation = assert.fail() } = runtime;
    assert.equal(
      filled.reduce((sum, one) => sum + one, 0),
      approximation.filled,
    );
    assert.ok(approximation.filled > 1000 && approximation.checked > 100, JSON.stringify(approximation));
    assert.ok(runtime.notices.some((notice) => notice.startsWith('Approximate: ')));
    const winner = ({ ids }: Cells, cell: number): number => ids[4 * cell] ?? -1;
    let differing = 0;
    filled.forEach((guess, cell) => {
      if (guess === 1) {
        if (winner(cells, cell) !== winner(whole, cell)) differing++;
        return;
      }
      for (const part of ['probabilities', 'ids'] as const)
        assert.deepEqual(cells[part].slice(4 * cell, 4 * cell + 4), whole[part].slice(4 * cell, 4 * cell + 4));
      for (const part of ['entropy', 'answers'] as const) assert.equal(cells[part]?.[cell], whole[part]?.[cell]);
    });
    assert.ok(differing <= differingAtMost(approximation) * approximation.filled, `${differing} differ`);

    const other = await mapOf(engine, { ...change, adaptive: true }, { batchSize: 7 });
    assertSameCells(other.cells, cells, 'batches of 7');
    assert.deepEqual(other.cells.filled, filled);
    await assert.rejects(
      mapOf(engine, { ...change, adaptive: true }, { only: Int32Array.of(1, 2) }),
      (error) => error instanceof Fault && error.code === 'bad-parameter',
    );
  });
});

test('an adaptive map of three rows is computed whole', async () => {
  await opened(tiny, async (engine) => {
    const whole = await mapOf(engine);
    const adaptive = await mapOf(engine, { adaptive: true });
    assertSameCells(adaptive.cells, whole.cells, 'three rows');
    assert.equal(adaptive.runtime.approximation, undefined);
    assert.ok(adaptive.cells.filled?.every((one) => one === 0));
  });
});

test('of equal probabilities the lower id comes first, whichever way the cell is computed', async () => {
  // The head's columns 3, 17 and 40 are the same.
  const model = fromBinary(ModelProtoSchema, llama(TINY, seededWeights(3)).toBytes());
  const head = model.graph?.initializer.find((t) => t.name === 'head') ?? assert.fail();
  const values = new Float32Array(head.rawData.slice().buffer);
  for (let row = 0; row < TINY.hidden; row++)
    for (const column of [17, 40]) values[row * TINY.vocabulary + column] = values[row * TINY.vocabulary + 3] ?? 0;
  head.rawData = new Uint8Array(values.buffer);
  const path = join(folder, 'twins.onnx');
  writeFileSync(path, toBinary(ModelProtoSchema, model));
  await opened(path, async (engine) => {
    for (const change of [{}, { readout: 'unembed' }, { layer: 0 }] as const)
      for (const more of [{}, { way: 'each-cell' }] as const) {
        const { cells } = await mapOf(engine, { ...change, topK: 64 }, more);
        for (let cell = 0; cell < 63; cell++) {
          const order = [...cells.ids.subarray(cell * 64, cell * 64 + 64)];
          const [a, b, c] = [3, 17, 40].map((id) => order.indexOf(id));
          assert.ok(
            a !== undefined && b === a + 1 && c === a + 2,
            `${JSON.stringify([change, more])}: ${String([a, b, c])}`,
          );
        }
      }
  });
});
