import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { Fault } from '../../map/fault.js';

/** How files are opened that may be none: a pipe is not waited for. (Windows has no such flag; undefined is none here.) */
export const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/** Random access to bytes, so that of a file of gigabytes only the vector that is wanted is read. */
export interface Bytes {
  readonly size: number;
  /** The bytes [offset, offset + length). @throws Fault `file` where some of them lie outside. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A file that was given, and what it is called in messages. */
export interface GivenFile extends Bytes {
  readonly name: string;
}

export const badFile = (name: string, what: string, hint?: string, detail?: string): Fault =>
  new Fault({
    code: 'file',
    message: `"${name}" ${what}.`,
    ...(hint === undefined ? {} : { hint }),
    ...(detail === undefined ? {} : { detail }),
  });

const truncated = (name: string): Fault =>
  badFile(name, 'is damaged or cut off: it ends before its numbers do', 'Write or copy it again.');

/** A file whose bytes are at hand. */
export function givenBytes(name: string, bytes: Uint8Array): GivenFile {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => {
      if (!inside(offset, length, bytes.length)) return Promise.reject(truncated(name));
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
  };
}

/**
 * Opens a file of this machine for `use`, and closes it. Its name in messages is that of the path's last part, but where it cannot be
 * opened: then the whole path says where it was looked for. What is no file, but a pipe or a device, which would be waited for or read
 * for ever, is refused.
 */
export async function withFile<T>(path: string, use: (file: GivenFile) => Promise<T>): Promise<T> {
  const name = basename(path);
  const shown = path.length > 300 ? `${path.slice(0, 40)}…` : path;
  const refused = (why: string, detail?: string): Fault => badFile(shown, `cannot be read: ${why}`, undefined, detail);
  // Opening a pipe does not wait for its writer.
  const handle = await open(path, READ_AT_ONCE).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw refused(REASONS[code] ?? code, String(error));
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw refused(stat.isDirectory() ? 'it is a folder' : 'it is no file');
    return await use({
      name,
      size: stat.size,
      async read(offset, length) {
        if (!inside(offset, length, stat.size)) throw truncated(name);
        const buffer = new Uint8Array(length);
        for (let done = 0; done < length;) {
          const { bytesRead } = await handle.read(buffer, done, Math.min(length - done, 2 ** 30), offset + done);
          if (bytesRead === 0) throw truncated(name);
          done += bytesRead;
        }
        return buffer;
      },
    });
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENXIO: 'it is no file',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead in a circle',
};

/** All bytes of a file of this machine, unless they are more than `most`. */
export const wholeFile = (path: string, most: number): Promise<Uint8Array> =>
  withFile(path, (file) => {
    if (file.size > most) throw badFile(file.name, `is larger than ${Math.floor(most / 1e6)} MB`);
    return file.read(0, file.size);
  });

/** A part of a file as bytes of its own. */
export function part(file: GivenFile, start: number, size: number): Bytes {
  return {
    size,
    read: (offset, length) =>
      inside(offset, length, size) ? file.read(start + offset, length) : Promise.reject(truncated(file.name)),
  };
}

/** Whether a range, whose numbers may come from an untrusted file, lies within `size` bytes. */
const inside = (offset: number, length: number, size: number): boolean =>
  Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0 && offset + length <= size;

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
