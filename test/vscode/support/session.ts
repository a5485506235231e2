import { after, afterEach, before, type SuiteContext, type TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from './browser.js';
import { ROOT } from './places.js';
import { type Server, type ServerOptions, startServer } from './server.js';
import { Workbench, type WorkbenchOptions } from './workbench.js';

/** User settings for maps of 20 x 20 cells: where many are computed, drawn and saved, and their size tells nothing. */
export const SMALL_MAPS = { 'embeddingGrid.defaults.columns': 20, 'embeddingGrid.defaults.rows': 20 };

/** A server and a browser for the tests of one file or suite. */
export interface Session {
  readonly server: Server;
  readonly browser: Browser;
  /** Opens a window with the unpacked extension, editors over its whole width. It is closed after the test, or after all. */
  open(test?: TestContext, options?: WorkbenchOptions): Promise<Workbench>;
}

/** What a failed test has seen last: a picture. */
async function lastSight(test: TestContext | SuiteContext, workbench: Workbench): Promise<void> {
  const failed = 'passed' in test && !test.passed;
  if (failed && !workbench.page.isClosed()) await workbench.picture(`failed-${test.name.replace(/\W+/g, '-')}`);
}

/** The browser of this process, and how many suites are to use it yet. */
let launched: Promise<Browser> | undefined;
let suites = 0;

/** Starts both before the tests of the surrounding suite and ends them after; suites of one process share the browser. */
export function useSession(options: () => ServerOptions = () => ({})): Session {
  suites++;
  let server: Server | undefined;
  let browser: Browser | undefined;
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('The session has not begun.');
    return value;
  };
  before(async () => {
    [server, browser] = await Promise.all([startServer(options()), (launched ??= launchBrowser())]);
  });
  const shared: Workbench[] = [];
  afterEach(async (test) => {
    for (const workbench of shared) await lastSight(test, workbench);
  });
  after(async () => {
    if (--suites > 0) await Promise.all(shared.map(({ context }) => context.close()));
    else await browser?.close();
    await server?.stop();
  });
  return {
    get server() {
      return there(server);
    },
    get browser() {
      return there(browser);
    },
    async open(test, options = {}) {
      const workbench = await Workbench.open(
        there(browser),
        there(server),
        options.installed === true ? options : { extension: ROOT, ...options },
      );
      if (test === undefined) shared.push(workbench);
      test?.after(async () => {
        await lastSight(test, workbench);
        await workbench.close();
      });
      if (options.sideBar !== true) await workbench.closeSideBar();
      return workbench;
    },
  };
}
