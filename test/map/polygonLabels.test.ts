import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Segment, segmentsText } from '../../src/map/display.js';
import type { Box } from '../../src/map/labels.js';
import { wantedSize } from '../../src/map/labels.js';
import { type PolygonLabelOptions, placePolygonLabels } from '../../src/map/polygonLabels.js';
import { envelope, polygonArea, type TokenPolygon } from '../../src/map/polygons.js';
import { normalRows, squareWindow } from './planeRows.js';
import { randomNumbers } from './syntheticMap.js';

const CELL = 13;
const words = ['a', 'Paris', 'elephant', 'intendent', 'cryptocurrencies'];
const segments = (token: number): readonly Segment[] => [{ kind: 'text', text: words[token % words.length] ?? '' }];
/** Every character is half an em wide. */
const measure = (parts: readonly Segment[]): number => segmentsText(parts).length / 2;
const place = (polygons: readonly TokenPolygon[], more: Partial<PolygonLabelOptions> = {}) =>
  placePolygonLabels({ polygons, cellWidth: CELL, cellHeight: CELL, segments, measure, ...more });

/** Regions of random planes, moved to 0 ... 50 in both directions. */
const random = (seed: number): TokenPolygon[] =>
  envelope(normalRows(60, seed, { c: 1, slope: 1 }), squareWindow(2)).map(({ token, points }) => ({
    token,
    points: points.map((n) => (n + 2) * 12.5),
  }));

/** The distance from a box's nearest side or corner to the polygon's outline, in grid units; negative where it sticks out. */
function roomAround({ points }: TokenPolygon, box: Box): number {
  let room = Infinity;
  for (let i = 0; i < points.length; i += 2) {
    const j = (i + 2) % points.length;
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = [points[i], points[i + 1], points[j], points[j + 1]];
    for (const x of [box.x, box.x + box.width]) {
      for (const y of [box.y, box.y + box.height]) {
        room = Math.min(room, ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / Math.hypot(x1 - x0, y1 - y0));
      }
    }
  }
  return room;
}

test('property: a label lies wholly inside its polygon, is of the asked size, and one size more would not fit', () => {
  const numbers = randomNumbers(3);
  let labeled = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const polygons = random(seed);
    const labels = new Map(place(polygons).map((label) => [label.region, label]));
    polygons.forEach((polygon, region) => {
      const label = labels.get(region);
      const whole = segmentsText(segments(polygon.token));
      const wanted = wantedSize(polygonArea(polygon.points) * CELL * CELL);
      const size = label && segmentsText(label.segments) === whole ? label.size + 1 : 10;
      if (!label || size <= wanted) {
        // Nowhere does the token stand in the next size.
        const [width, height] = [((whole.length / 2 + 0.5) * size) / CELL, (1.18 * size) / CELL];
        for (let i = 0; i < 200; i++) {
          const box = { x: numbers() * 50, y: numbers() * 50, width, height };
          assert.ok(roomAround(polygon, box) < 1e-9, `${whole} fits in ${size} px`);
        }
      }
      if (!label) return;
      labeled++;
      assert.equal(label.token, polygon.token);
      assert.ok(roomAround(polygon, label.box) > -1e-9);
      assert.ok(label.size >= 10 && label.size <= wanted + 1e-9);
      assert.ok(Math.abs(label.box.width * CELL - (measure(label.segments) + 0.5) * label.size) < 1e-9);
      assert.ok(Math.abs(label.box.height * CELL - 1.18 * label.size) < 1e-9);
      assert.ok(Math.abs(label.x - label.box.x - label.box.width / 2) < 1e-9);
      assert.ok(Math.abs(label.y - label.box.y - label.box.height / 2) < 1e-9);
    });
  }
  assert.ok(labeled > 100, `${labeled}`);
});

/** How much the box can grow on all sides before it leaves the polygon, in px. */
function growth(polygon: TokenPolygon, box: Box): number {
  let [low, high] = [0, 1000];
  while (high - low > 1e-3) {
    const by = (low + high) / 2;
    const [x, y] = [box.x - by / CELL, box.y - by / CELL];
    const grown = { x, y, width: box.width + (2 * by) / CELL, height: box.height + (2 * by) / CELL };
    if (roomAround(polygon, grown) >= -1e-9) low = by;
    else high = by;
  }
  return low;
}

test('property: a label stands where there is most room around it', () => {
  const numbers = randomNumbers(4);
  for (let seed = 1; seed <= 10; seed++) {
    const polygons = random(seed);
    for (const label of place(polygons)) {
      const polygon = polygons[label.region] ?? assert.fail();
      const room = growth(polygon, label.box);
      for (let i = 0; i < 100; i++) {
        const box = { ...label.box, x: numbers() * 50, y: numbers() * 50 };
        assert.ok(growth(polygon, box) <= room + 0.1);
      }
    }
  }
  // In a long room, in its middle.
  const long = { token: 0, points: Float64Array.of(0, 0, 40, 0, 40, 4, 0, 4) };
  const [label] = place([long]);
  assert.ok(label && Math.abs(label.x - 20) < 0.02 && Math.abs(label.y - 2) < 0.02, `${label?.x} ${label?.y}`);
});

test('labels keep clear of boxes', () => {
  const polygon = { token: 1, points: Float64Array.of(0, 0, 20, 0, 20, 20, 0, 20) };
  for (const [x, y] of [
    [8, 8],
    [2, 9],
    [9, 15],
  ] as const) {
    const boxes = [
      { x, y, width: 4, height: 4 },
      { x: 13, y: 1, width: 3, height: 2 },
    ];
    const [label] = place([polygon], { avoid: boxes });
    assert.ok(label);
    assert.ok(roomAround(polygon, label.box) > -1e-9);
    for (const box of boxes) {
      const apart =
        label.box.x >= box.x + box.width ||
        box.x >= label.box.x + label.box.width ||
        label.box.y >= box.y + box.height ||
        box.y >= label.box.y + label.box.height;
      assert.ok(apart);
    }
  }
  assert.deepEqual(place([polygon], { avoid: [{ x: 0, y: 0, width: 20, height: 20 }] }), []);
  assert.deepEqual(place([polygon], { avoid: [{ x: 30, y: 0, width: 20, height: 20 }] }), place([polygon]));
});
