import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo, leftOut, outputFolder, ROOT } from './support/places.js';
import { SMALL_MAPS, useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

const GENERATE = 'Embedding Grid: Generate Embedding Grid';
const PICTURE = 'embedding_grid_layer_5_size_20_method_random_projection';

/** A panel with a small map. */
async function smallMap(workbench: Workbench): Promise<MapPage> {
  await workbench.run(GENERATE);
  const page = new MapPage(workbench);
  await page.complete(/^400 cells/);
  return page;
}

suite('Saving', { skip: leftOut(), timeout: 480_000 }, () => {
  const session = useSession(() => ({
    settings: () => SMALL_MAPS,
    fill: (workspace) => bundledModelTo(path.join(workspace, 'tiny')),
  }));
  const results = (): string => path.join(session.server.workspace, 'embedding_grid_results');
  const json = (folder: string): Record<string, unknown> =>
    JSON.parse(readFileSync(path.join(folder, 'embedding_grid_results_layer_5.json'), 'utf8')) as Record<
      string,
      unknown
    >;

  let workbench: Workbench;
  let page: MapPage;
  before(async () => {
    workbench = await session.open();
    page = await smallMap(workbench);
  });

  test('the panel and the command line write the same files', async () => {
    await page.button('Save Map').click();
    await workbench.saved('results_layer_5.json');

    const other = outputFolder('command-line');
    const flags = ['--grid-size', '20', '--output-dir', other, '--overwrite', '--quiet'];
    await promisify(execFile)(process.execPath, [path.join(ROOT, 'dist', 'cli.js'), ...flags]);
    assert.deepEqual(readdirSync(results()).sort(), readdirSync(other).sort());
    for (const name of [`${PICTURE}.png`, `${PICTURE}.svg`]) {
      assert.ok(readFileSync(path.join(results(), name)).equals(readFileSync(path.join(other, name))), name);
    }
    assert.deepEqual({ ...json(results()), runtime: null }, { ...json(other), runtime: null });
  });

  test('another map of that name is not replaced without a question', async () => {
    await workbench.closeSideBar();
    await page.changes('a seed', () => page.type('Seed', '8'));
    await page.button('Save Map').click();
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.filter({ hasText: 'holds another map' }).waitFor();
    await workbench.picture('save-conflict');
    await dialog.getByRole('button', { name: 'Keep Both' }).click();
    await workbench.saved('results_layer_5_2.json');
    assert.deepEqual((json(results()).specification as { plane: unknown }).plane, DEFAULT_PARAMETERS.plane);

    await workbench.closeSideBar();
    await page.changes('a seed', () => page.type('Seed', '9'));
    await page.button('Save Map').click();
    await dialog.getByRole('button', { name: 'Replace' }).click();
    const first = path.join(results(), 'embedding_grid_results_layer_5.json');
    await until('the first map was replaced', () =>
      Promise.resolve(existsSync(first) && readFileSync(first, 'utf8').includes('"seed":9}')),
    );

    await workbench.saved('results_layer_5.json');
    await workbench.closeSideBar();
    await page.changes('a seed', () => page.type('Seed', '10'));
    await page.button('Save Map').click();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    assert.ok(!existsSync(path.join(results(), 'embedding_grid_results_layer_5_3.json')));
  });

  test('a saved map is deleted with its pictures, after a question', async () => {
    await workbench.run('View: Show Embedding Grid');
    const row = workbench.page.locator('.pane', { hasText: 'Saved Maps' }).locator('.monaco-list-row', {
      hasText: 'Layer 5, seed',
    });
    await until('two saved maps', async () => (await row.count()) === 2);
    const before = readdirSync(results()).length;
    const dialog = await workbench.askToDelete(row.first());
    await dialog.filter({ hasText: 'and 2 files saved with it' }).waitFor();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await until('one saved map', async () => (await row.count()) === 1);
    assert.equal(readdirSync(results()).length, before - 3);
  });

  test('the Explorer offers a map of a model file and of its folders, and of no other', async () => {
    await workbench.run('View: Show Explorer');
    const item = workbench.page.locator('.context-view .action-label', {
      hasText: 'Generate Embedding Grid from This Model',
    });
    const menu = workbench.page.locator('.context-view .monaco-menu');
    await until('the folder has the entry', async () => {
      await workbench.explorerRow('tiny').click({ button: 'right' });
      await menu.waitFor();
      const offered = await item.isVisible();
      if (!offered) await workbench.page.keyboard.press('Escape');
      return offered;
    });
    await item.hover(); // a menu takes no click in its first moment
    await workbench.page.keyboard.press('Enter');
    await workbench.page.locator('.tab.active', { hasText: 'tiny ·' }).waitFor();
    await new MapPage(workbench).complete();
    await workbench.explorerRow('embedding_grid_results').click({ button: 'right' });
    await menu.waitFor();
    assert.equal(await item.isVisible(), false);
    await workbench.page.keyboard.press('Escape');
    // The folder that was opened and the file in it, which the workspace is searched for, are one model.
    await workbench.choice('Embedding Grid: Choose Model...', 'tiny');
    const listed = workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: 'tiny' });
    assert.equal(await listed.count(), 1);
    await workbench.page.keyboard.press('Escape');
  });

  test('without a folder it says what to do', async (context) => {
    const workbench = await session.open(context, { empty: true });
    const page = await smallMap(workbench);
    await page.button('Save Map').click();
    const notification = await workbench.notification('none is');
    await notification.getByRole('button', { name: 'Save As...' }).click();
    const place = path.join(session.server.folder, 'elsewhere.npz');
    await workbench.saveAs('layer_5.json', place);
    assert.equal(readFileSync(place).subarray(0, 2).toString(), 'PK');
  });
});
