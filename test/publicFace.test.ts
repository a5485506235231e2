import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

/** What strangers see of the project before they run it. */

const root = path.resolve(import.meta.dirname, '..');
const read = (...names: string[]): string => readFileSync(path.join(root, ...names), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<string, unknown>;

test('places and contacts are left out until the owner names them', () => {
  for (const key of ['repository', 'bugs', 'homepage', 'author', 'contributors', 'funding'])
    assert.equal(manifest[key], undefined, key);
  const own = /^\s*(repository|bugs|homepage|authors|maintainers|Repository|Homepage|email)\b/m;
  assert.doesNotMatch(read('python', 'pyproject.toml'), own);
  for (const file of ['SECURITY.md', 'CONTRIBUTING.md', 'README.md'])
    assert.doesNotMatch(read(file), /[\w.]+@[\w-]+\.[a-z]{2,}/, file);
});

test('both packages have one version, and the changelog tells of it and of what comes', () => {
  const version = String(manifest.version);
  assert.match(read('python', 'pyproject.toml'), new RegExp(`^version = "${version}"$`, 'm'));
  assert.match(read('python', 'src', 'embedding_grid', '__init__.py'), new RegExp(`^__version__ = "${version}"$`, 'm'));
  const headings = [...read('CHANGELOG.md').matchAll(/^## (.+)$/gm)].map(([, name = '']) => name.split(' ')[0]);
  assert.deepEqual(headings.slice(0, 2), ['Unreleased', version]);
  assert.match(read('CITATION.cff'), new RegExp(`^version: ['"]?${version}['"]?$`, 'm'));
});

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      { readonly strategy?: { readonly matrix: Readonly<Record<string, unknown>> }; readonly steps: { run?: string }[] }
    >
  >;
}

test('workflows run scripts that there are, with no more rights than they need, and say that they have not run', () => {
  const scripts = Object.keys(manifest.scripts as object);
  for (const name of readdirSync(path.join(root, '.github', 'workflows'))) {
    const text = read('.github', 'workflows', name);
    assert.match(text, /^# Has not run on hosted runners yet/);
    const { permissions, jobs } = parse(text) as Workflow;
    assert.deepEqual(permissions, { contents: 'read' });
    const commands = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    for (const [, script = ''] of commands.join('\n').matchAll(/npm run ([\w:]+)/g))
      assert.ok(scripts.includes(script), script);
    assert.doesNotMatch(text, /secrets\./);
  }
  const { jobs } = parse(read('.github', 'workflows', 'test.yml')) as Workflow;
  assert.deepEqual(jobs.test?.strategy?.matrix, {
    os: ['ubuntu-latest', 'macos-latest', 'windows-latest'],
    node: [20, 22, 24],
  });
  const oldest = /\d+\.\d+/.exec((manifest.engines as { vscode: string }).vscode)?.[0] ?? '';
  assert.deepEqual(jobs.editor?.strategy?.matrix, { vscode: [`${oldest}.0`, 'stable'] });
});
