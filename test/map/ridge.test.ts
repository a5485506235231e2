import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type PairSums, type Ridge, ridgeInSteps } from '../../src/map/ridge.js';

/**
 * numpy's least squares on the rows themselves, weighted, centered, with the ridge as rows below (numpy 2, float64), for
 * `x = sin(1.3 (p + 1)(i + 1) + 0.2 i)`, three times as long in dimension 2 and more, `y = cos(0.7 (p + 2)(i + 1)) + x reversed / 2 + i`
 * of 23 positions p and 4 dimensions i, weights one over y's mean square.
 */
const NUMPY = [
  {
    ridge: 0.001,
    matrix: [
      [-0.916946158629, -0.259806228723, 0.006673975686, 0.337833101495],
      [-0.361324680441, -0.949561041867, 0.48938940014, 0.202103728569],
      [0.09545789395, 0.553328091908, -0.974371232627, -0.023597924977],
      [0.580888096228, 0.484605540346, -0.048546344059, -1.005191449154],
    ],
    bias: [-0.076622256762, 1.001513543393, 1.931522831512, 2.877638372446],
  },
  {
    ridge: 0.3,
    matrix: [
      [-0.365450365155, -0.122481791924, -0.016560234567, 0.077647373078],
      [-0.152328414262, -0.376435352514, 0.407795090516, 0.046590391874],
      [0.036581949148, 0.192329368602, -0.870490381432, 0.002863657156],
      [0.196529233182, 0.197510177266, -0.018059409035, -0.347053116379],
    ],
    bias: [0.009883154543, 1.09632009531, 1.909899993214, 2.786380672535],
  },
];

const D = 4;
const dims = { length: D };
const rows = Array.from({ length: 23 }, (_, p) => {
  const x = Array.from(dims, (_, i) => Math.sin(1.3 * (p + 1) * (i + 1) + 0.2 * i) * (i === 2 ? 4 : 1));
  const y = Array.from(dims, (_, i) => Math.cos(0.7 * (p + 2) * (i + 1)) + 0.5 * (x[D - 1 - i] ?? 0) + i);
  return { x, y, weight: D / y.reduce((sum, value) => sum + value * value, 0) };
});

function sumsOf(some: typeof rows): PairSums {
  const sums = new Float64Array((D + 1) * (2 * D + 1));
  for (const { x, y, weight } of some)
    [...x, 1].forEach((a, i) =>
      [...x, 1, ...y].forEach((b, j) => {
        const at = i * (2 * D + 1) + j;
        sums[at] = (sums[at] ?? 0) + weight * a * b;
      }),
    );
  return { size: D, sums };
}

function fit(sums: PairSums, ridge: number): Ridge {
  const steps = ridgeInSteps(sums, ridge);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

describe('ridge regression', () => {
  for (const { ridge, matrix, bias } of NUMPY)
    test(`as numpy's, ridge ${ridge}`, () => {
      const found = fit(sumsOf(rows), ridge);
      const far = (ours: Float64Array, truth: readonly number[]): number =>
        Math.max(...truth.map((value, i) => Math.abs(value - (ours[i] ?? NaN))));
      assert.ok(far(found.matrix, matrix.flat()) < 1e-11);
      assert.ok(far(found.bias, bias) < 1e-11);
    });

  test('a large ridge leaves the identity, and the bias the difference of the means', () => {
    const { matrix, bias } = fit(sumsOf(rows), 1e9);
    assert.ok(matrix.every((value) => Math.abs(value) < 1e-8));
    const mean = (of: (row: (typeof rows)[number]) => number): number =>
      rows.reduce((sum, row) => sum + row.weight * of(row), 0) / rows.reduce((sum, { weight }) => sum + weight, 0);
    bias.forEach((value, i) =>
      assert.ok(Math.abs(value - mean(({ x, y }) => (y[i] ?? 0) - (x[i] ?? 0))) < 1e-8, `${value}`),
    );
  });

  test('what cannot be fitted is refused', () => {
    const one = rows.slice(0, 1);
    const broken = rows.map((row, p) => (p === 3 ? { ...row, x: row.x.map(() => NaN) } : row));
    for (const some of [one, broken])
      assert.throws(() => fit(sumsOf(some), 1e-3), { code: 'bad-parameter', message: /No translator can be fitted/ });
  });
});
