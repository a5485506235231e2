// npm test: sets up what is missing, then format check, lint, types, build and all tests. Every check runs, also when an
// earlier one failed; the exit code is 0 when all passed. `npm test -- FILES` runs the tests of these files alone.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { build, install, root } from './prepare.mjs';

const bin = (name) => path.join('node_modules', ...name.split('/'));

/** Runs Node in the root. Its output is shown when it ends, in one piece, or at once. Gives whether it succeeded. */
function node(label, args, { live = false } = {}) {
  const started = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', live ? 'inherit' : 'pipe', 'pipe'] });
  const output = [];
  child.stdout?.on('data', (data) => output.push(data));
  child.stderr.on('data', (data) => (live ? process.stderr.write(data) : output.push(data)));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (!live) process.stdout.write(`${label}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
      if (!live && code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code === 0);
    });
  });
}

/** Every test file under test/, but packages' own and what tests write. */
function testFiles(folder = 'test') {
  const ignored = ['node_modules', 'output', 'fixtures', 'workbench'];
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const place = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ignored.includes(entry.name) ? [] : testFiles(place);
    return entry.name.endsWith('.test.ts') ? [place] : [];
  });
}

/** Tests that drive a browser take both cores for themselves. */
const inBrowser = (file) => /^test\/(vscode|webview)\//.test(file.split(path.sep).join('/'));

install();
const wanted = process.argv.slice(2);
let passed = true;
/** The linter takes one core for longer than the other checks take the other: tests that need no browser begin beside it. */
let lint;
if (wanted.length === 0) {
  // Oxlint checks the types of all programs as well.
  lint = node('Lint and types', [bin('oxlint/bin/oxlint'), '--max-warnings', '0']).then(
    async (clean) =>
      (await node('Rooms', [bin('eslint/bin/eslint.js'), '--max-warnings', '0', 'src', 'webview', 'test'])) && clean,
  );
  passed = await node('Format', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.']);
  passed = (await node('Build', ['esbuild.js'])) && passed;
} else build();
if (wanted.length === 0 || wanted.some(inBrowser))
  passed = (await node('Set-up of VS Code', [path.join('test', 'vscode', 'setup.mjs')])) && passed;
const files = wanted.length > 0 ? wanted : testFiles();
const run = (label, some, concurrency) =>
  node(label, ['--import', 'tsx', '--test', `--test-concurrency=${concurrency}`, ...some], { live: true });
const plain = files.filter((file) => !inBrowser(file));
let tests = plain.length === 0 || (await run('Tests', plain, 2));
passed = (await (lint ?? true)) && passed;
const flaky = [];
for (const file of files.filter(inBrowser)) {
  if (await run(file, [file], 1)) continue;
  // Something else that takes the machine for a moment can starve a browser: who fails is heard once more.
  console.log(`${file} failed: once more.`);
  if (await run(file, [file], 1)) flaky.push(file);
  else tests = false;
}
if (!passed) process.stderr.write('Not all checks before the tests passed: see above.\n');
if (flaky.length > 0) process.stderr.write(`Flaky, passed at the second try: ${flaky.join(', ')}\n`);
process.exit(passed && tests ? 0 : 1);
