import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { PICTURE_PROCESS } from '../../src/formats/pictures.js';
import { WASM_FILE } from '../../src/formats/png.js';

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
export async function makeAssets({ pictureProcess }: { pictureProcess: boolean }): Promise<string> {
  const assets = temporaryFolder();
  cpSync(join(root, 'media/fonts'), join(assets, 'fonts'), { recursive: true });
  copyFileSync(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm'), join(assets, WASM_FILE));
  cpSync(join(root, 'dist/assets/page'), join(assets, 'page'), { recursive: true });
  if (pictureProcess) {
    await build({
      entryPoints: [join(root, 'src/formats/pictureProcess.ts')],
      outfile: join(assets, PICTURE_PROCESS),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      logLevel: 'error',
    });
  }
  return assets;
}
