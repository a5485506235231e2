// npm test: sets up what is missing and builds, then format, lint, types and all tests. Every check runs, also when an earlier one
// failed; the exit code is 0 when all passed. `npm test -- FILES` runs the tests of these files alone.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, constants, setPriority } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { bundle } from './bundle.mjs';
import { build, install, root } from './prepare.mjs';

const bin = (name) => path.join('node_modules', ...name.split('/'));
const secondsSince = (started) => `${((performance.now() - started) / 1000).toFixed(1)} s`;

const CPU = new URL('./cpu.mjs', import.meta.url).href;
/** Of all so far. */
let cpuSeconds = 0;
/** How long something took, and how many CPU seconds, if it has told. */
function took(started, output) {
  const [, cpu] = /^ℹ cpu ([\d.]+)$/m.exec(output) ?? [];
  cpuSeconds += Number(cpu ?? 0);
  return `in ${secondsSince(started)}${cpu === undefined ? '' : `, ${cpu} CPU s`}`;
}

/** What takes longer, in ms, hangs, and is ended. */
const LONGEST_RUN = 300_000;

/** Runs Node in the root: whether it succeeded, and all that it printed. `background`: makes way for what is not. */
function node(args, background = false) {
  const child = spawn(process.execPath, ['--import', CPU, ...args], {
    env: { ...process.env, TEST_RUNNER: String(process.pid) },
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (background && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(data));
  const hanging = setTimeout(() => {
    output.push(Buffer.from(`\nIt was ended: it took more than ${LONGEST_RUN / 1000} s.\n`));
    child.kill('SIGKILL');
    // What it has started may hold its streams open.
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  }, LONGEST_RUN);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(hanging);
      resolve({ passed: code === 0, output: Buffer.concat(output).toString() });
    });
  });
}

/** Runs a check, whose output is shown where it fails: whether it passed. */
async function check(label, args) {
  const started = performance.now();
  const { passed, output } = await node(args, true);
  process.stdout.write(`${label}: ${passed ? 'passed' : 'FAILED'} ${took(started, output)}\n${passed ? '' : output}`);
  return passed;
}

/** What all test files had together. */
const counts = { pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };

/** Runs test files in one process, and shows in one piece what they printed: whether all passed. */
async function test(tested, label = tested.join()) {
  const started = performance.now();
  const script = tested.length > 1 ? [path.join('test', 'tools', 'together.mjs')] : [];
  const loader = tested.every((file) => programs.has(file)) ? ['--enable-source-maps'] : ['--import', 'tsx'];
  const { passed, output } = await node(
    [...loader, '--test-reporter=spec', ...script, ...tested.map((file) => programs.get(file) ?? file)],
    !tested.some(inBrowser),
  );
  const shown = output.replace(/^ℹ (\w+) [\d.]+\n/gm, '').trimEnd();
  process.stdout.write(`\n${label}: ${passed ? 'passed' : 'FAILED'} ${took(started, output)}\n${shown}\n`);
  const found = [...output.matchAll(/^ℹ (\w+) (\d+)$/gm)].map(([, name, count]) => [name, Number(count)]);
  return { passed, found: Object.fromEntries(found) };
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

/** The longest files, longest first: they begin first, so that no lane is left with one when the others are done. */
const LONGEST = [
  ...[
    'webview/page',
    'webview/states',
    'cli/study',
    'engine/checkpoints',
    'faults/faults',
    'engine/hostileTexts',
    'savedMaps',
    'engine/dependence',
  ],
  ...['cli/series', 'engine/gguf', 'engine/intervened', 'formats/saveMap', 'formats/pictures', 'engine/properties'],
  ...['engine/badInput', 'engine/meaning', 'panel/rewritten', 'onnx/size', 'engine/reference'],
];
const rank = (file) => {
  const at = LONGEST.findIndex((name) => file === `test/${name}.test.ts`);
  return at < 0 ? LONGEST.length : at;
};

const under = (...folders) => {
  const pattern = new RegExp(`^test/(${folders.join('|')})/`);
  return (file) => pattern.test(file.split(path.sep).join('/'));
};
/**
 * Files that take little more time than a process of their own takes to start: they run in one, by rooms. Apart are those that are
 * long, measure their process, or would act on the tests of the others: by hooks of all tests, or by what is set in the process.
 */
const SMALL = {
  'test/engine': under('engine'),
  'test/map': under('map'),
  'test/formats, test/onnx and test/protocol': under('formats', 'onnx', 'protocol'),
  'test/panel, test/extension, test/host and test/webview': under('panel', 'extension', 'host', 'webview'),
  'test, test/cli, test/hub and test/media': (file) => under('cli', 'hub', 'media')(file) || !/\/.*\//.test(file),
};
const APART = [
  ...['map/commandLine', 'map/polygons', 'formats/npz', 'docs', 'engine/badCheckpoints', 'engine/fitTranslator'],
  ...['engine/fuzz', 'engine/large', 'engine/largeCheckpoint', 'engine/longPrompts'],
  ...['engine/memoryBombs', 'engine/odd'],
].map((name) => `test/${name}.test.ts`);
const isApart = (file) =>
  rank(file) < LONGEST.length ||
  APART.includes(file) ||
  /^(before|after)(Each)?\(|^process\./m.test(readFileSync(path.join(root, file), 'utf8'));
const inCode = under('vscode');
/** Most of test/webview: what needs no page is as the rest. */
const onPage = (file) =>
  under('webview')(file) && /from '.*\/(stage|browser)\.js'/.test(readFileSync(path.join(root, file), 'utf8'));
const inBrowser = (file) => inCode(file) || onPage(file);
/** Windows and pages that share a process and a browser, which take seconds to start. The longest have their own. */
const SHARING = [
  ['vscode/trust', 'vscode/saving'],
  ['vscode/doors', 'vscode/studies', 'vscode/largeMap', 'vscode/inHost'],
  ['webview/points', 'webview/compare', 'webview/mapNote', 'webview/frames'],
  ['webview/refine', 'webview/sweep', 'webview/overlays', 'webview/sizes'],
].map((names) => names.map((name) => `test/${name}.test.ts`));

const started = performance.now();
install();
const wanted = process.argv.slice(2);
const files = wanted.length > 0 ? wanted : testFiles().sort((a, b) => rank(a) - rank(b));
/** Names of all that failed, and of those that passed at the second try. */
const [failed, flaky] = [[], []];
async function heard(label, args) {
  if (!(await check(label, args))) failed.push(label);
}

const OXC = ['--plugin', '@prettier/plugin-oxc'];
const setUp = files.some(inBrowser) && heard('Set-up of VS Code', [path.join('test', 'vscode', 'setup.mjs')]);
const bundling = bundle(files.filter((file) => !inBrowser(file)));
const checks = [];
if (wanted.length === 0) {
  await heard('Build', ['esbuild.js']);
  checks.push(
    // Oxlint checks the types of all programs as well.
    () => heard('Lint and types', [bin('oxlint/bin/oxlint'), '--max-warnings', '0']),
    // Oxc's parser reads TypeScript in a third of the time, and what is printed is the same.
    () => heard('Format', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', ...OXC, '.']),
    () => heard('Rooms', [bin('eslint/bin/eslint.js'), '--max-warnings', '0', 'src', 'webview', 'test']),
  );
} else build();
await setUp;
/** Where they are bundled; what drives a browser hands it functions, and is not. */
const programs = await bundling;

/** Small files together. */
async function runTogether(label, small) {
  const { passed, found } = await test(small, `${label} (${small.length} files)`);
  if (passed) count(found);
  else again.push({ label, files: small });
}
const count = (found) => {
  for (const [name, many] of Object.entries(found)) if (name in counts) counts[name] += many;
};

/** What failed beside others, which may have starved it: once more when they are done, and named if it passes then. */
const again = [];
async function runTest(file, last = files.length === 1) {
  const { passed, found } = await test([file]);
  if (!passed && !last) return again.push({ label: file, files: [file] });
  count(found);
  if (!passed) failed.push(file);
  return passed;
}

const one = (file) => () => runTest(file);

// What drives a browser is starved by another that does: one lane is theirs. The others take the rest, which makes way for them, and
// pages when it is done. There is a lane more than there are cores, for each now and then waits.
const sharing = wanted.length > 0 ? [] : SHARING;
const driving = (isOne) => [
  ...files.filter((file) => isOne(file) && !sharing.some((shared) => shared.includes(file))).map(one),
  ...sharing.filter(([file]) => isOne(file)).map((shared) => () => runTogether(shared.join(', '), shared)),
];
const [codes, pages] = [inCode, onPage].map(driving);
const rest = files.filter((file) => !inBrowser(file));
const groups = Object.entries(SMALL)
  .map(([label, isSmall]) => ({ label, small: rest.filter((file) => isSmall(file) && !isApart(file)) }))
  .filter(({ small }) => small.length > 1);
const alone = rest.filter((file) => !groups.some(({ small }) => small.includes(file)));
const others = [
  ...checks,
  ...alone.filter((file) => rank(file) < LONGEST.length).map(one),
  ...groups.map(
    ({ label, small }) =>
      () =>
        runTogether(label, small),
  ),
  ...alone.filter((file) => rank(file) === LONGEST.length).map(one),
];
async function lane(...queues) {
  for (;;) {
    const next = queues.find((queue) => queue.length > 0)?.shift();
    if (!next) return;
    await next();
  }
}
const lanes = Math.max(2, availableParallelism()) - 1;
await Promise.all([
  lane(codes, pages, others),
  ...Array.from({ length: lanes }, () => lane(others, pages)),
  lane(others),
]);

for (const { label, files: once } of again) {
  console.log(`\n${label} failed: once more, alone.`);
  const results = [];
  for (const file of once) results.push(await runTest(file, true));
  if (results.every(Boolean)) flaky.push(label);
}
const summary = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
console.log(`\n${summary.join(', ')} in ${secondsSince(started)}, ${cpuSeconds.toFixed(0)} CPU s`);
if (flaky.length > 0) process.stderr.write(`Flaky, passed at the second try: ${flaky.join(', ')}\n`);
if (failed.length > 0) process.stderr.write(`FAILED: ${failed.join(', ')}\n`);
process.exit(failed.length === 0 ? 0 : 1);
