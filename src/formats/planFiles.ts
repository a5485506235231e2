import type { TokenMap } from '../map/tokenMap.js';
import { readHead } from './fromJson.js';
import { fileName, fileNames } from './names.js';
import type { FolderEntry, OutputFolder } from './outputFolder.js';
import { sameSpecification } from '../map/dependence.js';

/** What stands under the names of a set: nothing, this very map with no more cells, or something else. */
export type Standing = 'nothing' | 'same' | 'other';

/**
 * What a map would find under the names of its set of this number, in a folder that was listed. A set that holds this very map
 * (an equal specification in its JSON, and no more cells) loses nothing when the map is written again. Pictures without a JSON
 * beside them count as another map's.
 */
export async function standing(
  map: TokenMap,
  number: number,
  folder: Pick<OutputFolder, 'read'>,
  present: ReadonlySet<string>,
): Promise<Standing> {
  if (!fileNames(map.specification, number).some((name) => present.has(name))) return 'nothing';
  const json = fileName(map.specification, 'json', number);
  return present.has(json) && (await holdsNoMore(folder, json, map)) ? 'same' : 'other';
}

export const namesOf = (entries: readonly FolderEntry[]): ReadonlySet<string> =>
  new Set(entries.map(({ name }) => name));

/**
 * The number that the files of a map would get by what stands in a folder now: 1 where its names are free, or hold this very
 * map. Writes nothing.
 */
export async function plannedNumber(map: TokenMap, folder: Pick<OutputFolder, 'list' | 'read'>): Promise<number> {
  const present = namesOf(await folder.list().catch(() => [])); // none yet: it will be made
  let number = 1;
  while ((await standing(map, number, folder, present)) === 'other') number++;
  return number;
}

/** Whether a file is this map's JSON, with no more cells than the map has now. */
async function holdsNoMore(folder: Pick<OutputFolder, 'read'>, file: string, map: TokenMap): Promise<boolean> {
  try {
    const saved = await readHead((most) => folder.read(file, most));
    const computed = map.cells.computed.reduce((sum, one) => sum + one, 0);
    return saved.computed <= computed && sameSpecification(saved.specification, map.specification);
  } catch {
    return false; // not ours, damaged or not to be read: not to be replaced unasked
  }
}

/** The names of the set that a JSON belongs to, by what it says of its map; none where it is not ours. */
export async function namesOfSet(
  folder: Pick<OutputFolder, 'read'>,
  json: string,
  number: number,
): Promise<readonly string[]> {
  try {
    return fileNames((await readHead((most) => folder.read(json, most))).specification, number);
  } catch {
    return [];
  }
}
