import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { download, planDownload } from '../../src/hub/download/download.js';
import { hubSettings } from '../../src/hub/download/settings.js';
import { Fault } from '../../src/map/fault.js';
import { HubServer } from './support/hubServer.js';
import { startProxy } from './support/proxy.js';

const home = mkdtempSync(join(tmpdir(), 'embedding-grid-settings-'));
after(() => rmSync(home, { recursive: true, force: true }));

test('who asks: HF_TOKEN, the token file, or nobody', () => {
  assert.equal(hubSettings({}, home).token, undefined);
  mkdirSync(join(home, '.cache', 'huggingface'), { recursive: true });
  writeFileSync(join(home, '.cache', 'huggingface', 'token'), 'hf_file\n');
  writeFileSync(join(home, 'own'), 'hf_own');
  assert.equal(hubSettings({}, home).token, 'hf_file');
  assert.equal(hubSettings({ HF_TOKEN: ' hf_said ' }, home).token, 'hf_said');
  assert.equal(hubSettings({ HF_TOKEN_PATH: join(home, 'own') }, home).token, 'hf_own');
  assert.equal(hubSettings({ HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }, home).token, undefined);
  assert.throws(() => hubSettings({ HF_TOKEN: 'two\nlines' }, home), Fault);
  assert.throws(() => hubSettings({ HF_ENDPOINT: 'file:///etc' }, home), /HF_ENDPOINT/);
});

test('which proxy: as the environment says, and none where it says so', () => {
  const url = new URL('https://hub.example/x');
  const proxy = (env: Record<string, string>, own?: string): string | undefined =>
    hubSettings(env, home, own).proxyFor(url);
  assert.equal(proxy({}), undefined);
  assert.equal(proxy({ HTTPS_PROXY: 'http://p:1' }), 'http://p:1');
  assert.equal(proxy({ https_proxy: 'p:1', HTTP_PROXY: 'http://q:2' }), 'http://p:1');
  assert.equal(proxy({ ALL_PROXY: 'http://p:1' }), 'http://p:1');
  assert.equal(proxy({ HTTPS_PROXY: 'http://p:1' }, 'http://own:3'), 'http://own:3');
  for (const excluded of ['hub.example', '.example', '*', 'a.b, hub.example:443', '*.example'])
    assert.equal(proxy({ HTTPS_PROXY: 'http://p:1', NO_PROXY: excluded }), undefined, excluded);
  assert.equal(proxy({ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'hub.example:80,b.example' }), 'http://p:1');
  assert.throws(
    () => proxy({ HTTPS_PROXY: 'socks5://user:secret@p:1' }),
    (error: Fault) => !error.message.includes('secret'),
  );
});

test('a download through a proxy', async (t) => {
  const server = await HubServer.start({ 'config.json': '{}', 'model.safetensors': Buffer.alloc(5000, 3) });
  const proxy = await startProxy();
  t.after(() => {
    proxy.stop();
    server.stop();
  });
  const settings = hubSettings({ HF_ENDPOINT: server.endpoint }, home, proxy.url);
  const options = { settings, cache: join(home, 'cache') };
  const name = { repository: 'ORG/NAME', revision: undefined, file: undefined };
  await download(await planDownload(name, options), options);
  assert.ok(proxy.asked.length >= 3 && server.requests.length === proxy.asked.length);
});
