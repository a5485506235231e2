import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite } from 'node:test';
import { MapController } from '../../src/panel/controller.js';
import { inkOn, isDark, scaleColor, scaleColors, type ScaleName, tokenColor } from '../../src/map/colors.js';
import { exactStatistics, gridPolygons, tokenBorders } from '../../src/map/exactRegions.js';
import { tokenText } from '../../src/map/display.js';
import { Fault } from '../../src/map/fault.js';
import { formatPercent } from '../../src/map/numbers.js';
import { coverage } from '../../src/map/refinement.js';
import { DEFAULT_BATCH_SIZE, DEFAULT_PARAMETERS, type Grid, type MapParameters } from '../../src/map/specification.js';
import type { Token } from '../../src/map/token.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { EXPLANATIONS } from '../../webview/explain/explanations.js';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
import { syntheticMap } from '../map/syntheticMap.js';
import type { FakeDependencies } from './fakeDependencies.js';
import { defaultMap, DESCRIPTION } from './fakeEngine.js';
import { decode, eventually, savedMap, type Stage, usePages } from './stage.js';

const grid = (columns: number, rows = columns): Grid => ({ ...DEFAULT_PARAMETERS.grid, columns, rows });
const top = ({ cells }: TokenMap, cell: number): number => cells.probabilities[cell * cells.topK] ?? 0;
const token = (map: TokenMap, cell: number): Token | undefined =>
  map.tokens.get(map.cells.ids[cell * map.cells.topK] ?? -1);

function close(got: readonly number[], wanted: readonly number[], what: string): void {
  assert.ok(
    got.every((channel, i) => Math.abs(channel - (wanted[i] ?? -9)) <= 2),
    `${what}: ${got.join()} instead of ${wanted.join()}`,
  );
}

suite('The page', { concurrency: 2, skip: leftOut(), timeout: 240_000 }, () => {
  const onPage = usePages();

  /** Hides what is drawn over the cells' colors. */
  const bare = async (stage: Stage): Promise<void> => {
    await stage.button('Labels').click();
    await stage.button('Region Borders').click();
    await stage.page.mouse.move(5, 5);
    await stage.settled();
  };

  const cellsAlong = [
    [3, 4],
    [33, 12],
    [48, 10],
    [10, 44],
    [40, 47],
  ] as const;

  for (const [theme, scale] of [
    ['dark', 'dark'],
    ['light', 'light'],
    ['high-contrast', 'light'],
  ] as const) {
    onPage(`cells have the color of their probability (${theme})`, { theme }, async (stage) => {
      await bare(stage);
      const map = defaultMap(DEFAULT_PARAMETERS);
      const points = await Promise.all(cellsAlong.map(([column, row]) => stage.cellPoint(column, row)));
      const colors = await stage.colorsAt(points);
      colors.forEach((color, i) => {
        const [column, row] = cellsAlong[i] ?? [0, 0];
        close(color, scaleColor(scale, top(map, row * 50 + column)), `cell ${column}, ${row}`);
      });
      assert.ok(new Set(colors.map(String)).size > 2);
    });
  }

  onPage('other colors: margin and entropy', {}, async (stage) => {
    await bare(stage);
    const map = defaultMap(DEFAULT_PARAMETERS);
    const { probabilities, entropy, topK } = map.cells;
    const expected: Record<string, (cell: number) => number> = {
      Margin: (cell) => (probabilities[cell * topK] ?? 0) - (probabilities[cell * topK + 1] ?? 0),
      Entropy: (cell) => 1 - Math.min(1, (entropy[cell] ?? 0) / Math.LN2 / 12),
    };
    for (const [name, value] of Object.entries(expected)) {
      await stage.page.getByRole('tab', { name }).click();
      const [color] = await stage.colorsAt([await stage.cellPoint(40, 26)]);
      close(color ?? [], scaleColor('dark', value(26 * 50 + 40)), name);
    }
  });

  onPage(
    'a coarse picture stands first: cells that are missing look like the one that stands for them',
    { parameters: { grid: grid(64) }, engine: { stopAt: 100 }, status: /^1\d\d of 4,096 cells/ },
    async (stage) => {
      await bare(stage);
      const map = defaultMap({ ...DEFAULT_PARAMETERS, grid: grid(64) });
      const shown = await stage.page.evaluate(() => document.querySelector('.plot')?.getAttribute('aria-label'));
      assert.match(shown ?? '', /^Token map, 64 by 64 cells, layer 29/);
      // What is computed by now, from the engine's own order.
      const computed = new Uint8Array(64 * 64);
      const done = Number(/^(\d+) of/.exec(await stage.page.locator('.status-text').innerText())?.[1]);
      const { refinement } = await import('../../src/map/refinement.js');
      for (const cell of refinement(64, 64).cells.subarray(0, done)) computed[cell] = 1;
      const stand = coverage(computed, 64, 64);
      const cells = [
        [2, 60],
        [30, 30],
        [50, 12],
        [63, 63],
      ] as const;
      const colors = await stage.colorsAt(
        await Promise.all(cells.map(([column, row]) => stage.cellPoint(column, row))),
      );
      cells.forEach(([column, row], i) => {
        const standing = stand[row * 64 + column] ?? -1;
        assert.ok(standing >= 0);
        close(colors[i] ?? [], scaleColor('dark', top(map, standing)), `cell ${column}, ${row}`);
      });
      assert.ok(cells.some(([column, row]) => stand[row * 64 + column] !== row * 64 + column));
    },
  );

  // Steep functions: some regions are dark, so that there are labels in white.
  const steep = ({ grid, topK }: MapParameters): TokenMap =>
    syntheticMap({ ...grid, topK, seed: 3, vocabulary: 46, steepness: 16, exact: true });
  onPage(
    'regions are labeled in the ink that is read best, and bordered',
    { engine: { map: steep } },
    async (stage) => {
      const box = await stage.plot.boundingBox();
      assert.ok(box);
      // All pixels of the map: how many are pure ink of labels, with labels and without.
      const ink = async (): Promise<{ black: number; white: number }> => {
        const points = Array.from({ length: 150 * 150 }, (_, i) => ({
          x: box.x + 4 + ((i % 150) / 150) * (box.width - 8),
          y: box.y + 4 + (Math.floor(i / 150) / 150) * (box.height - 8),
        }));
        const colors = await stage.colorsAt(points);
        return {
          black: colors.filter((color) => Math.max(...color) < 12).length,
          white: colors.filter((color) => Math.min(...color) > 243).length,
        };
      };
      const all = await ink();
      await stage.button('Labels').click();
      await stage.page.mouse.move(5, 5);
      const without = await ink();
      assert.ok(all.black - without.black > 40, JSON.stringify([all, without]));
      // This map has dark regions too: some labels are white.
      const darkest = scaleColors('dark').findIndex(isDark);
      assert.ok(darkest > 0 && inkOn(scaleColors('dark')[255] ?? [0, 0, 0]) === '#ffffff');
      assert.ok(all.white > without.white, JSON.stringify([all, without]));
    },
  );

  onPage('exact regions: shares, borders through cells, an outline for each token', {}, async (stage) => {
    const { regions, tokens } = defaultMap(DEFAULT_PARAMETERS);
    assert.ok(regions);
    const { areaShares } = exactStatistics(regions);
    const rows = stage.page.locator('table[aria-label="Tokens on this map"] tbody tr');
    assert.equal(await rows.count(), areaShares.length);
    for (const [i, { token, share }] of areaShares.entries()) {
      const text = tokens.get(token)?.text.replace(/^ /, 'space ') ?? '';
      assert.equal(await rows.nth(i).locator('.token .only-spoken').textContent(), text);
      assert.equal(await rows.nth(i).locator('td').first().innerText(), formatPercent(share));
    }
    const said = stage.page.locator('.counted');
    assert.equal(await said.innerText(), `${areaShares.length} tokens win somewhere in this window`);
    assert.match((await said.getAttribute('title')) ?? '', /^Exact, not sampled/);

    // Half way along a border between two tokens there is a line, also in the middle of a cell; the outline covers it.
    await stage.button('Labels').click();
    const box = await stage.plot.boundingBox();
    assert.ok(box);
    const { x0, y0, x1, y1 } = regions.window;
    const place = ({ x, y }: { x: number; y: number }) => ({
      x: box.x + ((x - x0) / (x1 - x0)) * box.width,
      y: box.y + (1 - (y - y0) / (y1 - y0)) * box.height,
    });
    const borders = tokenBorders(regions)
      .filter((border) => Math.hypot(border.x1 - border.x0, border.y1 - border.y0) > 3)
      .map((border) => ({ ...border, at: place({ x: (border.x0 + border.x1) / 2, y: (border.y0 + border.y1) / 2 }) }));
    assert.ok(borders.length > 10);
    /** The darkest of the pixels around each place. */
    const darkest = async (): Promise<number[]> => {
      const offsets = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => [dx, dy] as const));
      const points = borders.flatMap(({ at }) => offsets.map(([dx, dy]) => ({ x: at.x + dx, y: at.y + dy })));
      const colors = await stage.colorsAt(points);
      return borders.map((_, i) => Math.min(...colors.slice(9 * i, 9 * i + 9).map((color) => Math.max(...color))));
    };
    await stage.page.mouse.move(5, 5);
    const drawn = await darkest();
    await stage.button('Region Borders').click();
    await stage.page.mouse.move(5, 5);
    const bare = await darkest();
    assert.ok(
      borders.every((_, i) => (bare[i] ?? 0) - (drawn[i] ?? 0) > 8),
      `${drawn.join()} without: ${bare.join()}`,
    );
    const { token } = borders[0] ? { token: borders[0].left } : { token: -1 };
    await stage.page.locator(`table.tokens tr[data-key="${token}"]`).hover();
    const outlined = await darkest();
    borders.forEach(({ left, right }, i) => {
      const changed = Math.abs((outlined[i] ?? 0) - (bare[i] ?? 0)) > 8;
      assert.equal(changed, left === token || right === token, `border ${i} of ${left} and ${right}`);
    });
  });

  onPage(
    'without exact regions it is said why, and cells are counted',
    { parameters: { layer: 12 } },
    async (stage) => {
      const said = stage.page.locator('.counted');
      assert.match(await said.innerText(), /^\d+ tokens win at the 2,500 cells$/);
      assert.match((await said.getAttribute('title')) ?? '', /blocks of the model run after this layer/);
      assert.deepEqual(await stage.page.locator('[aria-label="Tokens on this map"] thead th.number').allInnerTexts(), [
        'Cells',
        'Mean p',
      ]);
    },
  );

  onPage('every control changes the map, and undo takes it back', {}, async (stage) => {
    const settings = (): MapParameters => stage.deps.engine.asked.at(-1)?.parameters ?? DEFAULT_PARAMETERS;
    const { page } = stage;
    await stage.field('Layer').getByRole('slider').focus();
    await page.keyboard.press('ArrowLeft');
    await eventually(() => assert.equal(settings().layer, 28));
    await stage.status('layer 28');
    await stage.type('Layer number', 'embeddings');
    await eventually(() => assert.equal(settings().layer, 'embeddings'));
    await stage.status('embeddings');
    await stage.type('Layer number', '12');
    await eventually(() => assert.equal(settings().layer, 12));
    await stage.choose('Readout', 'Logit lens');
    await eventually(() => assert.equal(settings().readout, 'lens'));
    await stage.choose('Method', 'Direct (two dimensions)');
    await stage.type('Dimension of x', '3');
    await stage.type('Dimension of y', '7');
    await eventually(() => assert.deepEqual(settings().plane.axes, { method: 'direct', dimensions: [3, 7] }));
    await stage.choose('Method', 'Replicated (even, odd)');
    await eventually(() => assert.deepEqual(settings().plane.axes, { method: 'replicated' }));
    await stage.choose('Method', 'Random projection');
    await stage.type('Seed', '7');
    await eventually(() => assert.deepEqual(settings().plane.axes, { method: 'random_projection', seed: 7 }));
    await stage.button('Another Seed').click();
    await eventually(() => assert.notDeepEqual(settings().plane.axes, { method: 'random_projection', seed: 7 }));
    await stage.type('Middle x', '1.5');
    await stage.type('Middle y', '\u22122');
    await stage.type('Spacing', '0,25');
    await stage.type('Columns', '40');
    const kept = { columns: 40, rows: 40, spacing: 0.3125, center: [1.5, -2] };
    await eventually(() => assert.deepEqual(settings().grid, kept, 'the window stays'));
    await stage.type('Columns', '50');
    await eventually(() => assert.equal(settings().grid.spacing, 0.25));
    await stage.button('Keep the Window').click();
    await stage.field('Cells').getByText('The spacing stays').waitFor();
    await stage.type('Columns', '30');
    await stage.type('Rows', '20');
    await eventually(() =>
      assert.deepEqual(settings().grid, { columns: 30, rows: 20, spacing: 0.25, center: [1.5, -2] }),
    );
    await page.locator('.group-header', { hasText: 'Context' }).click();
    await stage.choose('Context', 'Beginning of sequence');
    await eventually(() => assert.deepEqual(settings().context, { kind: 'bos' }));
    await stage.choose('Context', 'Prompt');
    await stage.type('Prompt', 'It is a truth universally');
    await eventually(() => assert.deepEqual(settings().context, { kind: 'prompt', text: 'It is a truth universally' }));
    await stage.choose('Context', 'Token ids');
    await stage.type('Token ids', '5, 6 7');
    await eventually(() => assert.deepEqual(settings().context, { kind: 'tokens', ids: [5, 6, 7] }));
    await page.locator('.group-header', { hasText: 'Advanced' }).click();
    await stage.type('Tokens per cell', '5');
    await eventually(() => assert.equal(settings().topK, 5));
    await stage.status(/^600 cells/);
    await stage.type('Batch size', '64');
    const batch = (): Promise<string> => page.getByRole('textbox', { name: 'Batch size' }).inputValue();
    await stage.button('Generate').click();
    await eventually(() => assert.equal(stage.deps.engine.asked.at(-1)?.batchSize, 64));
    await stage.choose('Device', 'CPU');
    await eventually(() => assert.equal(stage.deps.engines.length, 2));
    await stage.status(/^600 cells/);
    assert.equal(await page.locator('table.ranking tbody tr').count(), 5);

    const undo = stage.button('Undo Parameter Change');
    const redo = stage.button('Redo Parameter Change');
    await undo.click();
    await undo.click();
    await eventually(async () => assert.equal(await batch(), '100'));
    await redo.click();
    await eventually(async () => assert.equal(await batch(), '64'));
    await eventually(async () => {
      await undo.press('Enter');
      assert.equal(await undo.getAttribute('aria-disabled'), 'true');
    });
    await stage.status(/^2,500 cells .* layer 29/);
    await eventually(() => assert.deepEqual(settings(), DEFAULT_PARAMETERS));
  });

  onPage('each field says in words what is wrong, and the map is not asked for it', {}, async (stage) => {
    const before = stage.deps.engine.asked.length;
    for (const [name, text, label, words] of [
      ['Columns', '0', 'Cells', 'Grid columns must be at least 1'],
      ['Rows', '1.5', 'Cells', 'Grid rows must be a whole number'],
      ['Columns', '2001', 'Cells', 'Grid columns must be at most 2000'],
      ['Spacing', '-1', 'Spacing', 'Spacing must be greater than 0'],
      ['Spacing', 'wide', 'Spacing', 'Spacing must be a number'],
      ['Middle x', '', 'Middle', 'Middle x must be a number'],
      ['Layer number', '99', 'Layer', 'The model’s layers are 0 to 29'],
      ['Seed', '-4', 'Seed', 'Seed must be at least 0'],
    ] as const) {
      const box = stage.page.getByRole('textbox', { name, exact: true });
      const was = await box.inputValue();
      await box.fill(text);
      await box.press('Enter');
      const fault = stage.field(label).getByRole('alert');
      await fault.waitFor();
      assert.equal(await fault.innerText(), words);
      await stage.page.locator(`input[aria-label="${name}"][aria-invalid="true"]`).waitFor();
      await box.fill(was);
      await box.press('Enter');
      await fault.waitFor({ state: 'hidden' });
    }
    assert.equal(stage.deps.engine.asked.length, before);
    assert.equal(await stage.button('Undo Parameter Change').getAttribute('aria-disabled'), 'true');
    // What is refused behind digits that were taken stays beside what is said of it, until the setting is another.
    const layer = stage.page.getByRole('textbox', { name: 'Layer number', exact: true });
    const fault = stage.field('Layer').getByRole('alert');
    await layer.press('Control+a');
    await layer.press('9');
    await stage.page.locator('input[type="range"][aria-valuetext^="9 of"]').waitFor();
    await layer.press('9');
    await fault.waitFor();
    await layer.press('Tab');
    await stage.settled();
    assert.equal(await layer.inputValue(), '99');
    await stage.button('Undo Parameter Change').click();
    await fault.waitFor({ state: 'hidden' });
    await eventually(async () => assert.equal(await layer.inputValue(), '29'));
  });

  onPage('a number that is typed is taken once, whole', {}, async (stage) => {
    const { page } = stage;
    const layers = (): readonly unknown[] => stage.deps.engine.asked.map(({ parameters }) => parameters.layer);
    const layer = page.getByRole('textbox', { name: 'Layer number', exact: true });
    const before = layers().length;
    // Two keys without a pause, however slow the machine is.
    await layer.evaluate((element) => {
      if (!(element instanceof HTMLInputElement)) throw new Error('no field');
      for (const text of ['1', '12']) {
        element.value = text;
        element.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
      }
    });
    await stage.status('layer 12');
    assert.deepEqual(layers().slice(before), [12]);
    await page.getByText('Live is on by itself while maps are quick').waitFor();
    // Ctrl+Enter computes what stands there; arrows go on from it.
    await layer.fill('13');
    await layer.press('Control+Enter');
    await eventually(() => assert.equal(layers().at(-1), 13));
    const columns = page.getByRole('textbox', { name: 'Columns', exact: true });
    await columns.fill('40');
    await columns.press('ArrowUp');
    await eventually(() => assert.equal(stage.deps.engine.asked.at(-1)?.parameters.grid.columns, 41));
    assert.equal(await columns.inputValue(), '41');
  });

  onPage(
    'what a model cannot do is disabled, with the reason',
    {
      engine: {
        description: {
          readouts: {
            forward: { ok: true },
            lens: { ok: true },
            unembed: { ok: false, reason: 'The head is fused with the norm.' },
            tuned: { ok: true },
            jacobian: { ok: true },
          },
          contexts: {
            none: { ok: true },
            bos: { ok: false, reason: 'The tokenizer has no BOS.' },
            prompt: { ok: true },
          },
        },
      },
    },
    async (stage) => {
      assert.equal(
        await stage.field('Readout').locator('.note').innerText(),
        'Unembed: The head is fused with the norm.',
      );
      await stage.page.getByRole('combobox', { name: 'Readout' }).click();
      const option = stage.page.getByRole('option', { name: 'Unembed' });
      assert.equal(await option.getAttribute('aria-disabled'), 'true');
      assert.equal(await option.getAttribute('title'), 'The head is fused with the norm.');
      await stage.page.keyboard.press('Escape');
      await stage.page.locator('.group-header', { hasText: 'Context' }).click();
      assert.equal(
        await stage.field('Before').locator('.note').innerText(),
        'Beginning of sequence: The tokenizer has no BOS.',
      );
    },
  );

  onPage('hover shows a cell’s tokens, a click pins it, another unpins', {}, async (stage) => {
    const map = defaultMap(DEFAULT_PARAMETERS);
    const title = stage.page.locator('.cell h2');
    const rows = stage.page.locator('table.ranking tbody tr');
    assert.equal(await title.innerText(), 'Middle cell');
    await stage.hoverCell(10, 40);
    assert.equal(await title.innerText(), 'Cell under cursor');
    const cell = 40 * 50 + 10;
    const { topK, ids, probabilities } = map.cells;
    assert.equal(await rows.count(), topK);
    for (const k of [0, 1, topK - 1]) {
      const text = map.tokens.get(ids[cell * topK + k] ?? -1)?.text ?? '';
      const spoken = text.startsWith(' ') ? `space ${text.slice(1)}` : text;
      assert.equal(await rows.nth(k).locator('.token .only-spoken').textContent(), spoken);
      assert.equal(
        await rows.nth(k).locator('.number').innerText(),
        formatPercent(probabilities[cell * topK + k] ?? 0),
      );
    }
    assert.match(await stage.page.locator('.status-hover').innerText(), /^x −7\.25 {2}y 7\.75/);
    await stage.clickCell(40, 25);
    assert.equal(await title.innerText(), 'Pinned cell');
    assert.equal(await stage.page.locator('.cell dd').first().innerText(), 'x 7.75, y 0.25');
    await stage.hoverCell(10, 40);
    assert.equal(await stage.page.locator('.cell dd').first().innerText(), 'x 7.75, y 0.25');
    await stage.button('Copy Cell').click();
    await eventually(() => assert.match(stage.deps.calls.at(-1) ?? '', /^copy x\t7\.75\ny\t0\.25\n/));
    await stage.clickCell(40, 25);
    assert.equal(await title.innerText(), 'Cell under cursor');
  });

  onPage('an adaptive map says how many cells were filled in, and at each of them', {}, async (stage) => {
    const { page } = stage;
    await page.locator('.group-header', { hasText: 'Advanced' }).click();
    await page.getByRole('checkbox', { name: 'Fill in where cells agree' }).click();
    await stage.status(/^2,500 cells · 2,331 filled in · /); // all but one of every 4 x 4
    const note = page.getByText('Filled in from the cells around it.');
    await stage.hoverCell(3, 3);
    assert.ok(await note.isVisible());
    await stage.hoverCell(2, 2);
    assert.ok(!(await note.isVisible()));
    await stage.plot.focus();
    await page.keyboard.press('ArrowLeft'); // the cell that is shown
    await page.keyboard.press('ArrowLeft');
    await eventually(async () => assert.match(await stage.spoken(), /filled in from the cells around it$/));
  });

  onPage('everything on the map has a key, and the pin is read out', {}, async (stage) => {
    const map = defaultMap(DEFAULT_PARAMETERS);
    const { page } = stage;
    await stage.plot.focus();
    await page.keyboard.press('Enter');
    await stage.settled();
    const position = page.locator('.cell dd').first();
    assert.equal(await position.innerText(), 'x 0.25, y 0.25');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowUp');
    await page.keyboard.press('ArrowDown');
    await stage.settled();
    assert.equal(await position.innerText(), 'x 0.75, y 2.25');
    const cell = 29 * 50 + 26;
    const name = token(map, cell)?.text.replace(/^ /, 'space ') ?? '';
    const spoken = await stage.spoken();
    assert.ok(
      spoken.startsWith(`${name}, ${formatPercent(top(map, cell)).replace('%', ' percent')}, x 0.75, y 2.25; second `),
      spoken,
    );

    const region = await page.locator('.tokens tr[aria-current] .token .only-spoken').textContent();
    await page.keyboard.press('Control+ArrowRight');
    await stage.settled();
    assert.notEqual(await page.locator('.tokens tr[aria-current] .token .only-spoken').textContent(), region);

    for (const [key, tab] of [
      ['2', 'Token'],
      ['3', 'Margin'],
      ['4', 'Entropy'],
      ['1', 'Probability'],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByRole('tab', { name: tab, selected: true }).waitFor();
    }
    for (const [key, button] of [
      ['l', 'Labels'],
      ['b', 'Region Borders'],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByRole('button', { name: button, pressed: false }).waitFor();
      await page.keyboard.press(key);
      await page.getByRole('button', { name: button, pressed: true }).waitFor();
    }
    await page.keyboard.press('+');
    await stage.page.locator('.zoom-text', { hasText: '150%' }).waitFor();
    await page.keyboard.press('-');
    await stage.page.locator('.zoom-text', { hasText: '100%' }).waitFor();
    await page.keyboard.press('+');
    await page.keyboard.press('0');
    await stage.page.locator('.zoom-text', { hasText: '100%' }).waitFor();
    await page.keyboard.press('[');
    await stage.status('layer 28');
    await page.keyboard.press(']');
    await stage.status('layer 29');
    await page.keyboard.press('Escape');
    await stage.settled();
    assert.notEqual(await page.locator('.cell h2').innerText(), 'Pinned cell');
  });

  onPage('the wheel zooms at the pointer, a drag pans, a double click resets', {}, async (stage) => {
    const { page } = stage;
    await stage.button('Refine on Zoom').click();
    const position = page.locator('.cell dd').first();
    await stage.hoverCell(12, 38);
    const before = await position.innerText();
    for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -120);
    await page.locator('.status-seen', { hasText: 'showing' }).waitFor();
    await stage.settled();
    assert.equal(await position.innerText(), before, 'the cell below the pointer stays');
    assert.ok(Number.parseInt(await page.locator('.zoom-text').innerText(), 10) > 400);
    const at = await stage.plot.boundingBox();
    assert.ok(at);
    await page.mouse.down();
    await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2, { steps: 6 });
    await page.mouse.up();
    await page.mouse.move(at.x + at.width / 2 + 1, at.y + at.height / 2);
    await stage.settled();
    assert.equal(await position.innerText(), before, 'the cell goes with the pointer');
    assert.equal(await page.locator('.cell h2').innerText(), 'Cell under cursor', 'a drag does not pin');
    await page.mouse.dblclick(at.x + 200, at.y + 200);
    await page.locator('.zoom-text', { hasText: '100%' }).waitFor();
    assert.equal(await page.locator('.cell h2').innerText(), 'Cell under cursor');
  });

  onPage('plotly’s heatmap is what the zoomed map shows', {}, async (stage) => {
    await stage.button('Refine on Zoom').click();
    await stage.page.getByRole('button', { name: 'Zoom In' }).click();
    await stage.page.getByRole('button', { name: 'Zoom In' }).click();
    await stage.page.locator('.status-seen', { hasText: 'showing' }).waitFor();
    await stage.rested();
    const image = await stage.page
      .locator('.heatmaplayer image')
      .evaluate((element) => ['x', 'y', 'width', 'height'].map((name) => Number(element.getAttribute(name))));
    const box = await stage.plot.boundingBox();
    const [x = 0, y = 0, width = 0] = image;
    assert.ok(
      box && Math.abs(width - box.width * 2.25) < 1 && Math.abs(x + box.width * 0.625) < 1 && Math.abs(y - x) < 1,
      image.join(),
    );
  });

  onPage(
    'a token keeps its color from map to map, and borders stay where colors alone would not do',
    {},
    async (stage) => {
      await stage.page.getByRole('tab', { name: 'Token' }).click();
      const borders = '[aria-label^="Region Borders"][aria-disabled="true"][aria-pressed="true"]';
      await stage.page.locator(borders).waitFor();
      await eventually(() =>
        assert.ok(Object.keys(stage.deps.tokenColors.read()).length > 10, 'colors are remembered'),
      );
      const first = stage.deps.tokenColors.read();
      const map = defaultMap(DEFAULT_PARAMETERS);
      await stage.button('Labels').click();
      await stage.page.mouse.move(5, 5);
      const cell = 26 * 50 + 40;
      const [color] = await stage.colorsAt([await stage.cellPoint(40, 26)]);
      const slot = first[token(map, cell)?.text ?? ''] ?? -1;
      const scale: ScaleName = 'dark';
      const part = Math.round(top(map, cell) * 63) / 63;
      close(color ?? [], tokenColor(scale, slot, part), 'cell');
      await stage.type('Seed', '43');
      await eventually(() =>
        assert.notEqual(Object.keys(stage.deps.tokenColors.read()).length, Object.keys(first).length),
      );
      const then = stage.deps.tokenColors.read();
      for (const [text, known] of Object.entries(first)) assert.equal(then[text], known, text);
    },
  );

  const HOSTILE: readonly string[] = [
    '<img src=x onerror="window.broken = true">',
    '"><script>window.broken = true</script>',
    '\u202Etxet desrever',
    'nul\u0000nul',
    'x'.repeat(10_000),
    '\u0301\u0302\u0303\u0304\u0305\u0306\u0307',
    '\uD800',
    '${window.broken = true}',
    'javascript:window.broken=true',
    '\u200B\u2028\u2029',
  ];
  onPage('each group explains itself; the map and its keys are one click and one key away', {}, async (stage) => {
    const { page } = stage;
    const markdown = readFileSync(new URL('../../docs/what-am-i-looking-at.md', import.meta.url), 'utf8');
    const documentation = markdown.replaceAll(/[_*`]/g, '').replaceAll(/\s+/g, ' ');
    for (const group of await page.locator('.controls .group:has(> h3)').all()) {
      const title = await group.getAttribute('aria-label');
      await group.getByRole('button', { name: `What Is ${title}?` }).click();
      const text = await group.locator('.explanation p').innerText();
      const { terms } =
        Object.values(EXPLANATIONS).find((one) => one.text === text) ?? assert.fail(`${title}: ${text}`);
      // Each term is the documentation's, and is said.
      for (const term of terms)
        for (const said of [text, documentation])
          assert.ok(said.toLowerCase().includes(term.toLowerCase()), `${title}: ${term}`);
    }
    await stage.picture('explained');
    await stage.plot.focus();
    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('heading', { name: 'Keys' }).waitFor();
    await expectNoViolations(page.locator('body'), 'keys');
    await stage.picture('keys');
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
    assert.equal(await page.evaluate(() => document.activeElement?.classList.contains('plot')), true);
    await stage.button('What Am I Looking At?').click();
    await sheet.getByText('Each of the 2,500 cells is one experiment').waitFor();
    await expectNoViolations(page.locator('body'), 'what');
    await stage.picture('what');
    await sheet.getByText('Documentation').click();
    await eventually(() => assert.equal(stage.deps.calls.at(-1), 'help what'));
  });

  onPage(
    'the menu of the map acts on the cell that it is opened on; a token of the ranking colors the map',
    {},
    async (stage) => {
      const { page } = stage;
      const map = defaultMap(DEFAULT_PARAMETERS);
      const { x, y } = await stage.cellPoint(40, 30);
      const menu = async (name: string | RegExp): Promise<void> => {
        await page.mouse.move(x, y);
        await page.mouse.click(x, y, { button: 'right' });
        await page.getByRole('menu', { name: 'Map' }).getByRole('menuitem', { name }).click();
      };
      await menu('Copy Coordinates');
      await eventually(() => assert.equal(stage.deps.calls.at(-1), 'copy 7.75, 2.75'));
      await menu('Copy Cell');
      await eventually(() => assert.match(stage.deps.calls.at(-1) ?? '', /^copy x\t7.75\ny\t2.75\n/));
      const rankingTop = async (): Promise<number | undefined> =>
        (await page.locator('.cell table.ranking').boundingBox())?.y;
      await page.getByText('nothing: click a token').waitFor();
      const before = await rankingTop();
      await menu(`Color by ${tokenText(token(map, 30 * 50 + 40) ?? assert.fail())}`);
      const asked = () => stage.controller.settings.parameters.question;
      const text = token(map, 30 * 50 + 40)?.text;
      await eventually(() => assert.deepEqual(asked(), { kind: 'probability', token: text }));
      await page.getByRole('tab', { name: 'Question', selected: true }).waitFor();
      await page.locator('.cell-summary dd', { hasText: '%' }).waitFor();
      await eventually(async () => assert.equal(await rankingTop(), before, 'what was clicked is below the pointer'));
      await page.locator('.cell .color-by').nth(1).click();
      await eventually(() => assert.notDeepEqual(asked(), { kind: 'probability', token: text }));
      await menu('Move the Middle Here');
      await eventually(() => assert.deepEqual(stage.controller.settings.parameters.grid.center, [7.75, 2.75]));
      await page.locator('.cell dd', { hasText: 'x 8.00' }).waitFor();
      await stage.status(/^2,500 cells ·/);
      await menu('Use as B');
      const plane = () => stage.controller.settings.parameters.plane;
      await eventually(() => assert.equal(plane().axes.method, 'directions'));
      const { axes } = plane();
      assert.ok(axes.method === 'directions' && axes.x.kind === 'vector');
      assert.equal(axes.x.name, 'step to (15.5, 5.5)');
      await stage.picture('map-menu');
      // By key it is the pinned cell's, wherever the pointer rests.
      await stage.clickCell(10, 10);
      const pinned = (await page.locator('.cell-summary dd').first().innerText()).replaceAll(/[xy] /g, '');
      await stage.hoverCell(40, 30);
      await stage.plot.focus();
      await page.keyboard.press('ContextMenu');
      await page.getByRole('menuitem', { name: 'Copy Coordinates' }).press('Enter');
      await eventually(() => assert.equal(stage.deps.calls.at(-1), `copy ${pinned.replaceAll('−', '-')}`));
      // In a low editor its last entry is reached as well.
      await page.setViewportSize({ width: 1300, height: 420 });
      await stage.settled();
      await stage.plot.click({ button: 'right' });
      await page.keyboard.press('End');
      const last = await page.getByRole('menuitem', { name: 'Compare with Saved Map…' }).boundingBox();
      assert.ok(last && last.y >= 0 && last.y + last.height <= 420, JSON.stringify(last));
    },
  );

  onPage('colors of tokens follow exact borders through cells', {}, async (stage) => {
    await stage.page.getByRole('tab', { name: 'Token' }).click();
    await stage.button('Labels').click();
    const map = defaultMap(DEFAULT_PARAMETERS);
    assert.ok(map.regions);
    const polygons = gridPolygons(map.regions, map.specification.grid);
    const tokenAt = (x: number, y: number): number | undefined =>
      polygons.find(({ points }) => {
        let inside = false;
        for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
          const [xi = 0, yi = 0, xj = 0, yj = 0] = [points[i], points[i + 1], points[j], points[j + 1]];
          if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
        }
        return inside;
      })?.token;
    const topOf = (column: number, row: number) => map.cells.ids[(row * 50 + column) * map.cells.topK];
    // Corners of cells that are another token's, well behind the border, and a cell of that token beside them.
    const found: { readonly corner: [number, number]; readonly beside: [number, number] }[] = [];
    for (let row = 4; row < 46; row++)
      for (let column = 4; column < 46; column++)
        for (const [dx, dy] of [
          [-1, -1],
          [1, -1],
          [-1, 1],
          [1, 1],
        ] as const) {
          const [x, y] = [column + 0.5 + 0.3 * dx, row + 0.5 + 0.3 * dy];
          const other = tokenAt(x, y);
          const clear = [0, 1, 2, 3].every(
            (i) => tokenAt(x + 0.22 * Math.cos((i * Math.PI) / 2), y + 0.22 * Math.sin((i * Math.PI) / 2)) === other,
          );
          if (clear && topOf(column, row) !== other && topOf(column + dx, row + dy) === other)
            found.push({ corner: [x, y], beside: [column + 0.5 + dx, row + 0.5 + dy] });
        }
    assert.ok(found.length >= 5, `${found.length}`);
    const box = await stage.plot.boundingBox();
    assert.ok(box);
    const places = found
      .slice(0, 20)
      .flatMap(({ corner, beside }) => [corner, beside])
      .map(([x, y]) => ({ x: box.x + (x / 50) * box.width, y: box.y + (1 - y / 50) * box.height }));
    const colors = await stage.colorsAt(places);
    for (let i = 0; i < colors.length; i += 2) {
      const away = Math.hypot(...(colors[i] ?? []).map((channel, c) => channel - (colors[i + 1]?.[c] ?? 0)));
      assert.ok(away < 40, `${found[i / 2]?.corner.join()}: ${String(colors[i])} instead of ${String(colors[i + 1])}`);
    }
    await stage.picture('token-colors-exact');
  });

  onPage('one click on the color bar fits it to the map, another spreads it again', {}, async (stage) => {
    const { page } = stage;
    await bare(stage);
    const { cells } = defaultMap(DEFAULT_PARAMETERS);
    const all = [...cells.computed.keys()].map((cell) => top(defaultMap(DEFAULT_PARAMETERS), cell));
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const expectColors = async (part: (probability: number) => number): Promise<void> => {
      const [color] = await stage.colorsAt([await stage.cellPoint(33, 12)]);
      close(color ?? [], scaleColor('dark', part(all[12 * 50 + 33] ?? 0)), 'cell 33, 12');
    };
    const bar = (pressed: boolean) => page.getByRole('button', { name: /^Probability, /, pressed });
    await expectColors((one) => one);
    await bar(false).click();
    await bar(true).waitFor();
    await expectColors((one) => (one - low) / (high - low));
    await stage.button('Save Map').click();
    await eventually(() => assert.match(stage.deps.calls.at(-1) ?? '', /^save .*"colorRange":"auto"/));
    await stage.picture('bar-fitted');
    await stage.plot.focus();
    await page.keyboard.press('f');
    await bar(false).waitFor();
    await expectColors((one) => one);
  });

  const faint = (parameters: MapParameters): TokenMap => {
    const map = defaultMap(parameters);
    return { ...map, cells: { ...map.cells, probabilities: map.cells.probabilities.map((one) => one / 8) } };
  };
  onPage(
    'a map of which nothing exceeds 20 % is fitted by itself, and stays so closer up; a question names its tokens',
    {
      engine: { map: faint },
      theme: 'light',
      parameters: { question: { kind: 'difference', first: ' he', second: ' she' } },
    },
    async (stage) => {
      const bar = stage.page.getByRole('button', { name: /^Probability, \d/, pressed: true });
      const ends = await bar.getAttribute('aria-label');
      await stage.button('Zoom In').click();
      await stage.page.locator('.status-seen', { hasText: 'window' }).waitFor();
      assert.equal(await bar.getAttribute('aria-label'), ends);
      await stage.picture('bar-faint');
      await stage.page.getByRole('tab', { name: 'Question' }).click();
      await stage.page.getByRole('button', { name: /^␣he − ␣she, / }).waitFor();
      await stage.picture('bar-question');
    },
  );

  onPage(
    'hostile tokens stay text',
    {
      engine: {
        map: (parameters) => {
          const map = defaultMap(parameters);
          return {
            ...map,
            tokens: new Map(
              [...map.tokens].map(([id, one], i) => [id, { ...one, text: HOSTILE[i % HOSTILE.length] ?? '' }]),
            ),
          };
        },
      },
    },
    async (stage) => {
      const { page } = stage;
      page.on('dialog', () => assert.fail('a dialog'));
      await stage.hoverCell(10, 10);
      await page.keyboard.press('2');
      await stage.button('More Actions').click();
      await page.getByRole('menuitem', { name: 'Show Cells as Table' }).click();
      await page.locator('table.cells tbody tr').nth(49).waitFor();
      await stage.settled();
      const found = await page.evaluate(() => ({
        broken: Reflect.get(window, 'broken') as unknown,
        elements: document.querySelectorAll('body img, body script:not([src]), body iframe').length,
        text: document.body.textContent,
        wide: document.documentElement.scrollWidth > window.innerWidth,
      }));
      assert.equal(found.broken, undefined);
      assert.equal(found.elements, 0);
      assert.equal(found.wide, false);
      for (const text of ['<img', 'src=x', 'onerror=', '<script>', 'U+202E', 'U+0000', 'U+200B', 'U+D800', '\u2026']) {
        assert.ok(found.text.includes(text), text);
      }
      for (const hidden of ['\u0000', '\u202E', '\u200B', '\u2028']) assert.ok(!found.text.includes(hidden));
      await stage.picture('hostile-tokens');
    },
  );

  onPage('the cells in sight as a table', {}, async (stage) => {
    const map = defaultMap(DEFAULT_PARAMETERS);
    await stage.button('Refine on Zoom').click();
    await stage.button('Zoom In').click();
    await stage.button('Zoom In').click();
    await stage.button('Zoom In').click();
    await stage.page.locator('.status-seen').filter({ hasText: 'showing' }).waitFor();
    await stage.button('More Actions').click();
    await stage.page.getByRole('menuitem', { name: 'Show Cells as Table' }).click();
    const table = stage.page.locator('table.cells');
    const x = await table.locator('thead th').nth(3).innerText();
    const y = await table.locator('tbody th').nth(2).innerText();
    const number = (text: string): number => Number(text.replace('\u2212', '-'));
    const cell = (number(y) / 0.5 + 24.5) * 50 + number(x) / 0.5 + 24.5;
    const text = await table.locator('tbody tr').nth(2).locator('td').nth(3).locator('.faint').innerText();
    assert.equal(text, formatPercent(top(map, cell)));
    await stage.page.keyboard.press('Escape');
    await stage.page.locator('.plot:focus').waitFor();
  });

  onPage('how the page was arranged survives a reload', {}, async (stage) => {
    const { page } = stage;
    await page.getByRole('tab', { name: 'Entropy' }).click();
    await stage.button('Labels').click();
    await stage.clickCell(30, 30);
    await page.locator('.group-header', { hasText: 'Grid Size' }).click();
    await page.locator('.group-header', { hasText: 'Advanced' }).click();
    await stage.button('Zoom In').click();
    await page.locator('.status-seen', { hasText: 'window' }).waitFor();
    const position = await page.locator('.cell dd').first().innerText();
    await page.waitForFunction(() => window.name.includes('"zoom":{'));
    await page.reload();
    await stage.status(/^2,500 cells/);
    await page.getByRole('tab', { name: 'Entropy', selected: true }).waitFor();
    assert.equal(await stage.button('Labels').getAttribute('aria-pressed'), 'false');
    await page.locator('.status-seen', { hasText: 'window' }).waitFor();
    assert.equal(await page.locator('.cell h2').innerText(), 'Pinned cell');
    assert.equal(await page.locator('.cell dd').first().innerText(), position);
    assert.equal(await page.locator('.group-header', { hasText: 'Grid Size' }).getAttribute('aria-expanded'), 'false');
    assert.equal(await page.locator('.group-header', { hasText: 'Advanced' }).getAttribute('aria-expanded'), 'true');
    assert.equal(await page.locator('.zoom-text').innerText(), '150%');
    assert.equal(stage.deps.engine.asked.length, 2, 'neither the map nor its window is computed again');
  });

  onPage(
    'Escape cancels a running map; what came stays and can be resumed',
    { engine: { seconds: 5, stopAt: 600 }, run: false, status: 'No map yet' },
    async (stage) => {
      await stage.button('Generate').click();
      await stage.status(/^\d+ of 2,500 cells · \d+% .*· Esc cancels$/);
      await stage.button('Cancel').waitFor();
      await stage.page.keyboard.press('Escape');
      await stage.status(/^Cancelled at \d+ of 2,500 cells$/);
      assert.equal(await stage.spoken(), 'Map cancelled');
      const save = stage.button('Save Map');
      assert.equal(await save.getAttribute('aria-disabled'), 'true');
      stage.deps.engine.stopAt(Infinity);
      await stage.button('Resume').first().click();
      await stage.status(/^2,500 cells · .* s$/);
      await save.click();
      await eventually(() => assert.match(stage.deps.calls.at(-1) ?? '', /^save /));
    },
  );

  onPage(
    'parameters that changed have a first pass, and highlight Generate',
    { engine: { seconds: 5 } },
    async (stage) => {
      await stage.type('Spacing', '0.25');
      await stage.page.locator('.controls vscode-button.due').waitFor();
      await stage.status('First pass: 16 of 2,500 cells · Generate computes the rest');
      assert.equal(stage.deps.engine.asked.at(-1)?.only?.length, 16);
      await stage.picture('first-pass');
      // What it would cost is known when it is to be decided.
      await stage.page.locator('.estimate', { hasText: '2,500 cells · about 5.0 s on CPU' }).waitFor();
      const byItself = stage.page.locator('.live-note');
      assert.equal(await byItself.innerText(), 'Live is off by itself while maps take longer than a second');
      await stage.page.getByRole('textbox', { name: 'Spacing' }).press('Control+Enter');
      await stage.status(/^2,500 cells/);
      await stage.page.locator('.estimate', { hasText: '2,500 cells · about 5.0 s on CPU' }).waitFor();
      assert.equal(stage.deps.engine.asked.at(-1)?.parameters.grid.spacing, 0.25);
      // Live: the whole map follows, however long it takes. It stays so over a reload.
      await stage.page.getByRole('checkbox', { name: 'Live', checked: false }).click();
      await stage.page.waitForFunction(() => window.name.includes('"live":true'));
      await stage.page.reload();
      await stage.page.getByRole('checkbox', { name: 'Live', checked: true }).waitFor();
      await stage.status(/^2,500 cells/);
      assert.ok(await byItself.isHidden(), 'it is chosen');
      await stage.type('Spacing', '0.75');
      await eventually(() => assert.equal(stage.deps.engine.asked.at(-1)?.parameters.grid.spacing, 0.75));
      await stage.status(/^2,500 cells/);
      assert.equal(stage.deps.engine.asked.at(-1)?.only, undefined);
    },
  );

  let open = (): void => undefined;
  let plan = (): void => undefined;
  const opening = new Promise<void>((resolve) => (open = resolve));
  const planning = new Promise<void>((resolve) => (plan = resolve));
  const slowly = (deps: FakeDependencies): void => {
    const { acquireEngine } = deps;
    deps.acquireEngine = async (path) => {
      await opening;
      const lease = await acquireEngine(path);
      lease.beforeMap = planning;
      return lease;
    };
  };
  onPage(
    'before the first cells it is said what they wait for',
    { prepare: slowly, engine: { stopAt: 0 }, status: /^Opening .+… · Esc cancels$/ },
    async (stage) => {
      open();
      await stage.status(/^Computing the prompt… · Esc cancels$/);
      plan();
      await stage.status(/^First of 2,500 cells… · Esc cancels$/);
      stage.deps.engine.stopAt(Infinity);
      await stage.status(/^2,500 cells/);
    },
  );

  onPage(
    'cells of a model that is not yet verified say so, and go with one sentence where it does not hold',
    {
      engine: { unverified: true, seconds: 5 },
      status: /^0 of 2,500 cells · 0% · the model is still being checked · Esc cancels$/,
    },
    async (stage) => {
      assert.ok(await stage.plot.isVisible());
      await stage.picture('not-yet-verified');
      const message = 'The model is not a decoder: changing the last token moves the hidden states before it.';
      stage.deps.engine.judge(new Fault({ code: 'model-unsupported', message }));
      await stage.page.locator('.page-message:visible .lead', { hasText: message }).waitFor();
      assert.ok(await stage.plot.isHidden(), 'no false map stays');
      await stage.picture('verification-failed');
      stage.logged(/^error: The model is not a decoder/);
    },
  );

  onPage('an engine that dies is a bar above the map that stays', { engine: { seconds: 5 } }, async (stage) => {
    stage.deps.engine.die();
    const bar = stage.page.locator('.fault-bar');
    await bar.waitFor();
    assert.match(await bar.innerText(), /The engine ended unexpectedly \(signal SIGKILL\)\./);
    stage.logged(/^error: The engine ended unexpectedly \(signal SIGKILL\)\./);
    assert.ok(await stage.plot.isVisible());
    assert.equal(
      await stage.page
        .getByText(/SIGKILL/)
        .filter({ visible: true })
        .count(),
      1,
      'one place says it',
    );
    await bar.getByRole('button', { name: 'Show Log' }).click();
    await bar.getByRole('button', { name: 'Try Again' }).click();
    await stage.status(/^2,500 cells/);
    assert.ok(await bar.isHidden());
    assert.equal(stage.deps.engines.length, 2);
    assert.ok(stage.deps.calls.includes('showLog'));
  });

  onPage(
    'a model that cannot be loaded says what to do',
    {
      status: /^Model not loaded/,
      prepare: (deps) => {
        deps.openFault = new Fault({
          code: 'model-broken',
          message: 'The file <b>w.bin</b> is missing.',
          hint: 'Copy it there. Or choose another folder.',
          detail: 'ENOENT',
        });
      },
    },
    async (stage) => {
      stage.logged(/^error: The file <b>w\.bin<\/b> is missing\.\n.*\nENOENT$/);
      const page = stage.page.locator('.page-message:visible');
      assert.equal(await page.locator('h1').innerText(), 'The model could not be loaded');
      assert.equal(await page.locator('.lead').innerText(), 'The file <b>w.bin</b> is missing.');
      assert.equal(
        await stage.page
          .getByText(/w\.bin/)
          .filter({ visible: true })
          .count(),
        1,
        'one place says it',
      );
      assert.deepEqual(await page.locator('li').allInnerTexts(), ['Copy it there.', 'Or choose another folder.']);
      await page.getByRole('button', { name: 'Choose Another Model…' }).click();
      await page.getByRole('button', { name: 'Copy Details' }).click();
      await eventually(() =>
        assert.deepEqual(stage.deps.calls.slice(-2), ['chooseModel', 'copy model-broken\nENOENT']),
      );
      stage.deps.openFault = undefined;
      await page.getByRole('button', { name: 'Try Again' }).click();
      await stage.status(/^2,500 cells/);
    },
  );

  const madeWith = { reference: { name: 'qwen', file: 'onnx/model.onnx', sha256: 'ab' }, facts: DESCRIPTION.facts };
  onPage(
    'without a model there is a choice of them',
    { modelPath: null, status: 'No model', madeWith },
    async (stage) => {
      const page = stage.page.locator('.page-message:visible');
      assert.equal(await page.locator('h1').innerText(), 'Choose a model to map');
      assert.match(
        await page.locator('.made-with').innerText(),
        /qwen \(onnx\/model.onnx\) · 30 layers, 576 dimensions/,
      );
      assert.deepEqual(await page.locator('.recent li .link').allInnerTexts(), [
        'Llama-3.2-1B-Instruct',
        'Qwen2.5-0.5B',
      ]);
      await page.getByRole('button', { name: 'What a token map shows' }).click();
      await page.getByRole('button', { name: 'Use Sample' }).click();
      await stage.status(/^2,500 cells/);
      assert.ok(stage.deps.calls.includes('help what'));
      // The list ends with another one of one's own: by a click and by keys. Keys of the closed list come by it, and ask nothing.
      const asked = (): number => stage.deps.calls.filter((call) => call === 'chooseModel').length;
      await stage.choose('Model', 'Choose Another Model…');
      await eventually(() => assert.equal(asked(), 1));
      const list = stage.page.getByRole('combobox', { name: 'Model', exact: true });
      await list.press('End');
      for (const key of ['Enter', 'End']) await list.press(key);
      // A state that comes meanwhile leaves the keys where they are.
      stage.deps.setScale('dark');
      await stage.settled();
      await list.press('Enter');
      await eventually(() => assert.equal(asked(), 2));
      await stage.settled();
      assert.equal(asked(), 2);
      assert.equal(await list.locator('.selected-value').innerText(), 'SmolLM2-135M-Instruct');
    },
  );

  onPage('the page follows the theme', {}, async (stage) => {
    await bare(stage);
    const map = defaultMap(DEFAULT_PARAMETERS);
    const point = [await stage.cellPoint(40, 26)];
    const value = top(map, 26 * 50 + 40);
    close((await stage.colorsAt(point))[0] ?? [], scaleColor('dark', value), 'dark');
    await stage.theme('light');
    close((await stage.colorsAt(point))[0] ?? [], scaleColor('light', value), 'light');
    stage.deps.setScale('dark');
    await stage.settled();
    close((await stage.colorsAt(point))[0] ?? [], scaleColor('dark', value), 'chosen scale');
  });

  onPage('the map sharpens without a blank frame', { parameters: { grid: grid(100) } }, async (stage) => {
    const session = await stage.page.context().newCDPSession(stage.page);
    const frames: string[] = [];
    session.on('Page.screencastFrame', ({ data, sessionId }) => {
      frames.push(data);
      void session.send('Page.screencastFrameAck', { sessionId });
    });
    const points = await Promise.all(
      [
        [15, 85],
        [50, 50],
        [85, 20],
      ].map(([column = 0, row = 0]) => stage.cellPoint(column, row)),
    );
    await session.send('Page.startScreencast', { format: 'png' });
    for (const seed of ['7', '8']) {
      const before = stage.deps.engine.asked.length;
      await stage.type('Seed', seed);
      while (stage.deps.engine.asked.length === before) await stage.page.waitForTimeout(20);
      await stage.status(/^10,000 cells/);
    }
    await session.send('Page.stopScreencast');
    assert.ok(frames.length > 3, `${frames.length} frames`);
    for (const data of frames) {
      for (const color of await decode(stage.page, Buffer.from(data, 'base64'), points)) {
        assert.notDeepEqual(color, [0x1f, 0x1f, 0x1f], 'the editor shows through');
      }
    }
  });

  let tellAgain = (): void => assert.fail('no map was told of');
  onPage(
    'a map that is told of again while it grows, as when a page is ready late, is complete in the end',
    {
      engine: { stopAt: 16 },
      status: /^16 of 2,500 cells/,
      host: (deps) => {
        const settings = { modelPath: DESCRIPTION.path, parameters: DEFAULT_PARAMETERS, device: 'auto' } as const;
        const panel = new MapController(deps, { settings: { ...settings, batchSize: DEFAULT_BATCH_SIZE }, run: true });
        return {
          connect: (post) =>
            panel.connect((message) => {
              if (message.type === 'map') tellAgain = () => post(message);
              post(message);
            }),
          receive: (data) => panel.receive(data),
        };
      },
    },
    async (stage) => {
      tellAgain();
      stage.deps.engine.stopAt(Infinity);
      await stage.status(/^2,500 cells · .* · CPU · /);
      assert.equal(await stage.button('Save Map').getAttribute('aria-disabled'), null);
    },
  );

  onPage('a saved map is read-only, and can be edited and run again', { host: savedMap }, async (stage) => {
    await stage.status(/^2,500 cells/);
    assert.equal(await stage.page.locator('.controls').getByRole('textbox').count(), 0);
    assert.match(
      await stage.page.locator('.saved-facts').innerText(),
      /SmolLM2-135M-Instruct[\s\S]*Random projection, seed 42[\s\S]*50 × 50/,
    );
    await stage.clickCell(40, 25);
    assert.equal(await stage.page.locator('.cell h2').innerText(), 'Pinned cell');
    await stage.button('More Actions').click();
    await stage.page.getByRole('menuitem', { name: 'Open as Text' }).click();
    await stage.button('More Actions').click();
    await stage.page.getByRole('menuitem', { name: 'Copy as Command Line' }).click();
    await stage.button('Edit and Run Again').click();
    await eventually(() => assert.deepEqual(stage.deps.calls, ['openAsText', 'copyCommandLine', 'editAndRun']));
  });
});
