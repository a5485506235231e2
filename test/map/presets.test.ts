import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coordinates } from '../../src/map/grid.js';
import { type Preset, presetOf, presetParameters, PRESETS } from '../../src/map/presets.js';
import { contextOf, DEFAULT_PARAMETERS, type MapParameters, parseParameters } from '../../src/map/specification.js';
import { decodeVector } from '../../src/map/vector.js';

const OTHER: MapParameters = {
  ...DEFAULT_PARAMETERS,
  context: { kind: 'bos' },
  interventions: [{ kind: 'zero', block: 1, part: 'mlp' }],
  alsoAsked: [{ kind: 'probability', token: 5 }],
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

test('a preset lays a plane: what is asked, masked, changed and shown stays, and so does the layer', () => {
  for (const preset of PRESETS) {
    const { grid, plane, context, ...rest } = presetParameters(preset, OTHER);
    const { grid: _, plane: __, context: ___, ...before } = OTHER;
    assert.deepEqual([grid.columns, grid.rows, plane.sample], [80, 60, ['a', 'b']]);
    // The sample vector is of a layer of its own, which comes and goes with it.
    assert.deepEqual({ ...rest, layer: 2 }, before, preset);
    assert.equal(rest.layer, preset === 'steering' ? 4 : 2);
    assert.equal(
      presetParameters(preset, presetParameters('steering', DEFAULT_PARAMETERS)).layer,
      preset === 'steering' ? 4 : 'last',
    );
    assert.notDeepEqual([plane, context], [OTHER.plane, OTHER.context]);
  }
  // Texts that are the plane's own go with it.
  const texts = [{ kind: 'texts', texts: null }, OTHER.overlays[0]] as MapParameters['overlays'];
  const principal = presetParameters('principalPlane', OTHER);
  assert.deepEqual(presetParameters('principalPlane', { ...principal, overlays: texts }).overlays, texts);
  assert.deepEqual(presetParameters('aroundPrompt', { ...principal, overlays: texts }).overlays, OTHER.overlays);
});

test('the original’s defaults are one of them', () => {
  assert.deepEqual(presetParameters('original', presetParameters('steering', DEFAULT_PARAMETERS)), DEFAULT_PARAMETERS);
});

test('three prompts: each at its place, the context is the first one’s own', () => {
  const parameters = presetParameters('threePrompts', DEFAULT_PARAMETERS);
  const { plane, grid } = parameters;
  assert.ok(plane.axes.method === 'directions' && plane.lengths === 'own' && !plane.orthogonal);
  assert.deepEqual(contextOf(parameters), plane.center);
  // All three anchors are cells of the default grid.
  const { xs, ys } = coordinates(grid);
  for (const values of [xs, ys])
    for (const anchor of [0, 1]) assert.ok(values.some((value) => Math.abs(value - anchor) < 1e-9));
});

test('a model that the sample vector does not fit is steered along a token', () => {
  const other = presetParameters('steering', DEFAULT_PARAMETERS, { bundled: false, hiddenSize: 576 });
  assert.ok(other.plane.axes.method === 'directions' && other.plane.axes.x.kind === 'row' && other.layer === 'last');
  assert.equal(presetOf(other, { bundled: false, hiddenSize: 576 }), 'steering');
  const own = presetParameters('steering', DEFAULT_PARAMETERS, { bundled: true, hiddenSize: 192 });
  assert.ok(own.plane.axes.method === 'directions' && own.plane.axes.x.kind === 'vector');
  assert.equal(decodeVector(own.plane.axes.x.vector, 'it').length, 192);
});

test('a model of one’s own lies between prompts of its own, laid as those of the bundled one', () => {
  const own = presetParameters('threePrompts', DEFAULT_PARAMETERS, { bundled: false });
  const bundled = presetParameters('threePrompts', DEFAULT_PARAMETERS);
  assert.ok(own.plane.center.kind === 'prompt' && bundled.plane.center.kind === 'prompt');
  assert.notEqual(own.plane.center.text, bundled.plane.center.text);
  assert.deepEqual([own.grid, own.context, own.layer], [bundled.grid, bundled.context, bundled.layer]);
  assert.equal(presetOf(own, { bundled: false, hiddenSize: 576 }), 'threePrompts');
  assert.equal(presetOf(own), undefined);
});

test('what was changed is no preset any more', () => {
  const parameters = presetParameters('aroundPrompt', DEFAULT_PARAMETERS);
  assert.equal(presetOf({ ...parameters, topK: 5 }), 'aroundPrompt' satisfies Preset);
  assert.equal(
    presetOf({ ...parameters, layer: 1, question: { kind: 'divergence' } }),
    'aroundPrompt' satisfies Preset,
  );
  assert.equal(presetOf({ ...parameters, plane: { ...parameters.plane, orthogonal: true } }), undefined);
});
