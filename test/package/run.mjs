// npm run test:package: what would be published, looked at by programs that are not ours: publint and "are the types wrong" judge the
// npm package as others import it; the extension's package must keep to its size. Fetches both tools into a folder of its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { install, root } from '../tools/prepare.mjs';

install();
const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-package-'));
const run = (program, args, options = {}) =>
  execFileSync(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', ...options });
try {
  run(process.execPath, ['esbuild.js']);
  run(process.execPath, ['test/tools/npmPackage.mjs', '--built']);
  run('npm', ['pack', './.cache/npm', '--ignore-scripts', '--pack-destination', folder, '--silent']);
  const tarball = path.join(folder, readdirSync(folder)[0]);
  console.log(`npm package: ${(statSync(tarball).size / 1e6).toFixed(1)} MB`);
  const tools = ['publint@0.3', '@arethetypeswrong/cli@0.18'];
  run('npm', ['install', '--silent', '--no-save', '--ignore-scripts', '--prefix', folder, ...tools]);
  const tool = (...names) => path.join(folder, 'node_modules', ...names);
  console.log(run(process.execPath, [tool('publint', 'src', 'cli.js'), 'run', tarball, '--strict']).trim());
  // The package is for import alone, on Node 20 and newer.
  const types = [tool('@arethetypeswrong', 'cli', 'dist', 'index.js'), tarball, '--profile', 'esm-only'];
  console.log(run(process.execPath, types, { env: { ...process.env, NO_COLOR: '1' } }).trim());
  console.log(run(process.execPath, ['test/tools/package.mjs', 'linux-x64', '--built', '--into', folder]).trim());
} finally {
  rmSync(folder, { recursive: true });
}
