// Sets up what is missing, and does nothing where it is there. Plain Node: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** The repository's root; the tools run there. */
export const root = path.resolve(import.meta.dirname, '..', '..');

const readJson = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

/** Whether node_modules holds what the lockfile asks for, as npm itself noted down when it installed. */
function isInstalled() {
  if (!existsSync(path.join(root, 'node_modules', '.package-lock.json'))) return false;
  const present = readJson('node_modules/.package-lock.json').packages;
  return Object.entries(readJson('package-lock.json').packages).every(
    ([place, { version, optional }]) =>
      place === '' || present[place]?.version === version || (optional && !present[place]), // of another platform
  );
}

/** Installs the packages of the lockfile where they are missing or others. No package's own script runs. */
export function install() {
  if (isInstalled()) return;
  process.stdout.write('Installing packages (once, about a minute) ...\n');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** Newest time of change, in ms, of a file or of anything in a folder. */
function newest(place) {
  const { mtimeMs } = statSync(place);
  const inside = statSync(place).isDirectory() ? readdirSync(place).map((name) => newest(path.join(place, name))) : [];
  return Math.max(mtimeMs, ...inside);
}

/** Builds dist/ where a source is newer. */
export function build() {
  const built = path.join(root, 'dist', '.built');
  const settings = [
    'esbuild.js',
    'test/tools/bundles.mjs',
    'test/tools/icons.mjs',
    'package-lock.json',
    'tsconfig.json',
  ];
  const sources = ['src', 'webview', 'media/fonts', ...settings];
  const changed = sources.map((name) => path.join(root, name)).filter((place) => existsSync(place));
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...changed.map(newest))) return;
  run(process.execPath, ['esbuild.js']);
}

/** Runs a command in the root with our streams; ends this process with its exit code where it fails. */
export function run(command, args) {
  // npm is a script on Windows, which only a shell runs; the arguments are ours and need no quoting.
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell });
  if (error) process.stderr.write(`${command} cannot be run: ${error.message}\n`);
  if (status !== 0) process.exit(signal ? 1 : (status ?? 1));
}
