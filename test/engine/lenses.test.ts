import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { computeMap } from '../../src/engine/client.js';
import { Fault } from '../../src/map/fault.js';
import { coordinates } from '../../src/map/grid.js';
import type { TokenPolygon } from '../../src/map/polygons.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import type { TranslatorKind } from '../../src/map/translate.js';
import { torchRandn } from '../../src/map/torchRandom.js';
import { encodeVector } from '../../src/map/vector.js';
import type { StateBoundaries } from '../../src/protocol/boundaries.js';
import { type EngineHere, withEngineHere } from './engineHere.js';
import { givenPlane } from './givenPlane.js';

/**
 * Translator lenses beside PyTorch: those kept in the project, or all in the folder that REFERENCE_LENSES names, whose models are in
 * REFERENCE_MODELS.
 */

const number = v.number();
const array = v.object({ shape: v.array(number), data: v.array(number) });
const kind = v.picklist(['tuned', 'jacobian']);
const truthSchema = v.object({
  affine_up_to_one_scale: v.boolean(),
  shape: v.object({ n_layers: number }),
  lenses: v.record(v.string(), v.object({ files: v.array(v.string()) })),
  results: v.array(
    v.object({
      lens: kind,
      layer: number,
      top5_ids: array,
      top5_logprob: array,
      winners_near_301: v.record(v.string(), number),
    }),
  ),
});
const placesSchema = v.object({
  planes: v.array(v.object({ layer: number, c: v.array(number), u: v.array(number), v: v.array(number) })),
  grids: v.array(v.object({ xs: v.array(number), ys: v.array(number) })),
});
const casesSchema = v.object({
  cases: v.array(
    v.object({
      path: v.string(),
      lens: kind,
      layer: number,
      expect: v.picklist(['agree', 'agree-or-refuse', 'refuse']),
    }),
  ),
});

/** Tokens that race where all boundaries are asked for. */
const RACING = 40;

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const lenses = process.env.REFERENCE_LENSES ?? join(fixtures, 'lenses');
const models = process.env.REFERENCE_MODELS ?? join(fixtures, 'geometry', 'models');
const json = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'));

interface Truth extends v.InferOutput<typeof truthSchema>, v.InferOutput<typeof placesSchema> {}

function truthOf(name: string): Truth {
  const file = json(lenses, name, 'truth.json');
  const places = v.is(placesSchema, file) ? file : json(models, name, 'truth.json');
  return { ...v.parse(truthSchema, file), ...v.parse(placesSchema, places) };
}

function mapOf(
  engine: EngineHere,
  truth: Truth,
  at: { readonly lens: TranslatorKind; readonly layer: number; readonly path: string },
  grid: MapParameters['grid'],
  more: Partial<MapParameters> = {},
  way?: 'each-cell',
): Promise<TokenMap> {
  const plane = truth.planes.find(({ layer }) => layer === at.layer);
  assert.ok(plane);
  const vector = (values: readonly number[]): string => encodeVector(Float32Array.from(values));
  const parameters: MapParameters = {
    ...DEFAULT_PARAMETERS,
    layer: at.layer < 0 ? 'embeddings' : at.layer,
    readout: at.lens,
    translator: { path: at.path },
    plane: givenPlane({ c: vector(plane.c), u: vector(plane.u), v: vector(plane.v) }),
    grid,
    topK: 24,
    ...more,
  };
  return computeMap(engine, { parameters, batchSize: way ? 5000 : 100, ...(way ? { way } : {}) });
}

/**
 * Cells that were computed one by one beside the exact polygons: the token whose polygon holds a cell's middle must win there. Middles
 * whose two most probable tokens are within rounding are left out.
 */
function besidePolygons(
  { cells, specification: { grid } }: TokenMap,
  polygons: readonly TokenPolygon[],
): { wrong: number; compared: number } {
  const { xs, ys } = coordinates(grid);
  const expected = new Int32Array(grid.columns * grid.rows).fill(-1);
  for (const { token, points } of polygons)
    for (const [row, y] of ys.entries()) {
      let [low, high] = [Infinity, -Infinity]; // where a convex polygon is cut at this height
      for (let i = 0; i < points.length; i += 2) {
        const [x0 = 0, y0 = 0] = points.subarray(i, i + 2);
        const next = (i + 2) % points.length;
        const [x1 = 0, y1 = 0] = points.subarray(next, next + 2);
        if (y0 > y === y1 > y) continue;
        const x = x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
        [low, high] = [Math.min(low, x), Math.max(high, x)];
      }
      for (const [column, x] of xs.entries()) if (x > low && x < high) expected[row * grid.columns + column] = token;
    }
  let [wrong, compared] = [0, 0];
  expected.forEach((token, cell) => {
    const [first = 0, second = 0] = cells.probabilities.subarray(2 * cell, 2 * cell + 2);
    if (token < 0 || first - second < 2e-4 * first) return;
    compared++;
    if (cells.ids[2 * cell] !== token) wrong++;
  });
  return { wrong, compared };
}

/** Largest difference from the truth in log-probability of its five most probable tokens. */
async function difference(
  engine: EngineHere,
  truth: Truth,
  lens: TranslatorKind,
  layer: number,
  path: string,
): Promise<number> {
  const result = truth.results.find((one) => one.lens === lens && one.layer === layer);
  assert.ok(result);
  let worst = 0;
  for (const [g, { xs, ys }] of truth.grids.entries()) {
    const spacing = (xs[1] ?? 0) - (xs[0] ?? 0);
    const grid = { columns: xs.length, rows: ys.length, spacing, center: [0, 0] as const };
    const { cells } = await mapOf(engine, truth, { lens, layer, path }, grid);
    for (let cell = 0; cell < xs.length * ys.length; cell++)
      for (let i = 0; i < 5; i++) {
        const at = (g * xs.length * ys.length + cell) * 5 + i;
        const place = cells.ids.subarray(cell * 24, cell * 24 + 24).indexOf(result.top5_ids.data[at] ?? -1);
        const ours = place < 0 ? -Infinity : Math.log(cells.probabilities[cell * 24 + place] ?? 0);
        worst = Math.max(worst, Math.abs(ours - (result.top5_logprob.data[at] ?? 0)));
      }
  }
  return worst;
}

/**
 * The nearest boundaries of all tokens that race, each held against the map's own readout: at its point both are equally probable, and
 * stay so on all sides of it at right angles to the way there, so that no nearer point of that boundary is. All are there, by distance.
 */
async function nearestHolds(engine: EngineHere, parameters: MapParameters, told: StateBoundaries): Promise<void> {
  const { nearest, state, winner } = told;
  assert.ok(!('reason' in nearest));
  const d = state.length;
  const logits = async (vectors: Float32Array): Promise<ReadonlyMap<number, number>[]> => {
    const asked = { ...parameters, topK: RACING };
    const { ids, logits: z } = await engine.call('predict', { parameters: asked, vectors, batchSize: 100 });
    return Array.from(
      { length: vectors.length / d },
      (_, i) =>
        new Map(Array.from({ length: RACING }, (__, k) => [ids[i * RACING + k] ?? -1, z[i * RACING + k] ?? NaN])),
    );
  };
  assert.equal(new Set(nearest.map(({ token }) => token)).size, RACING - 1);
  let before = 0;
  for (const [i, { token, distance, point }] of nearest.entries()) {
    assert.ok(distance >= before, 'by distance');
    before = distance;
    const way = point.map((value, j) => value - (state[j] ?? 0));
    const length = Math.hypot(...way);
    assert.ok(Math.abs(length - distance) < 1e-5 * distance);
    const aside = torchRandn(i, 3 * d);
    const around = new Float32Array(4 * d);
    for (let k = 0; k < 4; k++) {
      const some = aside.subarray((k - 1) * d, k * d);
      const share = k === 0 ? 0 : some.reduce((sum, value, j) => sum + value * (way[j] ?? 0), 0) / length ** 2;
      for (let j = 0; j < d; j++)
        around[k * d + j] = (point[j] ?? 0) + (k === 0 ? 0 : (some[j] ?? 0) - share * (way[j] ?? 0));
    }
    for (const at of await logits(around)) {
      const [a = NaN, b = NaN] = [at.get(winner), at.get(token)];
      assert.ok(Math.abs(a - b) < 1e-4 * Math.max(1, Math.abs(a)), `token ${token}: ${a} and ${b}`);
    }
  }
}

describe('translator lenses', { concurrency: 1 }, () => {
  const names = readdirSync(lenses).filter((name) => existsSync(join(lenses, name, 'truth.json')));
  for (const name of names)
    test(name, { timeout: 300_000 }, async () => {
      const truth = truthOf(name);
      await withEngineHere(async (engine) => {
        await engine.call('open', { path: join(models, name), device: 'cpu', skipChecks: true });
        for (const { lens, layer, winners_near_301: winners } of truth.results) {
          for (const file of truth.lenses[lens]?.files ?? []) {
            const path = join(lenses, name, file.endsWith('params.pt') ? 'tuned' : file);
            const worst = await difference(engine, truth, lens, layer, path);
            assert.ok(worst <= 1e-4, `${lens}, layer ${layer}, ${file}: off by ${worst}`);
          }
          const path = join(lenses, name, lens === 'tuned' ? 'tuned' : (truth.lenses[lens]?.files[0] ?? ''));
          const grid = { columns: 301, rows: 301, spacing: 1.5 / 300, center: [0, 0] as const };
          const map = await mapOf(engine, truth, { lens, layer, path }, grid, { topK: 2 });
          assert.equal(map.regions !== undefined, truth.affine_up_to_one_scale, `${lens}, layer ${layer}`);
          if (map.regions) {
            const side = Number(process.env.BRUTE_SIDE ?? 40);
            const fine = { columns: side, rows: side, spacing: 1.5 / side, center: [0, 0] as const };
            const cells = await mapOf(engine, truth, { lens, layer, path }, fine, { topK: 2 }, 'each-cell');
            const { wrong, compared } = besidePolygons(cells, map.regions.polygons);
            assert.equal(wrong, 0, `${lens}, layer ${layer}: ${wrong} of ${compared} points`);
            assert.ok(compared > 0.9 * side * side);
            if (side > 40) console.log(`${name}, ${lens}, layer ${layer}: ${compared} of ${side * side} points agree`);
          }
          const won = new Set(map.regions?.polygons.map(({ token }) => token));
          const counts = new Map<number, number>();
          for (let cell = 0; cell < 301 * 301; cell++) {
            const id = map.cells.ids[2 * cell] ?? -1;
            counts.set(id, (counts.get(id) ?? 0) + 1);
          }
          for (const [token, count] of Object.entries(winners)) {
            if (map.regions) assert.ok(won.has(Number(token)), `${lens}, layer ${layer}: token ${token}`);
            assert.ok(Math.abs((counts.get(Number(token)) ?? 0) - count) <= 2 + count / 1000);
          }
        }
        // Behind the last block a translator is the identity.
        const last = truth.shape.n_layers - 1;
        const grid = { columns: 3, rows: 3, spacing: 0.3, center: [0, 0] as const };
        const at = { lens: 'tuned' as const, layer: last, path: join(lenses, name, 'tuned') };
        const [ours, lens] = [
          await mapOf(engine, truth, at, grid),
          await mapOf(engine, truth, at, grid, { readout: 'lens' }),
        ];
        assert.deepEqual(ours.cells.ids, lens.cells.ids);
        const before = {
          ...at,
          lens: 'jacobian' as const,
          layer: -1,
          path: join(lenses, name, `${name}_jacobian_lens.pt`),
        };
        await assert.rejects(mapOf(engine, truth, before, grid), { message: /no matrix for the embeddings/ });
      });
    });

  test(
    'files that must agree, or be refused in a sentence, without running what is in them',
    { timeout: 300_000 },
    async () => {
      const name = 'optimum-past-llama';
      const truth = truthOf(name);
      const { cases } = v.parse(casesSchema, json(lenses, 'cases.json'));
      await withEngineHere(async (engine) => {
        await engine.call('open', { path: join(models, name), device: 'cpu', skipChecks: true });
        for (const { path, lens, layer, expect } of cases) {
          const told = await difference(engine, truth, lens, layer, join(lenses, path)).catch(
            (error: unknown) => error,
          );
          if (told instanceof Fault) {
            assert.notEqual(expect, 'agree', `${path}: ${told.message}`);
            assert.ok(['file', 'bad-parameter'].includes(told.code), `${path}: ${told.code}: ${told.message}`);
            assert.match(told.message, /^[^\n]{10,400}$/, path);
            if (process.env.REFERENCE_LENSES !== undefined) console.log(`${path}: ${told.message}`);
          } else {
            assert.equal(typeof told, 'number', `${path}: ${String(told)}`);
            assert.notEqual(expect, 'refuse', path);
            // Without biases the numbers are others, and the file says so.
            if (!path.includes('nobias'))
              assert.ok(Number(told) <= (path.includes('float16') ? 1e-2 : 1e-4), `${path}: ${String(told)}`);
          }
        }
      });
    },
  );

  test('through a translator the winner flips where its map says so, and no boundary is nearer than the nearest', async () => {
    const name = 'optimum-past-llama';
    const truth = truthOf(name);
    const plane = truth.planes.find(({ layer }) => layer === 0);
    assert.ok(plane);
    const vector = (values: readonly number[]): string => encodeVector(Float32Array.from(values));
    const laid = givenPlane({ c: vector(plane.c), u: vector(plane.u), v: vector(plane.v) });
    const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
    await withEngineHere(async (engine) => {
      await engine.call('open', { path: join(models, name), device: 'cpu', skipChecks: true });
      for (const [readout, path] of [
        ['tuned', join(lenses, name, 'tuned')],
        ['jacobian', join(lenses, name, `${name}_jacobian_lens.pt`)],
      ] as const) {
        const parameters: MapParameters = {
          ...DEFAULT_PARAMETERS,
          ...{ layer: 0, readout, translator: { path }, plane: laid, topK: 2 },
        };
        const question = { nearest: 2, directions: [{ kind: 'axes' }], steps: 100, reach: 5 } as const;
        const told = await engine.call('boundaries', { parameters, batchSize: 100, ...question });
        const masked = Array.from({ length: 320 - RACING }, (_, id) => `#${id < told.winner ? id : id + 1}`);
        const few = { ...parameters, masked };
        const all = { ...question, nearest: 100, directions: [] };
        await nearestHolds(engine, few, await engine.call('boundaries', { parameters: few, batchSize: 100, ...all }));
        // The line at a map around a real state says the same.
        const center = { kind: 'tokens', ids: [3, 17, 40] } as const;
        const real = { ...parameters, plane: { ...parameters.plane, center } };
        const { nearest, flips } = await engine.call('boundaries', { parameters: real, batchSize: 100, ...question });
        const { boundary } = await engine.call('survey', { parameters: real });
        assert.ok(boundary && !('reason' in nearest));
        const relatives = flips.flatMap(({ relative }) => relative ?? []);
        assert.equal(boundary.relative, nearest[0]?.relative);
        assert.equal(boundary.axes, relatives.length === 0 ? null : Math.min(...relatives));
        assert.ok(Math.abs(told.norm - norm(plane.c)) < 1e-4 * told.norm);
        assert.equal(told.way, 'exact');
        const found = told.flips.filter(({ relative }) => relative !== null);
        assert.ok(found.length > 0, readout);
        for (const { name: called, distance, token } of found) {
          const x = called.includes('x');
          const at: number =
            ((called.includes('-') || called.includes('\u2212') ? -1 : 1) * (distance ?? 0)) /
            norm(x ? plane.u : plane.v);
          const wins = async (t: number): Promise<number | undefined> =>
            (await engine.call('point', { parameters, x: x ? t : 0, y: x ? 0 : t })).ids[0];
          assert.equal(await wins(at * (1 - 1e-4)), told.winner, called);
          assert.equal(await wins(at * (1 + 1e-4)), token, called);
        }
      }
    });
  });

  test('a lens of another model is refused, and what names none is said', async () => {
    const name = 'optimum-past-llama';
    const truth = truthOf(name);
    const grid = { columns: 2, rows: 2, spacing: 1, center: [0, 0] as const };
    await withEngineHere(async (engine) => {
      await engine.call('open', { path: join(models, name), device: 'cpu', skipChecks: true });
      const tuned = await mapOf(engine, truth, { lens: 'tuned', layer: 0, path: join(lenses, name, 'tuned') }, grid);
      assert.equal(tuned.specification.translator?.model, name);
      const path = join(lenses, name, `${name}_jacobian_lens.pt`);
      const jacobian = await mapOf(engine, truth, { lens: 'jacobian', layer: 0, path }, grid);
      assert.equal(jacobian.specification.translator?.model, null);
      assert.match(jacobian.specification.translator.sha256 ?? '', /^[0-9a-f]{64}$/);
      const again = { translator: { path, sha256: 'ab'.repeat(32) } };
      await assert.rejects(mapOf(engine, truth, { lens: 'jacobian', layer: 0, path }, grid, again), {
        message: /not the one that the map was made with/,
      });
      await assert.rejects(mapOf(engine, truth, { lens: 'tuned', layer: 0, path }, grid), { code: 'file' });
      await assert.rejects(mapOf(engine, truth, { lens: 'tuned', layer: 0, path }, grid, { translator: null }), {
        message: /goes through a translator/,
      });
      const missing = join(lenses, 'none.pt');
      await assert.rejects(mapOf(engine, truth, { lens: 'tuned', layer: 0, path: missing }, grid), { code: 'file' });
    });
  });
});
