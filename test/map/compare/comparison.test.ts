import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  agreementWords,
  type CellDivergences,
  compareMaps,
  haveOneVocabulary,
  noDivergences,
  summaryOf,
  swapped,
  tokenChanges,
  tokenOfKey,
} from '../../../src/map/compare/comparison.js';
import type { TokenMap } from '../../../src/map/tokenMap.js';
import { syntheticMap } from '../syntheticMap.js';

const GRID = { columns: 14, rows: 9, topK: 5 };
const mapOf = (seed: number, steepness = 30): TokenMap => syntheticMap({ ...GRID, seed, steepness, vocabulary: 20 });
/** The same map by a model that numbers its tokens otherwise. */
function renumbered(map: TokenMap): TokenMap {
  const { model } = map.specification;
  return {
    ...map,
    specification: { ...map.specification, model: { ...model, sha256: 'cd'.repeat(32) } },
    cells: { ...map.cells, ids: map.cells.ids.map((id) => 1000 - id) },
    tokens: new Map([...map.tokens].map(([id, token]) => [1000 - id, { ...token, id: 1000 - id }])),
  };
}
const some = (): CellDivergences => {
  const found = noDivergences(GRID);
  for (const part of [found.ab, found.ba, found.js]) part.forEach((_, cell) => (part[cell] = (cell % 7) / 10));
  found.ab[3] = NaN;
  found.ba[0] = 2;
  return found;
};

test('a map with itself agrees in everything', () => {
  const map = mapOf(1);
  const zero = { ab: new Float32Array(126), ba: new Float32Array(126), js: new Float32Array(126) };
  const comparison = compareMaps(map, map, zero);
  const summary = summaryOf(comparison);
  assert.deepEqual(
    { ...summary, medianMargin: undefined, regions: undefined },
    {
      compared: 126,
      changed: 0,
      changedShare: 0,
      real: 0,
      withinRounding: 0,
      meanIou: 1,
      weightedIou: 1,
      regions: undefined,
      meanProbabilityDifference: 0,
      entropyDifference: { mean: 0, meanAbsolute: 0 },
      medianMargin: undefined,
      divergences: { ab: { mean: 0, max: 0 }, ba: { mean: 0, max: 0 }, js: { mean: 0, max: 0 } },
      plane: 'shared',
      tokensBy: 'id',
    },
  );
  assert.equal(summary.regions.matched, summary.regions.a);
  assert.deepEqual(tokenChanges(comparison), []);
  assert.equal(agreementWords(summary), 'all 126 cells say the same');
});

test('swapping the sides swaps what is said of them and nothing else', () => {
  const forth = compareMaps(mapOf(1), mapOf(2), some());
  const back = swapped(forth);
  const [one, other] = [summaryOf(forth), summaryOf(back)];
  assert.deepEqual(other, {
    ...one,
    regions: { a: one.regions.b, b: one.regions.a, matched: one.regions.matched },
    entropyDifference: { ...one.entropyDifference, mean: -one.entropyDifference.mean },
    medianMargin: { a: one.medianMargin.b, b: one.medianMargin.a },
    divergences: one.divergences && { ab: one.divergences.ba, ba: one.divergences.ab, js: one.divergences.js },
  });
  assert.notDeepEqual(one.divergences?.ab, one.divergences?.ba);
  assert.deepEqual(
    tokenChanges(back).map(({ from, to, cells }) => [to.id, from.id, cells]),
    tokenChanges(forth).map(({ from, to, cells }) => [from.id, to.id, cells]),
  );
  const cells = tokenChanges(forth).reduce((sum, change) => sum + change.cells, 0);
  assert.equal(cells, one.changed);
  assert.ok(one.changed > 20 && one.plane === 'own');
});

test('models of different vocabularies are compared by the texts of their tokens', () => {
  const [a, b] = [mapOf(1), mapOf(1, 25)];
  const other = renumbered(b);
  const byId = summaryOf(compareMaps(a, b));
  assert.ok(!haveOneVocabulary(a, other) && haveOneVocabulary(a, b));
  const byText = compareMaps(a, other);
  assert.deepEqual(summaryOf(byText), { ...byId, tokensBy: 'text', plane: byId.plane });
  for (const { key } of byText.agreement.tokens) assert.notEqual(tokenOfKey(byText, key).id, -1);
});

test('maps of two grids are not compared, and it is said why', () => {
  const map = mapOf(1);
  const { grid } = map.specification;
  const moved = { ...map, specification: { ...map.specification, grid: { ...grid, spacing: grid.spacing * 2 } } };
  assert.throws(() => compareMaps(map, moved), { code: 'bad-parameter', message: /at different places/ });
  assert.throws(() => compareMaps(map, syntheticMap({ columns: 3, rows: 9 })), {
    message: /has \d+ × \d+ cells, the other 3 × 9,/,
  });
});

test('what cells have no divergence takes no part in their mean', () => {
  const { divergences } = summaryOf(compareMaps(mapOf(1), mapOf(2), some()));
  const values = Array.from({ length: 126 }, (_, cell) => (cell % 7) / 10);
  const rest = values.filter((_, cell) => cell !== 3);
  const mean = rest.reduce((sum, value) => sum + value, 0) / rest.length;
  assert.ok(Math.abs((divergences?.ab.mean ?? NaN) - mean) < 1e-6);
  assert.equal(divergences?.ba.max, 2);
  assert.equal(summaryOf(compareMaps(mapOf(1), mapOf(2))).divergences, null);
});

test('agreement in words', () => {
  const summary = summaryOf(compareMaps(mapOf(1), mapOf(1)));
  assert.equal(
    agreementWords({ ...summary, compared: 2500, changed: 145, real: 140 }),
    '94.2% of 2,500 cells say the same; 140 changes are real, 5 within rounding',
  );
  assert.equal(
    agreementWords({ ...summary, compared: 4, changed: 1, real: 1 }),
    '75.0% of 4 cells say the same; 1 change is real',
  );
  assert.equal(agreementWords({ ...summary, compared: 0 }), 'no cell can be compared');
});
