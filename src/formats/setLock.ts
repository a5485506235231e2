import { Fault } from '../map/fault.js';
import { breakLock } from './leftovers.js';
import type { OutputFolder } from './outputFolder.js';
import { temporaryNames } from './temporaryNames.js';

/** A set of files, held by one save. */
export interface SetLock {
  release(): Promise<void>;
}

const PAUSE_MS = 25;

/**
 * Holds the set of files that a JSON's name stands for, so that no other save of this program touches it.
 * @param patience how long to wait for another that holds it, in ms.
 * @returns undefined where another holds it still
 * @throws Fault `cancelled` when aborted, and the system's errors.
 */
export async function holdSet(
  folder: OutputFolder,
  json: string,
  owner: string,
  patience: number,
  signal?: AbortSignal,
): Promise<SetLock | undefined> {
  const lock = temporaryNames.lock(json);
  const part = temporaryNames.part(lock.slice(1), owner);
  const until = performance.now() + patience;
  try {
    await folder.write(part, new TextEncoder().encode(owner));
    while (!(await folder.take(part, lock))) {
      if (signal?.aborted) throw new Fault({ code: 'cancelled', message: 'Cancelled.' });
      if (await breakLock(folder, lock).catch(() => false)) continue;
      if (performance.now() >= until) return undefined;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } finally {
    await folder.remove(part).catch(() => undefined);
  }
  return { release: () => folder.remove(lock).catch(() => undefined) };
}
