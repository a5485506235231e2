// node test/package/editor.mjs VERSION FILE.vsix: installs the packed extension into a VS Code of that version, and lists it. For hosted
// runners: needs @vscode/test-electron, which downloads VS Code. (`npm test` drives the workbench that npm has.)
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { downloadAndUnzipVSCode, resolveCliArgsFromVSCodeExecutablePath } from '@vscode/test-electron';

const [version, vsix] = process.argv.slice(2);
const [cli, ...args] = resolveCliArgsFromVSCodeExecutablePath(await downloadAndUnzipVSCode(version));
const home = mkdtempSync(path.join(tmpdir(), 'embedding-grid-editor-'));
const run = (...more) => {
  const places = ['--user-data-dir', path.join(home, 'user'), '--extensions-dir', path.join(home, 'extensions')];
  const { status, stdout, stderr } = spawnSync(cli, [...args, ...places, ...more], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};
run('--install-extension', path.resolve(vsix));
if (!run('--list-extensions').includes('embedding-grid.embedding-grid')) throw new Error('The extension is not there.');
console.log(`VS Code ${version} takes the extension.`);
