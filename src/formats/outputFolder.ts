import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder that files are written into: on this machine's disk, or a workspace's through VS Code. Errors are the system's own. */
export interface OutputFolder {
  /** How the folder is called in messages. */
  readonly name: string;
  /** The place of a file of the folder as it is handed back, e.g. its path. */
  place(file: string): string;
  /** Makes the folder, and those above it, unless it is there. */
  make(): Promise<void>;
  /** Names in the folder. */
  list(): Promise<readonly string[]>;
  read(file: string): Promise<Uint8Array>;
  /** Writes a new file; what is written has reached the disk. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** Gives a file another name, in place of a file that has it. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; none there is no error. */
  remove(file: string): Promise<void>;
}

/** A folder on this machine's disk. */
export function diskFolder(directory: string): OutputFolder {
  const path = (file: string): string => join(directory, file);
  return {
    name: directory,
    place: path,
    make: async () => {
      await mkdir(directory, { recursive: true });
    },
    list: () => readdir(directory),
    read: (file) => readFile(path(file)),
    write: async (file, bytes) => {
      const handle = await open(path(file), 'wx');
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    rename: (from, to) => rename(path(from), path(to)),
    remove: (file) => rm(path(file), { force: true }),
  };
}
