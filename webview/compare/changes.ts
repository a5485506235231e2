import { compareCells } from '../../src/map/compare/agreement.js';
import { type ChangesBy, type DivergenceSpread, spreadOf } from '../../src/map/compare/divergenceScale.js';
import { sidesOf, tokenOf, winner } from '../../src/map/compare/comparison.js';
import { type Segment, tokenSegments, tokenText } from '../../src/map/display.js';
import type { Token } from '../../src/map/token.js';
import type { Cells } from '../../src/map/tokenMap.js';
import type { PageMap } from '../pageMap.js';
import type { Changes, Pair } from './pair.js';

/** A divergence of two maps, once it is known of all cells: colors and numbers of a part of them would mislead. */
export function divergenceOf(
  { divergences }: Changes,
  by: ChangesBy,
): { readonly values: Float32Array; readonly spread: DivergenceSpread } | undefined {
  const values = by === 'change' ? undefined : divergences?.values?.[by];
  if (!values || !divergences || divergences.done < divergences.total) return undefined;
  const spread = spreads.get(values) ?? spreadOf(values);
  spreads.set(values, spread);
  return { values, spread };
}
const spreads = new WeakMap<Float32Array, DivergenceSpread>();

const ARROW: Segment = { kind: 'text', text: ' → ' };

/** What is written for a pair: `␣not → venue`. */
const pairSegments = ({ from, to, same }: Pair): readonly Segment[] =>
  same ? tokenSegments(from) : [...tokenSegments(from), ARROW, ...tokenSegments(to)];

/** What is written for a token of a map, or for a pair of a map of changes. */
export function segmentsOf(map: PageMap, id: number): readonly Segment[] {
  const pair = map.changes?.pairs[id];
  return pair ? pairSegments(pair) : tokenSegments(tokenOf(map, id));
}

/** The same as a line of text. */
const pairText = ({ from, to, same }: Pair): string =>
  same ? tokenText(from) : `${tokenText(from)} → ${tokenText(to)}`;

/**
 * The map of what changes from one map to another with the same grid: its "tokens" are pairs, its probability is that of the
 * less certain side.
 * @param id names it among the page's maps
 */
export function changesMap(a: PageMap, b: PageMap, id: number): PageMap {
  const agreement = compareCells(...sidesOf(a, b));
  const { columns, rows } = a.cells;
  const count = columns * rows;
  const numbers = new Map<string, number>();
  const pairs: { from: Token; to: Token; same: boolean; cells: number }[] = [];
  const cells: Cells & { readonly topK: 2 } = {
    columns,
    rows,
    topK: 2,
    ids: new Int32Array(2 * count).fill(-1),
    probabilities: new Float32Array(2 * count),
    entropy: new Float32Array(count),
    computed: new Uint8Array(count),
  };
  agreement.changes.forEach((change, cell) => {
    if (change === undefined) return;
    const [x, y] = [winner(a.cells, cell), winner(b.cells, cell)];
    const same = change === 'none';
    const key = `${x} ${y}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = pairs.push({ from: tokenOf(a, x), to: tokenOf(b, y), same, cells: 0 }) - 1;
      numbers.set(key, number);
    }
    const pair = pairs[number];
    if (pair) pair.cells++;
    cells.computed[cell] = 1;
    cells.ids[2 * cell] = number;
    cells.probabilities[2 * cell] = Math.min(certainty(a.cells, cell), certainty(b.cells, cell));
  });
  return {
    id,
    specification: { ...a.specification, question: null, alsoAsked: [], topK: 2 },
    facts: a.facts,
    cells,
    tokens: new Map(pairs.map((pair, number) => [number, { id: number, kind: 'text', text: pairText(pair) }])),
    finish: a.finish && b.finish ? { ...a.finish, regions: null } : null,
    survey: a.survey,
    growth: { version: 0 },
    backdrop: 0,
    changes: { agreement, pairs },
  };
}

/** The pairs that changed, largest first. */
export const largestChanges = ({ pairs }: Changes): readonly { readonly pair: Pair; readonly number: number }[] =>
  pairs
    .map((pair, number) => ({ pair, number }))
    .filter(({ pair }) => !pair.same)
    .sort((one, two) => two.pair.cells - one.pair.cells || one.number - two.number);

const certainty = ({ probabilities, topK }: Cells, cell: number): number => probabilities[cell * topK] ?? 0;
