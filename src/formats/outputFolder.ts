import { link, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { again, codeOf, type MadeFolder, makeFolder } from './makeFolder.js';
import { READ_AT_ONCE } from './vectors/bytes.js';

export interface FolderEntry {
  readonly name: string;
  /** A folder, a device and the like are none. */
  readonly isFile: boolean;
}

/** A folder that files are written into: on this machine's disk, or a workspace's through VS Code. Errors are the system's own. */
export interface OutputFolder {
  /** How the folder is called in messages. */
  readonly name: string;
  /** The place of a file of the folder as it is handed back, e.g. its path. */
  place(file: string): string;
  /** Makes the folder, and those above it, unless it is there. */
  make(): Promise<void>;
  /** Takes away what {@link make} made, as far as nothing lies in it. */
  unmake(): Promise<void>;
  list(): Promise<readonly FolderEntry[]>;
  /** A file's bytes, or the first `most` of them. */
  read(file: string, most?: number): Promise<Uint8Array>;
  /** Whether a name is a file's, its bytes, and the milliseconds since it was last written. */
  look(file: string): Promise<{ readonly isFile: boolean; readonly size: number; readonly age: number }>;
  /** Writes a new file; what is written has reached the disk. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /**
   * Gives a file another name, which no file may have: false where one has it, and then nothing has changed. Of several that
   * ask for the same name at once one gets it: a hard link is made. Where the file system has none (FAT, some network disks),
   * an empty file holds the name for the moment before; through VS Code, the name is looked at first and then taken.
   */
  take(from: string, to: string): Promise<boolean>;
  /** Gives a file another name, in place of a file that has it. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; none there is no error. */
  remove(file: string): Promise<void>;
}

/** A folder on this machine's disk. `makeLink`: for tests, a file system without hard links. */
export function diskFolder(directory: string, makeLink: typeof link = link): OutputFolder {
  const path = (file: string): string => join(directory, file);
  const whole = resolve(directory);
  let made: MadeFolder | undefined;
  const make = async (): Promise<void> => {
    const now = await makeFolder(whole);
    if (now) made = { ...now, first: made?.first ?? now.first };
  };
  return {
    name: directory,
    place: path,
    make,
    unmake: async () => {
      if (made === undefined) return;
      try {
        await rm(path(made.mark), { force: true });
        for (let at = whole; at.length >= made.first.length; at = dirname(at)) await rmdir(at);
      } catch {
        // It holds something by now, and stays.
      }
      made = undefined;
    },
    list: async () => {
      const entries = await readdir(directory, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, isFile: entry.isFile() || entry.isSymbolicLink() }));
    },
    read: async (file, most = Infinity) => {
      // A pipe would be waited for.
      const handle = await open(path(file), READ_AT_ONCE);
      try {
        const { size } = await handle.stat();
        const bytes = new Uint8Array(Math.min(size, most));
        let done = 0;
        for (let got = 1; done < bytes.length && got > 0; done += got)
          got = (await handle.read(bytes, done, bytes.length - done, done)).bytesRead;
        return bytes.subarray(0, done);
      } finally {
        await handle.close();
      }
    },
    look: async (file) => {
      const found = await stat(path(file));
      return { isFile: found.isFile(), size: found.size, age: Date.now() - found.mtimeMs };
    },
    write: async (file, bytes) => {
      const handle = await again(
        () => open(path(file), 'wx'),
        async (code) => code === 'ENOENT' && (await make(), true),
      );
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    take: async (from, to) => {
      try {
        await makeLink(path(from), path(to));
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        // No links here, or another reason that the second way meets as well.
        return takeByHolding(path(from), path(to));
      }
      await rm(path(from), { force: true }).catch(() => undefined); // its second name is what counts
      return true;
    },
    rename: (from, to) => rename(path(from), path(to)),
    remove: (file) => rm(path(file), { force: true }),
  };
}

async function takeByHolding(from: string, to: string): Promise<boolean> {
  await stat(from);
  try {
    await (await open(to, 'wx')).close();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}
