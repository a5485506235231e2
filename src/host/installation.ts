import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder: the one above `dist/` where we are built, above `src/` where TypeScript is run as it is. */
function packageFolder(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json')) && path.dirname(folder) !== folder)
    folder = path.dirname(folder);
  return folder;
}

const folder = packageFolder();

/** The engine's program. `EMBEDDING_GRID_ENGINE` names another, for tests. */
export const engineFile = (): string => process.env.EMBEDDING_GRID_ENGINE ?? path.join(folder, 'dist', 'engine.cjs');

/** Fonts and the rasteriser, for pictures. */
export const assetsFolder = path.join(folder, 'dist', 'assets');

/** The model that comes with the program. */
export const bundledModel = path.join(folder, 'media', 'novella-3m');

/** The program's version. */
export function version(): string {
  const data: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return typeof data === 'object' && data !== null && 'version' in data ? String(data.version) : 'unknown';
}
