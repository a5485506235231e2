import assert from 'node:assert/strict';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo, leftOut } from './support/places.js';
import { useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

suite('The panel never shows a stale map as the new one, in VS Code', { skip: leftOut(), timeout: 240_000 }, () => {
  const session = useSession(() => ({
    settings: () => ({ 'embeddingGrid.defaults.seed': undefined }),
    fill: (workspace) => bundledModelTo(path.join(workspace, 'tiny')),
  }));
  let workbench: Workbench;
  let page: MapPage;

  before(async () => {
    workbench = await session.open();
    page = new MapPage(workbench);
    await workbench.run('Embedding Grid: Generate Embedding Grid');
    await page.complete(/^2,500 cells/);
  });

  test('the context follows prompt A; another one is named at the map', async () => {
    const note = page.frame.locator('.map-area .map-note');
    // Another prompt, whose next token is known: at its place the model says what it says of it.
    await page.type('Prompt of the center', 'And the LORD spake unto');
    await page.type('Prompt of the y axis', 'We saw the great sperm');
    await until('Moses at A', async () => {
      await page.complete(/^2,500 cells/);
      await page.clickCell(17, 17, 50, 50);
      return (await page.inspected()).token.includes('Moses');
    });
    assert.doesNotMatch(await note.innerText(), /Context/);
    await workbench.picture('context-follows');
    await page.unfold('Context');
    await page.choose('Context', 'Beginning of sequence');
    await note.getByText('Context: BOS, not prompt A').waitFor();
    await workbench.picture('context-differs');
    await page.choose('Context', 'Prompt A');
    await until('no word of it', async () => !(await note.innerText()).includes('Context'));
    await page.complete();
  });

  test('norms are those of the layer that is set; a pin stays; a saved map keeps what was measured', async () => {
    const norms = page.field('Spacing').locator('.message:visible');
    await norms.getByText('× typical for layer 5').waitFor();
    await page.field('Layer').getByRole('slider').focus();
    await workbench.page.keyboard.press('ArrowLeft');
    await until('norms of layer 4, or none', async () => !(await norms.innerText()).includes('layer 5'));
    await norms.getByText('× typical for layer 4').waitFor();
    await page.complete(/layer 4 of/);

    await page.clickCell(10, 40, 50, 50);
    const position = page.inspector.locator('dd').first();
    const pinned = await position.innerText();
    await page.plot.dblclick({ position: { x: 300, y: 300 } });
    await page.inspector.getByRole('heading', { name: 'Pinned cell' }).waitFor();
    assert.equal(await position.innerText(), pinned);

    // What is typical is measured apart, and may come after the map.
    const measured = page.inspector.locator('.norm', { hasText: '× typical' });
    await measured.waitFor();
    const norm = await measured.innerText();
    await page.button('Save Map').click();
    const name = 'embedding_grid_results_layer_4.json';
    await workbench.saved(name);
    await workbench.openFromExplorer(name);
    const saved = new MapPage(workbench);
    await saved.button('Edit and Run Again').waitFor();
    await saved.clickCell(10, 40, 50, 50);
    await until('the same norm', async () => (await saved.inspector.locator('.norm').innerText()) === norm);
    await workbench.picture('saved-with-norms');
    await workbench.run('View: Close Editor');
    await workbench.closeSideBar();
    await page.complete(/layer 4 of/);
  });

  test('a slow edit says whose map is seen; another model computes at once', async () => {
    const whose = page.frame.locator('.map-area .map-whose');
    assert.equal(await whose.isVisible(), false);
    // Every text that the line has, however short.
    await whose.evaluate((element) => {
      const said: string[] = [];
      Object.assign(globalThis, { said });
      new MutationObserver(() => said.push(element.textContent)).observe(element, { childList: true });
    });
    const said = (): Promise<readonly string[]> =>
      whose.evaluate(() => Reflect.get(globalThis, 'said') as readonly string[]);
    await page.type('Layer number', 'embeddings');
    await page.type('Columns', '400');
    await page.type('Rows', '400');
    // A first pass follows it; until that comes the map is said to be the one before.
    await page.status.filter({ hasText: /^First pass: .* of 160,000 cells/ }).waitFor();
    assert.match((await said()).join('\n'), /^Map of novella-3m, layer 4 · /m);
    assert.equal(await whose.isVisible(), false);
    await workbench.picture('first-pass');

    await workbench.pick('Embedding Grid: Choose Model...', 'tiny');
    await until('cells of the other model, without another word', async () =>
      /^[\d,]+ of 160,000 cells/.test(await page.status.innerText()),
    );
    // The first pass before has as many cells: only that line tells when the other model's are there.
    await whose.waitFor({ state: 'hidden' });
    await page.shows(/^Token map, 400 by 400 cells/);
    const words = await said();
    assert.match(words.join('\n'), /^Map of novella-3m, .* · until the first cells of the new one$/m);
    await page.button('Cancel').click();
  });
});
