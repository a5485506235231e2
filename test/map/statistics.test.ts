import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapStatistics, tokensOnMap } from '../../src/map/statistics.js';
import { addBatch, emptyCells } from '../../src/map/tokenMap.js';

/** 3 x 2 cells: row 0 is 7 7 5, row 1 is 5 7 and one not computed. */
function sixCells() {
  const cells = emptyCells(3, 2, 2);
  addBatch(cells, {
    indices: Int32Array.of(0, 1, 2, 3, 4),
    ids: Int32Array.of(7, 1, 7, 1, 5, 1, 5, 7, 7, 5),
    probabilities: Float32Array.of(0.5, 0.25, 0.25, 0.125, 1, 0, 0.5, 0.5, 0.75, 0.125),
    entropy: Float32Array.of(1, 2, 0, 4, 3),
  });
  return cells;
}

test('tokens on the map: most cells first, with share, mean probability and regions', () => {
  assert.deepEqual(tokensOnMap(sixCells()), [
    { id: 7, cells: 3, share: 0.6, meanProbability: 0.5, regions: 1 },
    { id: 5, cells: 2, share: 0.4, meanProbability: 0.75, regions: 2 },
  ]);
});

test('numbers of a map: counts, and quantiles as numpy gives them', () => {
  const statistics = mapStatistics(sixCells());
  assert.deepEqual([statistics.cells, statistics.computed, statistics.tokens, statistics.regions], [6, 5, 2, 3]);
  // numpy.quantile([.25, .5, .5, .75, 1], [0, .25, .5, .75, 1]) and mean
  assert.deepEqual(statistics.probability, {
    min: 0.25,
    quarter: 0.5,
    median: 0.5,
    threeQuarters: 0.75,
    max: 1,
    mean: 0.6,
  });
  assert.deepEqual(statistics.entropy, { min: 0, quarter: 1, median: 2, threeQuarters: 3, max: 4, mean: 2 });
  // margins .25 .125 1 0 .625
  assert.deepEqual(statistics.margin, {
    min: 0,
    quarter: 0.125,
    median: 0.25,
    threeQuarters: 0.625,
    max: 1,
    mean: 0.4,
  });
});

test('a map without a computed cell has counts only', () => {
  assert.deepEqual(mapStatistics(emptyCells(2, 2, 2)), { cells: 4, computed: 0, tokens: 0, regions: 0 });
  assert.deepEqual(tokensOnMap(emptyCells(2, 2, 2)), []);
});
