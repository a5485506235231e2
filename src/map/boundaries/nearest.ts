/**
 * The nearest decision boundary of a state in all dimensions of the hidden space, where the logits are affine up to one scale:
 * `z_t(h) = a_t . x / s + c_t`, with `x` the state (a LayerNorm removes its mean first), `a_t` the token's row times the norm's gain,
 * `s = sqrt(|x|^2 / d + epsilon)` (1 without a norm) and `c_t` what is added behind the scale: the head's bias, and the norm's
 * through the head.
 */

/** What stands between a state and the logits. */
export interface AffineHead {
  readonly norm: 'none' | 'rms' | 'layer';
  /** [hiddenSize] the norm's gain; ones without a norm. */
  readonly gain: Float64Array;
  readonly epsilon: number;
}

/** The boundary between the winner and one other token. */
export interface Boundary {
  readonly token: number;
  /** Least length of a move that makes this token's logit equal to the winner's, in the hidden space's own units. */
  readonly distance: number;
  /** [hiddenSize] where such a move ends. */
  readonly point: Float64Array;
}

/** A boundary on its way: what its point is made from. */
interface Found {
  readonly token: number;
  readonly distance: number;
  readonly row: Float32Array;
  /** The place on the boundary: along the boundary's normal, and along what is left of the state. */
  readonly along: number;
  readonly across: number;
}

/** Below this part of both squares their difference is rounding for the most part. */
const CLOSE = 1e-6;

/** Finds the boundaries that are nearest to a state; the head's rows come in parts, in any order. */
export class NearestBoundaries {
  private readonly found: Found[] = [];
  private readonly x: Float64Array;
  private readonly square: number;
  /** Of a token's row with it: the logit before the scale; the inner product of both tokens' weights. */
  private readonly seen: Float64Array;
  private readonly across: Float64Array;
  private readonly own: { readonly product: number; readonly square: number };
  private without = 0;

  /**
   * @param state [hiddenSize]
   * @param winner the row, [hiddenSize], and the constant of the token that wins there
   * @param count boundaries that are wanted
   * @param squares [vocabulary] squared lengths of the tokens' weights `g w`, NaN where one is not known yet: it is put there. The next
   *   state of the same head has them
   */
  constructor(
    private readonly head: AffineHead,
    private readonly state: Float32Array,
    private readonly winner: { readonly token: number; readonly row: Float32Array; readonly constant: number },
    private readonly count: number,
    private readonly squares = new Float64Array(0),
  ) {
    this.x = Float64Array.from(state);
    if (head.norm === 'layer') subtractMean(this.x);
    this.square = inner(this.x, this.x);
    const { gain } = head;
    const weights = Float64Array.from(winner.row, (value, i) => value * (gain[i] ?? 0));
    if (head.norm === 'layer') subtractMean(weights);
    this.seen = this.x.map((value, i) => value * (gain[i] ?? 0));
    this.across = weights.map((value, i) => value * (gain[i] ?? 0));
    this.own = { product: inner(this.seen, winner.row), square: inner(weights, weights) };
  }

  /** @param row of the token, [hiddenSize]; it may change afterwards. @param constant what is added behind the scale */
  add(token: number, row: Float32Array, constant: number): void {
    if (token === this.winner.token) return;
    const { norm, epsilon } = this.head;
    const d = this.x.length;
    const { length, product } = this.apart(token, row);
    const c = this.winner.constant - constant;
    if (!(length > 0)) {
      this.without++;
      return;
    }
    const p = product / length;
    const q = Math.sqrt(Math.max(this.square - p * p, 0));
    const place =
      norm === 'none' || c === 0
        ? { along: norm === 'none' ? -c / length : 0, across: q }
        : foot(length, c, p, q, d, epsilon);
    if (!place) {
      this.without++;
      return;
    }
    const distance = Math.hypot(place.along - p, place.across - q);
    const last = this.found.at(-1);
    if (this.found.length >= this.count && last && !isBefore({ token, distance }, last)) return;
    const at = this.found.findIndex((other) => isBefore({ token, distance }, other));
    this.found.splice(at < 0 ? this.found.length : at, 0, { token, distance, row: row.slice(), ...place });
    if (this.found.length > this.count) this.found.pop();
  }

  /** The length of the boundary's normal, and the normal's product with the state. */
  private apart(token: number, row: Float32Array): { readonly length: number; readonly product: number } {
    const { seen, across, own } = this;
    let [product, both] = [0, 0];
    for (let i = 0; i < row.length; i++) {
      const value = row[i] ?? 0;
      product += value * (seen[i] ?? 0);
      both += value * (across[i] ?? 0);
    }
    let other = this.squares[token] ?? NaN;
    if (Number.isNaN(other)) {
      other = this.weightsSquare(row);
      this.squares[token] = other;
    }
    const square = own.square - 2 * both + other;
    if (square > CLOSE * (own.square + other)) return { length: Math.sqrt(square), product: own.product - product };
    // Of two rows that are nearly the same the difference itself.
    const difference = Float32Array.from(row, (value, i) => (this.winner.row[i] ?? 0) - value);
    return { length: Math.sqrt(this.weightsSquare(difference)), product: inner(seen, difference) };
  }

  private weightsSquare(row: Float32Array): number {
    const { gain, norm } = this.head;
    let [sum, squares] = [0, 0];
    for (let i = 0; i < row.length; i++) {
      const a = (gain[i] ?? 0) * (row[i] ?? 0);
      sum += a;
      squares += a * a;
    }
    return Math.max(0, norm === 'layer' ? squares - (sum * sum) / row.length : squares);
  }

  /** Tokens whose logit nowhere equals the winner's. */
  get tokensWithoutBoundary(): number {
    return this.without;
  }

  /** Nearest first; of equally near ones the lower id. */
  boundaries(): Boundary[] {
    return this.found.map(({ token, distance, row, along, across }) => {
      const a = Float64Array.from(row, (value, i) => (this.head.gain[i] ?? 0) * ((this.winner.row[i] ?? 0) - value));
      if (this.head.norm === 'layer') subtractMean(a);
      const length = Math.sqrt(inner(a, a));
      const unit = a.map((value) => value / length);
      const p = inner(unit, this.x);
      const rest = this.x.map((value, i) => value - p * (unit[i] ?? 0));
      const q = Math.sqrt(inner(rest, rest));
      const other = q > 0 ? rest.map((value) => value / q) : rest;
      const point = Float64Array.from(
        this.state,
        (value, i) => value + (along - p) * (unit[i] ?? 0) + (across - q) * (other[i] ?? 0),
      );
      return { token, distance, point };
    });
  }
}

/**
 * The point nearest to (p, q), q >= 0, of the half of a hyperbola on which `length p + c sqrt((p^2 + q^2) / d + epsilon) = 0`, `p` along
 * the boundary's normal and `q` along the rest of the state; undefined where there is no such point. Along the curve
 * `p = -k sqrt(q^2 / d + epsilon)` half the derivative of the squared distance is
 * `q (1 + k^2 / d) - q0 + k p0 q / (d sqrt(q^2 / d + epsilon))`: not above 0 at q = 0, and from there either growing (k p0 >= 0) or convex
 * (k p0 < 0). So it has one root at most for q > 0, and that one is the minimum.
 */
function foot(
  length: number,
  c: number,
  p0: number,
  q0: number,
  d: number,
  epsilon: number,
): { readonly along: number; readonly across: number } | undefined {
  const curvature = length * length - (c * c) / d;
  if (!(curvature > 0)) return undefined;
  const k = c / Math.sqrt(curvature);
  const stretch = 1 + (k * k) / d;
  const slope = (q: number): number => {
    const s = Math.sqrt((q * q) / d + epsilon);
    return q * stretch - q0 + (s > 0 ? (k * p0 * q) / (d * s) : 0);
  };
  // Above the root: q / sqrt(q^2 / d + epsilon) is below sqrt(d).
  let [low, high] = [0, (q0 + Math.abs(k * p0) / Math.sqrt(d)) / stretch];
  let q = Math.min(high, q0);
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const value = slope(q);
    if (value > 0) high = q;
    else low = q;
    const s = Math.sqrt((q * q) / d + epsilon);
    const steepness = stretch + (s > 0 ? (k * p0 * epsilon) / (d * s * s * s) : 0);
    const next = q - value / steepness;
    const inside = next > low && next < high;
    if (inside && Math.abs(next - q) <= 1e-15 * high) break;
    q = inside ? next : (low + high) / 2;
  }
  const at = (across: number): { along: number; across: number } => ({
    along: -k * Math.sqrt((across * across) / d + epsilon),
    across,
  });
  const away = ({ along, across }: { along: number; across: number }): number => Math.hypot(along - p0, across - q0);
  const [root, axis] = [at(q), at(0)];
  return away(axis) < away(root) ? axis : root;
}

const isBefore = (
  a: { readonly token: number; readonly distance: number },
  b: { readonly token: number; readonly distance: number },
): boolean => a.distance < b.distance || (a.distance === b.distance && a.token < b.token);

function subtractMean(x: Float64Array): void {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  for (let i = 0; i < x.length; i++) x[i] = (x[i] ?? 0) - mean;
}

function inner(a: Float64Array, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
