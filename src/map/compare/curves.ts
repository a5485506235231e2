import { formatWholePercent } from '../numbers.js';
import { tokenInWords } from '../display.js';
import { findRegions, topTokens } from '../regions.js';
import { tokensOnMap } from '../statistics.js';
import type { Token } from '../token.js';
import { compareCells } from './agreement.js';
import { type ComparedMap, sidesOf, tokenOf, whyNotCompared } from './comparison.js';

/** A map of a series, and what its member is called on the axis: `3`, `embeddings`, `0.5`. */
export interface CurveMember {
  readonly name: string;
  readonly map: ComparedMap;
  /** Mean over cells of KL(member || last), in nats; left out where the engine was not asked. */
  readonly divergenceToLast?: number;
}

/** Numbers of a member along a series. */
export interface CurvePoint {
  readonly name: string;
  /** Share of the cells whose token is that of the last member, 0 ... 1; null where their grids lie elsewhere. */
  readonly agreementWithLast: number | null;
  /** With the member before; null for the first as well. */
  readonly agreementWithPrevious: number | null;
  readonly regions: number;
  /** Tokens that win anywhere. */
  readonly tokens: number;
  /** Mean over cells, in nats. */
  readonly meanEntropy: number;
  readonly divergenceToLast: number | null;
  /** Of each token that was named: how likely it is over the map. */
  readonly named: readonly NamedToken[];
}

export interface NamedToken {
  readonly token: Token;
  /** Share of the cells that it wins, 0 ... 1. */
  readonly share: number;
  /** Mean of its probability over the cells; where it is not among a cell's most probable ones it counts as 0 there. */
  readonly probability: number;
  /** Whether it is among the most probable ones of every cell, so that the mean is whole. */
  readonly whole: boolean;
}

/**
 * Curves of a series: numbers of every member, in the series' order.
 * @param named texts of tokens whose probability is asked for, as the maps have them: ` Paris`
 */
export function curvesOf(members: readonly CurveMember[], named: readonly string[] = []): readonly CurvePoint[] {
  const last = members.at(-1);
  return members.map(({ name, map, divergenceToLast }, i) => {
    const before = members[i - 1];
    const { columns, rows, computed, entropy } = map.cells;
    const count = computed.reduce((sum, one) => sum + one, 0);
    return {
      name,
      agreementWithLast: last ? agreement(map, last.map) : 1,
      agreementWithPrevious: before ? agreement(map, before.map) : null,
      regions: findRegions(columns, rows, topTokens(map.cells)).count,
      tokens: tokensOnMap(map.cells).length,
      meanEntropy: count === 0 ? 0 : entropy.reduce((sum, h, cell) => sum + (computed[cell] ? h : 0), 0) / count,
      divergenceToLast: divergenceToLast ?? null,
      named: named.map((text) => namedToken(map, text)),
    };
  });
}

function agreement(a: ComparedMap, b: ComparedMap): number | null {
  if (whyNotCompared(a, b) !== undefined) return null;
  const { compared, changed } = compareCells(...sidesOf(a, b));
  return compared === 0 ? 0 : 1 - changed / compared;
}

function namedToken(map: ComparedMap, text: string): NamedToken {
  const { cells, tokens } = map;
  const ids = new Set([...tokens.values()].filter((token) => token.text === text).map(({ id }) => id));
  let [count, wins, sum, holds] = [0, 0, 0, 0];
  for (let cell = 0; cell < cells.computed.length; cell++) {
    if (!cells.computed[cell]) continue;
    count++;
    const at = cells.ids.subarray(cell * cells.topK, (cell + 1) * cells.topK).findIndex((id) => ids.has(id));
    if (at < 0) continue;
    holds++;
    sum += cells.probabilities[cell * cells.topK + at] ?? 0;
    if (at === 0) wins++;
  }
  const [id = -1] = ids;
  return {
    token: tokens.get(id) ?? { id, kind: 'text', text },
    share: count === 0 ? 0 : wins / count,
    probability: count === 0 ? 0 : sum / count,
    whole: holds === count,
  };
}

/** Where tokens of the last member enter: from `from` on they win somewhere in every member. */
export interface Entry {
  readonly tokens: readonly Token[];
  /** Place of the member in the series. */
  readonly from: number;
  /** The token that held most of the member before, and how much of it, 0 ... 1; undefined where they stand from the first on. */
  readonly before: { readonly token: Token; readonly share: number } | undefined;
}

/** Tokens that hold less of the last member are not told. */
const LEAST_SHARE = 0.05;
const MOST_TOKENS = 6;

/** When the tokens enter that hold the last member's map, the latest first. */
export function entriesOf(members: readonly CurveMember[]): readonly Entry[] {
  const last = members.at(-1);
  if (!last) return [];
  const wins = members.map(({ map }) => {
    const found = tokensOnMap(map.cells);
    return new Map(found.map((one) => [tokenOf(map, one.id).text, one.share]));
  });
  const byMember = new Map<number, Token[]>();
  for (const { id, share } of tokensOnMap(last.map.cells).slice(0, MOST_TOKENS)) {
    if (share < LEAST_SHARE) continue;
    const token = tokenOf(last.map, id);
    let from = members.length - 1;
    while (from > 0 && wins[from - 1]?.has(token.text)) from--;
    byMember.set(from, [...(byMember.get(from) ?? []), token]);
  }
  return [...byMember]
    .sort(([one], [other]) => other - one)
    .map(([from, tokens]) => {
      const before = members[from - 1];
      const [most] = before ? tokensOnMap(before.map.cells) : [];
      return {
        tokens,
        from,
        before: before && most ? { token: tokenOf(before.map, most.id), share: most.share } : undefined,
      };
    });
}

/**
 * `␣Paris, ␣Berlin and ␣Tokyo stand from layer 23 on; before, ␣the holds 100%`.
 * @param axis what varies, in a word: `layer`
 */
export function entryWords(members: readonly CurveMember[], axis: string): readonly string[] {
  return entriesOf(members).map(({ tokens, from, before }) => {
    const names = tokens.map((token) => tokenInWords(token));
    const list = names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}` : (names[0] ?? '');
    const verb = names.length > 1 ? 'stand' : 'stands';
    if (!before) return `${list} ${verb} from the first on`;
    const place = members[from]?.name ?? '';
    const where = from === members.length - 1 ? `at ${axis} ${place} alone` : `from ${axis} ${place} on`;
    return `${list} ${verb} ${where}; before, ${tokenInWords(before.token)} holds ${formatWholePercent(before.share)}`;
  });
}
