import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cropCells, findBorders, findRegions, NO_TOKEN, topTokens } from '../../src/map/regions.js';
import { emptyCells } from '../../src/map/tokenMap.js';
import { randomNumbers } from './syntheticMap.js';

/** Regions by walking from cell to neighbor: slow, and obviously right. */
function walk(columns: number, rows: number, top: Int32Array): number[] {
  const of = new Array<number>(columns * rows).fill(-1);
  let count = 0;
  for (let first = 0; first < of.length; first++) {
    if (of[first] !== -1 || top[first] === NO_TOKEN) continue;
    const open = [first];
    of[first] = count;
    for (let cell = open.pop(); cell !== undefined; cell = open.pop()) {
      const neighbors = [cell - columns, cell + columns];
      if (cell % columns > 0) neighbors.push(cell - 1);
      if (cell % columns < columns - 1) neighbors.push(cell + 1);
      for (const neighbor of neighbors) {
        if (neighbor < 0 || neighbor >= of.length || of[neighbor] !== -1 || top[neighbor] !== top[first]) continue;
        of[neighbor] = count;
        open.push(neighbor);
      }
    }
    count++;
  }
  return of;
}

const randomGrid = (random: () => number): { columns: number; rows: number; top: Int32Array } => {
  const columns = 1 + Math.floor(random() * 12);
  const rows = 1 + Math.floor(random() * 12);
  const kinds = 1 + Math.floor(random() * 4);
  return {
    columns,
    rows,
    top: Int32Array.from({ length: columns * rows }, () => Math.floor(random() * (kinds + 1)) - 1),
  };
};

test('property: regions are those found by walking from cell to cell, numbered by their first cells', () => {
  const random = randomNumbers(3);
  for (let i = 0; i < 500; i++) {
    const { columns, rows, top } = randomGrid(random);
    const regions = findRegions(columns, rows, top);
    const expected = walk(columns, rows, top);
    assert.deepEqual([...regions.of], expected);
    assert.equal(regions.count, Math.max(-1, ...expected) + 1);
    for (let region = 0; region < regions.count; region++) {
      assert.equal(regions.areas[region], expected.filter((one) => one === region).length);
      assert.equal(regions.tokens[region], top[expected.indexOf(region)]);
    }
  }
});

test('property: borders cover exactly the edges between different tokens, each once, in runs that cannot be merged', () => {
  const random = randomNumbers(4);
  for (let i = 0; i < 300; i++) {
    const { columns, rows, top } = randomGrid(random);
    const dark = Uint8Array.from(top, () => Number(random() < 0.5));
    const borders = findBorders(columns, rows, top, { dark, alike: (a, b) => (a + b) % 2 === 1 });
    const expected = new Map<string, string[]>();
    const edge = (a: number, b: number, name: string): void => {
      if (top[a] === top[b] || top[a] === NO_TOKEN || top[b] === NO_TOKEN) return;
      const look = `${dark[a] === 1 && dark[b] === 1} ${((top[a] ?? 0) + (top[b] ?? 0)) % 2 === 1}`;
      expected.set(look, [...(expected.get(look) ?? []), name]);
    };
    for (let cell = 0; cell < top.length; cell++) {
      const column = cell % columns;
      const row = Math.floor(cell / columns);
      if (column > 0) edge(cell - 1, cell, `${column},${row} ${column},${row + 1}`);
      if (row > 0) edge(cell - columns, cell, `${column},${row} ${column + 1},${row}`);
    }
    for (const { onDark, heavy, pieces } of borders) {
      const drawn: string[] = [];
      const ends = new Set<string>();
      const lines = [...pieces];
      for (let at = 0; at < lines.length; at += 4) {
        const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = lines.slice(at, at + 4);
        const vertical = x0 === x1;
        for (let n = vertical ? y0 : x0; n < (vertical ? y1 : x1); n++) {
          drawn.push(vertical ? `${x0},${n} ${x0},${n + 1}` : `${n},${y0} ${n + 1},${y0}`);
        }
        for (const end of [`${x0},${y0},${vertical}`, `${x1},${y1},${vertical}`]) {
          assert.ok(!ends.has(end), 'two runs in one line meet');
          ends.add(end);
        }
      }
      const look = `${onDark} ${heavy}`;
      assert.deepEqual(drawn.sort(), expected.get(look)?.sort());
      expected.delete(look);
    }
    assert.equal(expected.size, 0, 'every border is drawn');
  }
});

test('cells that are not computed have no top token', () => {
  const cells = emptyCells(2, 1, 2);
  cells.computed[1] = 1;
  cells.ids.set([5, 6], 2);
  assert.deepEqual([...topTokens(cells)], [NO_TOKEN, 5]);
  assert.equal(findRegions(2, 1, topTokens(cells)).count, 1);
});

test('a window is cut out row by row', () => {
  const values = Int32Array.from({ length: 12 }, (_, i) => i);
  assert.deepEqual([...cropCells(4, values, { column: 1, row: 1, columns: 2, rows: 2 })], [5, 6, 9, 10]);
});
