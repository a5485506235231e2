import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';

/** What a column's values are. `text` is UTF-8; `json` the same, marked as JSON. Integers have 32 bits. */
export type ColumnType = 'integer' | 'float' | 'double' | 'boolean' | 'text' | 'json';
type Value = number | boolean | string | readonly (number | string)[] | object | null;

/** A column of a table: what it is called, holds and means, and how it is had from what a row is made of. */
export interface Column<Row> {
  readonly name: string;
  readonly type: ColumnType;
  /** A list of such values; `optional`: one, or null. */
  readonly many?: 'list' | 'optional';
  /** Half a sentence for the table of columns. */
  readonly about: string;
  /** Of a `json` column: the value, not its text. */
  readonly of: (row: Row) => Value;
}

/** Apache's words for the types. */
const ELEMENTS: Readonly<Record<ColumnType, Omit<SchemaElement, 'name'>>> = {
  integer: { type: 'INT32' },
  float: { type: 'FLOAT' },
  double: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  json: { type: 'BYTE_ARRAY', converted_type: 'JSON', logical_type: { type: 'JSON' } },
};

function elements({ name, type, many }: Pick<Column<never>, 'name' | 'type' | 'many'>): SchemaElement[] {
  const element = ELEMENTS[type];
  if (many !== 'list') return [{ name, repetition_type: many === 'optional' ? 'OPTIONAL' : 'REQUIRED', ...element }];
  return [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'REQUIRED', ...element },
  ];
}

/**
 * A table as an Apache Parquet file: equal rows give equal bytes, on every machine and at any time. Rows are asked for as they are
 * written, so that those of many maps are never there at once. Written by hyparquet-writer (MIT, JavaScript alone, one dependency:
 * its reader), so that the format is not ours to keep.
 * @param about what the file says of itself, by key
 */
export function parquet<Row>(
  columns: readonly Column<Row>[],
  rows: Iterable<Row>,
  about: Readonly<Record<string, string>>,
): Uint8Array {
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(elements)],
    createdBy: 'embedding-grid',
    kvMetadata: Object.entries(about).map(([key, value]) => ({ key, value })),
  });
  for (const group of groups(rows))
    void file.write({
      rowGroupSize: ROWS_A_GROUP,
      columnData: columns.map(({ name, type, of }) => ({
        name,
        data: group.map(of),
        statistics: type !== 'json', // which would be two whole values
      })),
    });
  void file.finish();
  return new Uint8Array(writer.getBuffer());
}

/** Who wants one map of many reads the groups that it lies in. */
const ROWS_A_GROUP = 20_000;

function* groups<Row>(rows: Iterable<Row>): Generator<readonly Row[], void> {
  let group: Row[] = [];
  for (const row of rows) {
    group.push(row);
    if (group.length < ROWS_A_GROUP) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
