import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { computeMap, type Engine } from '../../src/engine/client.js';
import { DEFAULT_QUESTION, type DirectionSet } from '../../src/map/boundaries/directions.js';
import { type Context, DEFAULT_PARAMETERS, type Layer, type MapParameters } from '../../src/map/specification.js';
import { decodeVector, encodeVector } from '../../src/map/vector.js';
import type { StateBoundaries } from '../../src/protocol/boundaries.js';
import type { Reading } from '../../src/protocol/engine.js';
import { withEngine } from './engine.js';
import { besidePyTorch } from './geometry.js';

const number = v.number();
const truthSchema = v.object({
  layers: number,
  hidden: number,
  nearest: v.array(
    v.object({
      h: v.string(),
      winner: number,
      runner_up: number,
      logit_margin: number,
      distance: number,
      distance_relative: number,
      point: v.union([v.array(number), v.string()]),
      nearest: v.array(v.object({ token: number, distance: number, tied_for_first_there: v.boolean() })),
    }),
  ),
  directions: v.object({ count: number, data: v.string() }),
  flips: v.array(
    v.object({
      layer: number,
      context: v.picklist(['none', 'prompt']),
      context_ids: v.nullable(v.array(number)),
      h: v.string(),
      steps: number,
      flips: v.array(
        v.object({ winner: number, t: v.nullable(number), token: v.nullish(number), slope: v.nullish(number) }),
      ),
    }),
  ),
});

const NONE: Context = { kind: 'none' };

/** A map around a vector. */
function around(
  vector: string,
  layer: Layer,
  context: Context,
  readout: MapParameters['readout'] = 'forward',
): MapParameters {
  return {
    ...DEFAULT_PARAMETERS,
    layer,
    readout,
    context,
    plane: { ...DEFAULT_PARAMETERS.plane, center: { kind: 'vector', vector } },
  };
}

const ask = (
  engine: Engine,
  parameters: MapParameters,
  more: Partial<typeof DEFAULT_QUESTION> = {},
): Promise<StateBoundaries> => engine.call('boundaries', { ...DEFAULT_QUESTION, parameters, batchSize: 100, ...more });

const distanceBetween = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(...Array.from(a, (value, i) => value - (b[i] ?? NaN)));

besidePyTorch('boundaries beside PyTorch', 'boundary', truthSchema, async (engine, truth) => {
  for (const one of truth.nearest) {
    const told = await ask(engine, around(one.h, truth.layers - 1, NONE), { nearest: 3 });
    assert.ok(!('reason' in told.nearest), 'affine');
    assert.deepEqual([told.winner, told.runnerUp], [one.winner, one.runner_up]);
    const [first] = told.nearest;
    assert.ok(first);
    const off = Math.abs(first.distance - one.distance);
    assert.ok(off <= one.distance * (1e-6 + 2e-4 / one.logit_margin), `distance off by ${off}`);
    assert.ok(Math.abs(first.relative / one.distance_relative - 1) < 1e-4);
    const point = typeof one.point === 'string' ? decodeVector(one.point, 'point') : one.point;
    assert.ok(distanceBetween(first.point, point) <= 1e-4 * one.distance, 'another point');
    assert.deepEqual(
      told.nearest.map(({ token, hidden }) => [token, !hidden]),
      one.nearest.map(({ token, tied_for_first_there: tied }) => [token, tied]),
    );
  }
  const vectors = decodeVector(truth.directions.data, 'directions');
  const d = truth.hidden;
  const directions = Array.from({ length: truth.directions.count }, (_, i): DirectionSet => {
    const vector = encodeVector(vectors.slice(i * d, (i + 1) * d));
    return { kind: 'toward', source: { kind: 'vector', vector } };
  });
  for (const one of truth.flips) {
    const layer = one.layer < 0 ? 'embeddings' : one.layer;
    const ids = one.context_ids;
    const context: Context = one.context === 'prompt' && ids ? { kind: 'tokens', ids } : NONE;
    const steps = one.steps / 2;
    const told = await ask(engine, around(one.h, layer, context), { nearest: 0, directions, steps });
    assert.equal(told.way, one.layer === truth.layers - 1 ? 'exact' : 'stepped');
    one.flips.forEach(({ t, winner, token, slope }, i) => {
      const where = `layer ${one.layer}, ${one.context}, direction ${i}`;
      const flip = told.flips[i];
      assert.equal(told.winner, winner, where);
      if (t === null || typeof token !== 'number') return; // none within the reach
      assert.ok(flip && flip.distance !== null, where);
      const off = Math.abs(flip.distance - t);
      assert.ok(off <= 1e-3 * t || off <= 2e-4 / Math.abs(slope ?? 1), `${where}: ${flip.distance}, not ${t}`);
      assert.equal(flip.token, token, where);
    });
  }
});

describe('boundaries', { concurrency: 1 }, () => {
  const llama = join(import.meta.dirname, '..', 'fixtures', 'geometry', 'models', 'optimum-past-llama');

  test('at the nearest point two tokens tie, and nothing flips before it', async () => {
    await withEngine(async (engine) => {
      await engine.call('open', { path: llama, device: 'cpu', skipChecks: true });
      const prompt = { kind: 'tokens', ids: [5, 70, 11] } as const;
      for (const readout of ['forward', 'lens', 'unembed'] as const) {
        const parameters: MapParameters = {
          ...around('', 2, NONE, readout),
          plane: { ...DEFAULT_PARAMETERS.plane, center: prompt },
        };
        const told = await ask(engine, parameters, {
          nearest: 2,
          directions: [{ kind: 'random', count: 40, seed: 3 }, { kind: 'axes' }],
        });
        assert.ok(!('reason' in told.nearest));
        const [near, next] = told.nearest;
        assert.ok(near && next && near.distance <= next.distance);
        assert.equal(told.flips.length, 44);
        for (const { distance } of told.flips) assert.ok(distance === null || distance >= near.distance * (1 - 1e-6));
        const there: Reading = await engine.call('point', {
          parameters: {
            ...around(encodeVector(near.point), 2, NONE, readout),
          },
          x: 0,
          y: 0,
        });
        assert.deepEqual([...there.ids.slice(0, 2)].sort(), [told.winner, near.token].sort());
        assert.ok(Math.abs((there.logits[0] ?? 0) - (there.logits[1] ?? 1)) < 1e-3);
      }
    });
  });

  test('what cannot be told is said', async () => {
    await withEngine(async (engine) => {
      await engine.call('open', { path: llama, device: 'cpu', skipChecks: true });
      const state = encodeVector(Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)));
      const inner = await ask(engine, around(state, 0, NONE), { directions: [{ kind: 'random', count: 2, seed: 1 }] });
      assert.ok('reason' in inner.nearest, 'behind an earlier layer there are blocks');
      assert.equal(inner.way, 'stepped');
      await assert.rejects(ask(engine, DEFAULT_PARAMETERS), { code: 'bad-parameter', message: /center is the origin/ });
      await assert.rejects(ask(engine, around(state, 2, NONE), { nearest: 1000 }), { code: 'bad-parameter' });
      await assert.rejects(
        ask(engine, around(state, 2, NONE), { directions: [{ kind: 'random', count: 5000, seed: 1 }] }),
        {
          code: 'bad-parameter',
        },
      );
      const same: DirectionSet = { kind: 'toward', source: { kind: 'mean', prompts: [{ kind: 'tokens', ids: [5] }] } };
      const self: MapParameters = {
        ...around('', 2, NONE),
        plane: { ...DEFAULT_PARAMETERS.plane, center: { kind: 'tokens', ids: [5] } },
      };
      await assert.rejects(ask(engine, self, { directions: [same] }), { message: /no direction toward/ });
    });
  });

  test('a map around a real state tells how near its boundary is, beside its axes', async () => {
    const prompt = { kind: 'tokens', ids: [3, 17, 40, 9] } as const;
    const parameters: MapParameters = {
      ...DEFAULT_PARAMETERS,
      plane: { ...DEFAULT_PARAMETERS.plane, center: prompt },
      grid: { columns: 3, rows: 3, spacing: 1, center: [0, 0] },
    };
    await withEngine(async (engine) => {
      await engine.call('open', { path: llama, device: 'cpu', skipChecks: true });
      const told = await ask(engine, parameters, { nearest: 1, directions: [{ kind: 'axes' }] });
      assert.ok(!('reason' in told.nearest));
      const flips = told.flips.flatMap(({ relative }) => relative ?? []);
      const before = await engine.call('survey', { parameters, measure: false });
      assert.ok(before.untold && !before.boundary);
      const { boundary } = (await computeMap(engine, { parameters, batchSize: 100 })).survey ?? {};
      assert.ok(boundary);
      assert.deepEqual([boundary.winner.id, boundary.token.id], [told.winner, told.nearest[0]?.token]);
      assert.equal(boundary.relative, told.nearest[0]?.relative);
      assert.ok(Math.abs((boundary.axes ?? NaN) - Math.min(...flips)) < 1e-6 * Math.min(...flips));
      const after = await engine.call('survey', { parameters, measure: false });
      assert.deepEqual([after.untold, after.boundary], [undefined, boundary]);
      // Where it is not exact it is not told; nor around what is no state.
      for (const other of [
        { ...parameters, layer: 0 },
        { ...parameters, plane: DEFAULT_PARAMETERS.plane },
      ])
        assert.equal((await engine.call('survey', { parameters: other })).boundary, undefined);
    });
  });

  test('along a line between two states the outputs go from the one to the other; behind the last block evenly', async () => {
    const state = (ids: number[]) => ({ kind: 'tokens', ids }) as const;
    const at = (layer: number, readout: MapParameters['readout']): MapParameters => ({
      ...DEFAULT_PARAMETERS,
      ...{ layer, readout },
      plane: {
        ...DEFAULT_PARAMETERS.plane,
        center: state([3, 17, 40, 9]),
        axes: { method: 'directions', x: state([5, 70, 11]), y: { kind: 'random', seed: 1 } },
      },
    });
    await withEngine(async (engine) => {
      await engine.call('open', { path: llama, device: 'cpu', skipChecks: true });
      const even = await engine.call('line', { parameters: at(2, 'forward'), steps: 8, batchSize: 3 });
      even.relative?.forEach((value, i) => assert.ok(Math.abs(value - i / 8) < 1e-4, `${value} at ${i}`));
      assert.equal(even.relative?.length, 9);
      const parameters = at(0, 'forward');
      const { relative, winners } = await engine.call('line', { parameters, steps: 4, batchSize: 100 });
      assert.deepEqual([relative?.[0], relative?.[4]], [0, 1]);
      for (const [i, winner] of winners.entries())
        assert.equal((await engine.call('point', { parameters, x: i / 4, y: 0 })).ids[0], winner);
      assert.ok(relative?.some((value, i) => Math.abs(value - i / 4) > 1e-3));
      await assert.rejects(engine.call('line', { parameters: at(0, 'lens'), steps: 4, batchSize: 1 }), {
        message: /the readout lens leaves them out/,
      });
      await assert.rejects(engine.call('line', { parameters, steps: 0, batchSize: 1 }), { code: 'bad-parameter' });
    });
  });
});
