import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { drawnSae, writeSaeFolder } from '../formats/saeFolder.js';
import { HubServer, sha256 } from '../hub/support/hubServer.js';
import { type Proxy, startProxy } from '../hub/support/proxy.js';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo, leftOut, ROOT } from './support/places.js';
import { useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

const DOWNLOAD = 'Embedding Grid: Download from Hugging Face...';
const ours = (name: string): Buffer => readFileSync(path.join(ROOT, 'media', 'novella-3m', name));
const MODEL = ours('onnx/model.onnx');

const SAVED = 'embedding_grid_results_layer_2.json';
/** Saves a map of a table's texts that is asked for a feature of an autoencoder, of files that are gone. */
async function drawWithFiles(workspace: string): Promise<void> {
  const files = mkdtempSync(path.join(workspace, 'files-'));
  const table = path.join(files, 'texts.csv');
  writeFileSync(table, 'text,label\nThe ship sailed,sea\nThe harpoon,sea\nThe house,land\nA horse stood,land\n');
  const sae = writeSaeFolder(path.join(files, 'an autoencoder'), drawnSae(192, 8));
  const flags = [
    ...['--texts', table, '--overlay', 'texts', '--layer-idx', '2', '--question', `feature:${sae}#3`],
    ...['--question', 'pattern:^ [A-Z]', '--grid-size', '10', '--formats', 'json', '--output-dir', workspace],
  ];
  await promisify(execFile)(process.execPath, [path.join(ROOT, 'dist', 'cli.js'), ...flags, '--quiet']);
  rmSync(files, { recursive: true });
}

suite('In a folder that is not trusted, and then is', { skip: leftOut(), timeout: 480_000 }, () => {
  /** A hub that no name server knows: it is reached by the proxy of the settings alone. */
  let hub: HubServer;
  let proxy: Proxy;
  before(async () => {
    hub = await HubServer.start({
      'config.json': ours('config.json'),
      'tokenizer.json': ours('tokenizer.json'),
      'onnx/model.onnx': MODEL,
      'onnx/model_other.onnx': 'not asked for',
      'pytorch_model.bin': 'never asked for',
    });
    proxy = await startProxy((host) => (host.startsWith('hub.test') ? new URL(hub.endpoint).host : host));
  });
  after(() => {
    proxy.stop();
    hub.stop();
  });
  const session = useSession(() => ({
    settings: () => ({
      'security.workspace.trust.enabled': true,
      'security.workspace.trust.startupPrompt': 'never',
      'http.proxy': proxy.url,
    }),
    env: { HF_ENDPOINT: 'http://hub.test', HF_HOME: '', HF_HUB_CACHE: '', HF_TOKEN: 'hf_secret' },
    fill(workspace) {
      bundledModelTo(path.join(workspace, 'stranger'));
      return drawWithFiles(workspace);
    },
  }));
  let workbench: Workbench;
  before(async () => {
    workbench = await session.open(undefined, { sideBar: true });
    await workbench.activation();
  });

  test('a saved map tells its texts and its answers, and is edited, though their files are gone', async () => {
    const page = new MapPage(workbench);
    const texts = page.frame.locator('.texts tbody tr');
    await workbench.openFromExplorer(SAVED);
    await page.complete(/^100 cells/);
    await page.frame.locator('.separability', { hasText: 'Labels told right' }).waitFor();
    await until('its texts', async () => (await texts.count()) === 4);
    await until('its answers', async () => (await page.inspector.locator('.answer').count()) === 2);
    await workbench.picture('saved-untrusted');
    await page.button('Edit and Run Again').click();
    await workbench.page.locator('.tab.active', { hasText: 'novella-3m ·' }).waitFor();
    await page.complete(/^100 cells/);
    await until('what the file asks', async () => (await page.controls.locator('.question').count()) === 2);
    await until('its texts', async () => (await texts.count()) === 4);
    await workbench.picture('edited-untrusted');
    await workbench.run('View: Close All Editors');
    await workbench.closeSideBar();
  });

  test('the bundled model works, no model of the folder is opened, and nothing is asked of a hub', async () => {
    await workbench.run('Embedding Grid: Generate Embedding Grid');
    await new MapPage(workbench).complete();

    await workbench.openPalette('Embedding Grid:');
    await workbench.paletteRow('Embedding Grid: Choose Model...').waitFor();
    assert.equal(await workbench.paletteRow(DOWNLOAD).count(), 0);
    await workbench.page.keyboard.press('Escape');

    await workbench.pick('Embedding Grid: Show Model Contents', 'not trusted');
    const contents = workbench.webview.locator('.model');
    await contents.getByText('This folder is not trusted').waitFor();
    assert.equal(await contents.locator('.tensors').isVisible(), false);
    await workbench.picture('model-untrusted');
    await workbench.run('View: Close Editor');

    await workbench.pick('Embedding Grid: Choose Model...', 'not trusted');
    const notification = await workbench.notification('This folder is not trusted');
    await workbench.picture('untrusted');
    const processes = await session.server.processes();
    assert.equal(processes.filter(({ command }) => command.includes('engine.cjs')).length, 1);
    assert.deepEqual(hub.requests, []);

    await notification.getByRole('button', { name: 'Manage Workspace Trust' }).click();
    await workbench.page.getByRole('button', { name: 'Trust', exact: true }).click();
    await workbench.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor({ state: 'detached' });
    await workbench.pick('Embedding Grid: Choose Model...', 'stranger');
    await workbench.page.locator('.tab.active', { hasText: 'stranger' }).waitFor();
    await new MapPage(workbench).complete();
  });

  /** From the command to the question of what is to be fetched. */
  async function search(typed: string): Promise<void> {
    await workbench.run(DOWNLOAD);
    await workbench.quickInput.fill(typed);
    const row = workbench.paletteRow('ORG/NAME');
    await row.waitFor();
    await workbench.picture('hub-search');
    assert.equal(await workbench.page.locator('.quick-input-list .monaco-list-row').count(), 1);
    await row.click();
  }

  test('a model is found, looked at, downloaded, stopped, gone on with and mapped', async () => {
    const half = MODEL.length / 2;
    hub.trouble = ({ url }, response, at) => {
      if (at !== 'cdn' || !url?.includes('model.onnx')) return false;
      response.writeHead(200, { 'content-length': String(MODEL.length) });
      response.write(MODEL.subarray(0, half)); // and then nothing
      return true;
    };
    await search('nam');
    await workbench.paletteRow('onnx/model_other.onnx').waitFor();
    await workbench.picture('hub-choice');
    await workbench.paletteRow('onnx/model.onnx').click();
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    await workbench.picture('hub-question');
    const said = await dialog.innerText();
    for (const part of [/licence mit/, /7\.33 MB in 3 files, to be fetched/, /onnx\/model\.onnx – 7\.07 MB/])
      assert.match(said, part);
    assert.doesNotMatch(said, /pytorch|other/);
    await dialog.getByRole('button', { name: 'Download' }).click();

    const running = await workbench.notification(/51% · 3\.8\d? MB of 7\.33 MB/);
    await workbench.picture('hub-running');
    await running.getByRole('button', { name: 'Cancel' }).click();
    const stopped = await workbench.notification(/was stopped at 51%/);
    await workbench.picture('hub-stopped');
    hub.trouble = () => false;
    await stopped.getByRole('button', { name: 'Resume' }).click();
    const done = await workbench.notification('is downloaded');
    await workbench.picture('hub-done');
    await done.getByRole('button', { name: 'Generate Map' }).click();
    await workbench.page.locator('.tab.active', { hasText: 'ORG/NAME' }).waitFor();
    await new MapPage(workbench).complete();
    await workbench.picture('hub-map');

    assert.ok(proxy.asked.some((host) => host.startsWith('hub.test')));
    assert.equal(hub.requests.findLast(({ at }) => at === 'cdn')?.headers.range, `bytes=${half}-`);
    for (const { at, line, headers } of hub.requests) {
      assert.doesNotMatch(line, /pytorch|other/);
      assert.equal(headers.authorization, at === 'hub' ? 'Bearer hf_secret' : undefined);
    }
    const cache = path.join(session.server.folder, 'home', '.cache', 'huggingface', 'hub', 'models--ORG--NAME');
    const snapshot = path.join(cache, 'snapshots', readFileSync(path.join(cache, 'refs', 'main'), 'utf8'));
    assert.equal(path.basename(readlinkSync(path.join(snapshot, 'onnx', 'model.onnx'))), sha256(MODEL));
  });

  test('a gated model, and a hub that does not answer, are said in a sentence', async () => {
    hub.gated = true;
    hub.trouble = ({ method }, response) => {
      if (method !== 'HEAD') return false;
      response.writeHead(403, { 'x-error-code': 'GatedRepo' });
      response.end();
      return true;
    };
    await search('ORG/NAME');
    await workbench.paletteRow('onnx/model.onnx').click();
    const gated = await workbench.notification('has to be asked for');
    await workbench.picture('hub-gated');
    assert.match(await gated.innerText(), /Accept its terms at http:\/\/hub\.test\/ORG\/NAME/);
    hub.trouble = (_, response) => {
      response.end('<html>Sign in</html>');
      return true;
    };
    await workbench.run(DOWNLOAD);
    await workbench.quickInput.fill('nam');
    await until(
      'what the search says',
      async () => (await workbench.paletteRow('What answers is no Hugging Face hub').count()) > 0,
    );
    await workbench.picture('hub-no-hub');
    await workbench.page.keyboard.press('Escape');
  });

  test('a hub that is not there is said in a sentence', async () => {
    hub.stop();
    proxy.stop();
    await workbench.run(DOWNLOAD);
    await workbench.quickInput.fill('nam');
    await workbench.paletteRow('The Hugging Face hub cannot be reached').waitFor();
    await workbench.picture('hub-not-there');
    await workbench.page.keyboard.press('Escape');
  });
});
