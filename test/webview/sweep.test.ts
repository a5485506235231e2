import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { SavedLensController } from '../../src/panel/savedLens.js';
import { SavedMapController } from '../../src/panel/savedMap.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import type { LensChoice } from '../../src/protocol/panelSettings.js';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
import { syntheticLens } from '../map/syntheticLens.js';
import { defaultMap, DESCRIPTION } from './fakeEngine.js';
import { eventually, type Stage, usePages } from './stage.js';

const LAYERS = 6;
const PARAMETERS: MapParameters = { ...DEFAULT_PARAMETERS, layer: 3 };

async function sweep(stage: Stage): Promise<void> {
  await stage.button('Compare…').click();
  await stage.page.getByRole('menuitem', { name: 'All Layers' }).click();
  await eventually(async () => assert.equal(await stage.page.locator('.sweep-map').count(), LAYERS + 1));
}

const layer = (stage: Stage): Promise<string> => stage.page.locator('.sweep-layer').innerText();
/** Every layer that is named from now on, as it comes: who looks now and then may miss one. */
async function layers(stage: Stage): Promise<() => Promise<string[]>> {
  const names = await stage.page.locator('.sweep-layer').evaluateHandle((element) => {
    const said: string[] = [];
    const listen = new MutationObserver(() => said.push(element.textContent));
    listen.observe(element, { childList: true, characterData: true, subtree: true });
    return said;
  });
  return () => names.evaluate((said) => [...new Set(said)]);
}

suite('All layers', { concurrency: 2, skip: leftOut(), timeout: 300_000 }, () => {
  const onPage = usePages({
    parameters: PARAMETERS,
    width: 1400,
    height: 880,
    engine: { description: { facts: { ...DESCRIPTION.facts, blocks: LAYERS } } },
  });

  onPage(
    'small pictures and curves: a click goes to the layer, and the sentence is what the cells say',
    {},
    async (stage) => {
      await sweep(stage);
      await stage.page.getByRole('tab', { name: 'Token' }).click();
      await stage.clickCell(31, 21);
      const at = 21 * 50 + 31;
      const winners = ['embeddings' as const, 0, 1, 2, 3, 4, 5].map((one) => {
        const { cells } = defaultMap({ ...PARAMETERS, layer: one });
        return cells.ids[at * cells.topK];
      });
      const from = winners.findLastIndex((id) => id !== winners.at(-1));
      await stage.page.locator('.sweep-said', { hasText: `wins at this cell from layer ${from} on` }).waitFor();
      await stage.page.getByRole('button', { name: 'Layer 1:' }).click();
      await stage.status(/layer 1 of 0–5/);
      assert.equal(await layer(stage), 'Layer 1');
      const curves = stage.page.locator('.sweep-curves');
      const box = await curves.boundingBox();
      assert.ok(box);
      await curves.click({ position: { x: 8, y: 20 } });
      await stage.status(/embeddings/);
      await stage.picture('sweep');
      await expectNoViolations(stage.page.locator('body'), 'sweep');
    },
  );

  onPage('it plays through the layers, without computing one again, and ends by Esc', {}, async (stage) => {
    // While maps are missing it says how long they take: what is there tells.
    stage.deps.engine.stopAt(0);
    stage.controller.receive({ type: 'edit', path: 'sweep', value: true });
    await stage.page.locator('.sweep-said', { hasText: /^1 of 7 maps · about [\d.]+ m?s left$/ }).waitFor();
    stage.deps.engine.stopAt(Infinity);
    await stage.page.locator('.sweep-said', { hasText: 'left' }).waitFor({ state: 'hidden' });
    stage.controller.receive({ type: 'edit', path: 'sweep', value: false });
    await sweep(stage);
    const asked = stage.deps.engines.flatMap((engine) => engine.asked).length;
    const played = await layers(stage);
    await stage.button('Play Through the Layers').click();
    await eventually(async () => assert.deepEqual((await played()).slice(0, 3), ['Layer 4', 'Layer 5', 'Embeddings']));
    await stage.button('Pause').click();
    assert.equal(stage.deps.engines.flatMap((engine) => engine.asked).length, asked);
    await stage.plot.focus();
    await stage.page.keyboard.press('Escape');
    await stage.page.locator('.sweep').waitFor({ state: 'hidden' });
    assert.equal(stage.controller.settings.sweep, false);
  });

  onPage(
    'by keyboard: arrows go from picture to picture; a reload brings it back',
    { width: 560, height: 700 },
    async (stage) => {
      stage.controller.receive({ type: 'edit', path: 'sweep', value: true });
      await eventually(async () => assert.equal(await stage.page.locator('.sweep-map').count(), LAYERS + 1));
      await stage.page.locator('.sweep-map[aria-current]').focus();
      await stage.page.keyboard.press('ArrowRight');
      await eventually(async () => assert.equal(await layer(stage), 'Layer 4'));
      await stage.status(/layer 4 of/);
      await stage.page.reload();
      await eventually(async () => assert.equal(await stage.page.locator('.sweep-map').count(), LAYERS + 1));
      await stage.picture('sweep-narrow');
      await expectNoViolations(stage.page.locator('body'), 'sweep, narrow');
    },
  );

  onPage(
    'saved maps of all layers, opened again: play and arrows go through them, without a model',
    {
      host: (deps) => {
        const maps = (['embeddings', 0, 1, 2, 3, 4, 5] as const).map((one) => {
          const map = defaultMap({ ...PARAMETERS, layer: one });
          return {
            ...map,
            facts: { ...map.facts, blocks: LAYERS },
            specification: { ...map.specification, layer: one },
          };
        });
        const [first] = maps;
        assert.ok(first);
        return new SavedMapController(deps.forSavedMap(), maps.at(-1) ?? first, { sweep: maps });
      },
    },
    async (stage) => {
      await eventually(async () => assert.equal(await stage.page.locator('.sweep-map').count(), LAYERS + 1));
      assert.equal(await layer(stage), 'Layer 5');
      await stage.page.locator('.sweep-map[aria-current]').focus();
      await stage.page.keyboard.press('ArrowLeft');
      await eventually(async () => assert.equal(await layer(stage), 'Layer 4'));
      await stage.status(/layer 4 of 0–5/);
      await stage.button('Play Through the Layers').click();
      await stage.status(/embeddings/);
      await stage.button('Pause').click();
      await stage.page.locator('.sweep-said', { hasText: 'at this cell' }).waitFor();
      await stage.picture('sweep-saved');
      await stage.button('Close All Layers').click();
      await stage.page.locator('.sweep').waitFor({ state: 'hidden' });
    },
  );

  onPage(
    'layers × positions: a table of the prompt; hover tells ten tokens, a click lays the map there',
    { parameters: { ...PARAMETERS, context: { kind: 'prompt', text: 'The old man and the sea' } } },
    async (stage) => {
      await stage.button('Compare…').click();
      await stage.page.getByRole('menuitem', { name: 'Layers × Positions' }).click();
      const cells = stage.page.locator('.lens-grid td');
      await eventually(async () => assert.equal(await cells.count(), 6 * (LAYERS + 1)));
      const said = stage.page.locator('.lens-said');
      await said.filter({ hasText: '“␣sea” is first at position 5 from layer 3 on' }).waitFor();
      const cell = stage.page.locator('.lens-grid td[data-row="3"][data-column="2"]');
      await cell.hover();
      assert.equal(await stage.page.locator('.lens-top tr').count(), 10);
      assert.match(await stage.page.locator('.lens .where').innerText(), /Layer 2, position 2/);
      await stage.picture('lens');
      await expectNoViolations(stage.page.locator('body'), 'lens');
      await cell.click();
      await stage.status(/layer 2 of 0–5/);
      const { parameters } = stage.controller.settings;
      assert.deepEqual(parameters.plane.center, { kind: 'prompt', text: 'The old man and the sea', position: 2 });
      assert.equal(parameters.readout, 'lens');
      await eventually(async () => assert.equal(await cell.getAttribute('aria-selected'), 'true'));
      // That is said, and taken back alone.
      const reread = stage.page.locator('.band-note');
      assert.match(await reread.innerText(), /^The map’s readout is Logit lens now/);
      await stage.picture('lens-reread');
      await reread.getByRole('button', { name: 'Back to Forward (model’s own)' }).click();
      await reread.waitFor({ state: 'hidden' });
      await eventually(() => assert.equal(stage.controller.settings.parameters.readout, 'forward'));
      assert.deepEqual(stage.controller.settings.parameters.plane.center, parameters.plane.center);
      await cell.click();
      await reread.waitFor();

      // Others beside it: a click on one of theirs makes it the panel's own, and the first.
      const beside = async (what: string) => {
        await stage.button('Another Lens Beside').click();
        await stage.page.getByRole('menuitem', { name: what }).click();
      };
      await beside('Forward');
      await eventually(async () => assert.equal(await cells.count(), 2 * 6 * (LAYERS + 1)));
      stage.deps.chosenTranslator = { path: '/lenses/pythia/params.pt' };
      await beside('Tuned lens…');
      await eventually(async () => assert.equal(await cells.count(), 3 * 6 * (LAYERS + 1)));
      const heads = (): Promise<string[]> => stage.page.locator('.lens-head').allInnerTexts();
      const [logit, forward, tuned] = ['Logit lens', 'Forward (model’s own)', 'Tuned lens, pythia/params.pt'];
      assert.deepEqual(await heads(), [logit, forward, tuned]);
      // A layer that a lens does not read says nothing, and yet the band below the pointer stays as high as it was.
      const height = () => stage.page.locator('.lens').evaluate((band) => band.getBoundingClientRect().height);
      const high = await height();
      await stage.page.locator('.lens-grid td[data-row="2"][data-column="8"]').dispatchEvent('pointerover');
      await eventually(async () => assert.equal(await stage.page.locator('.lens-top tr').count(), 0));
      assert.equal(await height(), high);
      await stage.picture('lenses');
      await expectNoViolations(stage.page.locator('body'), 'lenses');
      await stage.page.locator('.lens-grid td[data-row="4"][data-column="13"]').click();
      await stage.status(/layer 3 of 0–5/);
      const { readout, translator } = stage.controller.settings.parameters;
      assert.deepEqual([readout, translator?.path], ['tuned', '/lenses/pythia/params.pt']);
      assert.deepEqual(stage.controller.settings.lens?.beside, ['forward', 'lens']);
      await eventually(async () => assert.deepEqual(await heads(), [tuned, forward, logit]));
      await stage.button('Close Forward (model’s own)').click();
      await eventually(() => assert.deepEqual(stage.controller.settings.lens?.beside, ['lens']));
      await eventually(async () => assert.deepEqual(await heads(), [tuned, logit]));

      // With all layers below it as well the map can still be read, and the table is whole below them, or comes by scrolling.
      await sweep(stage);
      await stage.page.locator('.sweep-map').nth(LAYERS).waitFor();
      const side = (await stage.plot.boundingBox())?.width ?? 0;
      assert.ok(side >= 220, `a map of ${side} px`);
      // A click scrolls, and looks for the cell again where the table was drawn anew.
      await cells.last().click({ trial: true });
    },
  );

  onPage(
    'a saved lens, opened again: read by pointer and keys, without a model; begun again in a panel',
    {
      host: (deps) => {
        const parameters: MapParameters = {
          ...PARAMETERS,
          readout: 'lens',
          context: { kind: 'prompt', text: 'The old man and the sea' },
          question: { kind: 'probability', token: ' sea' },
        };
        const facts = { ...DESCRIPTION.facts, blocks: LAYERS };
        const lens = syntheticLens({ parameters, batchSize: 1 }, { ...DESCRIPTION, facts });
        const dependencies = { ...deps.forSavedMap(), editAndRun: (_: unknown, choice?: LensChoice) => begun(choice) };
        const begun = (choice?: LensChoice): Promise<void> => {
          deps.calls.push(`editAndRun ${JSON.stringify(choice)}`);
          return Promise.resolve();
        };
        return new SavedLensController(dependencies, [lens]);
      },
      status: '',
    },
    async (stage) => {
      const { page } = stage;
      const cells = page.locator('.lens-grid td');
      await eventually(async () => assert.equal(await cells.count(), 6 * (LAYERS + 1)));
      for (const hidden of ['.controls', '.rail', '.toolbar', '.panes', '.inspector', '.page-message'])
        assert.ok(!(await page.locator(hidden).first().isVisible()), hidden);
      await page.locator('.lens-grid td[tabindex="0"]').focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      assert.match(await page.locator('.lens .where').innerText(), new RegExp(`Layer ${LAYERS - 2}, position 5`));
      await page.reload();
      await eventually(async () => assert.equal(await cells.count(), 6 * (LAYERS + 1)));
      await stage.picture('lens-saved');
      await expectNoViolations(page.locator('body'), 'saved lens');
      await stage.button('Export Picture…').click();
      await stage.button('Edit and Run Again').click();
      await eventually(() =>
        Promise.resolve(assert.match(stage.deps.calls.join('; '), /exportSet.*; editAndRun .*the sea.*" sea"/)),
      );
    },
  );

  onPage(
    'layers × positions by keyboard: arrows, Enter; a followed token’s ranks; a wrong one says so; a reload, Esc',
    {
      parameters: { ...PARAMETERS, context: { kind: 'prompt', text: 'The old man and the sea' } },
      width: 560,
      height: 800,
    },
    async (stage) => {
      stage.controller.receive({
        type: 'edit',
        path: 'lens',
        value: { prompt: { kind: 'prompt', text: 'The old man and the sea' }, token: ' sea', beside: [] },
      });
      await stage.page.locator('.lens-grid td[tabindex="0"]').focus();
      for (const key of ['ArrowLeft', 'ArrowDown', 'ArrowDown']) await stage.page.keyboard.press(key);
      const focused = stage.page.locator('.lens-grid td:focus');
      assert.match(
        (await focused.locator(':scope > .only-spoken').textContent()) ?? '',
        /^Layer 3, position 4: .*space sea is number \d/,
      );
      assert.match(await focused.locator('.lens-number').innerText(), /^#\d+$/);
      await stage.page.keyboard.press('Enter');
      await stage.status(/layer 3 of/);
      await stage.page.reload();
      await stage.page.locator('.lens-grid td').first().waitFor();
      await stage.picture('lens-narrow');
      await expectNoViolations(stage.page.locator('body'), 'lens, narrow');
      const field = stage.page.getByRole('textbox', { name: 'Token that is followed' });
      // A cell tells the rank and the probability of that token, and no other's name; the other spelling is one click away.
      await field.fill('sea');
      await stage.button('Follow ␣sea instead').click();
      await eventually(() => assert.equal(stage.controller.settings.lens?.token, ' sea'));
      await stage.button('Follow').waitFor({ state: 'hidden' });
      for (const text of await stage.page.locator('.lens-grid td > :first-child').allInnerTexts())
        assert.match(text, /^#[\d,]+\s*[\d.<]+%$/);
      await stage.button('What Is Layers × Positions?').click();
      await stage.page.getByText('as if the model stopped there').waitFor();
      await stage.picture('lens-explained');
      await stage.button('What Is Layers × Positions?').click();
      await field.fill(' xyz');
      await stage.page.locator('.lens .band-fault', { hasText: 'is not one token' }).waitFor();
      await field.fill('');
      await stage.page.locator('.lens-grid td').first().waitFor();
      await stage.plot.focus();
      await eventually(async () => {
        await stage.page.keyboard.press('Escape');
        assert.equal(stage.controller.settings.lens, null);
      });
      await stage.page.locator('.lens').waitFor({ state: 'hidden' });
    },
  );

  onPage(
    'interventions: added, turned off, moved by keys and by mouse, heads toggled, compared with and without',
    { height: 1000 },
    async (stage) => {
      const { page, controller } = stage;
      const acting = (): string[] =>
        controller.settings.parameters.interventions.map((one) => `${one.kind} ${one.block}`);
      const until = (...wanted: string[]): Promise<void> =>
        eventually(() => Promise.resolve(assert.deepEqual(acting(), wanted)));
      await page.getByRole('button', { name: 'Interventions', exact: true }).click();
      const add = async (kind: string): Promise<void> => {
        await stage.button('Add Intervention').click();
        await page.getByRole('menuitem', { name: kind, exact: true }).click();
      };
      await add('Set Attention Heads to Zero');
      await page.getByText('Off until a head is chosen').waitFor();
      await add('Add a Vector');
      await until('add 0');
      await add('Skip a Block');
      await until('add 0', 'skip 0');
      await page.getByRole('textbox', { name: 'Block of intervention 3' }).fill('4');
      await until('add 0', 'skip 4');
      await page.getByRole('textbox', { name: 'Block of intervention 3' }).fill('6');
      await page.getByText('The model’s blocks are 0 to 5').waitFor();
      await page.getByRole('textbox', { name: 'Block of intervention 3' }).fill('4');

      const heads = (): unknown => {
        const [one] = controller.settings.parameters.interventions;
        return one?.kind === 'zero' ? one.heads : undefined;
      };
      await until('add 0', 'skip 4');
      assert.equal(await page.getByRole('button', { name: /^Attention head/, pressed: true }).count(), 0);
      await page.getByRole('button', { name: 'Attention head 3', exact: true }).click();
      await until('zero 0', 'add 0', 'skip 4');
      for (const key of ['ArrowRight', 'Space', 'ArrowRight', 'Space']) await page.keyboard.press(key);
      await eventually(() => Promise.resolve(assert.deepEqual(heads(), [3, 4, 5])));
      await page.getByRole('slider', { name: 'Coefficient of intervention 2' }).focus();
      await page.keyboard.press('ArrowRight');
      const coefficient = (): unknown =>
        controller.settings.parameters.interventions.flatMap((one) => (one.kind === 'add' ? [one.coefficient] : []))[0];
      await eventually(() => Promise.resolve(assert.equal(coefficient(), 1.25)));
      await stage.picture('interventions');
      await expectNoViolations(page.locator('body'), 'interventions');

      // What is off keeps its place among those that act, whatever is changed of them.
      await page.getByRole('checkbox', { name: /skipped, on/ }).click();
      await until('zero 0', 'add 0');
      await page.getByRole('checkbox', { name: /skipped, on/, checked: false }).waitFor();
      await page.getByRole('button', { name: /^Move intervention 3/ }).focus();
      await page.keyboard.press('ArrowUp');
      await page
        .getByRole('button', { name: /^Move intervention 2/ })
        .and(page.locator(':focus'))
        .waitFor();
      await page.getByRole('checkbox', { name: /skipped, on/ }).click();
      await until('zero 0', 'skip 4', 'add 0');
      await page.getByRole('button', { name: /^Move intervention 2/ }).dragTo(page.locator('.intervention').first());
      await until('skip 4', 'zero 0', 'add 0');
      await page.getByRole('button', { name: 'Remove intervention 2' }).click();
      await until('skip 4', 'add 0');

      await page.getByRole('button', { name: 'Compare With and Without' }).click();
      await page.locator('.agreement-part', { hasText: '% agreement' }).waitFor();
      const other = stage.deps.engines.flatMap((engine) => engine.asked).at(-1);
      assert.deepEqual(other?.parameters.interventions, []);
    },
  );
});
