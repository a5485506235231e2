import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { MapPage } from './support/mapPage.js';
import { leftOut, ROOT } from './support/places.js';
import { type Session, useSession } from './support/session.js';
import { until } from './support/until.js';

const GENERATE = 'Embedding Grid: Generate Embedding Grid';

/** Process ids of the engines of a server. */
const engines = async (session: Session): Promise<readonly number[]> =>
  (await session.server.processes()).filter(({ command }) => command.includes('engine.cjs')).map(({ pid }) => pid);

/** Waits until this many engines run: those of an earlier window end a moment after it. */
const untilEngines = (session: Session, count: number): Promise<void> =>
  until(`${count} engines`, async () => (await engines(session)).length === count);

/** Asks for a map that takes long. */
async function startLongMap(page: MapPage): Promise<void> {
  await page.type('Layer number', '0');
  await page.type('Columns', '1000');
  await page.type('Rows', '1000');
  await page.button('Generate').click();
  await page.running();
}

const cellsDone = async (page: MapPage): Promise<number> => {
  const [, count = '0'] = /([\d,]+) of [\d,]+ cells/.exec(await page.status.innerText()) ?? [];
  return Number(count.replaceAll(',', ''));
};

suite('Through what may happen', { skip: leftOut(), timeout: 240_000 }, () => {
  const session = useSession(() => ({
    fill: (workspace) =>
      cpSync(path.join(ROOT, 'media', 'novella-3m'), path.join(workspace, 'tiny'), {
        recursive: true,
        filter: (file) => !file.includes('training'),
      }),
  }));

  test('no engine before the first map; a window that is closed leaves no process', async (context) => {
    const workbench = await session.open(context);
    await workbench.run('Embedding Grid: Show Log');
    assert.deepEqual(await engines(session), []);
    await workbench.run(GENERATE);
    await new MapPage(workbench).complete();
    assert.equal((await engines(session)).length, 1);
    await workbench.close();
    await untilEngines(session, 0);
  });

  test('a reload in mid-map brings back the parameters and the cells, and the map goes on', async (context) => {
    const workbench = await session.open(context);
    await workbench.run(GENERATE);
    const page = new MapPage(workbench);
    await page.complete();
    await startLongMap(page);
    await until('the first pass', async () => (await cellsDone(page)) > 700);
    await workbench.stateIsKept(/columns:1000,rows:1000.*running:true/);
    await workbench.reload();
    await page.running();
    assert.equal(await page.frame.getByRole('textbox', { name: 'Columns' }).inputValue(), '1000');
    await page.frame.locator('.heatmaplayer image').first().waitFor();
    await page.button('Cancel').click();
  });

  test('an engine that is killed in mid-map is reported; what came stays, and Generate starts another', async (context) => {
    await untilEngines(session, 0);
    const workbench = await session.open(context);
    await workbench.run(GENERATE);
    const page = new MapPage(workbench);
    await page.complete();
    await startLongMap(page);
    await until('the first pass', async () => (await cellsDone(page)) > 700);
    const [pid, ...others] = await engines(session);
    assert.ok(pid !== undefined && others.length === 0);
    process.kill(pid, 'SIGKILL');
    await page.status.filter({ hasText: 'SIGKILL' }).waitFor();
    await page.frame.locator('.heatmaplayer image').first().waitFor();
    await workbench.picture('panel-engine-died');
    await page.type('Layer number', '5');
    await page.type('Columns', '40');
    await page.type('Rows', '40');
    await page.button('Generate').click();
    await page.complete(/^1,600 cells/);
    await untilEngines(session, 1);
  });

  test('two panels on two models at once; hidden and shown again', async (context) => {
    await untilEngines(session, 0);
    const workbench = await session.open(context);
    await workbench.run(GENERATE);
    await new MapPage(workbench).complete();
    await workbench.run('Embedding Grid: Choose Model...');
    await workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: 'tiny' }).first().click();
    await new MapPage(workbench).complete();
    await workbench.run(GENERATE);
    await new MapPage(workbench).complete();
    await untilEngines(session, 2);
    const tabs = workbench.page.locator('.tabs-container .tab', { hasText: 'Embedding Grid' });
    assert.equal(await tabs.count(), 2);
    await tabs.first().click();
    await new MapPage(workbench).complete(/^2,500 cells/);
    await workbench.run('View: Move Editor into Right Group');
    await new MapPage(workbench, workbench.webviewOf(0)).complete(/^2,500 cells/);
    await new MapPage(workbench, workbench.webviewOf(1)).complete(/^2,500 cells/);
    await workbench.picture('two-panels');
  });

  test('a model that is deleted is named; the map of it stays and opens again', async (context) => {
    const workbench = await session.open(context);
    const page = new MapPage(workbench);
    await workbench.run('Embedding Grid: Choose Model...');
    await workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: 'tiny' }).first().click();
    await page.complete();
    await page.button('Save Map').click();
    await workbench.explorerRow('results_layer_5.json').waitFor();
    rmSync(path.join(session.server.workspace, 'tiny'), { recursive: true });
    await workbench.run('Embedding Grid: Restart Engine');
    await page.button('Generate').click();
    await page.status.filter({ hasText: /tiny/ }).waitFor();
    await page.frame.locator('.heatmaplayer image').first().waitFor();
    await workbench.picture('panel-model-deleted');
    await workbench.openFromExplorer('results_layer_5.json');
    const viewer = new MapPage(workbench);
    await viewer.button('Edit and Run Again').waitFor();
    await viewer.complete(/^2,500 cells/);
  });
});
