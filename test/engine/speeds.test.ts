import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Batch, Speeds } from '../../src/engine/speeds.js';
import type { CellPlan } from '../../src/engine/model/plan.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';

/** What a map is expected to take comes of batches that a model was warm for. */

const plan = (layer: number, prefix: readonly number[] = [5, 9]): CellPlan => ({
  layer,
  readout: 'forward',
  prefix,
  own: 2,
  suffix: [],
  output: { kind: 'top', k: 3, masked: false, functional: false, shares: false },
});
const batch = (cells: number, pace: number): Batch => ({ cells, milliseconds: cells * pace });
const COLD = batch(16, 500);
const seconds = (speeds: Speeds, layer = 7, prefix?: readonly number[]): number | null =>
  speeds.expected(DEFAULT_PARAMETERS, plan(layer, prefix), 1000, 30);
const took = (speeds: Speeds, batches: readonly Batch[], layer = 7, prefix?: readonly number[]): void =>
  speeds.took(DEFAULT_PARAMETERS, plan(layer, prefix), batches);

test('a first pass alone tells nothing; a map that follows does, and its first batch does not', () => {
  const speeds = new Speeds();
  assert.equal(seconds(speeds), null);
  took(speeds, [COLD]);
  assert.equal(seconds(speeds), null);
  took(speeds, [batch(16, 3), batch(32, 2), batch(64, 2), batch(900, 2)]);
  assert.equal(seconds(speeds), 2);
  const other = new Speeds();
  took(other, [COLD, batch(32, 3), batch(900, 2)]);
  assert.equal(seconds(other), 2);
});

test('a prompt or a layer that was never computed is told from the others, whose first pass changes nothing', () => {
  const speeds = new Speeds();
  took(speeds, [COLD, batch(64, 2), batch(900, 2)]);
  took(speeds, [COLD], 7, [8, 8, 8]);
  assert.equal(seconds(speeds, 7, [8, 8, 8]), 2);
  took(speeds, [COLD], 20);
  assert.equal(seconds(speeds, 20), (2 * (30 - 20 + 4)) / (30 - 7 + 4));
});

test('what slowed one map down does not make the next a slow one', () => {
  const speeds = new Speeds();
  took(speeds, [COLD, batch(64, 2), batch(900, 2)]);
  took(speeds, [batch(64, 90), batch(200, 80), batch(64, 2), batch(600, 2)]);
  assert.equal(seconds(speeds), 2);
});
