import { answerOf, answersEach } from '../../map/questions.js';
import type { FaultData } from '../../map/fault.js';
import { coordinates } from '../../map/grid.js';
import { findRegions, topTokens } from '../../map/regions.js';
import type { MapSpecification } from '../../map/specification.js';
import { mapStatistics, type MapStatistics, type TokenOnMap, tokensOnMap } from '../../map/statistics.js';
import { margin, type ModelFacts, type Runtime, type TokenMap } from '../../map/tokenMap.js';
import type { Column } from './parquet.js';

/** Of the tables and their columns: a column is added without a new version, and never changes what it means within one. */
export const DATASET_VERSION = 1;

/** What varies between the members of a study, by the axes' names. */
export type Varied = Readonly<Record<string, number | string>>;

/** A member, and what became of it. */
export interface MemberResult {
  /** From 0, in the study's order. */
  readonly number: number;
  readonly name: string;
  readonly varied: Varied;
  readonly outcome: { readonly map: TokenMap } | { readonly fault: FaultData };
  /** Around the center of its plane, where a study asks for them. */
  readonly boundaries?: MemberBoundaries;
}

/** A token of a boundary. */
interface NamedToken {
  readonly id: number;
  readonly text: string;
}

/** How near another prediction is to the vector at the center of a member's plane. */
export interface MemberBoundaries {
  /** Of the vector, in the hidden space's units. */
  readonly norm: number;
  readonly winner: NamedToken;
  readonly found: readonly {
    readonly kind: 'nearest' | 'axis';
    /** Of the nearest its rank, from 1; of an axis `+x`, `-x`, `+y` or `-y`. */
    readonly which: string;
    /** null: nothing flips within the reach. */
    readonly token: NamedToken | null;
    /** In norms of the vector; null where nothing flips. */
    readonly relative: number | null;
    /** A third token is above both there; null along an axis. */
    readonly hidden: boolean | null;
    /** Had without stepping. */
    readonly exact: boolean;
  }[];
}

/** How a member was computed: true of one run on one machine, so that it stands apart from what is equal everywhere. */
export interface MemberRun {
  readonly member: number;
  readonly seconds: number;
  /** ISO 8601, UTC. */
  readonly finished: string;
  readonly host: string;
  readonly processor: string;
  readonly device: string;
  /** Resident memory of the program and of its engine, in bytes; null where the platform does not tell. */
  readonly memory: number | null;
  readonly version: string;
  /** What the map itself says of its making; null where the member failed. */
  readonly runtime: Runtime | null;
}

interface MemberRow {
  readonly result: MemberResult;
  readonly map: TokenMap | null;
  readonly statistics: MapStatistics | null;
  readonly first: TokenOnMap | null;
}

const member = <Row>(of: (row: Row) => number): Column<Row> => ({
  name: 'member',
  type: 'integer',
  about: 'number of the member in the study, from 0',
  of,
});

/** The columns of `members`, a row each. What varies has a column of its axis's name, behind the first two. */
export function memberColumns(varied: Readonly<Record<string, 'number' | 'text'>>): readonly Column<MemberRow>[] {
  const statistic = (
    name: string,
    about: string,
    of: (statistics: MapStatistics) => number | undefined,
  ): Column<MemberRow> => ({
    name,
    type: 'double',
    many: 'optional',
    about,
    of: ({ statistics }) => (statistics ? (of(statistics) ?? null) : null),
  });
  const count = (name: string, about: string, of: (statistics: MapStatistics) => number): Column<MemberRow> => ({
    ...statistic(name, about, of),
    type: 'integer',
  });
  return [
    member(({ result }) => result.number),
    { name: 'name', type: 'text', about: 'what varies, in words', of: ({ result }) => result.name },
    ...Object.entries(varied).map(([name, kind]): Column<MemberRow> => ({
      name,
      type: kind === 'number' ? 'double' : 'text',
      about: 'the value on this axis of the study',
      of: ({ result }) => result.varied[name] ?? null,
    })),
    {
      name: 'specification',
      type: 'json',
      many: 'optional',
      about: 'the whole map specification; null where the member failed',
      of: ({ map }): MapSpecification | null => map?.specification ?? null,
    },
    {
      name: 'model_facts',
      type: 'json',
      many: 'optional',
      about: 'what the model is: blocks, hidden size, vocabulary, number type; null where the member failed',
      of: ({ map }): ModelFacts | null => map?.facts ?? null,
    },
    fault('fault', 'code of what went wrong; null where nothing did', ({ code }) => code),
    fault('fault_message', 'the same as a sentence', ({ message }) => message),
    count('tokens', 'different tokens that win a cell', ({ tokens }) => tokens),
    count('regions', 'maximal connected sets of cells with one winner', ({ regions }) => regions),
    statistic('probability_mean', "mean of the winners' probabilities", ({ probability }) => probability?.mean),
    statistic('probability_median', 'their median', ({ probability }) => probability?.median),
    statistic('margin_mean', 'mean of p(first) - p(second)', (of) => of.margin?.mean),
    statistic('margin_median', 'their median', (of) => of.margin?.median),
    statistic('entropy_mean', 'mean entropy, in nats', ({ entropy }) => entropy?.mean),
    statistic('entropy_median', 'median entropy, in nats', ({ entropy }) => entropy?.median),
    first('top_id', 'integer', 'id of the token that wins most cells', ({ id }) => id),
    first('top_text', 'text', 'its text', ({ id }, map) => textOf(map, id)),
    first('top_share', 'double', 'share of the cells that it wins, 0 to 1', ({ share }) => share),
  ];
}

const fault = (name: string, about: string, of: (fault: FaultData) => string): Column<MemberRow> => ({
  name,
  type: 'text',
  many: 'optional',
  about,
  of: ({ result: { outcome } }) => ('fault' in outcome ? of(outcome.fault) : null),
});

const first = (
  name: string,
  type: 'integer' | 'text' | 'double',
  about: string,
  of: (token: TokenOnMap, map: TokenMap) => number | string,
): Column<MemberRow> => ({
  name,
  type,
  many: 'optional',
  about,
  of: ({ first: token, map }) => (token && map ? of(token, map) : null),
});

export function memberRow(result: MemberResult): MemberRow {
  const map = 'map' in result.outcome ? result.outcome.map : null;
  return {
    result,
    map,
    statistics: map && mapStatistics(map.cells),
    first: (map && tokensOnMap(map.cells)[0]) ?? null,
  };
}

const textOf = ({ tokens }: TokenMap, id: number): string => tokens.get(id)?.text ?? `#${id}`;

interface CellRow {
  readonly member: number;
  readonly map: TokenMap;
  readonly cell: number;
  readonly x: number;
  readonly y: number;
}

const range = ({ map: { cells }, cell }: CellRow): readonly [number, number] => [
  cell * cells.topK,
  (cell + 1) * cells.topK,
];

/** The columns of `cells`, a row for each computed cell of each member. Vectors of the hidden space are not kept. */
export const CELL_COLUMNS: readonly Column<CellRow>[] = [
  member((row) => row.member),
  {
    name: 'row',
    type: 'integer',
    about: 'from 0, the smallest y',
    of: ({ map, cell }) => Math.floor(cell / map.cells.columns),
  },
  { name: 'column', type: 'integer', about: 'from 0, the smallest x', of: ({ map, cell }) => cell % map.cells.columns },
  { name: 'x', type: 'double', about: "of the cell's middle, in plane coordinates", of: ({ x }) => x },
  { name: 'y', type: 'double', about: 'likewise', of: ({ y }) => y },
  {
    name: 'ids',
    type: 'integer',
    many: 'list',
    about: 'the most probable tokens, the winner first',
    of: (row) => Array.from(row.map.cells.ids.subarray(...range(row))),
  },
  {
    name: 'texts',
    type: 'text',
    many: 'list',
    about: 'their texts, with their spaces',
    of: (row) => Array.from(row.map.cells.ids.subarray(...range(row)), (id) => textOf(row.map, id)),
  },
  {
    name: 'kinds',
    type: 'text',
    many: 'list',
    about: 'what their texts are: text, special, bytes or unknown',
    of: (row) =>
      Array.from(row.map.cells.ids.subarray(...range(row)), (id) => row.map.tokens.get(id)?.kind ?? 'unknown'),
  },
  {
    name: 'probabilities',
    type: 'float',
    many: 'list',
    about: 'their probabilities, softmax over the whole vocabulary',
    of: (row) => Array.from(row.map.cells.probabilities.subarray(...range(row))),
  },
  {
    name: 'margin',
    type: 'float',
    about: 'p(first) - p(second)',
    of: ({ map, cell }) => Math.fround(margin(map.cells, cell)),
  },
  {
    name: 'entropy',
    type: 'float',
    about: 'of the whole distribution, in nats',
    of: ({ map, cell }) => map.cells.entropy[cell] ?? 0,
  },
  {
    name: 'answer',
    type: 'float',
    many: 'optional',
    about: "the specification's question; null where it asks nothing",
    of: ({ map, cell }) => answerOf(map.cells, cell, 0) ?? null,
  },
  {
    name: 'more_answers',
    type: 'float',
    many: 'list',
    about: 'to the questions that are asked besides, in their order',
    of: ({ map, cell }) => {
      const more = Math.max(0, answersEach(map.cells) - 1);
      return Array.from({ length: more }, (_, q) => answerOf(map.cells, cell, q + 1) ?? NaN);
    },
  },
  {
    name: 'filled_in',
    type: 'boolean',
    about: 'not computed but filled in from the cells around (adaptive maps)',
    of: ({ map, cell }) => map.cells.filled?.[cell] === 1,
  },
];

/** Rows of `cells`, row by row from the smallest y. */
export function* cellRows(number: number, map: TokenMap): Generator<CellRow, void> {
  const { xs, ys } = coordinates(map.specification.grid);
  const { columns, computed } = map.cells;
  for (const [cell, there] of computed.entries())
    if (there === 1)
      yield { member: number, map, cell, x: xs[cell % columns] ?? NaN, y: ys[Math.floor(cell / columns)] ?? NaN };
}

interface PlaneRow {
  readonly member: number;
  readonly map: TokenMap;
}

const vector = (name: string, about: string, of: (map: TokenMap) => Float32Array): Column<PlaneRow> => ({
  name,
  type: 'float',
  many: 'list',
  about,
  of: ({ map }) => Array.from(of(map)),
});

/** The columns of `planes`, a row for each member. */
export const PLANE_COLUMNS: readonly Column<PlaneRow>[] = [
  member((row) => row.member),
  vector('center', 'the vector at (0, 0) of the plane', ({ plane }) => plane.c),
  vector('x_axis', 'what one step in x adds', ({ plane }) => plane.u),
  vector('y_axis', 'what one step in y adds', ({ plane }) => plane.v),
];

interface RegionRow {
  readonly member: number;
  readonly map: TokenMap;
  readonly region: number;
  readonly token: number;
  readonly cells: number;
  readonly x: number;
  readonly y: number;
  readonly probability: number;
}

/** The columns of `regions`, a row for each. */
export const REGION_COLUMNS: readonly Column<RegionRow>[] = [
  member((row) => row.member),
  { name: 'region', type: 'integer', about: 'from 0, by its first cell', of: ({ region }) => region },
  { name: 'token_id', type: 'integer', about: 'the winner', of: ({ token }) => token },
  { name: 'token', type: 'text', about: 'its text', of: ({ map, token }) => textOf(map, token) },
  { name: 'cells', type: 'integer', about: 'how many it has', of: ({ cells }) => cells },
  {
    name: 'share',
    type: 'double',
    about: "part of the map's cells, 0 to 1",
    of: ({ map, cells }) => cells / (map.cells.columns * map.cells.rows),
  },
  { name: 'x', type: 'double', about: 'its centroid, in plane coordinates', of: ({ x }) => x },
  { name: 'y', type: 'double', about: 'likewise', of: ({ y }) => y },
  {
    name: 'probability_mean',
    type: 'double',
    about: "mean of the winner's probability",
    of: ({ probability }) => probability,
  },
];

export function regionRows(number: number, map: TokenMap): RegionRow[] {
  const { cells, specification } = map;
  const { xs, ys } = coordinates(specification.grid);
  const regions = findRegions(cells.columns, cells.rows, topTokens(cells));
  const [x, y, probability] = [0, 1, 2].map(() => new Float64Array(regions.count));
  if (!x || !y || !probability) return [];
  regions.of.forEach((region, cell) => {
    if (region < 0) return;
    x[region] = (x[region] ?? 0) + (xs[cell % cells.columns] ?? 0);
    y[region] = (y[region] ?? 0) + (ys[Math.floor(cell / cells.columns)] ?? 0);
    probability[region] = (probability[region] ?? 0) + (cells.probabilities[cell * cells.topK] ?? 0);
  });
  return Array.from({ length: regions.count }, (_, region) => {
    const area = regions.areas[region] ?? 1;
    return {
      member: number,
      map,
      region,
      token: regions.tokens[region] ?? 0,
      cells: area,
      x: (x[region] ?? 0) / area,
      y: (y[region] ?? 0) / area,
      probability: (probability[region] ?? 0) / area,
    };
  });
}

interface BoundaryRow extends MemberBoundaries {
  readonly member: number;
  readonly one: MemberBoundaries['found'][number];
}

/** The columns of `boundaries`, a row for each. */
export const BOUNDARY_COLUMNS: readonly Column<BoundaryRow>[] = [
  member((row) => row.member),
  {
    name: 'kind',
    type: 'text',
    about: 'nearest: of all directions, exact; axis: the first flip along an axis of the plane',
    of: ({ one }) => one.kind,
  },
  { name: 'which', type: 'text', about: 'of the nearest 1, 2, …; of axes +x, -x, +y, -y', of: ({ one }) => one.which },
  { name: 'norm', type: 'double', about: "of the vector at the plane's center", of: ({ norm }) => norm },
  { name: 'winner_id', type: 'integer', about: 'what is predicted there', of: ({ winner }) => winner.id },
  { name: 'winner', type: 'text', about: 'its text', of: ({ winner }) => winner.text },
  {
    name: 'token_id',
    type: 'integer',
    many: 'optional',
    about: 'what wins behind the boundary; null: nothing flips within 8 norms',
    of: ({ one }) => one.token?.id ?? null,
  },
  { name: 'token', type: 'text', many: 'optional', about: 'its text', of: ({ one }) => one.token?.text ?? null },
  {
    name: 'distance',
    type: 'double',
    many: 'optional',
    about: "to the boundary, in the hidden space's units; null: nothing flips",
    of: ({ one, norm }) => (one.relative === null ? null : one.relative * norm),
  },
  {
    name: 'relative',
    type: 'double',
    many: 'optional',
    about: 'the same in norms of the vector',
    of: ({ one }) => one.relative,
  },
  {
    name: 'hidden',
    type: 'boolean',
    many: 'optional',
    about: 'a third token is above both at the nearest point; null along axes',
    of: ({ one }) => one.hidden,
  },
  {
    name: 'exact',
    type: 'boolean',
    about: 'else the model was run at 400 steps to 8 norms: a flip and back within one is not seen',
    of: ({ one }) => one.exact,
  },
];

export const boundaryRows = (number: number, boundaries: MemberBoundaries): readonly BoundaryRow[] =>
  boundaries.found.map((one) => ({ ...boundaries, member: number, one }));

/** The columns of `runs`, a row for each member. */
export const RUN_COLUMNS: readonly Column<MemberRun>[] = [
  member((row) => row.member),
  { name: 'seconds', type: 'double', about: 'that the map took', of: ({ seconds }) => seconds },
  { name: 'finished', type: 'text', about: 'when, ISO 8601, UTC', of: ({ finished }) => finished },
  { name: 'host', type: 'text', about: 'name of the machine', of: ({ host }) => host },
  { name: 'processor', type: 'text', about: 'its model', of: ({ processor }) => processor },
  { name: 'device', type: 'text', about: 'what the model ran on', of: ({ device }) => device },
  {
    name: 'memory',
    type: 'double',
    many: 'optional',
    about: 'resident bytes of program and engine',
    of: ({ memory }) => memory,
  },
  { name: 'version', type: 'text', about: 'of Embedding Grid', of: ({ version }) => version },
  {
    name: 'runtime',
    type: 'json',
    many: 'optional',
    about: 'what the map says of its making: way, batch size, notices; null where the member failed',
    of: ({ runtime }) => runtime,
  },
];
