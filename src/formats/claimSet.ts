import { Fault } from '../map/fault.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { Format } from './formats.js';
import { fileName, fileNames } from './names.js';
import type { OutputFolder } from './outputFolder.js';
import { namesOf, namesOfSet, standing } from './planFiles.js';
import { holdSet, type SetLock } from './setLock.js';
import { temporaryNames } from './temporaryNames.js';

/** A set of files, while it takes its names. No other save of this program touches it until it is released. */
export interface Claim {
  /** From 1. */
  readonly number: number;
  /** The names that were taken. */
  readonly names: ReadonlyMap<Format, string>;
  /** Gives a finished file its name. @throws where something else has it, and the system's errors. */
  name(format: Format): Promise<void>;
  /** Gives up what was replaced. */
  keep(): Promise<void>;
  /** Takes the names back, and gives them to what had them before, unless that was given up. */
  undo(): Promise<void>;
  release(): Promise<void>;
}

export interface ClaimOptions {
  readonly owner: string;
  /** Take the set without a number, whatever has its names. */
  readonly overwrite: boolean;
  /** All that will be saved, also what is not finished yet. */
  readonly formats: readonly Format[];
  readonly signal?: AbortSignal;
}

const MOST_SETS = 100_000;
/** How long another save of the same files is waited for, before the next number is taken. */
const PATIENCE_MS = 60_000;

/**
 * Finds a set of names that nothing else has, and gives them to the finished files; of several saves at once each gets a set of
 * its own. With `overwrite` the set without a number is taken, and all that belongs to it goes; only where another save is still
 * writing that one after a minute is the next number taken as well.
 * @param parts names of finished files, in the order in which they take their own
 * @throws Fault `output`, `cancelled`, and the system's errors; then everything is as it was.
 */
export async function claimSet(
  map: TokenMap,
  folder: OutputFolder,
  parts: ReadonlyMap<Format, string>,
  { owner, overwrite, formats, signal }: ClaimOptions,
): Promise<Claim> {
  let present = namesOf(await folder.list());
  for (let number = 1; number < MOST_SETS; number++) {
    const replace = overwrite && number === 1;
    const guess = await standing(map, number, folder, present);
    if (guess === 'other' && !replace) continue;
    const own = (format: Format): string => fileName(map.specification, format, number);
    const json = own('json');
    const lock = await holdSet(folder, json, owner, guess === 'nothing' && !replace ? 0 : PATIENCE_MS, signal);
    if (!lock) continue;
    let claim: HeldSet | undefined;
    try {
      const entries = await folder.list();
      present = namesOf(entries);
      // Now that no other save of ours changes it.
      const found = await standing(map, number, folder, present);
      if (found === 'other' && !replace) {
        await lock.release();
        continue;
      }
      claim = new HeldSet(folder, parts, own, number, lock, owner, found === 'same');
      const files = new Set(entries.filter(({ isFile }) => isFile).map(({ name }) => name));
      if (formats.some((format) => present.has(own(format)) && !files.has(own(format))))
        throw Object.assign(new Error('A folder has the name.'), { code: 'EISDIR' });
      if (found === 'other') {
        const set = [...fileNames(map.specification, number), ...(await namesOfSet(folder, json, number))];
        await claim.moveAside([...new Set(set)].filter((name) => files.has(name)));
      }
      for (const format of parts.keys()) await claim.name(format);
      return claim;
    } catch (thrown) {
      await claim?.undo();
      await lock.release();
      // Something that is none of ours has taken a name meanwhile.
      if (!(thrown instanceof NameTaken)) throw thrown;
    }
  }
  throw new Fault({
    code: 'output',
    message: `The folder holds ${MOST_SETS} maps of this layer already.`,
    hint: 'Choose another folder, or replace a map with --overwrite.',
  });
}

/** Something has taken a name that was free. */
class NameTaken extends Fault {
  constructor(name: string) {
    super({ code: 'output', message: `Another file has taken the name ${name} meanwhile.` });
  }
}

class HeldSet implements Claim {
  readonly names = new Map<Format, string>();
  /** What was replaced: where it is now, by its name. */
  private readonly old = new Map<string, string>();

  constructor(
    private readonly folder: OutputFolder,
    private readonly parts: ReadonlyMap<Format, string>,
    private readonly own: (format: Format) => string,
    readonly number: number,
    private readonly lock: SetLock,
    private readonly owner: string,
    /** The set holds this very map: its files are written over, one by one, and are there at all times. */
    private readonly same: boolean,
  ) {}

  async moveAside(files: readonly string[]): Promise<void> {
    for (const file of files) {
      const aside = temporaryNames.old(file, this.owner);
      await this.folder.rename(file, aside);
      this.old.set(file, aside);
    }
  }

  async name(format: Format): Promise<void> {
    const [part, name] = [this.parts.get(format), this.own(format)];
    if (part === undefined) throw new Error(`There is no finished ${format}.`);
    if (this.same) await this.folder.rename(part, name);
    else if (!(await this.folder.take(part, name))) throw new NameTaken(name);
    this.names.set(format, name);
  }

  async keep(): Promise<void> {
    await Promise.all([...this.old.values()].map((aside) => this.folder.remove(aside).catch(() => undefined)));
    this.old.clear();
  }

  async undo(): Promise<void> {
    for (const [format, name] of this.same ? [] : this.names)
      // files of the same map were as good as these
      await this.folder.rename(name, this.parts.get(format) ?? name).catch(() => undefined);
    this.names.clear();
    for (const [file, aside] of this.old) await this.folder.take(aside, file).catch(() => undefined);
    this.old.clear();
  }

  release(): Promise<void> {
    return this.lock.release();
  }
}
