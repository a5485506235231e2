import { Fault } from '../../src/map/fault.js';
import { presetParameters, samplePrompts } from '../../src/map/presets.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { ModelPageController, type ModelPageDependencies } from '../../src/panel/model/modelPage.js';
import { MODELS } from './fakeDependencies.js';
import { DESCRIPTION } from './fakeEngine.js';
import { type PageTestOptions, savedMap, type Stage, type ThemeName } from './stage.js';

/** A state of a page: how it comes about. */
export interface State {
  readonly options?: PageTestOptions;
  readonly reach?: (stage: Stage) => void | Promise<void>;
  /** What is to be done again when the editor has another width. */
  readonly again?: (stage: Stage) => void | Promise<void>;
}

export const pinAndHover = async (stage: Stage): Promise<void> => {
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
/** States of design/panel.md. */
export const STATES: Readonly<Record<string, State>> = {
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

const PRESET = presetParameters('threePrompts', DEFAULT_PARAMETERS);
/** Between three prompts, with cells small enough for a line and texts. */
const PLANE = { ...PRESET, grid: { ...PRESET.grid, spacing: 0.08, center: [0.4, 0.4] as const } };
const [own] = MODELS.slice(1);
const neutral = samplePrompts(false);
const OWN_PLANE = {
  ...PLANE,
  plane: {
    ...PLANE.plane,
    center: { kind: 'prompt', text: neutral.A },
    axes: {
      method: 'directions',
      x: { kind: 'prompt', text: neutral.B },
      y: { kind: 'prompt', text: neutral.C },
    },
  },
} as const;

/** The parameters are in sight: in their column, or in the drawer over the map. */
const openParameters = async ({ page }: Stage): Promise<void> => {
  if (await page.locator('.controls').isVisible()) return;
  await page.getByRole('button', { name: /^(Show )?Parameters$/ }).click();
};
const openGroup =
  (name: string) =>
  async (stage: Stage): Promise<void> => {
    await openParameters(stage);
    const header = stage.page.locator('.controls .group-header', { hasText: name });
    if ((await header.getAttribute('aria-expanded')) === 'false') await header.click();
    await header.evaluate((element) => element.scrollIntoView({ block: 'start' }));
  };

/** A part of the inspector is brought into view, where it lies below. */
const see =
  (selector: string) =>
  ({ page }: Stage): Promise<void> =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => element.scrollIntoView({ block: 'start' }));

const WORDS = ['The ship sailed', 'The house was old', 'He prayed to', 'She danced with', 'They fought for'];
const LABELS = ['sea', 'a house in the country, long after', 'god', 'dance', 'war'];
const TABLE = {
  texts: Array.from({ length: 300 }, (_, i) => `${WORDS[i % 5]} ${i}`),
  labels: Array.from({ length: 300 }, (_, i) => LABELS[i % 5] ?? ''),
};
const showTexts = async (stage: Stage): Promise<void> => {
  stage.deps.chosenTable = TABLE;
  await openGroup('Overlays')(stage);
  await stage.button('Add Overlay').click();
  await stage.page.getByRole('menuitem', { name: 'Texts of a CSV File…' }).click();
  await stage.page.locator('.texts-pane .separability').waitFor();
};

/** A model of the page that shows what lies in one. */
const described: ModelPageDependencies = {
  name: 'Llama-3.2-1B-Instruct',
  place: '~/models/llama-3.2-1b-instruct-onnx',
  trusted: () => Promise.resolve(true),
  tensors: () =>
    Promise.resolve({
      kind: 'checkpoint',
      files: ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
      tensors: Array.from({ length: 290 }, (_, i) => ({
        name: `model.layers.${i % 29}.${['self_attn.q_proj', 'mlp.down_proj', 'input_layernorm'][i % 3]}.weight`,
        type: 'bfloat16',
        shape: i % 3 === 2 ? [2048] : [2048, 512 * ((i % 4) + 1)],
        bytes: i % 3 === 2 ? 4096 : 4096 * 512 * ((i % 4) + 1),
        file: i % 2,
      })),
    }),
  describe: () =>
    Promise.resolve({
      ...DESCRIPTION,
      readouts: {
        ...DESCRIPTION.readouts,
        jacobian: { ok: false, reason: 'No Jacobian lens was found beside the model.' },
      },
      checks: [
        { name: 'final layer', outcome: 'passed', detail: 'forward and lens agree within 2e-6' },
        { name: 'prompt as a past', outcome: 'failed', detail: 'the model has no inputs for pasts' },
      ],
    }),
  generate: () => Promise.resolve(),
  showFile: () => Promise.resolve(),
  showLog: () => undefined,
  manageTrust: () => Promise.resolve(),
  log: () => undefined,
};

/** What the panel explains of itself, point by point of the issue of that name. */
export const EXPLAINED: Readonly<Record<string, State>> = {
  '1-own-model': {
    options: { ...(own ? { modelPath: own.path } : {}), parameters: OWN_PLANE },
    reach: pinAndHover,
  },
  '2-prompts': {
    options: {
      parameters: OWN_PLANE,
      engine: { description: { contexts: { ...DESCRIPTION.contexts, chat: { ok: true } } } },
    },
    reach: async (stage) => {
      await stage.type(
        'Prompt of the y axis',
        'It was the best of times,\nit was the worst of times, it was the age of wisdom',
      );
      const field = stage.page.locator('.source-field', {
        has: stage.page.getByRole('textbox', { name: 'Prompt of the y axis' }),
      });
      await field.getByRole('checkbox', { name: 'In the model’s chat template' }).click();
      await field.getByRole('radio', { name: '<|assistant|>' }).waitFor();
    },
    again: openGroup('Plane'),
  },
  '3-help': {
    again: async (stage) => {
      await openGroup('Plane')(stage);
      const help = stage.page.getByRole('button', { name: 'What Is Plane?' });
      if ((await help.getAttribute('aria-expanded')) !== 'true') await help.click();
    },
  },
  '3-keys': {
    reach: async (stage) => {
      await stage.plot.focus();
      await stage.page.keyboard.press('?');
    },
  },
  '3-what': { options: { parameters: PLANE }, reach: (stage) => stage.button('What Am I Looking At?').click() },
  '4-live-and-lock': { again: openGroup('Grid') },
  '5-range': {
    options: { parameters: { question: { kind: 'difference', first: ' he', second: ' she' } } },
    reach: async (stage) => {
      await stage.plot.focus();
      await stage.page.keyboard.press('f');
    },
  },
  '5-question-bar': {
    options: { parameters: { question: { kind: 'difference', first: ' he', second: ' she' } } },
    reach: async (stage) => {
      await stage.plot.focus();
      await stage.page.keyboard.press('5');
    },
  },
  '6-menu': {
    options: { parameters: PLANE },
    again: async (stage) => {
      const { x, y } = await stage.cellPoint(31, 30);
      await stage.page.keyboard.press('Escape');
      await stage.page.mouse.click(x, y, { button: 'right' });
    },
  },
  '7-profile': {
    options: { parameters: PLANE },
    reach: async (stage) => {
      await stage.button('Compare…').click();
      await stage.page.getByRole('menuitem', { name: 'Profile Along a Line' }).click();
      const place = stage.page.getByRole('region', { name: 'Profile along a line' }).getByRole('slider');
      await place.focus();
      for (let i = 0; i < 4; i++) await stage.page.keyboard.press('Shift+ArrowRight');
    },
  },
  '8-model': {
    options: { program: 'model', status: null, host: () => new ModelPageController(described) },
    reach: async ({ page }) => {
      await page.locator('.state', { hasText: '30 layers · 576 dimensions' }).waitFor();
      await page.locator('.tensor-rows .tensor-row').first().waitFor();
    },
  },
  '9-texts': {
    options: { parameters: PLANE },
    reach: async (stage) => {
      await showTexts(stage);
      await stage.page.locator('.texts tbody tr').nth(3).focus();
    },
    again: see('.texts-pane'),
  },
  '9-lasso': {
    options: { parameters: PLANE },
    reach: async (stage) => {
      await showTexts(stage);
      await stage.page.locator('.legend-entry', { hasText: 'god' }).click();
      await stage.button('Draw a Lasso Around Texts').click();
      const box = await stage.plot.boundingBox();
      if (!box) throw new Error('there is no map');
      const [left, top] = [box.x + 0.4 * box.width, box.y + 0.1 * box.height];
      await stage.page.mouse.move(left, top);
      await stage.page.mouse.down();
      for (const [x, y] of [
        [0.5, 0],
        [0.55, 0.5],
        [0.2, 0.6],
        [-0.1, 0.3],
      ] as const)
        await stage.page.mouse.move(left + x * box.width, top + y * box.height, { steps: 4 });
      await stage.page.mouse.up();
    },
    again: see('.texts-pane'),
  },
  '10-beside': {
    options: { parameters: PLANE },
    reach: async (stage) => {
      const { page } = stage;
      await stage.clickCell(31, 30);
      await page.getByRole('button', { name: 'Any Point', exact: true }).click();
      await page.getByRole('checkbox', { name: 'Sample' }).click();
      await stage.button('A, B, C and Here').click();
      await page.locator('.continuation').nth(3).filter({ hasText: 'and so on' }).waitFor();
    },
    again: see('.point-pane'),
  },
  '11-questions': {
    options: {
      parameters: {
        ...PLANE,
        question: { kind: 'difference', first: ' he', second: ' she' },
        alsoAsked: [
          { kind: 'set', tokens: [' whale', ' ship', ' sea'] },
          { kind: 'pattern', pattern: '^ [A-Z]' },
          { kind: 'feature', vector: '', bias: 0.5, threshold: 0, name: 'sae#17' },
        ],
      },
    },
    reach: async (stage) => {
      await stage.clickCell(31, 30);
      await stage.page.locator('.answer').nth(1).click();
    },
    again: openGroup('Question'),
  },
  '11-features': {
    options: {
      parameters: PLANE,
      engine: { saeHook: 'blocks.7.hook_resid_post' },
      prepare: (deps) => void (deps.chosenSae = '/saes/gpt2-small-res-jb/blocks.7.hook_resid_post'),
    },
    reach: async (stage) => {
      await stage.page.getByRole('button', { name: 'Features', exact: true }).click();
      await stage.button('Choose Autoencoder…').click();
      await stage.page.locator('.features-pane tbody tr').nth(11).waitFor();
    },
    again: see('.features-pane'),
  },
};
