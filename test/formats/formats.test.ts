import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { COMPARISON_FORMATS, type SavedSeries, SERIES_FORMATS } from '../../src/formats/comparison/formats.js';
import type { FileFormat } from '../../src/formats/fileFormat.js';
import { MAP_FORMATS } from '../../src/formats/formats.js';
import { fileName } from '../../src/formats/names.js';
import { temporaryNames, TEMPORARY } from '../../src/formats/temporaryNames.js';
import { newOwner } from '../../src/formats/owner.js';
import { compareMaps } from '../../src/map/compare/comparison.js';
import { curvesOf } from '../../src/map/compare/curves.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { makeAssets } from './assets.js';

let assets = '';
before(() => {
  assets = makeAssets({ pictureProcess: true });
});

const mapOf = (seed: number): TokenMap => syntheticMap({ columns: 5, rows: 4, topK: 2, seed, vocabulary: 9 });

/** What every list of formats keeps to. */
async function holds<T>(formats: readonly FileFormat<T>[], of: T): Promise<void> {
  for (const key of ['name', 'extension', 'label'] as const)
    assert.equal(new Set(formats.map((format) => format[key])).size, formats.length, key);
  for (const { name, extension, binary, contents } of formats) {
    assert.match(extension, /^[a-z0-9]+$/);
    const bytes = await contents(of, { assets, scale: 1 });
    assert.ok(bytes.length > 0, name);
    assert.deepEqual(await contents(of, { assets, scale: 1 }), bytes, `${name}: the same bytes each time`);
    const decode = (): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (binary) assert.throws(decode, `${name} is text`);
    else assert.match(decode(), /\n$/, name);
  }
}

test('maps', () => holds<TokenMap>(MAP_FORMATS, mapOf(1)));
test('comparisons', () => holds(COMPARISON_FORMATS, compareMaps(mapOf(1), mapOf(2))));
test('series', () => {
  const members = [1, 2, 3].map((seed) => ({ name: String(seed), map: mapOf(seed) }));
  const vary = [{ path: 'layer', values: [1, 2, 3] }];
  const lines = [{ name: '', points: curvesOf(members), entries: [], flips: [] }];
  const drawn = { axis: 'layer', plane: 'own', lines: [{ name: '', members }] } as const;
  return holds<SavedSeries>(SERIES_FORMATS, { ...drawn, statistics: { axis: 'layer', plane: 'own', vary, lines } });
});

test('what a killed run leaves of any format is known as such', () => {
  const { specification } = mapOf(1);
  for (const { name } of MAP_FORMATS)
    assert.match(temporaryNames.part(fileName(specification, name), newOwner()), TEMPORARY);
});
