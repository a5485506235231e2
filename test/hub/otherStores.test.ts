import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { contentsOf } from '../../src/hub/contents.js';
import { findStored, storedModels } from '../../src/hub/otherStores.js';

const home = mkdtempSync(join(tmpdir(), 'embedding-grid-stores-'));
after(() => rmSync(home, { recursive: true, force: true }));

function put(path: string, content: string): void {
  mkdirSync(join(home, path, '..'), { recursive: true });
  writeFileSync(join(home, path), content);
}

const digest = 'a'.repeat(64);
const manifest = (media: string, own = digest): string =>
  JSON.stringify({ layers: [{ mediaType: `application/vnd.ollama.image.${media}`, digest: `sha256:${own}` }] });

test('models of LM Studio and Ollama, by the names that they have there', () => {
  put('.lmstudio/models/pub/Repo-GGUF/m-Q4_K_M.gguf', 'GGUF');
  put('.lmstudio/models/pub/Repo-GGUF/mmproj-m.gguf', 'GGUF');
  put('.lmstudio/models/pub/Split/m-00001-of-00002.gguf', 'GGUF');
  put('.lmstudio/models/pub/Split/m-00002-of-00002.gguf', 'GGUF');
  put(`.ollama/models/blobs/sha256-${digest}`, 'GGUF');
  put('.ollama/models/manifests/registry.ollama.ai/library/llama3.2/1b', manifest('model'));
  put('.ollama/models/manifests/registry.ollama.ai/library/llama3.2/latest', manifest('model'));
  put('.ollama/models/manifests/registry.ollama.ai/me/own/v1', manifest('model'));
  put('.ollama/models/manifests/registry.ollama.ai/library/other/latest', manifest('template'));
  put('.ollama/models/manifests/registry.ollama.ai/library/gone/latest', manifest('model', 'b'.repeat(64)));
  put('.ollama/models/manifests/registry.ollama.ai/library/broken/latest', '{');
  const models = storedModels({}, home);
  assert.deepEqual(
    models.map(({ name }) => name),
    [
      ...['pub/Repo-GGUF/m-Q4_K_M.gguf', 'pub/Split/m-00001-of-00002.gguf'],
      ...['llama3.2:1b', 'llama3.2:latest', 'me/own:v1'],
    ],
  );
  const named = (text: string): string | undefined => findStored(text, models)?.path.slice(home.length + 1);
  const blob = join('.ollama', 'models', 'blobs', `sha256-${digest}`);
  assert.equal(named('llama3.2'), blob);
  assert.equal(named('me/own:v1'), blob);
  assert.equal(named('pub/Repo-GGUF'), join('.lmstudio', 'models', 'pub', 'Repo-GGUF', 'm-Q4_K_M.gguf'));
  assert.equal(named('nothing'), undefined);
});

test('what a GGUF file holds, by its name and size', () => {
  const folder = join(home, '.lmstudio', 'models', 'pub');
  assert.deepEqual(contentsOf(join(folder, 'Repo-GGUF')), { kind: 'GGUF', bytes: 4, numberType: 'Q4_K_M' });
  assert.deepEqual(contentsOf(join(folder, 'Split', 'm-00001-of-00002.gguf')), { kind: 'GGUF', bytes: 8 });
});
