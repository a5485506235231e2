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
import { measuring } from './moving.js';
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

const { measure, rows } = measuring(session, page, SECONDS);

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
