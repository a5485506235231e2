import { type Column, parquet } from '../../formats/dataset/parquet.js';
import {
  BOUNDARY_COLUMNS,
  boundaryRows,
  CELL_COLUMNS,
  cellRows,
  DATASET_VERSION,
  memberColumns,
  memberRow,
  type MemberResult,
  type MemberRun,
  PLANE_COLUMNS,
  REGION_COLUMNS,
  regionRows,
  RUN_COLUMNS,
} from '../../formats/dataset/tables.js';
import { axisName, type AxisValue, type SeriesAxis, valueText } from '../../map/series/series.js';
import type { Study } from '../../map/series/study.js';
import type { TokenMap } from '../../map/tokenMap.js';
import type { Table } from './results.js';

/** A shard's tables as files, from its members in their order. */
export function tablesOf(
  study: Study,
  results: readonly MemberResult[],
  runs: readonly MemberRun[],
): ReadonlyMap<Table, Uint8Array> {
  const about = { 'embedding-grid': `${DATASET_VERSION}` };
  const maps = results.flatMap(({ number, outcome }) => ('map' in outcome ? [{ number, map: outcome.map }] : []));
  const of = <Row>(columns: readonly Column<Row>[], rows: (number: number, map: TokenMap) => Iterable<Row>) =>
    parquet(columns, each(maps, rows), about);
  const tables = new Map<Table, Uint8Array>();
  if (study.keep.cells) tables.set('cells', of(CELL_COLUMNS, cellRows));
  if (study.keep.regions) tables.set('regions', of(REGION_COLUMNS, regionRows));
  if (study.keep.planes)
    tables.set(
      'planes',
      of(PLANE_COLUMNS, (member, map) => [{ member, map }]),
    );
  if (study.keep.boundaries) {
    const rows = results.flatMap(({ number, boundaries }) => (boundaries ? boundaryRows(number, boundaries) : []));
    tables.set('boundaries', parquet(BOUNDARY_COLUMNS, rows, about));
  }
  tables.set('runs', parquet(RUN_COLUMNS, runs, about));
  tables.set('members', parquet(memberColumns(variedColumns(study)), results.map(memberRow), about));
  return tables;
}

/** The rows of maps, one map after the other. */
function* each<Row>(
  maps: readonly { readonly number: number; readonly map: TokenMap }[],
  rows: (number: number, map: TokenMap) => Iterable<Row>,
): Generator<Row, void> {
  for (const { number, map } of maps) yield* rows(number, map);
}

/** Names of the axes' columns: the last name of the path, or all of it where two have that. */
export function columnNames(vary: readonly SeriesAxis[]): readonly string[] {
  const short = vary.map(({ path }) => axisName(path));
  return vary.map(({ path }, i) => {
    const name = short[i] ?? path;
    return RESERVED.has(name) || short.filter((one) => one === name).length > 1 ? path : name;
  });
}

/** Columns that every table of members has. */
const RESERVED = new Set(memberColumns({}).map(({ name }) => name));

/** Of each axis, whether its column holds numbers. */
function variedColumns({ vary }: Study): Readonly<Record<string, 'number' | 'text'>> {
  return Object.fromEntries(
    columnNames(vary).map((name, i) => [
      name,
      vary[i]?.values.every((value) => typeof value === 'number') ? 'number' : 'text',
    ]),
  );
}

/** A member's values by the names of their columns. */
export function variedOf(study: Study, values: readonly AxisValue[]): Readonly<Record<string, number | string>> {
  const kinds = variedColumns(study);
  return Object.fromEntries(
    columnNames(study.vary).map((name, i) => {
      const value = values[i] ?? null;
      return [name, kinds[name] === 'number' && typeof value === 'number' ? value : valueText(value)];
    }),
  );
}
