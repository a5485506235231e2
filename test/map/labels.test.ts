import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countLetters, type Segment, segmentsText } from '../../src/map/display.js';
import {
  badgeBoxes,
  cellLabel,
  fitSegments,
  type Label,
  type LabelOptions,
  placeLabels,
  wantedSize,
} from '../../src/map/labels.js';
import { findRegions, type Regions } from '../../src/map/regions.js';
import type { Mark } from '../../src/map/survey.js';
import { randomNumbers } from './syntheticMap.js';

/** Every character is half an em wide. */
const measure = (segments: readonly Segment[]): number => segmentsText(segments).length / 2;
const words = ['a', 'Paris', 'elephant', 'intendent', 'cryptocurrencies'];
const segments = (token: number): readonly Segment[] => [{ kind: 'text', text: words[token % words.length] ?? '' }];

const place = (regions: Regions, more: Partial<LabelOptions> = {}): Label[] =>
  placeLabels({ regions, cellWidth: 13, cellHeight: 13, segments, measure, ...more });

/** Blobs: every cell has the token of the nearest of some random points. */
function blobs(columns: number, rows: number, count: number, random: () => number): Regions {
  const points = Array.from({ length: count }, () => [random() * columns, random() * rows] as const);
  const nearest = (x: number, y: number): number =>
    points.reduce((best, [px, py], i) => {
      const [bx, by] = points[best] ?? [0, 0];
      return Math.hypot(px - x, py - y) < Math.hypot(bx - x, by - y) ? i : best;
    }, 0);
  const top = Int32Array.from({ length: columns * rows }, (_, i) =>
    nearest((i % columns) + 0.5, Math.floor(i / columns) + 0.5),
  );
  return findRegions(columns, rows, top);
}

/** Cells that a box touches. */
function* touched({ box }: Label, slackX = 0, slackY = 0): Generator<[column: number, row: number]> {
  for (let row = Math.floor(box.y - slackY + 1e-6); row < box.y + box.height + slackY - 1e-6; row++)
    for (let column = Math.floor(box.x - slackX + 1e-6); column < box.x + box.width + slackX - 1e-6; column++)
      yield [column, row];
}

test('property: a label lies wholly inside its region, is of the asked size, and says enough of its token', () => {
  const random = randomNumbers(5);
  let labeled = 0;
  for (let i = 0; i < 60; i++) {
    const columns = 10 + Math.floor(random() * 50);
    const regions = blobs(columns, 10 + Math.floor(random() * 50), 2 + Math.floor(random() * 30), random);
    const labels = place(regions);
    assert.equal(new Set(labels.map(({ region }) => region)).size, labels.length, 'one label a region');
    for (const label of labels) {
      labeled++;
      for (const [column, row] of touched(label)) assert.equal(regions.of[row * columns + column], label.region);
      const area = (regions.areas[label.region] ?? 0) * 13 * 13;
      assert.ok(label.size >= 10 && label.size <= wantedSize(area) && wantedSize(area) <= 20);
      assert.ok(Math.abs(label.box.width * 13 - (measure(label.segments) + 0.5) * label.size) < 1e-6);
      assert.ok(Math.abs(label.box.height * 13 - 1.18 * label.size) < 1e-6);
      assert.ok(Math.abs(label.x - label.box.x - label.box.width / 2) < 1e-6);
      const whole = segmentsText(segments(label.token));
      const shown = segmentsText(label.segments);
      if (shown === whole) continue;
      assert.equal(label.size, 10, 'only the smallest size is truncated');
      assert.ok(shown.endsWith('…') && whole.startsWith(shown.slice(0, -1)));
      const letters = shown.length - 1;
      assert.ok(letters >= 4 && letters >= whole.length / 2, shown);
    }
  }
  assert.ok(labeled > 300);
});

test('property: where there is a label, no larger size would fit; where there is none, nothing would', () => {
  const random = randomNumbers(6);
  for (let i = 0; i < 40; i++) {
    const columns = 12;
    const rows = 12;
    const regions = blobs(columns, rows, 2 + Math.floor(random() * 12), random);
    const labels = new Map(place(regions).map((label) => [label.region, label]));
    const fitsAnywhere = (region: number, width: number, height: number): boolean => {
      const [wide, high] = [Math.ceil(width / 13 - 1e-9), Math.ceil(height / 13 - 1e-9)];
      for (let row = 0; row + high <= rows; row++)
        for (let column = 0; column + wide <= columns; column++) {
          let inside = true;
          for (let r = row; r < row + high; r++)
            for (let c = column; c < column + wide; c++) inside &&= regions.of[r * columns + c] === region;
          if (inside) return true;
        }
      return false;
    };
    for (let region = 0; region < regions.count; region++) {
      const label = labels.get(region);
      const text = segmentsText(segments(regions.tokens[region] ?? 0));
      const wanted = wantedSize((regions.areas[region] ?? 0) * 169);
      const fits = (letters: number, size: number): boolean =>
        fitsAnywhere(region, (letters / 2 + 0.5) * size, 1.18 * size);
      if (!label) assert.ok(!fits(text.length, 10), `${text} would fit`);
      else if (label.size + 1 <= wanted) assert.ok(!fits(text.length, label.size + 1), `${text} would fit larger`);
    }
  }
});

test('a label takes the roomiest place, then the one nearest to the centroid', () => {
  // A room of 20 x 9 cells with a corridor of 3 rows to its right: the label stands in the middle of the room.
  const columns = 40;
  const top = Int32Array.from({ length: columns * 9 }, (_, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    return column < 20 || (row >= 3 && row < 6) ? 1 : 0;
  });
  const label = place(findRegions(columns, 9, top)).find(({ token }) => token === 1);
  assert.ok(label);
  assert.equal(label.y, 4.5);
  assert.ok(label.x >= 4.5 && label.x < 16, `${label.x}`);
  const alone = place(findRegions(21, 21, new Int32Array(21 * 21)));
  assert.deepEqual([alone[0]?.x, alone[0]?.y], [10.5, 10.5]);
});

test('labels stay clear of boxes, and the same map always gets the same labels', () => {
  const regions = blobs(50, 50, 12, randomNumbers(7));
  const free = place(regions);
  const taken = free[0]?.box;
  assert.ok(taken);
  const labels = place(regions, { avoid: [taken] });
  for (const { box } of labels) {
    const apart =
      box.x >= taken.x + taken.width ||
      taken.x >= box.x + box.width ||
      box.y >= taken.y + taken.height ||
      taken.y >= box.y + box.height;
    assert.ok(apart);
  }
  assert.deepEqual(place(regions), free);
});

test('property: on grids that are looked at in blocks, labels lie inside their regions too', () => {
  const random = randomNumbers(8);
  for (const [columns, rows] of [
    [600, 500],
    [1000, 3],
    [2, 700],
  ] as const) {
    const regions = blobs(columns, rows, 8, random);
    const labels = place(regions, { cellWidth: 700 / columns, cellHeight: 700 / rows });
    assert.ok(labels.length > 0);
    for (const label of labels) {
      for (const [column, row] of touched(label)) assert.equal(regions.of[row * columns + column], label.region);
    }
  }
});

test('a cell holds its token whole, smaller, truncated, or not at all', () => {
  const paris: readonly Segment[] = [
    { kind: 'glyph', text: '␣', name: 'space' },
    { kind: 'text', text: 'elephant' },
  ];
  assert.deepEqual(cellLabel(paris, 200, 40, measure)?.segments, paris);
  const narrow = cellLabel(paris, 40, 40, measure);
  assert.ok(narrow && segmentsText(narrow.segments).startsWith('␣e') && segmentsText(narrow.segments).endsWith('…'));
  assert.ok(measure(narrow.segments) * narrow.size <= 36);
  assert.equal(cellLabel(paris, 12, 40, measure), undefined);
  const kept = fitSegments(paris, 2.5, measure);
  assert.equal(kept && countLetters(kept), 3);
});

test('regions of one cell have a label where they stand alone, and none in rows', () => {
  const columns = 12;
  const top = new Int32Array(columns * 9).fill(1);
  const set = (column: number, row: number, token: number): void => void (top[row * columns + column] = token);
  for (let column = 2; column < 7; column++) set(column, 2, 5 * column); // of one letter each
  set(3, 6, 5);
  const regions = findRegions(columns, 9, top);
  const labels = place(regions, { cellWidth: 30, cellHeight: 30 });
  const single = labels.filter(({ region }) => regions.areas[region] === 1);
  assert.deepEqual(
    single.map(({ x, y }) => [x, y]),
    [[3.5, 6.5]],
  );
});

test('the box of a badge is around its anchor, as large as the badge and little more, whatever the grid', () => {
  const random = randomNumbers(5);
  const mark = (kind: Mark['kind'], x: number, y: number): Mark =>
    ({ kind, overlay: -1, text: '', x, y, distance: 0, norm: 1 }) as const;
  for (let round = 0; round < 20; round++) {
    const [x, y, spacing, cellWidth, cellHeight, radius] = Array.from({ length: 6 }, () => 0.1 + 10 * random());
    assert.ok(x && y && spacing && cellWidth && cellHeight && radius);
    const grid = { columns: 9, rows: 6, spacing, center: [x - 2 * spacing, y + spacing] } as const;
    const boxes = badgeBoxes([mark('layers', 0, 0), mark('anchor', x, y)], grid, { cellWidth, cellHeight }, radius);
    assert.equal(boxes.length, 1);
    for (const box of boxes) {
      // Two cells right of the middle, one below it.
      assert.ok(Math.abs(box.x + box.width / 2 - 6.5) < 1e-9 && Math.abs(box.y + box.height / 2 - 2) < 1e-9);
      for (const pixels of [box.width * cellWidth, box.height * cellHeight])
        assert.ok(pixels > 2 * radius && pixels < 2 * radius + 8, `${pixels} px of a badge of ${radius}`);
    }
  }
});
