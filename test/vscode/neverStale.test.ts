import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { MapPage } from './support/mapPage.js';
import { leftOut, ROOT } from './support/places.js';
import { useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

suite('The panel never shows a stale map as the new one, in VS Code', { skip: leftOut(), timeout: 240_000 }, () => {
  const session = useSession(() => ({
    settings: () => ({ 'embeddingGrid.defaults.seed': undefined }),
    fill: (workspace) =>
      cpSync(path.join(ROOT, 'media', 'novella-3m'), path.join(workspace, 'tiny'), {
        recursive: true,
        filter: (file) => !file.includes('training'),
      }),
  }));
  let workbench: Workbench;
  let page: MapPage;

  before(async () => {
    workbench = await session.open();
    page = new MapPage(workbench);
    await workbench.run('Embedding Grid: Generate Embedding Grid');
    await page.complete(/^2,500 cells/);
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
    await whose.getByText('Map of novella-3m, embeddings · parameters changed since').waitFor();
    await workbench.picture('outdated');

    await workbench.pick('Embedding Grid: Choose Model...', 'tiny');
    await until('cells of the other model, without another word', async () =>
      /^[\d,]+ of 160,000 cells/.test(await page.status.innerText()),
    );
    await page.shows(/^Token map, 400 by 400 cells/);
    assert.equal(await whose.isVisible(), false);
    const words = await said();
    assert.ok(words.includes('Map of novella-3m, embeddings · until the first cells of the new one'), words.join('\n'));
    await page.button('Cancel').click();
  });
});
