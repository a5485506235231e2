import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAP_FLAGS, parametersFromFlags, parametersToFlags } from '../../src/map/flags.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';

/** Flags as an argument list, `--name value` or `--name=value`, back to values by name. */
function valuesOf(flags: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (let i = 0; i < flags.length; i++) {
    const [, name = '', value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(flags[i] ?? '') ?? [];
    values[name] = value ?? flags[++i] ?? '';
  }
  return values;
}

test('no flags are the original’s defaults, and the defaults need no flags', () => {
  assert.deepEqual(parametersFromFlags({}), DEFAULT_PARAMETERS);
  assert.deepEqual(parametersToFlags(DEFAULT_PARAMETERS), []);
});

test('every flag says its default where it has one', () => {
  for (const flag of MAP_FLAGS)
    if (flag.default !== undefined && flag.name !== 'dimensions')
      assert.deepEqual(parametersFromFlags({ [flag.name]: flag.default }), DEFAULT_PARAMETERS, flag.name);
});

test('each flag sets what it names', () => {
  const of = (given: Record<string, string>): MapParameters => parametersFromFlags(given);
  assert.deepEqual(of({ 'grid-size': '60x40' }).grid, { columns: 60, rows: 40, spacing: 0.5, center: [0, 0] });
  assert.deepEqual(of({ 'grid-size': '7' }).grid.rows, 7);
  assert.deepEqual(of({ spacing: '1e-3' }).grid.spacing, 0.001);
  assert.deepEqual(of({ center: '-1.5, 2' }).grid.center, [-1.5, 2]);
  assert.equal(of({ 'layer-idx': '-1' }).layer, 'embeddings');
  assert.equal(of({ 'layer-idx': 'embeddings' }).layer, 'embeddings');
  assert.equal(of({ 'layer-idx': '0' }).layer, 0);
  assert.deepEqual(of({ 'embedding-method': 'random-projection', seed: '7' }).plane.axes, {
    method: 'random_projection',
    seed: 7,
  });
  assert.deepEqual(of({ 'embedding-method': 'replicated' }).plane.axes, { method: 'replicated' });
  assert.deepEqual(of({ 'embedding-method': 'direct' }).plane.axes, { method: 'direct', dimensions: [0, 1] });
  assert.deepEqual(of({ 'embedding-method': 'direct', dimensions: '3,1' }).plane.axes, {
    method: 'direct',
    dimensions: [3, 1],
  });
  assert.deepEqual(of({ context: 'bos' }).context, { kind: 'bos' });
  assert.deepEqual(of({ prompt: ' It is' }).context, { kind: 'prompt', text: ' It is' });
  assert.deepEqual(of({ context: 'prompt', prompt: 'It' }).context, { kind: 'prompt', text: 'It' });
});

test('flags go over a given base and leave the rest of it', () => {
  const base: MapParameters = {
    ...DEFAULT_PARAMETERS,
    layer: 3,
    context: { kind: 'prompt', text: 'Once' },
    plane: { ...DEFAULT_PARAMETERS.plane, axes: { method: 'direct', dimensions: [5, 6] } },
  };
  assert.deepEqual(parametersFromFlags({}, base), base);
  assert.deepEqual(parametersFromFlags({ context: 'prompt', 'embedding-method': 'direct' }, base), base);
  assert.deepEqual(parametersFromFlags({ dimensions: '1,2' }, base).plane.axes, {
    method: 'direct',
    dimensions: [1, 2],
  });
  assert.deepEqual(parametersFromFlags({ 'embedding-method': 'random_projection' }, base).plane.axes, {
    method: 'random_projection',
    seed: 42,
  });
});

test('what is wrong is said with the flag and what it was given', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ 'grid-size': '0' }, /^--grid-size 0: grid columns must be at least 1\.$/],
    [{ 'grid-size': '-1' }, /^--grid-size -1: grid columns must be at least 1\.$/],
    [{ 'grid-size': '1.5' }, /^--grid-size 1\.5: grid columns must be a whole number\.$/],
    [{ 'grid-size': '100000' }, /^--grid-size 100000: grid columns must be at most 2000\.$/],
    [{ 'grid-size': '20x0' }, /^--grid-size 20x0: grid rows must be at least 1\.$/],
    [{ 'grid-size': '' }, /^--grid-size : grid columns must be a number\.$/],
    [{ 'grid-size': '3x4x5' }, /^--grid-size 3x4x5: write it as 50 or 60x40\.$/],
    [{ spacing: 'nan' }, /^--spacing nan: spacing must be a number\.$/],
    [{ spacing: 'inf' }, /^--spacing inf: spacing must be finite\.$/],
    [{ spacing: '-Infinity' }, /^--spacing -Infinity: spacing must be finite\.$/],
    [{ spacing: '1e999' }, /^--spacing 1e999: spacing must be finite\.$/],
    [{ spacing: '0' }, /^--spacing 0: spacing must be greater than 0\.$/],
    [{ spacing: '0x10' }, /^--spacing 0x10: spacing must be a number\.$/],
    [{ center: '1' }, /^--center 1: write it as 1\.5,-2\.$/],
    [{ center: '0,nan' }, /^--center 0,nan: middle y must be a number\.$/],
    [{ center: '1e13,0' }, /^--center 1e13,0: middle x must be within 1e12 of 0\.$/],
    [{ 'layer-idx': '1.5' }, /^--layer-idx 1\.5: layer must be "embeddings", "last" or a whole number from 0\.$/],
    [{ 'layer-idx': '-2' }, /^--layer-idx -2: layer must be/],
    [{ 'layer-idx': 'first' }, /^--layer-idx first: layer must be/],
    [
      { 'embedding-method': 'pca' },
      /^--embedding-method pca: method must be direct, replicated, random_projection, directions or pca_basis\.$/,
    ],
    [{ 'embedding-method': 'directions' }, /^--embedding-method directions needs its axes\.$/],
    [{ seed: '-1' }, /^--seed -1: seed must be at least 0\.$/],
    [{ seed: '4294967296' }, /^--seed 4294967296: seed must be at most 4294967295\.$/],
    [{ dimensions: '0,1' }, /^--dimensions belongs to --embedding-method direct\.$/],
    [{ 'embedding-method': 'direct', dimensions: '1' }, /^--dimensions 1: write it as 0,1\.$/],
    [{ 'embedding-method': 'direct', dimensions: '-1,0' }, /^--dimensions -1,0: dimension must be at least 0\.$/],
    [{ readout: 'logits' }, /^--readout logits: readout must be forward, lens, unembed, tuned or jacobian\.$/],
    [{ context: 'eos' }, /^--context eos: context must be center, none, bos, a prompt or tokens\.$/],
    [{ context: 'prompt' }, /^--context prompt needs the prompt itself\.$/],
    [{ context: 'bos', prompt: 'x' }, /^--prompt and --context bos exclude each other\.$/],
    [{ prompt: '' }, /^--prompt : the prompt is empty\.$/],
    [{ 'prompt-ids': '1,x' }, /^--prompt-ids 1,x: token id must be a number\.$/],
    [{ 'prompt-ids': '1', prompt: 'x' }, /^--prompt and --prompt-ids exclude each other\.$/],
    [{ 'prompt-ids': '1', context: 'bos' }, /^--prompt-ids and --context bos exclude each other\.$/],
    [{ 'top-k': '1' }, /^--top-k 1: top-k must be at least 2\.$/],
  ];
  for (const [given, message] of cases)
    assert.throws(() => parametersFromFlags(given), { code: 'bad-parameter', message }, JSON.stringify(given));
});

test('any parameters come back from their flags', () => {
  const layers = ['last', 'embeddings', 0, 17] as const;
  const contexts = [
    { kind: 'center' },
    { kind: 'none' },
    { kind: 'bos' },
    { kind: 'prompt', text: `-- it's "$HOME"\n\t=%` },
    { kind: 'prompt', text: '--help' },
    { kind: 'tokens', ids: [5, 0, 128_000] },
  ] as const;
  const allAxes = [
    { method: 'random_projection', seed: 42 },
    { method: 'random_projection', seed: 0 },
    { method: 'replicated' },
    { method: 'direct', dimensions: [7, 0] },
  ] as const;
  const grids = [
    { columns: 50, rows: 50, spacing: 0.5, center: [0, 0] },
    { columns: 1, rows: 2000, spacing: 1e-7, center: [-1 / 3, 1e12] },
  ] as const;
  for (const layer of layers)
    for (const context of contexts)
      for (const axes of allAxes)
        for (const grid of grids) {
          const parameters: MapParameters = {
            ...DEFAULT_PARAMETERS,
            layer,
            context,
            plane: { ...DEFAULT_PARAMETERS.plane, axes },
            grid,
            readout: 'lens',
            topK: 2,
          };
          assert.deepEqual(parametersFromFlags(valuesOf(parametersToFlags(parameters))), parameters);
        }
});

test('a plane through given vectors stays under flags, and is refused as flags', () => {
  const vector = Buffer.from(new Float32Array(4).buffer).toString('base64');
  const plane: MapParameters['plane'] = {
    ...DEFAULT_PARAMETERS.plane,
    axes: { method: 'directions', x: { kind: 'vector', vector }, y: { kind: 'vector', vector } },
    center: { kind: 'vector', vector },
  };
  const base: MapParameters = { ...DEFAULT_PARAMETERS, plane };
  assert.deepEqual(parametersFromFlags({ spacing: '2', 'embedding-method': 'directions' }, base).plane, plane);
  const replicated = parametersFromFlags({ 'embedding-method': 'replicated' }, base);
  assert.deepEqual(replicated.plane, { ...plane, axes: { method: 'replicated' } });
  for (const parameters of [base, replicated])
    assert.throws(() => parametersToFlags(parameters), { code: 'bad-parameter', hint: /--specification/ });
});
