import { findRegions, NO_TOKEN, type Regions } from '../regions.js';
import { type Cells, margin, type NumberType } from '../tokenMap.js';

/** One of two maps that are compared, cell by cell: equal columns and rows, the same place of the plane at each cell. */
export interface Side {
  readonly cells: Cells;
  readonly numberType: NumberType;
  /**
   * What a token is called on both sides: equal keys, equal tokens. Left out: its id, for models of one vocabulary. Models
   * of different vocabularies are compared by token text.
   */
  readonly keyOf?: (id: number) => number | string;
}

/**
 * A change of winner is `real` where one of the two sides is clear of a tie: its first logit leads its second by more than
 * arithmetic moves them. Where both stand within that, the next run on another processor may say otherwise.
 */
export type CellChange = 'none' | 'real' | 'rounding';

/** Cells of one token on both sides. */
export interface TokenOverlap {
  readonly key: number | string;
  readonly a: number;
  readonly b: number;
  readonly both: number;
  /** Intersection over union: `both` of the cells of either, 0 ... 1. */
  readonly iou: number;
}

/** Two regions of one token that cover each other, one on each side. */
export interface RegionMatch {
  readonly a: number;
  readonly b: number;
  /** Cells of both. */
  readonly both: number;
  readonly iou: number;
}

/** Medians of p(first) - p(second), 0 ... 1; undefined where there is no such cell. */
export interface MedianMargins {
  readonly changed: number | undefined;
  readonly unchanged: number | undefined;
}

export interface Agreement {
  /** Cells that both sides have. */
  readonly compared: number;
  /** [columns * rows] what became of each cell; undefined where a side lacks it. */
  readonly changes: readonly (CellChange | undefined)[];
  readonly changed: number;
  /** Of those changed: real ones. The others are within rounding. */
  readonly real: number;
  /** Each token that wins anywhere, largest union first. */
  readonly tokens: readonly TokenOverlap[];
  /** Mean of the tokens' IoU, plainly and weighted by the cells of either; 1 where nothing is compared. */
  readonly meanIou: number;
  readonly weightedIou: number;
  readonly regions: { readonly a: Regions; readonly b: Regions; readonly matches: readonly RegionMatch[] };
  /** Mean over cells of |p of A's winner at A - p of B's winner at B|. */
  readonly meanProbabilityDifference: number;
  /** In nats: means over cells of H(B) - H(A) and of its absolute value. */
  readonly entropyDifference: { readonly mean: number; readonly meanAbsolute: number };
  readonly medianMargin: { readonly a: MedianMargins; readonly b: MedianMargins };
}

/**
 * How far arithmetic alone moves a logit difference, by the weights' number type: what the same file gives on two processors,
 * or beside float64. It says nothing of how far quantisation moved the model itself; that is what a comparison shows.
 */
export const ROUNDING: Readonly<Record<NumberType, number>> = {
  float32: 2e-4,
  float16: 2e-2,
  bfloat16: 2e-2,
  float8: 1e-3,
  float4: 1e-3,
  int8: 1e-3,
  int4: 1e-3,
  int2: 1e-3,
};

/**
 * How far two maps agree. Swapping the sides swaps what is said of A and B and the sign of the entropies' mean difference, and
 * changes nothing else.
 * @throws RangeError where the grids differ in size.
 */
export function compareCells(a: Side, b: Side): Agreement {
  const { columns, rows } = a.cells;
  if (columns !== b.cells.columns || rows !== b.cells.rows)
    throw new RangeError(`Grids of ${columns} x ${rows} and ${b.cells.columns} x ${b.cells.rows} cells.`);
  const keys = new Keys();
  const [top, other] = [keys.winners(a, b), keys.winners(b, a)];
  const changes: (CellChange | undefined)[] = [];
  const compared: number[] = [];
  const margins = {
    a: { changed: [] as number[], unchanged: [] as number[] },
    b: { changed: [] as number[], unchanged: [] as number[] },
  };
  const sums = { p: 0, h: 0, absolute: 0, real: 0 };
  for (let cell = 0; cell < columns * rows; cell++) {
    if (top[cell] === NO_TOKEN) {
      changes.push(undefined);
      continue;
    }
    compared.push(cell);
    const change = top[cell] === other[cell] ? 'none' : isClear(a, cell) || isClear(b, cell) ? 'real' : 'rounding';
    changes.push(change);
    const kind = change === 'none' ? 'unchanged' : 'changed';
    margins.a[kind].push(margin(a.cells, cell));
    margins.b[kind].push(margin(b.cells, cell));
    sums.real += Number(change === 'real');
    sums.p += Math.abs(winningProbability(a, cell) - winningProbability(b, cell));
    const h = (b.cells.entropy[cell] ?? 0) - (a.cells.entropy[cell] ?? 0);
    sums.h += h;
    sums.absolute += Math.abs(h);
  }
  const tokens = overlaps(compared, top, other).map(({ key, ...counts }) => ({ key: keys.named(key), ...counts }));
  const union = (t: TokenOverlap): number => t.a + t.b - t.both;
  const all = tokens.reduce((sum, t) => sum + union(t), 0);
  const regions = { a: findRegions(columns, rows, top), b: findRegions(columns, rows, other) };
  const mean = (sum: number): number => (compared.length === 0 ? 0 : sum / compared.length);
  return {
    compared: compared.length,
    changes,
    changed: margins.a.changed.length,
    real: sums.real,
    tokens,
    meanIou: tokens.length === 0 ? 1 : tokens.reduce((sum, t) => sum + t.iou, 0) / tokens.length,
    weightedIou: all === 0 ? 1 : tokens.reduce((sum, t) => sum + t.iou * union(t), 0) / all,
    regions: { ...regions, matches: matchRegions(regions.a, regions.b) },
    meanProbabilityDifference: mean(sums.p),
    entropyDifference: { mean: mean(sums.h), meanAbsolute: mean(sums.absolute) },
    medianMargin: { a: medians(margins.a), b: medians(margins.b) },
  };
}

/** Numbers for the keys of both sides, so that winners can be compared, counted and joined to regions. */
class Keys {
  private readonly numbers = new Map<number | string, number>();
  private readonly names: (number | string)[] = [];

  named = (number: number): number | string => this.names[number] ?? number;

  /** [cells] the number of each cell's winner; {@link NO_TOKEN} where a side has none. */
  winners({ cells, keyOf = (id) => id }: Side, beside: Side): Int32Array {
    return Int32Array.from(cells.computed, (computed, cell) => {
      if (!computed || !beside.cells.computed[cell]) return NO_TOKEN;
      const key = keyOf(cells.ids[cell * cells.topK] ?? 0);
      let number = this.numbers.get(key);
      if (number === undefined) {
        number = this.names.push(key) - 1;
        this.numbers.set(key, number);
      }
      return number;
    });
  }
}

const winningProbability = ({ cells }: Side, cell: number): number => cells.probabilities[cell * cells.topK] ?? 0;

/** Whether the first logit leads the second by more than rounding: the lead is ln(p1 / p2). */
function isClear({ cells, numberType }: Side, cell: number): boolean {
  const first = cells.probabilities[cell * cells.topK] ?? 0;
  const second = cells.probabilities[cell * cells.topK + 1] ?? 0;
  return Math.log(first / second) > ROUNDING[numberType];
}

function overlaps(
  compared: readonly number[],
  top: Int32Array,
  other: Int32Array,
): (Omit<TokenOverlap, 'key'> & { key: number })[] {
  const counts = new Map<number, { a: number; b: number; both: number }>();
  const of = (token: number): { a: number; b: number; both: number } => {
    const found = counts.get(token) ?? { a: 0, b: 0, both: 0 };
    counts.set(token, found);
    return found;
  };
  for (const cell of compared) {
    const [x, y] = [top[cell] ?? NO_TOKEN, other[cell] ?? NO_TOKEN];
    of(x).a++;
    of(y).b++;
    if (x === y) of(x).both++;
  }
  return [...counts]
    .map(([key, { a, b, both }]) => ({ key, a, b, both, iou: both / (a + b - both) }))
    .sort((s, t) => t.a + t.b - t.both - (s.a + s.b - s.both) || s.key - t.key);
}

/**
 * Regions of one token on both sides, paired one to one, those that share most cells first; of equal ones the earlier. A
 * region without partner vanished, appeared, split or was joined.
 */
function matchRegions(a: Regions, b: Regions): RegionMatch[] {
  const shared = new Map<number, RegionMatch>();
  a.of.forEach((region, cell) => {
    const partner = b.of[cell] ?? -1;
    if (region < 0 || partner < 0 || a.tokens[region] !== b.tokens[partner]) return;
    const key = region * b.count + partner;
    const both = (shared.get(key)?.both ?? 0) + 1;
    shared.set(key, {
      a: region,
      b: partner,
      both,
      iou: both / ((a.areas[region] ?? 0) + (b.areas[partner] ?? 0) - both),
    });
  });
  const [takenA, takenB] = [new Set<number>(), new Set<number>()];
  return [...shared.values()]
    .sort((s, t) => t.both - s.both || s.a + s.b - (t.a + t.b) || Math.min(s.a, s.b) - Math.min(t.a, t.b))
    .filter((match) => {
      if (takenA.has(match.a) || takenB.has(match.b)) return false;
      takenA.add(match.a);
      takenB.add(match.b);
      return true;
    });
}

const medians = ({ changed, unchanged }: { changed: number[]; unchanged: number[] }): MedianMargins => ({
  changed: median(changed),
  unchanged: median(unchanged),
});

function median(values: number[]): number | undefined {
  const sorted = Float64Array.from(values).sort();
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
