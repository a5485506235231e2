import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  coordinateDecimals,
  formatBits,
  formatCoordinate,
  formatCount,
  formatDuration,
  formatEqualChoices,
  formatFixed,
  formatPercent,
  formatPoints,
  formatShort,
  formatWholePercent,
  fromZero,
  niceTicks,
  several,
} from '../../src/map/numbers.js';
import { randomNumbers } from './syntheticMap.js';

const each = <T>(format: (value: T) => string, cases: readonly [T, string][]): void => {
  for (const [value, text] of cases) assert.equal(format(value), text);
};

test('percent: one decimal, below 1% two, below 0.01% a bound', () => {
  each(formatPercent, [
    [0.376, '37.6%'],
    [1, '100.0%'],
    [0.01, '1.0%'],
    [0.00996, '1.0%'],
    [0.0097, '0.97%'],
    [0.0001, '0.01%'],
    [0.00009, '<0.01%'],
    [0, '0%'],
    [NaN, '–'],
  ]);
  each(formatWholePercent, [
    [0.376, '38%'],
    [0.004, '<1%'],
    [0, '0%'],
    [1, '100%'],
  ]);
});

test('margins in points, entropy in bits and as a number of equal choices', () => {
  each(formatPoints, [
    [0.229, '22.9 points'],
    [-0.05, '−5.0 points'],
    [0.0012, '0.12 points'],
    [0, '0.0 points'],
  ]);
  each(formatBits, [
    [5.1 * Math.LN2, '5.1 bits'],
    [0, '0.0 bits'],
  ]);
  each(formatEqualChoices, [
    [Math.log(34), '34'],
    [0, '1.0'],
    [Math.log(49152), '49,152'],
  ]);
});

test('one is one, and all others are several', () => {
  each(
    (count: number) => several(count, 'block'),
    [
      [0, '0 blocks'],
      [1, '1 block'],
      [2500, '2,500 blocks'],
    ],
  );
  assert.equal(several(1, 'cell has', 'cells have'), '1 cell has');
  each(fromZero, [
    [1, '0'],
    [12, '0 to 11'],
  ]);
});

test('thousands, true minus, no minus zero', () => {
  each(formatCount, [
    [2500, '2,500'],
    [40000, '40,000'],
    [999, '999'],
    [-1234567, '−1,234,567'],
  ]);
  assert.equal(formatFixed(-0.001, 2), '0.00');
  assert.equal(formatFixed(-0.4, 2), '−0.40');
  assert.equal(formatFixed(Infinity, 2), '–');
  each(formatShort, [
    [0.5, '0.5'],
    [-3, '−3'],
    [1e-9, '1e−9'],
    [1 / 12, '≈0.0833333'],
    [-0, '0'],
  ]);
});

test('coordinates have two decimals or as many as the spacing', () => {
  for (const [spacing, decimals] of [
    [0.5, 2],
    [0.025, 3],
    [1, 2],
    [0.0001, 4],
    [1 / 3, 3],
    [NaN, 2],
  ] as const) {
    assert.equal(coordinateDecimals(spacing), decimals);
  }
  assert.equal(formatCoordinate(-0.4, 0.1), '−0.40');
  assert.equal(formatCoordinate(1234.5, 0.5), '1,234.50');
});

test('durations', () => {
  each(formatDuration, [
    [0.42, '0.4 s'],
    [25.4, '25 s'],
    [59.7, '1 min 0 s'],
    [185, '3 min 5 s'],
    [7800, '2 h 10 min'],
    [-1, '–'],
  ]);
});

test('property: ticks are round, inside, evenly apart, told apart, and about as many as asked', () => {
  const random = randomNumbers(12);
  for (let i = 0; i < 2000; i++) {
    const span = 10 ** (random() * 12 - 6);
    const low = (random() - 0.5) * span * 10 ** (random() * 3);
    const { ticks, decimals } = niceTicks(low, low + span, 6);
    assert.ok(ticks.length >= 2 && ticks.length <= 14, `${ticks.length} in ${low} + ${span}`);
    const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
    ticks.forEach((tick, n) => {
      assert.ok(tick >= low - span * 1e-6 && tick <= low + span * (1 + 1e-6));
      if (n > 0) assert.ok(Math.abs(tick - (ticks[n - 1] ?? 0) - step) < step * 1e-3);
    });
    assert.equal(new Set(ticks.map((tick) => tick.toFixed(decimals))).size, ticks.length);
  }
  assert.deepEqual(niceTicks(0, 10, 1).ticks, [0, 10]);
  assert.deepEqual(niceTicks(0, 10, 0).ticks, []);
  assert.deepEqual(niceTicks(-2.5, 2.5, 10), {
    ticks: [-2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5],
    decimals: 1,
  });
  for (const [low, high] of [
    [1, 1],
    [NaN, 2],
    [0, Infinity],
    [1e15, 1e15 + 0.25],
  ] as const) {
    assert.ok(niceTicks(low, high, 5).ticks.length <= 1);
  }
});
