import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { Fault } from '../map/fault.js';
import { loadBundledFont } from './fonts.js';
import { encodePng } from './pngFile.js';

/** The rasterizer's file under `assets`. */
export const WASM_FILE = 'resvg.wasm.br';
/** Written into the file: at this density the figure is about as wide as a page of a journal. */
const PNG_DPI = 300;

export interface PngOptions {
  /** Folder of `fonts/` and `resvg.wasm.br`. */
  readonly assets: string;
  /** Font files for what the bundled font lacks. */
  readonly fallbackFonts: readonly string[];
  /** Pixels per unit of the document, 1 ... 4. */
  readonly scale: number;
  /** Density that the file tells of itself; by default {@link PNG_DPI}. */
  readonly dpi?: number;
}

let ready: Promise<void> | undefined;

async function start(assets: string): Promise<void> {
  try {
    await initWasm(brotliDecompressSync(await readFile(join(assets, WASM_FILE))));
  } catch (error) {
    ready = undefined;
    throw new Fault({
      code: 'internal',
      message: 'The part of the program that draws PNG pictures is missing or damaged.',
      hint: 'Install Embedding Grid again, or save SVG instead of PNG.',
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Loads what {@link renderPng} needs. @throws Fault `internal`. */
export async function prepareRenderer(assets: string): Promise<void> {
  await (ready ??= start(assets));
  await loadBundledFont(assets);
}

/**
 * Draws an SVG document as a PNG. Blocks its thread while it draws (a tenth of a second to a second): not for a thread that
 * answers a person. @throws Fault `internal`.
 */
export async function renderPng(svg: string, options: PngOptions): Promise<Uint8Array> {
  await prepareRenderer(options.assets);
  const { files } = await loadBundledFont(options.assets);
  const fallbacks = await Promise.all(options.fallbackFonts.map((file) => readFile(file)));
  const document = new Resvg(svg, {
    font: { fontBuffers: [...files, ...fallbacks], defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' },
    fitTo: { mode: 'zoom', value: options.scale },
  });
  try {
    const image = document.render();
    try {
      return encodePng(
        { width: image.width, height: image.height, channels: 4, data: image.pixels },
        options.dpi ?? PNG_DPI,
      );
    } finally {
      image.free();
    }
  } finally {
    document.free();
  }
}
