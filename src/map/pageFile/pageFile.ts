import type { CellDivergences } from '../compare/comparison.js';
import type { Display } from '../mapDisplay.js';
import { type Gram, gramOf } from '../plane.js';
import type { ExactRegions } from '../polygons.js';
import type { CloserLook, WindowRows } from '../rows/windowRows.js';
import type { MapSpecification } from '../specification.js';
import type { Survey } from '../survey.js';
import type { Token } from '../token.js';
import type { Cells, ModelFacts, Runtime, TokenMap } from '../tokenMap.js';
import type { Reading } from './reading.js';
import { packValue, unpackValue } from './packedValue.js';

/** A map in a page of its own: what the page draws, and where the map is three rows, what it computes closer looks from. */
export interface MapInPage {
  readonly specification: MapSpecification;
  readonly facts: ModelFacts;
  readonly runtime: Runtime;
  readonly gram: Gram;
  readonly survey: Survey | null;
  readonly display: Display | null;
  readonly cells: Cells;
  readonly tokens: readonly Token[];
  readonly regions: ExactRegions | null;
  readonly closer: CloserLook | null;
}

/** All that a page shows: one map, two beside each other, or a series of them. */
export interface PageFile {
  readonly title: string;
  /** What has to be said of more than one map; empty for one. */
  readonly note: string;
  readonly maps: readonly MapInPage[];
  readonly as: Arrangement;
  readonly reading: Reading | null;
}

/** What the maps of a page are to each other. */
export type Arrangement =
  | { readonly kind: 'map' }
  /** `names`: safe lines. `divergences`: in nats, as far as both models were asked. */
  | {
      readonly kind: 'comparison';
      readonly names: readonly [a: string, b: string];
      readonly divergences: CellDivergences | null;
    }
  | {
      readonly kind: 'series';
      /** What varies along a line, in a word: `layer`. */
      readonly axis: string;
      readonly lines: readonly LineInPage[];
    };

/** Maps of a series that differ along its axis alone. */
export interface LineInPage {
  /** `model=a`; empty where there is one line. */
  readonly name: string;
  /** On the axis, in words, and which of the page's maps it is. */
  readonly members: readonly { readonly name: string; readonly map: number }[];
}

/** Tokens of a cell that a page has, at most: of a map, and of one among many. */
export const PAGE_TOKENS = 10;
export const SERIES_TOKENS = 3;

export const mapInPage = (map: TokenMap): MapInPage => ({
  specification: map.specification,
  facts: map.facts,
  runtime: map.runtime,
  gram: gramOf(map.plane),
  survey: map.survey ?? null,
  display: map.display ?? null,
  cells: map.cells,
  tokens: [...map.tokens.values()],
  regions: map.regions ?? null,
  closer: map.closer ?? null,
});

/** A page's contents as bytes, not yet deflated. */
export function packPage({ maps, ...rest }: PageFile): Uint8Array {
  const most = rest.as.kind === 'series' ? SERIES_TOKENS : PAGE_TOKENS;
  return packValue({ ...rest, maps: maps.map((map) => packMap(map, most)) });
}

/** What {@link packPage} was given, as far as it is in the page. The bytes must be its own. */
export function unpackPage(bytes: Uint8Array): PageFile {
  const page = unpackValue(bytes) as Omit<PageFile, 'maps'> & { readonly maps: readonly PackedMap[] };
  return { ...page, maps: page.maps.map(unpackMap) };
}

type PackedMap = Omit<MapInPage, 'cells'> & { readonly cells: PackedCells };

function packMap(map: MapInPage, most: number): PackedMap {
  const cells = packCells(map.cells, most);
  const known = new Set(cells.ids);
  // Winners of the exact regions may win no cell.
  for (const { token } of map.regions?.polygons ?? []) known.add(token);
  return {
    ...map,
    cells,
    tokens: map.tokens.filter(({ id }) => known.has(id)),
    // What rows know need not be said twice.
    regions: map.closer?.rows.convex ? null : map.regions,
    closer: map.closer && { ...map.closer, rows: packRows(map.closer.rows) },
  };
}

const unpackMap = (map: PackedMap): MapInPage => ({
  ...map,
  cells: unpackCells(map.cells),
  closer: map.closer && { ...map.closer, rows: unpackRows(map.closer.rows) },
});

/** Cells whose numbers are rounded to less than is ever shown of them, rank by rank. */
interface PackedCells {
  readonly columns: number;
  readonly rows: number;
  readonly topK: number;
  readonly computed: Uint8Array;
  readonly filled?: Uint8Array;
  /** [topK * cells] */
  readonly ids: Int32Array;
  /** [topK * cells] -log2, in steps of 2^-12; {@link NONE} where there is no number. */
  readonly probabilities: Uint16Array;
  /** Nats in steps of 2^-11. */
  readonly entropy: Uint16Array;
  readonly answers?: Float32Array;
}

const NONE = 65_535;
const LOG_STEPS = 2 ** 12;
const NAT_STEPS = 2 ** 11;

const counted = (value: number): number =>
  Number.isNaN(value) ? NONE : Math.round(Math.min(Math.max(value, 0), 65_534));

function packCells(cells: Cells, most: number): PackedCells {
  const { columns, rows, topK, computed, filled, ids, probabilities, entropy, answers } = cells;
  const k = Math.min(topK, most);
  const count = columns * rows;
  const packed = { ids: new Int32Array(k * count), probabilities: new Uint16Array(k * count) };
  for (let rank = 0; rank < k; rank++) {
    for (let cell = 0; cell < count; cell++) {
      packed.ids[rank * count + cell] = ids[cell * topK + rank] ?? 0;
      packed.probabilities[rank * count + cell] = counted(
        -Math.log2(probabilities[cell * topK + rank] ?? 0) * LOG_STEPS,
      );
    }
  }
  return {
    columns,
    rows,
    topK: k,
    computed,
    ...packed,
    entropy: Uint16Array.from(entropy, (nats) => counted(nats * NAT_STEPS)),
    ...(filled ? { filled } : {}),
    ...(answers ? { answers } : {}),
  };
}

function unpackCells({ columns, rows, topK, computed, filled, answers, ...packed }: PackedCells): Cells {
  const count = columns * rows;
  const ids = new Int32Array(count * topK);
  const probabilities = new Float32Array(count * topK);
  for (let rank = 0; rank < topK; rank++) {
    for (let cell = 0; cell < count; cell++) {
      const value = packed.probabilities[rank * count + cell] ?? NONE;
      ids[cell * topK + rank] = packed.ids[rank * count + cell] ?? 0;
      probabilities[cell * topK + rank] = value === NONE ? NaN : 2 ** (-value / LOG_STEPS);
    }
  }
  return {
    columns,
    rows,
    topK,
    computed,
    ids,
    probabilities,
    entropy: Float32Array.from(packed.entropy, (value) => (value === NONE ? NaN : value / NAT_STEPS)),
    ...(filled ? { filled } : {}),
    ...(answers ? { answers } : {}),
  };
}

/** Ascending numbers as the steps between them, and signed ones without a sign: small numbers, whose high bytes are 0. */
const packRows = (rows: WindowRows): WindowRows => ({
  ...rows,
  ids: rows.ids.map((id, i) => id - (rows.ids[i - 1] ?? 0)),
  near: rows.near.map((place, i) => place - (rows.near[i - 1] ?? 0)),
  far: rows.far.map((value) => (value << 1) ^ (value >> 31)),
});

function unpackRows(rows: WindowRows): WindowRows {
  const summed = (steps: Int32Array): Int32Array => {
    let sum = 0;
    return steps.map((step) => (sum += step));
  };
  return {
    ...rows,
    ids: summed(rows.ids),
    near: summed(rows.near),
    far: rows.far.map((value) => (value >>> 1) ^ -(value & 1)),
  };
}
