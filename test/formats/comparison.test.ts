import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { drawComparison, oneScale } from '../../src/formats/comparison/comparisonFigure.js';
import { drawSeries, seriesTitle } from '../../src/formats/comparison/seriesFigure.js';
import { comparisonCsv, comparisonJson, seriesCsv, seriesJson } from '../../src/formats/comparison/statistics.js';
import { type BundledFont, loadBundledFont } from '../../src/formats/fonts.js';
import { figurePng } from '../../src/formats/pictures.js';
import { curvesOf } from '../../src/map/compare/curves.js';
import { compareMaps, noDivergences } from '../../src/map/compare/comparison.js';
import { DEFAULT_DISPLAY } from '../../src/map/mapDisplay.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { makeAssets } from './assets.js';
import { HOSTILE_TOKENS } from './hostileTokens.js';

let assets = '';
let font: BundledFont;
before(async () => {
  assets = makeAssets({ pictureProcess: false });
  font = await loadBundledFont(assets);
});

const GRID = { columns: 16, rows: 12, topK: 4 };
const mapOf = (seed: number, more: Partial<TokenMap> = {}): TokenMap => ({
  ...syntheticMap({ ...GRID, seed, vocabulary: 20 }),
  ...more,
});
const atLayer = (layer: number): TokenMap => {
  const map = mapOf(layer);
  return { ...map, specification: { ...map.specification, layer } };
};
const textOf = (svg: string): string => svg.replace(/<[^>]*>/g, ' ');
/** `x` and `width` of every map's frame. */
const framesOf = (svg: string): string[] => [...svg.matchAll(/<rect x="[^>]*fill="none"/g)].map(([rect]) => rect);

test('a figure of two has both maps, their changes, one bar, and says whose plane it was', () => {
  const [a, b] = [atLayer(1), atLayer(2)];
  const own = drawComparison(compareMaps(a, b), font);
  assert.equal(framesOf(own).length, 4); // three maps and the bar
  for (const words of ['A: layer 1', 'B: layer 2', 'Changes', 'each map on its own plane', 'the models were not asked'])
    assert.ok(own.includes(words), words);
  const shared = drawComparison(compareMaps(a, { ...b, plane: a.plane }, noDivergences(GRID)), font);
  assert.ok(shared.includes('one plane: each cell is the same vector') && shared.includes('Jensen-Shannon'));
});

test('where the page colors changes by a divergence the figure does: in bits, as the page says it', () => {
  const [a, b] = [atLayer(1), atLayer(2)];
  const divergences = noDivergences(GRID);
  // 0.25 bits everywhere, but for one cell of 2 bits.
  divergences.js.fill(0.25 * Math.LN2);
  divergences.js[5] = 2 * Math.LN2;
  const by = { ...a, display: { ...DEFAULT_DISPLAY, changesBy: 'js' as const } };
  const [colored, plain] = [by, a].map((map) => drawComparison(compareMaps(map, b, divergences), font));
  const said = textOf(colored ?? '').replace(/\s+/g, ' ');
  for (const words of ['Jensen–Shannon', 'mean 0.26 bits', 'largest 2.0 bits', 'up to 0.50 bits'])
    assert.ok(said.includes(words), `${words} not in: ${said}`);
  assert.ok(textOf(plain ?? '').includes('both sides are more certain'));
  assert.equal(framesOf(colored ?? '').length, framesOf(plain ?? '').length);
  assert.notEqual(colored, plain);
});

test('a cell’s color in the third view follows what changes', () => {
  const map = mapOf(1);
  const nothing = drawComparison(compareMaps(map, map), font);
  assert.ok(nothing.includes('all 192 cells say the same') && !nothing.includes(' → '));
  const changed = drawComparison(compareMaps(map, mapOf(2)), font);
  assert.ok(changed.includes(' → '));
});

test('a figure of many has a map for each member, on one scale, and says where tokens enter', () => {
  const members = [1, 2, 3, 4, 5, 6, 7].map((layer) => ({ name: String(layer), map: atLayer(layer) }));
  const svg = drawSeries({ axis: 'layer', plane: 'shared', lines: [{ name: '', members }] }, font);
  assert.equal(framesOf(svg).length, 8);
  for (const { name } of members) assert.ok(svg.includes(`>layer ${name}<`), name);
  for (const words of ['one plane: each cell', 'the last', 'stand']) assert.ok(textOf(svg).includes(words), words);
  // What a model is called tells nothing of maps of several.
  const [first, ...others] = members;
  assert.ok(first);
  const { specification } = first.map;
  const named = {
    ...first.map,
    specification: { ...specification, model: { ...specification.model, name: 'another' } },
  };
  const titleOf = (of: typeof members): string =>
    seriesTitle({ axis: 'model', plane: 'own', lines: [{ name: '', members: of }] });
  assert.equal(titleOf([{ ...first, map: named }, ...others]), `${members.length} maps by model`);
  assert.equal(titleOf([{ ...first, map: named }]), '1 map of another by model');
});

test('a token has one color in all maps', () => {
  const display = { ...DEFAULT_DISPLAY, colorBy: 'token' } as const;
  const maps = [1, 2, 3, 4].map((seed) => mapOf(seed, { display }));
  const { colorsOf } = oneScale(maps, display);
  const hues = new Map<number, string>();
  for (const map of maps)
    for (let cell = 0; cell < map.cells.computed.length; cell++) {
      // One probability for all, so that the color is the token's alone.
      const probabilities = new Float32Array(map.cells.probabilities.length).fill(0.5);
      const color = String(colorsOf({ ...map, cells: { ...map.cells, probabilities } }).color(cell));
      const id = map.cells.ids[cell * map.cells.topK] ?? -1;
      assert.equal(hues.get(id) ?? color, color);
      hues.set(id, color);
    }
  assert.ok(hues.size > 8);
});

test('hostile tokens and names are text, in figures and tables', async () => {
  const tokens = HOSTILE_TOKENS.map((token, id) => ({ ...token, id }));
  const hostile = (seed: number): TokenMap => {
    const map = syntheticMap({ ...GRID, seed, tokens, vocabulary: tokens.length });
    const model = { ...map.specification.model, name: `<b>${seed}\n\u202e=1+1` };
    return { ...map, specification: { ...map.specification, model } };
  };
  const comparison = compareMaps(hostile(1), hostile(2));
  const svg = drawComparison(comparison, font);
  assert.doesNotMatch(svg, /<b>|\u202e|<script/);
  const png = await figurePng((...given) => drawComparison(comparison, ...given), { assets, scale: 1 });
  assert.deepEqual([...png.slice(1, 4)], [...Buffer.from('PNG')]);
  for (const line of comparisonCsv(comparison).split('\r\n'))
    for (const field of line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)) assert.doesNotMatch(field, /^[=+@\t]/);
});

test('statistics of two: what is written is what was compared', () => {
  const divergences = noDivergences(GRID);
  divergences.ab[5] = 0.25;
  const comparison = compareMaps(mapOf(1), mapOf(2), divergences);
  const json = JSON.parse(comparisonJson(comparison)) as Record<string, Record<string, unknown>>;
  assert.equal(json.summary?.changed, comparison.agreement.changed);
  const lines = comparisonCsv(comparison).trimEnd().split('\r\n');
  assert.equal(lines.length, 1 + comparison.agreement.compared);
  const changed = lines.filter((line) => /^\d+,\d+,[^,]+,[^,]+,own,(real|rounding),/.test(line));
  assert.equal(changed.length, comparison.agreement.changed);
  assert.ok(lines[1 + 5]?.endsWith(',0.25,,'));
});

test('statistics of a series have a line a member', () => {
  const members = [1, 2, 3].map((layer) => ({ name: layer === 1 ? '=1' : String(layer), map: atLayer(layer) }));
  const points = curvesOf(members, [' Paris']);
  const vary = [{ path: 'layer', values: [1, 2, 3] }];
  const one = { name: '', points, entries: [], flips: [] };
  const series = { axis: 'layer', plane: 'own', vary, lines: [one] } as const;
  const lines = seriesCsv(series).trimEnd().split('\r\n');
  assert.equal(lines.length, 4);
  assert.ok(lines[0]?.endsWith(',"""share of  Paris""","""probability of  Paris"""'));
  assert.ok(lines[1]?.startsWith('"""=1""",own,') && lines[3]?.startsWith('3,own,1,'));
  const data = JSON.parse(seriesJson(series)) as { lines: { points: unknown[] }[] };
  assert.equal(data.lines[0]?.points.length, 3);
  const two = seriesCsv({ ...series, lines: [one, { ...one, name: 'model==x' }] })
    .trimEnd()
    .split('\r\n');
  assert.equal(two.length, 7);
  assert.ok(two[0]?.startsWith('line,layer,') && two[4]?.startsWith('"""model==x""",'));
});
