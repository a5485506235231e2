import {
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Fault } from '../../map/fault.js';
import { formatBytes } from '../../map/numbers.js';
import { cacheFolder } from '../cache.js';
import { folderOf, type HubName } from '../names.js';
import { fetchBlob, isRight, type Wanted } from './blob.js';
import { chooseFiles } from './choice.js';
import { locked } from './lock.js';
import { describeFile, type HubRepository, openRepository } from './repository.js';
import { PATIENCE, type Patience } from './request.js';
import { type HubSettings, hubSettings, refuseOffline } from './settings.js';

/** What will be fetched, before anything is. */
export interface DownloadPlan {
  readonly name: HubName;
  readonly repository: HubRepository;
  readonly files: readonly Wanted[];
  /** Of all files, and of those that are not there yet. */
  readonly bytes: number;
  readonly missingBytes: number;
  /** The snapshot's folder, which will hold the files. */
  readonly folder: string;
  readonly cache: string;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly settings?: HubSettings;
  readonly cache?: string;
  readonly patience?: Patience;
  /** Bytes that are there, of all files together. */
  readonly onProgress?: (done: number, total: number, file: string) => void;
}

/**
 * Asks the hub what a model consists of; nothing is fetched yet.
 * @throws Fault `model-not-found`, `model-ambiguous`, `network`, `cancelled`
 */
export async function planDownload(name: HubName, options: DownloadOptions = {}): Promise<DownloadPlan> {
  return planOf(name, await lookUp(name, options), options);
}

/** What a repository holds at the revision of a name, which is resolved to its commit. @throws Fault as {@link planDownload} */
export async function lookUp(name: HubName, options: DownloadOptions = {}): Promise<HubRepository> {
  const settings = options.settings ?? hubSettings();
  const { signal = new AbortController().signal, patience = PATIENCE } = options;
  refuseOffline(settings);
  return openRepository(settings, name.repository, name.revision ?? 'main', { signal, patience });
}

/** As {@link planDownload}, of a repository that was looked up. */
export async function planOf(
  name: HubName,
  repository: HubRepository,
  options: DownloadOptions = {},
): Promise<DownloadPlan> {
  const settings = options.settings ?? hubSettings();
  const { signal = new AbortController().signal, patience = PATIENCE, cache = cacheFolder() } = options;
  const files: Wanted[] = [];
  for (const file of chooseFiles(repository, name.file)) {
    // Whether a gated repository is open to us is told by its files alone: one of them is asked before all are said to come.
    const listed = repository.gated && files.length === 0 ? { ...file, hash: undefined } : file;
    const { size, etag } = await describeFile(settings, repository, listed, { signal, patience });
    files.push({ repository: repository.name, commit: repository.commit, path: file.path, size, etag });
  }
  const root = join(cache, folderOf(repository.name));
  const folder = join(root, 'snapshots', repository.commit);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const missing = files.filter((file) => !isThere(folder, root, file));
  const missingBytes = missing.reduce((sum, { size }) => sum + size, 0);
  return { name, repository, files, bytes, missingBytes, folder, cache };
}

/**
 * Fetches what is planned into the Hugging Face cache, as Python lays it out. A file takes its name only whole and checked; what
 * is broken off goes on from where it was.
 * @returns path of the model: the snapshot's folder, or the file in it that was named
 * @throws Fault `network`, `output`, `model-not-found`, `cancelled`
 */
export async function download(plan: DownloadPlan, options: DownloadOptions = {}): Promise<string> {
  const settings = options.settings ?? hubSettings();
  const { signal = new AbortController().signal, patience = PATIENCE, onProgress } = options;
  const root = join(plan.cache, folderOf(plan.repository.name));
  try {
    mkdirSync(join(root, 'blobs'), { recursive: true });
  } catch (error) {
    throw unwritable(error);
  }
  refuseFullDisk(plan, root);
  let before = 0;
  // The smallest first: what is refused shows before gigabytes are fetched.
  for (const file of [...plan.files].sort((a, b) => a.size - b.size)) {
    const done = before;
    const onBytes = (bytes: number): void => onProgress?.(done + bytes, plan.bytes, file.path);
    await oneFile(settings, plan, root, file, { signal, patience, onBytes });
    before += file.size;
    onBytes(file.size);
  }
  const revision = plan.name.revision ?? 'main';
  try {
    if (revision !== plan.repository.commit)
      writeRef(join(root, 'refs', ...revision.split('/')), plan.repository.commit);
  } catch (error) {
    throw unwritable(error);
  }
  const { file } = plan.name;
  return file === undefined ? plan.folder : join(plan.folder, ...file.split('/'));
}

async function oneFile(
  settings: HubSettings,
  plan: DownloadPlan,
  root: string,
  file: Wanted,
  options: { signal: AbortSignal; patience: Patience; onBytes: (done: number) => void },
): Promise<void> {
  const pointer = join(plan.folder, ...file.path.split('/'));
  const blob = join(root, 'blobs', file.etag);
  try {
    await locked(
      join(plan.cache, '.locks', folderOf(file.repository), `${file.etag}.download`),
      options.signal,
      async () => {
        if (isThere(plan.folder, root, file)) return;
        // Another revision, or Python, may have brought the same.
        const has =
          statSync(blob, { throwIfNoEntry: false })?.isFile() === true && (await isRight(file, blob, options.signal));
        if (!has) {
          // A name of our own: Python writes into one with ".incomplete" alone behind it.
          const part = `${blob}.download.incomplete`;
          if (!existsSync(part)) await takeOver(`${blob}.incomplete`, part);
          await fetchBlob(settings, file, part, options);
          renameSync(part, blob);
        }
        point(pointer, blob);
      },
    );
  } catch (error) {
    throw error instanceof Fault ? error : unwritable(error);
  }
}

/**
 * Goes on from what Python's huggingface_hub (before its release 1) has of a file: from a copy, as it may still write into its own.
 * What does not belong to the file shows by its hash in the end.
 */
async function takeOver(pythons: string, part: string): Promise<void> {
  if (statSync(pythons, { throwIfNoEntry: false })?.isFile() !== true) return;
  await copyFile(pythons, part, constants.COPYFILE_FICLONE);
}

/** Whether a snapshot has a file, of its size and as the blob of its hash. */
function isThere(folder: string, root: string, { path, size, etag }: Wanted): boolean {
  const pointer = join(folder, ...path.split('/'));
  try {
    const stat = statSync(pointer);
    if (!stat.isFile() || stat.size !== size) return false;
    // On a system without links the file itself stands there; only a whole one takes its name.
    if (!lstatSync(pointer).isSymbolicLink()) return true;
    return join(dirname(pointer), readlinkSync(pointer)) === join(root, 'blobs', etag);
  } catch {
    return false; // not there, or no place for it
  }
}

/** Makes a snapshot's file a link to its blob; where there are no links, the blob itself goes there. */
function point(pointer: string, blob: string): void {
  mkdirSync(dirname(pointer), { recursive: true });
  const target = relative(dirname(pointer), blob).split(sep).join('/');
  const fresh = `${pointer}.${process.pid}.link`;
  rmSync(fresh, { force: true });
  try {
    symlinkSync(target, fresh);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EPERM' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
    renameSync(blob, pointer);
    return;
  }
  renameSync(fresh, pointer);
}

function writeRef(file: string, commit: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}.part`;
  writeFileSync(fresh, commit);
  renameSync(fresh, file);
}

function refuseFullDisk({ missingBytes, cache }: DownloadPlan, root: string): void {
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  if (free >= missingBytes) return;
  throw new Fault({
    code: 'output',
    message: `${formatBytes(missingBytes)} are to be downloaded, but ${formatBytes(free)} are free (${cache}).`,
    hint: 'Free some space, or set HF_HUB_CACHE to a folder on another disk.',
  });
}

function unwritable(error: unknown): Fault {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return new Fault({
    code: 'output',
    message:
      code === 'ENOSPC' || code === 'EDQUOT'
        ? 'The disk is full: the download cannot go on.'
        : 'The Hugging Face cache cannot be written.',
    hint: 'HF_HUB_CACHE names another folder for it.',
    detail: error instanceof Error ? error.message : String(error),
  });
}
