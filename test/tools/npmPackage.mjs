// npm run package:npm: what is published at npm, as a folder, .cache/npm. Its files are those that .npmignore lets through, its manifest is
// that of the library and the command line: what makes an extension of it (`main` among it) is for VS Code alone.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { root, run } from './prepare.mjs';

const staging = path.join(root, '.cache', 'npm');

if (!process.argv.includes('--built')) run(process.execPath, ['esbuild.js']);
rmSync(staging, { recursive: true, force: true });
const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: root,
  encoding: 'utf8',
});
for (const { path: name } of JSON.parse(packed)[0].files) cpSync(path.join(root, name), path.join(staging, name));
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const kept = [
  'name',
  'description',
  'version',
  'license',
  'keywords',
  'type',
  'types',
  'exports',
  'bin',
  'dependencies',
];
const own = Object.fromEntries(kept.map((key) => [key, manifest[key]]));
const engines = { node: manifest.engines.node };
writeFileSync(path.join(staging, 'package.json'), `${JSON.stringify({ ...own, engines }, null, 2)}\n`);
process.stdout.write(`${path.relative(root, staging)}\n`);
