import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { BOUNDARY_FLAGS } from '../src/cli/boundaryFlags.js';
import { COMPARE_FLAGS } from '../src/cli/compareFlags.js';
import { EXIT_CODES } from '../src/cli/exitCodes.js';
import { FEATURE_FLAGS } from '../src/cli/featureFlags.js';
import { FIT_FLAGS } from '../src/cli/fitFlags.js';
import { ASKING_FLAGS, flagUsage, INSPECT_FLAGS, RUN_FLAGS } from '../src/cli/flags.js';
import { LENS_FLAGS } from '../src/cli/lensFlags.js';
import { SERIES_FLAGS } from '../src/cli/series/seriesFlags.js';
import { STUDY_FLAGS } from '../src/cli/study/studyFlags.js';
import { MAP_FORMATS } from '../src/formats/formats.js';
import { fileName } from '../src/formats/names.js';
import { DISPLAY_FLAGS, type Flag, MAP_FLAGS } from '../src/map/flags.js';
import { syntheticMap } from './map/syntheticMap.js';
import { blockOf, table } from './markdown.js';

const root = path.resolve(import.meta.dirname, '..');
/** The README and the pages of docs/, by their paths. */
const documents = new Map(
  [
    'README.md',
    'CONTRIBUTING.md',
    'python/README.md',
    ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`),
  ]
    .filter((name) => name.endsWith('.md'))
    .map((name) => [name, readFileSync(path.join(root, name), 'utf8')]),
);

const block = (page: string, name: string): string => blockOf(documents.get(`docs/${page}.md`) ?? '', name);

test('the table of flags is the program’s', async () => {
  const mapAndRun: readonly Flag[] = [...MAP_FLAGS, ...DISPLAY_FLAGS, ...SERIES_FLAGS, ...RUN_FLAGS, ...ASKING_FLAGS];
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
  const features: readonly Flag[] = FEATURE_FLAGS;
  const listing = features
    .filter(({ name }) => name !== 'json')
    .map((flag) => ({ ...flag, help: `\`features\` only: ${flag.help}` }));
  const own = [...inspecting, ...studying, ...asking, ...comparing, ...fitting, ...reading, ...listing];
  const rows = [...mapAndRun, ...own].map((flag) => [`\`${flagUsage(flag)}\``, flag.default ?? '', flag.help]);
  assert.equal(block('command-line', 'flags'), await table(['Flag', 'Default', 'Meaning'], rows));
});

test('the table of exit codes is the program’s', async () => {
  assert.equal(block('command-line', 'exit codes'), await table(['Code', 'Meaning'], Object.entries(EXIT_CODES)));
});

test('the table of files is the registry’s', async () => {
  const { specification } = syntheticMap({ columns: 50, rows: 50, specification: { layer: 7 } });
  const rows = MAP_FORMATS.map(({ name, kind, holds }) => [
    `\`${fileName(specification, name)}\``,
    kind === 'data' ? holds : `the picture: ${holds}`,
  ]);
  assert.equal(block('files', 'files'), await table(['File', 'Holds'], rows));
});

/** Targets of the links and pictures of a document that lead to another file of the project, or to a heading. */
const targetsIn = (text: string): string[] =>
  [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => target);

/** A heading as a link names it. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

test('local links, their headings, and pictures are there', () => {
  const broken: string[] = [];
  for (const [name, text] of documents)
    for (const target of targetsIn(text)) {
      const [file = '', heading] = target.split('#');
      const place = file === '' ? name : path.posix.join(path.posix.dirname(name), file);
      const headings = [...(documents.get(place) ?? '').matchAll(/^#+ (.+)$/gm)].map(([, words = '']) => anchor(words));
      if (!existsSync(path.join(root, place)) || (heading !== undefined && !headings.includes(heading)))
        broken.push(`${name}: ${target}`);
    }
  assert.deepEqual(broken, []);
});

test('every page is reached from the README, and the README is read in five minutes', () => {
  const linked = targetsIn(documents.get('README.md') ?? '');
  for (const name of documents.keys()) if (name.startsWith('docs/')) assert.ok(linked.includes(name), name);
  assert.ok((documents.get('README.md') ?? '').split('\n').length <= 110);
});

test('commands of the documents have flags that there are', () => {
  const known = new Set(
    [
      MAP_FLAGS,
      DISPLAY_FLAGS,
      RUN_FLAGS,
      ASKING_FLAGS,
      INSPECT_FLAGS,
      STUDY_FLAGS,
      BOUNDARY_FLAGS,
      COMPARE_FLAGS,
      SERIES_FLAGS,
      FEATURE_FLAGS,
      FIT_FLAGS,
      LENS_FLAGS,
    ]
      .flatMap((flags): readonly Flag[] => flags)
      .map(({ name }) => `--${name}`)
      .concat('--stdio'),
  );
  const wrong: string[] = [];
  for (const [name, text] of documents)
    for (const [, code = ''] of text.matchAll(/```sh\n([^]*?)```/g))
      for (const command of code
        .replaceAll('\\\n', ' ')
        .split('\n')
        .filter((line) => line.startsWith('embedding-grid')))
        for (const [flag] of command
          .replace(/"[^"]*"/g, '""')
          .replace(/ -- .*| #.*/, '')
          .matchAll(/(?<= )--[a-z-]+/g))
          if (!known.has(flag)) wrong.push(`${name}: ${flag}`);
  assert.deepEqual(wrong, []);
});

/** The library's snippet as a file, in a folder of its own inside the package, whose name it imports. */
function snippet(): { folder: string; file: string } {
  const [, code = ''] = /```ts\n([^]*?)```/.exec(block('library', 'snippet')) ?? [];
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
  // Of the snippet and of what it imports of us: that TypeScript's own declarations and Node's are sound is not our question.
  const ours = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('node_modules'));
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((one) => ts.getPreEmitDiagnostics(program, one)),
  ];
  assert.ok(ours.length > 1, 'the built declarations are there');
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
