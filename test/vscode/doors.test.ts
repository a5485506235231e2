import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { MapPage } from './support/mapPage.js';
import { leftOut, ROOT } from './support/places.js';
import { useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

/** A link that VS Code would follow, and an icon that it would draw. */
const LINK = '[Update Embedding Grid](command:workbench.action.files.newUntitledFile)';
const ICON = '$(flame)';

const SAVED = path.join(ROOT, 'test', 'fixtures', 'saved-0.1.0', 'direct', 'embedding_grid_results_layer_1.json');

/** A map that says it is of a model with a name as no model has it. */
function hostileMap(): string {
  const map = JSON.parse(readFileSync(SAVED, 'utf8')) as {
    config: { model_name: string };
    specification: { model: { name: string; sha256: string } };
  };
  map.config.model_name = `${ICON} ${LINK}`;
  map.specification.model = { ...map.specification.model, name: `${ICON} ${LINK}`, sha256: 'f'.repeat(64) };
  return JSON.stringify(map);
}

suite('A hostile folder that is not trusted', { skip: leftOut(), timeout: 480_000 }, () => {
  /** Beside the workspace: what nothing may be read from or written to. */
  const outside = mkdtempSync(path.join(tmpdir(), 'eg-outside-'));
  after(() => rmSync(outside, { recursive: true, force: true }));
  const secret = path.join(outside, 'secret.json');
  /** When it was read last, in s: so long ago that a file system which does not note every time notes the next. */
  const UNREAD = 1e9;

  const session = useSession(() => ({
    settings: () => ({ 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' }),
    fill: (workspace) => {
      const at = (...names: string[]): string => path.join(workspace, ...names);
      cpSync(SAVED, secret);
      utimesSync(secret, UNREAD, UNREAD);
      symlinkSync(outside, at('inner'));
      symlinkSync(secret, at('embedding_grid_results_secret.json'));
      mkdirSync(at('.vscode'));
      writeFileSync(
        at('.vscode', 'settings.json'),
        JSON.stringify({
          'embeddingGrid.outputFolder': 'inner/results',
          'embeddingGrid.defaultModel': at('inner', 'model.onnx'),
          'embeddingGrid.nodeExecutable': at('node'),
          'embeddingGrid.defaults.layer': LINK,
        }),
      );
      writeFileSync(
        at('embedding_grid_results_version.json'),
        JSON.stringify({ format: 'embedding-grid-map', version: LINK }),
      );
      writeFileSync(at('embedding_grid_results_model.json'), hostileMap());
      mkdirSync(at(`${ICON}[Open](command:workbench.action.files.newUntitledFile)`));
      writeFileSync(at(`${ICON}[Open](command:workbench.action.files.newUntitledFile)`, 'model.onnx'), '');
    },
  }));
  let workbench: Workbench;
  before(async () => {
    workbench = await session.open(undefined, { sideBar: true });
    // A map that is opened before VS Code knows whose it is opens as any text does.
    await workbench.activation();
  });

  /** The text is read as it is written, and is nothing but text. */
  async function assertText(element: Locator, text: string): Promise<void> {
    const shown = (await element.innerText()).replaceAll('\u200B', '');
    assert.ok(shown.includes(text), shown);
  }

  async function assertInert(notification: Locator, text: string): Promise<void> {
    const message = notification.locator('.notification-list-item-message');
    await assertText(message, text);
    assert.equal(await message.locator('a, .codicon').count(), 0);
    await message.click();
    assert.equal(await workbench.page.locator('.tab', { hasText: 'Untitled' }).count(), 0);
  }

  test('a file’s text is text in a notification', async () => {
    await workbench.openFromExplorer('results_version.json');
    const notification = await workbench.notification('saved in version');
    await workbench.picture('doors-version');
    await assertInert(notification, LINK);
  });

  test('a model’s name is text in trees, titles and notifications', async () => {
    await workbench.run('View: Show Embedding Grid');
    const row = workbench.page.locator('.pane', { hasText: 'Saved Maps' }).locator('.monaco-list-row', {
      hasText: 'Update Embedding Grid',
    });
    await row.waitFor();
    await assertText(row, `${ICON} ${LINK}`);
    assert.equal(await row.locator('.codicon-flame, a[href]').count(), 0);
    await workbench.run('View: Show Explorer');
    await workbench.openFromExplorer('results_model.json');
    const page = new MapPage(workbench);
    await page.button('Edit and Run Again').click();
    const notification = await workbench.notification('was not found');
    await workbench.picture('doors-model');
    await assertInert(notification, `${ICON} ${LINK}`);
  });

  test('a folder’s name is text in a list', async () => {
    const row = await workbench.choice('Embedding Grid: Choose Model...', '[Open]');
    await workbench.picture('doors-list');
    await assertText(row, `${ICON}[Open](command:`);
    assert.equal(await row.locator('.codicon-flame, a[href]').count(), 0);
    await workbench.page.keyboard.press('Escape');
  });

  test('nothing is read or written through a link that leads out', async () => {
    await workbench.run('View: Show Embedding Grid');
    const maps = workbench.page.locator('.pane', { hasText: 'Saved Maps' }).locator('.monaco-list-row');
    await until('the one map of the folder itself is listed, below its model', async () => (await maps.count()) === 2);
    await workbench.run('Embedding Grid: Generate Embedding Grid');
    const page = new MapPage(workbench);
    await page.complete();
    await page.button('Save Map').click();
    await workbench.notification('leads out of this folder');
    await workbench.picture('doors-output');
    assert.deepEqual(readdirSync(outside), ['secret.json']);
    assert.equal(statSync(secret).atimeMs, 1000 * UNREAD);
    const engines = (await session.server.processes()).filter(({ command }) => command.includes('engine.cjs'));
    assert.equal(engines.length, 1);
    assert.ok(!engines[0]?.command.startsWith(session.server.workspace));
  });
});
