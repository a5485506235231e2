import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { toHtml } from '../../src/formats/html.js';
import { assetsFolder } from '../../src/host/installation.js';
import { type ModelSession, openModel } from '../../src/index.js';
import { tokenText } from '../../src/map/display.js';
import { gridWindow } from '../../src/map/grid.js';
import { formatPercent } from '../../src/map/numbers.js';
import type { Grid } from '../../src/map/specification.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { detailGrid } from '../../webview/map/detail.js';
import { HOSTILE_TOKENS } from '../formats/hostileTokens.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { launchBrowser } from '../vscode/support/browser.js';

const SIDE = 20;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

suite('A page of its own, from disk and offline', () => {
  let browser: Browser;
  let folder = '';
  let session: ModelSession;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-page-'));
    [browser, session] = await Promise.all([launchBrowser(), openModel()]);
  });
  after(async () => {
    await Promise.all([browser.close(), session.close()]);
    rmSync(folder, { recursive: true });
  });

  /** Opens a map's page; whatever it complains of, or asks of the network, fails the test. */
  async function opened(
    map: TokenMap,
    options: BrowserContextOptions,
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const file = path.join(folder, 'map.html');
    writeFileSync(file, await toHtml(map, { assets: assetsFolder }));
    const context = await browser.newContext({ offline: true, ...options });
    try {
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', ({ message }) => problems.push(message));
      page.on('console', (message) => problems.push(message.text()));
      page.on('dialog', (dialog) => (problems.push(dialog.message()), void dialog.dismiss()));
      page.on('request', (request) => {
        if (!/^(file|data|blob):/.test(request.url())) problems.push(request.url());
      });
      await page.goto(pathToFileURL(file).href);
      await page.locator('body[data-ready]').waitFor();
      await look(page);
      assert.deepEqual(problems, []);
    } finally {
      await context.close();
    }
  }

  const accessible = async (page: Page): Promise<void> => {
    await page.evaluate(AXE);
    const found = await page.evaluate(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + " " + nodes.map(({ html }) => html).join(" ")))',
    );
    assert.deepEqual(found, []);
  };

  /** The cells in sight, as the page's table has them: row by row from the top, token and percentage. */
  const tableOf = (page: Page): Promise<string[][]> =>
    page
      .locator('table.cells tbody tr')
      .evaluateAll((rows) =>
        rows.map((row) =>
          Array.from(
            row.querySelectorAll('td'),
            (cell) => `${cell.title} ${cell.querySelector('.faint')?.textContent ?? ''}`,
          ),
        ),
      );

  const expected = ({ cells, tokens }: TokenMap): string[][] =>
    Array.from({ length: cells.rows }, (_, i) =>
      Array.from({ length: cells.columns }, (__, column) => {
        const cell = (cells.rows - 1 - i) * cells.columns + column;
        const token = tokens.get(cells.ids[cell * cells.topK] ?? -1);
        return `${token ? tokenText(token) : ''} ${formatPercent(cells.probabilities[cell * cells.topK] ?? 0)}`;
      }),
    );

  /** How many cells have another token, and the most that a percentage is off. */
  function differences(a: string[][], b: string[][]): { tokens: number; points: number } {
    let [tokens, points] = [0, 0];
    a.flat().forEach((one, i) => {
      const other = b.flat()[i] ?? '';
      const cut = (text: string): [string, number] => [
        text.slice(0, text.lastIndexOf(' ')),
        parseFloat(text.slice(text.lastIndexOf(' '))),
      ];
      const [[token, p], [otherToken, otherP]] = [cut(one), cut(other)];
      if (token !== otherToken) tokens++;
      points = Math.max(points, Math.abs(p - otherP));
    });
    return { tokens, points };
  }

  test('Zoomed by more than 10,000, its cells and its tokens are those of the engine', async () => {
    const plane = { center: { kind: 'prompt', text: 'Once upon a time' } } as const;
    const wide = { columns: SIDE, rows: SIDE, spacing: 4, center: [0, 0] } as const;
    const { regions } = await session.map({ plane, grid: wide });
    // A corner inside the window: three tokens meet there, however close one looks.
    const { x1, y1 } = gridWindow(wide);
    const corners = (regions?.polygons ?? []).flatMap(({ points }) =>
      Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i] ?? 0, points[2 * i + 1] ?? 0] as const),
    );
    const corner = corners.find(([x, y]) => Math.abs(x) < 0.9 * x1 && Math.abs(y) < 0.9 * y1);
    assert.ok(corner, 'there is a corner');
    const grid: Grid = { ...wide, center: [corner[0], corner[1]] };
    const map = await session.map({ plane, grid, closerLook: true });
    const steps = 23; // of 1.5 each
    const side = SIDE / 1.5 ** steps;
    const part = { x: (SIDE - side) / 2, y: (SIDE - side) / 2, width: side, height: side };
    const close = await session.map({ plane, grid: detailGrid(grid, part) });
    assert.ok(new Set(close.cells.ids.filter((_, i) => i % close.cells.topK === 0)).size >= 3);
    await opened(map, { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }, async (page) => {
      const table = page.getByRole('button', { name: 'Cells as Table' });
      await table.click();
      const whole = differences(await tableOf(page), expected(map));
      assert.equal(whole.tokens, 0);
      assert.ok(whole.points < 0.101, `${whole.points} points`);
      await page.keyboard.press('Escape');
      await page.locator('.plot:focus').waitFor();
      for (let i = 0; i < steps; i++) await page.keyboard.press('+');
      await page.getByText('11,200×').waitFor();
      await page.getByText('Window refined').waitFor({ state: 'attached' });
      await table.click();
      const closer = differences(await tableOf(page), expected(close));
      assert.equal(closer.tokens, 0);
      assert.ok(closer.points < 0.101, `${closer.points} points`);
      await page.getByText(`${close.regions?.polygons.length ?? 0} tokens win somewhere in this window`).waitFor();
    });
  });

  for (const [name, options] of Object.entries({
    desktop: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
    phone: { viewport: { width: 390, height: 780 }, colorScheme: 'dark', hasTouch: true, isMobile: true },
  } as const)) {
    test(`Hover or touch, pin, keyboard, colors and table on a ${name}; strangers' tokens are text`, async () => {
      const map = syntheticMap({ columns: 20, rows: 20, vocabulary: HOSTILE_TOKENS.length, tokens: HOSTILE_TOKENS });
      await opened(map, options, async (page) => {
        await accessible(page);
        const plot = page.locator('.plot');
        if (name === 'phone') await plot.tap();
        else await plot.click();
        await page.getByRole('heading', { name: 'Pinned cell' }).waitFor();
        await plot.press('ArrowRight');
        await page.getByLabel('Color by').selectOption('token');
        await page.getByRole('button', { name: 'Cells as Table' }).click();
        const { tokens: other } = differences(await tableOf(page), expected(map));
        assert.equal(other, 0);
        await accessible(page);
        assert.equal(
          await page.evaluate('document.querySelectorAll("img, script:not([type]) ~ script, iframe").length'),
          0,
        );
        // Nothing lies beside the screen.
        assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
      });
    });
  }

  test('A map without rows has the cells that it has, and its exact regions', async () => {
    const map = syntheticMap({ columns: 20, rows: 20, exact: true });
    const window = gridWindow(map.specification.grid);
    assert.ok(window.x1 > window.x0);
    await opened(map, { viewport: { width: 1280, height: 800 } }, async (page) => {
      const count = map.regions?.polygons.length ?? 0;
      await page.getByText(`${count} tokens win somewhere in this window`).waitFor();
    });
  });
});
