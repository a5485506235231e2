import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SavedMapDependencies } from '../../src/panel/dependencies.js';
import { SavedMapController } from '../../src/panel/savedMap.js';
import { DEFAULT_DISPLAY, type Display } from '../../src/map/mapDisplay.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { type PageView, pageView } from '../../src/protocol/page.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { FakeDependencies } from '../webview/fakeDependencies.js';
import { Recorder } from './recorder.js';

/** A saved map's page, and the displays of the maps that actions were given. */
function open(map: TokenMap) {
  const given: (Display | undefined)[] = [];
  const note = (one: TokenMap): Promise<void> => (given.push(one.display), Promise.resolve());
  const rest = new FakeDependencies();
  const deps: SavedMapDependencies = Object.assign(rest, {
    exportPicture: async (one: TokenMap) => (await note(one), true),
    editAndRun: note,
    copyCommandLine: note,
    openAsText: () => Promise.resolve(),
  });
  const controller = new SavedMapController(deps, map);
  const page = new Recorder();
  controller.connect((message) => page.post(message));
  return { controller, page, given, rest };
}

const display: Display = {
  ...DEFAULT_DISPLAY,
  colorBy: 'margin',
  colorRange: [0.1, 0.4],
  labels: false,
  tokenColors: { Paris: 3 },
  profile: { from: { x: 0, y: 0 }, to: { x: 1, y: 0 } },
};
const ACTIONS = ['exportPicture', 'editAndRun', 'copyCommandLine'] as const;

test('a saved map’s page begins as its file says, and goes on as the person has it', async () => {
  const { controller, page, given, rest } = open({ ...syntheticMap({ columns: 4, rows: 3 }), display });
  rest.tokenColors.remember({ Paris: 7, Berlin: 1 });
  controller.receive({ type: 'ready', view: null });
  await page.until(() => page.state.mode === 'saved');
  assert.deepEqual(page.state.display, pageView(display));
  assert.deepEqual(page.state.tokenColors, { Paris: 3, Berlin: 1 }, 'the file’s tokens keep its colors');
  for (const action of ACTIONS) controller.receive({ type: 'action', action });
  const asSaved = { ...display, tokenColors: { Paris: 3, Berlin: 1 } };
  assert.deepEqual(given, [asSaved, asSaved, asSaved]);

  const view: PageView = { ...pageView(display), colorBy: 'token', labels: true };
  controller.receive({ type: 'view', view });
  for (const action of ACTIONS) controller.receive({ type: 'action', action });
  assert.deepEqual(given.slice(3), Array(3).fill({ ...asSaved, ...view }));
  assert.deepEqual(controller.drawn().display, { ...asSaved, ...view });
  controller.dispose();
});

test('a file of 0.1.0 says nothing of its display: it opens as by default', async () => {
  const { controller, page } = open(syntheticMap({ columns: 4, rows: 3 }));
  controller.receive({ type: 'ready', view: null });
  await page.until(() => page.state.mode === 'saved');
  assert.deepEqual(page.state.display, pageView(DEFAULT_DISPLAY));
  controller.dispose();
});
