import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { GIVEN_UP_MS, isGone, newOwner } from './owner.js';
import { FOLDER, temporaryNames } from './temporaryNames.js';

export interface MadeFolder {
  /** The first of those that were made. */
  readonly first: string;
  /** Name of a file in the folder, by which a later run knows, if we are killed, that we were there. To be removed. */
  readonly mark: string;
}

/**
 * Makes a folder and those above it, unless it is there. They are made under another name, with a file that marks whose they
 * are, and take their own together: a run that is killed at any moment leaves no empty folder that nobody clears.
 * @returns undefined where the folder is there
 */
export function makeFolder(folder: string): Promise<MadeFolder | undefined> {
  let first = folder;
  return again(
    async () => {
      if (await isFolder(folder)) return undefined;
      for (first = folder; dirname(first) !== first && !(await isFolder(dirname(first)));) first = dirname(first);
      await clearUnfinishedFolders(dirname(first));
      const owner = newOwner();
      const unfinished = join(dirname(first), temporaryNames.folder(owner));
      const mark = temporaryNames.part('embedding_grid_folder.json', owner);
      await mkdir(unfinished);
      try {
        const inside = join(unfinished, relative(first, folder));
        await mkdir(inside, { recursive: true });
        await writeFile(join(inside, mark), '');
        await rename(unfinished, first);
      } catch (error) {
        await rm(unfinished, { recursive: true, force: true });
        throw error;
      }
      return { first, mark };
    },
    // The folder above has been taken away meanwhile, unless it is there and refuses; or another run has made the first.
    async (code) => (code === 'ENOENT' ? !(await isFolder(dirname(first))) : await isFolder(first)),
  );
}

/** Removes folders that runs were making here when they were killed. Never fails. */
export async function clearUnfinishedFolders(above: string): Promise<void> {
  for (const name of await readdir(above).catch(() => [])) {
    const [, owner] = FOLDER.exec(name) ?? [];
    if (owner === undefined) continue;
    try {
      const path = join(above, name);
      if (isGone(owner) ?? Date.now() - (await stat(path)).mtimeMs > GIVEN_UP_MS)
        await rm(path, { recursive: true, force: true });
    } catch {
      // Somebody else's, or just cleared by another run.
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** How often a folder is made again that another run, which had made it for nothing, has just taken away. */
const TRIES = 20;

/** Acts again, a few times, after errors that are worth it: another run may have caused them. */
export async function again<T>(act: () => Promise<T>, worth: (code: string) => Promise<boolean>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (error) {
      if (tries === TRIES || !(await worth(codeOf(error)))) throw error;
    }
  }
}

export const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
