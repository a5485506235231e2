// npm start: sets up what is missing, builds, and draws maps. `npm start -- FLAGS` hands flags on to the command line.
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { build, install, root, run } from './prepare.mjs';

install();
build();
const cli = path.join(root, 'dist', 'cli.js');
if (process.argv.length === 2) {
  // The default plane goes in random directions, of which words say little: one between prompts comes first.
  run(process.execPath, [cli, '--preset', 'prompts', '--layer-idx', '3']);
  process.stdout.write('\nThe default map, whose plane goes in random directions:\n');
  process.once('exit', (code) => {
    if (code !== 0) return;
    process.stdout.write(`
Next, a prompt of yours in the first map:
  npm start -- --preset prompts --layer-idx 3 --center-prompt "In the beginning God created the heaven and the"
The panel in Visual Studio Code: npm run code
What else there is: npm start -- --help\n`);
  });
}
process.argv = [process.execPath, cli, ...process.argv.slice(2)];
await import(pathToFileURL(cli).href); // in this process, so that Ctrl-C and the exit code are its own
