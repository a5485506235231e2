import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flipSpread } from '../../../src/map/boundaries/directions.js';
import { type AffineHead, NearestBoundaries } from '../../../src/map/boundaries/nearest.js';
import { NearestThrough } from '../../../src/map/boundaries/nearestThrough.js';
import { firstFlip } from '../../../src/map/boundaries/rays.js';
import { SteppedFlips } from '../../../src/map/boundaries/stepping.js';
import { torchRandn } from '../../../src/map/torchRandom.js';

const D = 6;
const TOKENS = 9;

interface World {
  readonly head: AffineHead;
  readonly rows: readonly Float32Array[];
  readonly constants: readonly number[];
  readonly state: Float32Array;
}

function world(seed: number, norm: AffineHead['norm'], constants: boolean): World {
  const numbers = (n: number, which: number): Float32Array => torchRandn(seed * 100 + which, n);
  return {
    head: {
      norm,
      gain: Float64Array.from(numbers(D, 1).slice(0, D), (x) => (norm === 'none' ? 1 : 1 + 0.3 * x)),
      epsilon: norm === 'none' ? 0 : 0.02,
    },
    rows: Array.from({ length: TOKENS }, (_, t) => numbers(D, 10 + t).slice(0, D)),
    constants: Array.from({ length: TOKENS }, (_, t) => (constants ? 0.6 * (numbers(1, 40 + t)[0] ?? 0) : 0)),
    state: numbers(D, 2).slice(0, D),
  };
}

/** Logits as they are defined, one by one. */
function logitsAt({ head, rows, constants }: World, h: ArrayLike<number>): number[] {
  const mean = head.norm === 'layer' ? Array.from(h).reduce((a, b) => a + b, 0) / D : 0;
  const x = Array.from(h, (value) => value - mean);
  const s = head.norm === 'none' ? 1 : Math.sqrt(x.reduce((a, b) => a + b * b, 0) / D + head.epsilon);
  return rows.map(
    (row, t) =>
      x.reduce((sum, value, i) => sum + value * (head.gain[i] ?? 0) * (row[i] ?? 0), 0) / s + (constants[t] ?? 0),
  );
}

const winnerAt = (one: World, h: ArrayLike<number>): number => {
  const z = logitsAt(one, h);
  return z.indexOf(Math.max(...z));
};

for (const norm of ['none', 'rms', 'layer'] as const)
  for (const constants of [false, true])
    test(`nearest boundary: ${norm}${constants ? ' with constants' : ''}: a tie there, and no way out is shorter`, () => {
      for (let seed = 1; seed <= 12; seed++) {
        const one = world(seed, norm, constants);
        const winner = winnerAt(one, one.state);
        const search = new NearestBoundaries(
          one.head,
          one.state,
          { token: winner, row: one.rows[winner] ?? one.state, constant: one.constants[winner] ?? 0 },
          TOKENS,
        );
        one.rows.forEach((row, t) => search.add(t, row, one.constants[t] ?? 0));
        const found = search.boundaries();
        assert.equal(found.length + search.tokensWithoutBoundary, TOKENS - 1);
        for (const { token, distance, point } of found) {
          const z = logitsAt(one, point);
          assert.ok(Math.abs((z[winner] ?? 0) - (z[token] ?? 1)) < 1e-9, `no tie: ${norm}, seed ${seed}`);
          const moved = Math.hypot(...Array.from(point, (value, i) => value - (one.state[i] ?? 0)));
          assert.ok(Math.abs(moved - distance) < 1e-9 * (1 + distance));
        }
        const least = found[0]?.distance ?? Infinity;
        // Out of many directions none leaves the region within a shorter way, and those near the point's barely later.
        for (let i = 0; i < 300; i++) {
          const noise = torchRandn(7000 + i, D).slice(0, D);
          const to = found[0]?.point;
          const direction = Float64Array.from(noise, (x, j) =>
            i % 2 ? x : 0.2 * x + ((to?.[j] ?? 0) - (one.state[j] ?? 0)) / least,
          );
          const length = Math.hypot(...direction);
          const at = Float64Array.from(one.state, (x, j) => x + (0.999 * least * (direction[j] ?? 0)) / length);
          assert.equal(winnerAt(one, at), winner, `${norm}, seed ${seed}, direction ${i}`);
        }
      }
    });

test('a token with the winner’s own row has no boundary; equally near ones come by id', () => {
  const head: AffineHead = { norm: 'rms', gain: new Float64Array(2).fill(1), epsilon: 1e-5 };
  const winner = { token: 3, row: Float32Array.of(1, 0), constant: 0 };
  const search = new NearestBoundaries(head, Float32Array.of(2, 0), winner, 5);
  search.add(3, winner.row, 0);
  search.add(7, Float32Array.of(0, 1), 0);
  search.add(4, Float32Array.of(0, -1), 0);
  search.add(9, Float32Array.of(1, 0), 0);
  assert.deepEqual(
    search.boundaries().map(({ token }) => token),
    [4, 7],
  );
  assert.equal(search.tokensWithoutBoundary, 1);
  assert.ok(Math.abs((search.boundaries()[0]?.distance ?? 0) - Math.SQRT2) < 1e-12);
});

for (const norm of ['rms', 'layer'] as const)
  test(`nearest boundary behind a translator: ${norm}: a tie there, and no way out is shorter`, () => {
    for (let seed = 1; seed <= 12; seed++) {
      const one = world(seed, norm, false);
      const matrix = torchRandn(seed + 500, D * D).slice(0, D * D);
      const translator = { matrix, identity: seed % 2 === 0, bias: torchRandn(seed + 900, D).slice(0, D) };
      const through = (h: ArrayLike<number>): Float64Array =>
        Float64Array.from({ length: D }, (_, i) => {
          let sum = (translator.identity ? (h[i] ?? 0) : 0) + (translator.bias[i] ?? 0);
          for (let j = 0; j < D; j++) sum += (matrix[i * D + j] ?? 0) * (h[j] ?? 0);
          return sum;
        });
      const winner = winnerAt(one, through(one.state));
      // By what a logit before the scale changes with each number of the state.
      const squares = Float64Array.from(one.rows, (row) => {
        const weights = Array.from(row, (value, i) => value * (one.head.gain[i] ?? 0));
        const mean = norm === 'layer' ? weights.reduce((a, b) => a + b, 0) / D : 0;
        const [zero, ...units] = [-1, 0, 1, 2, 3, 4, 5].map((j) =>
          through(Array.from({ length: D }, (_, i) => Number(i === j))).reduce(
            (sum, value, i) => sum + value * ((weights[i] ?? 0) - mean),
            0,
          ),
        );
        return units.reduce((sum, value) => sum + (value - (zero ?? 0)) ** 2, 0);
      });
      const own = { token: winner, row: one.rows[winner] ?? one.state };
      const search = new NearestThrough(one.head, one.state, translator, own, squares, TOKENS);
      one.rows.forEach((row, t) => search.add(t, row));
      const found = search.boundaries();
      assert.equal(found.length, TOKENS - 1);
      for (const { token, distance, point } of found) {
        const z = logitsAt(one, through(point));
        assert.ok(Math.abs((z[winner] ?? 0) - (z[token] ?? 1)) < 1e-9, `no tie: ${norm}, seed ${seed}`);
        const moved = Math.hypot(...Array.from(point, (value, i) => value - (one.state[i] ?? 0)));
        assert.ok(Math.abs(moved - distance) < 1e-9 * (1 + distance));
      }
      const [first] = found;
      const least = first?.distance ?? Infinity;
      for (let i = 0; i < 300; i++) {
        const noise = torchRandn(7000 + i, D).slice(0, D);
        const direction = Float64Array.from(noise, (x, j) =>
          i % 2 ? x : 0.2 * x + ((first?.point[j] ?? 0) - (one.state[j] ?? 0)) / least,
        );
        const length = Math.hypot(...direction);
        const at = Float64Array.from(one.state, (x, j) => x + (0.999 * least * (direction[j] ?? 0)) / length);
        assert.equal(winnerAt(one, through(at)), winner, `${norm}, seed ${seed}, direction ${i}`);
      }
    }
  });

for (const norm of ['none', 'rms', 'layer'] as const)
  test(`the first flip along a ray is where stepping finds it: ${norm}`, () => {
    for (let seed = 1; seed <= 12; seed++) {
      const one = world(seed, norm, true);
      const direction = torchRandn(seed, D).slice(D);
      const seen = (h: Float32Array): Float64Array => {
        const mean = norm === 'layer' ? h.reduce((a, b) => a + b, 0) / D : 0;
        return Float64Array.from(h, (x) => x - mean);
      };
      const [x, u] = [seen(one.state), seen(direction)];
      const inner = (a: Float64Array, b: Float64Array): number =>
        a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
      const part = (y: Float64Array): Float64Array =>
        Float64Array.from(one.rows, (row) =>
          inner(
            y.map((value, i) => value * (one.head.gain[i] ?? 0)),
            Float64Array.from(row),
          ),
        );
      const winner = winnerAt(one, one.state);
      const flip = firstFlip(
        {
          from: part(x),
          along: part(u),
          constant: Float64Array.from(one.constants),
          scale: norm === 'none' ? undefined : [inner(x, x) / D + one.head.epsilon, inner(x, u) / D, inner(u, u) / D],
        },
        winner,
      );
      const search = new SteppedFlips(1, winner, { steps: 4000, reach: 60, precision: 1e-9 });
      let asked = 0;
      for (let probes = search.wanted(50); probes.length > 0; probes = search.wanted(50)) {
        asked += probes.length;
        assert.ok(asked < 5000, 'it ends');
        search.tell(
          probes,
          probes.map(({ t }) => winnerAt(one, one.state.map((value, i) => value + t * (direction[i] ?? 0)).slice())),
        );
      }
      const [stepped] = search.flips();
      if (!stepped) assert.ok(!flip || flip.t > 60, `seed ${seed}: ${flip?.t ?? 0}`);
      else {
        assert.ok(
          flip && Math.abs(flip.t - stepped.t) < 1e-4 * stepped.t,
          `seed ${seed}: ${flip?.t ?? 0}, ${stepped.t}`,
        );
        assert.equal(flip.token, stepped.token);
      }
    }
  });

test('stepping takes several ways at once, each to its first flip, and ends at its reach', () => {
  const at = [0.3, 2.5, Infinity];
  const search = new SteppedFlips(3, 1, { steps: 10, reach: 5, precision: 1e-6 });
  for (let probes = search.wanted(4); probes.length > 0; probes = search.wanted(4)) {
    assert.ok(probes.length <= 4 + 7);
    search.tell(
      probes,
      probes.map(({ direction, t }) => (t >= (at[direction] ?? 0) ? 20 + direction : 1)),
    );
  }
  const [first, second, third] = search.flips();
  assert.ok(first && second && Math.abs(first.t - 0.3) < 1e-6 && Math.abs(second.t - 2.5) < 1e-5);
  assert.deepEqual([first.token, second.token, third], [20, 21, undefined]);
});

test('a spread: directions that do not flip are farther than all', () => {
  assert.deepEqual(flipSpread([3, null, 1]), { count: 3, flipped: 2, median: 3, least: 1 });
  assert.deepEqual(flipSpread([null, null, 1]), { count: 3, flipped: 1, median: null, least: 1 });
});
