import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Fault } from '../map/fault.js';

/**
 * Weights that were repacked once, so that a model that is stored in blocks opens as fast as any: files named by the SHA-256 of
 * what they were made from, in a folder of our own that may be deleted at any time. Beside them stands, for each file that was
 * read, which entry is its own: one small file, named by how the file was found.
 */

/** Where repacked weights lie; the folder may not exist. `EMBEDDING_GRID_CACHE` names another. */
export function repackedFolder(): string {
  const { env, platform } = process;
  const home = homedir();
  const own = env.EMBEDDING_GRID_CACHE?.trim();
  if (own) return resolve(own, 'repacked');
  const base =
    platform === 'darwin'
      ? join(home, 'Library', 'Caches')
      : platform === 'win32'
        ? (env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'))
        : (env.XDG_CACHE_HOME ?? join(home, '.cache'));
  return join(base, 'embedding-grid', 'repacked');
}

const LIMIT_BYTES = 50e9;

/** Bytes that all entries together may take. `EMBEDDING_GRID_CACHE_LIMIT` says otherwise, such as 20GB. */
export function repackedLimit(): number {
  const text = process.env.EMBEDDING_GRID_CACHE_LIMIT?.trim();
  if (!text) return LIMIT_BYTES;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)B?$/i.exec(text) ?? [];
  const bytes = Number(number) * 1000 ** ' KMGT'.indexOf(unit === '' ? ' ' : unit.toUpperCase());
  if (number !== '' && Number.isFinite(bytes)) return bytes;
  throw new Fault({
    code: 'bad-parameter',
    message: `EMBEDDING_GRID_CACHE_LIMIT should be a size such as 20GB, but is "${text.slice(0, 60)}".`,
  });
}

export interface RepackedEntry {
  readonly file: string;
  readonly bytes: number;
  /** When it was last used, in milliseconds since 1970. */
  readonly used: number;
}

const ENTRY = /^[0-9a-f]{64}\.bin$/;
const UNFINISHED = /^\.\d+-[0-9a-f]+\.part$/;
/** What is longer unfinished was left by a program that was ended. */
const LEFT_MS = 24 * 3600_000;

/** All entries, those that were used last first. */
export function repackedEntries(folder = repackedFolder()): RepackedEntry[] {
  return namesIn(folder)
    .filter((name) => ENTRY.test(name))
    .flatMap((name) => {
      const file = join(folder, name);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      return stat?.isFile() ? [{ file, bytes: stat.size, used: stat.mtimeMs }] : [];
    })
    .sort((a, b) => b.used - a.used);
}

/** Takes everything away that is ours, and nothing else. @returns bytes that were freed */
export function clearRepacked(): number {
  const folder = repackedFolder();
  let freed = 0;
  for (const name of namesIn(folder)) {
    if (!ENTRY.test(name) && !UNFINISHED.test(name)) continue;
    freed += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
    rmSync(join(folder, name), { force: true });
  }
  for (const name of namesIn(join(folder, KNOWN)).filter((one) => HASH.test(one)))
    rmSync(join(folder, KNOWN, name), { force: true });
  return freed;
}

/** Makes room for a new entry: those that were used longest ago go. @throws Fault `output` where it is larger than all may be. */
export function makeRoom(bytes: number, folder: string): void {
  const limit = repackedLimit();
  if (bytes > limit)
    throw new Fault({
      code: 'output',
      message: `The model's weights take ${gigabytes(bytes)} repacked, more than the cache may hold (${gigabytes(limit)}).`,
      hint: 'Set EMBEDDING_GRID_CACHE_LIMIT to more, such as 100GB, or take a smaller file of the model.',
    });
  const entries = repackedEntries(folder);
  let whole = entries.reduce((sum, one) => sum + one.bytes, bytes);
  for (const { file, bytes: own } of entries.reverse()) {
    if (whole <= limit) break;
    rmSync(file, { force: true });
    whole -= own;
  }
  for (const name of namesIn(folder).filter((one) => UNFINISHED.test(one))) {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > LEFT_MS) rmSync(join(folder, name), { force: true });
  }
}

const KNOWN = 'known';
const HASH = /^[0-9a-f]{64}$/;

const stateFile = (folder: string, states: readonly string[]): string =>
  join(folder, KNOWN, createHash('sha256').update(states.join('\n')).digest('hex'));

/**
 * The entry of files that were repacked before and have not changed since.
 * @param states how the files were found
 * @param bytes that it must have
 */
export function knownEntry(states: readonly string[], bytes: number, folder = repackedFolder()): string | undefined {
  try {
    const key = readFileSync(stateFile(folder, states), 'utf8').trim();
    if (!HASH.test(key)) return undefined;
    const file = join(folder, `${key}.bin`);
    const stat = lstatSync(file);
    if (!stat.isFile() || stat.size !== bytes) return undefined;
    utimesSync(file, new Date(), new Date()); // used now
    return file;
  } catch {
    return undefined; // not repacked yet, or cleared
  }
}

/** Remembers which entry belongs to files. */
export function rememberEntry(states: readonly string[], key: string, folder = repackedFolder()): void {
  mkdirSync(join(folder, KNOWN), { recursive: true });
  writeFileSync(stateFile(folder, states), key);
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // none yet
  }
}
