import { Fault } from './fault.js';

/**
 * Sums over weighted pairs of vectors x, y of `size` numbers: `[x, 1]^T [x, 1, y]`, [(size + 1) * (2 size + 1)], row by row. All that
 * a regression of y on x needs of them.
 */
export interface PairSums {
  readonly size: number;
  readonly sums: Float64Array;
}

/** `y = x + A x + b`, nearly. */
export interface Ridge {
  /** A: [size * size], a row for each number that comes out. */
  readonly matrix: Float64Array;
  /** [size] */
  readonly bias: Float64Array;
}

/** Right-hand sides that are solved side by side: each number of the factor that is fetched serves all. */
const BESIDE = 4;
/** A fit goes on this long before a caller may end it: multiplications. */
const BREATH = 2e8;

/**
 * The ridge regression of `y - x` on x, in closed form: the A and b with the least sum of `w |x + A x + b - y|^2` and
 * `ridge * s * |A|^2`, s being the mean over x's dimensions of `w (x - mean)^2`'s sum. So A is 0 where the ridge is large, and b is
 * held by nothing. Solved by Cholesky's factorization in float64, with a breath now and then. Ours, since ml-matrix's, which is
 * here for principal components, takes six times as long (1.7 s of 576 dimensions) and does not breathe.
 * @throws Fault `bad-parameter` where the sums are not finite, or no factorization is had: without a ridge, of too few vectors.
 */
export function* ridgeInSteps({ size: d, sums }: PairSums, ridge: number): Generator<void, Ridge, void> {
  const width = 2 * d + 1;
  const count = sums[d * width + d] ?? 0;
  const mean = (at: number): number => (sums[d * width + at] ?? 0) / count;
  const mx = Float64Array.from({ length: d }, (_, i) => mean(i));
  const my = Float64Array.from({ length: d }, (_, i) => mean(d + 1 + i));
  const factor = new Float64Array(d * d);
  let trace = 0;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) factor[i * d + j] = (sums[i * width + j] ?? 0) - count * (mx[i] ?? 0) * (mx[j] ?? 0);
    trace += factor[i * d + i] ?? 0;
  }
  if (!(count > 0) || !Number.isFinite(trace)) throw notFitted('a hidden state holds a number that is not finite');
  for (let i = 0; i < d; i++) factor[i * d + i] = (factor[i * d + i] ?? 0) + (ridge * trace) / d;
  yield* factorize(factor, d, (trace / d) * 1e-13);

  const matrix = new Float64Array(d * d);
  let gone = 0;
  for (let from = 0; from < d; from += BESIDE) {
    const some = Math.min(BESIDE, d - from);
    const sides = Array.from({ length: BESIDE }, () => new Float64Array(d));
    for (let s = 0; s < some; s++) {
      const [side, out] = [sides[s], from + s];
      for (let i = 0; side && i < d; i++) {
        // Of y less x: the second is the matrix's own column.
        const xy = (sums[i * width + d + 1 + out] ?? 0) - count * (mx[i] ?? 0) * (my[out] ?? 0);
        const xx = (sums[i * width + out] ?? 0) - count * (mx[i] ?? 0) * (mx[out] ?? 0);
        side[i] = xy - xx;
      }
    }
    solve(factor, d, sides);
    for (let s = 0; s < some; s++) matrix.set(sides[s] ?? [], (from + s) * d);
    gone += BESIDE * d * d;
    if (gone < BREATH) continue;
    gone = 0;
    yield;
  }
  const bias = Float64Array.from({ length: d }, (_, out) => {
    let through = 0;
    for (let i = 0; i < d; i++) through += (matrix[out * d + i] ?? 0) * (mx[i] ?? 0);
    return (my[out] ?? 0) - (mx[out] ?? 0) - through;
  });
  return { matrix, bias };
}

/** The lower triangle L of `matrix = L L^T`, in its place. @param least what a pivot must be above */
function* factorize(matrix: Float64Array, d: number, least: number): Generator<void, void, void> {
  let gone = 0;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * d + j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (matrix[i * d + k] ?? 0) * (matrix[j * d + k] ?? 0);
      if (j < i) matrix[i * d + j] = sum / (matrix[j * d + j] ?? 1);
      else if (sum > least) matrix[i * d + i] = Math.sqrt(sum);
      else throw notFitted('the states do not span all dimensions, and nothing holds what they leave open');
    }
    gone += (i * i) / 2;
    if (gone < BREATH) continue;
    gone = 0;
    yield;
  }
}

/** Solves `L L^T x = side` for four sides, in their places. */
function solve(factor: Float64Array, d: number, sides: readonly Float64Array[]): void {
  const none = new Float64Array(d);
  const [a = none, b = none, c = none, e = none] = sides;
  for (let i = 0; i < d; i++) {
    let [sa, sb, sc, se] = [a[i] ?? 0, b[i] ?? 0, c[i] ?? 0, e[i] ?? 0];
    const row = i * d;
    for (let k = 0; k < i; k++) {
      const l = factor[row + k] ?? 0;
      sa -= l * (a[k] ?? 0);
      sb -= l * (b[k] ?? 0);
      sc -= l * (c[k] ?? 0);
      se -= l * (e[k] ?? 0);
    }
    const pivot = factor[row + i] ?? 1;
    a[i] = sa / pivot;
    b[i] = sb / pivot;
    c[i] = sc / pivot;
    e[i] = se / pivot;
  }
  for (let i = d - 1; i >= 0; i--) {
    const row = i * d;
    const pivot = factor[row + i] ?? 1;
    const [xa, xb, xc, xe] = [(a[i] ?? 0) / pivot, (b[i] ?? 0) / pivot, (c[i] ?? 0) / pivot, (e[i] ?? 0) / pivot];
    a[i] = xa;
    b[i] = xb;
    c[i] = xc;
    e[i] = xe;
    for (let k = 0; k < i; k++) {
      const l = factor[row + k] ?? 0;
      a[k] = (a[k] ?? 0) - l * xa;
      b[k] = (b[k] ?? 0) - l * xb;
      c[k] = (c[k] ?? 0) - l * xc;
      e[k] = (e[k] ?? 0) - l * xe;
    }
  }
}

const notFitted = (why: string): Fault =>
  new Fault({
    code: 'bad-parameter',
    message: `No translator can be fitted: ${why}.`,
    hint: 'Give more texts, or a larger --ridge.',
  });
