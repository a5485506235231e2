import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { layerIndex, DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { MapController } from '../../src/panel/controller.js';
import type { HostMessage, PageMessage, ShownMap } from '../../src/protocol/page.js';
import type { PanelSettings } from '../../src/protocol/panelSettings.js';
import { FakeDependencies, SETTINGS as usual } from '../webview/fakeDependencies.js';
import { defaultMap, DESCRIPTION } from '../webview/fakeEngine.js';
import { Recorder } from './recorder.js';

const LAYERS = 4;
const SETTINGS: PanelSettings = {
  ...usual,
  parameters: { ...DEFAULT_PARAMETERS, layer: 2, grid: { ...DEFAULT_PARAMETERS.grid, columns: 20, rows: 20 } },
};

function open(context: TestContext) {
  const deps = new FakeDependencies({
    seconds: 0.2,
    description: { facts: { ...DESCRIPTION.facts, blocks: LAYERS } },
  });
  const controller = new MapController(deps, { settings: SETTINGS, run: true });
  context.after(() => controller.dispose(true));
  const page = new Recorder();
  /** The maps of the sweep, as a page has them. */
  let swept: ShownMap[] = [];
  const say = (message: PageMessage): void => controller.receive(message);
  controller.connect((message: HostMessage) => {
    if (message.type === 'sweep') swept = message.map ? [...swept, structuredClone(message.map)] : [];
    page.post(message);
    if (message.type === 'progress') setImmediate(() => say({ type: 'drawn' }));
  });
  say({ type: 'ready', view: null });
  const edit = (path: string, value: unknown): void => say({ type: 'edit', path, value });
  const asked = (): unknown[] => deps.engines.flatMap((one) => one.asked.map(({ parameters }) => parameters.layer));
  const complete = (): Promise<void> => page.until(() => swept.length === LAYERS + 1);
  return { controller, deps, page, say, edit, asked, complete, swept: () => swept };
}

test('a sweep is the map of every layer, once each, the one that is there already not again', async (context) => {
  const { page, edit, asked, complete, swept } = open(context);
  await page.until(() => Boolean(page.map?.finish));
  edit('sweep', true);
  await complete();
  assert.deepEqual(asked(), [2, 'embeddings', 0, 1, 3]);
  for (const { specification, cells } of swept()) {
    const whole = defaultMap({ ...SETTINGS.parameters, layer: specification.layer }).cells;
    const winners = Array.from({ length: 400 }, (_, cell) => whole.ids[cell * whole.topK]);
    assert.deepEqual(
      Array.from({ length: 400 }, (_, cell) => cells.ids[cell * cells.topK]),
      winners,
    );
  }
  assert.deepEqual(
    swept()
      .map(({ specification }) => layerIndex(specification.layer))
      .sort((a, b) => a - b),
    [-1, 0, 1, 2, 3],
  );
});

test('all layers are saved as one once they are there; until then the map alone is', async (context) => {
  const { page, edit, complete, deps, say } = open(context);
  await page.until(() => Boolean(page.map?.finish));
  edit('sweep', true);
  say({ type: 'action', action: 'save' });
  await complete();
  say({ type: 'action', action: 'save' });
  await new Promise(setImmediate);
  assert.deepEqual(
    deps.calls.filter((call) => call.startsWith('save')).map((call) => call.split(' ')[0]),
    ['save', 'saveSet'],
  );
  const [set] = deps.sets;
  assert.ok(set?.kind === 'series');
  const layers = ['embeddings', 0, 1, 2, 3];
  assert.deepEqual(set.series.vary, [{ path: 'layer', values: layers }]);
  assert.deepEqual(
    set.maps.map(({ specification }) => specification.layer),
    layers,
  );
});

test('a layer that was swept is shown without being computed', async (context) => {
  const { page, edit, asked, complete } = open(context);
  edit('sweep', true);
  await complete();
  const before = asked().length;
  for (const layer of [0, 'embeddings', 3, 2] as const) {
    edit('layer', layer);
    await page.until(() => page.map?.specification.layer === layer && page.state.outdated === null);
    assert.deepEqual(page.map?.cells, defaultMap({ ...SETTINGS.parameters, layer }).cells);
    assert.ok(page.map.finish);
  }
  edit('layer', 'last');
  await page.until(() => page.map?.specification.layer === LAYERS - 1);
  assert.equal(asked().length, before);
});

test('with other parameters a sweep begins anew, behind the panel’s own map; without it nothing is left', async (context) => {
  const { page, edit, asked, complete, swept, deps } = open(context);
  edit('sweep', true);
  await complete();
  edit('plane.axes.seed', 7);
  await page.until(() => swept().length === 0);
  await complete();
  assert.deepEqual(asked().slice(LAYERS + 1), [2, 'embeddings', 0, 1, 3]);
  edit('sweep', false);
  await page.until(() => page.state.sweep === null);
  assert.deepEqual(swept(), []);
  assert.deepEqual(deps.logged, []);
});

test('cancel keeps what has come and stops; a page that comes anew gets it', async (context) => {
  const { page, say, edit, deps, swept } = open(context);
  await page.until(() => Boolean(page.map?.finish) && page.state.run.status === 'idle');
  deps.engine.stopAt(150);
  edit('sweep', true);
  await page.until(() => page.state.sweep?.running === true && swept().length === 1);
  say({ type: 'cancel' });
  await page.until(() => page.state.sweep?.running === false);
  assert.deepEqual(
    swept().map(({ specification }) => specification.layer),
    [2],
  );
  say({ type: 'ready', view: null });
  await page.until(() => swept().length === 1);
});
