import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as v from 'valibot';
import { compareCells, ROUNDING, type Side } from '../../../src/map/compare/agreement.js';
import { divergence } from '../../../src/map/compare/divergence.js';
import { type Cells, emptyCells } from '../../../src/map/tokenMap.js';
import { randomNumbers } from '../syntheticMap.js';

const SIDE = 20;
const pair = v.object({ a: v.number(), b: v.number() });
const truthSchema = v.array(
  v.object({
    architecture: v.string(),
    kind: v.string(),
    summary: v.object({
      changed: v.number(),
      changed_cells: v.number(),
      iou_mean: v.number(),
      iou_weighted_by_union: v.number(),
      mean_abs_dp_of_winners: v.number(),
      entropy_difference_mean: v.number(),
      entropy_difference_mean_abs: v.number(),
      median_margin: v.record(v.string(), v.nullable(v.number())),
      least_gap: pair,
    }),
    iou: v.record(v.string(), v.object({ a: v.number(), b: v.number(), both: v.number(), iou: v.number() })),
    winners: v.object({ a: v.array(v.number()), b: v.array(v.number()) }),
    cells: v.record(v.string(), v.string()),
    sample: v.optional(v.object({ cells: v.array(v.number()), logits_a: v.string(), logits_b: v.string() })),
  }),
);
const truths = v.parse(
  truthSchema,
  JSON.parse(readFileSync(new URL('../../fixtures/compare/truth.json', import.meta.url), 'utf8')),
);
const floats = (base64: string | undefined): Float32Array => {
  const bytes = Uint8Array.from(Buffer.from(base64 ?? '', 'base64'));
  return new Float32Array(bytes.buffer);
};
const near = (actual: number | undefined, expected: number | null | undefined, what: string): void => {
  if (expected === null || expected === undefined) assert.equal(actual, undefined, what);
  else
    assert.ok(
      Math.abs((actual ?? NaN) - expected) <= 1e-6 + 1e-6 * Math.abs(expected),
      `${what}: ${actual} ${expected}`,
    );
};

/** A map of the truth's winners, their probabilities and margins; the second token is one that wins nowhere. */
function sideOf(truth: (typeof truths)[number], side: 'a' | 'b'): Side {
  const cells = emptyCells(SIDE, SIDE, 2);
  const [p, m, h] = ['p', 'margin', 'entropy'].map((name) => floats(truth.cells[`${name}_${side}`]));
  truth.winners[side].forEach((winner, cell) => {
    cells.computed[cell] = 1;
    cells.ids.set([winner, 100_000], cell * 2);
    cells.probabilities.set([p?.[cell] ?? 0, (p?.[cell] ?? 0) - (m?.[cell] ?? 0)], cell * 2);
    cells.entropy[cell] = h?.[cell] ?? 0;
  });
  return { cells, numberType: 'float32' };
}

for (const truth of truths)
  test(`two maps of ${truth.architecture}, ${truth.kind}: agreement is that of float64`, () => {
    const [a, b] = [sideOf(truth, 'a'), sideOf(truth, 'b')];
    const found = compareCells(a, b);
    const { summary } = truth;
    assert.equal(found.compared, SIDE * SIDE);
    assert.equal(found.changed, summary.changed_cells);
    near(found.changed / found.compared, summary.changed, 'changed');
    near(found.meanIou, summary.iou_mean, 'mean IoU');
    near(found.weightedIou, summary.iou_weighted_by_union, 'IoU weighted by union');
    near(found.meanProbabilityDifference, summary.mean_abs_dp_of_winners, 'mean |dp|');
    near(found.entropyDifference.mean, summary.entropy_difference_mean, 'entropy');
    near(found.entropyDifference.meanAbsolute, summary.entropy_difference_mean_abs, '|entropy|');
    for (const side of ['a', 'b'] as const)
      for (const kind of ['changed', 'unchanged'] as const)
        near(found.medianMargin[side][kind], summary.median_margin[`${side}_${kind}`], `margin ${side} ${kind}`);
    assert.deepEqual(
      Object.fromEntries(found.tokens.map(({ key, a: inA, b: inB, both }) => [String(key), [inA, inB, both]])),
      Object.fromEntries(Object.entries(truth.iou).map(([key, t]) => [key, [t.a, t.b, t.both]])),
    );
    if (Math.min(summary.least_gap.a, summary.least_gap.b) > ROUNDING.float32) assert.equal(found.real, found.changed);
  });

test('divergences of two predictions are those of float64', () => {
  let compared = 0;
  for (const { sample, cells } of truths) {
    if (!sample) continue;
    const [a, b] = [floats(sample.logits_a), floats(sample.logits_b)];
    const size = a.length / sample.cells.length;
    sample.cells.forEach((cell, i) => {
      const found = divergence(a.subarray(i * size, (i + 1) * size), b.subarray(i * size, (i + 1) * size));
      near(found.ab, floats(cells.kl_ab)[cell], 'KL(A || B)');
      near(found.ba, floats(cells.kl_ba)[cell], 'KL(B || A)');
      near(found.js, floats(cells.js)[cell], 'Jensen-Shannon');
      compared++;
    });
  }
  assert.equal(compared, 18);
});

test('a token that is masked in both predictions adds nothing; in one, only what reaches it from the other is infinite', () => {
  const [a, b] = [Float32Array.of(1, 2, 0.5), Float32Array.of(0, 2.5, 1)];
  const with_ = (logits: Float32Array, other: number): Float32Array => Float32Array.of(...logits, other);
  assert.deepEqual(divergence(with_(a, -Infinity), with_(b, -Infinity)), divergence(a, b));
  const { ab, ba, js } = divergence(with_(a, 1), with_(b, -Infinity));
  assert.equal(ab, Infinity);
  assert.ok(Number.isFinite(ba) && ba > 0 && js > 0 && js < Math.LN2);
});

/** Any cells: few tokens, some cells missing, some ties within rounding. */
function anyCells(random: () => number, columns: number, rows: number): Cells {
  const cells = emptyCells(columns, rows, 2);
  for (let cell = 0; cell < columns * rows; cell++) {
    if (random() < 0.1) continue;
    const first = 0.2 + 0.5 * random();
    cells.computed[cell] = 1;
    cells.ids.set([Math.floor(random() * 4), 9], cell * 2);
    cells.probabilities.set([first, random() < 0.3 ? first * (1 - 1e-5) : first * random()], cell * 2);
    cells.entropy[cell] = random() * 3;
  }
  return cells;
}

test('property: a map agrees with itself entirely; swapping the sides swaps what is said of them', () => {
  const random = randomNumbers(17);
  for (let round = 0; round < 200; round++) {
    const [columns, rows] = [1 + Math.floor(random() * 9), 1 + Math.floor(random() * 9)];
    const a: Side = { cells: anyCells(random, columns, rows), numberType: 'float32' };
    const b: Side = { cells: anyCells(random, columns, rows), numberType: 'int8' };
    const own = compareCells(a, a);
    assert.deepEqual([own.changed, own.meanIou, own.weightedIou, own.meanProbabilityDifference], [0, 1, 1, 0]);
    assert.equal(own.regions.matches.length, own.regions.a.count);
    const [ab, ba] = [compareCells(a, b), compareCells(b, a)];
    const both = Array.from(a.cells.computed, (there, cell) => there === 1 && b.cells.computed[cell] === 1);
    assert.deepEqual(
      ab.changes.map((change) => change !== undefined),
      both,
    );
    assert.equal(ab.compared, both.filter(Boolean).length);
    // A cell that one side lacks is nobody's.
    for (const side of ['a', 'b'] as const)
      assert.equal(
        ab.tokens.reduce((sum, token) => sum + token[side], 0),
        ab.compared,
      );
    assert.deepEqual(ab.changes, ba.changes);
    assert.deepEqual([ab.changed, ab.real, ab.weightedIou], [ba.changed, ba.real, ba.weightedIou]);
    assert.ok(Math.abs(ab.meanIou - ba.meanIou) < 1e-12);
    assert.deepEqual(ab.medianMargin, { a: ba.medianMargin.b, b: ba.medianMargin.a });
    assert.ok(Math.abs(ab.entropyDifference.mean + ba.entropyDifference.mean) < 1e-12);
    const swapped = ba.regions.matches.map((match) => ({ ...match, a: match.b, b: match.a }));
    assert.deepEqual(
      new Set(ab.regions.matches.map((m) => JSON.stringify(m))),
      new Set(swapped.map((m) => JSON.stringify(m))),
    );
  }
});

test('a change is within rounding only where both sides are near a tie', () => {
  const side = (token: number, second: number, numberType: Side['numberType']): Side => {
    const cells = emptyCells(1, 1, 2);
    cells.computed[0] = 1;
    cells.ids.set([token, 9]);
    cells.probabilities.set([0.5, second]);
    return { cells, numberType };
  };
  const tie = 0.5 * (1 - 1e-4);
  assert.deepEqual(compareCells(side(1, tie, 'float32'), side(2, tie, 'float32')).changes, ['rounding']);
  assert.deepEqual(compareCells(side(1, tie, 'float32'), side(2, 0.3, 'float32')).changes, ['real']);
  assert.deepEqual(compareCells(side(1, 0.495, 'float32'), side(2, tie, 'float32')).changes, ['real']);
  assert.deepEqual(compareCells(side(1, 0.495, 'float16'), side(2, tie, 'float32')).changes, ['rounding']);
});

test('models of different vocabularies are compared by the tokens’ texts', () => {
  const cells = (ids: readonly number[]): Cells => {
    const some = emptyCells(2, 1, 2);
    ids.forEach((id, cell) => {
      some.computed[cell] = 1;
      some.ids.set([id, 9], cell * 2);
      some.probabilities.set([0.6, 0.1], cell * 2);
    });
    return some;
  };
  const texts = { a: [' Paris', ' Rome'], b: [' Rome', ' Oslo', ' Paris'] };
  const found = compareCells(
    { cells: cells([0, 1]), numberType: 'float32', keyOf: (id) => texts.a[id] ?? id },
    { cells: cells([2, 1]), numberType: 'float32', keyOf: (id) => texts.b[id] ?? id },
  );
  assert.deepEqual(found.changes, ['none', 'real']);
  assert.deepEqual(
    found.tokens.map(({ key }) => key),
    [' Paris', ' Rome', ' Oslo'],
  );
});

test('property: divergences of a prediction from itself are 0; swapped sides swap the two KLs', () => {
  const random = randomNumbers(23);
  for (let round = 0; round < 100; round++) {
    const size = 2 + Math.floor(random() * 50);
    const logits = (): Float32Array => Float32Array.from({ length: size }, () => (random() < 0.1 ? -60 : 8 * random()));
    const [a, b] = [logits(), logits()];
    assert.deepEqual(divergence(a, a), { ab: 0, ba: 0, js: 0 });
    const [ab, ba] = [divergence(a, b), divergence(b, a)];
    assert.deepEqual([ab.ab, ab.ba, ab.js], [ba.ba, ba.ab, ba.js]);
    assert.ok(ab.js <= Math.LN2 && ab.js <= (ab.ab + ab.ba) / 4 + 1e-12);
  }
  const never = Float32Array.of(0, -Infinity);
  assert.deepEqual(divergence(Float32Array.of(0, 0), never).ab, Infinity);
  assert.equal(divergence(never, Float32Array.of(-Infinity, 0)).js, Math.LN2);
});
