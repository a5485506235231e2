// npm run mutants [-- --count N] [--seed N] [--minutes N] [--room src/map]: small mistakes are put into the code, one at a time, and
// the tests that are nearest to the file run until one of them notices. First those that a review once found alive, then of each room a
// sample. Prints which mistakes no test noticed, and the share that was. A script of our own: StrykerJS 10 wants a newer Node than
// ours, and runs whole suites.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import ts from 'typescript';
import { build as buildProgram, root } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '15' },
    room: { type: 'string', multiple: true, default: ['src/map', 'src/onnx', 'src/engine'] },
  },
});
/** Test files that a mistake is shown to, at most, of so many that are nearest. */
const MOST_TEST_FILES = 6;
const NEAREST = 12;
/** Tests that take longer undisturbed are left out. */
const MOST_MS = 40_000;

/** Mistakes that lived when a review looked: what stands in a file becomes something else. */
const NAMED = [
  {
    what: 'a plane through the head’s own input is taken for one through hidden states',
    file: 'src/map/dependence.ts',
    from: "parameters.readout === 'unembed', //",
    to: 'false, //',
  },
  {
    what: 'the sample of the typical norm does not decide axes that are as long as it',
    file: 'src/map/dependence.ts',
    from: 'typical && norms(parameters)',
    to: 'typical',
  },
  {
    what: 'the sample of the typical norm decides axes that do not look at it',
    file: 'src/map/dependence.ts',
    from: 'typical && norms(parameters)',
    to: 'norms(parameters)',
  },
  {
    what: 'rows that differ from the graph are accepted',
    file: 'src/engine/affine.ts',
    from: '!(worst <= TOLERANCE + LOGIT_ROUNDING * largest)',
    to: 'worst < 0',
  },
  { what: 'the spacing fits half the anchors', file: 'src/map/survey.ts', from: '(4 * reach)', to: '(2 * reach)' },
  { what: 'the spacing fits half the typical norm', file: 'src/map/survey.ts', from: '(2 * typical)', to: 'typical' },
  {
    what: 'the farthest mark is the nearest',
    file: 'src/map/survey.ts',
    from: 'distance < nearest.distance',
    to: 'distance > nearest.distance',
  },
  {
    what: 'the axes of marks are taken for orthogonal',
    file: 'src/map/survey.ts',
    from: 'dx * dx * uu + 2 * dx * dy * uv',
    to: 'dx * dx * uu',
  },
  {
    what: 'what stands off the plane is no farther away',
    file: 'src/map/survey.ts',
    from: ' + mark.distance ** 2',
    to: '',
  },
];

/** Tokens that are taken for another. */
const SWAPS = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
]);

/** All mistakes that can be made in a file: what stands from `start` to `end` becomes `text`. */
function mistakes(file) {
  const code = readFileSync(path.join(tree, file), 'utf8');
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ES2022, true);
  const found = [];
  const add = (node, text) => found.push({ file, start: node.getStart(source), end: node.getEnd(), text });
  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isImportDeclaration(node)) return;
    if (ts.isBinaryExpression(node) && SWAPS.has(node.operatorToken.kind)) {
      add(node.operatorToken, SWAPS.get(node.operatorToken.kind));
    } else if (ts.isNumericLiteral(node)) add(node, `(${node.text} + 1)`);
    else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false');
    else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true');
    else if (ts.isIfStatement(node)) add(node.expression, `!(${node.expression.getText(source)})`);
    else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      add(node, node.operand.getText(source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function filesOf(folder, accept) {
  return readdirSync(path.join(tree, folder), { withFileTypes: true }).flatMap((entry) => {
    const place = `${folder}/${entry.name}`;
    if (entry.isDirectory())
      return ['node_modules', 'output', 'fixtures', 'proto'].includes(entry.name) ? [] : filesOf(place, accept);
    return accept(entry.name) ? [place] : [];
  });
}

buildProgram();
const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-mutants-'));
const tree = path.join(folder, 'tree');
execFileSync('git', ['worktree', 'add', '--detach', '--quiet', tree, 'HEAD'], { cwd: root });
symlinkSync(path.join(root, 'node_modules'), path.join(tree, 'node_modules'));
cpSync(path.join(root, 'dist'), path.join(tree, 'dist'), { recursive: true });

const code = filesOf('src', (name) => name.endsWith('.ts') && !name.endsWith('.as.ts') && !name.endsWith('.d.ts'));
const helpers = filesOf('test', (name) => name.endsWith('.ts'));
const tests = helpers.filter((name) => name.endsWith('.test.ts') && !/^test\/(vscode|webview)\//.test(name));
const imports = new Map(
  [...code, ...helpers].map((file) => {
    const text = readFileSync(path.join(tree, file), 'utf8');
    const named = [...text.matchAll(/from '(\.[^']+)\.js'|import '(\.[^']+)\.js'/g)];
    return [file, named.map(([, a, b]) => path.posix.join(path.posix.dirname(file), `${a ?? b}.ts`))];
  }),
);

/** Programs that tests start as they are built, and what starts them. */
const PROGRAMS = [
  { entry: 'src/engine/main.ts', out: 'dist/engine.cjs', from: 'test/engine/engine.ts' },
  { entry: 'src/engine/textProcess.ts', out: 'dist/textProcess.cjs', from: 'src/engine/main.ts' },
  { entry: 'src/engine/scanWorker.ts', out: 'dist/scanWorker.cjs', from: 'src/engine/main.ts' },
];
for (const { entry, from } of PROGRAMS) imports.set(from, [...(imports.get(from) ?? []), entry]);

/** Files from which a file is reached by imports, with how many steps it takes. */
function distancesTo(file) {
  const steps = new Map([[file, 0]]);
  let ring = [file];
  for (let distance = 1; ring.length > 0; distance++) {
    ring = [...imports]
      .filter(([from, to]) => !steps.has(from) && to.some((one) => ring.includes(one)))
      .map(([one]) => one);
    for (const one of ring) steps.set(one, distance);
  }
  return steps;
}

/** Test files that reach a file, the nearest and that of its name first. */
function testsOf(file) {
  const steps = distancesTo(file);
  const named = path.basename(file, '.ts');
  const far = (test) => (steps.get(test) ?? Infinity) - (path.basename(test, '.test.ts') === named ? 2 : 0);
  return tests.filter((test) => steps.has(test)).sort((a, b) => far(a) - far(b));
}

const run = (test, timeout) => {
  const started = performance.now();
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--test', '--test-reporter', 'tap', test],
    {
      cwd: tree,
      timeout,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const failed = /^ *not ok .*/m.exec(stdout.toString())?.[0].trim() ?? 'out of time';
  return { failed: status === 0 ? undefined : failed, ms: performance.now() - started };
};

/** How long test files take undisturbed, in ms; undefined where they fail then, or take too long. */
const usual = new Map();
function usualTime(test) {
  if (!usual.has(test)) {
    const { failed, ms } = run(test, MOST_MS);
    usual.set(test, failed === undefined ? ms : undefined);
  }
  return usual.get(test);
}

/** Builds the programs that hold a file. */
async function rebuild(file) {
  const steps = distancesTo(file);
  for (const { entry, out } of PROGRAMS) {
    if (!steps.has(entry)) continue;
    await build({
      ...{ absWorkingDir: tree, entryPoints: [entry], outfile: out, bundle: true, logLevel: 'silent' },
      ...{ platform: 'node', target: 'node20', format: 'cjs', external: ['vscode', 'onnxruntime-node', 'tokenizers'] },
    });
  }
}

/** Makes a mistake and takes it back: whether a test noticed, and which. */
async function noticed(file, changed) {
  const place = path.join(tree, file);
  const whole = readFileSync(place, 'utf8');
  const near = testsOf(file).slice(0, NEAREST);
  for (const test of near) {
    if ([...usual].filter(([one, time]) => near.includes(one) && time !== undefined).length >= MOST_TEST_FILES) break;
    usualTime(test); // while nothing is wrong
  }
  const shown = near.filter((test) => usual.get(test) !== undefined).slice(0, MOST_TEST_FILES);
  writeFileSync(place, changed);
  try {
    try {
      await rebuild(file);
    } catch {
      return { outcome: 'noticed', by: 'it cannot be built' };
    }
    for (const test of shown) {
      const { failed } = run(test, 3 * Math.ceil(usual.get(test)) + 10_000);
      if (failed !== undefined) return { outcome: 'noticed', by: `${test}: ${failed}` };
    }
    return { outcome: shown.length === 0 ? 'untested' : 'lives' };
  } finally {
    writeFileSync(place, whole);
    await rebuild(file);
  }
}

let state = Number(values.seed) >>> 0;
const random = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};

/** Wilson's interval of a share, 95 %. */
function interval(part, all) {
  const z = 1.96;
  const middle = (part + z ** 2 / 2) / (all + z ** 2);
  const half = (z * Math.sqrt((part * (all - part)) / all + z ** 2 / 4)) / (all + z ** 2);
  return [middle - half, middle + half].map((share) => (100 * Math.min(1, Math.max(0, share))).toFixed(0));
}

try {
  // What is no mistake is not to be noticed: else tests fail for another reason, and no figure means anything.
  for (const file of ['src/map/survey.ts', 'src/engine/affine.ts']) {
    const { outcome, by } = await noticed(file, `${readFileSync(path.join(tree, file), 'utf8')}\n// nothing\n`);
    if (outcome !== 'lives') throw new Error(`A comment in ${file} is ${outcome} (${by ?? 'no quick test'}).`);
  }
  let alive = 0;
  for (const { what, file, from, to } of NAMED) {
    const whole = readFileSync(path.join(tree, file), 'utf8');
    const found = whole.split(from).length - 1;
    const { outcome } =
      found === 1 ? await noticed(file, whole.split(from).join(to)) : { outcome: `stands ${found} times` };
    if (outcome !== 'noticed') alive++;
    console.log(`${outcome}: ${what}`);
  }
  console.log(`named: ${NAMED.length - alive} of ${NAMED.length} noticed`);
  if (alive > 0) process.exitCode = 1;
  for (const room of values.room) {
    const until = performance.now() + (Number(values.minutes) * 60_000) / values.room.length;
    const all = code.filter((file) => file.startsWith(`${room}/`)).flatMap(mistakes);
    const total = all.length;
    let [killed, tried, unseen] = [0, 0, 0];
    while (tried + unseen < Number(values.count) && all.length > 0 && performance.now() < until) {
      const [{ file, start, end, text }] = all.splice(Math.floor(random() * all.length), 1);
      const whole = readFileSync(path.join(tree, file), 'utf8');
      const { outcome } = await noticed(file, whole.slice(0, start) + text + whole.slice(end));
      if (outcome === 'untested') unseen++;
      else tried++;
      if (outcome === 'noticed') killed++;
      else {
        const line = whole.slice(0, start).split('\n').length;
        const what = outcome === 'untested' ? 'no test within 40 s' : 'lives';
        console.log(`${what}: ${file}:${line}: ${whole.slice(start, end).slice(0, 60)} → ${text.slice(0, 60)}`);
      }
    }
    const [low, high] = tried > 0 ? interval(killed, tried) : [0, 100];
    const share = ((100 * killed) / Math.max(1, tried)).toFixed(0);
    console.log(
      `${room}: ${killed} of ${tried} noticed, ${share} % (95 %: ${low} to ${high} %), of ${total} that can be made; ${unseen} besides that no quick test reaches`,
    );
  }
} finally {
  execFileSync('git', ['worktree', 'remove', '--force', tree], { cwd: root });
  rmSync(folder, { recursive: true, force: true });
}
