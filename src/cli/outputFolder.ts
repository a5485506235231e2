import { mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../map/fault.js';

/**
 * Makes the folder for the files and tries whether it can be written, before a long computation and not after it.
 * Gives a function that takes away the folders that were made for nothing, when no file came.
 * @throws Fault `output`.
 */
export function prepareOutputFolder(folder: string): () => void {
  const refused = (why: string): Fault =>
    new Fault({
      code: 'output',
      message: `The output folder ${folder} ${why}.`,
      hint: 'Choose another output folder.',
    });
  let first: string | undefined;
  try {
    if (statSync(folder, { throwIfNoEntry: false })?.isFile()) throw refused('is a file');
    first = makeFolder(path.resolve(folder));
    rmdirSync(mkdtempSync(path.join(folder, '.embedding-grid-')));
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    const known: Record<string, string> = {
      ENOTDIR: 'would lie in a file',
      EEXIST: 'would lie in a file',
      EACCES: 'cannot be written: permission denied',
      EPERM: 'cannot be written: permission denied',
      EROFS: 'cannot be written: the file system is read-only',
      ENOSPC: 'cannot be written: the disk is full',
      ENAMETOOLONG: 'has a name that is too long',
    };
    throw refused(known[code ?? ''] ?? `cannot be written: ${message}`);
  }
  return () => {
    if (first === undefined) return;
    try {
      for (let at = path.resolve(folder); at.length >= first.length; at = path.dirname(at)) rmdirSync(at);
    } catch {
      // It holds something by now, and stays.
    }
  };
}

/**
 * Makes a folder and those above it, and gives the first that was made. Node's own recursive way never ends where the system
 * takes no folder and says that there is none (`/proc`).
 */
function makeFolder(folder: string): string | undefined {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const above = path.dirname(folder) === folder ? undefined : makeFolder(path.dirname(folder));
  mkdirSync(folder);
  return above ?? folder;
}
