import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenBorder } from '../../src/map/borderLines.js';
import { clipPolygon, gridPolygons, tokenBorders } from '../../src/map/exactRegions.js';
import { interpolatedRegions } from '../../src/map/interpolatedRegions.js';
import { bordersOf, outlinesOf, patchesOf } from '../../src/map/outlines.js';
import { polygonArea } from '../../src/map/polygons.js';
import { findBorders, NO_TOKEN, topTokens } from '../../src/map/regions.js';
import { emptyCells } from '../../src/map/tokenMap.js';
import { randomNumbers, syntheticMap } from './syntheticMap.js';

const PARTS = [0, 0.25, 0.5, 0.75, 1];
const at = ({ x0, y0, x1, y1 }: TokenBorder, part: number): readonly [number, number] => [
  x0 + part * (x1 - x0),
  y0 + part * (y1 - y0),
];

/** How far a place is from a border. */
function distance([x, y]: readonly [number, number], border: TokenBorder): number {
  const { x0, y0, x1, y1 } = border;
  const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const part = length > 0 ? ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length : 0;
  const [nearX, nearY] = at(border, Math.min(1, Math.max(0, part)));
  return Math.hypot(x - nearX, y - nearY);
}

const pairOf = ({ left, right }: TokenBorder): string => [left, right].sort((a, b) => a - b).join();
const isDrawn = ({ left, right }: TokenBorder): boolean => left !== NO_TOKEN && right !== NO_TOKEN;

test('between the centers of an affine map’s cells, interpolated borders lie within a tenth of a cell of the exact ones', () => {
  let checked = 0;
  for (const [side, vocabulary] of [
    [30, 10],
    [40, 60],
    [25, 300],
  ] as const)
    for (const seed of [1, 2, 3]) {
      const map = syntheticMap({ columns: side, rows: side, vocabulary, seed, exact: true });
      const top = topTokens(map.cells);
      const { borders } = interpolatedRegions(map.cells, top) ?? assert.fail();
      const { regions, specification } = map;
      assert.ok(regions);
      const polygons = gridPolygons(regions, specification.grid);
      const exact = new Map<string, TokenBorder[]>();
      for (const one of tokenBorders({ ...regions, polygons }))
        exact.set(pairOf(one), [...(exact.get(pairOf(one)) ?? []), one]);
      /** Whether tokens win between four centers that win at none of them: such regions stay between the cells. */
      const hasMore = (column: number, row: number): boolean => {
        const first = row * side + column;
        const corners = [first, first + 1, first + side, first + side + 1].map((cell) => top[cell]);
        return polygons.some(({ token, points }) => {
          const right = clipPolygon(clipPolygon(points, -1, 0, -column - 0.5), 1, 0, column + 1.5);
          const part = clipPolygon(clipPolygon(right, 0, -1, -row - 0.5), 0, 1, row + 1.5);
          return !corners.includes(token) && part.length > 4 && polygonArea(part) > 1e-9;
        });
      };
      const more = Array.from({ length: side * side }, (_, i) => hasMore(i % side, Math.floor(i / side)));
      for (const border of borders) {
        const [x, y] = at(border, 0.5);
        const [column, row] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
        const inside = column >= 0 && row >= 0 && column < side - 1 && row < side - 1;
        if (!isDrawn(border) || !inside || more[row * side + column]) continue;
        const same = exact.get(pairOf(border)) ?? assert.fail(`${pairOf(border)} border on each other`);
        for (const part of PARTS) {
          const far = Math.min(...same.map((one) => distance(at(border, part), one)));
          checked++;
          assert.ok(far < 0.1, `${seed}: ${far} at ${at(border, part).join()}`);
        }
      }
    }
  assert.ok(checked > 5000, `${checked}`);
});

test('where borders curve, they are as near as the curve is smooth: a circle is round', () => {
  const [side, radius] = [30, 9.3];
  const cells = emptyCells(side, side, 2);
  cells.computed.fill(1);
  for (let cell = 0; cell < side * side; cell++) {
    const [x, y] = [(cell % side) + 0.5 - side / 2, Math.floor(cell / side) + 0.5 - side / 2];
    const inside = 1 / (1 + Math.exp((Math.hypot(x, y) ** 2 - radius ** 2) / 20));
    const order = inside >= 0.5 ? [7, 8] : [8, 7];
    cells.ids.set(order, 2 * cell);
    cells.probabilities.set([Math.max(inside, 1 - inside), Math.min(inside, 1 - inside)], 2 * cell);
  }
  const { borders } = interpolatedRegions(cells, topTokens(cells)) ?? assert.fail();
  const around = borders.filter(isDrawn);
  let length = 0;
  for (const border of around) {
    length += Math.hypot(border.x1 - border.x0, border.y1 - border.y0);
    for (const part of PARTS) {
      const [x, y] = at(border, part);
      assert.ok(Math.abs(Math.hypot(x - side / 2, y - side / 2) - radius) < 0.03);
    }
    const [x, y] = at(border, 0.5);
    // What goes around it has it on the left.
    const turn = (x - side / 2) * (border.y1 - border.y0) - (y - side / 2) * (border.x1 - border.x0);
    assert.equal(border.left, turn > 0 ? 7 : 8);
  }
  assert.ok(Math.abs(length - 2 * Math.PI * radius) < 0.1, `${length}`);
});

/** Cells of a few tokens, some of which are missing among the most probable ones, and some not computed. */
function raggedCells(seed: number) {
  const random = randomNumbers(seed);
  const [columns, rows, topK] = [1 + Math.floor(random() * 9), 1 + Math.floor(random() * 9), 3];
  const cells = emptyCells(columns, rows, topK);
  for (let cell = 0; cell < columns * rows; cell++) {
    cells.computed[cell] = Number(random() < 0.9);
    const ids = [0, 1, 2, 3, 4].sort(() => random() - 0.5).slice(0, topK);
    const probabilities = ids.map(() => random()).sort((a, b) => b - a);
    cells.ids.set(ids, cell * topK);
    cells.probabilities.set(random() < 0.1 ? probabilities.map(() => 0.5) : probabilities, cell * topK);
  }
  return cells;
}

test('property: whatever cells say, outlines close, and every part of the map has one token', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const cells = raggedCells(seed);
    const { columns, rows } = cells;
    const top = topTokens(cells);
    const outlined = { columns, rows, top, cells };
    const { borders, faces } = interpolatedRegions(cells, top) ?? assert.fail();
    // Each token's outline enters every place as often as it leaves it.
    const turns = new Map<string, number>();
    const turn = (token: number, x: number, y: number, by: number): void => {
      const place = `${token} ${x.toFixed(6)} ${y.toFixed(6)}`;
      turns.set(place, (turns.get(place) ?? 0) + by);
    };
    for (const { left, right, x0, y0, x1, y1 } of borders) {
      assert.notEqual(left, right);
      assert.ok([x0, x1].every((x) => x >= 0 && x <= columns) && [y0, y1].every((y) => y >= 0 && y <= rows));
      for (const [token, way] of [
        [left, 1],
        [right, -1],
      ] as const) {
        turn(token, x0, y0, way);
        turn(token, x1, y1, -way);
      }
    }
    for (const [place, count] of turns)
      if (!place.startsWith(`${NO_TOKEN} `)) assert.equal(count, 0, `seed ${seed}: ${place}`);
    for (const { points } of faces) assert.ok(polygonArea(points) > -1e-9, `seed ${seed}: counter-clockwise`);

    // With what lies beyond borders, tokens have as much as their outlines enclose.
    const areas = new Map<number, number>();
    const add = (token: number, area: number): void => void areas.set(token, (areas.get(token) ?? 0) + area);
    for (const token of top) if (token !== NO_TOKEN) add(token, 1);
    for (const { token, cell, points } of patchesOf(outlined, outlinesOf(outlined))) {
      add(token, polygonArea(points));
      add(top[cell] ?? NO_TOKEN, -polygonArea(points));
    }
    for (const [token, area] of areas) {
      let enclosed = 0;
      for (const { left, right, x0, y0, x1, y1 } of borders) {
        const part = (x0 * y1 - x1 * y0) / 2;
        enclosed += left === token ? part : right === token ? -part : 0;
      }
      assert.ok(Math.abs(enclosed - area) < 2e-4 * (1 + faces.length), `seed ${seed}: ${enclosed} and ${area}`);
    }
  }
});

test('where a winner is not among its neighbor’s most probable tokens, borders are the sides of the cells', () => {
  const random = randomNumbers(5);
  const cells = emptyCells(8, 6, 2);
  cells.computed.fill(1);
  for (let cell = 0; cell < 48; cell++) {
    cells.ids.set([Math.floor(random() * 4), 9 + cell], 2 * cell);
    cells.probabilities.set([0.6, 0.2], 2 * cell);
  }
  const top = topTokens(cells);
  const outlined = { columns: 8, rows: 6, top, cells };
  const length = (lines: ReturnType<typeof findBorders>): number =>
    lines.reduce((sum, { pieces }) => {
      for (let i = 0; i < pieces.length; i += 4) {
        const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = pieces.subarray(i, i + 4);
        assert.ok((x0 === x1 && Number.isInteger(x0)) || (y0 === y1 && Number.isInteger(y0)));
        sum += Math.abs(x1 - x0) + Math.abs(y1 - y0);
      }
      return sum;
    }, 0);
  const dark = Uint8Array.from(top, () => Number(random() < 0.5));
  const [drawn, sides] = [bordersOf(outlined, outlinesOf(outlined), { dark }), findBorders(8, 6, top, { dark })];
  for (const onDark of [false, true])
    assert.equal(
      length(drawn.filter((lines) => lines.onDark === onDark)),
      length(sides.filter((lines) => lines.onDark === onDark)),
    );
  assert.deepEqual(patchesOf(outlined, outlinesOf(outlined)), []);
});
