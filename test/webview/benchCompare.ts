/**
 * `npm run bench -- compare`: two maps of 100 x 100 cells and their changes beside each other, in a Chromium that draws without
 * a graphics card. A drag and a wheel move them, one step a frame: how many frames a second there are, and what of the
 * processors one takes, which does not depend on what else the machine does. Then what the page holds in memory while the layer
 * is switched 100 times. Nothing is asserted.
 */
import { readFileSync } from 'node:fs';
import { bundledModel } from '../../src/host/installation.js';
import { openModel } from '../../src/host/openModel.js';
import type { EngineLease } from '../../src/host/engineLease.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { launchBrowser, Stage } from './stage.js';

const SECONDS = 3;
const SWITCHES = 100;

const { engine, description } = await openModel(process.env.BENCH_MODEL ?? bundledModel, {
  device: 'cpu',
  skipChecks: true,
});
const lease: EngineLease = {
  engine,
  description,
  ended: engine.ended,
  current: () => Promise.resolve(true),
  release: () => undefined,
};
const last = description.facts.blocks - 1;
const browser = await launchBrowser();
const session = await browser.newBrowserCDPSession();
const stage = await Stage.open(browser, {
  width: 1400,
  height: 880,
  modelPath: description.path,
  parameters: {
    ...DEFAULT_PARAMETERS,
    readout: 'lens',
    layer: last,
    grid: { ...DEFAULT_PARAMETERS.grid, columns: 100, rows: 100, spacing: DEFAULT_PARAMETERS.grid.spacing / 2 },
  },
  prepare: (deps) => (deps.acquireEngine = () => Promise.resolve(lease as never)),
});
const { page } = stage;
await stage.status(/^10,000 cells/);
stage.controller.receive({
  type: 'edit',
  path: 'compare',
  value: { kind: 'computed', path: 'layer', value: last - 2, plane: 'own' },
});
await page.locator('.agreement-part', { hasText: '%' }).waitFor();
await stage.status(/^2 × 10,000/);
await page.waitForTimeout(3000);

/** Processor time in ms so far of all of the browser's processes, by their kind. */
async function processorTimes(): Promise<Record<string, number>> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const times: Record<string, number> = {};
  for (const { type, cpuTime } of processInfo) times[type] = (times[type] ?? 0) + 1000 * cpuTime;
  return times;
}

/** Runs in the page: moves the left map by one step each frame and gives the times between frames in ms. */
const move = async ([how, seconds]: readonly ['pan' | 'zoom', number]): Promise<number[]> => {
  const plot = document.querySelector('.pane-main .plot');
  if (!(plot instanceof HTMLElement)) throw new Error('there is no map');
  const box = plot.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  // A pointer of a script cannot be captured.
  plot.setPointerCapture = () => undefined;
  const press = { pointerId: 1, button: 0, bubbles: true, cancelable: true };
  if (how === 'pan') plot.dispatchEvent(new PointerEvent('pointerdown', { ...press, clientX: x, clientY: y }));
  const times: number[] = [];
  const started = performance.now();
  let before = await new Promise<number>(requestAnimationFrame);
  for (let step = 1; performance.now() - started < 1000 * seconds; step++) {
    const angle = step / 20;
    if (how === 'pan') {
      const at = { clientX: x + 90 * Math.sin(angle), clientY: y + 90 * Math.sin(1.3 * angle) };
      plot.dispatchEvent(new PointerEvent('pointermove', { ...press, ...at }));
    } else {
      const deltaY = step % 60 < 30 ? -20 : 20;
      plot.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: x, clientY: y, bubbles: true, cancelable: true }));
    }
    const now = await new Promise<number>(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  if (how === 'pan') plot.dispatchEvent(new PointerEvent('pointerup', press));
  return times;
};

const rows: object[] = [];
async function measure(name: string, how: 'pan' | 'zoom'): Promise<void> {
  const before = await processorTimes();
  const times = (await page.evaluate(move, [how, SECONDS] as const)).toSorted((a, b) => a - b);
  const after = await processorTimes();
  const each = (kind: string): number => Number((((after[kind] ?? 0) - (before[kind] ?? 0)) / times.length).toFixed(1));
  const spent = times.reduce((sum, time) => sum + time, 0);
  const at = (part: number): number => Math.round(times[Math.floor(part * (times.length - 1))] ?? NaN);
  rows.push({
    moved: name,
    'frames a second': Number(((1000 * times.length) / spent).toFixed(1)),
    'median, ms': at(0.5),
    '95%, ms': at(0.95),
    'page, processor ms a frame': each('renderer'),
    'drawing, processor ms a frame': each('GPU'),
    'browser, processor ms a frame': each('browser'),
  });
  await page.waitForTimeout(1500);
}

console.log(`${description.reference.name}, V = ${description.facts.vocabularySize}, 2 x 100 x 100 cells, logit lens`);
await measure('zoom, colors of probability', 'zoom');
await page.locator('.pane-main .plot').focus();
for (let i = 0; i < 2; i++) await page.keyboard.press('+');
await page.waitForTimeout(1500);
await measure('pan, colors of probability', 'pan');
await page.keyboard.press('2');
await page.waitForTimeout(1500);
await measure('pan, colors of tokens', 'pan');
await page.keyboard.press('0');
await page.waitForTimeout(1500);
await measure('zoom, colors of tokens', 'zoom');
console.table(rows);

/** What the page's script holds, and what its process does, in MB, once what nothing needs is gone. */
const client = await page.context().newCDPSession(page);
async function memory(): Promise<{ script: string; process: string }> {
  await page.waitForTimeout(500);
  for (let i = 0; i < 2; i++) await client.send('HeapProfiler.collectGarbage');
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const resident = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? NaN) / 1024);
  return { script: (usedSize / 1e6).toFixed(1), process: Math.max(...resident).toFixed(0) };
}

console.log(`what the page holds: layer ${last} and ${last - 1} in turn beside layer ${last - 2}`);
await page.locator('.pane-main .plot').focus();
for (let done = 0; done <= SWITCHES; done++) {
  if (done % 20 === 0) {
    const { script, process: all } = await memory();
    console.log(`  after ${done} switches of layer: ${script} MB by its script, ${all} MB by its process`);
  }
  await page.keyboard.press(done % 2 === 0 ? '[' : ']');
  await stage.status(new RegExp(`layer ${done % 2 === 0 ? last - 1 : last} and`));
  await page.locator('.agreement-part', { hasText: '%' }).waitFor();
}
await stage.close();
await browser.close();
await engine.dispose();
process.exit(0);
