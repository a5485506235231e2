import { launchBrowser, Stage } from './stage.js';
const browser = await launchBrowser();
const stage = await Stage.open(browser, { scale: 2, theme: 'dark' });
try {
  await stage.status(/2,500 cells/);
} catch (e) { console.log(String(e).slice(0, 300)); }
console.log(stage.problems, stage.deps.logged, stage.deps.calls);
await stage.picture('look');
await browser.close();
process.exit(0);
