import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { MapPage } from './support/mapPage.js';
import { leftOut, outputFolder, ROOT } from './support/places.js';
import { useSession } from './support/session.js';

const run = promisify(execFile);
const script = path.join(ROOT, 'test', 'tools', 'package.mjs');

suite('Installed from a VSIX', { skip: leftOut(), timeout: 480_000 }, () => {
  const folder = outputFolder('package');
  const file = path.join(folder, 'embedding-grid-linux-x64.vsix');
  let printed = '';

  before(async () => {
    printed = (await run(process.execPath, [script, '--built', '--into', folder, 'linux-x64'], { cwd: ROOT })).stdout;
  });
  const session = useSession(() => ({ vsix: file }));

  test('the package is at most 30 MB', () => {
    const [line, megabytes] = /embedding-grid-linux-x64\.vsix: ([\d.]+) MB/.exec(printed) ?? [];
    console.log(`  ${line}`);
    assert.ok(Number(megabytes) <= 30, printed);
  });

  test('it holds what it needs and nothing else, with the notices of others', () => {
    const files = unzipSync(readFileSync(file), { filter: ({ name }) => name.startsWith('extension/') });
    const names = Object.keys(files).map((name) => name.replace('extension/', ''));
    const allowed =
      /^(package(\.nls(\.de)?)?\.json|l10n\/bundle\.l10n\.de\.json|readme\.md|changelog\.md|LICENSE\.txt|THIRD-PARTY-NOTICES\.txt|dist\/(\w+\.(cjs|wasm)|webview\/(main|model|study)\.(js|css)|webview\/codicon\.ttf|assets\/[\w./-]+|node_modules\/(onnxruntime-(node|common)|tokenizers)\/[\w./-]+)|media\/(icons|schemas|walkthrough|pictures|novella-3m)\/[\w./-]+|docs\/[\w./-]+)$/;
    assert.deepEqual(
      names.filter((name) => !allowed.test(name)),
      [],
    );
    assert.deepEqual(
      names.filter((name) => /\.(map|py|ts)$|training/.test(name)),
      [],
    );
    const notices = new TextDecoder().decode(files['extension/THIRD-PARTY-NOTICES.txt']);
    // That they tell of all that is bundled: notices.test.ts.
    for (const name of [
      'plotly.js',
      'onnxruntime-node',
      'tokenizers',
      '@resvg/resvg-wasm',
      'Inter',
      'assemblyscript',
    ]) {
      assert.match(notices, new RegExp(`^${name}`, 'm'));
    }
  });

  test('packaging fails when a native binding is missing', async () => {
    const runtime = outputFolder('runtime-without-bindings');
    for (const part of ['package.json', 'dist']) {
      cpSync(path.join(ROOT, 'node_modules', 'onnxruntime-node', part), path.join(runtime, part), { recursive: true });
    }
    const packaging = run(process.execPath, [script, '--built', '--into', folder, '--runtime', runtime, 'win32-x64']);
    await assert.rejects(packaging, /The native part for win32-x64 is missing: .*onnxruntime_binding\.node/);
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
    await workbench.saved('results_layer_5.json');
    await workbench.openFromExplorer('results_layer_5.json');
    const viewer = new MapPage(workbench);
    await viewer.button('Edit and Run Again').waitFor();
    await viewer.complete(/^2,500 cells/);

    // The same in German: what the workbench asks for its language, a language pack or not.
    await workbench.stateIsKept(/results_layer_5\.json/);
    await workbench.context.addInitScript("globalThis._VSCODE_NLS_LANGUAGE = 'de';");
    await workbench.reload();
    await viewer.button(german('l10n/bundle.l10n.de.json', 'Edit and Run Again')).waitFor();
    await workbench.findCommand(`Embedding Grid: ${german('package.nls.de.json', 'command.generate')}`);
    await workbench.picture('german');
  });

  /** What the package says in German. */
  function german(file: string, key: string): string {
    const said = (JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as Readonly<Record<string, string>>)[key];
    assert.ok(said);
    return said;
  }
});
