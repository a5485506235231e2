import { Fault } from '../../src/map/fault.js';
import { SavedMapController } from '../../src/extension/panel/savedMap.js';
import { defaultMap } from './fakeEngine.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { launchBrowser, Stage, type StageOptions, type ThemeName } from './stage.js';
const wanted = process.argv.slice(2);
const browser = await launchBrowser();
type Make = (name: string) => Promise<void>;
const open = async (options: StageOptions = {}, wait = true) => {
  const s = await Stage.open(browser, { scale: 2, ...options });
  if (wait) await s.status(/cells ·/);
  return s;
};
const finish = async (s: Stage, name: string) => {
  await s.picture('look-' + name);
  if (s.problems.length) console.log(name, s.problems);
  await s.close();
};
const pin = async (s: Stage, x = 0.63, y = 0.57) => {
  const b = (await s.page.locator('.plot').boundingBox())!;
  await s.page.mouse.click(b.x + b.width * x, b.y + b.height * y);
  await s.page.mouse.move(b.x + b.width * 0.33, b.y + b.height * 0.23);
  await s.settled();
};
const all: Record<string, Make> = {
  ...Object.fromEntries(
    (['dark', 'light', 'high-contrast', 'high-contrast-light'] as ThemeName[]).map((t) => [
      t,
      async (n: string) => {
        const s = await open({ theme: t });
        await pin(s);
        await finish(s, n);
      },
    ]),
  ),
  token: async (n) => {
    const s = await open();
    await s.page.getByRole('tab', { name: 'Token' }).click();
    await pin(s);
    await finish(s, n);
  },
  margin: async (n) => {
    const s = await open({ theme: 'light' });
    await s.page.getByRole('tab', { name: 'Margin' }).click();
    await pin(s);
    await finish(s, n);
  },
  entropy: async (n) => {
    const s = await open();
    await s.page.getByRole('tab', { name: 'Entropy' }).click();
    await pin(s);
    await finish(s, n);
  },
  zoomed: async (n) => {
    const s = await open();
    await pin(s);
    const b = (await s.page.locator('.plot').boundingBox())!;
    await s.page.mouse.move(b.x + b.width * 0.6, b.y + b.height * 0.5);
    for (let i = 0; i < 6; i++) await s.page.mouse.wheel(0, -100);
    await s.page.waitForTimeout(400);
    await finish(s, n);
  },
  progress: async (n) => {
    const s = await Stage.open(browser, {
      scale: 2,
      parameters: { grid: { columns: 200, rows: 200, spacing: 0.125, center: [0, 0] } },
      run: false,
    });
    s.controller.generate();
    await new Promise((r) => setTimeout(r, 10));
    s.deps.engine.stopAt(16000);
    await s.status(/16,0/);
    await pin(s);
    await finish(s, n);
  },
  cancelled: async (n) => {
    const s = await Stage.open(browser, { scale: 2, run: false, engine: { seconds: 3 } });
    s.controller.generate();
    await s.page.waitForTimeout(20);
    s.deps.engine.stopAt(600);
    await s.status(/of 2,500/);
    await s.page.keyboard.press('Escape');
    await s.status(/Cancelled/);
    await finish(s, n);
  },
  changed: async (n) => {
    const s = await open({ engine: { seconds: 3 } });
    await s.page.locator('vscode-text-field[aria-label=Spacing] input').fill('0.25');
    await s.page.waitForTimeout(300);
    await finish(s, n);
  },
  invalid: async (n) => {
    const s = await open({ engine: { seconds: 3 } });
    await s.page.locator('vscode-text-field[aria-label=Spacing] input').fill('-1');
    await s.page.locator('vscode-text-field[aria-label="Layer number"] input').fill('99');
    await finish(s, n);
  },
  empty: async (n) => {
    const s = await open({ modelPath: null }, false);
    await s.status('No model');
    await finish(s, n);
  },
  error: async (n) => {
    const s = await open(
      {
        prepare: (d) => {
          d.openFault = new Fault({
            code: 'model-broken',
            message:
              'phi-2-onnx keeps its weights in a second file, model.onnx_data, and that file is not beside model.onnx.',
            hint: 'Copy model.onnx_data (about 5.6 GB) into ~/models/phi-2-onnx. Or choose another folder that holds both files.',
            detail:
              'Load model from /home/ada/models/phi-2-onnx/model.onnx failed: filesystem error: cannot get file size: No such file or directory [/home/ada/models/phi-2-onnx/model.onnx_data]',
          });
        },
        modelPath: '/home/ada/models/phi-2-onnx',
      },
      false,
    );
    await s.status(/not loaded/);
    await finish(s, n);
  },
  died: async (n) => {
    const s = await open({ engine: { seconds: 3 } });
    s.deps.engine.die();
    await s.status(/ended unexpectedly/);
    await finish(s, n);
  },
  medium: async (n) => {
    const s = await open({ width: 900 });
    await pin(s);
    await finish(s, n);
  },
  drawer: async (n) => {
    const s = await open({ width: 900 });
    await s.button('Show Parameters').click();
    await s.page.waitForTimeout(200);
    await finish(s, n);
  },
  narrow: async (n) => {
    const s = await open({ width: 600, height: 850 });
    await pin(s);
    await finish(s, n);
  },
  'narrow-controls': async (n) => {
    const s = await open({ width: 600, height: 850 });
    await s.button('Parameters').first().click();
    await s.page.waitForTimeout(200);
    await finish(s, n);
  },
  menu: async (n) => {
    const s = await open();
    await s.button('More Actions').click();
    await finish(s, n);
  },
  table: async (n) => {
    const s = await open();
    await s.button('More Actions').click();
    await s.page.getByRole('menuitem', { name: 'Show Cells as Table' }).click();
    await finish(s, n);
  },
  saved: async (n) => {
    const s = await Stage.open(
      browser,
      { scale: 2 },
      (deps) =>
        new SavedMapController(
          Object.assign(deps, { editAndRun: async () => {}, openAsText: async () => {} }) as never,
          defaultMap(DEFAULT_PARAMETERS),
        ),
    );
    await s.status(/cells ·/);
    await finish(s, n);
  },
};
for (const [name, make] of Object.entries(all)) {
  if (wanted.length && !wanted.includes(name)) continue;
  try {
    await make(name);
  } catch (e) {
    console.log(name, String(e).slice(0, 400));
  }
}
await browser.close();
process.exit(0);
