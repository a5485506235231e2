import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellAt, coordinates, placeOf } from '../../src/map/grid.js';

test('the original’s grid: 20 x 20 with spacing 0.5 goes from -4.75 to 4.75', () => {
  const { xs, ys } = coordinates({ columns: 20, rows: 20, spacing: 0.5, center: [0, 0] });
  const expected = Array.from({ length: 20 }, (_, i) => -4.75 + i / 2);
  assert.deepEqual([...xs], expected);
  assert.deepEqual([...ys], expected);
});

test('an odd count has a cell on the center, wherever that is', () => {
  const { xs, ys } = coordinates({ columns: 5, rows: 1, spacing: 0.25, center: [10, -3] });
  assert.deepEqual([...xs], [9.5, 9.75, 10, 10.25, 10.5]);
  assert.deepEqual([...ys], [-3]);
});

test('cells are numbered row by row', () => {
  assert.equal(cellAt(7, { row: 0, column: 6 }), 6);
  assert.equal(cellAt(7, { row: 2, column: 1 }), 15);
  for (let cell = 0; cell < 21; cell++) assert.equal(cellAt(7, placeOf(7, cell)), cell);
});
