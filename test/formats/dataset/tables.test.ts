import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { type Column, parquet } from '../../../src/formats/dataset/parquet.js';
import {
  CELL_COLUMNS,
  cellRows,
  memberColumns,
  memberRow,
  REGION_COLUMNS,
  regionRows,
  RUN_COLUMNS,
} from '../../../src/formats/dataset/tables.js';
import { toParquet } from '../../../src/formats/dataset/toParquet.js';
import { coordinates } from '../../../src/map/grid.js';
import { margin } from '../../../src/map/tokenMap.js';
import { syntheticMap } from '../../map/syntheticMap.js';
import { HOSTILE_TOKENS } from '../hostileTokens.js';

const MAP = syntheticMap({
  columns: 17,
  rows: 9,
  topK: 3,
  tokens: HOSTILE_TOKENS,
  vocabulary: HOSTILE_TOKENS.length,
  steepness: 300,
});

/** Writes a table and reads it with another program. */
async function through<Row>(columns: readonly Column<Row>[], given: Iterable<Row>): Promise<Record<string, unknown>[]> {
  const rows = [...given];
  const bytes = parquet(columns, rows, { 'embedding-grid': 'a test' });
  assert.deepEqual(parquet(columns, rows, { 'embedding-grid': 'a test' }), bytes, 'equal rows, equal bytes');
  const file = bytes.slice().buffer;
  assert.deepEqual(parquetMetadata(file).key_value_metadata, [{ key: 'embedding-grid', value: 'a test' }]);
  return parquetReadObjects({ file });
}

test('cells: every number and text of the map comes back, whatever the tokens are', async () => {
  const { cells, tokens, specification } = MAP;
  const read = await through(CELL_COLUMNS, cellRows(7, MAP));
  const { xs, ys } = coordinates(specification.grid);
  assert.equal(read.length, 17 * 9);
  read.forEach((row, cell) => {
    const [from, to] = [cell * 3, cell * 3 + 3];
    const ids = [...cells.ids.subarray(from, to)];
    assert.deepEqual(row, {
      member: 7,
      row: Math.floor(cell / 17),
      column: cell % 17,
      x: xs[cell % 17],
      y: ys[Math.floor(cell / 17)],
      ids,
      // As this reader decodes UTF-8, which has no half characters; the id tells which token it is.
      texts: ids.map((id) => new TextDecoder().decode(Buffer.from(tokens.get(id)?.text ?? ''))),
      kinds: ids.map((id) => tokens.get(id)?.kind),
      probabilities: [...cells.probabilities.subarray(from, to)],
      margin: Math.fround(margin(cells, cell)),
      entropy: cells.entropy[cell],
      answer: null,
      more_answers: [],
      filled_in: false,
    });
  });
});

test('cells: what is not computed has no row', async () => {
  const computed = MAP.cells.computed.map((_, cell) => (cell % 2 === 0 ? 1 : 0));
  const read = await through(CELL_COLUMNS, cellRows(0, { ...MAP, cells: { ...MAP.cells, computed } }));
  assert.deepEqual(
    read.map(({ row, column }) => Number(row) * 17 + Number(column)),
    [...computed.keys()].filter((cell) => cell % 2 === 0),
  );
});

test('regions: their cells and shares are the whole map, their middles inside it', async () => {
  const read = await through(REGION_COLUMNS, regionRows(1, MAP));
  const sum = (name: string): number => read.reduce((total, row) => total + Number(row[name]), 0);
  assert.equal(sum('cells'), 17 * 9);
  assert.ok(Math.abs(sum('share') - 1) < 1e-12);
  const { xs, ys } = coordinates(MAP.specification.grid);
  for (const { x, y } of read) {
    assert.ok(Number(x) >= (xs[0] ?? NaN) && Number(x) <= (xs.at(-1) ?? NaN));
    assert.ok(Number(y) >= (ys[0] ?? NaN) && Number(y) <= (ys.at(-1) ?? NaN));
  }
  const mean = read.reduce((total, row) => total + Number(row.probability_mean) * Number(row.cells), 0) / (17 * 9);
  const [row] = await through(memberColumns({}), [
    memberRow({ number: 0, name: '', varied: {}, outcome: { map: MAP } }),
  ]);
  assert.ok(row);
  assert.equal(row.regions, read.length);
  assert.ok(Math.abs(Number(row.probability_mean) - mean) < 1e-6);
});

test('members: what varies, the whole specification, or what went wrong', async () => {
  const varied = { layer: 3, prompt: '=cmd|"x"' };
  const fault = { code: 'bad-parameter', message: 'There is no layer 99.' } as const;
  const [done, failed] = await through(memberColumns({ layer: 'number', prompt: 'text' }), [
    memberRow({ number: 0, name: 'layer=3', varied, outcome: { map: MAP } }),
    memberRow({ number: 1, name: 'layer=99', varied, outcome: { fault } }),
  ]);
  assert.ok(done && failed);
  assert.deepEqual([done.member, done.name, done.layer, done.prompt], [0, 'layer=3', 3, '=cmd|"x"']);
  assert.deepEqual(done.specification, JSON.parse(JSON.stringify(MAP.specification)));
  assert.deepEqual([done.fault, done.fault_message], [null, null]);
  assert.ok(Number(done.top_share) > 0 && Number(done.tokens) > 1);
  assert.deepEqual(
    [failed.fault, failed.fault_message, failed.specification, failed.tokens, failed.top_text],
    [fault.code, fault.message, null, null, null],
  );
});

test('a map alone: the same table, what a study says of a member in its metadata', async () => {
  const file = toParquet(MAP).slice().buffer;
  const alone = await parquetReadObjects({ file });
  assert.deepEqual(alone, await through(CELL_COLUMNS, cellRows(0, MAP)));
  const about = new Map(parquetMetadata(file).key_value_metadata?.map(({ key, value }) => [key, value]));
  const [row] = await through(memberColumns({}), [
    memberRow({ number: 0, name: '', varied: {}, outcome: { map: MAP } }),
  ]);
  assert.deepEqual(JSON.parse(about.get('member') ?? ''), row);
  assert.deepEqual(JSON.parse(about.get('runtime') ?? ''), MAP.runtime);
});

test('a table without a row is a table', async () => {
  assert.deepEqual(await through(RUN_COLUMNS, []), []);
  assert.deepEqual(await through(CELL_COLUMNS, []), []);
});
