import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCsv } from '../../src/formats/csv.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { HOSTILE_TOKENS } from './hostileTokens.js';

/** Reads CSV as RFC 4180 says. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let end = 0;
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let match = field.exec(text); match; match = field.exec(text)) {
    end = field.lastIndex;
    record.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
    if (match[3] === ',') continue;
    records.push(record);
    record = [];
  }
  assert.equal(end, text.length, 'all of the text is CSV');
  return records;
}

test('a line per cell, with the numbers of the map', () => {
  const map = syntheticMap({ columns: 3, rows: 2, topK: 3, spacing: 0.5 });
  const [header = [], ...records] = parseCsv(Buffer.from(toCsv(map)).toString());
  assert.deepEqual(header.slice(0, 8), ['row', 'column', 'x', 'y', 'token_id', 'token', 'token_kind', 'probability']);
  assert.equal(records.length, 6);
  records.forEach((record, cell) => {
    const value = (name: string): string => record[header.indexOf(name)] ?? '';
    const [first = 0, second = 0] = map.cells.probabilities.subarray(cell * 3);
    assert.equal(record.length, header.length);
    assert.deepEqual([value('row'), value('column')], [String(Math.floor(cell / 3)), String(cell % 3)]);
    assert.deepEqual([value('x'), value('y')].map(Number), [
      -0.5 + 0.5 * (cell % 3),
      -0.25 + 0.5 * Math.floor(cell / 3),
    ]);
    assert.equal(Math.fround(Number(value('probability'))), first);
    assert.equal(Math.fround(Number(value('margin'))), Math.fround(first - second));
    assert.equal(Math.fround(Number(value('entropy_nats'))), map.cells.entropy[cell]);
    assert.equal(JSON.parse(value('token')), map.tokens.get(map.cells.ids[cell * 3] ?? -1)?.text);
    assert.equal(JSON.parse(value('second_token')), map.tokens.get(map.cells.ids[cell * 3 + 1] ?? -1)?.text);
  });
});

test('no token becomes a formula, a line or an escape, and each can be had back exactly', () => {
  const map = syntheticMap({
    columns: 40,
    rows: 40,
    tokens: HOSTILE_TOKENS,
    vocabulary: HOSTILE_TOKENS.length,
    steepness: 300,
  });
  // Every token once, in order.
  HOSTILE_TOKENS.forEach((token, cell) => {
    map.cells.ids[cell * 10] = token.id;
  });
  const text = Buffer.from(
    toCsv({ ...map, tokens: new Map(HOSTILE_TOKENS.map((token) => [token.id, token])) }),
  ).toString();
  const records = parseCsv(text).slice(1);
  assert.equal(records.length, 1600);
  HOSTILE_TOKENS.forEach((token, cell) => assert.equal(JSON.parse(records[cell]?.[5] ?? ''), token.text));
  for (const fieldOf of records.flat()) {
    assert.ok(!/^[=+@\t\r]/.test(fieldOf) && (!fieldOf.startsWith('-') || Number.isFinite(Number(fieldOf))), fieldOf);
  }
  assert.doesNotMatch(text.replaceAll('\r\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
});

test('cells that are not computed have no line', () => {
  const map = syntheticMap({ columns: 2, rows: 2 });
  map.cells.computed[1] = 0;
  assert.equal(parseCsv(Buffer.from(toCsv(map)).toString()).length, 4);
});

test('an adaptive map says of every cell whether it was filled in', () => {
  const map = syntheticMap({ columns: 2, rows: 2 });
  const [header = [], ...records] = parseCsv(
    Buffer.from(toCsv({ ...map, cells: { ...map.cells, filled: Uint8Array.of(0, 1, 1, 0) } })).toString(),
  );
  assert.equal(header.at(-1), 'filled_in');
  assert.deepEqual(
    records.map((record) => record.at(-1)),
    ['0', '1', '1', '0'],
  );
});
