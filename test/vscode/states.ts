import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { toJson } from '../../src/formats/toJson.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { expectNoViolations } from './support/accessibility.js';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo } from './support/places.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

const GENERATE = 'Embedding Grid: Generate Embedding Grid';

/** Tests in the window of another suite, whose workspace is filled for them. */
export function panelStates(window: () => Workbench): void {
  let workbench: Workbench;
  let page: MapPage;

  before(async () => {
    workbench = window();
    page = new MapPage(workbench);
    await workbench.run('View: Close All Editors');
    const { workspace } = workbench.server;
    rmSync(path.join(workspace, 'embedding_grid_results'), { recursive: true, force: true });
    bundledModelTo(path.join(workspace, 'models', 'tiny'));
    const broken = path.join(workspace, 'broken.onnx');
    writeFileSync(broken, 'not a model');
    const unknown = syntheticMap({ columns: 30, rows: 30 });
    writeFileSync(path.join(workspace, 'embedding_grid_results_layer_29.json'), toJson(unknown));
    mkdirSync(path.join(workspace, '.vscode'));
    writeFileSync(
      path.join(workspace, '.vscode', 'settings.json'),
      JSON.stringify({ 'embeddingGrid.defaultModel': broken }),
    );
  });

  test('with a model that cannot be opened', async () => {
    await until('the default model is the broken one', async () => {
      await workbench.run(GENERATE);
      const mapped = page.status.filter({ hasText: /cells/ });
      await page.button('Try Again').or(mapped).first().waitFor();
      if (!(await mapped.isVisible())) return true;
      await workbench.run('View: Close All Editors');
      return false;
    });
    await workbench.picture('panel-error');
    await page.button('Show Log').click();
    await workbench.page.locator('.part.panel .view-lines', { hasText: 'broken.onnx' }).waitFor();
    await workbench.run('View: Toggle Panel Visibility');
  });

  test('saved, and without its model or any other', async () => {
    await workbench.run('View: Show Explorer');
    await workbench.openFromExplorer('layer_29.json');
    await workbench.closeSideBar();
    await page.complete(/^900 cells/);
    await workbench.picture('saved-map');
    await page.button('Edit and Run Again').click();
    await page.frame.getByRole('heading', { name: 'Choose a model to map' }).waitFor();
    await workbench.picture('panel-empty');
    await workbench.notification(/The model .* was not found/);
    await workbench.run('View: Close All Editors');
  });

  test('complete, in all themes', async () => {
    await workbench.pick('Embedding Grid: Choose Model...', 'Novella-3M');
    await page.complete();
    await page.clickCell(35, 30, 50, 50);
    for (const [name, theme, kind] of [
      ['panel-light', 'Light Modern', 'vscode-light'],
      ['panel-high-contrast', 'Dark High Contrast', 'vscode-high-contrast'],
      ['panel-high-contrast-light', 'Light High Contrast', 'vscode-high-contrast-light'],
      ['panel-dark', 'Dark Modern', 'vscode-dark'],
    ] as const) {
      await workbench.theme(theme);
      await page.frame.locator(`body[data-vscode-theme-kind="${kind}"]`).waitFor();
      await until('colors of the theme', async () => (await page.colors()).width === 50);
      await workbench.picture(name);
      // All states are looked at this closely by test/webview/states.test.ts; this is the page as VS Code dresses it.
      await expectNoViolations(workbench.webview.locator('body[data-ready]'), name);
    }
    await page.frame.getByRole('tab', { name: 'Token' }).click();
    await page.frame.getByRole('tab', { name: 'Token', selected: true }).waitFor();
    await workbench.picture('panel-token-colors');
    await page.frame.getByRole('tab', { name: 'Probability' }).click();
    for (let i = 0; i < 6; i++) await page.button('Zoom In').click();
    await workbench.picture('panel-zoomed');
    await page.more('Show Cells as Table');
    await workbench.picture('panel-table');
    await page.button('Show as Map').click();
    await page.button('Whole Map').click();
  });

  test('at every width, and with the side bar', async () => {
    await workbench.page.setViewportSize({ width: 1000, height: 900 });
    await page.frame.locator('body[data-layout="medium"]').waitFor();
    await workbench.picture('panel-medium');
    await page.button('Show Parameters').click();
    await workbench.picture('panel-medium-controls');
    await workbench.page.keyboard.press('Escape');
    await workbench.page.setViewportSize({ width: 640, height: 900 });
    await page.frame.locator('body[data-layout="narrow"]').waitFor();
    await workbench.picture('panel-narrow');
    await page.button('Parameters').click();
    await workbench.picture('panel-narrow-controls');
    await page.button('Parameters').click();
    await workbench.page.setViewportSize({ width: 1440, height: 900 });
    await page.button('Save Map').click();
    await workbench.run('View: Show Embedding Grid');
    await workbench.page
      .locator('.pane', { hasText: 'Saved Maps' })
      .getByText(/^Layer 5,/)
      .first()
      .waitFor();
    const models = workbench.page.locator('.pane', { hasText: 'Models' }).first();
    await models.locator('.monaco-list-row').first().click();
    await workbench.page.keyboard.press('ArrowRight');
    await models.getByText('6 layers', { exact: true }).waitFor();
    await workbench.picture('sidebar');
    await workbench.closeSideBar();
  });

  test('exported', async () => {
    await page.more('Export Picture…');
    await workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: 'PNG 2×' }).click();
    await workbench.quickInput.waitFor();
    await until('a name', async () => (await workbench.quickInput.inputValue()).endsWith('.png'));
    await workbench.picture('export-dialog');
    const exported = path.join(workbench.server.workspace, 'exported.png');
    await workbench.saveAs('.png', exported);
    await workbench.run('View: Show Explorer');
    await workbench.openFromExplorer('exported.png');
    await workbench.webview.locator('img').waitFor();
    await workbench.picture('export');
    await workbench.run('View: Close Editor');
    await workbench.closeSideBar();
  });
}
