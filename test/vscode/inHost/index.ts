// What VS Code runs inside the extension host: every suite beside this file, with mocha.
import Mocha from 'mocha';
import { apiSuite } from './api.suite.js';
import { settingsSuite } from './settings.suite.js';
import { viewsSuite } from './views.suite.js';

/** VS Code's test entry. @throws when a test failed. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 30_000, color: false, reporter: 'spec' });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  settingsSuite();
  viewsSuite();
  apiSuite();
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} tests failed.`);
}
