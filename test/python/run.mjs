// npm run test:python: the Python package's tests, its wheel, and a notebook with its pictures. What it needs of PyPI goes into an
// environment of its own under .cache/. Prints its figures; says plainly where there is no Python.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { build, install, root } from '../tools/prepare.mjs';

install();
build();
const home = path.join(root, '.cache', 'python');
const python = path.join(home, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
if (!existsSync(python)) {
  const made = spawnSync(process.env.PYTHON ?? 'python3', ['-m', 'venv', home], { stdio: 'inherit' });
  if (made.status !== 0) {
    console.log('Not tested: there is no Python 3.9 or newer with venv here; PYTHON names another.');
    process.exit(1);
  }
}
const env = {
  ...process.env,
  EMBEDDING_GRID_COMMAND: `"${process.execPath}" "${path.join(root, 'dist', 'cli.js')}"`,
  CHECKPOINT: path.join(root, 'test', 'fixtures', 'checkpoints', 'llama-fp32'),
};
const run = (args, options = {}) => execFileSync(python, args, { cwd: root, env, stdio: 'inherit', ...options });
/** Prints the files of a wheel that hold a text. */
const HOLDS = `import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
print(*[name for name in wheel.namelist() if sys.argv[2].encode() in wheel.read(name)])`;
const needed = ['numpy', 'pandas', 'build', 'hatchling', 'nbconvert', 'ipykernel'];
run(['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...needed]);

const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-python-'));
try {
  run(['-m', 'build', '--wheel', '--no-isolation', '--outdir', folder, path.join(root, 'python')], { stdio: 'pipe' });
  const wheel = path.join(folder, 'embedding_grid-0.1.0-py3-none-any.whl');
  run(['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--force-reinstall', '--no-deps', wheel]);
  const names = run(['-m', 'zipfile', '--list', wheel], { stdio: 'pipe' }).toString();
  for (const wanted of ['embedding_grid/py.typed', 'embedding_grid/model.py', 'licenses/LICENSE', 'METADATA'])
    if (!names.includes(wanted)) throw new Error(`The wheel lacks ${wanted}.`);
  for (const place of [root, homedir()])
    if (run(['-c', HOLDS, wheel, place], { stdio: 'pipe' }).toString().trim() !== '')
      throw new Error(`The wheel names a place on this machine: ${place}.`);
  console.log(`Wheel: ${names.trim().split('\n').length - 1} files, with licence and types, no place of this machine.`);

  run(['-m', 'unittest', 'discover', '--start-directory', 'python/tests', '--verbose']);

  const notebook = path.join(folder, 'map.ipynb');
  const source =
    'import embedding_grid\nembedding_grid.Model().map(layer_idx=3, grid_size=12, prompt="The old man walked to the")';
  const cell = { cell_type: 'code', execution_count: null, id: 'map', metadata: {}, outputs: [], source };
  writeFileSync(notebook, JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  run(['-m', 'nbconvert', '--to', 'html', '--execute', '--log-level', 'ERROR', notebook]);
  const page = readFileSync(path.join(folder, 'map.html'), 'utf8');
  const map = /<iframe sandbox="allow-scripts allow-downloads"[^>]*srcdoc="([^"]+)"/.exec(page)?.[1];
  if (!map?.includes('layer 3 of novella-3m')) throw new Error('The notebook shows no map.');
  console.log(`Notebook: nbconvert's page shows the map as a page of ${Math.round(map.length / 1000)} kB.`);
} finally {
  rmSync(folder, { recursive: true });
}
