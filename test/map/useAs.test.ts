import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Plane, pointAt } from '../../src/map/plane.js';
import { contextOf, DEFAULT_PARAMETERS, type MapParameters, parseParameters } from '../../src/map/specification.js';
import { alongDirection, useAs } from '../../src/map/useAs.js';
import { decodeVector } from '../../src/map/vector.js';
import { randomNumbers } from './syntheticMap.js';

const random = randomNumbers(3);
const vector = (): Float32Array => Float32Array.from({ length: 12 }, () => random() - 0.5);
const plane: Plane = { c: vector(), u: vector(), v: vector() };
const at = { x: 1.5, y: -2.25 };
const numbersOf = (source: unknown): Float32Array => {
  const { kind, vector: base64 } = source as { kind: string; vector: string };
  assert.equal(kind, 'vector');
  return decodeVector(base64, 'it');
};
const near = (a: Float32Array, b: Float32Array): void =>
  a.forEach((value, i) => assert.ok(Math.abs(value - (b[i] ?? 0)) < 1e-5, `${value} ${b[i]}`));

test('a point becomes the center, and the context that came of the center stays', () => {
  const center = { kind: 'prompt', text: 'The sea' } as const;
  const before: MapParameters = { ...DEFAULT_PARAMETERS, plane: { ...DEFAULT_PARAMETERS.plane, center } };
  const after = parseParameters(useAs(before, plane, at, 'A'));
  near(numbersOf(after.plane.center), pointAt(plane, at.x, at.y));
  assert.deepEqual(contextOf(after), center);
  assert.deepEqual(after.plane.axes, before.plane.axes);
});

test('a point comes to stand at (1, 0) or (0, 1), and the other axis keeps its direction', () => {
  for (const [anchor, own, other] of [
    ['B', 'x', 'y'],
    ['C', 'y', 'x'],
  ] as const)
    for (const lengths of ['own', 'typical'] as const) {
      const before: MapParameters = { ...DEFAULT_PARAMETERS, plane: { ...DEFAULT_PARAMETERS.plane, lengths } };
      const { plane: next, grid } = parseParameters(useAs(before, plane, at, anchor));
      assert.ok(next.axes.method === 'directions' && next.lengths === 'own' && !next.orthogonal);
      const [step, rest] = [numbersOf(next.axes[own]), numbersOf(next.axes[other])];
      near(
        step.map((value, i) => value + (plane.c[i] ?? 0)),
        pointAt(plane, at.x, at.y),
      );
      const was = anchor === 'B' ? plane.v : plane.u;
      const factor = (rest[0] ?? 0) / (was[0] ?? 1);
      assert.ok(factor > 0);
      near(
        rest,
        was.map((value) => value * factor),
      );
      assert.deepEqual(grid.center, [0.5, 0.5]);
    }
});

test('an axis that leads to a state goes on doing so', () => {
  const y = { kind: 'prompt', text: 'The house' } as const;
  const axes = { method: 'directions', x: { kind: 'random', seed: 1 }, y } as const;
  const before: MapParameters = { ...DEFAULT_PARAMETERS, plane: { ...DEFAULT_PARAMETERS.plane, axes } };
  const { plane: next } = useAs(before, plane, at, 'B');
  assert.ok(next.axes.method === 'directions');
  assert.deepEqual(next.axes.y, y);
});

test('an axis along a direction is as long as the other, which stays', () => {
  const direction = vector().map((value) => value * 40);
  const length = (of: Float32Array): number => Math.hypot(...of);
  for (const [axis, other, was] of [
    ['x', 'y', plane.v],
    ['y', 'x', plane.u],
  ] as const) {
    const { plane: next, ...rest } = parseParameters(
      alongDirection(DEFAULT_PARAMETERS, plane, direction, 'sae#3', axis),
    );
    assert.ok(next.axes.method === 'directions' && next.lengths === 'own' && !next.orthogonal);
    const along = numbersOf(next.axes[axis]);
    near(
      along,
      direction.map((value) => (value / length(direction)) * length(was)),
    );
    near(numbersOf(next.axes[other]), was);
    assert.deepEqual(rest.grid, DEFAULT_PARAMETERS.grid);
  }
  // A direction that leads nowhere stays one; what leads to a state goes on doing so.
  const y = { kind: 'prompt', text: 'The house' } as const;
  const axes = { method: 'directions', x: { kind: 'random', seed: 1 }, y } as const;
  const before: MapParameters = { ...DEFAULT_PARAMETERS, plane: { ...DEFAULT_PARAMETERS.plane, axes } };
  const { plane: next } = alongDirection(before, plane, new Float32Array(12), 'sae#4', 'x');
  assert.ok(next.axes.method === 'directions');
  assert.deepEqual(next.axes.y, y);
  assert.ok(numbersOf(next.axes.x).every((value) => value === 0));
});
