import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewerInBatch, fewerTokens, pageTopK } from '../../src/panel/pageCells.js';
import { defaultMap } from '../webview/fakeEngine.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';

test('maps of ordinary size cross whole; huge ones with fewer tokens per cell, never fewer than two', () => {
  assert.equal(pageTopK({ columns: 200, rows: 200, topK: 100 }), 100);
  assert.equal(pageTopK({ columns: 1000, rows: 1000, topK: 10 }), 4);
  assert.equal(pageTopK({ columns: 2000, rows: 2000, topK: 100 }), 2);
});

test('the tokens that are kept are each cell’s most probable ones', () => {
  const { cells } = defaultMap({ ...DEFAULT_PARAMETERS, grid: { ...DEFAULT_PARAMETERS.grid, columns: 7, rows: 5 } });
  assert.equal(fewerTokens(cells, 10), cells);
  const few = fewerTokens(cells, 3);
  assert.equal(few.topK, 3);
  for (let cell = 0; cell < 35; cell++) {
    assert.deepEqual(few.ids.subarray(cell * 3, cell * 3 + 3), cells.ids.subarray(cell * 10, cell * 10 + 3));
    assert.deepEqual(
      few.probabilities.subarray(cell * 3, cell * 3 + 3),
      cells.probabilities.subarray(cell * 10, cell * 10 + 3),
    );
  }
  const { ids, probabilities, entropy } = cells;
  const batch = fewerInBatch(
    { indices: Int32Array.from({ length: 35 }, (_, i) => i), ids, probabilities, entropy },
    10,
    3,
  );
  assert.deepEqual([batch.ids, batch.probabilities], [few.ids, few.probabilities]);
});
