import { type Boundary, NearestBoundaries } from '../../map/boundaries/nearest.js';
import type { CellPlan } from '../model/plan.js';
import type { Variant } from '../model/variant.js';
import { HeadCheck, notAffine, readHead, visitRows } from './head.js';

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
  readonly tokensWithoutBoundary: number;
}

/**
 * The boundaries nearest to a state in all dimensions, at a readout that is affine up to one scale.
 * @param state [hiddenSize], what the head reads after its norm
 * @param masked ids that are left out of the race
 * @throws Fault `bad-parameter` with the reason where it is none, or its rows cannot be had.
 */
export async function nearestBoundaries(
  variant: Variant,
  plan: CellPlan,
  state: Float32Array,
  count: number,
  masked: readonly number[],
): Promise<NearestFound> {
  const head = await readHead(variant, plan);
  const runner = await variant.runner({ ...plan, output: { kind: 'head' } });
  const logits = await runner.logits(state, 1);
  const out = new Set(masked);
  const [winner, runnerUp] = topTwo(logits, out);
  let own: { token: number; row: Float32Array; constant: number } | undefined;
  await visitRows(variant, head, [winner], (token, row, constant) => {
    own = { token, row: row.slice(), constant };
  });
  if (!own) throw notAffine('the winner has no row');
  const search = new NearestBoundaries(head, state, own, count);
  const check = new HeadCheck(head, state, logits);
  const all = Array.from({ length: logits.length }, (_, id) => id);
  await visitRows(variant, head, all, (token, row, constant) => {
    check.add(token, row, constant);
    if (!out.has(token)) search.add(token, row, constant);
  });
  check.end();
  const boundaries = search.boundaries();
  const d = state.length;
  const points = new Float32Array(boundaries.length * d);
  boundaries.forEach(({ point }, i) => points.set(point, i * d));
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
    tokensWithoutBoundary: search.tokensWithoutBoundary,
  };
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
