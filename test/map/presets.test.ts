import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Preset, presetOf, presetParameters, PRESETS } from '../../src/map/presets.js';
import { DEFAULT_PARAMETERS, type MapParameters, parseParameters } from '../../src/map/specification.js';

const OTHER: MapParameters = {
  ...DEFAULT_PARAMETERS,
  layer: 2,
  readout: 'lens',
  grid: { columns: 80, rows: 60, spacing: 3, center: [4, 5] },
  topK: 7,
  plane: { ...DEFAULT_PARAMETERS.plane, sample: ['a', 'b'] },
  question: { kind: 'divergence' },
  masked: [3],
  overlays: [{ kind: 'rows', matrix: 'embedding', count: 9 }],
};

test('every preset gives parameters that are right, and is known again', () => {
  for (const preset of PRESETS)
    for (const current of [DEFAULT_PARAMETERS, OTHER]) {
      const parameters = presetParameters(preset, current);
      assert.equal(presetOf(parseParameters(parameters)), preset);
      assert.deepEqual(presetParameters(preset, parameters), parameters);
    }
});

test('cells, tokens per cell and the sample stay; the rest is the preset’s', () => {
  const { grid, topK, plane, question, masked, overlays, layer, readout } = presetParameters('threePrompts', OTHER);
  assert.deepEqual([grid.columns, grid.rows, topK, plane.sample], [80, 60, 7, ['a', 'b']]);
  assert.deepEqual(
    [grid.center, question, masked, overlays, layer, readout],
    [[0, 0], null, [], [], 'last', 'forward'],
  );
});

test('the original’s defaults are one of them', () => {
  assert.deepEqual(presetParameters('original', presetParameters('steering', DEFAULT_PARAMETERS)), DEFAULT_PARAMETERS);
});

test('three prompts: each at its place, the context is the first one’s own', () => {
  const { plane, context, grid } = presetParameters('threePrompts', DEFAULT_PARAMETERS);
  assert.ok(plane.axes.method === 'directions' && plane.lengths === 'own' && !plane.orthogonal);
  assert.deepEqual(context, plane.center);
  assert.ok(grid.spacing * 25 > 1);
});

test('what was changed is no preset any more', () => {
  const parameters = presetParameters('aroundPrompt', DEFAULT_PARAMETERS);
  assert.equal(presetOf({ ...parameters, topK: 5 }), 'aroundPrompt' satisfies Preset);
  assert.equal(presetOf({ ...parameters, layer: 1 }), undefined);
});
