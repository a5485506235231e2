import { Fault } from '../map/fault.js';
import type { MapSpecification } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import { readSpecification } from './fromJson.js';
import { fileNames, type Format, FORMATS } from './names.js';
import type { OutputFolder } from './outputFolder.js';

/** What a map's files will be called. `number`, when present, is what they got because other maps have the names. */
export interface FilePlan {
  readonly names: ReadonlyMap<Format, string>;
  readonly number?: number;
}

const MOST_SETS = 100_000;

/**
 * Chooses names for the files of a map. All files of a map have the same number, or none. A set of names is free when no
 * file has one of them, or when its JSON holds this very map (an equal specification, and no more cells than ours): writing
 * that again loses nothing. Pictures without a JSON beside them count as another map's.
 * @param overwrite take the names without a number, whatever has them.
 * @throws what {@link OutputFolder.list} throws.
 */
export async function planFiles(
  map: TokenMap,
  formats: readonly Format[],
  folder: Pick<OutputFolder, 'list' | 'read'>,
  overwrite: boolean,
): Promise<FilePlan> {
  const { specification } = map;
  const present = new Set(overwrite ? [] : await folder.list());
  for (let number = 1; number < MOST_SETS; number++) {
    const set = fileNames(specification, number);
    const taken = FORMATS.some((format) => present.has(set[format]));
    if (taken && !(present.has(set.json) && (await holdsNoMore(folder, set.json, map)))) continue;
    const names = new Map(formats.map((format) => [format, set[format]]));
    return number === 1 ? { names } : { names, number };
  }
  throw new Fault({
    code: 'output',
    message: `The folder holds ${MOST_SETS} maps of this layer already.`,
    hint: 'Choose another folder, or replace a map with --overwrite.',
  });
}

/** Whether a file is this map's JSON, with no more cells than the map has now. */
async function holdsNoMore(folder: Pick<OutputFolder, 'read'>, file: string, map: TokenMap): Promise<boolean> {
  try {
    const saved = readSpecification(await folder.read(file));
    const computed = map.cells.computed.reduce((sum, one) => sum + one, 0);
    return saved.computed <= computed && sameSpecification(saved.specification, map.specification);
  } catch {
    return false; // not ours, damaged or not to be read: not to be replaced unasked
  }
}

/** Whether two specifications describe the same map. */
export const sameSpecification = (a: MapSpecification, b: MapSpecification): boolean => canonical(a) === canonical(b);

/** JSON with sorted keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
