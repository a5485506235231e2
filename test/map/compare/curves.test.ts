import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CurveMember, curvesOf, entriesOf, entryWords } from '../../../src/map/compare/curves.js';
import { flipsAlong } from '../../../src/map/compare/flip.js';
import { emptyCells, type TokenMap } from '../../../src/map/tokenMap.js';
import { syntheticMap } from '../syntheticMap.js';

const WORDS = [' the', ' Paris', ' Berlin', ' Tokyo'];
const base = syntheticMap({ columns: 4, rows: 1, topK: 2 });

/** A map of four cells with these winners, and the next word as second. */
function mapOf(winners: readonly number[]): TokenMap {
  const cells = emptyCells(4, 1, 2);
  winners.forEach((id, cell) => {
    cells.computed[cell] = 1;
    cells.ids.set([id, (id + 1) % 4], 2 * cell);
    cells.probabilities.set([0.5, 0.25], 2 * cell);
    cells.entropy[cell] = cell;
  });
  return { ...base, cells, tokens: new Map(WORDS.map((text, id) => [id, { id, kind: 'text', text }])) };
}
const SERIES: readonly CurveMember[] = [
  [0, 0, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 0],
  [1, 1, 2, 3],
  [1, 2, 2, 3],
].map((winners, i) => ({ name: `${i + 20}`, map: mapOf(winners), ...(i === 1 ? { divergenceToLast: 0.5 } : {}) }));

test('curves have a point for each member', () => {
  const curves = curvesOf(SERIES, [' Paris', ' nowhere']);
  assert.deepEqual(
    curves.map((point) => point.agreementWithLast),
    [0, 0, 0, 0.75, 1],
  );
  assert.deepEqual(
    curves.map((point) => point.agreementWithPrevious),
    [null, 0.75, 0.75, 0, 0.75],
  );
  assert.deepEqual(
    curves.map((point) => [point.regions, point.tokens, point.meanEntropy]),
    [
      [1, 1, 1.5],
      [3, 2, 1.5],
      [1, 1, 1.5],
      [3, 3, 1.5],
      [3, 3, 1.5],
    ],
  );
  assert.deepEqual(
    curves.map((point) => point.divergenceToLast),
    [null, 0.5, null, null, null],
  );
  const paris = curves.map((point) => point.named[0]);
  assert.deepEqual(
    paris.map((one) => one?.share),
    [0, 0.25, 0, 0.5, 0.25],
  );
  // Second where ` the` wins.
  assert.deepEqual(
    paris.map((one) => one?.probability),
    [0.25, 0.3125, 0.25, 0.25, 0.125],
  );
  assert.deepEqual(
    paris.map((one) => one?.whole),
    [true, true, true, false, false],
  );
  assert.deepEqual(curves[0]?.named[1], {
    token: { id: -1, kind: 'text', text: ' nowhere' },
    share: 0,
    probability: 0,
    whole: false,
  });
});

test('where the last member’s tokens enter for good', () => {
  assert.deepEqual(
    entriesOf(SERIES).map(({ from, tokens }) => [from, tokens.map(({ text }) => text)]),
    [[3, [' Berlin', ' Paris', ' Tokyo']]],
  );
  assert.deepEqual(entryWords(SERIES, 'layer'), [
    '␣Berlin, ␣Paris and ␣Tokyo stand from layer 23 on; before, ␣the holds 100%',
  ]);
  assert.deepEqual(entryWords(SERIES.slice(0, 4), 'layer'), [
    '␣Paris, ␣Berlin and ␣Tokyo stand at layer 23 alone; before, ␣the holds 100%',
  ]);
  assert.deepEqual(entryWords(SERIES.slice(0, 1), 'layer'), ['␣the stands from the first on']);
  assert.deepEqual(entryWords([], 'layer'), []);
  // A token of nothing but signs would be one of the sentence's own.
  const signs = [0, 1].map((id) => {
    const map = mapOf([id, id, id, id]);
    return {
      name: `${id}`,
      map: { ...map, tokens: new Map([',', '-'].map((text, i) => [i, { id: i, kind: 'text', text } as const])) },
    };
  });
  assert.deepEqual(entryWords(signs, 'layer'), ['“-” stands at layer 1 alone; before, “,” holds 100%']);
});

test('property: a flip is narrowed to the width that is asked for, around the place where it is', async () => {
  for (const place of [-3.7, 0, 0.123456789, 3.999]) {
    const winnerAt = (value: number): string => (value < place ? 'a' : 'b');
    const known = [-4, -2, 0, 2, 4].map((value) => ({ value, winner: winnerAt(value) }));
    const [flip, ...more] = await flipsAlong(known, (value) => Promise.resolve(winnerAt(value)), 1e-6);
    assert.equal(more.length, 0);
    assert.ok(flip && flip.low < place && place <= flip.high && flip.high - flip.low <= 1e-6, JSON.stringify(flip));
    assert.deepEqual([flip.from, flip.to], ['a', 'b']);
  }
  const same = [1, 2, 3].map((value) => ({ value, winner: 'a' }));
  assert.deepEqual(await flipsAlong(same, () => Promise.reject(new Error('asked')), 1e-3), []);
});

test('of a token between two others both borders are found', async () => {
  const winnerAt = (value: number): number => (value < 0.3 ? 1 : value < 0.6 ? 2 : 3);
  const known = [0, 1].map((value) => ({ value, winner: winnerAt(value) }));
  const flips = await flipsAlong(known, (value) => Promise.resolve(winnerAt(value)), 1e-9);
  assert.deepEqual(
    flips.map(({ from, to }) => [from, to]),
    [
      [1, 2],
      [2, 3],
    ],
  );
  [0.3, 0.6].forEach((place, i) => assert.ok(Math.abs((flips[i]?.high ?? 0) - place) < 1e-8));
});
