import { type Boundary, NearestBoundaries } from '../../map/boundaries/nearest.js';
import { NearestThrough } from '../../map/boundaries/nearestThrough.js';
import { translated, type Translator } from '../../map/translate.js';
import { affineKind } from '../affine.js';
import type { CellPlan } from '../model/plan.js';
import type { Variant } from '../model/variant.js';
import { HeadCheck, notAffine, type ReadHead, readHead, visitRows } from './head.js';
import { translatedSquares } from './translatedRows.js';

/** The boundaries nearest to a state, and what they are told beside. */
export interface NearestFound {
  readonly winner: number;
  readonly runnerUp: number;
  /** Logit of the winner less that of the runner-up, before a soft-cap. */
  readonly margin: number;
  readonly boundaries: readonly (Boundary & {
    /** Whether a third token is above both at that point: then it is no border of the winner's region. */
    readonly hidden: boolean;
  })[];
}

/** A state, and what it goes through before the norm and the head. */
export interface ReadState {
  /** [hiddenSize] the state that is moved. */
  readonly state: Float32Array;
  readonly translator: Translator | undefined;
}

/**
 * The boundaries nearest to a state in all dimensions, at a readout that is affine up to one scale.
 * @param masked ids that are left out of the race
 * @throws Fault `bad-parameter` with the reason where it is none, or its rows cannot be had; `cancelled`
 */
export async function nearestBoundaries(
  variant: Variant,
  plan: CellPlan,
  { state, translator }: ReadState,
  count: number,
  masked: readonly number[],
  signal: AbortSignal,
): Promise<NearestFound> {
  const head = await readHead(variant, plan);
  const runner = await variant.runner({ ...plan, output: { kind: 'head' } });
  const read = (vector: Float32Array): Float32Array => (translator ? translated(vector, translator, true) : vector);
  const given = read(state);
  const logits = await runner.logits(given.slice(), 1);
  const out = new Set(masked);
  const [winner, runnerUp] = topTwo(logits, out);
  let own: { token: number; row: Float32Array; constant: number } | undefined;
  await visitRows(variant, head, [winner], (token, row, constant) => {
    own = { token, row: row.slice(), constant };
  });
  if (!own) throw notAffine('the winner has no row');
  const search = translator
    ? new NearestThrough(head, state, translator, own, await squaresBehind(variant, head, translator, signal), count)
    : new NearestBoundaries(head, state, own, count, squaresOf(head, logits.length));
  const check = new HeadCheck(head, given, logits);
  const all = Array.from({ length: logits.length }, (_, id) => id);
  await visitRows(variant, head, all, (token, row, constant) => {
    check.add(token, row, constant);
    if (!out.has(token)) search.add(token, row, constant);
  });
  check.end();
  const boundaries = search.boundaries();
  const d = state.length;
  const points = new Float32Array(boundaries.length * d);
  boundaries.forEach(({ point }, i) => points.set(read(Float32Array.from(point)), i * d));
  const there = await runner.logits(points, boundaries.length);
  const V = logits.length;
  return {
    winner,
    runnerUp,
    margin: (logits[winner] ?? 0) - (logits[runnerUp] ?? 0),
    boundaries: boundaries.map((boundary, i) => {
      const row = there.subarray(i * V, (i + 1) * V);
      const level = Math.max(row[winner] ?? 0, row[boundary.token] ?? 0);
      const rounding = 1e-5 * Math.max(1, Math.abs(level));
      return { ...boundary, hidden: row.some((z, id) => z > level + rounding && !out.has(id)) };
    }),
  };
}

/** Squared lengths of the rows' weights, by head: the next state needs them too. */
const squares = new WeakMap<ReadHead, Float64Array<ArrayBuffer>>();
function squaresOf(head: ReadHead, vocabulary: number): Float64Array<ArrayBuffer> {
  const found = squares.get(head) ?? new Float64Array(vocabulary).fill(NaN);
  squares.set(head, found);
  return found;
}

/** Behind a translator boundaries are hyperplanes where nothing is added behind the norm's scale; else they are not had. */
const CURVED = 'behind a translator the boundaries are no planes where a norm or the head has a bias';
const isCurved = ({ bias, shift }: ReadHead): boolean => [bias, shift].some((one) => one.some((value) => value !== 0));

/** Why the nearest boundaries cannot be had exactly at a readout; undefined: they can. */
export async function obstacleTo(
  variant: Variant,
  plan: CellPlan,
  { translator }: ReadState,
): Promise<{ readonly reason: string } | undefined> {
  const kind = affineKind(variant.model, plan);
  if ('reason' in kind) return kind;
  return translator && isCurved(await readHead(variant, plan)) ? { reason: CURVED } : undefined;
}

function squaresBehind(
  variant: Variant,
  head: ReadHead,
  translator: Translator,
  signal: AbortSignal,
): Promise<Float64Array> {
  if (isCurved(head)) throw notAffine(CURVED);
  return translatedSquares(variant, head, translator, signal);
}

/** The two largest logits' ids; of equal ones the lower. */
export function topTwo(logits: Float32Array, masked: ReadonlySet<number>): readonly [number, number] {
  let [first, second] = [-1, -1];
  logits.forEach((z, id) => {
    if (masked.has(id)) return;
    if (first < 0 || z > (logits[first] ?? 0)) [first, second] = [id, first];
    else if (second < 0 || z > (logits[second] ?? 0)) second = id;
  });
  return [first, second];
}
