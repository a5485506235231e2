import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { computeMap } from '../../src/engine/client.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { emptyCellsOf, type TokenMap } from '../../src/map/tokenMap.js';
import type { Fault } from '../../src/map/fault.js';
import type { MapEvent } from '../../src/protocol/engine.js';
import { type EngineHere, withEngineHere } from './engineHere.js';
import { llama, seededWeights, TINY } from './llama.js';
import { assertSentence, faultOf } from './sentences.js';
import { sparseWeights } from './sparseWeights.js';
import { temporaryFolder } from './temporary.js';

/** Checks that run behind the first cells of a map are no less than those before it. */

const odd = (name: string): string => join(import.meta.dirname, '..', 'fixtures', 'odd', name, 'model.onnx');
const PARAMETERS: MapParameters = {
  ...DEFAULT_PARAMETERS,
  layer: 0,
  context: { kind: 'tokens', ids: [3, 5, 2, 7] },
  grid: { columns: 20, rows: 20, spacing: 0.5, center: [0, 0] },
  topK: 3,
};

/** What becomes of a map, and in which order: `u` cells not yet verified, `p` other passing ones, `c` cells that count. */
interface Told {
  order: string;
  readonly outcome: TokenMap | Fault;
  /** Cells that were there before the last event that was not of cells. */
  before: number;
}

async function told(
  path: string,
  checksBehind: boolean,
  change: Partial<MapParameters> = {},
  ask?: (engine: EngineHere) => Promise<unknown>,
): Promise<Told> {
  return withEngineHere(async (engine) => {
    const parameters = { ...PARAMETERS, ...change };
    const growing = { cells: emptyCellsOf(parameters), tokens: new Map() };
    const seen = { order: '', before: 0 };
    const onEvent = (event: MapEvent): void => {
      if (event.kind === 'notice') return;
      const isCells = event.kind === 'cells';
      const word = !isCells ? ` ${event.kind} ` : event.unverified ? 'u' : event.passing ? 'p' : 'c';
      if (isCells) assert.ok(!event.unverified || event.passing, 'nothing that is not verified counts');
      if (!isCells) seen.before = growing.cells.computed.reduce((sum, one) => sum + one, 0);
      seen.order += seen.order.endsWith(word) ? '' : word;
    };
    const outcome = async (): Promise<TokenMap | Fault> => {
      try {
        await engine.call('open', { path, device: 'cpu', ...(checksBehind ? { checksBehind } : {}) });
        await ask?.(engine);
        const params = { parameters, batchSize: 100, ...(checksBehind ? { early: true as const } : {}) };
        return await computeMap(engine, params, { growing, onEvent });
      } catch (error) {
        return faultOf(Promise.reject(error instanceof Error ? error : new Error(String(error))));
      }
    };
    return { outcome: await outcome(), ...seen };
  });
}

const cellsOf = (outcome: TokenMap | Fault): unknown => ('cells' in outcome ? outcome.cells : outcome.message);

const EXPECTED: Readonly<Record<string, string>> = {
  // Kept keys, and a mask as it usually is.
  past: ' started u verified c',
  'mask-keep-float': ' started u verified c',
  // Masks that mean otherwise: what was shown is taken back, also where it did not come that far.
  'mask-ignore-bool': ' started u anew  started pc',
  'mask-square-added': ' started u anew  started c',
  'mask-bias-flat': ' started  anew  started c',
  // Models that fail their checks, after first cells and before any.
  bidirectional: ' started u',
  'mask-scale': ' started u',
  'unknown-operator': ' started ',
};

for (const [name, expected] of Object.entries(EXPECTED))
  test(`${name}: checks behind the first cells change no map and no refusal`, async () => {
    const [first, behind] = [await told(odd(name), false), await told(odd(name), true)];
    assert.equal(behind.order, expected);
    assert.deepEqual(cellsOf(behind.outcome), cellsOf(first.outcome));
    if ('cells' in first.outcome) assert.ok(first.outcome.cells.computed.every((one) => one === 1));
    else assertSentence(first.outcome);
    assert.ok(!first.order.includes('u') && !first.order.includes('verified'), 'checked before the map');
    if (expected.includes('anew')) assert.equal(behind.before, 0, 'what was false is gone');
  });

test('nothing but a first picture is given of a model that is not yet verified', async () => {
  await withEngineHere(async (engine) => {
    await engine.call('open', { path: odd('bidirectional'), device: 'cpu', checksBehind: true });
    const parameters = PARAMETERS;
    const refusals = await Promise.all([
      faultOf(engine.call('map', { parameters, batchSize: 100 })),
      faultOf(engine.call('map', { parameters, batchSize: 100, early: true, only: Int32Array.of(1, 2) })),
      faultOf(engine.call('survey', { parameters })),
      faultOf(engine.call('point', { parameters, x: 0, y: 0 })),
      faultOf(engine.call('closer', { parameters })),
      faultOf(engine.call('continue', { parameters, x: 0, y: 0, tokens: 3 })),
      faultOf(engine.call('predict', { parameters, vectors: new Float32Array(8), batchSize: 100 })),
      faultOf(engine.call('states', { prompt: { kind: 'tokens', ids: [1, 2] }, layers: [0] })),
      faultOf(engine.call('lens', { parameters: { ...parameters, readout: 'lens' }, batchSize: 100 })),
      faultOf(engine.call('map', { parameters, batchSize: 100, early: true })),
    ]);
    for (const { message } of refusals) assert.match(message, /The model is not a decoder/);
  });
});

test('what verified a model once verifies it for all maps', async () => {
  const survey = (engine: EngineHere): Promise<unknown> => engine.call('survey', { parameters: PARAMETERS });
  assert.equal((await told(odd('past'), true, {}, survey)).order, ' started pc');
  // What a panel asks along with its first map proves nothing, and is no reason to wait.
  const first = (engine: EngineHere): Promise<unknown> =>
    engine.call('survey', { parameters: PARAMETERS, measure: false });
  assert.equal((await told(odd('past'), true, {}, first)).order, ' started u verified c');
});

/** A model of 280 MB, nearly all of it holes; `sees`: its last block sees later positions, too. */
function large(name: string, sees: boolean): string {
  const folder = join(temporaryFolder(), name);
  mkdirSync(folder, { recursive: true });
  const inline = seededWeights();
  const holes = sparseWeights(join(folder, 'weights.bin'), 'weights.bin', () => false);
  const isLarge = (dims: readonly number[]): boolean => dims.some((size) => size > 1e5);
  const graph = llama({ ...TINY, inner: 730_000 }, (weight, dims) =>
    isLarge(dims) ? holes.weights(weight, dims) : inline(weight, dims),
  );
  const { nodes } = graph;
  const mask = nodes.find(({ opType }) => opType === 'Max');
  const padding = nodes.find(({ output }) => output[0] === mask?.input[0])?.input[1] ?? assert.fail();
  const last = nodes.findLast(({ input }) => input.includes(mask?.output[0] ?? '')) ?? assert.fail();
  if (sees) last.input = last.input.map((name) => (name === mask?.output[0] ? padding : name));
  writeFileSync(join(folder, 'model.onnx'), graph.toBytes());
  holes.close();
  return folder;
}

test('a large model is checked as far as the check is a small part of the map', async () => {
  const grid = (side: number): Partial<MapParameters> => ({
    grid: { columns: side, rows: side, spacing: 0.5, center: [0, 0] },
  });
  const wrong = large('wrong', true);
  for (const behind of [true, false]) {
    const { outcome, order } = await told(wrong, behind, { ...grid(40), layer: 'embeddings' });
    assert.ok(!('cells' in outcome), 'many cells pay for all checks');
    assert.match(outcome.message, /The model is not a decoder/);
    assert.equal(order, behind ? ' started u' : ' started ');
  }
  const right = large('right', false);
  assert.equal(
    (await told(right, true, { ...grid(3), layer: 1 })).order,
    ' started c',
    'three rows cost less than a run',
  );
  const prompts = [1, 2, 3].map((id) => ({ kind: 'tokens' as const, ids: [id, 5, 9] }));
  const [center = prompts[0], x = center, y = center] = prompts;
  assert.ok(center && x && y);
  const plane = { ...DEFAULT_PARAMETERS.plane, center, axes: { method: 'directions', x, y } } as const;
  const three = await told(right, true, { ...grid(20), layer: 1, plane });
  assert.equal(three.order, ' started u verified c', 'three prompts pay for one');
  const alone = await told(right, false, { ...grid(20), layer: 1, plane });
  assert.deepEqual(cellsOf(three.outcome), cellsOf(alone.outcome));
});
