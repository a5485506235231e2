import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BOUNDARY_LIMITS,
  DEFAULT_QUESTION,
  type DirectionSet,
  parseQuestion,
} from '../../../src/map/boundaries/directions.js';
import { Fault } from '../../../src/map/fault.js';

test('directions are counted over all sets: both axes to both sides, those that are drawn, one toward something', () => {
  const most = BOUNDARY_LIMITS.directions;
  const random = (count: number): DirectionSet => ({ kind: 'random', count, seed: 1 });
  const toward: DirectionSet = { kind: 'toward', source: { kind: 'prompt', text: 'The sea' } };
  const ask = (...directions: readonly DirectionSet[]): unknown => parseQuestion({ ...DEFAULT_QUESTION, directions });
  for (const [sets, count] of [
    [[], 0],
    [[{ kind: 'axes' } as const], 4],
    [[toward, toward], 2],
    [[random(100), { kind: 'axes' } as const, toward], 105],
  ] as const) {
    ask(...sets, random(most - count));
    assert.throws(() => ask(...sets, random(most - count), toward), Fault);
  }
});
