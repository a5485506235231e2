import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { hashes } from '../faults/studies.js';
import { CLI, startTree } from '../faults/processes.js';
import { holdEngines } from './support/engines.js';
import { MapPage } from './support/mapPage.js';
import { leftOut } from './support/places.js';
import { useSession } from './support/session.js';
import type { Workbench } from './support/workbench.js';

const STUDY = {
  format: 'embedding-study',
  version: 1,
  base: { grid: { columns: 8, rows: 8 } },
  vary: ['layer=0-3', 'seed=1-6'],
  shard: 4,
};

suite('A study in VS Code', { skip: leftOut(), timeout: 480_000 }, () => {
  const session = useSession(() => ({
    fill: (workspace) => writeFileSync(path.join(workspace, 'small.embedding-study.json'), JSON.stringify(STUDY)),
  }));
  let workbench: Workbench;
  let page: MapPage;
  const button = (name: string): Locator => page.button(name);
  const says = (text: string | RegExp): Promise<void> =>
    page.frame.locator('.study .state', { hasText: text }).waitFor();
  const row = (text: string | RegExp): Locator =>
    workbench.page.locator('.part.sidebar .monaco-list-row', { hasText: text }).first();
  const unfold = async (text: string): Promise<void> => {
    await row(text).waitFor();
    if ((await row(text).getAttribute('aria-expanded')) !== 'true')
      await row(text).locator('.monaco-tl-twistie').click();
  };

  before(async () => {
    workbench = await session.open(undefined, { sideBar: true });
    page = new MapPage(workbench);
  });

  test('opens as text, and beside it as what it plans, which follows what is typed', async () => {
    await workbench.openFromExplorer('small.embedding-study.json');
    await workbench.page.locator('.monaco-editor .view-line', { hasText: 'embedding-study' }).first().waitFor();
    await workbench.page.getByRole('button', { name: 'Open as Study' }).click();
    await says('24 maps, none computed yet');
    await button('Measure').click();
    await page.frame.locator('dt', { hasText: 'Time' }).waitFor();
    await page.frame.locator('dd', { hasText: 'for the engine' }).waitFor();
    await workbench.picture('study-plan');
  });

  test('is run, cancelled and resumed; its tables are those of the command line', async () => {
    const file = path.join(session.server.workspace, 'small.embedding-study.json');
    const longer = { ...STUDY, base: { grid: { columns: 40, rows: 40 } } };
    writeFileSync(file, JSON.stringify(longer));
    await page.frame.locator('dd', { hasText: '40 × 40 cells' }).waitFor();
    await button('Run').click();
    await says(/^[4-9] of 24 maps|^1\d of 24 maps/);
    // It does not end before it is cancelled, however long the pointer takes there.
    const goOn = await holdEngines(session.server);
    await button('Cancel').hover();
    goOn();
    await button('Cancel').click();
    await says(/^\d+ of 24 maps are there/);
    await workbench.picture('study-cancelled');
    await button('Resume').click();
    await says('All 24 maps are there');
    await page.frame.locator('img.report').waitFor();
    await workbench.picture('study-done');
    const folder = path.join(session.server.folder, 'alone');
    const { code, err } = await startTree([CLI, 'study', file, '--output-dir', folder, '--quiet']).ended;
    assert.equal(code, 0, err);
    const wanted = hashes(folder);
    assert.equal(Object.keys(wanted).length, 4 * 6);
    assert.deepEqual(hashes(file.replace(/\.embedding-study\.json$/, '_results')), wanted);
  });

  test('any of its maps opens from the tables, without a model; two are compared', async () => {
    await button('Show Maps').click();
    await unfold('small');
    await unfold('layer=2');
    await session.server.processes().then((all) => {
      for (const { pid, command } of all) if (command.includes('engine.cjs')) process.kill(pid, 'SIGKILL');
    });
    await row('seed=5').click();
    await page.frame.getByRole('application', { name: /^Token map, 40 by 40 cells/ }).waitFor();
    await page.status.filter({ hasText: /layer 2/ }).waitFor();
    await workbench.chooseForBoth(row('seed=5'), row('seed=6'), 'Compare Token Maps');
    await page.frame.locator('.agreement-part', { hasText: '% agreement' }).waitFor();
    await workbench.picture('study-compared');
    const running = (await session.server.processes()).filter(({ command }) => command.includes('engine.cjs'));
    assert.deepEqual(running, [], 'no model was asked');
  });

  test('a mistake in the file is said where it is read', async () => {
    const file = path.join(session.server.workspace, 'small.embedding-study.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"vary"', '"varies"'));
    // The first tab of that name is the text, the second the study.
    await workbench.page.locator('.tab', { hasText: 'small.embedding-study.json' }).nth(1).click();
    await page.frame.locator('.study .fault', { hasText: /cannot be used/ }).waitFor();
    await workbench.theme('Light Modern');
    await page.frame.locator('body.vscode-light').waitFor();
    await workbench.picture('study-fault-light');
  });
});
