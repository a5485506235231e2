import { statSync } from 'node:fs';
import path from 'node:path';
import { clearLeftovers } from '../formats/leftovers.js';
import { clearUnfinishedFolders } from '../formats/makeFolder.js';
import { diskFolder } from '../formats/outputFolder.js';
import { newOwner } from '../formats/owner.js';
import { temporaryNames } from '../formats/temporaryNames.js';
import { Fault } from '../map/fault.js';

/**
 * Tries whether the folder for the files can be written, or made, before a long computation and not after it. Makes no folder:
 * a run that is killed leaves none. What killed runs left is cleared.
 * @throws Fault `output`.
 */
export async function checkOutputFolder(folder: string): Promise<void> {
  const refused = (why: string): Fault =>
    new Fault({
      code: 'output',
      message: `The output folder${folder === '' ? '' : ` ${folder}`} ${why}.`,
      hint: 'Choose another output folder.',
    });
  if (folder === '') throw refused('has no name');
  try {
    const place = nearestFolder(path.resolve(folder));
    if (place === undefined) throw refused('is a file');
    const above = diskFolder(place);
    const probe = temporaryNames.part('embedding_grid_probe.json', newOwner());
    try {
      await above.write(probe, new Uint8Array());
    } finally {
      await above.remove(probe);
    }
    await clearLeftovers(above);
    await clearUnfinishedFolders(place);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    const known: Record<string, string> = {
      ENOTDIR: 'would lie in a file',
      EACCES: 'cannot be written: permission denied',
      EPERM: 'cannot be written: permission denied',
      EROFS: 'cannot be written: the file system is read-only',
      ENOSPC: 'cannot be written: the disk is full',
      ENAMETOOLONG: 'has a name that is too long',
      ELOOP: 'cannot be found: its links lead in a circle',
    };
    throw refused(known[code ?? ''] ?? `cannot be written: ${message}`);
  }
}

/** The folder itself, or the nearest above it that is there. undefined: something else has its name. */
function nearestFolder(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (stat?.isDirectory()) return at;
    if (stat) return undefined;
    if (path.dirname(at) === at) return at;
  }
}
