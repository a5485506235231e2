import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { decodeVector } from '../../src/map/vector.js';
import { MapController } from '../../src/panel/controller.js';
import type { DivergenceNews, PageMessage } from '../../src/protocol/page.js';
import type { Comparison, PanelSettings } from '../../src/protocol/panelSettings.js';
import { FakeDependencies, MODELS, SETTINGS as usual } from '../webview/fakeDependencies.js';
import { defaultMap, fakeDivergence, DESCRIPTION, type FakeEngineOptions } from '../webview/fakeEngine.js';
import { Recorder } from './recorder.js';

const SETTINGS: PanelSettings = {
  ...usual,
  parameters: { ...DEFAULT_PARAMETERS, layer: 12 },
};
const layer = (value: number, plane: 'own' | 'shared' = 'own'): Comparison => ({
  kind: 'computed',
  path: 'layer',
  value,
  plane,
});

function open(
  context: TestContext,
  options: {
    compare?: Comparison;
    deps?: FakeDependencies;
    revivedKey?: string;
    engine?: FakeEngineOptions;
    run?: boolean;
  } = {},
) {
  const deps = options.deps ?? new FakeDependencies({ seconds: 0.2, ...options.engine });
  const controller = new MapController(deps, {
    settings: { ...SETTINGS, compare: options.compare ?? null },
    run: options.run ?? true,
    ...(options.revivedKey === undefined ? {} : { revivedKey: options.revivedKey }),
  });
  context.after(() => controller.dispose(true));
  const [page, other] = [new Recorder('main'), new Recorder('other')];
  const say = (message: PageMessage): void => controller.receive(message);
  controller.connect((message) => {
    page.post(message);
    other.post(message);
    if (message.type === 'progress') setImmediate(() => say({ type: 'drawn' }));
  });
  say({ type: 'ready', view: null });
  const compare = (value: Comparison | null): void => say({ type: 'edit', path: 'compare', value });
  /** Both maps are whole, and of what is asked for. */
  const both = async (): Promise<void> => {
    await page.until(() => Boolean(page.map?.finish) && page.state.outdated === null);
    await other.until(() => Boolean(other.map?.finish) && other.stateIfAny?.outdated === null);
  };
  return { controller, deps, page, other, say, compare, both };
}

test('the other map is one like any, but for what differs, and is computed behind the first', async (context) => {
  const { page, other, compare, both, deps } = open(context);
  await page.until(() => Boolean(page.map?.finish));
  compare(layer(7));
  await both();
  assert.deepEqual(other.map?.cells, defaultMap({ ...SETTINGS.parameters, layer: 7 }).cells);
  assert.deepEqual(page.map?.cells, defaultMap(SETTINGS.parameters).cells);
  assert.notEqual(other.map.id, page.map.id);
  assert.deepEqual(
    deps.engines.flatMap(({ asked }) => asked.map(({ parameters }) => parameters.layer)),
    [12, 7],
  );
});

test('what both have in common is edited once', async (context) => {
  const { page, other, say, compare, both } = open(context);
  compare(layer(7));
  await both();
  const grid = { ...DEFAULT_PARAMETERS.grid, columns: 20, rows: 20 };
  say({ type: 'edit', path: 'grid', value: grid });
  await other.until(() => other.map?.cells.columns === 20 && Boolean(other.map.finish));
  assert.deepEqual([page.map?.cells.columns, other.map?.specification.layer], [20, 7]);
  say({ type: 'undo' });
  await other.until(() => other.map?.cells.columns === 50 && Boolean(other.map.finish));
  assert.equal(page.state.compare?.kind, 'computed');
});

test('on a shared plane the other map has the vectors of the first, and its context', async (context) => {
  const { page, other, compare, both } = open(context);
  compare(layer(7, 'shared'));
  await both();
  const { plane } = defaultMap(SETTINGS.parameters);
  const { axes, center } = other.map?.specification.plane ?? {};
  assert.ok(axes?.method === 'directions' && axes.x.kind === 'vector' && axes.y.kind === 'vector');
  assert.ok(center?.kind === 'vector');
  assert.deepEqual(decodeVector(axes.x.vector, 'it'), plane.u);
  assert.deepEqual(decodeVector(axes.y.vector, 'it'), plane.v);
  assert.deepEqual(decodeVector(center.vector, 'it'), plane.c);
  assert.deepEqual(other.map?.specification.context, page.map?.specification.context);
});

test('two models are open at once, each map on its own; closing lets go of the second', async (context) => {
  const [, second] = MODELS.filter((model) => model.problem === undefined && model.path !== DESCRIPTION.path);
  const model = second ?? MODELS.find((one) => one.path !== DESCRIPTION.path);
  assert.ok(model);
  const { page, compare, both, deps } = open(context);
  compare({ kind: 'computed', path: 'model', value: model.path, plane: 'own' });
  await both();
  assert.deepEqual(
    deps.calls.filter((call) => call.startsWith('acquire')),
    [`acquire ${DESCRIPTION.path}`, `acquire ${model.path}`],
  );
  compare(null);
  await page.until(() => page.state.compare === null);
  assert.deepEqual(
    deps.engines.map(({ released }) => released > 0),
    [false, true],
  );
});

test('divergences are asked for once for a pair of maps, and come as the engine gives them', async (context) => {
  const { page, other, say, compare, both, deps } = open(context);
  compare(layer(7));
  await both();
  const pair = (): [number, number] => [page.map?.id ?? 0, other.map?.id ?? 0];
  const news = (): DivergenceNews | null => {
    const last = page.messages.findLast((message) => message.type === 'divergences');
    return last?.type === 'divergences' ? last.news : null;
  };
  const whole = (): boolean => news()?.done === 2500 && news()?.maps.join() === pair().join();
  say({ type: 'divergences', maps: pair() });
  say({ type: 'divergences', maps: pair() });
  await page.until(whole);
  const [a, b] = [defaultMap(SETTINGS.parameters).cells, defaultMap({ ...SETTINGS.parameters, layer: 7 }).cells];
  assert.deepEqual(
    news()?.values?.ab,
    Float32Array.from({ length: 2500 }, (_, cell) => fakeDivergence(a, b, cell)),
  );
  const asked = () => deps.engines.flatMap(({ compared }) => compared);
  assert.deepEqual(
    asked().map(({ parameters, beside }) => [parameters.layer, beside.parameters.layer, beside.model]),
    [[12, 7, undefined]],
  );
  // Another pair; one that is no longer wanted is not told of.
  compare(layer(3));
  await other.until(() => other.map?.specification.layer === 3 && Boolean(other.map.finish));
  say({ type: 'divergences', maps: pair() });
  say({ type: 'divergences', maps: null });
  say({ type: 'divergences', maps: [-5, 4711] });
  say({ type: 'divergences', maps: pair() });
  await page.until(whole);
  assert.equal(asked().at(-1)?.beside.parameters.layer, 3);
});

test('a model beside the panel’s is opened for divergences as well; a saved map of another one is not', async (context) => {
  const model = MODELS.find((one) => one.path !== DESCRIPTION.path && one.problem === undefined);
  assert.ok(model);
  const { page, other, say, compare, both, deps } = open(context);
  compare({ kind: 'computed', path: 'model', value: model.path, plane: 'own' });
  await both();
  const pair = (): [number, number] => [page.map?.id ?? 0, other.map?.id ?? 0];
  say({ type: 'divergences', maps: pair() });
  const news = () => page.messages.findLast((message) => message.type === 'divergences');
  await page.until(() => news()?.type === 'divergences' && news()?.news?.done === 2500);
  assert.equal(deps.engines[0]?.compared[0]?.beside.model?.path, deps.engines[1]?.description.path);
  const saved = defaultMap(SETTINGS.parameters);
  const { specification } = saved;
  deps.savedMap = {
    ...saved,
    specification: { ...specification, model: { ...specification.model, sha256: 'f'.repeat(64) } },
  };
  compare({ kind: 'saved', file: 'file:///a.json' });
  await other.until(() => other.map?.specification.model.sha256.startsWith('ff') === true);
  say({ type: 'divergences', maps: pair() });
  await page.until(() => news()?.news?.fault?.code === 'bad-parameter');
});

test('a comparison is saved as one, with the divergences that are there; a picture is of all of it', async (context) => {
  const { page, other, say, compare, both, deps } = open(context);
  compare(layer(7));
  await both();
  say({ type: 'divergences', maps: [page.map?.id ?? 0, other.map?.id ?? 0] });
  await page.until(() => {
    const last = page.messages.at(-1);
    return last?.type === 'divergences' && last.news?.done === 2500;
  });
  say({ type: 'action', action: 'save' });
  say({ type: 'action', action: 'exportPicture' });
  await new Promise(setImmediate);
  assert.deepEqual(
    deps.calls.filter((call) => /save|export/.test(call)),
    ['saveSet comparison', 'exportSet comparison'],
  );
  for (const set of deps.sets) {
    assert.ok(set.kind === 'comparison');
    assert.deepEqual(
      [set.a, set.b].map(({ specification }) => specification.layer),
      [12, 7],
    );
    assert.ok(set.divergences);
  }
});

test('swapped, each has what the other had; undo takes it back', async (context) => {
  const { page, other, say, compare, both } = open(context);
  compare(layer(7));
  await both();
  say({ type: 'swap' });
  await other.until(() => other.map?.specification.layer === 12 && Boolean(other.map.finish));
  assert.equal(page.map?.specification.layer, 7);
  say({ type: 'undo' });
  await other.until(() => other.map?.specification.layer === 7 && Boolean(other.map.finish));
  assert.equal(page.map.specification.layer, 12);
});

test('a tuned lens stands beside the model itself: its file is asked for, and goes along when both are swapped', async (context) => {
  const { page, other, say, both, deps } = open(context);
  await page.until(() => Boolean(page.map?.finish));
  say({ type: 'compareTranslator', readout: 'tuned' });
  await new Promise(setImmediate);
  const compared = (): Comparison | null => page.state.compare;
  assert.equal(compared(), null, 'dismissed');
  deps.chosenTranslator = { path: '/lenses/pythia/params.pt' };
  say({ type: 'compareTranslator', readout: 'tuned' });
  await both();
  const seen = ({ map }: Recorder) => [map?.specification.readout, map?.specification.translator?.path ?? null];
  assert.deepEqual(
    [seen(page), seen(other)],
    [
      ['forward', null],
      ['tuned', '/lenses/pythia/params.pt'],
    ],
  );
  say({ type: 'swap' });
  await other.until(() => other.map?.specification.readout === 'forward' && Boolean(other.map.finish));
  assert.deepEqual(seen(page), ['tuned', '/lenses/pythia/params.pt']);
  say({ type: 'swap' });
  await other.until(() => other.map?.specification.readout === 'tuned' && Boolean(other.map.finish));
  assert.deepEqual(compared(), {
    kind: 'computed',
    path: 'readout',
    value: 'tuned:/lenses/pythia/params.pt',
    plane: 'own',
  });
});

test('a reload of the window brings both maps back, without computing them again', async (context) => {
  const first = open(context);
  first.compare(layer(7));
  await first.both();
  const { key } = first.page.state.keep ?? {};
  assert.ok(key);
  first.controller.dispose(false);
  await first.other.until(() => first.deps.snapshotsKept.size === 2);
  const asked = first.deps.engines.flatMap((engine) => engine.asked).length;
  const { compare } = first.page.state;
  assert.ok(compare);
  const second = open(context, { deps: first.deps, revivedKey: key, compare, run: false });
  await second.both();
  assert.equal(first.deps.engines.flatMap((engine) => engine.asked).length, asked);
  assert.deepEqual(second.other.map?.cells, first.other.map?.cells);
  // Closed by the person, nothing is left of either.
  second.controller.dispose(true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(first.deps.snapshotsKept.size, 0);
});

test('cancel stops the one that is computed, and Resume goes on with it', async (context) => {
  const { page, other, say, compare, both, deps } = open(context);
  await page.until(() => Boolean(page.map?.finish) && page.state.run.status === 'idle');
  const stop = deps.acquireEngine;
  deps.acquireEngine = async (path) => {
    const engine = await stop(path);
    engine.stopAt(900);
    return engine;
  };
  compare(layer(7));
  await other.until(() => other.cells >= 900);
  say({ type: 'cancel' });
  await other.until(() => other.stateIfAny?.run.status === 'stopped');
  assert.ok(page.map?.finish);
  deps.engine.stopAt(Infinity);
  say({ type: 'resume' });
  await both();
  assert.deepEqual(other.map?.cells, defaultMap({ ...SETTINGS.parameters, layer: 7 }).cells);
});

test('a saved map stands beside the panel’s own as it is', async (context) => {
  const { page, other, say, deps } = open(context);
  await page.until(() => Boolean(page.map?.finish));
  deps.savedMap = defaultMap({ ...DEFAULT_PARAMETERS, layer: 3 });
  say({ type: 'chooseSavedMap' });
  await other.until(() => Boolean(other.map) && other.state.compare !== null);
  assert.deepEqual(other.map?.cells, deps.savedMap.cells);
  assert.deepEqual(page.state.compare, { kind: 'saved', file: 'file:///map.json' });
  assert.equal(other.stateIfAny?.refinable.ok, false);
});

test('what a map has nothing of cannot be varied: that is said, and the map stays', async (context) => {
  const { page, say, compare, deps } = open(context);
  await page.until(() => Boolean(page.map?.finish));
  compare({ kind: 'computed', path: 'plane.nothing', value: 1, plane: 'own' });
  await page.until(() => page.state.fault !== null);
  assert.match(page.state.fault?.message ?? '', /plane\.nothing/);
  assert.equal(deps.logged.length > 0, true);
  say({ type: 'undo' });
  await page.until(() => page.state.compare === null);
  assert.ok(page.map?.finish);
});
