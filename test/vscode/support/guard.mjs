// Runs a command in this process's group and ends the whole group when standard input closes. The group's leader is this
// file, so that nothing survives a test run, whichever way the run itself ended: even SIGKILL closes its end of the pipe.
import { spawn } from 'node:child_process';
import process from 'node:process';

const [command, ...args] = process.argv.slice(2);
const endAll = () => process.kill(-process.pid, 'SIGKILL');
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  endAll();
});
child.on('exit', endAll);
process.stdin.on('end', endAll).on('error', endAll).resume();
