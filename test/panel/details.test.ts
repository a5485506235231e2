import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MapController } from '../../src/panel/controller.js';
import { DEFAULT_PARAMETERS, type Grid, type MapParameters } from '../../src/map/specification.js';
import { topTokens } from '../../src/map/regions.js';
import type { PageMessage } from '../../src/protocol/page.js';
import { FakeDependencies, SETTINGS } from '../webview/fakeDependencies.js';
import { defaultMap, type FakeEngineOptions } from '../webview/fakeEngine.js';
import { Recorder } from './recorder.js';

/** A part of the default map. */
const PART = { spacing: 0.01, center: [3.1, -2.2] } as const;
const partOf = (window: Pick<Grid, 'spacing' | 'center'>): MapParameters => ({
  ...DEFAULT_PARAMETERS,
  grid: { ...DEFAULT_PARAMETERS.grid, ...window },
});

interface Panel {
  readonly controller: MapController;
  readonly deps: FakeDependencies;
  readonly page: Recorder;
  readonly say: (message: PageMessage) => void;
  /** The page tells which part of the map is looked at. */
  readonly look: (grid: Pick<Grid, 'spacing' | 'center'> | null, refine?: boolean) => void;
}

/** A panel with a complete map. */
async function open(context: TestContext, engine: FakeEngineOptions = {}, deps?: FakeDependencies): Promise<Panel> {
  const used = deps ?? new FakeDependencies({ seconds: 0.2, ...engine });
  const controller = new MapController(used, { settings: SETTINGS, run: true });
  context.after(() => controller.dispose(true));
  const page = new Recorder();
  controller.connect(page.post);
  const say = (message: PageMessage): void => controller.receive(message);
  say({ type: 'ready', view: null });
  await page.until(() => Boolean(page.map?.finish) && page.state.run.status === 'idle');
  const look: Panel['look'] = (grid, refine = true) =>
    say({ type: 'window', slot: 'main', map: page.map?.id ?? -1, grid, refine });
  return { controller, deps: used, page, say, look };
}

test('a window that is looked at is computed with as many cells as the map has', async (context) => {
  const { page, look, controller, deps } = await open(context);
  const base = page.map?.id;
  look(PART);
  await page.until(() => Boolean(page.detail?.finish));
  assert.deepEqual(page.detail?.cells, defaultMap(partOf(PART)).cells);
  assert.deepEqual(page.detail.specification.grid, { ...DEFAULT_PARAMETERS.grid, ...PART });
  assert.equal(page.map?.id, base, 'the map itself stays');
  assert.notEqual(page.detail.id, base);
  // Everything else is the map's own.
  const asked = deps.engine.asked.at(-1)?.parameters;
  assert.deepEqual({ ...asked, grid: null }, { ...DEFAULT_PARAMETERS, grid: null });
  // More of the map is seen there than its own cells had: the picture is another one.
  const tops = new Set(topTokens(page.detail.cells));
  assert.ok(tops.size >= 1 && page.detail.finish?.regions);
  assert.deepEqual(controller.map()?.specification.grid, page.detail.specification.grid);
  look(null);
  await page.until(() => !page.state.changed);
  assert.deepEqual(controller.map()?.specification.grid, DEFAULT_PARAMETERS.grid);
});

test('saving, pictures and the command line take the window that is seen', async (context) => {
  const { page, look, say, deps, controller } = await open(context);
  const saved: unknown[] = [];
  deps.saveMap = (map) => (saved.push(map), Promise.resolve(true));
  deps.exportPicture = (map?: unknown) => (saved.push(map), Promise.resolve(true));
  deps.copyCommandLine = (subject?: unknown) => (saved.push(subject), Promise.resolve());
  look(PART);
  await page.until(() => Boolean(page.detail?.finish));
  await controller.save({ as: false });
  await controller.exportPicture();
  say({ type: 'action', action: 'copyCommandLine' });
  const grids = saved.map((one) => {
    const { specification, parameters } = one as { specification?: MapParameters; parameters?: MapParameters };
    return (specification ?? parameters)?.grid;
  });
  assert.equal(grids.length, 3);
  for (const grid of grids) assert.deepEqual(grid, partOf(PART).grid);
});

test('a window that is not complete is not saved, and the whole map can be', async (context) => {
  const { page, look, controller, deps } = await open(context);
  deps.engine.stopAt(200);
  look(PART);
  await page.until(() => page.state.detail.status === 'running' && page.detail !== null);
  await assert.rejects(controller.save({ as: false }), /window that is shown is not complete/);
  assert.equal(controller.status.complete, false);
  assert.equal(page.state.run.status, 'idle', 'the map is not computed again');
  look(null);
  await page.until(() => page.state.detail.status === 'idle');
  assert.equal(await controller.save({ as: false }), true);
  deps.engine.stopAt(Infinity);
});

test('the next window takes the place of one that is being computed; one that was seen is not computed again', async (context) => {
  const { page, look, deps } = await open(context);
  deps.engine.stopAt(150);
  look(PART);
  await page.until(() => page.detail !== null);
  const other = { spacing: 0.02, center: [1, 1] } as const;
  look(other);
  deps.engine.stopAt(Infinity);
  await page.until(() => Boolean(page.detail?.finish));
  assert.deepEqual(page.detail?.cells, defaultMap(partOf(other)).cells);
  assert.ok(page.messages.every((message) => message.type !== 'state' || message.slots.main.fault === null));
  look(PART);
  await page.until(() => page.detail?.specification.grid.spacing === PART.spacing && Boolean(page.detail.finish));
  const before = deps.engine.asked.length;
  look(other);
  await page.until(() => page.detail?.specification.grid.spacing === other.spacing);
  assert.ok(page.detail.finish);
  assert.equal(deps.engine.asked.length, before);
});

test('without refinement nothing is computed, and the part can become the map all the same', async (context) => {
  const { page, look, say, deps } = await open(context);
  const before = deps.engine.asked.length;
  look(PART, false);
  assert.equal(page.detail, null);
  assert.equal(deps.engine.asked.length, before);
  say({ type: 'action', action: 'useView' });
  await page.until(() => page.map?.specification.grid.spacing === PART.spacing && Boolean(page.map.finish));
  assert.equal(deps.engine.asked.length, before + 1);
});

test('the window becomes the map at once where it is there, and undo goes back', async (context) => {
  const { page, look, say, deps, controller } = await open(context);
  look(PART);
  await page.until(() => Boolean(page.detail?.finish));
  const before = deps.engine.asked.length;
  controller.useView();
  await page.until(() => page.map?.specification.grid.spacing === PART.spacing);
  assert.ok(page.map?.finish, 'it is whole');
  await page.until(() => page.state.settings.parameters.grid.spacing === PART.spacing);
  assert.deepEqual(page.state.settings.parameters, partOf(PART));
  assert.equal(page.state.changed, false);
  assert.equal(controller.status.zoomed, false);
  assert.throws(() => controller.useView(), /whole map is shown/);
  assert.equal(deps.engine.asked.length, before, 'nothing is computed again');
  say({ type: 'undo' });
  await page.until(() => page.map?.specification.grid.spacing === 0.5 && Boolean(page.map.finish));
  assert.deepEqual(page.map.cells, defaultMap(DEFAULT_PARAMETERS).cells);
});

test('another map forgets the window; a page that comes again asks for it and has it at once', async (context) => {
  const { page, look, say, deps, controller } = await open(context);
  look(PART);
  await page.until(() => Boolean(page.detail?.finish));
  const again = new Recorder();
  controller.connect(again.post);
  say({ type: 'ready', view: null });
  const before = deps.engine.asked.length;
  say({ type: 'window', slot: 'main', map: again.map?.id ?? -1, grid: PART, refine: true });
  await again.until(() => Boolean(again.detail?.finish));
  assert.deepEqual(again.detail?.cells, page.detail?.cells);
  assert.equal(deps.engine.asked.length, before);

  say({ type: 'edit', path: 'layer', value: 28 });
  await again.until(() => again.map?.specification.layer === 28 && Boolean(again.map.finish));
  assert.deepEqual(controller.map()?.specification.grid, DEFAULT_PARAMETERS.grid);
  say({ type: 'window', slot: 'main', map: again.map?.id ?? -1, grid: PART, refine: true });
  await again.until(() => again.detail?.specification.layer === 28 && Boolean(again.detail.finish));
});

test('Escape stops a window; a map that is asked for makes it stop as well', async (context) => {
  const { page, look, say, deps } = await open(context);
  deps.engine.stopAt(200);
  look(PART);
  await page.until(() => page.detail !== null);
  say({ type: 'cancel' });
  await page.until(() => page.state.detail.status === 'stopped');
  assert.equal(page.state.fault, null);
  look({ ...PART, spacing: 0.03 });
  await page.until(() => page.state.detail.status === 'running');
  say({ type: 'edit', path: 'layer', value: 3 });
  await page.until(() => page.state.run.status === 'running');
  deps.engine.stopAt(Infinity);
  await page.until(() => page.map?.specification.layer === 3 && Boolean(page.map.finish));
  assert.equal(page.state.detail.status, 'idle');
  assert.equal(page.state.fault, null);
});

test('a window that was stopped is resumed: only what it lacks is computed', async (context) => {
  const { page, look, say, deps } = await open(context);
  deps.engine.stopAt(200);
  look(PART);
  await page.until(() => page.detail !== null);
  say({ type: 'cancel' });
  await page.until(() => page.state.detail.status === 'stopped');
  const { detail: stopped } = page.state;
  assert.ok(stopped.status === 'stopped');
  deps.engine.stopAt(Infinity);
  say({ type: 'resume' });
  await page.until(() => Boolean(page.detail?.finish));
  assert.equal(deps.engine.asked.at(-1)?.only?.length, stopped.total - stopped.done);
  assert.deepEqual(page.detail?.cells, defaultMap(partOf(PART)).cells);
});

test('a window that is none, or of another map, is left; after another model was chosen none is computed', async (context) => {
  const { page, look, say, deps, controller } = await open(context, { seconds: 5 });
  for (const grid of [
    { spacing: 0.01, center: [40, 0] },
    { spacing: 3, center: [0, 0] },
    { spacing: 0, center: [0, 0] },
    { spacing: -1, center: [0, 0] },
  ] as const) {
    look(grid);
    await page.until(() => page.state.fault?.message === 'The window does not lie in the map.');
    say({ type: 'dismissFault' });
    await page.until(() => page.state.fault === null);
  }
  say({ type: 'window', slot: 'main', map: 99, grid: PART, refine: true });
  controller.receive({
    type: 'window',
    slot: 'main',
    map: page.map?.id,
    grid: { spacing: NaN, center: [0, 0] },
    refine: true,
  });
  controller.receive({
    type: 'window',
    slot: 'main',
    map: page.map?.id,
    grid: { spacing: 1, center: [0] },
    refine: true,
  });
  assert.equal(deps.logged.filter((line) => line.includes('not understood')).length, 2);
  say({ type: 'edit', path: 'device', value: 'cuda' });
  await page.until(() => !page.state.refinable.ok);
  look(PART);
  await page.until(() => page.state.estimate !== null);
  // The other model's own first pass is of the whole map.
  const grids = deps.engines.flatMap((engine) => engine.asked.map(({ parameters }) => parameters.grid));
  for (const grid of grids) assert.deepEqual(grid, DEFAULT_PARAMETERS.grid);
  assert.equal(page.detail, null);
});
