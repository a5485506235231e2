import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';

/** Whether a path is the folder or lies in it. */
export function isInside(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  return way === '' || (way.split(path.sep)[0] !== '..' && !path.isAbsolute(way));
}

/**
 * Where a path leads when all links on the way are followed. Of what is not there yet: where it will be when it is made.
 * undefined where that cannot be told: a link on the way leads nowhere, or to itself, or may not be followed.
 */
export async function realPath(file: string): Promise<string | undefined> {
  const whole = path.resolve(file);
  const real = await realpath(whole).catch(() => undefined);
  if (real !== undefined) return real;
  const missing = await lstat(whole).then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT',
  );
  const folder = path.dirname(whole);
  if (!missing || folder === whole) return undefined;
  const above = await realPath(folder);
  return above === undefined ? undefined : path.join(above, path.basename(whole));
}

/** Whether a path, with all links followed, lies in one of some folders. */
export async function leadsInto(file: string, folders: readonly string[]): Promise<boolean> {
  const real = await realPath(file);
  if (real === undefined) return false;
  const realFolders = await Promise.all(folders.map(realPath));
  return realFolders.some((folder) => folder !== undefined && isInside(real, folder));
}
