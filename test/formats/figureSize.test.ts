import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { encode, type Format } from '../../src/formats/formats.js';
import { FIGURE_PARTS, type FigureSize } from '../../src/formats/figureSize.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { makeAssets } from './assets.js';

const COLUMN = (84.7 / 25.4) * 72;
let assets = '';
before(() => {
  assets = makeAssets({ pictureProcess: false });
});

const MAPS = [
  syntheticMap({ columns: 50, rows: 50, exact: true }),
  syntheticMap({ columns: 40, rows: 20, vocabulary: 60 }),
  syntheticMap({ columns: 6, rows: 5 }),
];

const picture = (map: TokenMap, format: Format, figure: FigureSize): Promise<Uint8Array> =>
  encode(map, format, { assets, figure });
const svgOf = async (map: TokenMap, figure: FigureSize): Promise<string> =>
  Buffer.from(await picture(map, 'svg', figure)).toString();

test('At column width no word is smaller than 6 points, and none lies beside the page', async () => {
  for (const map of MAPS) {
    for (const fontSize of [6, 7, 9]) {
      const svg = await svgOf(map, { width: COLUMN, fontSize });
      const [, width = '', height = '', inside = ''] =
        /width="([\d.]+)pt" height="([\d.]+)pt" viewBox="0 0 ([\d.]+)/.exec(svg) ?? [];
      assert.ok(Math.abs(Number(width) - COLUMN) < 0.01, `${width} points wide`);
      assert.ok(Number(height) < 3 * COLUMN);
      const points = Number(width) / Number(inside);
      const sizes = Array.from(svg.matchAll(/font-size="([\d.]+)"/g), ([, size]) => Number(size) * points);
      assert.ok(sizes.length > 10);
      assert.ok(Math.min(...sizes) >= 5.999, `${Math.min(...sizes)} points`);
      for (const [, x] of svg.matchAll(/<text x="(-?[\d.]+)"/g))
        assert.ok(Number(x) >= 0 && Number(x) <= Number(inside));
      for (const [, y] of svg.matchAll(/<text x="[^"]*" y="(-?[\d.]+)" font-size="15"/g)) assert.ok(Number(y) >= 15);
    }
  }
});

test('What is left out is not there, alone and together; the map is', async () => {
  const [map] = MAPS;
  assert.ok(map);
  const said = {
    title: 'font-size="15"',
    caption: 'SHA-256',
    legend: '“',
    bar: '>Probability<',
  } as const;
  const body = async (figure: FigureSize): Promise<string> =>
    (await svgOf(map, figure)).replace(/<desc>.*?<\/desc>/, '');
  const whole = await body({ width: COLUMN });
  for (const part of FIGURE_PARTS) {
    const without = await body({ width: COLUMN, without: [part] });
    for (const [other, text] of Object.entries(said))
      if (whole.includes(text)) assert.equal(without.includes(text), other !== part, `${text} without ${part}`);
  }
  const bare = await body({ width: COLUMN, without: FIGURE_PARTS });
  for (const text of Object.values(said)) assert.ok(!bare.includes(text));
  assert.match(bare, /<image|<path/);
});

test('A PNG has as many pixels as its width and density say, and says so', async () => {
  const [, map] = MAPS;
  assert.ok(map);
  const png = Buffer.from(await picture(map, 'png', { width: COLUMN, dpi: 150, without: FIGURE_PARTS }));
  assert.ok(Math.abs(png.readUInt32BE(16) - (84.7 / 25.4) * 150) <= 1, `${png.readUInt32BE(16)} pixels`);
  const at = png.indexOf('pHYs');
  assert.equal(png.readUInt32BE(at + 4), Math.round(150 / 0.0254));
});

test('A region that is too small for its name has a number, and the key says once what it stands for', async () => {
  const numbersOf = (svg: string): number[] =>
    Array.from(svg.matchAll(/<text [^>]*font-weight="600"[^>]*>(\d+)<\/text>/g), ([, digits]) => Number(digits));
  const busy = [
    syntheticMap({ columns: 30, rows: 30, vocabulary: 150, exact: true }),
    syntheticMap({ columns: 40, rows: 40, vocabulary: 150 }),
  ];
  for (const map of busy) {
    const svg = await svgOf(map, { width: COLUMN });
    const numbers = numbersOf(svg).sort((a, b) => a - b);
    assert.ok(numbers.length > 2);
    // In the map and in the key, 1, 2, 3 ...
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, i) => 1 + Math.floor(i / 2)),
    );
    assert.deepEqual(numbersOf(await svgOf(map, { width: COLUMN, without: ['legend'] })), []);
    assert.deepEqual(numbersOf(await svgOf(map, {})), []);
  }
});
