// npm run mutants [-- --count N] [--seed N] [--minutes N] [--room src/map | --room FILE:LINE]: small mistakes are put into the code,
// one at a time, and the tests that reach the line run until one of them notices. First those that a review once found alive, then of
// each room a sample. Prints which mistakes no test noticed, and the share that was. What tests reach is measured at first, which takes
// a quarter of an hour or more (reach.mjs). A script of our own: StrykerJS 10 wants a newer Node than ours, and runs whole suites.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { context } from 'esbuild';
import ts from 'typescript';
import { bundles } from './bundles.mjs';
import { build as buildProgram, root } from './prepare.mjs';
import { reachOf, runTest } from './reach.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '15' },
    room: { type: 'string', multiple: true, default: ['src/map', 'src/onnx', 'src/engine'] },
  },
});
/** Tests that take longer undisturbed (ms) are left out. */
const MOST_MS = 90_000;
/** What a mistake that nothing notices may cost (ms of its tests undisturbed). */
const BUDGET_MS = 120_000;

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

/** Whether a number stands for an element of an array that is never missing, which the compiler cannot know: `of[i] ?? 0`. */
const standsForNothing = ({ parent }) =>
  (ts.isBinaryExpression(parent) &&
    parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken &&
    ts.isElementAccessExpression(parent.left)) ||
  (ts.isBindingElement(parent) && ts.isArrayBindingPattern(parent.parent));

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
    } else if (ts.isNumericLiteral(node) && !standsForNothing(node)) add(node, `(${node.text} + 1)`);
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
const tests = filesOf('test', (name) => name.endsWith('.test.ts')).filter(
  (test) => !/^test\/(vscode|webview)\//.test(test),
);

/** Programs of Node that tests start as they are built, each with the files that it is made of. */
const programs = await Promise.all(
  bundles({ development: true })
    .filter(([, , { platform }]) => platform === 'node')
    .map(async ([entry, outfile, options]) => {
      const whole = {
        ...options,
        absWorkingDir: tree,
        entryPoints: [entry],
        outfile,
        metafile: true,
        logLevel: 'silent',
      };
      const building = await context(whole);
      const { metafile } = await building.rebuild();
      return { building, inputs: new Set(Object.keys(metafile.inputs)) };
    }),
);
const rebuild = (file) =>
  Promise.all(programs.filter(({ inputs }) => inputs.has(file)).map(({ building }) => building.rebuild()));

/** What each test reaches, measured before any mistake is made. */
let reached = new Map();

/** Tests that reach a line, those first that see most of its file for their time. */
function testsOf(file, line) {
  const seen = [...reached].filter(([, { files }]) => files[file]?.lines.includes(line));
  const worth = ([test, { files, ms }]) =>
    (path.basename(test, '.test.ts') === path.basename(file, '.ts') ? 10 : 1) * (files[file].lines.length ** 2 / ms);
  const ordered = seen.sort((a, b) => worth(b) - worth(a)).map(([test, { ms }]) => ({ test, ms }));
  let spent = 0;
  return ordered.filter(({ ms }) => spent + ms <= BUDGET_MS && ((spent += ms), true));
}

/** Makes a mistake in a line of a file and takes it back: whether a test noticed, and which. */
async function noticed(file, line, changed) {
  const place = path.join(tree, file);
  const whole = readFileSync(place, 'utf8');
  const shown = testsOf(file, line);
  writeFileSync(place, changed);
  try {
    try {
      await rebuild(file);
    } catch {
      return { outcome: 'noticed', by: 'it cannot be built' };
    }
    for (const { test, ms } of shown) {
      const { failed } = await runTest(tree, test, { timeout: 3 * ms + 10_000 });
      if (failed !== undefined) return { outcome: 'noticed', by: `${test}: ${failed}` };
    }
    return { outcome: shown.length === 0 ? 'unseen' : 'lives' };
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

const lineOf = (whole, start) => whole.slice(0, start).split('\n').length;

try {
  reached = await reachOf(tree, tests, { cache: path.join(root, '.cache', 'reach'), timeout: MOST_MS });
  // What is no mistake is not to be noticed: else tests fail for another reason, and no figure means anything.
  for (const file of ['src/map/survey.ts', 'src/engine/affine.ts']) {
    const whole = readFileSync(path.join(tree, file), 'utf8');
    const { outcome, by } = await noticed(
      file,
      lineOf(whole, whole.indexOf('export function')),
      `${whole}\n// nothing\n`,
    );
    if (outcome !== 'lives') throw new Error(`A comment in ${file} is ${outcome} (${by ?? 'no quick test'}).`);
  }
  let alive = 0;
  for (const { what, file, from, to } of NAMED) {
    const whole = readFileSync(path.join(tree, file), 'utf8');
    const found = whole.split(from).length - 1;
    const { outcome } =
      found === 1
        ? await noticed(file, lineOf(whole, whole.indexOf(from)), whole.split(from).join(to))
        : { outcome: `stands ${found} times` };
    if (outcome !== 'noticed') alive++;
    console.log(`${outcome}: ${what}`);
  }
  console.log(`named: ${NAMED.length - alive} of ${NAMED.length} noticed`);
  if (alive > 0) process.exitCode = 1;
  for (const room of values.room) {
    const until = performance.now() + (Number(values.minutes) * 60_000) / values.room.length;
    const [place, at] = room.split(':');
    const files = code.filter((file) => file === place || file.startsWith(`${place}/`));
    const all = files
      .flatMap(mistakes)
      .map((mistake) => ({
        ...mistake,
        line: lineOf(readFileSync(path.join(tree, mistake.file), 'utf8'), mistake.start),
      }))
      .filter(({ line }) => at === undefined || line === Number(at));
    const total = all.length;
    const outcomes = { noticed: 0, lives: 0, unseen: 0 };
    let tried = 0;
    while (tried < Number(values.count) && all.length > 0 && performance.now() < until) {
      const [{ file, line, start, end, text }] = all.splice(Math.floor(random() * all.length), 1);
      const whole = readFileSync(path.join(tree, file), 'utf8');
      const { outcome, by } = await noticed(file, line, whole.slice(0, start) + text + whole.slice(end));
      tried++;
      outcomes[outcome]++;
      const change = `${whole.slice(start, end).slice(0, 60)} → ${text.slice(0, 60)}`.replaceAll(/\s+/g, ' ');
      console.log(`${outcome}: ${file}:${line}: ${change}${by === undefined ? '' : ` (${by})`}`);
    }
    const [low, high] = tried > 0 ? interval(outcomes.noticed, tried) : [0, 100];
    const share = ((100 * outcomes.noticed) / Math.max(1, tried)).toFixed(0);
    console.log(
      `${room}: ${outcomes.noticed} of ${tried} noticed, ${share} % (95 %: ${low} to ${high} %), of ${total} that can be made; ${outcomes.unseen} of them stand where no quick test comes`,
    );
  }
} finally {
  await Promise.all(programs.map(({ building }) => building.dispose()));
  execFileSync('git', ['worktree', 'remove', '--force', tree], { cwd: root });
  rmSync(folder, { recursive: true, force: true });
}
