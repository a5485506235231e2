import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { scaleColor } from '../../src/map/colors.js';
import { coordinates } from '../../src/map/grid.js';
import { formatPercent } from '../../src/map/numbers.js';
import { DEFAULT_PARAMETERS, type Grid } from '../../src/map/specification.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { leftOut } from '../vscode/support/places.js';
import { defaultMap } from './fakeEngine.js';
import { eventually, savedMap, type Stage, usePages } from './stage.js';

const top = ({ cells }: TokenMap, cell: number): number => cells.probabilities[cell * cells.topK] ?? 0;
/** A window's map, as the engine computes it. */
const mapOf = (grid: Grid): TokenMap => defaultMap({ ...DEFAULT_PARAMETERS, grid });

suite('A closer look', { concurrency: 2, skip: leftOut(), timeout: 240_000 }, () => {
  const onPage = usePages();

  /** The grid that the engine was asked for last. */
  const asked = (stage: Stage): Grid => stage.deps.engine.asked.at(-1)?.parameters.grid ?? DEFAULT_PARAMETERS.grid;
  const toggleOf = ({ page }: Stage, state: { pressed?: boolean } = {}) =>
    page.getByRole('button', { name: 'Refine on Zoom', exact: true, ...state });
  const seen = (stage: Stage) => stage.page.locator('.status-seen');
  /** Zooms in at a cell of the whole map by so many steps of a wheel. */
  async function wheel(stage: Stage, column: number, row: number, steps: number): Promise<void> {
    const { x, y } = await stage.cellPoint(column, row);
    await stage.page.mouse.move(x, y);
    for (let i = 0; i < Math.abs(steps); i++) await stage.page.mouse.wheel(0, steps > 0 ? -200 : 200);
    await stage.rested();
  }
  /** Hides what is drawn over the cells' colors. */
  async function bare(stage: Stage): Promise<void> {
    for (const name of ['Labels', 'Region Borders', 'Anchors and Overlays']) await stage.button(name).click();
    await stage.button('More Actions').click();
    await stage.page.getByRole('menuitem', { name: 'Hide Ring of the Typical Norm' }).click();
    await stage.page.mouse.move(5, 5);
    await stage.settled();
  }

  onPage(
    'what rests in view is computed afresh: colors, cells, tokens, areas are those of the window',
    {},
    async (stage) => {
      await bare(stage);
      await wheel(stage, 20, 30, 6);
      await stage.refined();
      const grid = asked(stage);
      assert.equal(grid.columns, 50);
      assert.ok(grid.spacing < 0.25, String(grid.spacing));
      const map = mapOf(grid);
      await stage.page.mouse.move(5, 5);
      const cells = [
        [3, 4],
        [33, 12],
        [48, 10],
        [10, 44],
      ] as const;
      const colors = await stage.colorsAt(
        await Promise.all(cells.map(([column, row]) => stage.cellPoint(column, row))),
      );
      cells.forEach(([column, row], i) => {
        const wanted = scaleColor('dark', top(map, row * 50 + column));
        (colors[i] ?? []).forEach((channel, k) =>
          assert.ok(Math.abs(channel - (wanted[k] ?? -9)) <= 2, `${column} ${row}`),
        );
      });
      const shown = stage.page.locator('table[aria-label="Tokens on this map"] tbody tr');
      assert.equal(await shown.count(), map.regions?.polygons.length);

      // Pin and hover are about the window's own cells.
      await stage.clickCell(10, 44);
      const { xs, ys } = coordinates(grid);
      const position = (await stage.page.locator('.cell dd').first().innerText()).replaceAll('\u2212', '-');
      const [x = NaN, y = NaN] = [...position.matchAll(/-?[\d.]+/g)].map(Number);
      assert.ok(
        Math.abs(x - (xs[10] ?? 0)) < grid.spacing / 2 && Math.abs(y - (ys[44] ?? 0)) < grid.spacing / 2,
        position,
      );
      const percent = await stage.page.locator('.cell-percent').innerText();
      assert.equal(percent, formatPercent(top(map, 44 * 50 + 10)));
      // So is the table of cells.
      await stage.button('More Actions').click();
      await stage.page.getByRole('menuitem', { name: 'Show Cells as Table' }).click();
      const table = stage.page.locator('table.cells tbody');
      await eventually(async () => assert.equal(await table.locator('td').count(), 2500));
      const [first] = await table.locator('tr').first().locator('td').first().locator('.faint').allInnerTexts();
      assert.equal(first, formatPercent(top(map, 49 * 50)));
    },
  );

  onPage('a drag shows the whole map beside the window until the new one is there', {}, async (stage) => {
    await bare(stage);
    await wheel(stage, 25, 25, 6);
    await stage.refined();
    const before = asked(stage);
    const box = await stage.plot.boundingBox();
    assert.ok(box);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    stage.deps.engine.stopAt(0);
    await stage.page.mouse.move(x, y);
    await stage.page.mouse.down();
    await stage.page.mouse.move(x - box.width * 0.4, y, { steps: 4 });
    // The right part was not in the window: the whole map's cells are seen there.
    const place = { x: box.x + box.width * 0.9, y: box.y + box.height * 0.55 };
    const plane = {
      x: before.center[0] + (0.9 + 0.4 - 0.5) * 50 * before.spacing,
      y: before.center[1] + (0.45 - 0.5) * 50 * before.spacing,
    };
    const [color = []] = await stage.colorsAt([place]);
    const column = Math.floor(plane.x / 0.5 + 25);
    const row = Math.floor(plane.y / 0.5 + 25);
    const wanted = scaleColor('dark', top(mapOf(DEFAULT_PARAMETERS.grid), row * 50 + column));
    color.forEach((channel, i) =>
      assert.ok(Math.abs(channel - (wanted[i] ?? -9)) <= 2, `${color.join()} ${wanted.join()}`),
    );
    await stage.page.mouse.up();
    stage.deps.engine.stopAt(Infinity);
    await eventually(() => assert.ok(asked(stage).center[0] > before.center[0] + 15 * before.spacing, 'moved'));
    await stage.refined();
  });

  onPage('Home goes back to the map as it was, by key and by double click', {}, async (stage) => {
    const { page } = stage;
    const whole = await page.locator('.status-text').innerText();
    for (const back of [
      () => page.keyboard.press('0'),
      async () => {
        const { x, y } = await stage.cellPoint(20, 20);
        await page.mouse.dblclick(x, y);
      },
    ]) {
      await stage.plot.focus();
      await page.keyboard.press('+');
      await page.keyboard.press('+');
      await stage.refined();
      assert.match(await page.locator('.zoom-text').innerText(), /^225%$/);
      await back();
      await page.locator('.zoom-text', { hasText: '100%' }).waitFor();
      await page.locator('.status-text', { hasText: whole }).waitFor();
      assert.equal(await seen(stage).innerText(), '');
    }
  });

  onPage('a pin stays through a double click, and where a closer look lies beside it', {}, async (stage) => {
    const title = stage.page.locator('.cell .pane-header h2');
    const position = stage.page.locator('.cell-summary dd').first();
    await stage.clickCell(5, 5);
    assert.equal(await title.innerText(), 'Pinned cell');
    const pinned = await position.innerText();
    const cell = await stage.page.locator('.cell-summary').innerText();
    const { x, y } = await stage.cellPoint(40, 40);
    await stage.page.mouse.dblclick(x, y);
    await stage.settled();
    assert.equal(await title.innerText(), 'Pinned cell');
    assert.equal(await position.innerText(), pinned);
    await wheel(stage, 40, 40, 6);
    await stage.refined();
    assert.equal(await title.innerText(), 'Pinned cell');
    assert.equal(await stage.page.locator('.cell-summary').innerText(), cell);
    await stage.page.mouse.dblclick(x, y);
    await stage.rested();
    assert.equal(await seen(stage).innerText(), '');
    assert.equal(await position.innerText(), pinned);
  });

  onPage('the zoom ends where float32 does, and says so', {}, async (stage) => {
    const { page } = stage;
    await stage.plot.focus();
    await wheel(stage, 20, 30, 1);
    const limited = page.locator('.status-seen', { hasText: 'float32 ends here' });
    for (let i = 0; i < 60 && !(await limited.isVisible()); i++) {
      for (let k = 0; k < 4; k++) await page.mouse.wheel(0, -400);
      await stage.settled();
    }
    await limited.waitFor();
    const zoom = await page.locator('.zoom-text').innerText();
    const zoomIn = page.getByRole('button', { name: 'Zoom In' });
    assert.match((await zoomIn.getAttribute('title')) ?? '', /float32 ends here/);
    assert.equal(await zoomIn.getAttribute('aria-disabled'), 'true');
    await page.mouse.wheel(0, -400);
    await stage.settled();
    assert.equal(await page.locator('.zoom-text').innerText(), zoom);
    // It is a real limit of a real window: the engine was asked for it, and coordinates can be told apart there.
    await stage.refined();
    const { spacing, center } = asked(stage);
    assert.ok(spacing < 1e-5);
    assert.notEqual(Math.fround(center[0] + spacing), Math.fround(center[0]));
    await stage.picture('float32-ends');
    await page.keyboard.press('0');
    await page.locator('.zoom-text', { hasText: '100%' }).waitFor();
  });

  onPage('off, cells grow up to a size and show their tokens; the choice stays over a reload', {}, async (stage) => {
    const { page } = stage;
    const toggle = toggleOf(stage);
    assert.equal(await toggle.getAttribute('aria-pressed'), 'true', 'this readout is affine');
    await wheel(stage, 20, 30, 30);
    await stage.refined();
    const computed = stage.deps.engine.asked.length;
    await stage.plot.focus();
    await page.keyboard.press('r');
    await toggleOf(stage, { pressed: false }).waitFor();
    await seen(stage)
      .filter({ hasText: 'showing 3 × 3 cells' })
      .or(seen(stage).filter({ hasText: 'showing 4 × 4 cells' }))
      .waitFor();
    assert.match((await page.getByRole('button', { name: 'Zoom In' }).getAttribute('title')) ?? '', /cells end here/);
    assert.equal(stage.deps.engine.asked.length, computed);
    await page.waitForFunction(() => window.name.includes('"refine":false'));
    await page.reload();
    await stage.status(/^2,500 cells/);
    await toggleOf(stage, { pressed: false }).waitFor();
    await toggle.click();
    await stage.refined();
  });

  onPage(
    'where it would take long it is off, and a person may want it all the same',
    { parameters: { layer: 12 } },
    async (stage) => {
      const toggle = toggleOf(stage);
      assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
      await wheel(stage, 20, 30, 6);
      await seen(stage).filter({ hasText: 'showing' }).waitFor();
      assert.equal(stage.deps.engine.asked.length, 1);
      // Nothing has come yet: what was seen stays, and the window grows into it.
      stage.deps.engine.stopAt(0);
      await toggle.click();
      await eventually(() => assert.equal(stage.deps.engine.asked.length, 2));
      const labels = await stage.page.locator('.zoom-text').innerText();
      stage.deps.engine.stopAt(1000);
      await seen(stage).filter({ hasText: 'window' }).waitFor();
      await stage.clickCell(25, 25);
      await stage.button('Save This Window').waitFor();
      assert.equal(await stage.button('Save This Window').getAttribute('aria-disabled'), 'true');
      stage.deps.engine.stopAt(Infinity);
      await stage.refined();
      assert.equal(await stage.page.locator('.zoom-text').innerText(), labels);
      await stage.button('Save This Window').click();
      await eventually(() => assert.match(stage.deps.calls.at(-1) ?? '', /^save /));
    },
  );

  onPage('cells that have not come show what was seen there before', { parameters: { layer: 12 } }, async (stage) => {
    await bare(stage);
    await wheel(stage, 20, 30, 9);
    stage.deps.engine.stopAt(100);
    await toggleOf(stage).click();
    await seen(stage).filter({ hasText: 'window' }).waitFor();
    const grid = asked(stage);
    const parameters = { ...DEFAULT_PARAMETERS, layer: 12 };
    const [whole, part] = [defaultMap(parameters), defaultMap({ ...parameters, grid })];
    const { xs, ys } = coordinates(grid);
    await stage.page.mouse.move(5, 5);
    let before = 0;
    for (const [column, row] of [
      [1, 1],
      [13, 29],
      [31, 7],
      [47, 46],
      [22, 38],
    ] as const) {
      const [color = []] = await stage.colorsAt([await stage.cellPoint(column, row)]);
      const cell = row * 50 + column;
      const own = scaleColor('dark', top(part, cell));
      const old = Math.floor((ys[row] ?? 0) / 0.5 + 25) * 50 + Math.floor((xs[column] ?? 0) / 0.5 + 25);
      const from = scaleColor('dark', top(whole, old));
      const like = (wanted: readonly number[]): boolean =>
        color.every((channel, i) => Math.abs(channel - (wanted[i] ?? -9)) <= 2);
      if (like(from)) before++;
      // Or a coarse cell nearby stands for it, which is at least as fine as what was seen.
      else
        assert.ok(like(own) || color.every((channel, i) => Math.abs(channel - (own[i] ?? 0)) < 40), `${column} ${row}`);
    }
    assert.ok(before > 0, 'some are as before');
    stage.deps.engine.stopAt(Infinity);
    await stage.refined();
    const [color = []] = await stage.colorsAt([await stage.cellPoint(47, 46)]);
    const own = scaleColor('dark', top(part, 46 * 50 + 47));
    color.forEach((channel, i) => assert.ok(Math.abs(channel - (own[i] ?? -9)) <= 2));
  });

  onPage('a reload in mid-zoom brings the window back', {}, async (stage) => {
    const { page } = stage;
    await wheel(stage, 33, 14, 12);
    await stage.refined();
    const [text, computed] = [await seen(stage).innerText(), stage.deps.engine.asked.length];
    await page.waitForFunction(() => window.name.includes('"zoom":{'));
    await page.reload();
    await seen(stage).filter({ hasText: text }).waitFor();
    assert.equal(stage.deps.engine.asked.length, computed, 'the host has it still');
  });

  onPage('another map under the same window is looked at as closely', {}, async (stage) => {
    await wheel(stage, 33, 14, 8);
    await stage.refined();
    const window = await seen(stage).innerText();
    await stage.type('Seed', '43');
    await eventually(() => {
      const { plane, grid } = stage.deps.engine.asked.at(-1)?.parameters ?? DEFAULT_PARAMETERS;
      assert.deepEqual(plane.axes, { method: 'random_projection', seed: 43 });
      assert.ok(grid.spacing < 0.5, 'the window of the new map');
    });
    await stage.refined();
    assert.equal(await seen(stage).innerText(), window);
  });

  onPage('the view becomes the map, and undo takes it back', {}, async (stage) => {
    await wheel(stage, 33, 14, 8);
    await stage.refined();
    const grid = asked(stage);
    const computed = stage.deps.engine.asked.length;
    await stage.button('More Actions').click();
    await stage.page.getByRole('menuitem', { name: 'Use This View as Map' }).click();
    await stage.page.locator('.zoom-text', { hasText: '100%' }).waitFor();
    await eventually(async () => {
      const spacing = await stage.page.getByRole('textbox', { name: 'Spacing', exact: true }).inputValue();
      assert.equal(Number(spacing), grid.spacing);
    });
    assert.equal(stage.deps.engine.asked.length, computed);
    await stage.button('Undo Parameter Change').click();
    await eventually(() => assert.equal(asked(stage).spacing, 0.5));
    await stage.status(/^2,500 cells/);
  });

  onPage('arrows go on beyond the edge of the window: the view follows', {}, async (stage) => {
    const { page } = stage;
    await wheel(stage, 25, 25, 8);
    await stage.refined();
    const before = asked(stage);
    await stage.clickCell(48, 20);
    await stage.plot.focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
    await eventually(() => assert.ok(asked(stage).center[0] > before.center[0], 'the window has moved'));
    await stage.refined();
    assert.equal(await page.locator('.cell h2').innerText(), 'Pinned cell');
    await eventually(async () => {
      const position = (await page.locator('.cell dd').first().innerText()).replaceAll('\u2212', '-');
      const x = Number(/x (-?[\d.]+)/.exec(position)?.[1]);
      assert.ok(Math.abs(x - (before.center[0] + (52 - 24.5) * before.spacing)) < before.spacing, position);
    });
  });

  onPage('a saved map has the cells that it has, and its exact regions', { host: savedMap }, async (stage) => {
    await stage.status(/^2,500 cells · \d+ tokens · \d+ exact regions/);
    const toggle = stage.button('Refine on Zoom');
    assert.equal(await toggle.getAttribute('aria-disabled'), 'true');
    assert.match((await toggle.getAttribute('title')) ?? '', /a saved map has the cells that it has/);
    await wheel(stage, 20, 20, 4);
    await seen(stage).filter({ hasText: 'showing' }).waitFor();
  });
});
