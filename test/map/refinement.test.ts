import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverage, refinement, STRIDES, tileOf } from '../../src/map/refinement.js';

const SIZES = [
  [1, 1],
  [1, 7],
  [7, 1],
  [2, 2],
  [3, 200],
  [16, 16],
  [17, 33],
  [50, 50],
  [60, 40],
  [129, 65],
] as const;

test('every cell comes exactly once, pass after pass', () => {
  for (const [columns, rows] of SIZES) {
    const { cells, passes } = refinement(columns, rows);
    assert.deepEqual(
      [...cells].sort((a, b) => a - b),
      Array.from({ length: columns * rows }, (_, i) => i),
    );
    assert.deepEqual(
      passes.map((pass) => pass.stride),
      [...STRIDES],
    );
    let end = 0;
    for (const pass of passes) {
      assert.equal(pass.start, end);
      end = pass.end;
    }
    assert.equal(end, cells.length);
  }
});

test('a pass covers every cell by a near one, and no more cells than blocks are computed for it', () => {
  for (const [columns, rows] of SIZES) {
    const { cells, passes } = refinement(columns, rows);
    const computed = new Uint8Array(columns * rows);
    for (const { stride, start, end } of passes) {
      assert.ok(end - start <= Math.ceil(columns / stride) * Math.ceil(rows / stride));
      for (const cell of cells.subarray(start, end)) computed[cell] = 1;
      coverage(computed, columns, rows).forEach((by, cell) => {
        assert.equal(computed[by], 1);
        if (computed[cell] === 1) assert.equal(by, cell);
        const sameBlock = (a: number, b: number): boolean => Math.floor(a / stride) === Math.floor(b / stride);
        assert.ok(sameBlock(by % columns, cell % columns));
        assert.ok(sameBlock(Math.floor(by / columns), Math.floor(cell / columns)));
      });
    }
  }
});

test('the cells of a coarse pass are among the blocks of the next: 50 x 50 takes 16, then 153 more', () => {
  const { passes } = refinement(50, 50);
  assert.deepEqual(
    passes.map(({ start, end }) => end - start),
    [16, 169 - 16, 2500 - 169],
  );
});

test('without any computed cell nothing is covered; in the middle of a pass the finest block counts', () => {
  const computed = new Uint8Array(32 * 32);
  assert.ok(coverage(computed, 32, 32).every((by) => by === -1));
  const coarse = 6 * 32 + 6;
  computed[coarse] = 1;
  const fine = 2 * 32 + 2;
  computed[fine] = 1;
  const out = coverage(computed, 32, 32);
  assert.equal(out[0], fine);
  assert.equal(out[3 * 32 + 3], fine);
  assert.equal(out[3 * 32 + 4], coarse);
  assert.equal(out[16], -1);
});

test('each pass goes tile by tile, the tiles outwards from the middle', () => {
  const [columns, rows] = [200, 120];
  const { cells, passes } = refinement(columns, rows);
  for (const { stride, start, end } of passes) {
    const seen = new Set<string>();
    let last = '';
    let distance = 0;
    for (const cell of cells.subarray(start, end)) {
      const tile = tileOf(columns, rows, stride, cell);
      const key = `${tile.column},${tile.row}`;
      if (key === last) continue;
      assert.ok(!seen.has(key), 'a tile is left and entered again');
      seen.add(key);
      last = key;
      const next = Math.hypot(tile.column + tile.width / 2 - columns / 2, tile.row + tile.height / 2 - rows / 2);
      assert.ok(next >= distance);
      distance = next;
    }
  }
});

test('only the wanted cells, in the same order', () => {
  const all = refinement(40, 30);
  const wanted = Int32Array.from({ length: 400 }, (_, i) => (i * 7) % 1200);
  const some = refinement(40, 30, wanted);
  const set = new Set(wanted);
  assert.deepEqual(
    [...some.cells],
    [...all.cells].filter((cell) => set.has(cell)),
  );
  assert.equal(some.passes.at(-1)?.end, set.size);
});
