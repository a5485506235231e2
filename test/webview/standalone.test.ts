import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { comparisonPage, seriesPage } from '../../src/formats/comparison/pages.js';
import { toHtml } from '../../src/formats/html.js';
import { readingOf } from '../../src/formats/reading.js';
import { assetsFolder } from '../../src/host/installation.js';
import { type ModelSession, openModel } from '../../src/index.js';
import { compareMaps, tokenChanges } from '../../src/map/compare/comparison.js';
import { tokenText } from '../../src/map/display.js';
import { gridWindow } from '../../src/map/grid.js';
import { formatFixed, formatPercent } from '../../src/map/numbers.js';
import type { Grid } from '../../src/map/specification.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { detailGrid } from '../../webview/map/detail.js';
import { HOSTILE_VOCABULARY } from '../formats/hostileTokens.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { launchBrowser } from '../vscode/support/browser.js';
import { iconsWithout } from './icons.js';

const SIDE = 20;
const PAGE = { assets: assetsFolder };
/** What a stranger's Markdown may try, beside what it may hold. */
const HOSTILE_READING = `# </title><script>alert(0)</script>

<img src=x onerror=alert(1)> **bold** <script>alert(2)</script>

<iframe src="https://example.org"></iframe>

- [ ] [run](javascript:alert(3)) [data](data:text/html,<script>alert(4)</script>) [file](file:///etc/passwd)
- [x] [web](https://example.org/a?b=">)
- ![picture](x.png) <style>*{display:none}</style> &lt;b&gt;

[ref]: javascript:alert(5)

[ref] <javascript:alert(6)>
`;
const SCREENS = {
  desktop: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  phone: { viewport: { width: 390, height: 780 }, colorScheme: 'dark', hasTouch: true, isMobile: true },
} as const;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Degrees, of `rgb(1, 2, 3)`. */
function hueOf(color: string): number {
  const [r = 0, g = 0, b = 0] = (color.match(/\d+/g) ?? []).map(Number);
  return ((Math.atan2(Math.sqrt(3) * (g - b), 2 * r - g - b) * 180) / Math.PI + 360) % 360;
}

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

  /** Opens a page; whatever it complains of, or asks of the network, fails the test. */
  async function opened(
    html: Promise<Uint8Array>,
    options: BrowserContextOptions,
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const file = path.join(folder, 'map.html');
    writeFileSync(file, await html);
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
      assert.deepEqual(await iconsWithout(page), []);
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

  /** Nothing lies beside the screen. */
  const onScreen = async (page: Page): Promise<void> =>
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));

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
    await opened(toHtml(map, PAGE), { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }, async (page) => {
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

  for (const [name, options] of Object.entries(SCREENS)) {
    test(`Hover or touch, pin, keyboard, colors and table on a ${name}; 200 tokens of a stranger are text`, async () => {
      const map = syntheticMap({
        columns: 20,
        rows: 20,
        vocabulary: HOSTILE_VOCABULARY.length,
        tokens: HOSTILE_VOCABULARY,
      });
      const reading = readingOf(HOSTILE_READING);
      await opened(toHtml(map, { ...PAGE, reading }), options, async (page) => {
        await accessible(page);
        const text = page.locator('.reading-text');
        for (const one of ['<img src=x onerror=alert(1)>', '<script>alert(2)</script>', 'javascript:alert(3)'])
          await text.getByText(one).first().waitFor();
        assert.deepEqual(
          await page.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
          ['#map', 'https://example.org/a?b=%22%3E'],
        );
        await text.getByRole('checkbox').first().check();
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
        await onScreen(page);
      });
    });

    test(`A series on a ${name}: slider, play and keys go through its maps; a token keeps its color`, async () => {
      const maps = [3, 1, 2].map((seed) => syntheticMap({ columns: 12, rows: 12, seed, vocabulary: 9 }));
      const members = maps.map((map, i) => ({ name: `${i}`, map }));
      const lines = [
        { name: 'layer=3', members },
        { name: 'layer=<b>5', members: members.slice(0, 2) },
      ];
      const html = seriesPage({ axis: 'seed', plane: 'own', lines }, PAGE);
      await opened(html, options, async (page) => {
        const cells = async (): Promise<string[][]> => {
          await page.getByRole('button', { name: 'Cells as Table' }).click();
          const found = await tableOf(page);
          await page.getByRole('button', { name: 'Show as Map' }).click();
          return found;
        };
        const isMap = async (at: number): Promise<void> => {
          await page.locator('.sweep-layer', { hasText: `Seed ${at}` }).waitFor();
          const map = maps[at];
          assert.ok(map);
          const { tokens, points } = differences(await cells(), expected(map));
          assert.equal(tokens, 0);
          assert.ok(points < 0.101, `${points} points`);
        };
        const colors = async (): Promise<Map<string, string>> =>
          new Map(
            await page
              .locator('tr[data-key]')
              .evaluateAll((rows) =>
                rows.map((row): [string, string] => [
                  row.querySelector('th')?.textContent ?? '',
                  getComputedStyle(row.querySelector('.swatch') ?? row).backgroundColor,
                ]),
              ),
          );
        await page.getByLabel('Color by').selectOption('token');
        await isMap(2);
        const last = await colors();
        await accessible(page);
        await page.locator('.plot').press('[');
        await isMap(1);
        const both = [...(await colors())].filter(([token]) => last.has(token));
        assert.ok(both.length > 2, `${both.length} tokens are on both maps`);
        // The hue is the token's; it is darker where that is more probable.
        for (const [token, color] of both) {
          const apart = Math.abs(hueOf(color) - hueOf(last.get(token) ?? ''));
          assert.ok(Math.min(apart, 360 - apart) < 8, `${token}: ${color} and ${last.get(token)}`);
        }
        await page.getByRole('slider', { name: 'Map by seed' }).press('Home');
        await isMap(0);
        await page.getByRole('button', { name: 'Play Through the Maps' }).press('Enter');
        await page.locator('.sweep-layer', { hasText: 'Seed 2' }).waitFor();
        await page.getByRole('button', { name: 'Pause' }).press('Enter');
        await page.getByRole('combobox', { name: 'Maps with' }).selectOption({ label: 'layer=<b>5' });
        await isMap(1);
        await onScreen(page);
      });
    });

    test(`Two maps on a ${name}: linked, with what changes and its numbers`, async () => {
      const [a, b] = [1, 2].map((seed) => {
        const map = syntheticMap({ columns: 12, rows: 12, seed, vocabulary: 9 });
        return { ...map, specification: { ...map.specification, layer: seed } };
      });
      assert.ok(a && b);
      const js = new Float32Array(144).fill(0.25);
      const comparison = compareMaps(a, b, { ab: js, ba: js, js });
      const { compared, changed } = comparison.agreement;
      await opened(comparisonPage(comparison, PAGE), options, async (page) => {
        await page.getByText(`${formatFixed((100 * (compared - changed)) / compared, 1)}% agreement`).waitFor();
        const rows = await page.locator('tr[data-key] .number').allTextContents();
        assert.deepEqual(
          rows.map(Number),
          tokenChanges(comparison).map(({ cells }) => cells),
        );
        const [left, right, between] = await page.locator('.plot').all();
        assert.ok(left && right && between);
        await left.press('Enter');
        await left.press('ArrowRight');
        const positions = await page.locator('.cell dd:first-of-type').allTextContents();
        assert.equal(positions[0], positions[1]);
        await right.press('+');
        await page.getByRole('combobox', { name: 'Color changes by' }).selectOption('js');
        await page.getByText('mean 0.36 bits').first().waitFor();
        for (const one of [left, right, between])
          assert.match((await one.getAttribute('aria-label')) ?? '', /Token map/);
        // All three are drawn, with their labels and borders.
        const drawn = await page.locator('.pane .map-area > canvas.layer:nth-of-type(1)').evaluateAll((all) =>
          all.map((one) => {
            const { width, height } = one as HTMLCanvasElement;
            const data = (one as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
            return data.some((value) => value > 0);
          }),
        );
        assert.deepEqual(drawn, [true, true, true]);
        await accessible(page);
        await onScreen(page);
      });
    });
  }

  test('With a text, from 390 to 1,024 px, nothing is cut off or lies over another, and a finger scrolls the page', async () => {
    const reading = readingOf(`# Title\n\n${'A paragraph of a long text.\n\n'.repeat(60)}`);
    const prompt = (text: string) => ({ kind: 'prompt', text }) as const;
    const map = await session.map({
      plane: {
        center: prompt('Tom and Huck went to the'),
        axes: {
          method: 'directions',
          x: prompt('The captain of the ship looked at the white'),
          y: prompt('And Moses said unto the children of'),
        },
        lengths: 'typical',
      },
      grid: { columns: SIDE, rows: SIDE, spacing: 0.1, center: [0.5, 0.5] },
      closerLook: true,
    });
    await opened(toHtml(map, { ...PAGE, reading }), SCREENS.phone, async (page) => {
      const plot = page.locator('.plot');
      /** What of the controls and numbers is wider than its room, or lies over the inspector or the edge. */
      const cut = (): Promise<string[]> =>
        page.locator('.toolbar > *, .zoom > *, .cell-summary dd, .cell-summary dd *').evaluateAll((all) =>
          all
            .filter((one) => {
              const room = one.closest('.toolbar, .cell-left')?.getBoundingClientRect();
              const { left, right, width } = one.getBoundingClientRect();
              const fits = room && left >= room.left && right <= room.right + 0.5;
              return (
                width > 0 &&
                (!fits ||
                  (!one.matches('select, .gauge *, .only-spoken') &&
                    // What ends in dots says all of itself to who points at it.
                    !(getComputedStyle(one).textOverflow === 'ellipsis' && one.closest('[title]')) &&
                    one.scrollWidth > one.clientWidth + 1 &&
                    one.clientWidth > 0))
              );
            })
            .map((one) => one.outerHTML),
        );
      /** Pixels of axes, scale and overview that touch the left or the right edge of their canvas. */
      const atEdges = (): Promise<number> =>
        page.locator('.map-area > canvas.layer:nth-of-type(1)').evaluate((one) => {
          const canvas = one as HTMLCanvasElement;
          // A copy is read: of the page's own canvas the browser would complain.
          const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
          const context = copy.getContext('2d', { willReadFrequently: true });
          context?.drawImage(canvas, 0, 0);
          return [0, canvas.width - 1]
            .flatMap((at) => Array.from(context?.getImageData(at, 0, 1, canvas.height).data ?? [1]))
            .filter((value) => value > 0).length;
        });
      for (const [width, height] of [
        [390, 780],
        [700, 900],
        [768, 1024],
        [932, 430],
        [1024, 768],
      ] as const) {
        await page.setViewportSize({ width, height });
        await page.locator(`body[data-layout="${width < 1000 ? 'narrow' : 'medium'}"]`).waitFor();
        await onScreen(page);
        assert.deepEqual(await cut(), [], `${width} px`);
        const box = await plot.boundingBox();
        assert.ok(box && box.width >= 200, `${width} px: the map is ${box?.width} px wide`);
      }
      await page.setViewportSize({ width: 390, height: 780 });
      await page.locator('body[data-layout="narrow"]').waitFor();
      await page.getByLabel('Color by').selectOption('entropy');
      assert.equal(await atEdges(), 0, 'the whole map');
      // What scrolls is the page, until there is a part of the map that a finger can move.
      await page.getByRole('link', { name: 'To the map' }).tap();
      const { y = 0, height = 0 } = (await plot.boundingBox()) ?? {};
      assert.ok(y >= 0 && y + height <= 780, 'the link leads to the map');
      const touch = (): Promise<string> => plot.evaluate((one) => getComputedStyle(one).touchAction);
      assert.equal(await touch(), 'pan-y');
      for (let i = 0; i < 4; i++) await page.getByRole('button', { name: 'Zoom In' }).click();
      assert.equal(await touch(), 'none');
      assert.equal(await atEdges(), 0, 'a part of the map');
    });
  });

  test('A map without rows has the cells that it has, and its exact regions', async () => {
    const map = syntheticMap({ columns: 20, rows: 20, exact: true });
    const window = gridWindow(map.specification.grid);
    assert.ok(window.x1 > window.x0);
    await opened(toHtml(map, PAGE), { viewport: { width: 1280, height: 800 } }, async (page) => {
      const count = map.regions?.polygons.length ?? 0;
      await page.getByText(`${count} tokens win somewhere in this window`).waitFor();
    });
  });
});
