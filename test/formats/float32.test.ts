import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32FromBase64, float32Text, float32ToBase64 } from '../../src/formats/float32.js';
import { randomNumbers } from '../map/syntheticMap.js';

test('property: any float32 comes back exactly from at most 9 significant digits', () => {
  const random = randomNumbers(21);
  const bits = new Uint32Array(1);
  const floats = new Float32Array(bits.buffer);
  const special = [0, 1, -1, 2 ** -149, 2 ** -126, 3.4028234663852886e38, 0.1, 1e-5, 16777216, 0.30000001192092896];
  for (let i = 0; i < 200_000; i++) {
    if (i < special.length) floats[0] = special[i] ?? 0;
    else if (i % 2)
      floats[0] = random() ** 6; // probabilities
    else bits[0] = Math.floor(random() * 2 ** 32);
    const value = floats[0] ?? 0;
    if (!Number.isFinite(value)) continue;
    const text = float32Text(value);
    assert.equal(Math.fround(Number(JSON.parse(text))), value, text);
    const digits = text
      .replace(/e.*$/, '')
      .replace(/[-.]/g, '')
      .replace(/^0+|0+$/g, '');
    assert.ok(digits.length <= 9 || Number.isInteger(value), text);
  }
});

test('round numbers stay short; what JSON has no number for is null', () => {
  for (const [value, text] of [
    [Math.fround(0.1), '0.1'],
    [0.5, '0.5'],
    [Math.fround(1e-7), '1e-7'],
    [1, '1'],
    [-0, '-0'],
    [NaN, 'null'],
    [Infinity, 'null'],
  ] as const) {
    assert.equal(float32Text(value), text);
  }
});

test('vectors as base64 are little-endian, and what is not one is refused', () => {
  assert.equal(float32ToBase64(Float32Array.of(1, -2)), 'AACAPwAAAMA='); // numpy.array([1,-2],'<f4').tobytes()
  assert.deepEqual(float32FromBase64('AACAPwAAAMA='), Float32Array.of(1, -2));
  for (const wrong of ['AACA', 'AACAPwAAAMA', 'AACA*wAAAMA=', 'äöü='])
    assert.equal(float32FromBase64(wrong), undefined);
});
