import { isGone, OWNER } from './owner.js';
import type { OutputFolder } from './outputFolder.js';

/** Under which names a save keeps its files before they have their own, and what it marks them with. */
export const temporaryNames = {
  /** A file on its way to its name. */
  part: (file: string, owner: string): string => `.${file}.${owner}.part`,
  /** A file that is about to be replaced. */
  old: (file: string, owner: string): string => `.${file}.${owner}.old`,
  /** Held by the save that is at a set of files, which its JSON's name stands for. It holds the owner. */
  lock: (json: string): string => `.${json}.lock`,
};

const NAME = 'embedding_grid_[\\w-]+\\.(?:png|svg|json|csv|npz)';
const TEMPORARY = new RegExp(`^\\.(${NAME}(?:\\.lock)?)\\.(${OWNER})\\.(part|old)$`);
const LOCK = new RegExp(`^\\.${NAME}\\.lock$`);
/** As version 0.1.0 named them. */
const OWNERLESS = new RegExp(`^\\.${NAME}\\.[0-9a-z]{1,8}\\.part$`);
/** Whose process cannot be looked at is given up after this time: a save takes seconds. */
const GIVEN_UP_MS = 24 * 60 * 60 * 1000;

/**
 * Removes what saves of killed processes have left in a folder: files that bear names as only we give them, and whose process
 * has ended. A set that a killed run was about to replace gets its names back, if none of the new one stands there. Never fails.
 */
export async function clearLeftovers(folder: OutputFolder): Promise<void> {
  const entries = await folder.list().catch(() => []);
  const present = new Set(entries.map(({ name }) => name));
  const replaced = new Set(
    entries.flatMap(({ name }) => {
      const [, file = '', owner = '', kind] = TEMPORARY.exec(name) ?? [];
      return kind === 'old' && present.has(file) ? [owner] : [];
    }),
  );
  for (const { name, isFile } of entries) {
    if (!isFile || !name.startsWith('.')) continue;
    try {
      const [, file, owner, kind] = TEMPORARY.exec(name) ?? [];
      if (file !== undefined && owner !== undefined) {
        if (!(await isNobodys(folder, name, owner))) continue;
        if (kind === 'old' && !replaced.has(owner)) await folder.take(name, file);
        await folder.remove(name);
      } else if (OWNERLESS.test(name)) {
        if ((await folder.look(name)).age > GIVEN_UP_MS) await folder.remove(name);
      } else if (LOCK.test(name)) {
        await breakLock(folder, name);
      }
    } catch {
      // Somebody else's, or just cleared by another run.
    }
  }
}

async function isNobodys(folder: OutputFolder, file: string, owner: string): Promise<boolean> {
  return isGone(owner) ?? (await folder.look(file)).age > GIVEN_UP_MS;
}

/**
 * Takes a lock away if it is nobody's. Two that do so at once cannot take away what a third has come to hold meanwhile: each
 * looks at what it has taken, and puts back what it did not mean.
 * @returns whether it was nobody's
 */
export async function breakLock(folder: OutputFolder, lock: string): Promise<boolean> {
  const owner = await ownerOf(folder, lock);
  if (owner === undefined || !(await isNobodys(folder, lock, owner))) return false;
  const aside = temporaryNames.part(lock.slice(1), owner);
  await folder.rename(lock, aside);
  if ((await ownerOf(folder, aside)) !== owner) await folder.take(aside, lock);
  await folder.remove(aside);
  return true;
}

/** Who holds a lock. undefined: nobody, any more. */
async function ownerOf(folder: OutputFolder, lock: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await folder.read(lock, 100));
  } catch {
    return undefined;
  }
}
