import { GIVEN_UP_MS, isGone } from './owner.js';
import type { OutputFolder } from './outputFolder.js';
import { LOCK, OWNERLESS, TEMPORARY, temporaryNames } from './temporaryNames.js';

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
