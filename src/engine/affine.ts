import type { MapWindow } from '../map/grid.js';
import type { Plane } from '../map/plane.js';
import { envelope, type ExactRegions } from '../map/polygons.js';
import { coefficients, type Rows, type RowScale, scaleAt } from '../map/rows/affineRows.js';
import { type WindowRows, windowRows } from '../map/rows/windowRows.js';
import { readHeadTail } from '../onnx/headTail.js';
import { DataType } from '../onnx/graph.js';
import { elementType } from '../onnx/inference.js';
import type { Tops } from './cellRunner.js';
import { logProbabilityDifference } from './logProbabilities.js';
import type { Model } from './model/model.js';
import type { CellPlan } from './model/plan.js';
import type { Variant } from './model/variant.js';
import type { Scanner } from './scan.js';

/**
 * Readouts that are affine in the plane up to one scale: the bare unembedding, and final norm and head. Three rows of V numbers,
 * had by probing the model's own graph, stand for the whole map: logit i at (x, y) is
 * `(A_c[i] + x A_u[i] + y A_v[i]) / s(x, y) + b[i]`, where s² is the norm's quadratic in (x, y).
 */

type Norm = 'none' | 'rms' | 'layer';

/** Where the probes' root mean square is far above any norm's epsilon, and where it is of its size. */
const FAR = 100;
const NEAR = Math.sqrt(1e-5);

/** What float32 leaves of agreement: so far in log-probability, plus the rounding of large logits. */
const TOLERANCE = 1e-4;
const LOGIT_ROUNDING = 2e-6;

export class AffineMap {
  private constructor(
    readonly rows: Rows,
    /** Ids of the rows, ascending, where tokens were left out; undefined where row i is token i. */
    readonly ids: Int32Array | undefined,
    readonly scale: RowScale,
    private readonly key: string,
    /** Largest difference from the graph in log-probability, on random points of the plane. */
    readonly largestDifference: number,
    /** The winner does not depend on the scale: regions are convex polygons. */
    readonly hasConvexRegions: boolean,
  ) {}

  /**
   * Probes and verifies; undefined with the reason where the readout is not affine, or not to float32's last places.
   * @param window corners of the grid: verification takes its points there
   */
  static async find(
    variant: Variant,
    plan: CellPlan,
    plane: Plane,
    window: { readonly xs: Float64Array; readonly ys: Float64Array },
    key: string,
  ): Promise<AffineMap | { readonly reason: string }> {
    const kind = affineKind(variant.model, plan);
    if ('reason' in kind) return kind;
    const { norm, pre, post } = kind;
    const runner = await variant.runner({ ...plan, output: { kind: 'head' } });
    const d = plane.c.length;
    const centred = [plane.c, plane.u, plane.v].map((p) => (norm === 'layer' ? withoutMean(p) : p));
    const sizes = centred.map((p) => Math.sqrt(inner(p, p) / d));

    // Probes: each vector both ways, far out where the norm's epsilon is nothing; the longest once more, close in.
    const longest = sizes.indexOf(Math.max(...sizes));
    const probed = [0, 1, 2].filter((i) => (sizes[i] ?? 0) > 0);
    const factors = probed.map((i) => (norm === 'none' ? 1 : FAR / (sizes[i] ?? 1)));
    const near = NEAR / (sizes[longest] ?? 1);
    const probes = probed.flatMap((i, n) => bothWays(centredOr(plane, centred, norm, i), factors[n] ?? 1));
    if (norm !== 'none') probes.push(...bothWays(centredOr(plane, centred, norm, longest), near));
    const checks = verificationPoints(plane, window);
    const points = new Float32Array((probes.length + checks.length) * d);
    [...probes, ...checks.map((c) => c.point)].forEach((p, i) => points.set(p, i * d));
    const logits = await runner.logits(points, probes.length + checks.length);
    const V = logits.length / (probes.length + checks.length);
    const row = (i: number): Float32Array => logits.subarray(i * V, (i + 1) * V);

    const b = new Float32Array(V);
    const parts = [new Float32Array(V), new Float32Array(V), new Float32Array(V)];
    probed.forEach((i, n) => {
      const [plus, minus] = [row(2 * n), row(2 * n + 1)];
      const k = factors[n] ?? 1;
      const s = norm === 'none' ? 1 : k * (sizes[i] ?? 0);
      const out = parts[i];
      if (!out) return;
      for (let j = 0; j < V; j++) {
        out[j] = (s * ((plus[j] ?? 0) - (minus[j] ?? 0))) / (2 * k);
        b[j] = (b[j] ?? 0) + ((plus[j] ?? 0) + (minus[j] ?? 0)) / (2 * probed.length);
      }
    });
    let epsilon = 0;
    const far = parts[longest];
    if (norm !== 'none' && far) {
      const [plus, minus] = [row(2 * probed.length), row(2 * probed.length + 1)];
      let dot = 0;
      let square = 0;
      for (let j = 0; j < V; j++) {
        const a = (far[j] ?? 0) * near;
        dot += (((plus[j] ?? 0) - (minus[j] ?? 0)) / 2) * a;
        square += a * a;
      }
      const inverse = dot / square; // 1 / sqrt(NEAR² + epsilon)
      epsilon = Math.max(0, 1 / (inverse * inverse) - NEAR * NEAR);
    }
    if (pre !== 1) for (const part of [...parts, b]) for (let j = 0; j < V; j++) part[j] = (part[j] ?? 0) * pre;
    const [c, u, v] = parts;
    if (!c || !u || !v) return { reason: 'no rows' };
    const flat = isFlat(b, logits);
    if (flat) b.fill(0); // the rounding of probes; a constant moves no probability
    const quadratic =
      norm === 'none'
        ? null
        : [
            [0, 0],
            [1, 1],
            [2, 2],
            [0, 1],
            [0, 2],
            [1, 2],
          ].map(([i = 0, j = 0]) => inner(centred[i] ?? plane.c, centred[j] ?? plane.c) / d);
    const make = (difference: number): AffineMap =>
      new AffineMap(
        { c, u, v, b, cap: post ?? 0 },
        undefined,
        { square: quadratic, epsilon },
        key,
        difference,
        norm === 'none' || flat,
      );

    const affine = make(0);
    let worst = 0;
    let largest = 0;
    checks.forEach(({ x, y }, i) => {
      const own = row(probes.length + i);
      for (let j = 0; j < V; j++) {
        const z = tail(pre * (own[j] ?? 0), post);
        own[j] = z;
        largest = Math.max(largest, Math.abs(z));
      }
      const ours = affine.logitsAt(x, y);
      worst = Math.max(worst, logProbabilityDifference(ours, own));
    });
    if (!(worst <= TOLERANCE + LOGIT_ROUNDING * largest))
      return { reason: `three rows differ from the graph by ${worst.toExponential(1)} in log-probability` };
    return make(worst);
  }

  /** 1 / s, x / s, y of some cells. */
  coefficients(xs: Float64Array, ys: Float64Array, cells: Int32Array): Float32Array {
    return coefficients(this.scale, xs, ys, cells);
  }

  tops(scanner: Scanner, coefficients: Float32Array, k: number, total: number): Tops {
    const tops = scanner.tops(this.rows, this.key, coefficients, k, total);
    const { ids } = this;
    return ids ? { ...tops, ids: tops.ids.map((row) => ids[row] ?? row) } : tops;
  }

  /** The same map, under a key of its own, without some tokens. @param masked ascending, each once */
  without(masked: readonly number[], key: string): AffineMap {
    const { c, u, v, b, cap } = this.rows;
    const left = new Set(masked);
    const ids = Int32Array.from(c.keys()).filter((id) => !left.has(id));
    const some = (row: Float32Array): Float32Array => Float32Array.from(ids, (id) => row[id] ?? 0);
    const rows = { c: some(c), u: some(u), v: some(v), b: some(b), cap };
    return new AffineMap(rows, ids, this.scale, key, this.largestDifference, this.hasConvexRegions);
  }

  /**
   * `sum of w (z - z(first))` at points of the plane, as a cut graph gives it; undefined where a soft-cap would have it computed
   * logit by logit.
   * @param weights [vocabulary], 0 for tokens that are left out
   */
  functional(weights: Float32Array): ((x: number, y: number, first: number) => number) | undefined {
    const { c, u, v, b, cap } = this.rows;
    const weighted: { row: number; weight: number }[] = [];
    const rowOf = (id: number): number => (this.ids ? rowIn(this.ids, id) : id);
    let total = 0;
    weights.forEach((weight, id) => {
      if (weight === 0) return;
      weighted.push({ row: rowOf(id), weight });
      total += weight;
    });
    const logit = (row: number, x: number, y: number): number => {
      const z = ((c[row] ?? 0) + x * (u[row] ?? 0) + y * (v[row] ?? 0)) / this.scaleAt(x, y) + (b[row] ?? 0);
      return cap === 0 ? z : cap * Math.tanh(z / cap);
    };
    if (cap !== 0 && weighted.length > 2) return undefined;
    if (weighted.length <= 2)
      return (x, y, first) => {
        const top = logit(rowOf(first), x, y);
        // Held as in a cut graph.
        return weighted.reduce((sum, { row, weight }) => sum + weight * Math.max(logit(row, x, y) - top, -200), 0);
      };
    const sum = (row: Float32Array): number => weighted.reduce((s, one) => s + one.weight * (row[one.row] ?? 0), 0);
    const [sc, su, sv, sb] = [sum(c), sum(u), sum(v), sum(b)];
    return (x, y, first) => (sc + x * su + y * sv) / this.scaleAt(x, y) + sb - total * logit(rowOf(first), x, y);
  }

  /**
   * The probability of some tokens together at points of the plane, of that of the most probable one.
   * @param ids ascending; none that is left out
   */
  share(ids: Int32Array): (x: number, y: number, first: number, probability: number) => number {
    const { c, u, v, b, cap } = this.rows;
    const rowOf = (id: number): number => (this.ids ? rowIn(this.ids, id) : id);
    const some = (row: Float32Array): Float32Array => Float32Array.from(ids, (id) => row[rowOf(id)] ?? 0);
    const [sc, su, sv, sb] = [some(c), some(u), some(v), some(b)];
    return (x, y, first, probability) => {
      const inverse = 1 / this.scaleAt(x, y);
      const row = rowOf(first);
      const capped = (z: number): number => (cap === 0 ? z : cap * Math.tanh(z / cap));
      const top = capped(((c[row] ?? 0) + x * (u[row] ?? 0) + y * (v[row] ?? 0)) * inverse + (b[row] ?? 0));
      let sum = 0;
      for (let i = 0; i < sc.length; i++)
        sum += Math.exp(capped(((sc[i] ?? 0) + x * (su[i] ?? 0) + y * (sv[i] ?? 0)) * inverse + (sb[i] ?? 0)) - top);
      return Math.min(1, probability * sum);
    };
  }

  /** Logits of some tokens at a point. */
  logitsOf(ids: Int32Array, x: number, y: number): Float32Array {
    const all = this.logitsAt(x, y);
    const own = this.ids;
    return Float32Array.from(ids, (id) => all[own ? rowIn(own, id) : id] ?? 0);
  }

  /** All logits at one point, by the rows. */
  logitsAt(x: number, y: number): Float32Array {
    const { c, u, v, b, cap } = this.rows;
    const inverse = 1 / this.scaleAt(x, y);
    const logits = new Float32Array(c.length);
    for (let i = 0; i < c.length; i++) {
      const z = ((c[i] ?? 0) + x * (u[i] ?? 0) + y * (v[i] ?? 0)) * inverse + (b[i] ?? 0);
      logits[i] = cap === 0 ? z : cap * Math.tanh(z / cap);
    }
    return logits;
  }

  /** Where each token wins, exactly; undefined where a term outside the scale bends the borders. A soft-cap moves no border. */
  regions(window: MapWindow): ExactRegions | undefined {
    if (!this.hasConvexRegions) return undefined;
    const { c, u, v, b } = this.rows;
    const rows = { c: c.map((a, i) => a + (b[i] ?? 0)), u, v };
    const { ids } = this;
    return {
      window,
      polygons: envelope(rows, window).map(({ token, points }) => ({ token: ids?.[token] ?? token, points })),
    };
  }

  /** The rows as far as a window needs them that shows `k` tokens a cell. */
  windowRows(window: MapWindow, k: number): WindowRows {
    return windowRows(this.rows, this.ids, this.scale, this.hasConvexRegions, window, k);
  }

  private scaleAt(x: number, y: number): number {
    return scaleAt(this.scale, x, y);
  }
}

/** Index of an id in ascending ids. */
function rowIn(ids: Int32Array, id: number): number {
  let [low, high] = [0, ids.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] ?? 0) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

const tail = (z: number, cap: number | null): number => (cap === null ? z : cap * Math.tanh(z / cap));

/** Whether a plan's readout is affine up to a scale, and which norm gives it, or the reason why it is not. */
export function affineKind(
  model: Model,
  plan: CellPlan,
): { readonly norm: Norm; readonly pre: number; readonly post: number | null } | { readonly reason: string } {
  const { anatomy, manner, facts } = model;
  const last = facts.blocks - 1;
  if (plan.readout === 'forward' && plan.layer !== last) return { reason: 'the remaining blocks are not affine' };
  if (manner.literal || manner.batching.way === 'one-by-one')
    return { reason: 'the arithmetic is rounded to integers' };
  const unembed = plan.readout === 'unembed';
  const start = unembed ? anatomy.head.opening : (anatomy.residual[last + 1] ?? '');
  const type = elementType(anatomy.graph, start);
  const closing = elementType(anatomy.graph, anatomy.head.closing);
  if ((type ?? DataType.FLOAT) !== DataType.FLOAT || (closing ?? DataType.FLOAT) !== DataType.FLOAT)
    return { reason: 'the arithmetic is half precision' };
  if (unembed) return { norm: 'none', pre: 1, post: null };
  const end = readHeadTail(anatomy);
  if (!end) return { reason: 'something else than a scale or a soft-cap follows the head' };
  const described = anatomy.finalNorm;
  const norm: Norm | undefined =
    described === null
      ? 'none'
      : /RMS|Simplified/.test(described)
        ? 'rms'
        : described.includes('Layer')
          ? 'layer'
          : undefined;
  if (norm === undefined) return { reason: `the final norm (${described ?? ''}) is unknown` };
  // post * tanh(pre * z) is a soft-cap where the scale before is the inverse of the one behind; the general form is the same.
  if (end.post !== null) return { norm, pre: end.pre * end.post, post: end.post };
  return { norm, pre: end.pre, post: null };
}

/** A LayerNorm sees no mean; probing without it keeps the probes' size what it should be. */
const centredOr = (plane: Plane, centred: readonly Float32Array[], norm: Norm, i: number): Float32Array =>
  (norm === 'layer' ? centred[i] : [plane.c, plane.u, plane.v][i]) ?? plane.c;

const bothWays = (p: Float32Array, factor: number): Float32Array[] => [
  p.map((x) => x * factor),
  p.map((x) => -x * factor),
];

function withoutMean(p: Float32Array): Float32Array {
  const mean = p.reduce((sum, x) => sum + x, 0) / p.length;
  return p.map((x) => x - mean);
}

function inner(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Whether the constant terms are the same for all tokens, to the rounding of the logits that they were had from. */
function isFlat(b: Float32Array, logits: Float32Array): boolean {
  let low = Infinity;
  let high = -Infinity;
  const [count, all] = [b.length, logits.length];
  for (let i = 0; i < count; i++) {
    low = Math.min(low, b[i] ?? 0);
    high = Math.max(high, b[i] ?? 0);
  }
  let largest = 0;
  for (let i = 0; i < all; i++) largest = Math.max(largest, Math.abs(logits[i] ?? 0));
  return high - low <= 4e-6 * Math.max(largest, 1e-3);
}

/** Points of the grid's window on which rows and graph are compared: its middle, two corners, and some between. */
function verificationPoints(
  { c, u, v }: Plane,
  { xs, ys }: { readonly xs: Float64Array; readonly ys: Float64Array },
): { x: number; y: number; point: Float32Array }[] {
  const at = (values: Float64Array, share: number): number => {
    const [low = 0, high = low] = [values[0], values.at(-1)];
    return Math.fround(low + (high - low) * share);
  };
  const shares = [
    [0.5, 0.5],
    [0, 0],
    [1, 0.83],
    [0.31, 0.72],
    [0.68, 0.14],
  ] as const;
  return shares.map(([sx, sy]) => {
    const [x, y] = [at(xs, sx), at(ys, sy)];
    return {
      x,
      y,
      point: c.map((ci, i) => Math.fround(ci + Math.fround(x * (u[i] ?? 0))) + Math.fround(y * (v[i] ?? 0))),
    };
  });
}
