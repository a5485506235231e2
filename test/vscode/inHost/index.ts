// What VS Code runs inside the extension host: every suite beside this file, with mocha.
import { format } from 'node:util';
import Mocha from 'mocha';
import { apiSuite } from './api.suite.js';
import { panelSuite } from './panel.suite.js';
import { REPORT } from './report.js';
import { settingsSuite } from './settings.suite.js';
import { viewsSuite } from './views.suite.js';

/** VS Code's test entry. @throws when a test failed. */
export async function run(): Promise<void> {
  const report: string[] = [];
  Mocha.reporters.Base.consoleLog = (...line: unknown[]) => report.push(format(...line));
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, color: false, reporter: 'spec' });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  settingsSuite();
  viewsSuite();
  apiSuite();
  panelSuite();
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  console.log([REPORT, ...report].join('\n'));
  if (failures > 0) throw new Error(`${failures} tests failed.`);
}
