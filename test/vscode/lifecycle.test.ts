import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { engines, holdEngines } from './support/engines.js';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo, leftOut } from './support/places.js';
import { useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

const GENERATE = 'Embedding Grid: Generate Embedding Grid';
const CHOOSE = 'Embedding Grid: Choose Model...';
const DOWNLOAD = 'Embedding Grid: Download from Hugging Face...';
const LONG_MAP = /^Token map, 200 by 200 cells/;

suite('Through what may happen', { skip: leftOut(), timeout: 480_000 }, () => {
  const session = useSession(() => ({
    machineSettings: { 'embeddingGrid.engineGraceSeconds': 0 },
    env: { HF_HUB_OFFLINE: '1' },
    fill: (workspace) => bundledModelTo(path.join(workspace, 'tiny')),
  }));
  let workbench: Workbench;
  let page: MapPage;

  const thereAre = (count: number) => async () => (await engines(session.server)).length === count;
  const untilEngines = (count: number): Promise<void> => until(`${count} engines`, thereAre(count));
  const closePanels = async (): Promise<void> => {
    await workbench.run('View: Close All Editors');
    await untilEngines(0);
  };

  before(async () => {
    workbench = await session.open();
    page = new MapPage(workbench);
  });

  test('no engine before the first map', async () => {
    await workbench.activation();
    assert.deepEqual(await engines(session.server), []);
    await workbench.run(GENERATE);
    await page.complete();
    await untilEngines(1);
    await closePanels();
    await workbench.run(GENERATE);
    await page.complete();
  });

  test('where the hub is not to be asked, it is not, and that is said', async () => {
    await workbench.run(DOWNLOAD);
    await workbench.quickInput.fill('ORG/NAME');
    await workbench.paletteRow('HF_HUB_OFFLINE').waitFor();
    await workbench.picture('hub-offline');
    await workbench.paletteRow('ORG/NAME').click();
    const said = await workbench.notification('HF_HUB_OFFLINE');
    await workbench.picture('hub-offline-typed');
    assert.match(await said.innerText(), /Nothing is downloaded: .* is not to be asked/);
    await workbench.run('Notifications: Clear All Notifications');
  });

  test('a reload in mid-map brings back the parameters and the cells, and the map goes on', async () => {
    const goOn = await page.startLongMap();
    await workbench.stateIsKept(/columns:200,rows:200.*running:true/);
    await workbench.reload();
    goOn();
    await page.running();
    await untilEngines(1); // that of the window before ends with it
    await holdEngines(session.server);
    assert.equal(await page.frame.getByRole('textbox', { name: 'Columns' }).inputValue(), '200');
    await page.shows(LONG_MAP);
  });

  test('an engine that is killed in mid-map is reported; what came stays, and Generate starts another', async () => {
    const [pid] = await engines(session.server);
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await page.frame.locator('.fault-bar', { hasText: 'SIGKILL' }).waitFor();
    await page.shows(LONG_MAP);
    await workbench.picture('panel-engine-died');
    await page.type('Layer number', '5');
    await page.type('Columns', '40');
    await page.type('Rows', '40');
    await page.button('Generate').click();
    await page.complete(/^1,600 cells/);
    await untilEngines(1);
    assert.ok(!(await engines(session.server)).includes(pid));
    await closePanels();
  });

  test('two panels on two models at once; hidden and shown again', async () => {
    await workbench.pick(CHOOSE, 'tiny');
    await page.complete();
    // A page that is hidden is the same when it is seen again, with all that stands in it.
    const body = page.frame.locator('body');
    await body.evaluate((element) => element.setAttribute('data-seen', 'before'));
    await workbench.run(GENERATE);
    const tabs = workbench.page.locator('.tabs-container .tab', { hasText: ' · ' });
    await tabs.nth(1).waitFor();
    await page.complete();
    await untilEngines(2);
    await tabs.first().click();
    await workbench.page.locator('.tab.active', { hasText: 'tiny' }).waitFor();
    await page.complete(/^2,500 cells/);
    assert.equal(await body.getAttribute('data-seen'), 'before');
    await workbench.run('View: Move Editor into Right Group');
    await new MapPage(workbench, workbench.webviewOf(0)).complete(/^2,500 cells/);
    await new MapPage(workbench, workbench.webviewOf(1)).complete(/^2,500 cells/);
    await workbench.picture('two-panels');
    await closePanels();
    await workbench.run('Embedding Grid: Open Last Map');
    await page.complete(/^2,500 cells/);
    await workbench.pick(CHOOSE, 'tiny');
    await workbench.page.locator('.tab.active', { hasText: 'tiny ·' }).waitFor();
    await page.complete(/^2,500 cells/);
    await closePanels();
    // In the window where it was closed it is offered, too.
    await workbench.run(GENERATE);
    const offer = await workbench.notification('The last map here was tiny');
    await workbench.picture('last-map-offered');
    await offer.getByRole('button', { name: 'Open It' }).click();
    await workbench.page.locator('.tab.active', { hasText: 'tiny ·' }).waitFor();
    await page.complete(/^2,500 cells/);
    await closePanels();
  });

  test('a model that is deleted is named; the map of it stays and opens again', async () => {
    await workbench.pick(CHOOSE, 'tiny');
    await page.complete();
    await page.button('Save Map').click();
    await workbench.saved('results_layer_5.json');
    rmSync(path.join(session.server.workspace, 'tiny'), { recursive: true });
    await workbench.run('Embedding Grid: Restart Engine');
    await page.button('Generate').click();
    await page.status.filter({ hasText: /tiny/ }).waitFor();
    await page.frame.locator('.heatmaplayer image').first().waitFor();
    await workbench.picture('panel-model-deleted');
    await workbench.openFromExplorer('results_layer_5.json');
    await page.button('Edit and Run Again').waitFor();
    await page.complete(/^2,500 cells/);
  });

  test('a window that is closed leaves no engine', async () => {
    await workbench.run(GENERATE);
    await page.complete();
    await untilEngines(1);
    await workbench.close();
    await untilEngines(0);
  });
});
