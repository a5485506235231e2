import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '..');
const read = (...names: string[]): string => readFileSync(path.join(root, ...names), 'utf8');
const inputs = JSON.parse(read('dist', '.inputs.json')) as Record<string, readonly string[]>;

/** The folders of the packages that a bundle has code of, as its build has noted down. */
function packagesIn(bundle: string): string[] {
  const files = inputs[bundle];
  assert.ok(files, `${bundle} is in no note of the build`);
  return files.flatMap((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
}

/** Asserts that notices name the package, and hold the licences that lie beside it. */
function assertNoticed(notices: string, folder: string): void {
  const { name, version } = JSON.parse(read(folder, 'package.json')) as { name: string; version: string };
  assert.ok(notices.includes(`\n${name} ${version} (`), `${name} ${version}`);
  for (const file of readdirSync(path.join(root, folder)).filter((entry) =>
    /^(licen[cs]e|notice|copying)/i.test(entry),
  ))
    assert.ok(notices.includes(read(folder, file).trim()), `${name}: ${file}`);
}

const BUNDLE = /^dist\/.*\.c?js$/;

test('the npm package holds the notices of all that it bundles', () => {
  // --ignore-scripts and --dry-run: nothing is run and nothing is written.
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const [tarball] = JSON.parse(listed) as [{ files: { path: string }[] }];
  const names = tarball.files.map((file) => file.path);
  assert.ok(names.includes('dist/THIRD-PARTY-NOTICES.txt'));
  const notices = read('dist', 'THIRD-PARTY-NOTICES.txt');
  const bundles = names.filter((name) => BUNDLE.test(name));
  assert.ok(bundles.includes('dist/cli.js') && bundles.includes('dist/engine.cjs'));
  for (const folder of new Set(bundles.flatMap(packagesIn))) assertNoticed(notices, folder);
  assertNoticed(notices, 'node_modules/assemblyscript');
  for (const file of names.filter((name) => name.endsWith('.ttf')))
    assert.ok(notices.includes(read('media', 'fonts', 'LICENSE.txt').trim()), file);
  // Nothing else's: what is not in it has no notice in it.
  assert.ok(!notices.includes('\nplotly.js '));
});

test('the notices of the extension’s package tell of all that it bundles and copies', () => {
  const script = `import { thirdPartyNotices } from './test/tools/notices.mjs'; console.log(thirdPartyNotices('vsix'));`;
  const notices = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  const shipped = Object.keys(inputs).filter((name) => !['dist/cli.js', 'dist/index.js'].includes(name));
  for (const folder of new Set(shipped.flatMap(packagesIn))) assertNoticed(notices, folder);
  for (const name of ['onnxruntime-node', 'onnxruntime-common', 'tokenizers', 'assemblyscript'])
    assertNoticed(notices, `node_modules/${name}`);
});
