/**
 * `npm run bench -- texts`: 10,000 texts as points on a map, panned and zoomed in a Chromium that draws without a graphics card: how many
 * frames a second there are (to show: 30), and what of the processors one takes. Nothing is asserted.
 */
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { measuring } from './moving.js';
import { launchBrowser, Stage } from './stage.js';

const COUNT = 10_000;
const LABELS = ['sea', 'land', 'house', 'god', 'war'];

const browser = await launchBrowser();
const session = await browser.newBrowserCDPSession();
const texts = Array.from({ length: COUNT }, (_, i) => `text ${i}`);
const stage = await Stage.open(browser, {
  width: 1400,
  height: 880,
  parameters: {
    ...DEFAULT_PARAMETERS,
    overlays: [{ kind: 'texts', texts, labels: texts.map((_, i) => LABELS[i % LABELS.length] ?? '') }],
  },
});
const { page } = stage;
await stage.status(/^2,500 cells/);
await page.locator('.texts-pane').waitFor();
await page.waitForTimeout(2000);
const { measure, rows } = measuring(session, page, 3);
await measure(`zoom, ${COUNT} points`, 'zoom');
await page.locator('.pane-main .plot').focus();
for (let i = 0; i < 2; i++) await page.keyboard.press('+');
await page.waitForTimeout(1500);
await measure(`pan, ${COUNT} points`, 'pan');
console.table(rows);
await stage.close();
await browser.close();
process.exit(0);
