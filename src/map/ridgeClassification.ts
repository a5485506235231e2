/**
 * Ridge classification as scikit-learn's `RidgeClassifier` has it: a regression of +1 and -1 with an intercept, for each class against
 * all others, and the class whose sum is largest.
 */

/** Folds of {@link crossValidated}: text i is in fold i modulo these. */
const FOLDS = 5;
const ALPHA = 1;
/** Multiplications after which a caller may end it. */
const BREATH = 1e8;

/** Rows of numbers and what their class is, 0 or more; each class once at least. */
export interface Labeled {
  /** [count * width] */
  readonly rows: Float64Array;
  readonly width: number;
  /** [count] */
  readonly classes: Int32Array;
}

/**
 * `X^T X` of rows, [width * width]; given, where something computes it faster than loops.
 * @param rows [count * width]
 */
export type Gramian = (rows: Float64Array, width: number, count: number) => Promise<Float64Array>;

/**
 * The class that each row is told to have by a classifier that was fitted on the other folds, [count].
 * @param breathe is awaited now and then
 */
export async function crossValidated(
  { rows, width: d, classes }: Labeled,
  gramian: Gramian,
  breathe: () => Promise<void> = () => Promise.resolve(),
): Promise<Int32Array> {
  const count = classes.length;
  const kinds = classes.reduce((most, one) => Math.max(most, one + 1), 0);
  const told = new Int32Array(count);
  const folds = Array.from({ length: FOLDS }, (_, fold) => foldOf(rows, d, classes, fold));
  const grams: Float64Array[] = [];
  for (const { part, own } of folds) grams.push(await gramian(part, d, own.length));
  const summed = (skip: number): Float64Array => {
    const sum = new Float64Array(d * d);
    grams.forEach((gram, fold) => {
      if (fold !== skip) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (gram[i] ?? 0);
    });
    return sum;
  };
  for (const [fold, { own }] of folds.entries()) {
    const others = Array.from({ length: count }, (_, i) => i).filter((i) => i % FOLDS !== fold);
    if (own.length === 0) continue;
    const there = new Set(others.map((i) => classes[i] ?? 0));
    const mean = new Float64Array(d);
    for (const i of others)
      for (let j = 0; j < d; j++) mean[j] = (mean[j] ?? 0) + (rows[i * d + j] ?? 0) / others.length;
    const gram = summed(fold);
    const n = others.length;
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) gram[i * d + j] = (gram[i * d + j] ?? 0) - n * (mean[i] ?? 0) * (mean[j] ?? 0);
      gram[i * d + i] = (gram[i * d + i] ?? 0) + ALPHA;
    }
    await factorized(gram, d, breathe);
    const best = new Float64Array(own.length).fill(-Infinity);
    for (let kind = 0; kind < kinds; kind++) {
      if (!there.has(kind)) continue;
      const target = (i: number): number => (classes[i] === kind ? 1 : -1);
      const level = others.reduce((sum, i) => sum + target(i), 0) / n;
      const weights = new Float64Array(d);
      for (const i of others) {
        const y = target(i) - level;
        for (let j = 0; j < d; j++) weights[j] = (weights[j] ?? 0) + y * ((rows[i * d + j] ?? 0) - (mean[j] ?? 0));
      }
      solved(gram, d, weights);
      await breathe();
      own.forEach((i, k) => {
        let sum = level;
        for (let j = 0; j < d; j++) sum += (weights[j] ?? 0) * ((rows[i * d + j] ?? 0) - (mean[j] ?? 0));
        if (sum <= (best[k] ?? 0)) return;
        best[k] = sum;
        told[i] = kind;
      });
    }
  }
  return told;
}

function foldOf(
  rows: Float64Array,
  d: number,
  classes: Int32Array,
  fold: number,
): { readonly own: readonly number[]; readonly part: Float64Array } {
  const own = Array.from(classes, (_, i) => i).filter((i) => i % FOLDS === fold);
  const part = new Float64Array(own.length * d);
  own.forEach((i, k) => part.set(rows.subarray(i * d, (i + 1) * d), k * d));
  return { own, part };
}

/** The lower triangle L of `matrix = L L^T`, in its place; the matrix is positive definite by its ridge. */
async function factorized(matrix: Float64Array, d: number, breathe: () => Promise<void>): Promise<void> {
  let gone = 0;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * d + j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (matrix[i * d + k] ?? 0) * (matrix[j * d + k] ?? 0);
      matrix[i * d + j] = j < i ? sum / (matrix[j * d + j] ?? 1) : Math.sqrt(Math.max(sum, Number.MIN_VALUE));
    }
    gone += (i * i) / 2;
    if (gone < BREATH) continue;
    gone = 0;
    await breathe();
  }
}

/** Solves `L L^T x = side`, in its place. */
function solved(factor: Float64Array, d: number, side: Float64Array): void {
  for (let i = 0; i < d; i++) {
    let sum = side[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= (factor[i * d + k] ?? 0) * (side[k] ?? 0);
    side[i] = sum / (factor[i * d + i] ?? 1);
  }
  for (let i = d - 1; i >= 0; i--) {
    const x = (side[i] ?? 0) / (factor[i * d + i] ?? 1);
    side[i] = x;
    for (let k = 0; k < i; k++) side[k] = (side[k] ?? 0) - (factor[i * d + k] ?? 0) * x;
  }
}

/** Part of the rows whose class is told right. */
export const accuracy = (told: Int32Array, classes: Int32Array): number =>
  classes.reduce((right, one, i) => right + (told[i] === one ? 1 : 0), 0) / Math.max(1, classes.length);

/** Rows' `X^T X` by loops: of a plane, or where nothing is faster. */
export const gramianByLoops: Gramian = (rows, d, count) => {
  const gram = new Float64Array(d * d);
  for (let i = 0; i < count; i++)
    for (let a = 0; a < d; a++) {
      const x = rows[i * d + a] ?? 0;
      for (let b = 0; b <= a; b++) gram[a * d + b] = (gram[a * d + b] ?? 0) + x * (rows[i * d + b] ?? 0);
    }
  return Promise.resolve(gram);
};
