import assert from 'node:assert/strict';
import process from 'node:process';
import { suite } from 'node:test';
import { divergenceBits, spreadOf } from '../../src/map/compare/divergenceScale.js';
import { presetParameters } from '../../src/map/presets.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { formatFixed } from '../../src/map/numbers.js';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
import { defaultMap, fakeDivergence } from './fakeEngine.js';
import { eventually, type PageHost, savedMap, type Stage, THEMES, usePages } from './stage.js';

const PARAMETERS: MapParameters = { ...DEFAULT_PARAMETERS, layer: 12 };

/** The winner of each cell, by the map itself. */
function winners(parameters: MapParameters): Int32Array {
  const { ids, topK, columns, rows } = defaultMap(parameters).cells;
  return Int32Array.from({ length: columns * rows }, (_, cell) => ids[cell * topK] ?? -1);
}

const pane = ({ page }: Stage, name: 'main' | 'other' | 'changes') => page.locator(`.pane-${name}`);

/** Compares by the menu of the toolbar, and waits until both maps are there. */
async function compare(stage: Stage, what: string): Promise<void> {
  await stage.button('Compare…').click();
  await stage.page.getByRole('menuitem', { name: what }).click();
  await compared(stage);
}

async function compared(stage: Stage): Promise<void> {
  await stage.page.locator('.agreement-part', { hasText: '%' }).waitFor();
  await stage.status(/^2 × /);
}

/** Where the picture of a pane's cells lies, in parts of its frame: left, top, width, height. */
const placed = (stage: Stage, name: 'main' | 'other' | 'changes'): Promise<number[]> =>
  pane(stage, name)
    .locator('.heatmaplayer image')
    .first()
    .evaluate((image) => {
      const frame = image.closest('.heatmaps')?.clientWidth ?? 1;
      return ['x', 'y', 'width', 'height'].map((key) => Number(image.getAttribute(key)) / frame);
    });
/** As close as a picture's edge on the page's own pixels. */
const near = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((value, i) => Math.abs(value - (b[i] ?? NaN)) < 0.005);

/** The middle of a cell in a pane, on the page. */
async function point(stage: Stage, name: 'main' | 'other' | 'changes', column: number, row: number) {
  const box = await pane(stage, name).locator('.plot').boundingBox();
  assert.ok(box);
  return { x: box.x + ((column + 0.5) / 50) * box.width, y: box.y + (1 - (row + 0.5) / 50) * box.height };
}

suite('Two maps beside each other', { concurrency: 2, skip: leftOut(), timeout: 300_000 }, () => {
  const onPage = usePages({ parameters: PARAMETERS, width: 1400, height: 880 });

  onPage('how far they agree is what their cells say, and the largest changes are counted', {}, async (stage) => {
    await compare(stage, 'Another Layer');
    const [a, b] = [winners(PARAMETERS), winners({ ...PARAMETERS, layer: 11 })];
    const kept = a.filter((token, cell) => token === b[cell]).length;
    assert.equal(
      await stage.page.locator('.agreement-part').innerText(),
      `${formatFixed((100 * kept) / 2500, 1)}% agreement`,
    );
    const counts = new Map<string, number>();
    a.forEach((token, cell) => {
      const key = `${token} ${b[cell]}`;
      if (token !== b[cell]) counts.set(key, (counts.get(key) ?? 0) + 1);
    });
    const rows = stage.page.locator('table.changes tbody tr');
    assert.equal(await rows.count(), counts.size);
    assert.deepEqual(
      (await rows.locator('td.number').allInnerTexts()).map((text) => Number(text.replace(',', ''))),
      [...counts.values()].sort((one, two) => two - one),
    );
    await rows.first().hover();
    await stage.picture('compare-dark');

    // By how far the predictions are apart: as the engine says, in bits.
    const { cells } = defaultMap(PARAMETERS);
    const beside = defaultMap({ ...PARAMETERS, layer: 11 }).cells;
    const apart = Float32Array.from({ length: 2500 }, (_, cell) => fakeDivergence(cells, beside, cell));
    await stage.page.getByRole('combobox', { name: 'Color changes by' }).click();
    const choice = stage.page.getByRole('option', { name: 'KL(left ‖ right)' });
    await choice.waitFor();
    const seen = await choice.evaluate((one) => {
      const { x, y, width, height } = one.getBoundingClientRect();
      return one.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    });
    assert.ok(seen, 'the list is not cut by the heading that it hangs from');
    await choice.click();
    const count = pane(stage, 'changes').locator('.side-count');
    await count.filter({ hasText: `mean ${divergenceBits(spreadOf(apart).mean)}` }).waitFor();
    const there = await point(stage, 'main', 10, 40);
    await stage.page.mouse.move(there.x, there.y);
    await stage.page
      .locator('.status-hover', { hasText: `KL ${divergenceBits(apart[40 * 50 + 10] ?? NaN)}` })
      .waitFor();
    await stage.picture('compare-divergence');
    await expectNoViolations(stage.page.locator('body'), 'divergences');
    await stage.page.reload();
    await count.filter({ hasText: 'mean' }).waitFor();
    assert.equal(stage.deps.engines.flatMap(({ compared }) => compared).length, 1);
  });

  onPage('pin and pointer are linked: the same place on both, and what changes there', {}, async (stage) => {
    await compare(stage, 'Another Layer');
    const { x, y } = await point(stage, 'other', 31, 21);
    await stage.page.mouse.click(x, y);
    const cell = 21 * 50 + 31;
    const token = (layer: number): string => {
      const { cells, tokens } = defaultMap({ ...PARAMETERS, layer });
      return (tokens.get(cells.ids[cell * cells.topK] ?? -1)?.text ?? '').trim();
    };
    for (const [name, layer] of [
      ['main', 12],
      ['other', 11],
    ] as const) {
      await eventually(async () =>
        assert.equal(await pane(stage, name).locator('dd').first().innerText(), 'x 3.25, y −1.75'),
      );
      const first = await pane(stage, name).locator('.ranking .first th .token').innerText();
      assert.ok(first.includes(token(layer)), `${name}: ${first}, not ${token(layer)}`);
      await pane(stage, name)
        .getByRole('heading', { name: `Pinned cell, layer ${layer}` })
        .waitFor();
    }
    // What is below the pointer in the third view is told of both.
    const there = await point(stage, 'changes', 10, 40);
    await stage.page.mouse.move(there.x, there.y);
    await stage.settled();
    const hovered = await stage.page.locator('.status-hover').innerText();
    assert.match(hovered, /^x −7\.25\s+y 7\.75\s.+%\s*→\s.+%$/s);
  });

  onPage('zoom and drag move all of them together, and what is looked at is computed for both', {}, async (stage) => {
    await compare(stage, 'Another Layer');
    const same = async (): Promise<number[]> => {
      await stage.settled();
      const [main, other, changes] = await Promise.all([
        placed(stage, 'main'),
        placed(stage, 'other'),
        placed(stage, 'changes'),
      ]);
      assert.ok(near(other, main) && near(changes, main), JSON.stringify([main, other, changes]));
      return main;
    };
    const whole = await same();
    const { x, y } = await point(stage, 'other', 20, 30);
    await stage.page.mouse.move(x, y);
    for (let i = 0; i < 4; i++) await stage.page.mouse.wheel(0, -120);
    await eventually(async () => assert.ok(!near(await same(), whole)));
    await stage.page.mouse.down();
    await stage.page.mouse.move(x - 40, y + 20, { steps: 4 });
    await stage.page.mouse.up();
    await same();
    await stage.button('Whole Map').click();
    await eventually(async () => assert.ok(near(await same(), whole)));
  });

  onPage(
    'one click switches to the shared plane, a choice to another layer; swapped; closed by Esc',
    {},
    async (stage) => {
      await compare(stage, 'Another Layer');
      await stage.button('Shared Plane').click();
      await stage.status(/the same vectors/);
      assert.deepEqual(stage.controller.settings.compare, {
        kind: 'computed',
        path: 'layer',
        value: 11,
        plane: 'shared',
      });
      await stage.button('Own Planes').click();
      await stage.status(/own plane/);
      await stage.page.getByRole('combobox', { name: 'Compared with' }).click();
      await stage.page.getByRole('option', { name: 'Layer 3', exact: true }).click();
      await stage.status(/layer 12 and layer 3/);
      await stage.button('Swap Both Maps').click();
      await stage.status(/layer 3 and layer 12/);
      assert.equal(stage.controller.settings.parameters.layer, 3);
      await stage.page.keyboard.press('Escape');
      await stage.page.locator('aside.inspector').waitFor();
      assert.equal(await pane(stage, 'other').count(), 0);
      assert.equal(stage.controller.settings.compare, null);
    },
  );

  const LAID = presetParameters('threePrompts', DEFAULT_PARAMETERS);
  onPage(
    'where what differs cannot act it is said, with what to choose; a shared plane has the anchors of the left map on both',
    { parameters: { ...LAID, interventions: [{ kind: 'zero', block: 4, part: 'attention' }] } },
    async (stage) => {
      const silence = stage.page.locator('.compare-silence');
      const edit = (path: string, value: unknown): void => stage.controller.receive({ type: 'edit', path, value });
      const cases: readonly (readonly [string, unknown, Partial<MapParameters>, RegExp | null])[] = [
        [
          'interventions',
          [],
          { layer: 'last' },
          /enter behind this part.*Choose Own Planes, or layer 3 or an earlier one/,
        ],
        ['interventions', [], { layer: 4 }, /enter behind this part/],
        ['interventions', [], { layer: 3 }, null],
        ['interventions', [], { layer: 3, readout: 'lens' }, /leaves the blocks behind the layer out.*Forward/],
        ['layer', 3, { layer: 12, readout: 'lens' }, /say the same at every layer/],
        ['layer', 3, { layer: 12 }, null],
        ['readout', 'lens', { layer: 'last' }, /is the model’s own readout/],
        ['context', { kind: 'none' }, { layer: 'last' }, /no position sees another/],
        ['context', { kind: 'none' }, { layer: 12 }, null],
        ['model', '/models/other', { layer: 'last' }, /heads of both models/],
      ];
      for (const [path, value, change, said] of cases) {
        edit('parameters', { ...stage.controller.settings.parameters, readout: 'forward', ...change });
        edit('compare', { kind: 'computed', path, value, plane: 'shared' });
        await eventually(async () => {
          await stage.settled();
          if (said) assert.match(await silence.innerText(), said);
          else assert.equal(await silence.isVisible(), false, JSON.stringify([path, change]));
        });
      }
      edit('compare', { kind: 'computed', path: 'interventions', value: [], plane: 'own' });
      await eventually(async () => assert.equal(await silence.isVisible(), false));
      edit('compare', { kind: 'computed', path: 'interventions', value: [], plane: 'shared' });
      await compared(stage);
      await silence.waitFor();
      const { spacing, center, columns } = LAID.grid;
      const column = Math.round((1 - center[0]) / spacing + (columns - 1) / 2);
      const row = Math.round(-center[1] / spacing + (columns - 1) / 2);
      const { x, y } = await point(stage, 'main', column, row - 2);
      await stage.page.mouse.click(x, y);
      const nearest = (name: 'main' | 'other'): Promise<string> => pane(stage, name).locator('.nearest').innerText();
      for (const name of ['main', 'other'] as const)
        await eventually(async () => assert.match(await nearest(name), /^B “She was the daughter of Sir”/));
      await stage.picture('compare-silent');
      await expectNoViolations(stage.page.locator('body'), 'a shared plane where nothing can show');
    },
  );

  onPage('by keyboard alone, and a reload brings it back', {}, async (stage) => {
    await stage.plot.focus();
    await stage.page.keyboard.press('c');
    const wanted = stage.page.getByRole('menuitem', { name: 'Another Readout' }).and(stage.page.locator(':focus'));
    for (let i = 0; i < 9 && (await wanted.count()) === 0; i++) await stage.page.keyboard.press('ArrowDown');
    await stage.page.keyboard.press('Enter');
    await compared(stage);
    assert.equal((stage.controller.settings.compare as { path: string }).path, 'readout');
    await pane(stage, 'changes').locator('.plot').focus();
    await stage.page.keyboard.press('ArrowLeft');
    await stage.page.keyboard.press('ArrowLeft');
    await eventually(async () => assert.match(await stage.spoken(), /x minus 0\.25/));
    const position = pane(stage, 'other').locator('dd').first();
    await eventually(async () => assert.match(await position.innerText(), /^x −0\.25/));
    await stage.page.reload();
    await compared(stage);
    await eventually(async () => assert.match(await position.innerText(), /^x −0\.25/));
    // First the pin goes, then the comparison.
    await pane(stage, 'main').locator('.plot').focus();
    await stage.page.keyboard.press('Escape');
    assert.notEqual(stage.controller.settings.compare, null);
    await stage.page.keyboard.press('Escape');
    await eventually(() => assert.equal(stage.controller.settings.compare, null));
  });

  onPage('the map’s own menu compares, with a saved map as well; another grid is told of', {}, async (stage) => {
    stage.deps.savedMap = defaultMap({ ...PARAMETERS, layer: 5 });
    await stage.plot.click({ button: 'right' });
    await stage.page.getByRole('menuitem', { name: 'Compare with Saved Map…' }).click();
    await compared(stage);
    await stage.page.locator('.status-text', { hasText: 'with a saved map' }).waitFor();
    await stage.button('Close Comparison').click();
    await pane(stage, 'other').waitFor({ state: 'detached' });
    stage.deps.savedMap = defaultMap({ ...PARAMETERS, grid: { ...PARAMETERS.grid, columns: 30, rows: 30 } });
    await stage.plot.click({ button: 'right' });
    await stage.page.getByRole('menuitem', { name: 'Compare with Saved Map…' }).click();
    await stage.page.locator('.agreement', { hasText: 'the other 30 × 30' }).waitFor();
  });

  onPage(
    'two saved maps, beside each other',
    {
      host: (deps): PageHost => {
        deps.savedMap = defaultMap({ ...DEFAULT_PARAMETERS, layer: 5 });
        return savedMap(deps);
      },
    },
    async (stage) => {
      await compare(stage, 'Another Saved Map…');
      await stage.page.reload();
      await compared(stage);
      await stage.button('Close Comparison').click();
      await pane(stage, 'other').waitFor({ state: 'detached' });
    },
  );

  const sizes = [
    [1400, 880],
    [900, 700],
    [560, 900],
  ] as const;
  for (const [i, theme] of THEMES.entries())
    // Each theme in one size, in turn; with EVERY_WIDTH=1 in all.
    for (const [width, height] of process.env.EVERY_WIDTH === '1' ? sizes : sizes.slice(i % 3).slice(0, 1))
      onPage(`no violations: ${theme}, ${width} × ${height}`, { theme, width, height }, async (stage) => {
        stage.controller.receive({
          type: 'edit',
          path: 'compare',
          value: { kind: 'computed', path: 'layer', value: 4, plane: 'own' },
        });
        await compared(stage);
        await stage.page.locator('.pane-main .plot').click();
        await stage.settled();
        await stage.picture(`compare-${theme}-${width}`);
        await expectNoViolations(stage.page.locator('body'), `${theme} ${width}`);
      });
});
