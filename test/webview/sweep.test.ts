import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
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
      await stage.page.locator('.sweep-map[data-layer="1"]').click();
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
    await sweep(stage);
    const asked = stage.deps.engines.flatMap((engine) => engine.asked).length;
    await stage.button('Play Through the Layers').click();
    for (const one of [4, 5]) await eventually(async () => assert.equal(await layer(stage), `Layer ${one}`));
    await eventually(async () => assert.equal(await layer(stage), 'Embeddings'));
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
});
