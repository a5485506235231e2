import { t } from '@vscode/l10n';
import { Fault } from '../fault.js';
import { sameGrid } from '../grid.js';
import { tokenText } from '../display.js';
import { formatCount, formatPercent } from '../numbers.js';
import type { MapSpecification } from '../specification.js';
import type { PlaneSharing } from '../series/series.js';
import type { Token } from '../token.js';
import type { Cells, ModelFacts, TokenMap } from '../tokenMap.js';
import { type Agreement, compareCells, type Side } from './agreement.js';

/** As much of a map as is compared cell by cell. */
export interface ComparedMap {
  readonly specification: MapSpecification;
  readonly facts: ModelFacts;
  readonly cells: Cells;
  readonly tokens: ReadonlyMap<number, Token>;
}

/** Divergences of cells, in nats over the whole vocabulary, [columns * rows] each; NaN where there is none. */
export interface CellDivergences {
  /** KL(A || B). */
  readonly ab: Float32Array;
  /** KL(B || A). */
  readonly ba: Float32Array;
  readonly js: Float32Array;
}

/** Two maps beside each other. */
export interface MapComparison {
  readonly a: TokenMap;
  readonly b: TokenMap;
  readonly agreement: Agreement;
  /** What tells that tokens of both are the same: their ids, or, of different vocabularies, their texts. */
  readonly tokensBy: 'id' | 'text';
  /** Whether a cell is the same vector on both sides. */
  readonly plane: PlaneSharing;
  readonly divergences: CellDivergences | undefined;
}

/**
 * Compares two maps cell by cell.
 * @param divergences what the engine found, where both models were there
 * @throws Fault `bad-parameter` where their grids differ.
 */
export function compareMaps(a: TokenMap, b: TokenMap, divergences?: CellDivergences): MapComparison {
  const why = whyNotCompared(a, b);
  if (why !== undefined)
    throw new Fault({
      code: 'bad-parameter',
      message: why,
      hint: t('Draw both with one grid: size, spacing and center.'),
    });
  const [sideA, sideB] = sidesOf(a, b);
  return {
    a,
    b,
    agreement: compareCells(sideA, sideB),
    tokensBy: sideA.keyOf ? 'text' : 'id',
    plane: samePlane(a, b) ? 'shared' : 'own',
    divergences,
  };
}

/** Why two maps cannot be compared cell by cell; undefined: they can. */
export function whyNotCompared(a: ComparedMap, b: ComparedMap): string | undefined {
  if (sameGrid(a.specification.grid, b.specification.grid)) return undefined;
  const { columns, rows } = b.cells;
  return columns === a.cells.columns && rows === a.cells.rows
    ? t('The two maps lie at different places, so that their cells cannot be compared.')
    : t(
        'One map has {0} × {1} cells, the other {2} × {3}, so that they cannot be compared one by one.',
        a.cells.columns,
        a.cells.rows,
        columns,
        rows,
      );
}

/**
 * Both maps as sides of a comparison. Models with one vocabulary are compared by token id, as far as the maps show that they have
 * one: sizes agree, and so do the texts of all tokens that both know, which are some. Others are compared by token text.
 */
export function sidesOf(a: ComparedMap, b: ComparedMap): readonly [Side, Side] {
  const sideOf = ({ cells, facts }: ComparedMap): Side => ({ cells, numberType: facts.numberType });
  if (haveOneVocabulary(a, b)) return [sideOf(a), sideOf(b)];
  const named = (map: ComparedMap): Side => ({ ...sideOf(map), keyOf: (id) => textKey(tokenOf(map, id)) });
  return [named(a), named(b)];
}

export function haveOneVocabulary(a: ComparedMap, b: ComparedMap): boolean {
  if (a.specification.model.sha256 === b.specification.model.sha256) return true;
  if (a.facts.vocabularySize !== b.facts.vocabularySize) return false;
  const both = [...a.tokens].flatMap(([id, token]) => {
    const other = b.tokens.get(id);
    return other ? [textKey(other) === textKey(token)] : [];
  });
  return both.length > 0 && both.every(Boolean);
}

const textKey = ({ kind, text }: Token): string => `${kind} ${text}`;

export const tokenOf = ({ tokens }: Pick<ComparedMap, 'tokens'>, id: number): Token =>
  tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` };

/** The token that an agreement's key stands for, as either of the maps has it. */
export function tokenOfKey({ a, b }: Pick<MapComparison, 'a' | 'b'>, key: number | string): Token {
  if (typeof key === 'number') return a.tokens.get(key) ?? tokenOf(b, key);
  for (const map of [a, b]) for (const token of map.tokens.values()) if (textKey(token) === key) return token;
  return { id: -1, kind: 'unknown', text: key };
}

function samePlane({ plane: a }: TokenMap, { plane: b }: TokenMap): boolean {
  const same = (one: Float32Array, other: Float32Array): boolean =>
    one.length === other.length && one.every((value, i) => Object.is(value, other[i]));
  return same(a.c, b.c) && same(a.u, b.u) && same(a.v, b.v);
}

/** Room for the divergences of a grid's cells. */
export function noDivergences({ columns, rows }: Pick<Cells, 'columns' | 'rows'>): CellDivergences {
  const none = (): Float32Array => new Float32Array(columns * rows).fill(NaN);
  return { ab: none(), ba: none(), js: none() };
}

/** Mean and largest of some cells. */
export interface MeanAndMost {
  readonly mean: number;
  readonly max: number;
}

/** A comparison in numbers, as JSON can say them. Probabilities and shares are 0 ... 1, entropies and divergences in nats. */
export interface ComparisonSummary {
  readonly compared: number;
  readonly changed: number;
  readonly changedShare: number;
  /** Of those changed. */
  readonly real: number;
  readonly withinRounding: number;
  readonly meanIou: number;
  readonly weightedIou: number;
  readonly regions: { readonly a: number; readonly b: number; readonly matched: number };
  readonly meanProbabilityDifference: number;
  readonly entropyDifference: { readonly mean: number; readonly meanAbsolute: number };
  readonly medianMargin: {
    readonly a: { readonly changed: number | null; readonly unchanged: number | null };
    readonly b: { readonly changed: number | null; readonly unchanged: number | null };
  };
  /** null where the models were not there to be asked. */
  readonly divergences: { readonly ab: MeanAndMost; readonly ba: MeanAndMost; readonly js: MeanAndMost } | null;
  readonly plane: PlaneSharing;
  readonly tokensBy: 'id' | 'text';
}

export function summaryOf({ agreement, divergences, plane, tokensBy }: MapComparison): ComparisonSummary {
  const { compared, changed, real, meanIou, weightedIou, regions, medianMargin } = agreement;
  const { a, b } = medianMargin;
  return {
    compared,
    changed,
    changedShare: compared === 0 ? 0 : changed / compared,
    real,
    withinRounding: changed - real,
    meanIou,
    weightedIou,
    regions: { a: regions.a.count, b: regions.b.count, matched: regions.matches.length },
    meanProbabilityDifference: agreement.meanProbabilityDifference,
    entropyDifference: agreement.entropyDifference,
    medianMargin: {
      a: { changed: a.changed ?? null, unchanged: a.unchanged ?? null },
      b: { changed: b.changed ?? null, unchanged: b.unchanged ?? null },
    },
    divergences: divergences
      ? { ab: spread(divergences.ab), ba: spread(divergences.ba), js: spread(divergences.js) }
      : null,
    plane,
    tokensBy,
  };
}

function spread(values: Float32Array): MeanAndMost {
  const known = values.filter((value) => !Number.isNaN(value));
  return {
    mean: known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length,
    max: known.reduce((most, value) => Math.max(most, value), 0),
  };
}

/** `94.2% of 2 500 cells say the same; 140 changes are real, 5 within rounding`. */
export function agreementWords({ compared, changed, real }: ComparisonSummary): string {
  if (compared === 0) return t('no cell can be compared');
  if (changed === 0) return t('all {0} cells say the same', formatCount(compared));
  const same = t(
    '{0} of {1} cells say the same',
    formatPercent((compared - changed) / compared),
    formatCount(compared),
  );
  const within = changed - real;
  const changes = [
    ...(real > 0 ? [real === 1 ? t('1 change is real') : t('{0} changes are real', formatCount(real))] : []),
    ...(within > 0 ? [t('{0} within rounding', formatCount(within))] : []),
  ];
  return `${same}; ${changes.join(', ')}`;
}

/** A token that gives way to another. */
export interface TokenChange {
  readonly from: Token;
  readonly to: Token;
  readonly cells: number;
  /** Of them, real ones. */
  readonly real: number;
}

/** Which tokens give way to which, most cells first. */
export function tokenChanges({ a, b, agreement }: MapComparison): readonly TokenChange[] {
  const found = new Map<string, { from: Token; to: Token; cells: number; real: number }>();
  agreement.changes.forEach((change, cell) => {
    if (change === undefined || change === 'none') return;
    const [from, to] = [winner(a.cells, cell), winner(b.cells, cell)];
    const key = `${from} ${to}`;
    const entry = found.get(key) ?? { from: tokenOf(a, from), to: tokenOf(b, to), cells: 0, real: 0 };
    found.set(key, entry);
    entry.cells++;
    if (change === 'real') entry.real++;
  });
  return [...found.values()].sort((one, other) => other.cells - one.cells);
}

export const winner = ({ ids, topK }: Cells, cell: number): number => ids[cell * topK] ?? -1;

/** The same comparison, seen from B. Swaps what is said of A and B, and changes nothing else. */
export const swapped = ({ a, b, divergences }: MapComparison): MapComparison =>
  compareMaps(b, a, divergences && { ab: divergences.ba, ba: divergences.ab, js: divergences.js });

/** `␣not → ␣the`. */
export const changeText = ({ from, to }: Pick<TokenChange, 'from' | 'to'>): string =>
  `${tokenText(from)} → ${tokenText(to)}`;
