import process from 'node:process';
import type { Server } from './server.js';

/** Process ids of the engines of all windows of a server. */
export const engines = async (server: Server): Promise<readonly number[]> =>
  (await server.processes()).filter(({ command }) => command.includes('engine.cjs')).map(({ pid }) => pid);

/** Stops engines where they are, as a machine does that has other things to do. @returns what lets those that are left go on */
export async function holdEngines(server: Server): Promise<() => void> {
  const held = await engines(server);
  for (const pid of held) process.kill(pid, 'SIGSTOP');
  return () => {
    for (const pid of held)
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        // It was ended meanwhile.
      }
  };
}
