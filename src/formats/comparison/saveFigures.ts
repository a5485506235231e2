import { Fault } from '../../map/fault.js';
import type { FileFormat } from '../fileFormat.js';
import { folderFault } from '../folderFault.js';
import { clearLeftovers } from '../leftovers.js';
import { diskFolder, type OutputFolder } from '../outputFolder.js';
import { newOwner } from '../owner.js';
import type { PictureOptions } from '../pictures.js';
import { temporaryNames } from '../temporaryNames.js';

/** Something in several formats, by their extensions. @throws Fault. */
export async function encodeAll<T>(
  of: T,
  formats: readonly FileFormat<T>[],
  options: PictureOptions,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const { extension, contents } of formats) {
    if (options.signal?.aborted) throw new Fault({ code: 'cancelled', message: 'Cancelled.' });
    found.set(extension, await contents(of, options));
  }
  return found;
}

const MOST_SETS = 100_000;

/**
 * Writes files that belong together, `NAME.svg` and so on, each whole or not at all, under names that nothing else has: where one
 * is taken, all get the next number, `NAME_2.svg`.
 * @param all extensions that a set of this name may have
 * @param name begins with `embedding_grid_`, so that what a killed run leaves is known for ours
 * @returns their places
 * @throws Fault `output`; then nothing is left.
 */
export async function saveFigures(
  directory: string | OutputFolder,
  name: string,
  all: readonly string[],
  files: ReadonlyMap<string, Uint8Array>,
): Promise<readonly string[]> {
  const folder = typeof directory === 'string' ? diskFolder(directory) : directory;
  const owner = newOwner();
  const parts = new Map<string, string>();
  try {
    await folder.make();
    await clearLeftovers(folder);
    for (const [format, bytes] of files) {
      const part = temporaryNames.part(`${name}.${format}`, owner);
      parts.set(format, part);
      await folder.write(part, bytes);
    }
    const present = new Set((await folder.list()).map((entry) => entry.name));
    for (let number = 1; number < MOST_SETS; number++) {
      const nameOf = (extension: string): string => `${name}${number > 1 ? `_${number}` : ''}.${extension}`;
      if (all.some((extension) => present.has(nameOf(extension)))) continue;
      const own = new Map([...parts.keys()].map((extension) => [extension, nameOf(extension)]));
      if (await takeAll(folder, parts, own)) return [...own.values()].map((file) => folder.place(file));
    }
    throw new Fault({ code: 'output', message: `${folder.name} holds too many files of this name.` });
  } catch (thrown) {
    throw folderFault(folder.name, thrown, ': nothing was saved');
  } finally {
    await Promise.all([...parts.values()].map((part) => folder.remove(part).catch(() => undefined)));
    await folder.unmake().catch(() => undefined);
  }
}

/** Gives all their names, or none: false where something has taken one meanwhile. */
async function takeAll(
  folder: OutputFolder,
  parts: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string>,
): Promise<boolean> {
  const taken: (readonly [part: string, name: string])[] = [];
  for (const [format, name] of own) {
    const part = parts.get(format) ?? '';
    if (!(await folder.take(part, name))) {
      for (const [from, to] of taken) await folder.rename(to, from);
      return false;
    }
    taken.push([part, name]);
  }
  return true;
}
