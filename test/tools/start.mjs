// npm start: sets up what is missing, builds, and draws a map. `npm start -- FLAGS` hands flags on to the command line.
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { build, install, root } from './prepare.mjs';

install();
build();
if (process.argv.length === 2)
  process.once('exit', (code) => {
    if (code !== 0) return;
    process.stdout.write(`Next, a plane through three prompts: npm start -- --preset prompts --layer-idx 3
The panel in Visual Studio Code:      npm run code
What else there is:                   npm start -- --help\n`);
  });
const cli = path.join(root, 'dist', 'cli.js');
process.argv = [process.execPath, cli, ...process.argv.slice(2)];
await import(pathToFileURL(cli).href); // in this process, so that Ctrl-C and the exit code are its own
