import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { loadBundledFont } from '../../src/formats/fonts.js';
import { drawLens } from '../../src/formats/lens/lensFigure.js';
import { lensCsv, lensJson } from '../../src/formats/lens/lensData.js';
import { lensCells, type LensTable } from '../../src/map/lens/lensTable.js';
import { entryWords } from '../../src/map/lens/lensWords.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import type { Token } from '../../src/map/token.js';

const ASSETS = path.resolve(import.meta.dirname, '..', '..', 'media');
const texts = [' Paris', '=1+1\n', '"quoted", and\u202E'];
const tokens = texts.map((text, id): Token => ({ id, kind: 'text', text }));

/** Three layers and two positions; the winners of the rows are given, the followed token is the first. */
function tableOf(winners: readonly (readonly [number, number])[], ranks?: readonly number[]): LensTable {
  const count = 2 * winners.length;
  const first = winners.flat();
  return {
    model: { name: 'm', file: 'model.onnx', sha256: 'ab'.repeat(32) },
    parameters: { ...DEFAULT_PARAMETERS, readout: 'lens', context: { kind: 'prompt', text: 'a b' }, topK: 2 },
    blocks: winners.length - 1,
    layers: winners.map((_, i) => (i === 0 ? 'embeddings' : i - 1)),
    positions: tokens.slice(1),
    topK: 2,
    ids: Int32Array.from(first.flatMap((id) => [id, (id + 1) % 3])),
    probabilities: Float32Array.from(first.flatMap((_, i) => [0.5 + 0.01 * i, 0.1])),
    entropy: Float32Array.from({ length: count }, (_, i) => (i === 1 ? NaN : 0.1 * i)),
    named: ranks
      ? {
          token: tokens[0] ?? { id: 0, kind: 'unknown', text: '' },
          probabilities: new Float32Array(count).fill(0.25),
          ranks: Int32Array.from(ranks),
        }
      : null,
    tokens,
    version: '0',
    device: 'cpu',
    seconds: 1,
  };
}

const cellSchema = v.object({
  layer: v.number(),
  position: v.number(),
  entropy: v.nullable(v.number()),
  probability: v.optional(v.number()),
  rank: v.optional(v.number()),
  top: v.array(v.tuple([v.number(), v.string(), v.number()])),
});

test('a lens is had back from its JSON, to the last bit', () => {
  const table = tableOf(
    [
      [0, 1],
      [1, 2],
      [2, 0],
    ],
    [1, 2, 3, 1, 2, 3],
  );
  const { cells } = v.parse(v.object({ cells: v.array(cellSchema) }), JSON.parse(lensJson(table)));
  const at = lensCells(table);
  assert.equal(cells.length, 6);
  for (const [i, cell] of cells.entries()) {
    const [row, column] = [Math.floor(i / 2), i % 2];
    const { top, entropy, named } = at(row, column);
    assert.deepEqual([cell.layer, cell.position], [row - 1, column]);
    assert.equal(cell.entropy === null ? NaN : Math.fround(cell.entropy), entropy);
    assert.deepEqual(
      cell.top.map(([id, text, p]) => [id, text, Math.fround(p)]),
      top.map(({ token, probability }) => [token.id, token.text, probability]),
    );
    assert.deepEqual([cell.probability, cell.rank], named ? [named.probability, named.rank] : [undefined, undefined]);
  }
});

test('CSV: a line a cell, no text that spans lines or is taken for a formula', () => {
  const lines = lensCsv(
    tableOf([
      [0, 1],
      [1, 2],
    ]),
  ).split('\r\n');
  assert.equal(lines.length, 6);
  assert.equal(lines.at(-1), '');
  assert.match(lines[1] ?? '', /^-1,0,1,"""=1\+1\\n""",0,""" Paris""",0\.5,0$/);
  assert.match(lines[2] ?? '', /^-1,1,2,"""\\""quoted\\"", and\\u202e""",,,,$/);
});

test('a token that is followed and rare everywhere is told apart all the same: the bar ends at its most', async () => {
  const table = tableOf(
    [
      [0, 1],
      [1, 2],
    ],
    [5, 9, 7, 8],
  );
  const { named } = table;
  assert.ok(named);
  const font = await loadBundledFont(ASSETS);
  const most = (probabilities: number[]) => {
    const svg = drawLens([{ ...table, named: { ...named, probabilities: Float32Array.from(probabilities) } }], font);
    return Math.max(...[...svg.matchAll(/>([\d.]+)%</g)].map(([, percent]) => Number(percent)));
  };
  assert.ok(Math.abs(most([0.001, 0, 0.012, 0.002]) - 1.2) < 0.01);
  assert.equal(most([0.001, 0, 0.012, 0.5]), 100);
});

test('where an answer enters is said in a sentence', () => {
  const say = (column: number, winners: [number, number][], ranks?: number[]): string =>
    entryWords(tableOf(winners, ranks), column);
  assert.equal(
    say(0, [
      [1, 0],
      [0, 0],
      [0, 0],
    ]),
    '“␣Paris” is first at position 0 from layer 0 on',
  );
  assert.equal(
    say(0, [
      [0, 0],
      [0, 0],
    ]),
    '“␣Paris” is first at position 0 at every layer',
  );
  assert.equal(
    say(
      0,
      [
        [1, 1],
        [1, 1],
        [2, 1],
      ],
      [9, 9, 4, 9, 6, 9],
    ),
    '“␣Paris” is at best number 4 at position 0, after layer 0',
  );
  assert.equal(
    say(
      0,
      [
        [1, 1],
        [0, 1],
        [2, 1],
      ],
      [9, 9, 1, 9, 6, 9],
    ),
    '“␣Paris” is first at position 0 after layer 0, but not at the last layer (rank 6)',
  );
});
