import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSampling, greedy, sampler } from '../../src/map/sampling.js';

const NONE: ReadonlySet<number> = new Set();
const LOGITS = Float32Array.of(1, 3, 2.5, -1, 0, 3);

/** How often each token comes in so many draws. */
function frequencies(sampling: Parameters<typeof sampler>[0], masked: ReadonlySet<number> = NONE, count = 20_000) {
  const draw = sampler(sampling);
  const found = LOGITS.map(() => 0);
  for (let i = 0; i < count; i++) {
    const id = draw(LOGITS, masked);
    found[id] = (found[id] ?? 0) + 1 / count;
  }
  return found;
}
const softmax = (temperature: number, kept: readonly number[]): number[] => {
  const weights = [...LOGITS].map((z, id) => (kept.includes(id) ? Math.exp(z / temperature) : 0));
  const all = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / all);
};
function close(got: Float32Array, wanted: readonly number[]): void {
  // Four standard deviations of 20,000 draws.
  wanted.forEach((p, id) => assert.ok(Math.abs((got[id] ?? 0) - p) <= 4 * Math.sqrt((p * (1 - p)) / 20_000), `${id}`));
}

test('tokens come as often as softmax says at that temperature, among those that are left', () => {
  const all = [0, 1, 2, 3, 4, 5];
  for (const temperature of [0.5, 1, 3])
    close(frequencies({ temperature, topP: 1, seed: 4 }), softmax(temperature, all));
  close(frequencies({ temperature: 1, topP: 1, seed: 5 }, new Set([1, 5])), softmax(1, [0, 2, 3, 4]));
  // 1 and 5 have 0.36 each, 2 has 0.22: the least set with 0.8 is these three.
  close(frequencies({ temperature: 1, topP: 0.8, seed: 6 }), softmax(1, [1, 5, 2]));
});

test('cold, or of the first token alone, it is what is most probable; the same seed draws the same', () => {
  for (const sampling of [
    { temperature: 0.01, topP: 1, seed: 1 },
    { temperature: 5, topP: 0.01, seed: 2 },
  ]) {
    const draw = sampler(sampling);
    const one = Float32Array.of(0, 1, 4, 2);
    for (let i = 0; i < 100; i++) assert.equal(draw(one, NONE), greedy(one, NONE));
  }
  const drawn = (seed: number): number[] => {
    const draw = sampler({ temperature: 2, topP: 1, seed });
    return Array.from({ length: 50 }, () => draw(LOGITS, NONE));
  };
  assert.deepEqual(drawn(7), drawn(7));
  assert.notDeepEqual(drawn(7), drawn(8));
  assert.equal(greedy(LOGITS, NONE), 1, 'of equal logits the lower id');
});

test('logits that are no numbers, and wrong numbers of a person', () => {
  const draw = sampler({ temperature: 1, topP: 0.9, seed: 1 });
  assert.equal(draw(Float32Array.of(NaN, 2, -Infinity), new Set([0])), 1);
  for (const wrong of [
    { temperature: 0, topP: 1, seed: 1 },
    { temperature: NaN, topP: 1, seed: 1 },
    { temperature: 1, topP: 0, seed: 1 },
    { temperature: 1, topP: 1.1, seed: 1 },
    { temperature: 1, topP: 1, seed: 0.5 },
    { temperature: 1, topP: 1, seed: -1 },
  ])
    assert.throws(() => checkSampling(wrong), { code: 'bad-parameter' });
});
