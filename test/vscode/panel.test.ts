import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { scaleColors } from '../../src/map/colors.js';
import { panelStates } from './states.js';
import { holdEngines } from './support/engines.js';
import { MapPage } from './support/mapPage.js';
import { leftOut } from './support/places.js';
import { useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

const GENERATE = 'Embedding Grid: Generate Embedding Grid';

suite('The panel in VS Code', { skip: leftOut(), timeout: 480_000 }, () => {
  const session = useSession();
  let workbench: Workbench;
  let page: MapPage;

  before(async () => {
    workbench = await session.open();
    page = new MapPage(workbench);
  });

  test('from the palette to a finished map of the bundled model', async () => {
    const row = await workbench.findCommand(GENERATE);
    const started = performance.now();
    await row.click();
    await page.frame.locator('.heatmaplayer image').first().waitFor();
    const colors = performance.now() - started;
    const status = await page.complete(/^2,500 cells/);
    console.log(
      `  first colors after ${colors.toFixed(0)} ms, finished after ${(performance.now() - started).toFixed(0)} ms`,
    );
    assert.match(status, /layer 5 of 0–5 · CPU/);
    await workbench.picture('panel-dark');
  });

  test('the picture shows what the inspector says: a pixel per cell, darker where more confident', async () => {
    const picture = await page.colors();
    assert.deepEqual([picture.width, picture.height], [50, 50]);
    const scale = scaleColors('dark');
    const seen = new Set<string>();
    for (const [column, row] of [
      [3, 4],
      [25, 25],
      [48, 10],
      [10, 44],
      [40, 47],
    ] as const) {
      await page.clickCell(column, row, 50, 50);
      const { token, percent } = await page.inspected();
      assert.ok(token.length > 0);
      const position = await page.inspector.locator('dd').first().innerText();
      assert.equal(position, `x ${axis(column)}, y ${axis(row)}`);
      const wanted = scale[Math.round((Number.parseFloat(percent) / 100) * 255)];
      const got = picture.at(column, 49 - row);
      assert.ok(wanted);
      got.forEach((channel, i) =>
        assert.ok(Math.abs(channel - (wanted[i] ?? 0)) <= 2, `${percent}: ${got.join()} ${wanted.join()}`),
      );
      seen.add(got.join());
    }
    assert.ok(seen.size > 1);
    await workbench.page.keyboard.press('Escape');
  });

  test('regions are named on the map', async () => {
    const withLabels = await page.inkPixels();
    await page.button('Labels').click();
    await until('no labels', async () => withLabels - (await page.inkPixels()) > 500);
    await page.button('Labels').click();
    await until('the labels again', async () => (await page.inkPixels()) === withLabels);
    const names = await page.frame.locator('table.tokens tbody tr').count();
    const [, tokens] = /· ([\d,]+) tokens? ·/.exec(await page.status.innerText()) ?? [];
    assert.equal(names, Number(tokens?.replace(',', '')));
  });

  test('activation is quick', async () => {
    const milliseconds = await workbench.activation();
    assert.ok(milliseconds > 0);
    console.log(`  activated in ${milliseconds.toFixed(1)} ms`);
  });

  test('controls of every kind change the map, and undo takes it back', async () => {
    await page.changes('the slider', async () => {
      await page.field('Layer').getByRole('slider').focus();
      await workbench.page.keyboard.press('ArrowLeft');
    });
    await page.complete(/layer 4 of 0–5/);
    await page.changes('a layer by name', () => page.type('Layer number', 'embeddings'));
    await page.complete(/embeddings/);
    await page.changes('undo', () => page.button('Undo Parameter Change').click());
    await page.complete(/layer 4 of 0–5/);
    await page.changes('redo', () => page.button('Redo Parameter Change').click());
    await page.complete(/embeddings/);

    // What each control asks for, page.test.ts tells; here one of each kind meets the engine.
    await page.changes('a layer', () => page.type('Layer number', '2'));
    await page.changes('the lens', () => page.choose('Readout', 'Logit lens'));
    await page.changes('the model itself', () => page.choose('Readout', 'Forward'));
    await page.changes('direct', () => page.choose('Method', 'Direct'));
    await page.changes('random', () => page.choose('Method', 'Random projection'));
    await page.changes('another seed', () => page.button('Another Seed').click());
    await page.type('Middle x', '1.5');
    await page.type('Middle y', '-2');
    await page.type('Spacing', '0.25');
    await page.button('Keep the Window').click(); // one that is open keeps the spacing
    await page.type('Columns', '30');
    await page.type('Rows', '20');
    await page.complete(/^600 cells/);
    assert.match((await page.plot.getAttribute('aria-label')) ?? '', /^Token map, 30 by 20 cells, layer 2/);

    await page.unfold('Context');
    await page.changes('BOS', () => page.choose('Context', 'Beginning of sequence'));
    await page.choose('Context', 'Prompt');
    await page.changes('a prompt', () => page.type('Prompt', 'It is a truth universally'));

    await page.unfold('Advanced');
    await page.choose('Device', 'CPU');
    await page.type('Batch size', '64');
    await page.type('Tokens per cell', '5');
    await page.complete();
    await page.clickCell(3, 3, 30, 20);
    const ranking = page.inspector.locator('table.ranking tbody tr');
    await until('five tokens per cell', async () => (await page.complete(), (await ranking.count()) === 5));
  });

  test('each field says in words what is wrong with it', async () => {
    for (const [name, text, label, words] of [
      ['Columns', '0', 'Cells', /at least 1/],
      ['Rows', '1.5', 'Cells', /whole number/],
      ['Spacing', '-1', 'Spacing', /greater than 0/],
      ['Layer number', '99', 'Layer', /layer/i],
      ['Seed', 'x', 'Seed', /number/],
    ] as const) {
      await page.type(name, text);
      const fault = page.field(label).getByRole('alert');
      await fault.filter({ hasText: words }).waitFor();
      if (name === 'Spacing') await workbench.picture('panel-invalid-field');
      await page.type(name, { Columns: '30', Rows: '20', Spacing: '0.25', 'Layer number': '2', Seed: '42' }[name]);
      await fault.waitFor({ state: 'hidden' });
    }
    await page.complete();
  });

  test('what colors tell, borders, zoom and the table of cells', async () => {
    const before = (await page.colors()).at(10, 10).join();
    for (const name of ['Token', 'Margin', 'Entropy'] as const) {
      await page.frame.getByRole('tab', { name }).click();
      await until(`${name} colors`, async () => (await page.colors()).at(10, 10).join() !== before);
      if (name === 'Token') await workbench.picture('panel-token-colors');
    }
    await page.frame.getByRole('tab', { name: 'Probability' }).click();
    await until('the first colors again', async () => (await page.colors()).at(10, 10).join() === before);
    const bordered = await page.inkPixels();
    await page.button('Region Borders').click();
    await until('no borders', async () => (await page.inkPixels()) < bordered);
    await page.button('Region Borders').click();
    for (let i = 0; i < 5; i++) await page.button('Zoom In').click();
    await page.frame.locator('.zoom-text', { hasNotText: '100%' }).waitFor();
    await workbench.picture('panel-zoomed');
    await page.button('Zoom Out').click();
    await page.button('Whole Map').click();
    await page.frame.locator('.zoom-text', { hasText: '100%' }).waitFor();
    await page.more('Show Cells as Table');
    const cells = page.frame.locator('table.cells tbody td');
    await until('all cells in the table', async () => (await cells.count()) === 30 * 20);
    await page.button('Show as Map').click();
  });

  test('the keyboard does what the mouse does, and the pinned cell is read out', async () => {
    await page.plot.focus();
    const spoken = page.frame.locator('body > .only-spoken');
    await workbench.page.keyboard.press('Escape');
    await workbench.page.keyboard.press('Enter');
    await workbench.page.keyboard.press('ArrowRight');
    await page.inspector.getByText('Pinned cell').waitFor();
    await spoken.filter({ hasText: /percent, x .*y .*second/ }).waitFor();
    const one = await spoken.innerText();
    await workbench.page.keyboard.press('Shift+ArrowUp');
    await spoken.filter({ hasNotText: one }).waitFor();
    await workbench.page.keyboard.press('+');
    await page.frame.locator('.zoom-text', { hasText: '150%' }).waitFor();
    await workbench.page.keyboard.press('0');
    await workbench.page.keyboard.press('2');
    await page.frame.getByRole('tab', { name: 'Token', selected: true }).waitFor();
    await workbench.page.keyboard.press('1');
    await workbench.page.keyboard.press('[');
    await page.complete(/layer 1 of 0–5/);
    await page.plot.focus();
    await workbench.page.keyboard.press(']');
    await page.complete(/layer 2 of 0–5/);
    await workbench.page.keyboard.press('Escape');
  });

  test('a long map is cancelled by button and by Esc, keeps its cells, and goes on', async () => {
    const goOn = await page.startLongMap();
    await workbench.picture('panel-progress');
    await workbench.page.locator('.statusbar-item', { hasText: /Token map \d+%/ }).waitFor();
    goOn();
    await page.button('Cancel').click();
    await page.status.filter({ hasText: /Cancelled at [\d,]+ of 40,000 cells/ }).waitFor();
    const [, first] = /at ([\d,]+) of/.exec(await page.status.innerText()) ?? [];
    await page.button('Resume').click();
    await page.running();
    const goOnAgain = await holdEngines(session.server);
    await page.plot.focus();
    goOnAgain();
    await workbench.page.keyboard.press('Escape');
    await page.status.filter({ hasText: /Cancelled at [\d,]+ of 40,000 cells/ }).waitFor();
    const [, second] = /at ([\d,]+) of/.exec(await page.status.innerText()) ?? [];
    const number = (text = ''): number => Number(text.replaceAll(',', ''));
    assert.ok(number(second) >= number(first) && number(first) > 0, `${first} ${second}`);
    await workbench.picture('panel-cancelled');
    await page.type('Layer number', '5');
    await page.type('Columns', '50');
    await page.type('Rows', '50');
    await page.type('Batch size', '64');
    await page.generate();
    await page.complete(/^2,500 cells/);
  });

  test('the map is copied as a command line', async () => {
    await page.changes('another spacing', () => page.type('Spacing', '0.75'));
    await workbench.run('Embedding Grid: Copy as Command Line');
    let text = '';
    await until('a command line in the clipboard', async () => {
      text = await workbench.clipboard();
      return text.startsWith('embedding-grid ');
    });
    assert.match(text, /--spacing 0\.75\b/);
    assert.match(text, /--prompt "It is a truth universally"/);
    assert.match(text, /--device cpu --batch-size 64/);
  });

  test('saved, shown in the Explorer, and opened again', async () => {
    await page.button('Save Map').click();
    const name = 'embedding_grid_results_layer_5.json';
    await workbench.saved(name);
    const folder = path.join(session.server.workspace, 'embedding_grid_results');
    const picture = 'embedding_grid_layer_5_size_50_method_random_projection';
    assert.deepEqual(readdirSync(folder).sort(), [`${picture}.png`, `${picture}.svg`, name]);
    const saved = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as { config: { spacing: number } };
    assert.equal(saved.config.spacing, 0.75);

    await workbench.openFromExplorer(name);
    const viewer = new MapPage(workbench);
    await viewer.complete(/^2,500 cells/);
    await workbench.picture('saved-in-workspace');
    await viewer.button('Edit and Run Again').click();
    await workbench.page.locator('.tab.active', { hasText: ' · ' }).waitFor();
    await new MapPage(workbench).complete(/^2,500 cells/);
  });

  suite('Every state of it', () => panelStates(() => workbench));
});

/** A coordinate as the panel writes it: 30 columns or 50, the default spacing. */
const axis = (index: number): string => ((index - 24.5) * 0.5).toFixed(2).replace('-', '−');
