import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactStatistics } from '../../src/map/exactRegions.js';
import type { ExactRegions } from '../../src/map/polygons.js';
import { packRegions, unpackRegions } from '../../src/protocol/pageRegions.js';
import { syntheticMap } from '../map/syntheticMap.js';

const byToken = (regions: ExactRegions | undefined) =>
  new Map(regions?.polygons.map(({ token, points }) => [token, [...points]]));

test('packed regions are the same regions, the largest first, in arrays of their own', () => {
  for (const seed of [1, 2, 3]) {
    const { regions } = syntheticMap({ columns: 20, rows: 20, seed, vocabulary: 300, exact: true });
    assert.ok(regions);
    const packed = structuredClone(packRegions(regions));
    assert.equal(packed.count, regions.polygons.length);
    const { areaShares } = exactStatistics(regions);
    assert.deepEqual(
      Array.from(packed.tokens, (token, i) => ({ token, share: packed.shares[i] })),
      areaShares,
    );
    assert.deepEqual(byToken(unpackRegions(packed)), byToken(regions));
    assert.deepEqual(unpackRegions(packed)?.window, regions.window);
    const { tokens, shares, shapes } = packed;
    for (const array of [tokens, shares, shapes?.starts, shapes?.points])
      assert.equal(array?.buffer.byteLength, array?.byteLength);
  }
});

test('more regions than a screen can show cross as a count and the largest', () => {
  const side = 160;
  const polygons = Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const wide = i === 77 ? 1 : 0.5;
    return { token: i, points: Float64Array.of(x, y, x + wide, y, x + wide, y + 1, x, y + 1) };
  });
  const packed = packRegions({ window: { x0: 0, y0: 0, x1: side, y1: side }, polygons });
  assert.equal(packed.count, side * side);
  assert.equal(packed.shapes, null);
  assert.equal(unpackRegions(packed), undefined);
  assert.equal(packed.tokens[0], 77);
  assert.ok(packed.tokens.length < packed.count && packed.tokens.length === packed.shares.length);
});
