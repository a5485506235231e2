import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { principalAxes, principalAxesInSteps } from '../../src/map/pca.js';
import { torchRandn } from '../../src/map/torchRandom.js';
import { decodeVector } from '../../src/map/vector.js';

/** Clouds and what scikit-learn says of them: make.py beside it. */
const truths = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '..', 'fixtures', 'pca', 'truth.json'), 'utf8'),
) as readonly {
  name: string;
  count: number;
  width: number;
  rows: string;
  mean: number[];
  components: [number[], number[]];
  variance: number[];
  ratio: number[];
}[];

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const near = (got: number | undefined, want: number | undefined, tolerance: number, what: string): void =>
  assert.ok(Math.abs((got ?? NaN) - (want ?? NaN)) <= tolerance, `${what}: ${got} is not ${want}`);

for (const truth of truths)
  test(`as scikit-learn: ${truth.name}`, () => {
    const got = principalAxes(decodeVector(truth.rows, 'rows'), truth.count, truth.width);
    assert.deepEqual(got.mean, Float32Array.from(truth.mean));
    for (const k of [0, 1] as const) {
      near(got.variance[k], truth.variance[k], 1e-9 * (truth.variance[k] ?? 0), 'variance');
      near(got.ratio[k], truth.ratio[k], 1e-9, 'ratio');
      const axis = got.axes[k];
      const sign = Math.sign(dot(axis, truth.components[k]));
      truth.components[k].forEach((value, i) => near(axis[i], sign * value, 2e-7, `axis ${k}[${i}]`));
      const largest = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
      assert.ok(largest > 0);
    }
  });

/** A cloud of random numbers with a falling spread, off the origin. */
function cloud(seed: number, count: number, width: number, fall: number): Float32Array {
  const random = torchRandn(seed, Math.ceil((count * width) / 2));
  return Float32Array.from(
    { length: count * width },
    (_, i) => (random[i] ?? 0) * fall ** (i % width) + ((i % width) % 3),
  );
}

/** The covariance of rows times a vector, by its definition. */
function covarianceTimes(rows: Float32Array, count: number, width: number, vector: ArrayLike<number>): number[] {
  const row = (i: number): number[] => Array.from(rows.subarray(i * width, (i + 1) * width));
  const mean = Array.from({ length: width }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += rows[i * width + j] ?? 0;
    return sum / count;
  });
  const image = mean.map(() => 0);
  for (let i = 0; i < count; i++) {
    const centered = row(i).map((value, j) => value - (mean[j] ?? 0));
    const along = dot(centered, vector) / (count - 1);
    centered.forEach((value, j) => (image[j] = (image[j] ?? 0) + along * value));
  }
  return image;
}

test('the axes are orthonormal eigenvectors of the covariance, and no direction has more variance', () => {
  for (const [seed, count, width, fall] of [
    [1, 2, 3, 1],
    [2, 200, 30, 1],
    [3, 31, 200, 0.9],
    [4, 300, 300, 0.995],
    [5, 41, 5, 0.5],
    [6, 150, 120, 1],
  ] as const) {
    const rows = cloud(seed, count, width, fall);
    if (count === 2) {
      assert.throws(() => principalAxes(rows, count, width), /lie on one line/);
      continue;
    }
    const { axes, variance, ratio } = principalAxes(rows, count, width);
    assert.ok(variance[0] >= variance[1]);
    near(dot(axes[0], axes[0]), 1, 1e-6, 'length');
    near(dot(axes[1], axes[1]), 1, 1e-6, 'length');
    near(dot(axes[0], axes[1]), 0, 1e-6, 'angle');
    for (const k of [0, 1] as const) {
      const image = covarianceTimes(rows, count, width, axes[k]);
      image.forEach((value, j) => near(value, (axes[k][j] ?? 0) * variance[k], 1e-6 * variance[0], `eigenvector ${k}`));
    }
    // Of what the two axes leave, a power iteration finds the largest variance.
    let rest = Array.from({ length: width }, (_, j) => Math.cos(j * j));
    let value = 0;
    for (let time = 0; time < 60; time++) {
      const [first, second] = [dot(rest, axes[0]), dot(rest, axes[1])];
      rest = rest.map((r, j) => r - first * (axes[0][j] ?? 0) - second * (axes[1][j] ?? 0));
      const length = Math.sqrt(dot(rest, rest));
      rest = covarianceTimes(
        rows,
        count,
        width,
        rest.map((r) => r / length),
      );
      value = Math.sqrt(dot(rest, rest));
    }
    assert.ok(
      value <= variance[1] * (1 + 1e-6),
      `${value} along another direction, ${variance[1]} along the second axis`,
    );
    assert.ok(ratio[0] + ratio[1] <= 1 + 1e-12);
  }
});

test('where variances are exactly equal, the axes are two of the directions that have it', () => {
  // The corners of an octahedron, and points far less far out.
  const width = 7;
  const rows = Array.from({ length: 14 }, (_, i) =>
    Array.from({ length: width }, (_, j) => (j === i >> 1 ? (i & 1 ? -1 : 1) * (i < 6 ? 5 : 1) : 0)),
  ).flat();
  const { axes, variance, ratio } = principalAxes(Float32Array.from(rows), 14, width);
  for (const k of [0, 1] as const) {
    near(variance[k], 50 / 13, 1e-12, 'variance');
    near(ratio[k], 50 / (150 + 8), 1e-12, 'ratio');
    near(dot(axes[k].subarray(0, 3), axes[k].subarray(0, 3)), 1, 1e-6, 'share of the octahedron');
  }
  near(dot(axes[0], axes[1]), 0, 1e-7, 'angle');
});

test('the order of the rows does not matter, and the same rows give the same bits', () => {
  const [count, width] = [60, 40];
  const rows = cloud(9, count, width, 0.93);
  const turned = Float32Array.from(
    rows,
    (_, i) => rows[(count - 1 - Math.floor(i / width)) * width + (i % width)] ?? 0,
  );
  const one = principalAxes(rows, count, width);
  assert.deepEqual(principalAxes(rows, count, width), one);
  const other = principalAxes(turned, count, width);
  for (const k of [0, 1] as const) other.axes[k].forEach((value, i) => near(value, one.axes[k][i], 2e-7, 'axis'));
});

test('it can be left between two passes', () => {
  const steps = principalAxesInSteps(cloud(9, 60, 40, 0.9), 60, 40);
  assert.equal(steps.next().done, false);
  assert.equal(steps.next().done, false);
});

test('vectors that span no plane are refused in a sentence', () => {
  const of = (rows: number[][]) => principalAxes(Float32Array.from(rows.flat()), rows.length, rows[0]?.length ?? 0);
  const same = /^Principal components need two different hidden states at least; these are all the same\.$/;
  const line = /^The hidden states all lie on one line, so there is no second principal component\.$/;
  assert.throws(() => of([[1, 2, 3]]), { code: 'bad-parameter', message: same });
  assert.throws(() => of(Array.from({ length: 9 }, () => [0.1, 0.2, 1e3])), { code: 'bad-parameter', message: same });
  assert.throws(
    () =>
      of([
        [1, 2, 3],
        [3, 2, 1],
      ]),
    { code: 'bad-parameter', message: line },
  );
  // Rounded to float32, points of a line are a little beside it.
  const points = Array.from({ length: 50 }, (_, i) => [0.1 + i / 7, 1000 + i / 3, -i / 9].map(Math.fround));
  assert.throws(() => of(points), { code: 'bad-parameter', message: line });
  assert.throws(() => of([[1], [2], [4]]), { code: 'bad-parameter', message: line });
  assert.throws(
    () =>
      of([
        [1, 2],
        [NaN, 1],
        [4, 4],
      ]),
    { code: 'bad-parameter', message: /not finite/ },
  );
  assert.throws(
    () =>
      of([
        [1, 2],
        [Infinity, 1],
        [4, 4],
      ]),
    { code: 'bad-parameter', message: /not finite/ },
  );
});
