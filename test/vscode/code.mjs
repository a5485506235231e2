// npm run code: VS Code with the extension in it. The desktop's `code` where there is one, else the workbench that the tests
// use, at an address of this machine. `npm run code -- FOLDER` opens that folder.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { build, install, root, run } from '../tools/prepare.mjs';
import { setUp, unsupported } from './setup.mjs';

const folder = path.resolve(process.argv[2] ?? process.cwd());
install();
build();
const shell = process.platform === 'win32'; // `code` is a script there
const desktop = spawnSync('code', ['--version'], { stdio: 'ignore', shell }).status === 0;
if (desktop) {
  run('code', ['--extensionDevelopmentPath', root, folder]);
} else if (unsupported()) {
  process.stdout.write('There is no `code` on the PATH. Install VS Code and its `code` command, and run this again.\n');
  process.exitCode = 1;
} else {
  await setUp();
  run(process.execPath, ['--import', 'tsx', path.join('test', 'vscode', 'code.ts'), folder]);
}
