import assert from 'node:assert/strict';
import process from 'node:process';
import { suite } from 'node:test';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
import { ModelPageController, type ModelPageDependencies } from '../../src/panel/model/modelPage.js';
import { DESCRIPTION } from './fakeEngine.js';
import { EXPLAINED, pinAndHover, STATES } from './panelStates.js';
import { eventually, type PageTestOptions, type Stage, THEMES, usePages } from './stage.js';

/** Widths of an editor, in px. Every state is looked at in one of them, in turn; with EVERY_WIDTH=1 in all. */
const WIDTHS = [500, 800, 1000, 1200, 1700];
const EVERY = process.env.EVERY_WIDTH === '1';
const widthsOf = (state: number): readonly number[] =>
  EVERY ? WIDTHS : WIDTHS.slice(state % WIDTHS.length).slice(0, 1);

async function expectWhole({ page }: Stage, what: string): Promise<void> {
  await expectNoViolations(page.locator('body'), what);
  // Nothing is wider than the editor, and no text of the controls is cut off.
  const cut = await page.evaluate(() => [
    ...(document.documentElement.scrollWidth > window.innerWidth ? ['the page'] : []),
    ...[
      ...document.querySelectorAll<HTMLElement>(
        '.controls-body, .toolbar, .inspector, .facts, .estimate, .page-message',
      ),
    ]
      .filter((element) => element.scrollWidth > element.clientWidth + 1)
      .map((element) => element.className),
  ]);
  assert.deepEqual(cut, [], what);
}

suite('States of the panel, pictured', { concurrency: 2, skip: leftOut(), timeout: 300_000 }, () => {
  const onPage = usePages();

  for (const [i, [name, { options, reach, again }]] of Object.entries({ ...STATES, ...EXPLAINED }).entries()) {
    // Their parts are looked at in tests of their own: pictures, and every width, are asked for.
    if (name in EXPLAINED && !EVERY) continue;
    onPage(`${name}: no violation of WCAG A or AA, nothing cut off`, options ?? {}, async (stage) => {
      await reach?.(stage);
      await stage.picture(name);
      for (const width of widthsOf(i)) {
        await stage.page.setViewportSize({ width, height: 852 });
        await stage.settled();
        await again?.(stage);
        for (const theme of name in EXPLAINED ? (['high-contrast', 'light', 'dark'] as const) : []) {
          await stage.theme(theme);
          await stage.picture(`explained-${name}-${width}-${theme}`);
        }
        await expectWhole(stage, `${name}, ${width} px`);
      }
    });
  }

  for (const theme of THEMES) {
    onPage(`no violation in the ${theme} theme, whatever is open`, { theme }, async (stage) => {
      const { page } = stage;
      for (const name of ['Context', 'Advanced']) await page.locator('.group-header', { hasText: name }).click();
      await stage.choose('Context', 'Prompt');
      await stage.type('Columns', '0');
      await stage.button('Find a Token').click();
      await pinAndHover(stage);
      await expectNoViolations(page.locator('body'), `${theme}: controls`);
      await stage.button('More Actions').click();
      await expectNoViolations(page.locator('body'), `${theme}: menu`);
      await page.keyboard.press('Escape');
      stage.deps.engine.die();
      await page.locator('.fault-bar').waitFor();
      await expectNoViolations(page.locator('body'), `${theme}: fault`);
      stage.logged(/SIGKILL/);
    });

    const empty: PageTestOptions = { theme, modelPath: null, status: 'No model' };
    onPage(`no violation in the ${theme} theme without a model`, empty, ({ page }) =>
      expectNoViolations(page.locator('body'), `${theme}: empty`),
    );
  }

  // The page of a model, with names that would do something as markup.
  const stranger = '<img src=x onerror=alert(1)>';
  const described: ModelPageDependencies = {
    name: stranger,
    place: `models/${stranger}`,
    trusted: () => Promise.resolve(true),
    tensors: () =>
      Promise.resolve({
        kind: 'checkpoint',
        files: [stranger, 'b.safetensors'],
        tensors: Array.from({ length: 20_000 }, (_, i) => ({
          name: `layers.${i}.${stranger}`,
          type: 'bfloat16',
          shape: [i + 1, 4],
          bytes: 8 * (i + 1),
          file: i % 2,
        })),
      }),
    describe: () =>
      Promise.resolve({ ...DESCRIPTION, checks: [{ name: stranger, outcome: 'passed', detail: stranger }] }),
    generate: () => Promise.resolve(),
    showFile: () => Promise.resolve(),
    showLog: () => undefined,
    manageTrust: () => Promise.resolve(),
    log: () => undefined,
  };
  for (const theme of ['dark', 'high-contrast-light'] as const)
    onPage(
      `a model’s page (${theme}): what lies in it as text, as many rows as are seen, found and sorted`,
      { theme, program: 'model', status: null, host: () => new ModelPageController(described) },
      async (stage) => {
        const { page } = stage;
        const rows = page.locator('.tensor-rows .tensor-row');
        await page.locator('.state', { hasText: '30 layers · 576 dimensions' }).waitFor();
        await rows.first().waitFor();
        assert.equal(await page.locator('h1').innerText(), stranger);
        assert.equal(await page.locator('img').count(), 0);
        assert.ok((await rows.count()) < 100);
        assert.equal(await page.getByRole('table', { name: 'Tensors' }).getAttribute('aria-rowcount'), '20001');
        await expectNoViolations(page.locator('body'), `${theme}: a model`);
        await page.locator('.tensor-scroller').focus();
        await page.keyboard.press('End');
        await page.getByText('layers.19999.', { exact: false }).waitFor();
        await page.getByRole('textbox', { name: 'Find tensors' }).fill('LAYERS 1234');
        await eventually(async () => assert.match(await page.locator('.tensors h2').innerText(), /12 of 20,000/));
        await page.getByRole('button', { name: 'Size' }).click();
        await eventually(async () => assert.match(await rows.first().innerText(), /layers\.12349/));
        await stage.picture(`model-${theme}`);
      },
    );

  onPage('with reduced motion nothing moves by itself', { width: 900, reducedMotion: true }, async (stage) => {
    await stage.button('Show Parameters').click();
    const moving = await stage.page.evaluate(() => document.getAnimations().length);
    assert.equal(moving, 0);
  });
});
