import type { TokenMap } from '../../map/tokenMap.js';
import { type Column, parquet } from './parquet.js';
import { CELL_COLUMNS, cellRows, DATASET_VERSION, memberColumns, memberRow } from './tables.js';

/**
 * A map as a Parquet file: its cells as the table `cells` of a study has them, member 0. What the table `members` would say of it
 * stands in the file's metadata as JSON, under `member`, and how it was computed under `runtime`.
 */
export function toParquet(map: TokenMap): Uint8Array {
  const member = memberRow({ number: 0, name: '', varied: {}, outcome: { map } });
  return parquet(CELL_COLUMNS, cellRows(0, map), {
    'embedding-grid': `${DATASET_VERSION}`,
    member: JSON.stringify(valuesOf(memberColumns({}), member)),
    runtime: JSON.stringify(map.runtime),
  });
}

const valuesOf = <Row>(columns: readonly Column<Row>[], row: Row): object =>
  Object.fromEntries(columns.map(({ name, of }) => [name, of(row)]));
