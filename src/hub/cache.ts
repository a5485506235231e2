import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve, sep } from 'node:path';
import { Fault } from '../map/fault.js';
import { folderOf, type HubName, parseHubName, repositoryOf } from './names.js';
import { findStored } from './otherStores.js';

/**
 * The Hugging Face cache as it lies on this machine: `models--ORG--NAME/{blobs,refs,snapshots/COMMIT}`, found where Python's
 * huggingface_hub finds it. Read only; nothing is downloaded.
 */

type Environment = Readonly<Record<string, string | undefined>>;

/** What a variable of paths says. An empty one is as good as none; a home and other variables stand in it as in a shell. */
function given(name: string, env: Environment, home: string): string | undefined {
  const text = env[name]?.trim();
  if (text === undefined || text === '') return undefined;
  return text
    .replace(/^~(?=$|[\\/])/, () => home)
    .replace(/\$\{(\w+)\}|\$(\w+)/g, (whole, braced?: string, bare?: string) => env[braced ?? bare ?? ''] ?? whole);
}

/** The folder of all that the hub's own programs keep. */
export const hubHome = (env: Environment = process.env, home = homedir()): string =>
  resolve(
    given('HF_HOME', env, home) ?? join(given('XDG_CACHE_HOME', env, home) ?? join(home, '.cache'), 'huggingface'),
  );

/** The cache's folder; it may not exist. `home`: the person's folder. */
export const cacheFolder = (env: Environment = process.env, home = homedir()): string =>
  resolve(
    given('HF_HUB_CACHE', env, home) ?? given('HUGGINGFACE_HUB_CACHE', env, home) ?? join(hubHome(env, home), 'hub'),
  );

/** Path of a model in the cache: the snapshot's folder, or the file of it that was named. @throws Fault `model-not-found`. */
export function findInCache(name: HubName, cache = cacheFolder()): string {
  const folder = join(cache, folderOf(name.repository));
  if (!isFolder(join(folder, 'snapshots')))
    throw notFound(
      `There is no model "${name.repository}" here, neither as a path nor in the Hugging Face cache (${forPeople(cache)}).`,
      `Name a .onnx file or a model's folder, or download it first: embedding-grid download ${name.repository}`,
    );
  const snapshot = snapshotIn(folder, name.revision);
  if (snapshot === undefined) throw withoutRevision(name, folder);
  if (name.file === undefined) return snapshot;
  const file = join(snapshot, ...name.file.split('/'));
  if (kindOf(file) === undefined)
    throw notFound(
      `The Hugging Face cache has "${name.repository}", but not its file "${name.file}".`,
      `Download it first: embedding-grid download ${name.repository}/${name.file}`,
    );
  return file;
}

/**
 * Path of the model that a person named: a path where something stands there, else a name in the Hugging Face cache, else one of
 * LM Studio's or Ollama's, else the
 * path again, which whoever opens it will not find. Absolute.
 * @throws Fault `model-not-found` for a name that is in neither, and for none.
 */
export function locateModel(text: string, cache?: string): string {
  if (text === '')
    throw new Fault({
      code: 'model-not-found',
      message: 'The name of the model is empty.',
      hint: 'Give a file, a folder, or ORG/NAME.',
    });
  const path = resolve(text);
  const name = kindOf(path) === undefined ? parseHubName(text) : undefined;
  if (kindOf(path) !== undefined) return path;
  const inCache = name === undefined || isPlainFile(name) ? undefined : name;
  if (inCache && snapshotsOf(inCache.repository, cache).length > 0) return findInCache(inCache, cache);
  return findStored(text)?.path ?? (inCache ? findInCache(inCache, cache) : path);
}

/** `model.onnx`, `folder/model.onnx`: a person means the file, whether the hub could have a repository of that name or not. */
const isPlainFile = ({ repository, file }: HubName): boolean =>
  file === undefined && /\.(onnx|safetensors|gguf)$/i.test(repository);

/** The snapshot of `main` where a path is a repository's folder in a cache, else the path itself. @throws Fault `model-not-found`. */
export function resolveRepositoryFolder(path: string): string {
  const repository = repositoryOf(basename(path));
  if (repository === undefined || !isFolder(join(path, 'snapshots'))) return path;
  const snapshot = snapshotIn(path, undefined);
  if (snapshot === undefined) throw withoutRevision({ repository }, path);
  return snapshot;
}

/** `ORG/NAME` of a folder that is a snapshot of a cache; undefined for any other folder. */
export function repositoryOfSnapshot(folder: string): string | undefined {
  const parts = resolve(folder).split(sep);
  return parts.at(-2) === 'snapshots' ? repositoryOf(parts.at(-3) ?? '') : undefined;
}

/** All snapshots of a repository, that of `main` first. */
export function snapshotsOf(repository: string, cache = cacheFolder()): readonly string[] {
  const folder = join(cache, folderOf(repository));
  const all = namesIn(join(folder, 'snapshots'))
    .map((name) => join(folder, 'snapshots', name))
    .filter(isOwnFolder);
  const main = snapshotIn(folder, undefined);
  return main === undefined ? all : [main, ...all.filter((one) => one !== main)];
}

/** Revisions that a repository's folder has names for, `main` first, each with its snapshot's folder. */
export function revisionsIn(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const revision of refsIn(join(folder, 'refs'), '', 3).sort(
    (a, b) => Number(b === 'main') - Number(a === 'main'),
  )) {
    const snapshot = snapshotIn(folder, revision);
    if (snapshot !== undefined) found.set(revision, snapshot);
  }
  return found;
}

/** Names of repositories in a cache, sorted. */
export const repositoriesIn = (cache: string): readonly string[] =>
  namesIn(cache)
    .flatMap((name) => repositoryOf(name) ?? [])
    .sort();

/** What a ref may hold: a commit, one folder's name; anything else leads nowhere. */
const COMMIT = /^[\w-]{1,128}$/;
/** Digits by which a commit may be named in short. */
const SHORT_COMMIT = /^[0-9a-f]{7,39}$/;
const MAX_REF_BYTES = 1024;

function snapshotIn(folder: string, revision = 'main'): string | undefined {
  const snapshots = join(folder, 'snapshots');
  const commit = readRef(join(folder, 'refs', ...revision.split('/'))) ?? revision;
  if (COMMIT.test(commit) && isOwnFolder(join(snapshots, commit))) return join(snapshots, commit);
  if (!SHORT_COMMIT.test(commit)) return undefined;
  const [only, ...others] = namesIn(snapshots).filter((name) => name.startsWith(commit));
  return only !== undefined && others.length === 0 && isOwnFolder(join(snapshots, only))
    ? join(snapshots, only)
    : undefined;
}

function readRef(file: string): string | undefined {
  try {
    const stat = lstatSync(file);
    return stat.isFile() && stat.size <= MAX_REF_BYTES ? readFileSync(file, 'utf8').trim() : undefined;
  } catch {
    return undefined;
  }
}

function refsIn(folder: string, before: string, depth: number): string[] {
  if (depth === 0) return [];
  return namesIn(folder).flatMap((name) => {
    const stat = lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (stat?.isDirectory()) return refsIn(join(folder, name), `${before}${name}/`, depth - 1);
    return stat?.isFile() ? [`${before}${name}`] : [];
  });
}

function withoutRevision({ repository, revision = 'main' }: Partial<HubName>, folder: string): Fault {
  const there = [...revisionsIn(folder).keys()];
  const [first] = there.length > 0 ? there : namesIn(join(folder, 'snapshots'));
  return notFound(
    `The Hugging Face cache has "${repository ?? ''}", but not its revision "${revision}".`,
    first === undefined
      ? `Download it first: embedding-grid download ${repository ?? ''}@${revision}`
      : `It has ${(there.length > 0 ? there : [first]).slice(0, 5).join(', ')}: write ${repository ?? ''}@${first}.`,
  );
}

const notFound = (message: string, hint: string): Fault => new Fault({ code: 'model-not-found', message, hint });

/** A path with `~` for the person's folder. */
function forPeople(path: string): string {
  const home = homedir();
  return path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}

const kindOf = (path: string): 'folder' | 'file' | undefined => {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
};
const isFolder = (path: string): boolean => kindOf(path) === 'folder';
/** A folder and not a link to one, which could lead anywhere. */
const isOwnFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // none, or one that may not be read
  }
}
