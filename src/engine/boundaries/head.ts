import { Fault } from '../../map/fault.js';
import type { AffineHead } from '../../map/boundaries/nearest.js';
import { affineKind } from '../affine.js';
import type { CellPlan } from '../model/plan.js';
import type { Variant } from '../model/variant.js';
import { unembedded } from '../model/running.js';
import { visitTokenRows } from '../tokenRows.js';

/** Where the probe's root mean square is far above any norm's epsilon, and where it is of its size. */
const FAR = 100;
const NEAR = Math.sqrt(1e-5);
/** How far our logits may be from the graph's, in parts of the largest. */
const TOLERANCE = 2e-4;

/** A readout that is affine up to one scale, taken apart: the norm, and what is added behind the scale. */
export interface ReadHead extends AffineHead {
  /** [hiddenSize] what the norm adds behind its scale. */
  readonly shift: Float64Array;
  /** [vocabulary] the head's own bias. */
  readonly bias: Float32Array;
}

/** What was read of a variant's readouts: the next state asks the same of them. */
const known = new WeakMap<Variant, Map<string, Promise<ReadHead>>>();

/**
 * Takes a plan's readout apart, by probing the model's own graph; once for each variant, layer and readout.
 * @throws Fault `bad-parameter` with the reason where it is not affine.
 */
export function readHead(variant: Variant, plan: CellPlan): Promise<ReadHead> {
  const mine = known.get(variant) ?? new Map<string, Promise<ReadHead>>();
  known.set(variant, mine);
  const key = `${plan.layer} ${plan.readout}`;
  const found = mine.get(key) ?? probedHead(variant, plan);
  mine.set(key, found);
  found.catch(() => mine.delete(key));
  return found;
}

async function probedHead(variant: Variant, plan: CellPlan): Promise<ReadHead> {
  const kind = affineKind(variant.model, plan);
  if ('reason' in kind) throw notAffine(kind.reason);
  if (!(kind.pre > 0)) throw notAffine('the logits are scaled by a number that is not above 0');
  const { hiddenSize: d } = variant.model.facts;
  const bias = await unembedded(variant, new Float32Array(d));
  if (kind.norm === 'none')
    return { norm: 'none', gain: new Float64Array(d).fill(1), shift: new Float64Array(d), epsilon: 0, bias };
  // No number of the probe is 0, and their mean is.
  const probe = Float64Array.from({ length: d }, (_, i) => (i % 2 === 0 ? 1 : -1));
  if (d % 2 === 1) probe.set([1, 1, -2].slice(0, d), Math.max(0, d - 3));
  const size = Math.sqrt(probe.reduce((sum, p) => sum + p * p, 0) / d);
  const runner = await variant.runner({ ...plan, readout: 'lens', output: { kind: 'normed' } });
  const factors = [FAR / size, -FAR / size, NEAR / size, -NEAR / size];
  const normed = await runner.logits(
    Float32Array.from(factors.flatMap((factor) => [...probe].map((p) => p * factor))),
    factors.length,
  );
  if (normed.length !== factors.length * d)
    throw notAffine(`the head reads ${normed.length / factors.length} dimensions, not ${d}`);
  const half = (at: number, sign: 1 | -1): Float64Array =>
    Float64Array.from(probe, (_, i) => ((normed[at * d + i] ?? 0) + sign * (normed[(at + 1) * d + i] ?? 0)) / 2);
  const far = half(0, -1);
  const near = half(2, -1);
  // near_i / far_i = NEAR sqrt(FAR^2 + e) / (FAR sqrt(NEAR^2 + e)), and FAR^2 + e is FAR^2 to float32.
  const share = inner(near, far) / inner(far, far);
  const epsilon = Math.max(0, (NEAR * NEAR) / (share * share) - NEAR * NEAR);
  const scale = Math.sqrt(FAR * FAR + epsilon);
  const gain = far.map((value, i) => (value * scale) / ((probe[i] ?? 1) * (FAR / size)));
  return { norm: kind.norm, gain, epsilon, shift: half(0, 1), bias };
}

/**
 * Visits the head's rows with the constant that is added to each token's logit behind the scale.
 * @param visit gets a row [hiddenSize], valid until it returns
 * @throws Fault `bad-parameter` where the rows cannot be had.
 */
export async function visitRows(
  variant: Variant,
  { shift, bias }: ReadHead,
  ids: readonly number[],
  visit: (token: number, row: Float32Array, constant: number) => void,
): Promise<void> {
  const d = variant.model.facts.hiddenSize;
  const shifts = shift.some((value) => value !== 0);
  await visitTokenRows(variant, 'unembedding', ids, (rows, from) => {
    for (let i = 0; i * d < rows.length; i++) {
      const token = ids[from + i] ?? 0;
      const row = rows.subarray(i * d, (i + 1) * d);
      let constant = bias[token] ?? 0;
      if (shifts) for (let j = 0; j < d; j++) constant += (row[j] ?? 0) * (shift[j] ?? 0);
      visit(token, row, constant);
    }
  });
}

/** Holds what was read of a head against the graph, on a vector. @throws Fault `bad-parameter`. */
export class HeadCheck {
  private readonly x: Float64Array;
  private readonly s: number;
  private worst = 0;
  private largest = 0;

  constructor(
    head: ReadHead,
    vector: Float32Array,
    /** [vocabulary] before any scale or soft-cap. */
    private readonly logits: Float32Array,
  ) {
    const { norm, gain, epsilon } = head;
    const mean = norm === 'layer' ? vector.reduce((sum, value) => sum + value, 0) / vector.length : 0;
    const x = Float64Array.from(vector, (value) => value - mean);
    this.s = norm === 'none' ? 1 : Math.sqrt(inner(x, x) / x.length + epsilon);
    this.x = x.map((value, i) => value * (gain[i] ?? 0));
  }

  add(token: number, row: Float32Array, constant: number): void {
    let product = 0;
    for (let i = 0; i < row.length; i++) product += (row[i] ?? 0) * (this.x[i] ?? 0);
    const own = this.logits[token] ?? NaN;
    const difference = Math.abs(product / this.s + constant - own);
    this.worst = Math.max(this.worst, Number.isNaN(difference) ? Infinity : difference);
    this.largest = Math.max(this.largest, Math.abs(own));
  }

  /** @throws Fault `bad-parameter` where the two differ by more than rounding. */
  end(): void {
    if (this.worst <= TOLERANCE * Math.max(this.largest, 1)) return;
    throw notAffine(
      `the head's rows give logits that differ from the model's by ${this.worst.toExponential(1)} (it may be quantized)`,
    );
  }
}

export const notAffine = (reason: string): Fault =>
  new Fault({
    code: 'bad-parameter',
    message: `The nearest boundary cannot be had exactly here: ${reason}.`,
    hint: 'Ask at the last layer, with the readout lens or unembed, or along directions.',
  });

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
