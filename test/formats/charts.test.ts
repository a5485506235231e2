import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { type Chart, drawCharts } from '../../src/formats/charts.js';
import { loadBundledFont } from '../../src/formats/fonts.js';

const ASSETS = path.resolve(import.meta.dirname, '..', '..', 'media');

const chart = (line: Chart['line'], more: Partial<Chart> = {}): Chart => ({
  title: 'Mean entropy',
  axis: 'layer',
  places: line.map((_, i) => `${i}`),
  line,
  ...more,
});

/** Places of the dots, in px from the chart's corner. */
const dots = (svg: string): [number, number][] =>
  [...svg.matchAll(/<circle cx="([^"]+)" cy="([^"]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);

test('a line lies where its numbers are: evenly along, higher the larger', async () => {
  const font = await loadBundledFont(ASSETS);
  const values = [3, 1, 2, 2.5];
  const found = dots(drawCharts('By layer', [chart(values)], [], font));
  assert.equal(found.length, 4);
  const [first = [0, 0], second = [0, 0], ...rest] = found;
  const [scale, step] = [(second[1] - first[1]) / 2, second[0] - first[0]];
  assert.ok(scale > 0 && step > 0);
  rest.forEach(([x, y], i) => {
    assert.ok(Math.abs(x - (second[0] + (i + 1) * step)) < 0.01);
    assert.ok(Math.abs(y - (first[1] + (3 - (values[i + 2] ?? NaN)) * scale)) < 0.01);
  });
});

test('at the axis of a count stand whole numbers alone', async () => {
  const font = await loadBundledFont(ASSETS);
  const ticks = (whole: boolean) =>
    [...drawCharts('', [chart([1, 2, 1], { whole })], [], font).matchAll(/text-anchor="end"[^>]*>([^<]+)</g)].map(
      ([, text]) => text,
    );
  assert.deepEqual(ticks(true), ['1', '2']);
  assert.ok(ticks(false).includes('1.5'));
});

test('nothing that is not a number reaches the picture, and no text of a person is markup', async () => {
  const font = await loadBundledFont(ASSETS);
  const none = chart([null, null]);
  const one = chart([5], { places: ['<script>&"'] });
  const gaps = chart([0, null, 0], { band: [[0, 0], null, [0, 1]], times: 100 });
  const svg = drawCharts('<b>', [none, one, gaps, chart([])], ['a & b'], font);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined|<script|<b>/);
  assert.equal(svg, drawCharts('<b>', [none, one, gaps, chart([])], ['a & b'], font));
});
