/**
 * `npm run bench -- panel`: how long a person waits for a new picture after a change that keeps the plane, end to end: from the
 * page's message to the frame that shows all cells. The page runs in Chromium, the panel's controller and the engine as in
 * VS Code. Nothing is asserted.
 */
import { readFileSync } from 'node:fs';
import { bundledModel } from '../../src/host/installation.js';
import { openModel } from '../../src/host/openModel.js';
import type { EngineLease } from '../../src/host/engineLease.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { launchBrowser, Stage } from '../webview/stage.js';

const model = process.env.BENCH_MODEL ?? bundledModel;
const RUNS = 15;

const { engine, description } = await openModel(model, { device: 'cpu', skipChecks: true });
/** How long the engine took for the last map, request to answer, and how many it has made. */
let engineMilliseconds = NaN;
let maps = 0;
/** Norms of real text are measured a moment after a first map. */
const norms = { measured: false };
const lease: EngineLease = {
  engine: {
    call: async (method, params, options) => {
      const started = performance.now();
      const answer = await engine.call(method, params, options);
      if (method === 'survey' && 'measure' in params && params.measure) norms.measured = true;
      if (method === 'map') {
        engineMilliseconds = performance.now() - started;
        maps++;
      }
      // However busy this machine is: what is measured is a map that is made at once.
      return typeof answer === 'object' && method === 'estimate' ? { ...answer, seconds: 0.1 } : answer;
    },
  },
  description,
  ended: engine.ended,
  current: () => Promise.resolve(true),
  release: () => undefined,
};

const browser = await launchBrowser();
const stage = await Stage.open(browser, {
  modelPath: description.path,
  parameters: DEFAULT_PARAMETERS,
  prepare: (deps) => (deps.acquireEngine = () => Promise.resolve(lease as never)),
});
const { page } = stage;
const session = await browser.newBrowserCDPSession();
await stage.status(/^2,500 cells/);
while (!norms.measured) await page.waitForTimeout(20);

/** Notes when the page sends, and when each picture of the map is drawn. */
await page.evaluate(() => {
  const notes = { wait: 'edit', sent: 0, pictures: [] as number[] };
  Object.assign(window, { notes });
  const toHost = Reflect.get(window, 'toHost') as (message: { type: string }) => unknown;
  Object.assign(window, {
    toHost: (message: { type: string }) => {
      if (message.type === notes.wait) {
        notes.sent = performance.now();
        notes.pictures = [];
      }
      return toHost(message);
    },
  });
  // The attribute has a namespace: a filter would not see it.
  new MutationObserver((mutations) => {
    if (mutations.some(({ attributeName }) => attributeName === 'href' || attributeName === 'xlink:href'))
      requestAnimationFrame(() => notes.pictures.push(performance.now()));
  }).observe(document.querySelector('.heatmaps') ?? document.body, { subtree: true, attributes: true });
});

/** Processor time in ms that the engine has used, and the page's process with all its threads. */
async function processorTimes(): Promise<{ engine: number; page: number }> {
  const [, fields = ''] = readFileSync(`/proc/${engine.pid ?? 0}/stat`, 'utf8').split(') ');
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number);
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ cpuTime }) => cpuTime);
  return { engine: (user + system) * 10, page: 1000 * renderers.reduce((sum, time) => sum + time, 0) };
}

const quiet = async (made: number): Promise<{ first: number; last: number; pictures: number }> => {
  while (maps < made) await page.waitForTimeout(20);
  await page.waitForTimeout(700);
  await stage.settled();
  return page.evaluate(() => {
    const { sent, pictures } = Reflect.get(window, 'notes') as { sent: number; pictures: number[] };
    const since = pictures.map((at) => at - sent);
    return { first: since[0] ?? NaN, last: since.at(-1) ?? NaN, pictures: since.length };
  });
};

const results: object[] = [];
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
async function measure(name: string, act: (run: number) => Promise<void>): Promise<void> {
  const rows: Record<'last' | 'best' | 'first' | 'pictures' | 'engine' | 'engineTime' | 'pageTime', number>[] = [];
  for (let run = 0; run < RUNS; run++) {
    const before = await processorTimes();
    const made = maps + 1;
    await act(run);
    const times = await quiet(made);
    const after = await processorTimes();
    const used = { engineTime: after.engine - before.engine, pageTime: after.page - before.page };
    rows.push({ ...times, best: times.last, engine: engineMilliseconds, ...used });
  }
  const of = (key: keyof (typeof rows)[number]): number => Math.round(median(rows.map((row) => row[key])));
  results.push({
    change: name,
    'whole picture, ms': of('last'),
    'best of all': Math.round(Math.min(...rows.map(({ last }) => last))),
    'first picture': of('first'),
    'engine, ms': of('engine'),
    pictures: of('pictures'),
    'engine, processor ms': of('engineTime'),
    'page, processor ms': of('pageTime'),
  });
}

console.log(
  `${description.reference.name}, V = ${description.facts.vocabularySize}, 50 x 50 cells; medians of ${RUNS}`,
);
await measure('spacing', (run) => stage.type('Spacing', String(0.5 + (run + 1) / 100)));
await measure('middle', (run) => stage.type('Middle x', String((run + 1) / 10)));
await measure('grid size', (run) => stage.type('Columns', String(run % 2 ? 50 : 49)));
await stage.type('Columns', '50');
await page.waitForTimeout(1500);
await stage.plot.focus();
await page.evaluate(() => Object.assign(Reflect.get(window, 'notes') as object, { wait: 'window' }));
await measure('zoom by key', () => page.keyboard.press('+'));

console.table(results);
await stage.close();
await browser.close();
await engine.dispose();
process.exit(0);
