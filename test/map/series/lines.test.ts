import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from '../../../src/map/series/lines.js';
import { memberName, type SeriesAxis, valuesAt } from '../../../src/map/series/series.js';

const LAYERS: SeriesAxis = { path: 'layer', values: [0, 3, 5] };
const SEEDS: SeriesAxis = { path: 'plane.axes.seed', values: [1, 2] };
const ONE: SeriesAxis = { path: 'readout', values: ['lens'] };

test('property: every member stands on one line, at the place of its value; a line’s members differ on its axis alone', () => {
  for (const vary of [[LAYERS], [SEEDS, LAYERS], [LAYERS, SEEDS, ONE], [ONE], [SEEDS, ONE, LAYERS]]) {
    const { axis, places, lines } = linesOf(vary);
    const count = vary.reduce((product, { values }) => product * values.length, 1);
    assert.deepEqual(
      lines.flatMap(({ members }) => members).sort((a, b) => a - b),
      Array.from({ length: count }, (_, number) => number),
    );
    assert.equal(new Set(lines.map(({ name }) => name)).size, lines.length);
    for (const { members } of lines) {
      assert.deepEqual(
        members.map((number) => {
          const value = valuesAt(vary, number)[axis];
          return typeof value === 'object' ? value : String(value);
        }),
        places,
      );
      const around = members.map((number) => valuesAt(vary, number).filter((_, i) => i !== axis));
      for (const one of around) assert.deepEqual(one, around[0], memberName(vary, valuesAt(vary, members[0] ?? 0)));
    }
  }
});

test('models are told by the last names of their paths, where these tell them apart', () => {
  const placesOf = (...values: string[]): readonly string[] => linesOf([{ path: 'model', values }]).places;
  assert.deepEqual(placesOf('/a/float32/', 'C:\\b\\int8'), ['float32', 'int8']);
  assert.deepEqual(placesOf('/a/onnx', '/b/onnx'), ['/a/onnx', '/b/onnx']);
});
