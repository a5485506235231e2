import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { BOUNDARY_FLAGS } from '../src/cli/boundaryFlags.js';
import { COMPARE_FLAGS } from '../src/cli/compareFlags.js';
import { EXIT_CODES } from '../src/cli/exitCodes.js';
import { FIT_FLAGS } from '../src/cli/fitFlags.js';
import { ASKING_FLAGS, flagUsage, INSPECT_FLAGS, RUN_FLAGS } from '../src/cli/flags.js';
import { LENS_FLAGS } from '../src/cli/lensFlags.js';
import { STUDY_FLAGS } from '../src/cli/study/studyFlags.js';
import { MAP_FORMATS } from '../src/formats/formats.js';
import { fileName } from '../src/formats/names.js';
import { DISPLAY_FLAGS, type Flag, MAP_FLAGS } from '../src/map/flags.js';
import { syntheticMap } from './map/syntheticMap.js';
import { blockOf, table } from './markdown.js';

const root = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

const block = (name: string): string => blockOf(readme, name);

test('the table of flags is the program’s', async () => {
  const mapAndRun: readonly Flag[] = [...MAP_FLAGS, ...DISPLAY_FLAGS, ...RUN_FLAGS, ...ASKING_FLAGS];
  const inspect: readonly Flag[] = INSPECT_FLAGS;
  const inspecting = inspect
    .filter((flag) => !mapAndRun.includes(flag))
    .map((flag) => ({ ...flag, help: `\`inspect\` only: ${flag.help}` }));
  const study: readonly Flag[] = STUDY_FLAGS;
  const studying = study
    .filter(({ name }) => ![...mapAndRun, ...inspect].some((flag) => flag.name === name))
    .map((flag) => ({ ...flag, help: `\`study\` only: ${flag.help}` }));
  const boundaries: readonly Flag[] = BOUNDARY_FLAGS;
  const others = [...mapAndRun, ...inspect, ...study];
  const asking = boundaries
    .filter(({ name }) => !others.some((flag) => flag.name === name))
    .map((flag) => ({ ...flag, help: `\`boundaries\` only: ${flag.help}` }));
  const compare: readonly Flag[] = COMPARE_FLAGS;
  const comparing = compare
    .filter(({ name }) => ![...others, ...boundaries].some((flag) => flag.name === name))
    .map((flag) => ({ ...flag, help: `\`compare\` only: ${flag.help}` }));
  const fit: readonly Flag[] = FIT_FLAGS;
  const fitting = fit
    .filter(({ help }) => ![...others, ...boundaries, ...compare].some((flag) => flag.help === help))
    .map((flag) => ({ ...flag, help: `\`fit-translator\` only: ${flag.help}` }));
  const lens: readonly Flag[] = LENS_FLAGS;
  const reading = lens
    .filter(({ name }) => ![...others, ...boundaries, ...compare].some((flag) => flag.name === name))
    .map((flag) => ({ ...flag, help: `\`lens\` only: ${flag.help}` }));
  const rows = [...mapAndRun, ...inspecting, ...studying, ...asking, ...comparing, ...fitting, ...reading].map(
    (flag) => [`\`${flagUsage(flag)}\``, flag.default ?? '', flag.help],
  );
  assert.equal(block('flags'), await table(['Flag', 'Default', 'Meaning'], rows));
});

test('the table of exit codes is the program’s', async () => {
  assert.equal(block('exit codes'), await table(['Code', 'Meaning'], Object.entries(EXIT_CODES)));
});

test('the table of files is the registry’s', async () => {
  const { specification } = syntheticMap({ columns: 50, rows: 50, specification: { layer: 7 } });
  const rows = MAP_FORMATS.map(({ name, kind, holds }) => [
    `\`${fileName(specification, name)}\``,
    kind === 'data' ? holds : `the picture: ${holds}`,
  ]);
  assert.equal(block('files'), await table(['File', 'Holds'], rows));
});

test('local links and pictures are there', () => {
  const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)\s]+)\)/g)].map(([, target = '']) => target);
  assert.ok(targets.length > 0);
  assert.deepEqual(
    targets.filter((target) => !existsSync(path.join(root, target))),
    [],
  );
});

/** The README's snippet as a file, in a folder of its own inside the package, whose name it imports. */
function snippet(): { folder: string; file: string } {
  const [, code = ''] = /```ts\n([^]*?)```/.exec(block('snippet')) ?? [];
  const folder = path.join(root, 'test', 'output', 'readme');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'snippet.ts');
  writeFileSync(file, code);
  return { folder, file };
}

test('the library’s snippet type-checks against the built declarations and runs on the bundled model', () => {
  const { folder, file } = snippet();
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
  });
  const diagnostics = ts.getPreEmitDiagnostics(program);
  assert.deepEqual(
    diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    [],
  );

  const printed = execFileSync(process.execPath, ['--import', 'tsx', file], { cwd: folder, encoding: 'utf8' });
  const [first = '', ...rest] = printed.trimEnd().split('\n');
  const probability = Number(first.split(' ').at(-1));
  assert.ok(probability > 0 && probability <= 1, printed);
  const next = rest.pop() ?? ''; // the session's last line
  assert.match(next, /[a-z]/);
  assert.equal(rest.join(''), `115200 [ '${path.join('maps', 'embedding_grid_results_layer_embeddings.json')}' ]`);
  assert.deepEqual(readdirSync(path.join(folder, 'maps')), ['embedding_grid_results_layer_embeddings.json']);
});
