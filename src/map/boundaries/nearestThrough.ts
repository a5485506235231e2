import type { Translator } from '../translate.js';
import type { AffineHead, Boundary } from './nearest.js';

/** Boundaries that are held beside those that are wanted: their distances are had anew, more exactly. */
const SPARE = 8;
/** Below this part of both lengths a difference of squares is rounding for the most part. */
const CLOSE = 1e-6;

/**
 * The boundaries of the pairs (winner, token) that are nearest to a state behind a translator `t = M h + b`, where nothing is added behind
 * the norm's scale: `a . (M h + b) = 0` with `a = g (w_1 - w_t)` (a LayerNorm removes its mean). Every token has a normal of its own,
 * `M^T a`, and that is what is long to compute: the squares of `M^T (g w_t)` are had once for a translator, and then
 * `|M^T a|^2 = |M^T g w_1|^2 - 2 (M M^T g w_1) . (g w_t) + |M^T g w_t|^2` is an inner product a token.
 */
export class NearestThrough {
  private readonly found: { readonly token: number; readonly distance: number; readonly row: Float32Array }[] = [];
  /** What the head's norm sees of the state, times its gain: of a token's row with it, the logit before the scale. */
  private readonly seen: Float64Array;
  private readonly back: Float64Array;
  private readonly ownProduct: number;
  private readonly ownSquare: number;

  /**
   * @param state [hiddenSize] before the translator
   * @param winner the token that wins there, and its row [hiddenSize]
   * @param squares [vocabulary] |M^T (g w_t)|^2, the mean removed where the norm does so
   * @param count boundaries that are wanted
   */
  constructor(
    private readonly head: AffineHead,
    private readonly state: Float32Array,
    private readonly translator: Translator,
    private readonly winner: { readonly token: number; readonly row: Float32Array },
    private readonly squares: Float64Array,
    private readonly count: number,
  ) {
    const { gain } = head;
    const { matrix, identity, bias } = translator;
    const d = state.length;
    const x = Float64Array.from({ length: d }, (_, i) => {
      let sum = (identity ? (state[i] ?? 0) : 0) + (bias?.[i] ?? 0);
      for (let j = 0; j < d; j++) sum += (matrix[i * d + j] ?? 0) * (state[j] ?? 0);
      return sum;
    });
    this.seen = this.centered(x).map((value, i) => value * (gain[i] ?? 0));
    const normal = this.normal(this.weights(winner.row));
    const forth = Float64Array.from({ length: d }, (_, i) => {
      let sum = identity ? (normal[i] ?? 0) : 0;
      for (let j = 0; j < d; j++) sum += (matrix[i * d + j] ?? 0) * (normal[j] ?? 0);
      return sum;
    });
    this.back = this.centered(forth).map((value, i) => value * (gain[i] ?? 0));
    this.ownProduct = inner(this.seen, winner.row);
    this.ownSquare = inner(normal, normal);
  }

  /** @param row of the token, [hiddenSize]; it may change afterwards */
  add(token: number, row: Float32Array): void {
    if (token === this.winner.token) return;
    const own = this.squares[token] ?? 0;
    const difference = this.ownProduct - inner(this.seen, row);
    const square = this.ownSquare - 2 * inner(this.back, row) + own;
    const distance =
      square > CLOSE * (this.ownSquare + own) ? Math.abs(difference) / Math.sqrt(square) : this.exact(row).distance;
    const { found, count } = this;
    const last = found.at(-1);
    if (!Number.isFinite(distance) || (found.length >= count + SPARE && last && distance >= last.distance)) return;
    const at = found.findIndex((other) => distance < other.distance);
    found.splice(at < 0 ? found.length : at, 0, { token, distance, row: row.slice() });
    if (found.length > count + SPARE) found.pop();
  }

  /** Nearest first; of equally near ones the lower id. */
  boundaries(): Boundary[] {
    return this.found
      .map(({ token, row }) => ({ token, ...this.exact(row) }))
      .sort((a, b) => a.distance - b.distance || a.token - b.token)
      .slice(0, this.count);
  }

  /** The hyperplane of a pair by its own normal; infinitely far where no state makes the two equal. */
  private exact(row: Float32Array): { readonly distance: number; readonly point: Float64Array } {
    const own = this.winner.row;
    const apart = Float64Array.from(own, (value, i) => value - (row[i] ?? 0));
    const normal = this.normal(this.weights(apart));
    const square = inner(normal, normal);
    const step = square > 0 ? inner(this.seen, apart) / square : Infinity;
    return {
      distance: square > 0 ? Math.abs(step) * Math.sqrt(square) : Infinity,
      point: Float64Array.from(this.state, (value, i) => value - step * (normal[i] ?? 0)),
    };
  }

  /** `g w`, without its mean where the norm removes that. */
  private weights(row: ArrayLike<number>): Float64Array {
    return this.centered(Float64Array.from(row, (value, i) => value * (this.head.gain[i] ?? 0)));
  }

  private centered(x: Float64Array): Float64Array {
    if (this.head.norm !== 'layer') return x;
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    return x.map((value) => value - mean);
  }

  /** `M^T a` */
  private normal(a: Float64Array): Float64Array {
    const { matrix, identity } = this.translator;
    const d = a.length;
    const normal = identity ? a.slice() : new Float64Array(d);
    for (let i = 0; i < d; i++) {
      const factor = a[i] ?? 0;
      for (let j = 0; j < d; j++) normal[j] = (normal[j] ?? 0) + factor * (matrix[i * d + j] ?? 0);
    }
    return normal;
  }
}

function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
