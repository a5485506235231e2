import path from 'node:path';
import { format } from 'node:util';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { REPORT } from '../inHost/report.js';
import { outputFolder, ROOT } from './places.js';
import type { Server } from './server.js';
import { windowAddress } from './workbench.js';

/** What ran inside the extension host. */
export interface InHostResult {
  /** 0 when every test passed. */
  readonly code: number;
  /** What mocha printed. */
  readonly output: string;
}

/** The module that VS Code runs inside the extension host, from TypeScript. */
async function bundleSuite(): Promise<string> {
  const outfile = path.join(outputFolder('inHost'), 'index.cjs');
  await build({
    entryPoints: [path.join(ROOT, 'test', 'vscode', 'inHost', 'index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    external: ['vscode', 'mocha'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return outfile;
}

/** Runs the tests of `test/vscode/inHost` inside the extension host of a new window, with VS Code's own runner for tests. */
export async function runInHost(browser: Browser, server: Server): Promise<InHostResult> {
  const tests = await bundleSuite();
  const context = await browser.newContext({ locale: 'en-US' });
  const page = await context.newPage();
  const lines: string[] = [];
  await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => lines.push(format(...args)));
  const exited = new Promise<number>((resolve) => {
    void page.exposeFunction('codeAutomationExit', resolve);
  });
  await page.goto(windowAddress(server, { extension: ROOT, tests }));
  const code = await exited;
  await context.close();
  const report = lines.findLast((line) => line.startsWith(REPORT));
  return { code, output: report ?? lines.join('\n') };
}
