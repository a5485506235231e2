import { EigenvalueDecomposition, Matrix } from 'ml-matrix'; // MIT, kept, no native code: the small dense eigenproblem
import { Fault } from './fault.js';
import { torchRandn } from './torchRandom.js';

/** The plane through a cloud of vectors that keeps most of their variance. */
export interface PrincipalAxes {
  /** [width], the cloud's middle. */
  readonly mean: Float32Array;
  /** The two leading principal axes, [width] each, of length 1 and orthogonal; their largest component is positive. */
  readonly axes: readonly [Float32Array, Float32Array];
  /** Variance along each, over count - 1. */
  readonly variance: readonly [number, number];
  /** Its share of the whole variance. */
  readonly ratio: readonly [number, number];
}

/** Krylov vectors that are found in one pass over the rows: several, so that equal variances are seen apart. */
const BLOCK = 4;
/** At least this exact: |C a - variance a| in parts of the variance (C: the covariance), or of what float64 can show of it. */
const TOLERANCE = 1e-11;
const ROUNDING = 1e-14;
/** A spectrum that needs more is so flat that its leading axes mean nothing. */
const MAX_BASIS = 800;

/**
 * The two leading principal components of `count` rows of `width` float32, row-major: what scikit-learn's
 * `PCA(n_components=2, svd_solver='full')` finds in float64, up to the axes' signs. Block Lanczos iteration (Golub and Underwood,
 * 1977) on the covariance, which is never formed, with full reorthogonalization: a few dozen passes over the rows for real
 * clouds, whatever their size. The same rows always give the same bits.
 * @throws Fault `bad-parameter` where fewer than two rows differ, or all lie on one line, as far as float32 can tell.
 */
export function principalAxes(rows: Float32Array, count: number, width: number): PrincipalAxes {
  const steps = principalAxesInSteps(rows, count, width);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** {@link principalAxes}, with a breath after each pass over the rows: a large cloud takes seconds, which a caller may end. */
export function* principalAxesInSteps(
  rows: Float32Array,
  count: number,
  width: number,
): Generator<void, PrincipalAxes, void> {
  if (rows.length !== count * width) throw new RangeError(`${rows.length} numbers are not ${count} rows of ${width}`);
  if (count < 2) throw tooFew();
  const { mean, total, grain } = moments(rows, count, width);
  if (!Number.isFinite(total))
    throw new Fault({
      code: 'bad-parameter',
      message: 'A hidden state holds a number that is not finite, so there are no principal components.',
      hint: 'Choose another layer or other texts.',
    });
  if (total <= grain) throw tooFew();
  yield;
  const covariance = (vectors: readonly Float64Array[]): Float64Array[] => timesCovariance(rows, mean, vectors);
  const basis: Float64Array[] = [];
  /** basis' C basis, row by row. */
  const projected: number[][] = [];
  // The start lies in the rows' own span, which alone matters.
  const random = torchRandn(0, Math.ceil(BLOCK / 2) * width);
  let next = orthonormal(
    covariance(Array.from({ length: BLOCK }, (_, i) => Float64Array.from(random.subarray(i * width, (i + 1) * width)))),
    basis,
    total * ROUNDING,
  ).vectors;
  yield;
  for (let checked = 0; ;) {
    const from = basis.length;
    basis.push(...next);
    const images = covariance(next);
    yield;
    images.forEach((image, j) => {
      basis.forEach((vector, i) => {
        const product = dot64(vector, image);
        (projected[i] ??= [])[from + j] = product;
        (projected[from + j] ??= [])[i] = product;
      });
    });
    const rest = orthonormal(images, basis, total * ROUNDING);
    const size = basis.length;
    const last = rest.vectors.length === 0 || size + rest.vectors.length > MAX_BASIS;
    // A larger problem takes longer to solve, and one step more matters less to it.
    if (last || size >= checked * 1.1) {
      checked = size;
      const pairs = leadingPairs(projected, size);
      const exact = pairs.every(({ value, vector }) => {
        // What the image of the axis has outside of the basis: only the last block's images reach there.
        const tail = vector.slice(from);
        const outside = rest.coefficients.map((row) => row.reduce((sum, c, j) => sum + c * (tail[j] ?? 0), 0));
        return Math.hypot(...outside) <= Math.max(TOLERANCE * value, ROUNDING * total);
      });
      if (exact || last) return finish(basis, pairs, { mean, total, grain });
    }
    next = rest.vectors;
  }
}

interface Moments {
  readonly mean: Float64Array;
  /** The whole variance, over count - 1. */
  readonly total: number;
  /** Variance that the rounding of the rows to float32 can have made. */
  readonly grain: number;
}

function moments(rows: Float32Array, count: number, width: number): Moments {
  const mean = new Float64Array(width);
  let squares = 0;
  for (let i = 0, at = 0; i < count; i++)
    for (let j = 0; j < width; j++, at++) {
      const value = rows[at] ?? 0;
      mean[j] = (mean[j] ?? 0) + value;
      squares += value * value;
    }
  for (let j = 0; j < width; j++) mean[j] = (mean[j] ?? 0) / count;
  let total = 0;
  for (let i = 0, at = 0; i < count; i++)
    for (let j = 0; j < width; j++, at++) total += ((rows[at] ?? 0) - (mean[j] ?? 0)) ** 2;
  return { mean, total: total / (count - 1), grain: (squares / count) * 2 ** -48 };
}

/**
 * The covariance of the rows times each of at most four vectors: one pass over the rows, centered on the way. Two rows at a time,
 * so that each number that is fetched serves twice.
 */
function timesCovariance(rows: Float32Array, mean: Float64Array, vectors: readonly Float64Array[]): Float64Array[] {
  const width = mean.length;
  const count = rows.length / width;
  const none = new Float64Array(width);
  const [a = none, b = none, c = none, d = none] = vectors;
  const images = Array.from({ length: BLOCK }, () => new Float64Array(width));
  const [ia = none, ib = none, ic = none, id = none] = images;
  const row = new Float64Array(width);
  const next = new Float64Array(width);
  for (let i = 0; i < count; i += 2) {
    const at = i * width;
    const after = at + width;
    let ra = 0;
    let rb = 0;
    let rc = 0;
    let rd = 0;
    let na = 0;
    let nb = 0;
    let nc = 0;
    let nd = 0;
    for (let j = 0; j < width; j++) {
      const middle = mean[j] ?? 0;
      const value = (rows[at + j] ?? middle) - middle;
      const nextValue = (rows[after + j] ?? middle) - middle; // 0 where the last row is an odd one
      row[j] = value;
      next[j] = nextValue;
      const va = a[j] ?? 0;
      const vb = b[j] ?? 0;
      const vc = c[j] ?? 0;
      const vd = d[j] ?? 0;
      ra += value * va;
      rb += value * vb;
      rc += value * vc;
      rd += value * vd;
      na += nextValue * va;
      nb += nextValue * vb;
      nc += nextValue * vc;
      nd += nextValue * vd;
    }
    for (let j = 0; j < width; j++) {
      const value = row[j] ?? 0;
      const nextValue = next[j] ?? 0;
      ia[j] = (ia[j] ?? 0) + ra * value + na * nextValue;
      ib[j] = (ib[j] ?? 0) + rb * value + nb * nextValue;
      ic[j] = (ic[j] ?? 0) + rc * value + nc * nextValue;
      id[j] = (id[j] ?? 0) + rd * value + nd * nextValue;
    }
  }
  return images.slice(0, vectors.length).map((image) => image.map((value) => value / (count - 1)));
}

/**
 * An orthonormal basis of what vectors have outside of `basis`, and their coefficients in it: `vector j` less its part in `basis`
 * is the sum of `coefficients[i][j]` times `vectors[i]`. What is no longer than `least` counts as nothing.
 */
function orthonormal(
  vectors: readonly Float64Array[],
  basis: readonly Float64Array[],
  least: number,
): { vectors: Float64Array[]; coefficients: number[][] } {
  const made: Float64Array[] = [];
  const coefficients: number[][] = [];
  vectors.forEach((vector, j) => {
    const rest = Float64Array.from(vector);
    // Twice is enough (Kahan): the second time takes away what rounding left.
    for (let time = 0; time < 2; time++) {
      for (const one of basis) subtract(rest, one, dot64(one, rest));
      made.forEach((one, i) => {
        const along = dot64(one, rest);
        subtract(rest, one, along);
        const row = coefficients[i] ?? [];
        row[j] = (row[j] ?? 0) + along;
      });
    }
    const length = Math.sqrt(dot64(rest, rest));
    if (length <= least) return;
    made.push(rest.map((value) => value / length));
    coefficients.push(Array.from({ length: vectors.length }, (_, k) => (k === j ? length : 0)));
  });
  return { vectors: made, coefficients };
}

interface Pair {
  readonly value: number;
  /** Coefficients in the basis. */
  readonly vector: readonly number[];
}

/** The eigenpairs of the two largest eigenvalues of a symmetric matrix. */
function leadingPairs(rows: readonly (readonly number[])[], size: number): Pair[] {
  const matrix = new Matrix(size, size);
  rows.forEach((row, i) => row.forEach((value, j) => matrix.set(i, j, value)));
  const { realEigenvalues: values, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  return values
    .map((value, i) => ({ value, i }))
    .sort((one, other) => other.value - one.value)
    .slice(0, 2)
    .map(({ value, i }) => ({ value, vector: eigenvectorMatrix.getColumn(i) }));
}

function finish(
  basis: readonly Float64Array[],
  [first, second]: readonly Pair[],
  { mean, total, grain }: Moments,
): PrincipalAxes {
  if (!first || !second || second.value <= grain)
    throw new Fault({
      code: 'bad-parameter',
      message: 'The hidden states all lie on one line, so there is no second principal component.',
      hint: 'Give more texts, and such as differ in more than one way.',
    });
  const axis = ({ vector }: Pair): Float32Array => {
    const sum = new Float64Array(mean.length);
    basis.forEach((one, i) => subtract(sum, one, -(vector[i] ?? 0)));
    let largest = 0;
    for (const value of sum) if (Math.abs(value) > Math.abs(largest)) largest = value;
    return Float32Array.from(sum, (value) => (largest < 0 ? -value : value));
  };
  return {
    mean: Float32Array.from(mean),
    axes: [axis(first), axis(second)],
    variance: [first.value, second.value],
    ratio: [first.value / total, second.value / total],
  };
}

const tooFew = (): Fault =>
  new Fault({
    code: 'bad-parameter',
    message: 'Principal components need two different hidden states at least; these are all the same.',
    hint: 'Give more texts, and different ones.',
  });

function dot64(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** from -= factor * vector. */
function subtract(from: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < from.length; i++) from[i] = (from[i] ?? 0) - factor * (vector[i] ?? 0);
}
