import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

/** The command line as a process of its own, over the fake engine: signals, exit codes, what is left behind. */

const root = path.resolve(import.meta.dirname, '..', '..');
let folder = '';
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-process-'));
});
after(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

/** The command line, drawing a map with a fake engine that does as the word says, until the engine computes. */
async function drawing(
  word: string,
): Promise<{ child: ChildProcess; engine: number; output: string; ended: Promise<Ended> }> {
  const model = path.join(folder, word);
  mkdirSync(model, { recursive: true });
  writeFileSync(path.join(model, 'model.onnx'), word);
  const output = path.join(folder, `${word}-out`);
  const flags = ['--model', model, '--output-dir', output, '--formats', 'json', '--debug'];
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...flags], {
    cwd: root,
    env: { ...process.env, EMBEDDING_GRID_ENGINE: path.join(import.meta.dirname, 'fakeEngine.mjs') },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // a group of its own, as a terminal gives it
  });
  let err = '';
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, err }));
  });
  const engine = await new Promise<number>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      const found = /computing in process (\d+)/.exec(err);
      if (found) resolve(Number(found[1]));
    });
    void ended.then(() => reject(new Error(`no engine began: ${err}`)));
  });
  return { child, engine, output, ended };
}

/** Waits until a process is gone; the test's own time limit ends it where it never goes. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
      if (process.platform === 'linux' && /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const STOPS = [
  { name: 'Ctrl-C', code: 130, send: (pid: number) => process.kill(-pid, 'SIGINT') },
  { name: 'SIGINT', code: 130, send: (pid: number) => process.kill(pid, 'SIGINT') },
  { name: 'SIGTERM', code: 143, send: (pid: number) => process.kill(pid, 'SIGTERM') },
];

for (const { name, code, send } of process.platform === 'win32' ? [] : STOPS)
  for (const word of ['slow', 'hang'])
    test(`${name} stops a map (${word}): one line, no file, no engine`, { timeout: 30_000 }, async () => {
      const { child, engine, output, ended } = await drawing(word);
      send(child.pid ?? 0);
      const outcome = await ended;
      assert.equal(outcome.code, code, outcome.err);
      const lines = outcome.err.split('\n').filter((line) => !/^(\[engine\] |Note: |$)/.test(line));
      assert.deepEqual(lines, ['embedding-grid: Stopped; nothing was written.']);
      assert.ok(!existsSync(output));
      await gone(engine);
    });
