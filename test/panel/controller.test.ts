import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { MapController } from '../../src/panel/controller.js';
import { Fault } from '../../src/map/fault.js';
import { DEFAULT_DISPLAY } from '../../src/map/mapDisplay.js';
import { presetParameters } from '../../src/map/presets.js';
import { questionsOf } from '../../src/map/questions.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { encodeVector } from '../../src/map/vector.js';
import { type HostMessage, leadsTo, type PageMessage, type PageView, pageView } from '../../src/protocol/page.js';
import type { PanelSettings } from '../../src/protocol/panelSettings.js';
import { FakeDependencies, MODELS, SETTINGS } from '../webview/fakeDependencies.js';
import { defaultMap, DESCRIPTION, type FakeEngineOptions } from '../webview/fakeEngine.js';
import { Recorder } from './recorder.js';

const VIEW = pageView(DEFAULT_DISPLAY);

interface Panel {
  readonly controller: MapController;
  readonly deps: FakeDependencies;
  readonly page: Recorder;
  readonly say: (message: PageMessage) => void;
  readonly edit: (path: string, value: unknown) => void;
  /** A map is complete, the status says so, and nothing is computed. */
  readonly complete: () => Promise<void>;
}

function open(
  context: TestContext,
  options: {
    settings?: Partial<PanelSettings>;
    run?: boolean;
    engine?: FakeEngineOptions;
    deps?: FakeDependencies;
    revivedKey?: string;
    /** The page draws what it gets. */
    draws?: boolean;
    /** Hears each message as it crosses to the page. */
    crossed?: (message: HostMessage) => void;
  } = {},
): Panel {
  const deps = options.deps ?? new FakeDependencies({ seconds: 0.2, ...options.engine });
  const controller = new MapController(deps, {
    settings: { ...SETTINGS, ...options.settings },
    run: options.run ?? true,
    ...(options.revivedKey === undefined ? {} : { revivedKey: options.revivedKey }),
  });
  context.after(() => controller.dispose(true));
  const page = new Recorder();
  const say = (message: PageMessage): void => controller.receive(message);
  controller.connect((message) => {
    options.crossed?.(message);
    page.post(message);
    if (message.type === 'progress' && options.draws !== false) setImmediate(() => say({ type: 'drawn' }));
  });
  say({ type: 'ready', view: VIEW });
  return {
    controller,
    deps,
    page,
    say,
    edit: (path, value) => say({ type: 'edit', path, value }),
    complete: () =>
      page.until(
        () =>
          Boolean(page.map?.finish) &&
          page.state.run.status === 'idle' &&
          !page.state.changed &&
          page.state.estimate !== null,
      ),
  };
}

const grid = (columns: number, rows = columns) => ({ ...DEFAULT_PARAMETERS.grid, columns, rows });

test('a new panel opens its model and computes its map at once', async (context) => {
  const { page, complete, controller } = open(context);
  await complete();
  const truth = defaultMap(DEFAULT_PARAMETERS);
  const { map } = page;
  assert.ok(map);
  assert.deepEqual(map.cells, truth.cells);
  for (const id of new Set(truth.cells.ids)) {
    assert.equal(map.tokens.find((token) => token.id === id)?.text, truth.tokens.get(id)?.text);
  }
  assert.equal(map.specification.layer, 29);
  assert.equal(map.finish?.runtime.seconds, 2.9);
  const winners = truth.regions?.polygons.map(({ token }) => token) ?? [];
  assert.equal(map.finish.regions?.count, winners.length);
  for (const winner of winners) assert.ok(map.tokens.some(({ id }) => id === winner));
  assert.deepEqual(controller.map()?.cells, truth.cells);
  assert.equal(controller.status.title, 'SmolLM2-135M-Instruct · layer 29, seed 42');
  assert.equal(controller.status.complete, true);
});

test('ten thousand texts and their places cross to a page once, whatever is told of them after that', async (context) => {
  const texts = Array.from({ length: 10_000 }, (_, i) => `a text of some length, such as people have, ${i}`);
  const labels = texts.map((_, i) => `label ${i % 3}`);
  const overlays = [{ kind: 'texts', texts, labels }] as const;
  let crossed = '';
  const { page, edit, say, complete } = open(context, {
    settings: { parameters: { ...DEFAULT_PARAMETERS, grid: grid(8), overlays } },
    crossed: ({ type, ...message }) => {
      crossed += ['state', 'map', 'survey', 'detail'].includes(type) ? JSON.stringify(message) : '';
    },
  });
  const times = (text = texts[7] ?? ''): number => crossed.split(JSON.stringify(text)).length - 1;
  await complete();
  assert.equal(times(), 1);
  const shown = (): unknown => page.state.settings.parameters.overlays;
  assert.deepEqual(shown(), overlays);
  assert.deepEqual(page.map?.specification.overlays, overlays);
  await page.until(() => Boolean(page.map?.survey?.points));
  // A window of the same map has the same places.
  const x = String(page.map.survey?.points?.[0]?.x[7]);
  const places = (): number => crossed.split(x).length - 1;
  assert.equal(places(), 1);
  say({ type: 'window', slot: 'main', map: page.map.id, grid: { ...grid(8), spacing: 0.1 }, refine: true });
  await page.until(() => Boolean(page.detail?.finish));
  assert.equal(places(), 1);
  // Edits make settings of their own; undo brings the former back.
  crossed = '';
  edit('grid.spacing', 0.25);
  edit('overlays', [{ ...overlays[0], labels: texts.map((_, i) => `other ${i % 2}`) }]);
  await page.until(() => JSON.stringify(shown()).includes('other 1'));
  await complete();
  say({ type: 'undo' });
  await page.until(() => isDeepStrictEqual(shown(), overlays));
  await complete();
  assert.equal(times(), 0);
  assert.equal(crossed.split('"other 0"').length - 1, 5_000);
  // A page that is built anew knows nothing.
  crossed = '';
  say({ type: 'ready', view: VIEW });
  await complete();
  assert.equal(times(), 1);
  assert.deepEqual(shown(), overlays);
});

test('colors of many tokens cross to a page once, and again where one is another', async (context) => {
  const deps = new FakeDependencies({ seconds: 0.2 });
  const slots = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [` token${i}`, i % 24]));
  deps.tokenColors.remember(slots);
  let crossed = '';
  const { page, edit, say, complete } = open(context, {
    deps,
    crossed: ({ type, ...message }) => {
      crossed += type === 'state' ? JSON.stringify(message) : '';
    },
  });
  const times = (): number => crossed.split('" token7"').length - 1;
  await complete();
  assert.equal(times(), 1);
  edit('grid.spacing', 0.25);
  await page.until(() => page.state.settings.parameters.grid.spacing === 0.25);
  assert.deepEqual(page.state.tokenColors, slots);
  assert.equal(times(), 1);
  say({ type: 'tokenColors', slots: { ' token7': 23 } });
  edit('grid.spacing', 0.5);
  await page.until(() => page.state.settings.parameters.grid.spacing === 0.5);
  assert.deepEqual(page.state.tokenColors, { ...slots, ' token7': 23 });
  assert.equal(times(), 2);
});

test('another model begins with prompts of its own, unless a person has chosen any; undo brings both back', async (context) => {
  const [bundled, own] = [true, false].map((one) =>
    presetParameters('threePrompts', DEFAULT_PARAMETERS, { bundled: one }),
  );
  assert.ok(bundled && own);
  const deps = new FakeDependencies({ seconds: 0.2 });
  deps.beginning = (path) => (path === DESCRIPTION.path ? bundled : own);
  const { controller, say, edit, complete } = open(context, { deps, settings: { parameters: bundled } });
  await complete();
  const another = MODELS[1]?.path ?? '';
  say({ type: 'model', path: another });
  assert.deepEqual([controller.settings.modelPath, controller.settings.parameters], [another, own]);
  say({ type: 'undo' });
  assert.deepEqual([controller.settings.modelPath, controller.settings.parameters], [DESCRIPTION.path, bundled]);
  edit('plane.center.text', 'Mine');
  const mine = controller.settings.parameters;
  assert.notDeepEqual(mine, bundled);
  say({ type: 'model', path: another });
  assert.deepEqual(controller.settings.parameters, mine);
  // Also where what was typed is what the model began with.
  say({ type: 'undo' });
  edit('plane.center.text', bundled.plane.center.kind === 'prompt' ? bundled.plane.center.text : '');
  const typed = controller.settings.parameters;
  say({ type: 'model', path: another });
  assert.deepEqual(controller.settings.parameters, typed);
});

test('a model that takes no prompts begins with a plane that needs none, and nothing to undo', async (context) => {
  const prompts = presetParameters('threePrompts', DEFAULT_PARAMETERS, { bundled: false });
  const contexts = { ...DESCRIPTION.contexts, prompt: { ok: false, reason: 'it has no tokenizer' } } as const;
  const deps = new FakeDependencies({ seconds: 0.2, description: { contexts } });
  deps.beginning = () => prompts;
  const { controller, page, complete } = open(context, { deps, settings: { parameters: prompts } });
  await complete();
  assert.deepEqual(controller.settings.parameters, DEFAULT_PARAMETERS);
  assert.deepEqual([page.state.canUndo, page.state.fault], [false, null]);
  assert.equal(page.map?.specification.plane.axes.method, 'random_projection');
});

test('what crosses to the page is no larger than what it holds', async (context) => {
  const { page, complete } = open(context);
  await complete();
  for (const message of page.messages) {
    if (message.type !== 'cells') continue;
    const { indices, ids, probabilities, entropy } = message.batch;
    for (const array of [indices, ids, probabilities, entropy]) assert.equal(array.buffer.byteLength, array.byteLength);
  }
});

test('cells of a model that is not yet verified are said to be, do not count, and go where it does not hold', async (context) => {
  const refused = new Fault({ code: 'model-unsupported', message: 'The model is not a decoder.' });
  for (const verdict of ['verified', 'anew', refused, 'cancel'] as const) {
    const { page, deps, say, complete, controller } = open(context, { engine: { seconds: 5, unverified: true } });
    const unverified = () => page.state.run.status === 'running' && page.state.run.progress.unverified === true;
    await page.until(() => page.map !== null && page.messages.some(({ type }) => type === 'progress'));
    assert.equal(page.cells, 16);
    const told = page.messages.findLast((message) => message.type === 'progress');
    assert.deepEqual([told?.progress.unverified, told?.progress.done], [true, 0]);
    for (const action of ['save', 'exportPicture'] as const) say({ type: 'action', action });
    await page.until(() => page.state.fault?.message === 'There is no complete map yet.');
    say({ type: 'dismissFault' });
    assert.equal(controller.map(), undefined);
    assert.equal(deps.snapshotsKept.size, 0, 'nothing unverified is kept');
    if (verdict === 'cancel') say({ type: 'cancel' });
    else deps.engine.judge(verdict);
    if (verdict === 'verified' || verdict === 'anew') {
      await complete();
      assert.ok(!unverified());
      assert.deepEqual(page.map?.cells, defaultMap(DEFAULT_PARAMETERS).cells);
      const maps = page.messages.flatMap((message) => (message.type === 'map' ? [message.map !== null] : []));
      const taken = maps.lastIndexOf(false) > maps.indexOf(true);
      assert.equal(taken, verdict === 'anew', 'a correction takes the picture away first');
    } else {
      await page.until(() => page.state.run.status === 'idle' && page.map === null);
      assert.equal(page.state.fault?.message, verdict === 'cancel' ? undefined : refused.message);
      assert.equal(deps.snapshotsKept.size, 0);
    }
  }
});

test('the old map stays until a first pass of the new one stands', async (context) => {
  const { page, deps, edit, complete, say } = open(context, { engine: { seconds: 5 } });
  await complete();
  const first = page.map?.id;
  say({ type: 'live', live: true });
  deps.engine.stopAt(0);
  edit('grid', grid(64));
  await page.until(() => page.state.run.status === 'running');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(page.map?.id, first);
  deps.engine.stopAt(16);
  await page.until(() => page.map?.id !== first);
  // 64 x 64 cells have 16 blocks of 16 x 16: each has a cell now, so that the picture is whole.
  assert.equal(page.cells, 16);
  deps.engine.stopAt(Infinity);
  await complete();
  assert.deepEqual(page.map?.cells, defaultMap({ ...DEFAULT_PARAMETERS, grid: grid(64) }).cells);
});

test('a change that is quick is computed at once, and a running map makes way for it', async (context) => {
  const { page, deps, edit, complete } = open(context);
  await complete();
  deps.engine.stopAt(300);
  edit('layer', 7);
  await page.until(() => page.cells > 0 && page.map?.specification.layer === 7);
  edit('layer', 8);
  await page.until(() => page.state.settings.parameters.layer === 8);
  deps.engine.stopAt(Infinity);
  await page.until(() => page.map?.specification.layer === 8);
  await complete();
  assert.deepEqual(page.map?.cells, defaultMap({ ...DEFAULT_PARAMETERS, layer: 8 }).cells);
  assert.ok(page.messages.every((message) => message.type !== 'state' || message.slots.main.run.status !== 'stopped'));
  assert.equal(deps.engines.length, 1);
});

test('a change that takes long is followed by a first pass; Generate computes the rest, undo has the whole map again', async (context) => {
  const { page, deps, edit, complete, say, controller } = open(context, { engine: { seconds: 60 } });
  await complete();
  const whole = page.map;
  const rests = () => page.state.run.status === 'stopped' && page.state.run.by === 'pass';
  edit('layer', 3);
  await page.until(rests);
  assert.equal(page.map?.specification.layer, 3);
  assert.equal(page.cells, 16, 'a cell of every block of 16 x 16');
  assert.equal(deps.engine.asked.at(-1)?.only?.length, 16);
  assert.equal(controller.map(), undefined);
  assert.deepEqual([page.state.changed, page.state.fault], [false, null]);
  say({ type: 'undo' });
  await page.until(() => page.map?.id === whole?.id);
  assert.equal(page.cells, 2500);
  assert.equal(deps.engine.asked.length, 2, 'what was whole is not computed again');
  say({ type: 'redo' });
  await page.until(() => page.map?.specification.layer === 3 && rests());
  say({ type: 'generate' });
  await complete();
  assert.equal(deps.engine.asked.at(-1)?.only?.length, 2484);
  assert.deepEqual(page.map.cells, defaultMap({ ...DEFAULT_PARAMETERS, layer: 3 }).cells);
});

test('Live: every change is followed by the whole map, however long it takes; off, by a first pass, however quick', async (context) => {
  for (const seconds of [60, 0.2]) {
    const { page, edit, complete, say } = open(context, { engine: { seconds } });
    await complete();
    const rests = () => page.state.run.status === 'stopped' && page.state.run.by === 'pass';
    say({ type: 'live', live: false });
    edit('layer', 3);
    await page.until(() => page.map?.specification.layer === 3 && rests());
    assert.equal(page.cells, 16);
    // What is behind is caught up with.
    say({ type: 'live', live: true });
    await complete();
    assert.equal(page.map?.specification.layer, 3);
    edit('layer', 4);
    await page.until(() => page.map?.specification.layer === 4);
    await complete();
    assert.equal(page.state.live, true);
  }
});

test('after a fault a change tries again, and what is not true any more goes; also of the very first map', async (context) => {
  const map = (parameters: MapParameters): TokenMap => {
    if (parameters.layer === 3) throw new Fault({ code: 'bad-parameter', message: 'Not layer 3.' });
    return defaultMap(parameters);
  };
  for (const layer of ['last', 3] as const)
    for (const live of [true, false, null]) {
      const settings = { parameters: { ...DEFAULT_PARAMETERS, layer } };
      const { page, edit, complete, say } = open(context, { settings, engine: { seconds: 60, map } });
      if (live !== null) say({ type: 'live', live });
      const refused = () => page.state.fault?.message === 'Not layer 3.';
      if (layer === 'last') {
        await complete();
        edit('layer', 3);
      }
      await page.until(refused);
      edit('layer', 5);
      await page.until(() => page.map?.specification.layer === 5 && page.state.run.status !== 'running');
      assert.equal(page.state.fault, null);
      edit('layer', 3);
      await page.until(refused);
      edit('grid.spacing', 0.3);
      await page.until(() => page.messages.length > 0 && page.state.settings.parameters.grid.spacing === 0.3);
      await page.until(refused);
      say({ type: 'undo' });
      say({ type: 'undo' });
      await page.until(() => page.state.settings.parameters.layer === 5 && page.state.fault === null);
      // What was refused has left the map before as it was: whole, or with its first pass, which is gone on with as ever.
      const { run } = page.state;
      assert.equal(run.status === 'stopped' ? run.by : run.status, live === true ? 'idle' : 'pass');
      edit('layer', 3);
      await page.until(refused);
      say({ type: 'live', live: true });
      edit('layer', 5);
      await complete();
      assert.equal(page.map?.specification.layer, 5);
    }
});

test('what is typed letter by letter is one change; a position stays while text follows, and no longer', async (context) => {
  const { page, deps, edit, complete } = open(context);
  await complete();
  edit('context', { kind: 'prompt', text: 'We saw', position: 1 });
  const prompt_ = (): unknown => page.state.settings.parameters.context;
  await page.until(() => JSON.stringify(prompt_()).includes('We saw'));
  await complete();
  const before = deps.engine.asked.length;
  for (const text of ['We saw t', 'We saw th', 'We saw the']) edit('context.text', text);
  await page.until(() => JSON.stringify(prompt_()).includes('We saw the'));
  assert.deepEqual(prompt_(), { kind: 'prompt', text: 'We saw the', position: 1 });
  await page.until(() => deps.engine.asked.length > before);
  await complete();
  assert.equal(deps.engine.asked.length, before + 1);
  assert.deepEqual(deps.engine.asked.at(-1)?.parameters.context, prompt_());
  edit('context.text', 'She');
  await page.until(() => JSON.stringify(prompt_()).includes('She'));
  assert.deepEqual(prompt_(), { kind: 'prompt', text: 'She' });
  // One that is counted from the end is of any text.
  edit('context', { kind: 'tokens', ids: [3, 5], position: -2 });
  edit('context.ids', [7, 5, 3]);
  await page.until(() => JSON.stringify(prompt_()).includes('7'));
  assert.deepEqual(prompt_(), { kind: 'tokens', ids: [7, 5, 3], position: -2 });
  await complete();
});

test('Live that nobody has chosen stays as it is while estimates are about its limit, and while they are asked for', async (context) => {
  // One estimate after each map, and one before each but the first.
  const seconds = [0.9, 1.3, 1.9, 0.8, 1.6, 1.2, 2.5];
  const { page, edit, complete } = open(context, { engine: { seconds } });
  await complete();
  const told = (): string[] =>
    page.messages.flatMap((message) => (message.type === 'state' ? [String(message.slots.main.quick)] : []));
  for (const layer of [3, 4, 5]) {
    edit('layer', layer);
    await page.until(() => page.map?.specification.layer === layer);
    await complete();
    assert.equal(page.cells, 2500, 'the whole map');
  }
  const turns = told().filter((one, i, all) => one !== all[i - 1]);
  assert.deepEqual(turns.slice(0, 2), ['false', 'true']);
  assert.ok(turns.length <= 3, `it goes off once, when maps take clearly longer: ${turns.join()}`);
});

test('an adaptive map is followed by a first pass of cells that are computed, and begins anew', async (context) => {
  const { page, deps, edit, complete, say } = open(context, { engine: { seconds: 60 } });
  await complete();
  edit('adaptive', true);
  await page.until(() => page.state.run.status === 'stopped');
  assert.equal(deps.engine.asked.at(-1)?.parameters.adaptive, false);
  assert.equal(page.map?.specification.adaptive, true);
  say({ type: 'generate' });
  await complete();
  assert.equal(deps.engine.asked.at(-1)?.only, undefined);
});

test('a cancelled map keeps its cells, and Resume computes the others only', async (context) => {
  const { page, deps, complete, say, controller } = open(context, { run: false, engine: { seconds: 5 } });
  say({ type: 'generate' });
  await page.until(() => page.state.run.status === 'running');
  await page.until(() => deps.engines.length > 0);
  deps.engine.stopAt(400);
  await page.until(() => page.cells >= 400);
  say({ type: 'cancel' });
  await page.until(() => page.state.run.status === 'stopped');
  const { run } = page.state;
  assert.ok(run.status === 'stopped' && run.by === 'cancelled');
  assert.equal(run.done, page.cells);
  assert.equal(run.total, 2500);
  assert.equal(page.state.fault, null);
  assert.equal(controller.map(), undefined);
  const before = page.cells;
  deps.engine.stopAt(Infinity);
  say({ type: 'resume' });
  await complete();
  const [, resumed] = deps.engine.asked;
  assert.equal(resumed?.only?.length, 2500 - before);
  const { map } = page;
  assert.ok(map?.finish);
  assert.deepEqual(map.cells, defaultMap(DEFAULT_PARAMETERS).cells);
  // The first run's time counts as well.
  assert.ok(map.finish.runtime.seconds > 2.9);
});

test('an engine that dies leaves its cells and a fault; Generate and Resume start another', async (context) => {
  const { page, deps, complete, say } = open(context, { run: false, engine: { seconds: 5 } });
  say({ type: 'generate' });
  await page.until(() => deps.engines.length > 0);
  deps.engine.stopAt(500);
  await page.until(() => page.cells >= 500);
  deps.engine.die();
  await page.until(() => page.state.run.status === 'stopped');
  assert.equal(page.state.fault?.code, 'engine-died');
  assert.equal(page.state.model.status, 'ready');
  const kept = page.cells;
  assert.ok(kept >= 500);
  assert.equal(deps.engines.length, 1);
  say({ type: 'resume' });
  await complete();
  assert.equal(deps.engines.length, 2);
  assert.equal(deps.engine.asked[0]?.only?.length, 2500 - kept);
  assert.equal(page.state.fault, null);
  assert.deepEqual(page.map?.cells, defaultMap(DEFAULT_PARAMETERS).cells);
});

test('an engine that dies at rest is told; the map stays', async (context) => {
  const { page, deps, complete, say } = open(context);
  await complete();
  deps.engine.die();
  await page.until(() => page.state.fault?.code === 'engine-died');
  assert.equal(page.cells, 2500);
  say({ type: 'dismissFault' });
  await page.until(() => page.state.fault === null);
  say({ type: 'generate' });
  await page.until(() => deps.engines.length === 2);
  await complete();
});

test('changes can be undone and redone; quick steps of one field go together', async (context) => {
  const { page, edit, complete, say } = open(context);
  await complete();
  const layer = (): unknown => page.state.settings.parameters.layer;
  assert.equal(page.state.canUndo, false);
  // However long this test stands still between two of them.
  const now = performance.now();
  const clock = context.mock.method(performance, 'now', () => now);
  for (const value of [5, 6, 7]) say({ type: 'edit', path: 'layer', value, step: true });
  clock.mock.restore();
  edit('layer', 3);
  edit('topK', 4);
  await page.until(() => page.state.settings.parameters.topK === 4);
  say({ type: 'undo' });
  say({ type: 'undo' });
  await page.until(() => page.state.settings.parameters.topK === 10);
  assert.equal(layer(), 7);
  say({ type: 'undo' });
  await page.until(() => layer() === 'last');
  assert.equal(page.state.canUndo, false);
  say({ type: 'redo' });
  await page.until(() => layer() === 7);
  await complete();
  assert.equal(page.map?.specification.layer, 7);
});

test('a page that comes again gets everything again', async (context) => {
  const { controller, page, complete } = open(context);
  await complete();
  const again = new Recorder();
  controller.connect(again.post);
  controller.receive({ type: 'ready', view: VIEW });
  assert.deepEqual(again.state, page.state);
  assert.deepEqual(again.map, page.map);
});

test('after a reload of the window the map comes back and goes on where it was', async (context) => {
  const deps = new FakeDependencies({ seconds: 5 });
  const before = open(context, { deps, run: false });
  before.say({ type: 'generate' });
  await before.page.until(() => deps.engines.length > 0);
  deps.engine.stopAt(700);
  await before.page.until(() => before.page.cells >= 700 && deps.snapshotsKept.size > 0);
  const { keep } = before.page.state;
  assert.ok(keep?.running);
  before.controller.dispose(false);

  const after = open(context, { deps, settings: keep.settings, run: keep.running, revivedKey: keep.key });
  await after.complete();
  assert.deepEqual(after.page.map?.cells, defaultMap(DEFAULT_PARAMETERS).cells);
  const { only } = deps.engine.asked[0] ?? {};
  assert.ok(only && only.length < 2500, 'cells that were kept are not computed again');
  after.controller.dispose(true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(deps.snapshotsKept.size, 0);
});

test('a complete map that comes back is not computed again', async (context) => {
  const deps = new FakeDependencies({ seconds: 0.2 });
  const before = open(context, { deps });
  await before.complete();
  const { keep } = before.page.state;
  assert.ok(keep);
  before.controller.dispose(false);
  const after = open(context, { deps, settings: keep.settings, run: keep.running, revivedKey: keep.key });
  await after.complete();
  assert.equal(deps.engine.asked.length, 0);
  assert.deepEqual(after.page.map?.cells, before.page.map?.cells);
  assert.ok(before.page.map?.finish?.regions);
  assert.deepEqual(after.page.map?.finish, before.page.map.finish);
  assert.deepEqual(after.controller.map()?.regions, before.controller.map()?.regions);
});

test('a map that was running is computed again where only an older one was kept', async (context) => {
  const deps = new FakeDependencies({ seconds: 0.2 });
  const before = open(context, { deps });
  await before.complete();
  const { keep } = before.page.state;
  assert.ok(keep);
  before.controller.dispose(false);
  const { parameters } = keep.settings;
  const settings = { ...keep.settings, parameters: { ...parameters, grid: { ...parameters.grid, columns: 30 } } };
  const slow = new FakeDependencies({ seconds: 5 });
  for (const [key, bytes] of deps.snapshotsKept) slow.snapshotsKept.set(key, bytes);
  const after = open(context, { deps: slow, settings, run: true, revivedKey: keep.key });
  await after.page.until(() => slow.engines.length > 0);
  await after.complete();
  assert.deepEqual(after.page.map?.cells, defaultMap(settings.parameters).cells);
});

test('a damaged snapshot is no obstacle', async (context) => {
  const deps = new FakeDependencies({ seconds: 0.2 });
  const revivedKey = '3b241101-e2bb-4255-8caf-4136c566a962';
  deps.snapshotsKept.set(
    revivedKey,
    Uint8Array.from({ length: 100 }, (_, i) => i),
  );
  const { complete, page } = open(context, { deps, revivedKey });
  await complete();
  assert.deepEqual(page.map?.cells, defaultMap(DEFAULT_PARAMETERS).cells);
});

test('a model that cannot be opened says why, and can be tried again', async (context) => {
  const deps = new FakeDependencies({ seconds: 0.2 });
  deps.openFault = new Fault({ code: 'model-broken', message: 'The weights are missing.', hint: 'Copy them.' });
  const { page, say, complete } = open(context, { deps });
  await page.until(() => page.state.model.status === 'failed' && page.state.run.status === 'idle');
  assert.ok(page.state.model.status === 'failed');
  assert.equal(page.state.model.fault.message, 'The weights are missing.');
  assert.equal(page.state.fault, null, 'it is said once');
  deps.openFault = undefined;
  say({ type: 'retryModel' });
  await complete();
  assert.equal(page.state.model.status, 'ready');
});

test('without a model nothing runs; the first one that is chosen is mapped', async (context) => {
  const { page, deps, say, complete } = open(context, { settings: { modelPath: null }, engine: { seconds: 60 } });
  await page.until(() => page.state.models.length === MODELS.length);
  say({ type: 'generate' });
  assert.equal(page.state.model.status, 'none');
  assert.equal(deps.engines.length, 0);
  deps.chosen = '/models/other';
  say({ type: 'chooseModel' });
  await complete();
  assert.ok(deps.calls.includes('acquire /models/other'));
  assert.ok(deps.calls.includes('remember /models/other'));
});

test('a path that leads to a listed model is told with it, also where it does not open', async (context) => {
  const { page, deps, say } = open(context);
  const [listed] = MODELS;
  deps.models = (current) =>
    Promise.resolve(
      MODELS.map((one) => (one === listed && current === '/models/link' ? { ...one, others: [current] } : one)),
    );
  deps.openFault = new Fault({ code: 'model-unsupported', message: 'It cannot be opened.' });
  say({ type: 'model', path: '/models/link' });
  await page.until(() => page.state.model.status === 'failed' && page.state.models[0]?.others !== undefined);
  assert.equal(page.state.models.filter((one) => leadsTo(one, '/models/link')).length, 1);
});

test('another model lets go of the engine before', async (context) => {
  const { page, deps, say, complete } = open(context);
  await complete();
  const [first] = deps.engines;
  say({ type: 'model', path: '/models/other' });
  await page.until(() => deps.engines.length === 2);
  await complete();
  assert.equal(first?.released, 1);
  say({ type: 'undo' });
  await page.until(() => page.state.settings.modelPath === DESCRIPTION.path);
});

test('another model computes at once, however long it takes; until its first cells the old map is known as such', async (context) => {
  const { page, deps, say, edit, complete } = open(context, { engine: { seconds: 60 } });
  await complete();
  const old = page.map;
  assert.equal(page.state.outdated, null);
  const { acquireEngine } = deps;
  deps.acquireEngine = async (path) => {
    const engine = await acquireEngine(path);
    engine.stopAt(0);
    return engine;
  };
  say({ type: 'model', path: '/models/other' });
  await page.until(() => page.state.run.status === 'running');
  assert.equal(page.map, old);
  assert.equal(page.state.outdated, old?.id);
  deps.acquireEngine = acquireEngine;
  await page.until(() => deps.engines.length === 2 && deps.engine.asked.length === 1);
  assert.equal(page.state.outdated, old?.id);
  deps.engine.stopAt(Infinity);
  await complete();
  assert.notEqual(page.map?.id, old?.id);
  assert.equal(page.state.outdated, null);
  // So it is after an edit whose first pass has not come; taking it back is the map again.
  deps.engine.stopAt(0);
  edit('layer', 3);
  await page.until(() => page.state.settings.parameters.layer === 3);
  assert.equal(page.state.outdated, page.map?.id);
  say({ type: 'undo' });
  await page.until(() => page.state.settings.parameters.layer === 'last' && !page.state.changed);
  assert.equal(page.state.outdated, null);
  deps.engine.stopAt(Infinity);
  // Undo brings a model back as choosing it does.
  say({ type: 'undo' });
  await page.until(() => deps.engines.length === 3 && deps.engine.asked.length === 1);
});

test('overlays change no cell: with others the map stays what it is', async (context) => {
  const { page, edit, complete } = open(context, { engine: { seconds: 60 } });
  await complete();
  edit('overlays', [{ kind: 'rows', matrix: 'unembedding', count: 20 }]);
  await page.until(() => page.state.settings.parameters.overlays.length === 1);
  assert.equal(page.state.outdated, null);
});

test('actions go to the extension, with the picture as the page draws it', async (context) => {
  const { page, deps, say, complete } = open(context);
  await complete();
  const shown: PageView = { ...VIEW, colorBy: 'token', colorRange: [0.2, 0.8], labels: false, ring: false };
  say({ type: 'view', view: shown });
  say({ type: 'tokenColors', slots: { ' Paris': 3 } });
  for (const action of [
    'save',
    'saveAs',
    'exportPicture',
    'copyCommandLine',
    'openSavedMap',
    'showLog',
    'helpWhat',
    'helpConvert',
  ] as const) {
    say({ type: 'action', action });
  }
  say({ type: 'copy', text: 'cell' });
  const view = JSON.stringify({ ...shown, tokenColors: { ' Paris': 3 } });
  assert.deepEqual(
    deps.calls.filter((call) => !call.startsWith('acquire') && !call.startsWith('remember')),
    [
      `save ${view}`,
      `saveAs ${view}`,
      'exportPicture',
      'copyCommandLine',
      'openSavedMap',
      'showLog',
      'help what',
      'help convert',
      'copy cell',
    ],
  );
  await page.until(() => page.state.tokenColors[' Paris'] === 3);
});

test('saving without a complete map says so', async (context) => {
  const { page, say } = open(context, { settings: { modelPath: null } });
  say({ type: 'action', action: 'save' });
  await page.until(() => page.state.fault !== null);
  assert.match(page.state.fault?.message ?? '', /no complete map/);
});

test('a map is saved with the line of the profile that is open', async (context) => {
  const { deps, edit, say, complete } = open(context);
  await complete();
  const profile = { from: { x: 0, y: 0 }, to: { x: 1, y: 0.5 } };
  edit('profile', profile);
  say({ type: 'action', action: 'save' });
  edit('profile', null);
  say({ type: 'action', action: 'save' });
  const saved = deps.calls.filter((call) => call.startsWith('save {'));
  assert.deepEqual(
    saved.map((display) => display.includes(`"profile":${JSON.stringify(profile)}`)),
    [true, false],
  );
});

test('messages that make no sense are logged and change nothing', async (context) => {
  const { page, deps, controller, complete } = open(context);
  await complete();
  const before = page.state.settings;
  for (const message of [
    null,
    'edit',
    { type: 'erase' },
    { type: 'edit', path: 'topK', value: 1e9 },
    { type: 'edit', path: 'device', value: 'toaster' },
    { type: 'edit', path: '__proto__.polluted', value: 1 },
    { type: 'edit', path: 'grid.center.7', value: 1 },
    { type: 'tokenColors', slots: { a: -1 } },
    { type: 'action', action: 'format the disk' },
  ]) {
    controller.receive(message);
  }
  assert.equal(deps.logged.length, 9);
  assert.deepEqual(page.state.settings, before);
  assert.deepEqual(page.state.tokenColors, {});
});

test('the color scale of the settings is followed', async (context) => {
  const { page, deps, complete } = open(context);
  await complete();
  deps.setScale('light');
  await page.until(() => page.state.colorScale === 'light');
});

const PROMPT = { kind: 'prompt', text: 'The whale swam' } as const;

test('the plane is surveyed: for the settings at once, for the map when it has the same plane', async (context) => {
  const { page, edit, complete } = open(context);
  await complete();
  const news = () => page.messages.findLast((message) => message.type === 'survey')?.news;
  await page.until(() => news()?.survey?.norms !== null);
  assert.equal(news()?.map, page.map?.id);
  assert.ok(page.map?.survey?.norms);
  assert.equal(news()?.survey?.marks.length, 0);
  edit('plane.center', PROMPT);
  await page.until(() => news()?.survey?.marks.length === 1);
});

test('what is known of a plane is told of no other: after an edit nothing is, until it is measured', async (context) => {
  const { page, edit, say, complete, controller } = open(context);
  await complete();
  const told = () => page.messages.flatMap((message) => (message.type === 'survey' ? [message.news] : []));
  const last = () => told().at(-1);
  await page.until(() => Boolean(last()?.survey?.norms));
  // A saved map has what was measured, as the page shows it.
  assert.deepEqual(controller.map()?.survey?.norms, last()?.survey?.norms);
  const before = told().length;
  edit('layer', 7);
  await page.until(() => page.state.settings.parameters.layer === 7 && told().length > before);
  assert.deepEqual(told()[before], { survey: null, fault: null, map: null });
  await page.until(() => Boolean(last()?.survey));
  // The grid is no part of the plane: what is known stays.
  const known = told().length;
  edit('grid', grid(40));
  await page.until(() => page.map?.specification.grid.columns === 40);
  assert.ok(
    told()
      .slice(known)
      .every(({ survey }) => survey !== null),
  );
  say({ type: 'undo' });
  await complete();
});

test('overlays are surveyed anew and saved with the map, but no cell is computed again', async (context) => {
  const { page, edit, complete, deps, controller } = open(context);
  await complete();
  const before = deps.engine.asked.length;
  edit('overlays', [{ kind: 'state', prompt: PROMPT }]);
  const news = () => page.messages.findLast((message) => message.type === 'survey')?.news;
  await page.until(() => news()?.survey?.marks.length === 1);
  assert.equal(news()?.map, page.map?.id);
  assert.equal(page.state.changed, false);
  assert.equal(deps.engine.asked.length, before);
  const map = controller.map();
  assert.deepEqual(map?.specification.overlays, [{ kind: 'state', prompt: PROMPT }]);
  assert.equal(map.survey?.marks[0]?.text, PROMPT.text);
  // An undo takes them back, without a new map again.
  controller.receive({ type: 'undo' });
  await page.until(() => news()?.survey?.marks.length === 0);
  assert.equal(deps.engine.asked.length, before);
});

test('a survey that fails says why and leaves the map', async (context) => {
  const { page, edit, complete, deps } = open(context, { engine: { surveyFault: 'The x axis is zero.' } });
  await complete();
  edit('plane.sample', ['Call me Ishmael.']);
  const news = () => page.messages.findLast((message) => message.type === 'survey')?.news;
  await page.until(() => typeof news()?.fault?.message === 'string');
  assert.equal(news()?.fault?.message, 'The x axis is zero.');
  assert.equal(page.state.fault, null);
  assert.ok(deps.logged.some((line) => line.includes('The x axis is zero.')));
});

test('answers and the survey come through a reload of the window', async (context) => {
  const parameters = {
    ...DEFAULT_PARAMETERS,
    grid: grid(20),
    question: { kind: 'divergence' },
    overlays: [{ kind: 'rows', matrix: 'embedding', count: 3 }],
  } as const;
  const first = open(context, { settings: { parameters } });
  await first.complete();
  const { keep } = first.page.state;
  assert.ok(keep);
  await first.page.until(() => first.deps.snapshotsKept.size > 0);
  const answers = first.controller.map()?.cells.answers;
  assert.ok(answers?.some((answer) => answer > 5));
  assert.deepEqual(first.page.map?.cells.answers, answers);
  const deps = new FakeDependencies({ seconds: 0.2 });
  for (const [key, bytes] of first.deps.snapshotsKept) deps.snapshotsKept.set(key, bytes);
  const second = open(context, { settings: keep.settings, run: false, deps, revivedKey: keep.key });
  await second.page.until(() => second.page.map !== null);
  assert.deepEqual(second.page.map?.cells.answers, answers);
  assert.equal(second.page.map?.survey?.marks.length, 3);
});

test('an adaptive map: what was filled in stays told after a reload; one that was stopped begins anew', async (context) => {
  const parameters = { ...DEFAULT_PARAMETERS, grid: grid(40), adaptive: true };
  const first = open(context, { settings: { parameters }, run: false, engine: { seconds: 5 } });
  first.say({ type: 'generate' });
  await first.page.until(() => first.deps.engines.length > 0);
  first.deps.engine.stopAt(300);
  await first.page.until(() => first.page.cells >= 300);
  first.say({ type: 'cancel' });
  await first.page.until(() => first.page.state.run.status === 'stopped');
  first.deps.engine.stopAt(Infinity);
  first.say({ type: 'resume' });
  await first.complete();
  assert.equal(first.deps.engine.asked[1]?.only, undefined);
  const filled = first.controller.map()?.cells.filled ?? assert.fail();
  assert.equal(
    filled.reduce((sum, one) => sum + one, 0),
    1600 - 100, // all but one of every 4 x 4
  );
  assert.deepEqual(first.page.map?.cells.filled, filled);
  const { keep } = first.page.state;
  assert.ok(keep);
  await first.page.until(() => first.deps.snapshotsKept.size > 0);
  const deps = new FakeDependencies({ seconds: 0.2 });
  for (const [key, bytes] of first.deps.snapshotsKept) deps.snapshotsKept.set(key, bytes);
  const second = open(context, { settings: keep.settings, run: false, deps, revivedKey: keep.key });
  await second.page.until(() => second.page.map !== null);
  assert.deepEqual(second.page.map?.cells.filled, filled);
});

test('a file is chosen for a setting by the host; without one nothing changes', async (context) => {
  const { page, say, complete, deps } = open(context);
  await complete();
  const vector = { kind: 'vector', vector: encodeVector(new Float32Array(576).fill(0.5)), name: 'steer.npy' } as const;
  say({ type: 'chooseFile', path: 'plane.center', content: 'vector' });
  await page.until(() => deps.calls.includes('chooseVector 576'));
  assert.equal(page.state.settings.parameters.plane.center.kind, 'origin');
  deps.chosenVector = { source: vector, sae: '/saes/layers.3' };
  say({ type: 'chooseFile', path: 'plane.center', content: 'vector' });
  await page.until(() => page.state.settings.parameters.plane.center.kind === 'vector');
  assert.deepEqual(page.state.settings.parameters.plane.center, vector);
  // Whoever takes a vector of an autoencoder has named it for the list of features.
  assert.equal(page.state.sae, '/saes/layers.3');
  deps.chosenTexts = ['one', 'two'];
  say({ type: 'chooseFile', path: 'plane.sample', content: 'texts' });
  await page.until(() => page.state.settings.parameters.plane.sample !== null);
  assert.deepEqual(page.state.settings.parameters.plane.sample, ['one', 'two']);
});

test('what a table of texts sets is one step; what cannot be set is said, and nothing changes', async (context) => {
  const { page, say, edit, complete, deps } = open(context);
  await complete();
  const parameters = () => page.state.settings.parameters;
  const axes = { method: 'pca_basis', texts: ['a', 'b'], positions: 'last' };
  edit('plane', { ...parameters().plane, axes });
  await page.until(() => parameters().plane.axes.method === 'pca_basis');
  assert.deepEqual(parameters().overlays, [{ kind: 'texts', texts: null }]);
  say({ type: 'undo' });
  await page.until(() => parameters().plane.axes.method !== 'pca_basis');
  assert.deepEqual(parameters().overlays, []);
  edit('plane.axes', axes);
  await page.until(() => parameters().plane.axes.method === 'pca_basis');
  const before = parameters();
  const choose = (texts: readonly string[], path = 'plane.axes.texts'): void => {
    deps.chosenTable = { texts, labels: texts.map((_, i) => `${i % 2}`) };
    say({ type: 'chooseFile', path, content: 'table' });
  };
  for (const [texts, path, words] of [
    [['alone'], undefined, /cannot be taken: principal components need two texts/],
    [Array.from({ length: 30 }, () => 'x'.repeat(90_000)), 'overlays', /cannot be taken: the texts have more than/],
    [['x'.repeat(100_001)], 'overlays', /cannot be taken: a text is longer than/],
  ] as const) {
    choose(texts, path);
    await page.until(() => words.test(page.state.fault?.message ?? ''));
    assert.deepEqual(parameters(), before);
    say({ type: 'dismissFault' });
  }
  choose(['one', 'two', 'three']);
  await page.until(() => parameters().overlays.length === 1);
  assert.deepEqual(parameters().plane.axes, { ...before.plane.axes, texts: ['one', 'two', 'three'] });
  choose(['four', 'five']);
  const points = { kind: 'texts', texts: null, labels: ['0', '1'] };
  await page.until(() => parameters().overlays[0]?.kind === 'texts' && page.state.canUndo);
  await page.until(() => JSON.stringify(parameters().overlays) === JSON.stringify([points]));
  say({ type: 'undo' });
  say({ type: 'undo' });
  await page.until(() => parameters().overlays.length === 0);
  assert.deepEqual(parameters(), before);
});

test('questions are added and taken away in one step each, the first of several too', async (context) => {
  const { page, say, edit, complete } = open(context);
  await complete();
  const asked = () => questionsOf(page.state.settings.parameters);
  const three = [' a', ' b', ' c'].map((token) => ({ kind: 'probability', token }) as const);
  edit('questions', three);
  await page.until(() => asked().length === 3);
  edit('questions', three.slice(1));
  await page.until(() => asked().length === 2);
  assert.deepEqual(asked(), three.slice(1));
  say({ type: 'undo' });
  await page.until(() => asked().length === 3);
  assert.deepEqual(asked(), three);
  edit('questions', []);
  await page.until(() => asked().length === 0);
  say({ type: 'undo' });
  await page.until(() => asked().length === 3);
  for (const wrong of [null, 'x', ['x'], Array.from({ length: 17 }, () => three[0])]) edit('questions', wrong);
  edit('topK', 4);
  await page.until(() => page.state.settings.parameters.topK === 4);
  assert.deepEqual(asked(), three);
});

test('all parameters change in one step, and one undo takes them back', async (context) => {
  const { page, edit, complete, say } = open(context);
  await complete();
  const other = { ...DEFAULT_PARAMETERS, layer: 3, topK: 5, grid: grid(20) } as const;
  edit('parameters', other);
  await page.until(() => page.map?.specification.layer === 3);
  assert.deepEqual(page.state.settings.parameters, other);
  say({ type: 'undo' });
  await page.until(() => page.state.settings.parameters.layer === 'last');
  assert.deepEqual(page.state.settings.parameters, DEFAULT_PARAMETERS);
});

test('points are read and written from, and their vectors taken out', async (context) => {
  const { page, say, complete, deps } = open(context, { engine: { endlessText: true } });
  await complete();
  const map = page.map?.id ?? -1;
  // Said to a map that is no longer shown, coordinates mean nothing.
  say({ type: 'point', slot: 'main', map: map - 1, x: 1, y: 1 });
  say({ type: 'vector', slot: 'main', map: map - 1, x: 1, y: 1, to: 'clipboard' });
  const from = (id: number) =>
    ({ slot: 'main', map: id, points: [{ name: '', x: 0.25, y: -0.25 }], sampling: null }) as const;
  say({ type: 'continue', from: from(map - 1) });
  say({ type: 'point', slot: 'main', map, x: 0.25, y: -0.25 });
  const point = () => page.messages.findLast((message) => message.type === 'point')?.point;
  await page.until(() => Boolean(point()?.reading));
  assert.equal(point()?.reading?.ids[0], page.map?.cells.ids[(24 * 50 + 25) * 10]);
  const text = () => page.messages.findLast((message) => message.type === 'continuation')?.continuation?.texts[0];
  assert.ok(!page.messages.some((message) => message.type === 'continuation'));
  assert.ok(!deps.calls.some((call) => call.startsWith('copy')));
  say({ type: 'continue', from: from(map) });
  await page.until(() => text()?.tokens.length === 3);
  assert.equal(text()?.status, 'running');
  say({ type: 'continue', from: null });
  await page.until(() => text()?.status === 'stopped');
  say({ type: 'vector', slot: 'main', map, x: 0, y: 0, to: 'clipboard' });
  await page.until(() => deps.calls.some((call) => call.startsWith('copy [')));
  say({ type: 'vector', slot: 'main', map, x: 0.5, y: 1, to: 'file' });
  await page.until(() => deps.calls.includes('saveVector 0.5 1 8'));
  say({ type: 'action', action: 'savePlane' });
  await page.until(() => deps.calls.includes('savePlane'));
});

test('features are told of a whole map’s points and tokens, and become questions and axes', async (context) => {
  const { page, say, complete, deps, edit } = open(context, {
    settings: { parameters: { ...DEFAULT_PARAMETERS, context: { kind: 'prompt', text: 'The old man' } } },
  });
  await complete();
  const told = () => page.messages.findLast((message) => message.type === 'features')?.features;
  const settings = () => page.state.keep?.settings;
  const ask = (of: { x: number; y: number } | { position: number }, id = page.map?.id ?? -1): void =>
    say({ type: 'features', slot: 'main', map: id, of });
  const use = (feature: number, to: 'question' | 'x' | 'y', id = page.map?.id ?? -1): void =>
    say({ type: 'feature', slot: 'main', map: id, feature, to });
  // Without an autoencoder, and of a map that is no longer shown, nothing is told.
  ask({ x: 0, y: 0 });
  deps.chosenFeature = {
    feature: { kind: 'feature', vector: encodeVector(new Float32Array(8)), bias: 0, threshold: 0 },
    sae: '/saes/8-res',
  };
  say({ type: 'chooseFile', path: 'question', content: 'feature' });
  // Whoever asks a feature of an autoencoder has named it; both are one step.
  await page.until(() => page.state.sae === '/saes/8-res');
  assert.equal(settings()?.parameters.question?.kind, 'feature');
  say({ type: 'undo' });
  await page.until(() => page.state.sae === null);
  assert.equal(settings()?.parameters.question, null);
  deps.chosenSae = '/saes/8-res';
  say({ type: 'chooseFile', path: 'sae', content: 'sae' });
  await page.until(() => page.state.sae === '/saes/8-res');
  await complete();
  const map = page.map?.id ?? -1;
  ask({ x: 0, y: 0 }, map - 1);
  use(24_575, 'x');
  assert.equal(told(), undefined);

  ask({ x: 0.25, y: -1 });
  await page.until(() => told()?.told?.strongest[0]?.tokens?.length === 5);
  const [asked] = deps.engine.featured;
  assert.ok(asked && !(asked.state instanceof Float32Array));
  assert.deepEqual([asked.sae, asked.state.x, asked.state.y, asked.most], ['/saes/8-res', 0.25, -1, 20]);
  assert.equal(deps.engine.featured.length, 1);
  const before = page.messages.filter((message) => message.type === 'features').map(({ features }) => features);
  assert.deepEqual(
    before.map((one) => one?.told?.strongest[0]?.tokens ?? null),
    [null, null, told()?.told?.strongest[0]?.tokens],
  );
  assert.deepEqual(told()?.told?.sae.name, '8-res');
  // No vector crosses to the page.
  assert.ok(!JSON.stringify(told()).includes('direction":{'));

  // An axis is laid on a plane that is shown, along a feature that was told.
  use(23_575, 'y', map - 1);
  use(1, 'y');
  use(24_575, 'x');
  await page.until(() => settings()?.parameters.plane.axes.method === 'directions');
  const { axes } = settings()?.parameters.plane ?? {};
  assert.ok(axes?.method === 'directions' && axes.x.kind === 'vector');
  assert.equal(axes.x.name, '8-res#24575');
  await complete();
  const next = page.map?.id ?? -1;
  assert.notEqual(next, map);
  ask({ position: 1 }, next);
  await page.until(() => Boolean(told()?.told?.strongest[0]?.tokens));
  assert.deepEqual(told()?.of, { position: 1 });
  assert.deepEqual([...new Set(deps.engine.featured.at(-1)?.state as Float32Array)], [1]);
  use(24_575, 'question', next);
  await page.until(() => settings()?.parameters.question?.kind === 'feature');
  assert.ok(deps.calls.includes('readFeature /saes/8-res 24575'));

  await complete();
  deps.engine.saeFault = new Fault({ code: 'file', message: 'It is no autoencoder.' });
  ask({ position: 99 });
  await page.until(() => Boolean(told()?.fault));
  assert.match(told()?.fault?.message ?? '', /no position 99/);
  ask({ x: 1, y: 1 });
  await page.until(() => told()?.fault?.message === 'It is no autoencoder.');
  edit('sae', null);
  await page.until(() => page.state.sae === null);
});
