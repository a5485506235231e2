import path from 'node:path';
import { COMPARISON_FORMATS, type SavedComparison, SERIES_FORMATS } from '../formats/comparison/formats.js';
import { encodeAll, saveFigures } from '../formats/comparison/saveFigures.js';
import type { FileFormat } from '../formats/fileFormat.js';
import { LENS_FORMATS } from '../formats/lens/formats.js';
import { fileName } from '../formats/names.js';
import type { OutputFolder } from '../formats/outputFolder.js';
import type { PictureOptions } from '../formats/pictures.js';
import { PROFILE_FORMATS } from '../formats/profile/formats.js';
import { saveMap } from '../formats/saveMap.js';
import { type CellDivergences, compareMaps } from '../map/compare/comparison.js';
import { Fault } from '../map/fault.js';
import type { LensTable } from '../map/lens/lensTable.js';
import type { Profile } from '../map/profile.js';
import { linesOf } from '../map/series/lines.js';
import { members } from '../map/series/series.js';
import type { TokenMap } from '../map/tokenMap.js';
import { DEFAULT_FORMATS } from './outputDefaults.js';
import type { ModelSeries } from './series/memberEngine.js';
import { SeriesFolder } from './series/seriesFolder.js';
import { type ResultMember, seriesResults } from './series/seriesResults.js';

/** What a panel shows beside its map, and is saved as one. */
export type SavedSet =
  | {
      readonly kind: 'comparison';
      readonly a: TokenMap;
      readonly b: TokenMap;
      readonly divergences?: CellDivergences | undefined;
    }
  /** `maps`: one for each member, in their order. */
  | { readonly kind: 'series'; readonly series: ModelSeries; readonly maps: readonly TokenMap[] }
  | { readonly kind: 'lens'; readonly tables: readonly LensTable[] };

/** What a picture is made of; what is none of {@link SavedSet} is saved as such alone. */
export type DrawnSet = SavedSet | { readonly kind: 'profile'; readonly profile: Profile };

/** What a set's picture is; a film only of a series, a page of maps, numbers only of a profile. */
export type SetPicture = 'png' | 'svg' | 'apng' | 'html' | 'csv';

/** What the files of a set are called. */
export const COMPARISON_NAME = 'embedding_grid_comparison';
export const LENS_NAME = 'embedding_grid_lens';

const namesOf = (formats: readonly FileFormat<never>[]): readonly string[] => formats.map(({ extension }) => extension);
const usual = <T>(formats: readonly FileFormat<T>[]): readonly FileFormat<T>[] =>
  formats.filter(({ name }) => DEFAULT_FORMATS.some((one) => one === name));

/**
 * Saves what belongs together: of a comparison both maps and what lies between them; of a series a folder as `--vary` makes it; of
 * a lens its table and its picture.
 * @param disk the folder's path, where it is on this machine's disk
 * @returns the place of the JSON that opens all of it again
 * @throws Fault `output`.
 */
export async function saveSet(
  set: SavedSet,
  folder: OutputFolder,
  disk: string | null,
  options: PictureOptions,
): Promise<string> {
  if (set.kind === 'lens') {
    const encoded = await encodeAll(set.tables, usual<readonly LensTable[]>(LENS_FORMATS), options);
    return jsonOf(await saveFigures(folder, LENS_NAME, namesOf(LENS_FORMATS), encoded));
  }
  if (set.kind === 'comparison') {
    const { a, b, divergences } = set;
    const files: string[] = [];
    for (const map of [a, b]) {
      const { number } = await saveMap(map, {
        ...options,
        directory: folder,
        formats: DEFAULT_FORMATS,
        overwrite: false,
      });
      files.push(fileName(map.specification, 'json', number));
    }
    const comparison: SavedComparison = { ...compareMaps(a, b, divergences), files };
    const encoded = await encodeAll(comparison, usual<SavedComparison>(COMPARISON_FORMATS), options);
    return jsonOf(await saveFigures(folder, COMPARISON_NAME, namesOf(COMPARISON_FORMATS), encoded));
  }
  if (disk === null)
    throw new Fault({
      code: 'output',
      message: 'The maps of all layers are saved into a folder of this machine’s disk, and this one is none.',
      hint: 'Save as, and choose another folder.',
    });
  const saved = await SeriesFolder.begin(disk, set.series);
  const found = new Map<number, ResultMember>();
  for (const member of members(set.series)) {
    const map = set.maps[member.number];
    if (!map) continue;
    const directory = saved.memberFolder(member);
    await saveMap(map, { ...options, directory, formats: DEFAULT_FORMATS, overwrite: true });
    found.set(member.number, { member, map });
  }
  const nobody = (): Promise<never> => Promise.reject(new Fault({ code: 'internal', message: 'There is no engine.' }));
  const { files } = await seriesResults(
    set.series,
    found,
    saved,
    { modelOf: () => set.series.model, laid: nobody, open: nobody },
    {
      formats: DEFAULT_FORMATS,
      follow: [],
      divergences: false,
      device: 'auto',
      memory: undefined,
      onNote: () => undefined,
      onProgress: () => undefined,
      ...options,
      signal: options.signal ?? new AbortController().signal,
    },
  );
  return jsonOf(files);
}

/** A set's picture. @throws Fault. */
export async function encodeSet(set: DrawnSet, format: SetPicture, options: PictureOptions): Promise<Uint8Array> {
  const of = <T>(what: T, formats: readonly FileFormat<T>[]): Promise<Uint8Array> | Uint8Array => {
    const found = formats.find(({ name }) => name === format);
    if (!found) throw new Error(`There is no format ${format}.`);
    return found.contents(what, options);
  };
  if (set.kind === 'lens') return of<readonly LensTable[]>(set.tables, LENS_FORMATS);
  if (set.kind === 'profile') return of<Profile>(set.profile, PROFILE_FORMATS);
  if (set.kind === 'comparison')
    return of<SavedComparison>(compareMaps(set.a, set.b, set.divergences), COMPARISON_FORMATS);
  const { name, places, lines } = linesOf(set.series.vary);
  const drawn = lines.map((line) => ({
    name: line.name,
    members: line.members.flatMap((number, i) => {
      const map = set.maps[number];
      return map ? [{ name: places[i] ?? '', map }] : [];
    }),
  }));
  const statistics = { axis: name, plane: set.series.plane, vary: set.series.vary, lines: [] };
  return of({ axis: name, plane: set.series.plane, lines: drawn, statistics }, SERIES_FORMATS);
}

const jsonOf = (places: readonly string[]): string =>
  places.find((place) => path.basename(place).endsWith('.json')) ?? places[0] ?? '';
