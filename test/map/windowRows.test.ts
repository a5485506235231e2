import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Rows, type RowScale, scaleAt } from '../../src/map/rows/affineRows.js';
import { rowsOfWindow, windowRows } from '../../src/map/rows/windowRows.js';
import { mapInPage, packPage, unpackPage } from '../../src/map/pageFile/pageFile.js';
import { randomNumbers, syntheticMap } from './syntheticMap.js';

const WINDOW = { x0: -4, x1: 6, y0: -3, y1: 5 };
const K = 10;

function rowsOf(count: number, seed: number, begins: boolean, biased: boolean): Rows {
  const next = randomNumbers(seed);
  const row = (size: number): Float32Array => Float32Array.from({ length: count }, () => size * (next() - 0.5));
  return { c: row(begins ? 12 : 0), u: row(8), v: row(8), b: row(biased ? 4 : 0), cap: 0 };
}

function logits({ c, u, v, b }: Rows, scale: RowScale, x: number, y: number): Float64Array {
  const s = scaleAt(scale, x, y);
  return Float64Array.from(c, (value, i) => (value + x * (u[i] ?? 0) + y * (v[i] ?? 0)) / s + (b[i] ?? 0));
}

const partition = (all: Float64Array): number => {
  const most = Math.max(...all);
  return Math.log(all.reduce((sum, z) => sum + Math.exp(z - most), 0)) + most;
};
const topOf = (all: Float64Array, ids: ArrayLike<number>): number[] =>
  Array.from(all.keys())
    .sort((i, j) => (all[j] ?? 0) - (all[i] ?? 0))
    .slice(0, K)
    .map((i) => ids[i] ?? -1);

const ONE_MAP = { title: 'T', note: '', as: { kind: 'map' }, reading: null } as const;
const NORM: RowScale = { square: [0.5, 0.3, 0.2, 0.1, -0.05, 0.02], epsilon: 1e-5 };
const FROM_ORIGIN: RowScale = { square: [0, 0.3, 0.2, 0, 0, 0.02], epsilon: 1e-5 };

for (const [name, rows, scale] of [
  ['a norm', rowsOf(3000, 1, true, false), NORM],
  ['no norm', rowsOf(3000, 2, true, false), { square: null, epsilon: 0 }],
  ['a plane through the origin', rowsOf(3000, 3, false, false), FROM_ORIGIN],
  ['a norm and a bias', rowsOf(3000, 4, true, true), NORM],
] as const) {
  test(`Rows of a window say what all rows say: ${name}`, () => {
    const some = windowRows(rows, undefined, scale, true, WINDOW, K);
    assert.ok(name.includes('bias') || some.near.length < 1500, `${some.near.length} rows are exact`);
    const map = { ...syntheticMap({ columns: 3, rows: 2 }), closer: { rows: some, tokens: [] } };
    const page = unpackPage(packPage({ ...ONE_MAP, maps: [mapInPage(map)] }));
    const travelled = page.maps[0]?.closer?.rows;
    assert.ok(travelled);
    const restored = rowsOfWindow(travelled);
    const next = randomNumbers(9);
    for (let i = 0; i < 200; i++) {
      const x = -4 + 10 * next();
      const y = -3 + 8 * next();
      const [all, ours] = [logits(rows, scale, x, y), logits(restored, scale, x, y)];
      assert.deepEqual(topOf(ours, travelled.ids), topOf(all, Int32Array.from(rows.c.keys())));
      assert.ok(Math.abs(partition(ours) - partition(all)) < 1e-3, `${partition(ours)} and ${partition(all)}`);
    }
  });
}

test('A page has the cells that its map has, as far as they are ever shown', () => {
  const map = syntheticMap({ columns: 7, rows: 5, topK: 12 });
  const page = unpackPage(packPage({ ...ONE_MAP, maps: [mapInPage(map)] }));
  const [inPage] = page.maps;
  assert.ok(inPage);
  const { cells, tokens } = inPage;
  assert.equal(page.title, 'T');
  assert.equal(cells.topK, 10);
  for (let cell = 0; cell < 35; cell++) {
    for (let rank = 0; rank < 10; rank++) {
      assert.equal(cells.ids[cell * 10 + rank], map.cells.ids[cell * 12 + rank]);
      const p = map.cells.probabilities[cell * 12 + rank] ?? 0;
      const ours = cells.probabilities[cell * 10 + rank] ?? 0;
      assert.ok(Math.abs(ours - p) <= 1e-4 * p + 2e-5, `${ours} and ${p}`);
    }
    assert.ok(Math.abs((cells.entropy[cell] ?? 0) - (map.cells.entropy[cell] ?? 0)) < 3e-4);
  }
  const seen = new Set(cells.ids);
  for (const token of tokens) assert.deepEqual(token, map.tokens.get(token.id));
  for (const id of seen) assert.ok(tokens.some((token) => token.id === id));
});
