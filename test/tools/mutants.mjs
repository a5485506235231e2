// npm run mutants [-- --count N] [--seed N] [--room src/map]: small mistakes are put into the code, one at a time, and the tests that
// import the file are run. Prints which mistakes no test noticed, and the share that was. A script of our own: StrykerJS 10 wants a
// newer Node than ours, and runs whole suites.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { root } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    room: { type: 'string', multiple: true, default: ['src/map', 'src/onnx', 'src/engine'] },
  },
});
const MOST_TEST_FILES = 6;
const TIMEOUT_MS = 120_000;

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
  const code = readFileSync(path.join(root, file), 'utf8');
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
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const place = `${folder}/${entry.name}`;
    if (entry.isDirectory())
      return ['node_modules', 'output', 'fixtures', 'proto'].includes(entry.name) ? [] : filesOf(place, accept);
    return accept(entry.name) ? [place] : [];
  });
}

/** For each file, its distance from every test file by imports: tests that name it come first. */
function testsOf(file, imports, tests) {
  const far = (test) => {
    const seen = new Set([test]);
    let ring = [test];
    for (let distance = 0; ring.length > 0; distance++) {
      if (ring.includes(file)) return distance;
      ring = ring.flatMap((at) => imports.get(at) ?? []).filter((one) => !seen.has(one) && seen.add(one));
    }
    return Infinity;
  };
  const named = path.basename(file, '.ts');
  return tests
    .map((test) => ({ test, distance: far(test) - (path.basename(test, '.test.ts') === named ? 1 : 0) }))
    .filter(({ distance }) => distance < Infinity)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST_TEST_FILES)
    .map(({ test }) => test);
}

const code = filesOf('src', (name) => name.endsWith('.ts') && !name.endsWith('.as.ts') && !name.endsWith('.d.ts'));
const helpers = filesOf('test', (name) => name.endsWith('.ts'));
const tests = helpers.filter((name) => name.endsWith('.test.ts') && !/^test\/(vscode|webview)\//.test(name));
const imports = new Map(
  [...code, ...helpers].map((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    const named = [...text.matchAll(/from '(\.[^']+)\.js'|import '(\.[^']+)\.js'/g)];
    return [file, named.map(([, a, b]) => path.posix.join(path.posix.dirname(file), `${a ?? b}.ts`))];
  }),
);

let state = Number(values.seed) >>> 0;
const random = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};

const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-mutants-'));
const tree = path.join(folder, 'tree');
execFileSync('git', ['worktree', 'add', '--detach', '--quiet', tree, 'HEAD'], { cwd: root });
for (const name of ['node_modules', 'dist']) symlinkSync(path.join(root, name), path.join(tree, name));
const run = (files) =>
  spawnSync(process.execPath, ['--import', 'tsx', '--test', ...files], {
    cwd: tree,
    timeout: TIMEOUT_MS,
    stdio: 'ignore',
  }).status === 0;

try {
  for (const room of values.room) {
    const all = code.filter((file) => file.startsWith(`${room}/`)).flatMap(mistakes);
    let [killed, tried] = [0, 0];
    while (tried < Number(values.count) && all.length > 0) {
      const [{ file, start, end, text }] = all.splice(Math.floor(random() * all.length), 1);
      const files = testsOf(file, imports, tests);
      const whole = readFileSync(path.join(tree, file), 'utf8');
      const line = whole.slice(0, start).split('\n').length;
      const what = `${file}:${line}: ${whole.slice(start, end).slice(0, 60)} → ${text.slice(0, 60)}`;
      tried++;
      writeFileSync(path.join(tree, file), whole.slice(0, start) + text + whole.slice(end));
      if (files.length > 0 && !run(files)) killed++;
      else console.log(`lives  ${what}${files.length === 0 ? ' (no test imports it)' : ''}`);
      writeFileSync(path.join(tree, file), whole);
    }
    console.log(`${room}: ${killed} of ${tried} noticed (${((100 * killed) / Math.max(1, tried)).toFixed(0)} %)`);
  }
} finally {
  execFileSync('git', ['worktree', 'remove', '--force', tree], { cwd: root });
  rmSync(folder, { recursive: true, force: true });
}
