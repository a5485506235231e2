import { Fault } from '../map/fault.js';
import type { TokenMap } from '../map/tokenMap.js';
import { toCsv } from './csv.js';
import type { Format } from './names.js';
import { withoutMeasured } from './measured.js';
import { toNpz } from './npz.js';
import { diskFolder, type OutputFolder } from './outputFolder.js';
import { type PictureOptions, toPng, toSvg } from './pictures.js';
import { planFiles } from './planFiles.js';
import { toJson } from './toJson.js';

export interface SaveOptions extends PictureOptions {
  /** At least one. */
  readonly formats: readonly Format[];
  /** A path, made if it is not there, or a folder that is reached in another way. */
  readonly directory: string | OutputFolder;
  /** Replace files of the same names, whatever they hold. */
  readonly overwrite?: boolean;
}

export interface SavedFiles {
  /** Places of the files, in the order of the formats. */
  readonly files: readonly string[];
  /** Present when other maps had the names: the number that all of these files got. */
  readonly number?: number;
}

/**
 * Saves a map. Each file is written whole or not at all: all are written under other names first and then renamed, and
 * nothing is left behind when that fails or is aborted.
 * @throws Fault `output` when the folder cannot be written, `cancelled` when aborted, `internal`.
 */
export async function saveMap(map: TokenMap, options: SaveOptions): Promise<SavedFiles> {
  const folder = typeof options.directory === 'string' ? diskFolder(options.directory) : options.directory;
  const stopWhenAborted = (): void => {
    if (options.signal?.aborted) throw new Fault({ code: 'cancelled', message: 'Cancelled.' });
  };
  stopWhenAborted();
  await outputFault(folder, () => folder.make());
  const plan = await outputFault(folder, () => planFiles(map, options.formats, folder, options.overwrite ?? false));
  const temporary = new Map<string, string>();
  try {
    // The picture is drawn elsewhere: it is begun first and the others are made meanwhile.
    const pictures = options.formats.includes('png') ? toPng(withoutMeasured(map), options) : undefined;
    pictures?.catch(() => undefined); // whether it fails is asked for below
    for (const [format, name] of [...plan.names].sort(([a], [b]) => Number(a === 'png') - Number(b === 'png'))) {
      const bytes = format === 'png' && pictures ? await pictures : await contents(map, format, options);
      stopWhenAborted();
      const part = `.${name}.${Math.random().toString(36).slice(2, 10)}.part`;
      temporary.set(part, name);
      await outputFault(folder, () => folder.write(part, bytes));
      stopWhenAborted();
    }
    for (const [part, name] of temporary) {
      await outputFault(folder, () => folder.rename(part, name));
      temporary.delete(part);
    }
  } finally {
    await Promise.all([...temporary.keys()].map((part) => folder.remove(part).catch(() => undefined)));
  }
  return {
    files: [...plan.names.values()].map((name) => folder.place(name)),
    ...(plan.number === undefined ? {} : { number: plan.number }),
  };
}

async function contents(map: TokenMap, format: Format, options: PictureOptions): Promise<Uint8Array> {
  switch (format) {
    case 'json':
      return toJson(map);
    case 'csv':
      return toCsv(map);
    case 'npz':
      return toNpz(map);
    case 'svg':
      return Buffer.from(await toSvg(withoutMeasured(map), options));
    case 'png':
      return toPng(withoutMeasured(map), options);
  }
}

/** Why a folder cannot be written, by the system's error code; VS Code's codes are words. */
const REASONS: readonly [codes: RegExp, reason: (name: string) => string, hint: string][] = [
  [/^(EEXIST|ENOTDIR|FileNotADirectory)/, (name) => `${name} is not a folder`, 'Choose another folder.'],
  [/^(EACCES|EPERM|NoPermissions)/, (name) => `${name} may not be written`, 'Choose a folder that is yours to write.'],
  [/^EROFS/, (name) => `${name} is on a read-only disk`, 'Choose another folder.'],
  [/^(ENOSPC|EDQUOT)/, (name) => `The disk of ${name} is full`, 'Free some space, or choose a folder on another disk.'],
  [
    /^EISDIR/,
    (name) => `In ${name} a folder has the name of a file to be written`,
    'Move it, or choose another folder.',
  ],
  [/^ENAMETOOLONG/, (name) => `The path ${name.slice(0, 40)}… is too long`, 'Choose another folder.'],
];

async function outputFault<T>(folder: OutputFolder, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Fault) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const known = REASONS.find(([codes]) => codes.test(code));
    throw new Fault({
      code: 'output',
      message: `${known ? known[1](folder.name) : `The files cannot be written to ${folder.name}`}: nothing was saved.`,
      hint: known?.[2] ?? 'Choose another folder.',
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}
