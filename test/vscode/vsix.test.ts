import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { MapPage } from './support/mapPage.js';
import { leftOut, outputFolder, ROOT } from './support/places.js';
import { useSession } from './support/session.js';

suite('Installed from a VSIX', { skip: leftOut(), timeout: 240_000 }, () => {
  const folder = outputFolder('package');
  let printed = '';

  before(async () => {
    const script = path.join(ROOT, 'test', 'tools', 'package.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [script, '--built', '--into', folder, 'linux-x64'], {
      cwd: ROOT,
    });
    printed = stdout;
  });
  const session = useSession(() => ({ vsix: path.join(folder, 'embedding-grid-linux-x64.vsix') }));

  test('the package is at most 30 MB', () => {
    const [, megabytes] = /linux-x64.*: ([\d.]+) MB/.exec(printed) ?? [];
    console.log(`  ${printed.trim()}`);
    assert.ok(Number(megabytes) <= 30, printed);
  });

  test('from the palette to a finished map, saved and opened again', async (context) => {
    const workbench = await session.open(context, { installed: true });
    await workbench.run('Embedding Grid: Generate Embedding Grid');
    const page = new MapPage(workbench);
    await page.complete(/^2,500 cells/);
    const picture = await page.colors();
    const colors = new Set(Array.from({ length: 2500 }, (_, i) => picture.at(i % 50, Math.floor(i / 50)).join()));
    assert.ok(colors.size > 3, `${colors.size}`);
    await page.button('Save Map').click();
    const saved = workbench.page.locator('.explorer-folders-view .monaco-list-row', {
      hasText: 'results_layer_5.json',
    });
    await saved.dblclick();
    const viewer = new MapPage(workbench);
    await viewer.button('Edit and Run Again').waitFor();
    await viewer.complete(/^2,500 cells/);
  });
});
