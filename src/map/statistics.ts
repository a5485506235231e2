import { findRegions, NO_TOKEN, topTokens } from './regions.js';
import { type Cells, margin } from './tokenMap.js';

/** A token that wins somewhere on the map. */
export interface TokenOnMap {
  readonly id: number;
  /** Cells that it wins. */
  readonly cells: number;
  /** Part of the computed cells, 0 ... 1. */
  readonly share: number;
  /** Mean probability over the cells that it wins. */
  readonly meanProbability: number;
  /** Regions that it forms. */
  readonly regions: number;
}

/** Five numbers of a quantity over the computed cells, and their mean. */
export interface Spread {
  readonly min: number;
  readonly quarter: number;
  readonly median: number;
  readonly threeQuarters: number;
  readonly max: number;
  readonly mean: number;
}

export interface MapStatistics {
  readonly cells: number;
  readonly computed: number;
  /** Different tokens that win a cell. */
  readonly tokens: number;
  readonly regions: number;
  /** Of the winning token, 0 ... 1. Undefined for a map without a computed cell; so are the others. */
  readonly probability?: Spread;
  readonly margin?: Spread;
  /** In nats. */
  readonly entropy?: Spread;
}

/** The tokens on the map, most cells first; of equal counts the lower id first. */
export function tokensOnMap(cells: Cells): TokenOnMap[] {
  const top = topTokens(cells);
  const found = new Map<number, { cells: number; sum: number; regions: number }>();
  let computed = 0;
  top.forEach((token, cell) => {
    if (token === NO_TOKEN) return;
    const entry = found.get(token) ?? { cells: 0, sum: 0, regions: 0 };
    found.set(token, entry);
    entry.cells++;
    entry.sum += cells.probabilities[cell * cells.topK] ?? 0;
    computed++;
  });
  for (const token of findRegions(cells.columns, cells.rows, top).tokens) {
    const entry = found.get(token);
    if (entry) entry.regions++;
  }
  return [...found]
    .map(([id, entry]) => ({
      id,
      cells: entry.cells,
      share: entry.cells / computed,
      meanProbability: entry.sum / entry.cells,
      regions: entry.regions,
    }))
    .sort((a, b) => b.cells - a.cells || a.id - b.id);
}

/** What a map says in numbers. */
export function mapStatistics(cells: Cells): MapStatistics {
  const top = topTokens(cells);
  const computed: number[] = [];
  top.forEach((token, cell) => {
    if (token !== NO_TOKEN) computed.push(cell);
  });
  const counts = {
    cells: top.length,
    computed: computed.length,
    tokens: new Set(computed.map((cell) => top[cell])).size,
    regions: findRegions(cells.columns, cells.rows, top).count,
  };
  if (computed.length === 0) return counts;
  const of = (value: (cell: number) => number): Spread => spread(Float64Array.from(computed, value));
  return {
    ...counts,
    probability: of((cell) => cells.probabilities[cell * cells.topK] ?? 0),
    margin: of((cell) => margin(cells, cell)),
    entropy: of((cell) => cells.entropy[cell] ?? 0),
  };
}

/** A quantile, q from 0 to 1, of ascending values, by linear interpolation between the two nearest (numpy's default). */
export function quantile(sorted: Float64Array, q: number): number {
  const place = q * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? 0;
  return low + (high - low) * (place - Math.floor(place));
}

/** Spread of at least one value. Sorts in place. */
function spread(values: Float64Array): Spread {
  values.sort();
  let sum = 0;
  for (const value of values) sum += value;
  return {
    min: quantile(values, 0),
    quarter: quantile(values, 0.25),
    median: quantile(values, 0.5),
    threeQuarters: quantile(values, 0.75),
    max: quantile(values, 1),
    mean: sum / values.length,
  };
}
