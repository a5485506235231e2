import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../../src/map/fault.js';
import { axisWords, madeWords, planeWords } from '../../../src/map/naming.js';
import { axisText, mergeAxes, parseAxis } from '../../../src/map/series/axisText.js';
import { linesOf } from '../../../src/map/series/lines.js';
import {
  type AxisValue,
  laidOn,
  memberAt,
  memberCount,
  memberName,
  members,
  onPlane,
  runOrder,
  type SeriesAxis,
} from '../../../src/map/series/series.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../../src/map/specification.js';
import { decodeVector } from '../../../src/map/vector.js';

const BETWEEN: MapParameters = {
  ...DEFAULT_PARAMETERS,
  plane: { ...DEFAULT_PARAMETERS.plane, center: { kind: 'prompt', text: 'The capital of France is' } },
};

test('axes as they are typed', () => {
  const read = (text: string): readonly [string, readonly AxisValue[]] => {
    const { path, values } = parseAxis(text);
    return [path, values];
  };
  assert.deepEqual(read('layer=0-3'), ['layer', [0, 1, 2, 3]]);
  assert.deepEqual(read('layer=embeddings,2,5-4,last'), ['layer', ['embeddings', 2, 5, 4, 'last']]);
  assert.deepEqual(read('seed=7'), ['plane.axes.seed', [7]]);
  assert.deepEqual(read('coefficient=-4..4/5'), ['interventions[0].coefficient', [-4, -2, 0, 2, 4]]);
  assert.deepEqual(read('spacing=0.5,1e-3,-.25'), ['grid.spacing', [0.5, 0.001, -0.25]]);
  assert.deepEqual(read('readout=forward,lens'), ['readout', ['forward', 'lens']]);
  assert.deepEqual(read('model=a,b=c'), ['model', ['a,b=c']]);
  assert.deepEqual(read('prompt=1-2, or [x]'), ['plane.center.text', ['1-2, or [x]']]);
  assert.deepEqual(read('context=[{"kind":"bos"},{"kind":"none"}]'), ['context', [{ kind: 'bos' }, { kind: 'none' }]]);
  assert.deepEqual(read('adaptive=true,false'), ['adaptive', [true, false]]);
});

test('readouts of several translators stand beside each other, each with its file', () => {
  const vary = [parseAxis('readout=lens,tuned:my/lens,jacobian:C:\\j.pt')];
  const found = [...members({ base: DEFAULT_PARAMETERS, vary })].map(({ parameters }) => [
    parameters.readout,
    parameters.translator?.path,
  ]);
  assert.deepEqual(found, [
    ['lens', undefined],
    ['tuned', 'my/lens'],
    ['jacobian', 'C:\\j.pt'],
  ]);
  assert.deepEqual(linesOf(vary).places, ['lens', 'tuned lens', 'jacobian j.pt']);
  assert.deepEqual(vary.flatMap(axisText).map(parseAxis), vary);
});

test('what is no axis is said', () => {
  for (const text of [
    'layer',
    'layer=',
    '=3',
    'layer=1,,2',
    'coefficient=1..x/3',
    'coefficient=1..2/1',
    'context=[',
    'context=[]',
    '__proto__.x=1',
    'plane.constructor=1',
    'seed=0-99999999',
    'a b=1',
  ])
    assert.throws(() => parseAxis(text), Fault, text);
  for (const text of ['seed=1-1000000000000', 'layer=3-99999999999999999999999'])
    assert.throws(() => parseAxis(text), { hint: 'An axis has at most 1000000 values.' });
});

test('property: an axis is read back from its text', () => {
  const axes: SeriesAxis[] = [
    { path: 'layer', values: ['embeddings', 0, 'last'] },
    { path: 'model', values: ['a, b', '[c]', '-3'] },
    { path: 'plane.center.text', values: ['Hello, "you"', ' 12', '[1]'] },
    { path: 'interventions[0].coefficient', values: [-4, 0.1, 1e-20, 1 / 3] },
    { path: 'context', values: [{ kind: 'bos' }, { kind: 'tokens', ids: [1, 2] }] },
    { path: 'readout', values: ['true', 'null', '1e3', ''] },
    { path: 'adaptive', values: [true, null] },
  ];
  for (const axis of axes) assert.deepEqual(mergeAxes(axisText(axis).map(parseAxis)), [axis]);
});

test('members are the product of the axes, the last changing first; each is what its values say', () => {
  const series = {
    base: DEFAULT_PARAMETERS,
    vary: mergeAxes(['model=a', 'layer=1-3', 'model=b', 'seed=5,6'].map(parseAxis)),
  };
  const all = [...members(series)];
  assert.equal(all.length, memberCount(series));
  assert.deepEqual(
    all.map(({ model, parameters: { layer, plane } }) => [
      model,
      layer,
      plane.axes.method === 'random_projection' && plane.axes.seed,
    ]),
    ['a', 'b'].flatMap((model) => [1, 2, 3].flatMap((layer) => [5, 6].map((seed) => [model, layer, seed]))),
  );
  all.forEach((member, number) => {
    assert.equal(member.number, number);
    assert.deepEqual(member, memberAt(series, number));
    const { layer, plane, ...rest } = member.parameters;
    const { layer: _layer, plane: _plane, ...same } = DEFAULT_PARAMETERS;
    assert.deepEqual(rest, same);
    assert.deepEqual({ ...plane, axes: DEFAULT_PARAMETERS.plane.axes }, DEFAULT_PARAMETERS.plane);
  });
  assert.equal(memberName(series.vary, all[3]?.values ?? []), 'model=a, layer=2, seed=6');
});

test('no members without axes but the base', () => {
  assert.deepEqual(
    [...members({ base: DEFAULT_PARAMETERS, vary: [] })].map(({ parameters }) => parameters),
    [DEFAULT_PARAMETERS],
  );
});

test('what cannot be varied is said, and never left out in silence', () => {
  const first = (...axes: string[]) => memberAt({ base: DEFAULT_PARAMETERS, vary: axes.map(parseAxis) }, 0);
  assert.throws(() => first('prompt=Hello'), /There is no parameter plane\.center\.text/);
  assert.throws(() => first('coefficient=1'), /There is no parameter interventions/);
  assert.throws(() => first('nothing=1'), /There is no parameter nothing/);
  assert.throws(() => first('grid.depth=1'), /There is no parameter grid\.depth/);
  assert.throws(() => first('layer=-2'), /With layer=-2: /);
  assert.throws(() => first('context=[{"kind":"bos","more":1}]'), Fault);
  assert.throws(() => [...members({ base: DEFAULT_PARAMETERS, vary: ['seed=1-4000', 'layer=1-4000'].map(parseAxis) })]);
  assert.equal(memberAt({ base: BETWEEN, vary: [parseAxis('prompt=Hello')] }, 0).parameters.context.kind, 'center');
});

test('a map on a plane that was laid before keeps its vectors and what stands around it', () => {
  const plane = { c: Float32Array.of(1, 2.5), u: Float32Array.of(0, 0.1), v: Float32Array.of(3, -0) };
  const { context, plane: on, ...rest } = onPlane(BETWEEN, plane, 'the base');
  assert.deepEqual(context, BETWEEN.plane.center);
  const { context: _context, plane: _plane, ...same } = BETWEEN;
  assert.deepEqual(rest, same);
  const { axes, center } = on;
  assert.ok(axes.method === 'directions' && center.kind === 'vector');
  for (const [source, vector] of [
    [center, plane.c],
    [axes.x, plane.u],
    [axes.y, plane.v],
  ] as const) {
    assert.ok(source.kind === 'vector');
    assert.deepEqual(decodeVector(source.vector, 'it'), vector);
  }
  assert.deepEqual([on.lengths, on.orthogonal], ['own', false]);
  // It is told once whose the plane is, not with each of its vectors.
  assert.equal(planeWords(on), 'Plane of the base');
  assert.deepEqual([axisWords(on, 'x').name, axisWords(on, 'y').name], ['along u', 'along v']);
  const { plane: member } = laidOn(DEFAULT_PARAMETERS, plane, DEFAULT_PARAMETERS);
  assert.equal(madeWords(member), 'last layer, seed 42, h = c + x u + y v');
});

test('members run in an order in which a model, and a layer of it, comes once', () => {
  const series = {
    base: BETWEEN,
    vary: ['seed=1,2', 'prompt=a', 'prompt=b', 'layer=0-2', 'model=x', 'model=y'].map(parseAxis),
  };
  const vary = mergeAxes(series.vary).filter(({ path }) => path !== 'plane.axes.seed');
  const ordered = runOrder([...members({ ...series, vary })]);
  assert.equal(new Set(ordered).size, memberCount({ vary }));
  const changes = (of: (member: (typeof ordered)[number]) => unknown): number =>
    ordered.filter((member, i) => i > 0 && of(member) !== of(ordered[i - 1] ?? member)).length;
  assert.equal(
    changes(({ model }) => model),
    1,
  );
  assert.equal(
    changes(({ model, parameters }) => `${model} ${parameters.layer}`),
    5,
  );
});
