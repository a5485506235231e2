import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Models that other programs have fetched to this machine: LM Studio's and Ollama's. Read only. */

type Environment = Readonly<Record<string, string | undefined>>;

/** A GGUF file that another program keeps. */
export interface StoredModel {
  /** As that program names it: `PUBLISHER/REPOSITORY/FILE`, `NAME:TAG`. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/** Folders and manifests that are looked at, of each. */
const MOST = 500;
const MAX_MANIFEST = 2 ** 20;

/** All of them, LM Studio's first. */
export const storedModels = (env: Environment = process.env, home = homedir()): StoredModel[] => [
  ...lmStudioModels(home),
  ...ollamaModels(env, home),
];

/** `models/PUBLISHER/REPOSITORY/FILE.gguf`; of a split model its first file. */
function lmStudioModels(home: string): StoredModel[] {
  const folders = [join(home, '.lmstudio', 'models'), join(home, '.cache', 'lm-studio', 'models')];
  return folders.flatMap((root) =>
    foldersIn(root).flatMap((publisher) =>
      foldersIn(join(root, publisher)).flatMap((repository) => {
        const folder = join(root, publisher, repository);
        return namesIn(folder)
          .filter(
            (name) => /\.gguf$/i.test(name) && !/mmproj/i.test(name) && !/-(?!00001)\d{5}-of-\d{5}\.gguf$/.test(name),
          )
          .flatMap((name) => stored(`${publisher}/${repository}/${name}`, join(folder, name)));
      }),
    ),
  );
}

/** `manifests/REGISTRY/NAMESPACE/NAME/TAG` say which of `blobs` is the model. */
function ollamaModels(env: Environment, home: string): StoredModel[] {
  const own = env.OLLAMA_MODELS?.trim();
  const root = own === undefined || own === '' ? join(home, '.ollama', 'models') : own;
  const manifests = join(root, 'manifests');
  return foldersIn(manifests).flatMap((registry) =>
    foldersIn(join(manifests, registry)).flatMap((space) =>
      foldersIn(join(manifests, registry, space)).flatMap((name) => {
        const folder = join(manifests, registry, space, name);
        return namesIn(folder).flatMap((tag) => {
          const blob = modelBlob(join(folder, tag));
          // The library's own are known by their name alone.
          const called = `${space === 'library' ? '' : `${space}/`}${name}:${tag}`;
          return blob === undefined ? [] : stored(called, join(root, 'blobs', blob));
        });
      }),
    ),
  );
}

/** File of the layer that is a model; undefined where a manifest names none. */
function modelBlob(manifest: string): string | undefined {
  try {
    const stat = statSync(manifest);
    if (!stat.isFile() || stat.size > MAX_MANIFEST) return undefined;
    const data: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
    if (typeof data !== 'object' || data === null || !('layers' in data) || !Array.isArray(data.layers))
      return undefined;
    for (const layer of data.layers as unknown[]) {
      if (typeof layer !== 'object' || layer === null || !('mediaType' in layer) || !('digest' in layer)) continue;
      const digest = /^sha256:([0-9a-f]{64})$/.exec(String(layer.digest))?.[1];
      if (layer.mediaType === 'application/vnd.ollama.image.model' && digest !== undefined) return `sha256-${digest}`;
    }
  } catch {
    // damaged, or of another program
  }
  return undefined;
}

function stored(name: string, path: string): StoredModel[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? [{ name, path, bytes: stat.size }] : [];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort().slice(0, MOST);
  } catch {
    return []; // none, or one that may not be read
  }
}

const foldersIn = (folder: string): string[] =>
  namesIn(folder).filter((name) => lstatSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() === true);

/**
 * The model that a text names as its program does, of Ollama's also without its tag (`latest`), of LM Studio's also without the
 * file where the folder has one.
 */
export function findStored(text: string, models = storedModels()): StoredModel | undefined {
  const exact = models.find(({ name }) => name === text) ?? models.find(({ name }) => name === `${text}:latest`);
  if (exact) return exact;
  const inside = models.filter(({ name }) => name.startsWith(`${text}/`));
  return inside.length === 1 ? inside[0] : undefined;
}
