import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from '../../src/panel/history.js';

/** A history of numbers and its clock. */
function start(): { history: History<number>; clock: { now: number }; values: (count: number) => number[] } {
  const clock = { now: 0 };
  const history = new History<number>(0, Object.is, () => clock.now);
  const values = (count: number): number[] =>
    Array.from({ length: count }, () => {
      history.undo();
      return history.current;
    });
  return { history, clock, values };
}

test('quick steps of one field are undone together, everything else by itself', () => {
  const { history, clock, values } = start();
  history.set(1, 'layer');
  history.set(2, 'layer');
  history.set(3); // typed
  history.set(4);
  history.set(5, 'layer');
  history.set(6, 'seed');
  clock.now += 500;
  history.set(7, 'seed');
  clock.now += 1000;
  history.set(8, 'seed');
  assert.deepEqual(values(6), [7, 5, 4, 3, 2, 0]);
  assert.equal(history.canUndo, false);
});

test('a step after an undo begins anew, and what was undone is gone', () => {
  const { history, values } = start();
  history.set(1, 'layer');
  history.undo();
  assert.equal(history.canRedo, true);
  history.set(2, 'layer');
  assert.equal(history.canRedo, false);
  history.set(3, 'layer');
  history.undo();
  history.redo();
  history.set(4, 'layer');
  assert.deepEqual(values(2), [3, 0]);
});

test('a change that changes nothing is none', () => {
  const { history } = start();
  assert.equal(history.set(0), false);
  assert.equal(history.canUndo, false);
});
