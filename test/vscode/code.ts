// The second half of code.mjs: the workbench as a server, until Ctrl-C.
import { once } from 'node:events';
import process from 'node:process';
import { ROOT } from './support/places.js';
import { startServer } from './support/server.js';
import { windowAddress } from './support/workbench.js';

const server = await startServer({
  workspace: process.argv[2] ?? process.cwd(),
  settings: () => ({ 'security.workspace.trust.enabled': true, 'workbench.colorTheme': 'Default Dark Modern' }),
});
process.stdout.write(
  `VS Code with Embedding Grid, until Ctrl-C:\n\n  ${windowAddress(server, { extension: ROOT })}\n\n`,
);
process.stdout.write('Press F1 and type "Generate Embedding Grid".\n');
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await server.stop();
