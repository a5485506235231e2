import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { presetParameters } from '../../src/map/presets.js';
import { DEFAULT_PARAMETERS, type Overlay } from '../../src/map/specification.js';
import type { Said, Survey } from '../../src/map/survey.js';
import { decodeVector } from '../../src/map/vector.js';
import type { NearBoundary, StateBoundaries } from '../../src/protocol/boundaries.js';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
import { DESCRIPTION } from './fakeEngine.js';
import { eventually, type Stage, usePages } from './stage.js';

const OVERLAYS: readonly Overlay[] = [
  { kind: 'state', prompt: { kind: 'prompt', text: 'The whale swam' } },
  { kind: 'rows', matrix: 'unembedding', count: 5 },
];
const WAY: Overlay = { kind: 'layers', prompt: { kind: 'prompt', text: 'The whale swam away' } };
const PRESET = presetParameters('threePrompts', DEFAULT_PARAMETERS);
const PARAMETERS = { ...PRESET, grid: { ...PRESET.grid, spacing: 0.08, center: [0, 0] as const }, overlays: OVERLAYS };

suite('Anchors and overlays', { concurrency: 2, skip: leftOut(), timeout: 240_000 }, () => {
  const onPage = usePages({ parameters: PARAMETERS });

  /** Where a point of the plane is on the page: the plane's window is ±2, the map is not zoomed. */
  const at = async (stage: Stage, x: number, y: number): Promise<{ x: number; y: number }> => {
    const box = await stage.plot.boundingBox();
    assert.ok(box);
    return { x: box.x + ((x + 2) / 4) * box.width, y: box.y + (1 - (y + 2) / 4) * box.height };
  };
  const tip = (stage: Stage) => stage.page.locator('.mark-tip');

  onPage('anchors stand at 0, 1 and 1, and say what they are', {}, async (stage) => {
    for (const [x, y, text] of [
      [0, 0, 'A “We saw the great sperm”'],
      [1, 0, 'B “She was the daughter of Sir”'],
      [0, 1, 'C “And the LORD spake unto”'],
    ] as const) {
      const place = await at(stage, x, y);
      await stage.page.mouse.move(place.x, place.y);
      await tip(stage).waitFor();
      assert.equal(await tip(stage).locator('strong').innerText(), text);
      assert.match(await tip(stage).innerText(), /Norm [\d.]+ × typical\s+On the plane/);
    }
    const away = await at(stage, 1.7, 1.7);
    await stage.page.mouse.move(away.x, away.y);
    await tip(stage).waitFor({ state: 'hidden' });
  });

  onPage('they stay on their places through zoom', {}, async (stage) => {
    const place = await at(stage, 1, 0);
    await stage.page.mouse.move(place.x, place.y);
    await tip(stage).waitFor();
    for (const delta of [-400, -300, 250]) {
      await stage.page.mouse.wheel(0, delta); // zooms at the pointer: what is below it stays there
      await stage.page.mouse.move(place.x + 1, place.y);
      await stage.page.mouse.move(place.x, place.y);
      await stage.settled();
      assert.match(await tip(stage).locator('strong').innerText(), /^B /);
    }
  });

  const chat = { contexts: { ...DESCRIPTION.contexts, chat: { ok: true } } } as const;
  onPage(
    'a prompt has several lines, its tokens below it, and the chat template of the model',
    { engine: { description: chat } },
    async (stage) => {
      const { page } = stage;
      const tokens = page.getByRole('radiogroup', { name: /^Tokens of the y axis/ });
      const chosen = tokens.getByRole('radio', { checked: true });
      const axis = () => {
        const { axes } = stage.controller.settings.parameters.plane;
        assert.ok(axes.method === 'directions');
        return axes.y;
      };
      await stage.type(
        'Prompt of the y axis',
        'It was the best of times,\nit was the worst of times, it was the age of',
      );
      await eventually(async () => assert.equal(await chosen.innerText(), '␣of'));
      assert.match((await chosen.getAttribute('title')) ?? '', /^Token \d+, position 15 of 0 to 15$/);
      const box = page.getByRole('textbox', { name: 'Prompt of the y axis' });
      const fits = await box.evaluate((element) => element.scrollHeight <= element.clientHeight + 1);
      assert.ok(fits, 'all of the prompt is seen');
      await tokens.getByRole('radio', { name: '␣best' }).click();
      await eventually(() => assert.deepEqual(Reflect.get(axis(), 'position'), 3));
      await eventually(async () => assert.equal(await chosen.innerText(), '␣best'));
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      await eventually(() => assert.equal(Reflect.get(axis(), 'position'), undefined));
      await eventually(async () => assert.equal(await chosen.innerText(), '␣of'));
      await page
        .locator('.source-field', { has: box })
        .getByRole('checkbox', { name: 'In the model’s chat template' })
        .click();
      await eventually(async () => assert.equal(await chosen.innerText(), '<|assistant|>'));
      assert.equal(Reflect.get(axis(), 'chat'), true);
      await stage.picture('prompt-editor');
    },
  );

  onPage('a button and a key hide them', {}, async (stage) => {
    const place = await at(stage, 0, 0);
    const button = stage.button('Anchors and Overlays');
    await button.click();
    await eventually(async () => assert.equal(await button.getAttribute('aria-pressed'), 'false'));
    await stage.page.mouse.move(place.x, place.y);
    await stage.settled();
    assert.equal(await tip(stage).isVisible(), false);
    await stage.plot.focus();
    await stage.page.keyboard.press('a');
    await eventually(async () => assert.equal(await button.getAttribute('aria-pressed'), 'true'));
  });

  onPage('overlays change the survey and no cell', {}, async (stage) => {
    const { engine } = stage.deps;
    const before = engine.asked.length;
    stage.controller.receive({ type: 'edit', path: 'overlays', value: [] });
    await eventually(() => assert.deepEqual(engine.surveyed.at(-1)?.overlays, []));
    assert.equal(engine.asked.length, before);
  });

  const said = (text: string): Said => ({ token: { id: text.length, kind: 'text', text }, probability: 0.5 });
  const told = (survey: Survey): Survey => ({
    ...survey,
    marks: survey.marks.map((mark) =>
      mark.kind === 'state'
        ? { ...mark, says: { own: said(' sea'), state: said(' away'), foot: said(' ashore') } }
        : mark.kind === 'layers' && (mark.layer === 4 || mark.layer === 3)
          ? { ...mark, x: mark.layer === 4 ? 1 : 0.85, y: 0 } // the map's own layer: where B is; the one before it
          : mark,
    ),
    boundary: { winner: said(' whale').token, token: said(' ship').token, relative: 0.0213, axes: 0.64 },
  });

  onPage(
    'texts are counted that stand where something else is said, and warned of',
    { engine: { told }, parameters: { ...PARAMETERS, overlays: [...OVERLAYS, WAY] } },
    async (stage) => {
      const layers = [0, 1, 2, 3, 4].map(String);
      const written = (await stage.writtenOnMap()).filter(({ text, bold }) => bold && layers.includes(text));
      assert.deepEqual(written.map(({ text }) => text).sort(), layers);
      await stage.button('On This Plane').click();
      const list = stage.page.getByRole('region', { name: 'Anchors and overlays' });
      await list.getByText('0 of 1 text stands on a cell that says what the model says').waitFor();
      const note = stage.page.locator('.map-area .map-note');
      await eventually(async () =>
        assert.match(
          await note.innerText(),
          /Only 0 of 1 texts stand .* Nearest boundary \(␣ship\) 0\.021 × the state's norm, 30 × closer than along these axes$/,
        ),
      );
      const names = await list.getByRole('rowheader').allInnerTexts();
      assert.deepEqual(
        names.filter((name) => name.startsWith('Layer')),
        layers.map((layer) => `Layer ${layer} of “The whale swam away”`),
      );
      const row = list.getByRole('row').filter({ hasText: /^The whale swam$|^“The whale swam”/ });
      assert.match((await row.getAttribute('title')) ?? '', /The model says ␣sea .*\n.*␣away .*\n.*␣ashore/);
      const titles = await list.getByRole('row').evaluateAll((rows) => rows.map((one) => one.getAttribute('title')));
      assert.equal(titles.filter((title) => title?.endsWith('The model says ␣whale')).length, 1, 'of the center');
      // Of another readout nothing is known until it is asked again.
      stage.controller.receive({ type: 'edit', path: 'readout', value: 'lens' });
      await eventually(async () => assert.match(await note.innerText(), /Nearest boundary/));
      assert.equal(stage.deps.engine.surveyed.at(-1)?.readout, 'lens');
    },
  );

  const known = {
    texts: ['The ship sailed', 'The house was old', 'Call me', 'The sea, and "all"'],
    labels: ['sea', 'land', 'sea', 'land'],
  };
  onPage('texts of a table are points: a legend that hides them, a lasso, a list by keys', {}, async (stage) => {
    const { page, deps } = stage;
    deps.chosenTable = {
      ...known,
      texts: Array.from({ length: 60 }, (_, i) => known.texts[i % 4] ?? ''),
      labels: Array.from({ length: 60 }, (_, i) => known.labels[i % 4] ?? ''),
    };
    await page.locator('.group-header', { hasText: 'Overlays' }).click();
    await stage.button('Add Overlay').click();
    await page.getByRole('menuitem', { name: 'Texts of a CSV File…' }).click();
    const pane = page.locator('.texts-pane');
    await pane.waitFor();
    const rows = page.locator('.texts tbody tr');
    await eventually(async () => assert.equal(await rows.count(), 60));
    assert.match(await page.locator('.separability').innerText(), /80\.0% by place on the plane, 95\.0% by the whole/);
    await stage.picture('texts');
    // A group is hidden and shown again.
    const sea = page.locator('.legend-entry', { hasText: 'sea' });
    await sea.focus();
    await page.keyboard.press('Enter');
    await eventually(async () => assert.equal(await rows.count(), 30));
    assert.equal(await sea.getAttribute('aria-pressed'), 'false');
    await sea.click();
    // A line around the left half: labels stand on both sides.
    await stage.button('Draw a Lasso Around Texts').click();
    const box = await stage.plot.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 5, box.y + 5);
    await page.mouse.down();
    for (const [x, y] of [
      [0.5, 0.01],
      [0.5, 0.99],
      [0.01, 0.99],
    ] as const)
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 4 });
    await page.mouse.up();
    await eventually(async () => assert.equal(await rows.count(), 30));
    assert.ok((await rows.allInnerTexts()).every((row) => row.includes('land')));
    await stage.picture('texts-lasso');
    await stage.button('Copy These Texts').click();
    await eventually(() => assert.match(deps.calls.at(-1) ?? '', /^copy The house was old\tland\n/));
    await stage.plot.focus();
    await page.keyboard.press('Escape');
    await eventually(async () => assert.equal(await rows.count(), 60));
    // By keys: found, pointed at, pinned.
    await page.getByRole('searchbox', { name: 'Find a text' }).fill('call');
    await eventually(async () => assert.equal(await rows.count(), 15));
    await rows.first().focus();
    await page.locator('.mark-tip', { hasText: 'Call me' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('.cell h2', { hasText: 'Pinned cell' }).waitFor();
    await expectNoViolations(pane, 'texts');
  });
});

suite('Boundaries around the center', { concurrency: 2, skip: leftOut(), timeout: 240_000 }, () => {
  const onPage = usePages({ parameters: PARAMETERS });
  const tokens = [' ship', ' boat'].map((text, id) => ({ id, kind: 'text', text }) as const);
  const near = (token: number, relative: number): NearBoundary => ({
    ...{ token, relative, distance: 3 * relative, hidden: false },
    point: Float32Array.of(1, relative),
  });
  const boundaries: StateBoundaries = {
    ...{
      layer: 29,
      hiddenSize: 2,
      norm: 3,
      state: Float32Array.of(1, 0),
      winner: 0,
      probability: 0.4,
      runnerUp: 1,
      margin: 1,
    },
    nearest: [near(1, 0.02), near(0, 0.05)],
    flips: [
      ...['+x', '-x', '+y', '-y'].map((name, i) => ({ set: 0, name, distance: i, relative: i / 2, token: 1 })),
      ...[0.3, 0.5, null].map((relative) => ({ set: 2, name: 'covariance', distance: relative, relative, token: 1 })),
      { set: 3, name: 'The whale swam', distance: 1, relative: 0.7, token: 0, target: 1.4 },
    ],
    ...{ way: 'exact', steps: 100, reach: 4, tokens },
  };

  onPage(
    'are measured when they are asked for, and a plane is laid through the two nearest',
    { engine: { boundaries } },
    async (stage) => {
      const pane = stage.page.getByRole('region', { name: 'Boundaries', exact: true });
      await stage.button('Boundaries Around A').click();
      await stage.button('Measure').click();
      const table = pane.getByRole('table');
      await eventually(async () => assert.match(await table.innerText(), /boat\s+0\.02\s+.*ship\s+0\.05\s+along \+x/s));
      const text = await table.innerText();
      assert.match(text, /median of 3 as states vary\s+0\.5\s+least of 3 as states vary\s+0\.3\s/);
      assert.match(text, /toward “The whale swam” .*ship\s+0\.7/s);
      await pane.getByText('All exact.').waitFor();
      const { directions } = stage.deps.engine.questions.at(-1) ?? {};
      assert.deepEqual(
        directions?.map((one) => (one.kind === 'toward' && one.source.kind === 'prompt' ? one.source.text : one.kind)),
        ['axes', 'random', 'covariance', 'The whale swam'],
      );
      await stage.picture('boundaries');
      await stage.button('Lay Plane Between').click();
      await eventually(() => {
        const axes = stage.deps.engine.asked.at(-1)?.parameters.plane.axes;
        assert.ok(axes?.method === 'directions' && axes.x.kind === 'vector' && axes.y.kind === 'vector');
        assert.equal(axes.x.name, 'boundary with ␣boat');
        assert.deepEqual(
          [...decodeVector(axes.y.vector, 'y')].map((value) => value.toFixed(3)),
          ['0.000', '0.050'],
        );
      });
      await stage.page.getByText('The plane through the center and the two nearest points').waitFor();
    },
  );

  onPage('a readout through a translator asks for its file', {}, async (stage) => {
    stage.deps.chosenTranslator = { path: '/lenses/pythia/params.pt' };
    stage.controller.receive({ type: 'edit', path: 'readout', value: 'tuned' });
    await stage.page.getByText('Choose the file of the lens').waitFor();
    await stage.page.getByRole('group', { name: 'Translator' }).getByText('Choose…').click();
    await stage.page.getByText('pythia/params.pt').waitFor();
    await eventually(() =>
      assert.equal(stage.controller.settings.parameters.translator?.path, '/lenses/pythia/params.pt'),
    );
  });
});
