import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { COMMIT, HubServer } from './support/hubServer.js';

/**
 * The disk gets full in the middle of a download, and of repacking: one sentence, no wrong file, and where there is room again
 * it goes on.
 */

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const loaded = pathToFileURL(join(import.meta.dirname, 'support', 'fullDisk.mjs')).href;
const root = mkdtempSync(join(tmpdir(), 'embedding-grid-full-'));
after(() => rmSync(root, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @param room bytes that each process can write; undefined: a disk as it is */
function run(args: readonly string[], env: Readonly<Record<string, string>>, room?: number): Promise<Ran> {
  const full = room === undefined ? {} : { NODE_OPTIONS: `--import=${loaded}`, FULL_AFTER: String(room) };
  return new Promise((resolve) =>
    execFile(process.execPath, [cli, ...args], { env: { ...process.env, ...env, ...full } }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    ),
  );
}

const SENTENCE = /^embedding-grid: [^\n]*the disk is full[^\n]*\n$/i;

test('a download into a full disk', async (t) => {
  const weights = Buffer.alloc(300_000, 5);
  const server = await HubServer.start({ 'config.json': '{}', 'model.safetensors': weights });
  t.after(() => server.stop());
  const cache = join(root, 'hub');
  const env = { HF_ENDPOINT: server.endpoint, HF_HUB_CACHE: cache };
  const full = await run(['download', 'ORG/NAME', '--quiet'], env, 100_000);
  assert.match(full.err, SENTENCE);
  assert.notEqual(full.code, 0);
  const folder = join(cache, 'models--ORG--NAME');
  assert.deepEqual(readdirSync(join(folder, 'snapshots', COMMIT)), ['config.json']);
  assert.equal((await run(['download', 'ORG/NAME', '--quiet'], env)).code, 0);
  assert.deepEqual(readFileSync(join(folder, 'snapshots', COMMIT, 'model.safetensors')), weights);
  assert.match(server.requests.findLast(({ at }) => at === 'cdn')?.headers.range ?? '', /^bytes=[1-9]\d*-$/);
});

test('a GGUF file repacked into a full disk', async () => {
  const file = join(import.meta.dirname, '..', 'fixtures', 'gguf', 'llama-Q4_K.gguf');
  const env = { EMBEDDING_GRID_CACHE: join(root, 'repacked') };
  const left = (): readonly string[] =>
    readdirSync(join(root, 'repacked', 'repacked')).filter((name) => name !== 'known');
  const full = await run(['inspect', file], env, 200_000);
  assert.match(full.err.replace(/^Weights are repacked[^\n]*\n/, ''), SENTENCE);
  assert.deepEqual(left(), []);
  const good = await run(['inspect', file], env);
  assert.equal(good.code, 0);
  assert.match(good.err, /^Weights are repacked for once, [\d.]+ MB\.\n$/);
  assert.equal(left().length, 1);
  assert.equal((await run(['inspect', file], env)).err, '', 'they are repacked for once');
});
