// npm start: sets up what is missing, builds, and draws a map. `npm start -- FLAGS` hands flags on to the command line.
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { build, install, root } from './prepare.mjs';

install();
build();
const cli = path.join(root, 'dist', 'cli.js');
process.argv = [process.execPath, cli, ...process.argv.slice(2)];
await import(pathToFileURL(cli).href); // in this process, so that Ctrl-C and the exit code are its own
