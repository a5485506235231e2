import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PICTURE_PROCESS } from '../../src/formats/pictures.js';
import { WASM_FILE } from '../../src/formats/png.js';
import { SUBSET_FILE } from '../../src/formats/subsetFont.js';

const root = join(import.meta.dirname, '../..');
const made: string[] = [];
process.once('exit', () => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A folder that goes when the tests have ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'embedding-grid-test-'));
  made.push(folder);
  return folder;
}

/** The folder of assets as a build makes it, with the picture process or without. */
export function makeAssets({ pictureProcess }: { pictureProcess: boolean }): string {
  const assets = temporaryFolder();
  cpSync(join(root, 'media/fonts'), join(assets, 'fonts'), { recursive: true });
  copyFileSync(join(root, 'dist/assets', WASM_FILE), join(assets, WASM_FILE));
  copyFileSync(
    createRequire(import.meta.url).resolve('harfbuzzjs/dist/harfbuzz-subset.wasm'),
    join(assets, SUBSET_FILE),
  );
  cpSync(join(root, 'dist/assets/page'), join(assets, 'page'), { recursive: true });
  if (pictureProcess) copyFileSync(join(root, 'dist/assets', PICTURE_PROCESS), join(assets, PICTURE_PROCESS));
  return assets;
}
