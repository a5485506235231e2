import { open, readFile, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../map/fault.js';
import { SPACE_GLYPH, SPACE_WIDTH } from '../map/display.js';
import { type FontFace, type GlyphRuns, glyphOf, readCmap, readDirectory, readFont, viewOf } from './sfnt.js';

/** The bundled font's files under `assets/fonts`. */
export const FONT_FILES = { 400: 'Inter-Regular.ttf', 600: 'Inter-SemiBold.ttf' } as const;
export type Weight = keyof typeof FONT_FILES;

/** The font that pictures are drawn with, Inter: Latin, Greek, Cyrillic and symbols. */
export interface BundledFont {
  readonly files: readonly Uint8Array[];
  covers(codePoint: number): boolean;
  /**
   * Width of a text in em. Characters that the font lacks count what such characters usually take, not what a font of this
   * machine says, so that the same map gives the same SVG on every machine.
   */
  measure(text: string, weight: Weight): number;
}

const loaded = new Map<string, Promise<BundledFont>>();

/** Loads the bundled font, once per folder. @throws Fault `internal` when it is not there. */
export function loadBundledFont(assets: string): Promise<BundledFont> {
  const known = loaded.get(assets);
  if (known) return known;
  const loading = load(assets);
  loaded.set(assets, loading);
  loading.catch(() => loaded.delete(assets));
  return loading;
}

async function load(assets: string): Promise<BundledFont> {
  const weights: readonly Weight[] = [400, 600];
  try {
    const files = await Promise.all(weights.map((weight) => readFile(join(assets, 'fonts', FONT_FILES[weight]))));
    const faces = files.map(readFont);
    const face = (weight: Weight): FontFace | undefined => faces[weights.indexOf(weight)];
    return {
      files,
      covers: (codePoint) => faces.every((one) => one.covers(codePoint)),
      measure: (text, weight) => {
        let width = 0;
        for (const character of text) width += advance(character, face(weight));
        return width;
      },
    };
  } catch (error) {
    throw new Fault({
      code: 'internal',
      message: 'The font for pictures is missing or damaged.',
      hint: 'Install Embedding Grid again.',
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}

const MARK = /^\p{M}$/u;
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\u3000-\u303F\uFF00-\uFF60\uFFE0-\uFFE6])$/u;

function advance(character: string, face: FontFace | undefined): number {
  if (character === SPACE_GLYPH) return SPACE_WIDTH;
  const codePoint = character.codePointAt(0) ?? 0;
  if (face?.covers(codePoint)) return face.advance(codePoint);
  if (MARK.test(character)) return 0;
  return WIDE.test(character) ? 1 : 0.8;
}

/** Fonts of this machine for characters that the bundled font lacks. */
export interface FallbackFonts {
  /** Paths of font files. */
  readonly files: readonly string[];
  /** Code points that no font on this machine can draw. */
  readonly missing: ReadonlySet<number>;
}

interface SystemFont {
  readonly file: string;
  readonly faces: readonly GlyphRuns[];
}

const NONE: FallbackFonts = { files: [], missing: new Set() };
/** Fonts that draw a box for everything, or pictures in color, which outlines cannot show. */
const UNFIT = /LastResort|Emoji|Bitmap/i;
/** Taken last: slanted, heavy, light and narrow cuts and serifs, so that a label looks like its neighbors. */
const ODD = /Italic|Oblique|Bold|Black|Heavy|Thin|Light|Condensed|Serif|Mono|Math/i;
let systemFonts: Promise<string[]> | undefined;
const read = new Map<string, Promise<SystemFont | undefined>>();
/** A font larger than this is left alone: it would have to be copied whole for a few glyphs. */
const LARGEST_FONT = 128 * 2 ** 20;
const MOST_FONTS = 2000;

/**
 * Finds fonts on this machine for code points. Reads directories and the tables of characters of as many fonts as it takes;
 * what was read is remembered. Never fails: what cannot be read is no font.
 */
export async function findFallbackFonts(codePoints: Iterable<number>): Promise<FallbackFonts> {
  const missing = new Set(codePoints);
  if (missing.size === 0) return NONE;
  systemFonts ??= listFonts(fontFolders());
  const used: string[] = [];
  for (const file of await systemFonts) {
    if (missing.size === 0) break;
    let font = read.get(file);
    if (!font) read.set(file, (font = readSystemFont(file).catch(() => undefined)));
    const faces = (await font)?.faces;
    if (!faces) continue;
    const found = [...missing].filter((codePoint) => faces.some((face) => glyphOf(face, codePoint) !== 0));
    if (found.length === 0) continue;
    used.push(file);
    for (const codePoint of found) missing.delete(codePoint);
  }
  return { files: used, missing };
}

function fontFolders(): string[] {
  const { platform, env } = process;
  if (platform === 'win32') {
    const own = env.LOCALAPPDATA;
    return [join(env.WINDIR ?? 'C:\\Windows', 'Fonts'), ...(own ? [join(own, 'Microsoft\\Windows\\Fonts')] : [])];
  }
  const home = homedir();
  if (platform === 'darwin') return [join(home, 'Library/Fonts'), '/Library/Fonts', '/System/Library/Fonts'];
  return [join(home, '.fonts'), join(home, '.local/share/fonts'), '/usr/local/share/fonts', '/usr/share/fonts'];
}

async function listFonts(folders: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  const queue = [...folders];
  for (let folder = queue.shift(); folder !== undefined && files.length < MOST_FONTS; folder = queue.shift()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && path.length < 1000) queue.push(path);
      else if (/\.(ttf|otf|ttc|otc)$/i.test(entry.name) && !UNFIT.test(entry.name)) files.push(path);
    }
  }
  const odd = (file: string): number =>
    Number(ODD.test(file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')))));
  return files.sort((a, b) => odd(a) - odd(b) || (a < b ? -1 : 1));
}

/** Reads a font's tables of characters, and only these: system fonts can be large. Undefined when it has no outlines. */
async function readSystemFont(file: string): Promise<SystemFont | undefined> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > LARGEST_FONT) return undefined;
    const part = async (offset: number, length: number): Promise<DataView> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(length, size)), 0, undefined, offset);
      return viewOf(buffer.subarray(0, bytesRead));
    };
    const faces: GlyphRuns[] = [];
    for (const tables of readDirectory(await part(0, 65536))) {
      const place = tables.get('cmap');
      if (!place || tables.has('sbix') || !(tables.has('glyf') || tables.has('CFF ') || tables.has('CFF2'))) continue;
      const runs = readCmap(await part(place.offset, place.length));
      if (runs) faces.push(runs);
    }
    return { file, faces };
  } finally {
    await handle.close();
  }
}
