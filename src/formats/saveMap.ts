import { Fault, type FaultData } from '../map/fault.js';
import { settledMap } from '../map/settledMap.js';
import type { TokenMap } from '../map/tokenMap.js';
import { clearLeftovers } from './leftovers.js';
import { type Format, formatOf, FORMATS } from './formats.js';
import { folderFault } from './folderFault.js';
import { fileName } from './names.js';
import { diskFolder, type OutputFolder } from './outputFolder.js';
import { newOwner } from './owner.js';
import type { PictureOptions } from './pictures.js';
import { type Claim, claimSet } from './claimSet.js';
import { temporaryNames } from './temporaryNames.js';
import { cellsBeside } from './toJson.js';

export interface SaveOptions extends PictureOptions {
  /** At least one. */
  readonly formats: readonly Format[];
  /** A path, made if it is not there, or a folder that is reached in another way. */
  readonly directory: string | OutputFolder;
  /** Replace the set of files that has the names, as a whole, whatever it holds. */
  readonly overwrite?: boolean;
}

/** A picture that could not be made, and why. */
export interface MissingFile {
  readonly format: Format;
  readonly fault: FaultData;
}

export interface SavedFiles {
  /** Places of the files, in the order of the formats; of a large map also the .npz that its JSON's cells stand in. */
  readonly files: readonly string[];
  /** Present when other maps had the names: the number that all of these files got. */
  readonly number?: number;
  /** Pictures that could not be made, though everything else was saved. */
  readonly missing: readonly MissingFile[];
}

/**
 * Saves a map as a set of files that have one number, or none. Each file is written whole or not at all: it is written under
 * another name first, and takes its own when it is finished. A set whose names anything else has, or takes meanwhile, moves on
 * to the next number; so do runs of other processes. Numbers come first: a picture that fails, or for which there was no time
 * any more, does not take them with it. When saving fails or is aborted before that, nothing is left behind and what was there
 * stands as it was.
 * @throws Fault `output` when the folder cannot be written, `cancelled` when aborted, and that of a picture where nothing else
 *   was to be saved.
 */
export async function saveMap(drawn: TokenMap, options: SaveOptions): Promise<SavedFiles> {
  const map = settledMap(drawn);
  const { signal } = options;
  const formats = withCells(map, options.formats);
  const folder = typeof options.directory === 'string' ? diskFolder(options.directory) : options.directory;
  const owner = newOwner();
  const parts = new Map<Format, string>();
  const stopWhenAborted = (): void => {
    if (signal?.aborted) throw new Fault({ code: 'cancelled', message: 'Cancelled.' });
  };
  // Not before there is something to write: a run that is killed leaves no empty folder.
  let made: Promise<void> | undefined;
  const make = (): Promise<void> => (made ??= folder.make().then(() => clearLeftovers(folder)));
  const write = async (format: Format, bytes: Uint8Array): Promise<void> => {
    stopWhenAborted();
    await make();
    const part = temporaryNames.part(fileName(map.specification, format), owner);
    parts.set(format, part);
    await folder.write(part, bytes);
    stopWhenAborted();
  };
  let claim: Claim | undefined;
  try {
    stopWhenAborted();
    const contents = async (format: Format): Promise<Uint8Array> => formatOf(format).contents(map, options);
    // Pixels are drawn elsewhere: they are begun first and the others are made meanwhile.
    const begun = new Map<Format, Promise<Uint8Array>>();
    for (const format of formats.filter((one) => formatOf(one).kind === 'pixels')) {
      const drawing = twice(() => contents(format), signal);
      drawing.catch(() => undefined); // whether it fails is asked for below
      begun.set(format, drawing);
    }
    for (const format of inOrder(formats)) await write(format, await contents(format));
    const claiming = { owner, overwrite: options.overwrite ?? false, formats, ...(signal ? { signal } : {}) };
    await make();
    claim = await claimSet(map, folder, parts, claiming);
    if (claim.names.size > 0) await claim.keep();
    const missing: MissingFile[] = [];
    for (const format of formats.filter((one) => formatOf(one).kind !== 'data')) {
      try {
        await write(format, await (begun.get(format) ?? contents(format)));
        await claim.name(format);
      } catch (thrown) {
        missing.push({ format, fault: folderFault(folder.name, thrown).toData() });
      }
    }
    const [first] = missing;
    if (first && claim.names.size === 0) throw new Fault(first.fault);
    await claim.keep();
    return {
      files: formats.flatMap((format) => {
        const name = claim?.names.get(format);
        return name === undefined ? [] : [folder.place(name)];
      }),
      ...(claim.number === 1 ? {} : { number: claim.number }),
      missing,
    };
  } catch (thrown) {
    await claim?.undo();
    throw folderFault(folder.name, thrown, ': nothing was saved');
  } finally {
    await Promise.all([...parts.values()].map((part) => folder.remove(part).catch(() => undefined)));
    await claim?.release();
    await folder.unmake().catch(() => undefined);
  }
}

/** Data in the order in which it takes its names: a JSON is never there without the cells that stand beside it. */
const inOrder = (formats: readonly Format[]): readonly Format[] => [
  ...formats.filter((format) => formatOf(format).kind === 'data' && format !== 'json'),
  ...formats.filter((format) => format === 'json'),
];

/** What is asked for and, where the cells of a JSON stand beside it, what they stand in. */
const withCells = (map: TokenMap, formats: readonly Format[]): readonly Format[] =>
  formats.includes('json') && cellsBeside(map)
    ? FORMATS.filter((format) => format === 'npz' || formats.includes(format))
    : formats;

/** What it takes a second time to do, where the first time fails: the process that draws may have been ended for memory. */
async function twice<T>(act: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    if (signal?.aborted) throw thrown;
    return act();
  }
}
