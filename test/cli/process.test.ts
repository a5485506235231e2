import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { CLI, root } from '../faults/processes.js';

/** The command line as a process of its own, over the fake engine: signals, exit codes, what is left behind. */

let folder = '';
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-process-'));
});
after(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
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
  const child = spawn(process.execPath, [CLI, ...flags], {
    cwd: root,
    env: { ...process.env, EMBEDDING_GRID_ENGINE: path.join(import.meta.dirname, 'fakeEngine.mjs') },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // a group of its own, as a terminal gives it
  });
  let err = '';
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, err }));
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

/** Whether a process has ended, also where nobody has buried it. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform === 'linux' && /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Waits until a process is gone; the test's own time limit ends it where it never goes. */
async function gone(pid: number): Promise<void> {
  while (!isGone(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

const STOPS = [
  { name: 'Ctrl-C', signal: 'SIGINT', send: (pid: number) => process.kill(-pid, 'SIGINT') },
  { name: 'SIGINT', signal: 'SIGINT', send: (pid: number) => process.kill(pid, 'SIGINT') },
  { name: 'SIGTERM', signal: 'SIGTERM', send: (pid: number) => process.kill(pid, 'SIGTERM') },
  { name: 'A closed terminal', signal: 'SIGHUP', send: (pid: number) => process.kill(pid, 'SIGHUP') },
] as const;

for (const { name, signal, send } of process.platform === 'win32' ? [] : STOPS)
  for (const word of ['slow', 'hang'])
    test(`${name} stops a map (${word}): one line, no file, no engine`, { timeout: 120_000 }, async () => {
      const { child, engine, output, ended } = await drawing(word);
      send(child.pid ?? 0);
      const outcome = await ended;
      // A shell makes 128 and the signal's number of it: 130, 143, 129.
      assert.equal(outcome.signal, signal, outcome.err);
      const lines = outcome.err.split('\n').filter((line) => !/^(\[engine\] |Note: |$)/.test(line));
      assert.deepEqual(lines, ['embedding-grid: Stopped; nothing was written.']);
      assert.ok(!existsSync(output));
      await gone(engine);
    });

test('what an engine has started, and holds its streams, is not waited for', { timeout: 120_000 }, async () => {
  const { output, ended } = await drawing('heir');
  const { code, err } = await ended;
  const heir = Number(/heir in process (\d+)/.exec(err)?.[1]);
  assert.ok(heir > 0 && !isGone(heir), err);
  process.kill(heir, 'SIGKILL');
  assert.equal(code, 0, err);
  assert.deepEqual(readdirSync(output), ['embedding_grid_results_layer_1.json']);
});

/** The command line on the fake engine, its streams as a shell's redirections say. Gives the exit code, and standard error. */
function redirected(redirections: string, ...flags: string[]): { code: number | null; err: string } {
  const model = path.join(folder, 'plain');
  mkdirSync(model, { recursive: true });
  writeFileSync(path.join(model, 'model.onnx'), 'plain');
  const line = [process.execPath, CLI, ...flags.map((flag) => flag.replace('MODEL', model))];
  const script = `"$@" ${redirections}; exit \${PIPESTATUS[0]}`;
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...line], {
    cwd: root,
    env: { ...process.env, EMBEDDING_GRID_ENGINE: path.join(import.meta.dirname, 'fakeEngine.mjs') },
    encoding: 'utf8',
  });
  return { code: status, err: stderr };
}

const drawFlags = (output: string): string[] => [
  ...['--model', 'MODEL', '--output-dir', path.join(folder, output), '--formats', 'json', '--grid-size', '4'],
];

if (process.platform === 'linux') {
  for (const [index, lost] of ['| true', '> /dev/full'].entries())
    test(`a report that nobody can read (${lost}): the map is saved, and the exit code tells`, () => {
      const { code, err } = redirected(lost, ...drawFlags(`lost-${index}`));
      assert.equal(code, 8, err);
      assert.match(
        err,
        /^embedding-grid: What was to be printed is lost, for standard output cannot be written: .*\.$/m,
      );
      assert.deepEqual(readdirSync(path.join(folder, `lost-${index}`)), ['embedding_grid_results_layer_1.json']);
    });

  test('what inspect was to print is lost: not exit code 0', () => {
    for (const flags of [['inspect', 'MODEL'], ['inspect', 'MODEL', '--json'], ['--help']])
      assert.equal(redirected('> /dev/full', ...flags).code, 8);
  });

  test('a standard error that cannot be written changes no exit code, and loses no map', () => {
    for (const lost of ['2> /dev/full', '2> >(true)', '2>&-']) {
      assert.equal(redirected(lost, '--gird-size', '3').code, 2);
      assert.equal(redirected(lost, ...drawFlags('quietly')).code, 0);
    }
    assert.deepEqual(readdirSync(path.join(folder, 'quietly')), ['embedding_grid_results_layer_1.json']);
  });
}
