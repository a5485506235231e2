import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo, leftOut } from './support/places.js';
import { SMALL_MAPS, useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

const GENERATE = 'Embedding Grid: Generate Embedding Grid';

suite('Two maps in VS Code', { skip: leftOut(), timeout: 480_000 }, () => {
  const session = useSession(() => ({
    settings: () => SMALL_MAPS,
    fill: (workspace) => bundledModelTo(path.join(workspace, 'tiny')),
  }));
  let workbench: Workbench;
  let page: MapPage;
  const pane = (name: 'main' | 'other' | 'changes'): Locator => page.frame.locator(`.pane-${name}`);
  const agreement = (): Locator => page.frame.locator('.agreement-part', { hasText: '% agreement' });
  const says = (text: string | RegExp): Promise<void> => page.status.filter({ hasText: text }).waitFor();
  const position = (name: 'main' | 'other'): Promise<string> => pane(name).locator('dd').first().innerText();

  before(async () => {
    workbench = await session.open();
    page = new MapPage(workbench);
    await workbench.run(GENERATE);
    await page.complete(/^400 cells/);
  });

  test('by mouse: another layer, the pin on both, the shared plane, another model, closed', async () => {
    await page.button('Compare…').click();
    await page.frame.getByRole('menuitem', { name: 'Another Layer' }).click();
    await agreement().waitFor();
    await says(/^2 × 400 cells · each map’s own plane · layer 5 and layer 4/);
    const plot = pane('other').locator('.plot');
    const box = await plot.boundingBox();
    assert.ok(box);
    await plot.click({ position: { x: 0.31 * box.width, y: 0.27 * box.height } });
    await pane('main')
      .locator('.cell h2', { hasText: /^Pinned cell, layer 5/ })
      .waitFor();
    await pane('other')
      .locator('.cell h2', { hasText: /^Pinned cell, layer 4/ })
      .waitFor();
    await until('the same place on both', async () => (await position('main')) === (await position('other')));
    await page.frame.getByRole('tab', { name: 'Token' }).click();
    await workbench.picture('compare-layers');
    await page.button('Shared Plane').click();
    await says(/the same vectors/);
    await agreement().waitFor();
    await workbench.picture('compare-shared');
    await page.button('Close Comparison (Esc)').click();
    await page.button('Compare…').click();
    await page.frame.getByRole('menuitem', { name: 'Another Model' }).click();
    await agreement().waitFor();
    await page.frame.locator('.agreement-part', { hasText: /^100\.0%/ }).waitFor(); // a copy of the same model
    await page.button('Close Comparison (Esc)').click();
    await page.complete(/^400 cells/);
  });

  test('by keyboard alone, over a reload, with an engine that is killed', async () => {
    const { keyboard } = workbench.page;
    await page.plot.focus();
    await keyboard.press('c');
    await page.frame.getByRole('menuitem', { name: 'Another Layer' }).waitFor();
    await keyboard.press('Enter');
    await agreement().waitFor();
    const before = await agreement().innerText();
    await pane('main').locator('.plot').focus();
    await keyboard.press('Shift+ArrowLeft');
    await keyboard.press('Shift+ArrowLeft');
    await until('the same place on both', async () => (await position('main')) === (await position('other')));
    // Behind the last step: an earlier comparison had another pin.
    await workbench.stateIsKept(/compare:\{kind:computed,path:layer.*pin:\{x:-4.75/);
    await workbench.reload();
    await agreement().waitFor();
    await until('the same numbers', async () => (await agreement().innerText()) === before);
    const engine = (await session.server.processes()).find(({ command }) => command.includes('engine.cjs'));
    assert.ok(engine);
    process.kill(engine.pid, 'SIGKILL');
    const fault = page.frame.locator('.fault-bar', { hasText: 'SIGKILL' });
    await fault.waitFor();
    await page.button('Generate').click();
    await fault.waitFor({ state: 'hidden' });
    await says(/^2 × 400 cells/);
    assert.equal(await agreement().innerText(), before);
    // How far apart they are, by keyboard; then all of it is saved as one.
    await pane('changes').getByRole('combobox', { name: 'Color changes by' }).focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await keyboard.press(key);
    await pane('changes')
      .locator('.side-count', { hasText: /^mean .* bits$/ })
      .waitFor();
    await workbench.picture('compare-divergence');
    await pane('changes').locator('.plot').focus();
    await keyboard.press('ControlOrMeta+s');
    await pane('changes').locator('.plot').focus();
    await keyboard.press('Escape');
    await keyboard.press('Escape');
    await pane('other').waitFor({ state: 'detached' });
    await page.complete(/^400 cells/);
    await workbench.saved('embedding_grid_comparison.json');
  });

  test('two saved maps that are selected in the Explorer', async () => {
    await page.button('Save Map').click();
    await workbench.saved('results_layer_5.json');
    await page.plot.focus();
    await workbench.page.keyboard.press('[');
    await page.complete(/layer 4 of/);
    await page.button('Save Map').click();
    await workbench.saved('results_layer_4.json');
    await workbench.explorerRow('results_layer_5.json').click();
    await page.complete(/layer 5 of/);
    await workbench.chooseForBoth(
      workbench.explorerRow('results_layer_5.json'),
      workbench.explorerRow('results_layer_4.json'),
      'Compare Token Maps',
    );
    await agreement().waitFor();
    await says(/with a saved map · layer (4 and layer 5|5 and layer 4)/);
    await workbench.picture('compare-saved');
  });

  test('a comparison that was saved opens again from the Explorer, both maps beside each other', async () => {
    await workbench.explorerRow('embedding_grid_comparison.json').click();
    await agreement().waitFor();
    await says(/with a saved map · layer 5 and layer 4/);
  });

  test('all layers: played and saved as one; layers × positions, whose cell is clicked; boundaries', async () => {
    await workbench.run(GENERATE);
    await page.complete(/^400 cells/);
    await page.button('Compare…').click();
    await page.frame.getByRole('menuitem', { name: 'All Layers' }).click();
    const maps = page.frame.locator('.sweep-map');
    await until('a map of every layer', async () => (await maps.count()) === 7);
    await page.button('Play Through the Layers').click();
    await page.complete(/embeddings/);
    await page.button('Pause').click();
    await workbench.picture('sweep');
    await page.plot.focus();
    await workbench.page.keyboard.press('ControlOrMeta+s');
    await page.button('Close All Layers (Esc)').click();
    await page.button('Compare…').click();
    await page.frame.getByRole('menuitem', { name: 'Layers × Positions' }).click();
    await page.frame.locator('.lens-grid td[data-row="3"][data-column="1"]').click();
    await page.complete(/layer 2 of/);
    await workbench.picture('lens');
    await page.plot.focus();
    await workbench.page.keyboard.press('ControlOrMeta+s');
    // What is saved later is saved behind all layers, whose pictures take a while.
    await workbench.saved('embedding_grid_lens.json');
    const series = path.join(session.server.workspace, 'embedding_grid_results', 'series_layer');
    assert.ok(existsSync(path.join(series, 'embedding_grid_series.json')), 'all layers are saved');
    await page.frame.locator('.group-header, .pane-header', { hasText: 'Boundaries' }).first().click();
    await workbench.picture('boundaries');
  });

  test('a saved lens opens again; what was saved as one is deleted as a whole, from Saved Maps', async () => {
    await workbench.run('View: Show Explorer');
    await workbench.explorerRow('embedding_grid_lens.json').click();
    await page.frame.locator('.lens-alone .lens-grid td').first().waitFor();
    await workbench.picture('lens-saved');
    const results = path.join(session.server.workspace, 'embedding_grid_results');
    await workbench.run('View: Show Embedding Grid');
    const pane = workbench.page.locator('.pane', { hasText: 'Saved Maps' });
    const remove = async (title: string, button: string): Promise<void> => {
      const row = pane.locator('.monaco-list-row', { hasText: title });
      const dialog = await workbench.askToDelete(row);
      const asked = await dialog.innerText();
      assert.ok(asked.includes(title), asked);
      await dialog.getByRole('button', { name: button, exact: true }).click();
      await row.waitFor({ state: 'detached' }).catch(async (error: unknown) => {
        throw new Error(`${title} stands in the list still: ${await said()}`, { cause: error });
      });
    };
    /** What VS Code has notified of. */
    const said = async (): Promise<string> => {
      await workbench.run('Notifications: Show Notifications');
      return (await workbench.page.locator('.notifications-center').innerText()).replaceAll(/\s+/g, ' ');
    };
    const left = (): string[] => readdirSync(results).sort();
    const before = left();
    await remove('Logit lens of', 'Delete');
    assert.deepEqual(
      left(),
      before.filter((name) => !name.startsWith('embedding_grid_lens')),
    );
    await remove('7 layers', 'Delete');
    assert.ok(!left().includes('series_layer'));
    await remove('Layer 5 ↔ layer 4', 'Delete With Its Maps');
    assert.ok(!left().some((name) => /comparison|results_layer_[45]\./.test(name)), left().join());
  });
});
