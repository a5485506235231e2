import assert from 'node:assert/strict';
import process from 'node:process';
import { suite } from 'node:test';
import { Fault } from '../../src/map/fault.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
import { ModelPageController, type ModelPageDependencies } from '../../src/panel/model/modelPage.js';
import { DESCRIPTION } from './fakeEngine.js';
import { eventually, type PageTestOptions, savedMap, type Stage, type ThemeName, THEMES, usePages } from './stage.js';

/** A state of design/panel.md: how it comes about, and what is pictured. */
interface State {
  readonly options?: PageTestOptions;
  readonly reach?: (stage: Stage) => void | Promise<void>;
}

const pinAndHover = async (stage: Stage): Promise<void> => {
  await stage.clickCell(31, 21);
  await stage.hoverCell(16, 38);
};
/** Zooms in around a cell, until cells carry their tokens: they grow. */
const zoom = async (stage: Stage): Promise<void> => {
  await stage.button('Refine on Zoom').click();
  await zoomIn(stage);
};
const zoomIn = async (stage: Stage): Promise<void> => {
  const { x, y } = await stage.cellPoint(30, 26);
  const text = stage.page.locator('.zoom-text');
  await stage.page.mouse.move(x, y);
  while (Number.parseInt(await text.innerText(), 10) < 350) {
    await stage.page.mouse.wheel(0, -120);
    await stage.settled();
  }
  // Labels have found their places.
  await stage.rested();
};
const LOAD_FAULT = new Fault({
  code: 'model-broken',
  message: 'phi-2-onnx keeps its weights in a second file, model.onnx_data, and that file is not beside model.onnx.',
  hint: 'Copy model.onnx_data (about 5.6 GB) into ~/models/phi-2-onnx. Or choose another folder that holds both files.',
  detail:
    'Load model from /home/ada/models/phi-2-onnx/model.onnx failed: filesystem error: cannot get file size: No such file or directory [/home/ada/models/phi-2-onnx/model.onnx_data]',
});
const large = { ...DEFAULT_PARAMETERS.grid, columns: 200, rows: 200, spacing: 0.125 };

const themed = (theme: ThemeName): State => ({ options: { theme }, reach: pinAndHover });
const STATES: Readonly<Record<string, State>> = {
  'panel-dark': themed('dark'),
  'panel-light': themed('light'),
  'panel-high-contrast': themed('high-contrast'),
  'panel-high-contrast-light': themed('high-contrast-light'),
  'panel-token-colors': {
    reach: async (stage) => {
      await stage.page.getByRole('tab', { name: 'Token' }).click();
      await pinAndHover(stage);
    },
  },
  'panel-zoomed': {
    reach: async (stage) => {
      await pinAndHover(stage);
      await zoom(stage);
    },
  },
  'panel-refined': {
    reach: async (stage) => {
      await pinAndHover(stage);
      await zoomIn(stage);
      await stage.page.locator('.status-seen', { hasText: 'window' }).waitFor();
    },
  },
  'panel-refined-light': {
    options: { theme: 'light' },
    reach: async (stage) => {
      await stage.page.getByRole('tab', { name: 'Token' }).click();
      await zoomIn(stage);
      await stage.page.locator('.status-seen', { hasText: 'window' }).waitFor();
    },
  },
  'panel-empty': { options: { modelPath: null, status: 'No model' } },
  'panel-error': {
    options: {
      modelPath: '/home/ada/models/phi-2-onnx',
      prepare: (deps) => (deps.openFault = LOAD_FAULT),
      status: /^Model not loaded/,
    },
    reach: (stage) => stage.logged(/model\.onnx_data/),
  },
  'panel-progress': {
    options: { parameters: { grid: large }, engine: { stopAt: 16_000 }, status: /^16,000 of 40,000 cells · 40%/ },
    reach: pinAndHover,
  },
  'panel-cancelled': {
    options: { engine: { seconds: 5, stopAt: 600 }, status: /of 2,500 cells/ },
    reach: async (stage) => {
      await stage.page.keyboard.press('Escape');
      await stage.status(/^Cancelled at/);
    },
  },
  'panel-changed': {
    options: { engine: { seconds: 5 } },
    reach: async (stage) => {
      await stage.type('Spacing', '0.25');
      await stage.page.locator('.controls .due').waitFor();
    },
  },
  'panel-wrong-fields': {
    reach: async (stage) => {
      await stage.type('Spacing', '-1');
      await stage.type('Layer number', '99');
      await stage.page.getByRole('alert').nth(1).waitFor();
    },
  },
  'panel-engine-died': {
    reach: async (stage) => {
      stage.deps.engine.die();
      await stage.page.locator('.fault-bar').waitFor();
      stage.logged(/SIGKILL/);
    },
  },
  'panel-saved': { options: { host: savedMap } },
  'panel-menu': { reach: (stage) => stage.button('More Actions').click() },
  'panel-drop-down': {
    reach: async (stage) => {
      await stage.page.locator('.group-header', { hasText: 'Advanced' }).click();
      await stage.page.getByRole('combobox', { name: 'Device' }).click();
    },
  },
  'panel-table': {
    reach: async (stage) => {
      await zoom(stage);
      await stage.button('More Actions').click();
      await stage.page.getByRole('menuitem', { name: 'Show Cells as Table' }).click();
    },
  },
  'panel-medium': { options: { width: 900 }, reach: pinAndHover },
  'panel-medium-controls': { options: { width: 900 }, reach: (stage) => stage.button('Show Parameters').click() },
  'panel-narrow': { options: { width: 600 }, reach: pinAndHover },
  'panel-narrow-controls': {
    options: { width: 600, reducedMotion: true },
    reach: (stage) => stage.page.getByRole('button', { name: 'Parameters', exact: true }).click(),
  },
};

/** Widths of an editor, in px. Every state is looked at in one of them, in turn; with EVERY_WIDTH=1 in all. */
const WIDTHS = [500, 800, 1200, 1700];
const widthsOf = (state: number): readonly number[] =>
  process.env.EVERY_WIDTH === '1' ? WIDTHS : WIDTHS.slice(state % WIDTHS.length).slice(0, 1);

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

  for (const [i, [name, { options, reach }]] of Object.entries(STATES).entries()) {
    onPage(`${name}: no violation of WCAG A or AA, nothing cut off`, options ?? {}, async (stage) => {
      await reach?.(stage);
      await stage.picture(name);
      for (const width of widthsOf(i)) {
        await stage.page.setViewportSize({ width, height: 852 });
        await stage.settled();
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
