import { open, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type GlyphRuns, glyphOf, readCmap, readDirectory, viewOf } from './sfnt.js';

/** A font of this machine, for characters that the bundled one lacks. */
export interface FallbackFont {
  /** Path of its file. */
  readonly file: string;
  /** Which face of the file, from 0. */
  readonly face: number;
  /** What it draws of what was asked for. */
  readonly codePoints: ReadonlySet<number>;
}

export interface FallbackFonts {
  readonly fonts: readonly FallbackFont[];
  /** Code points that no font on this machine can draw. */
  readonly missing: ReadonlySet<number>;
}

interface SystemFont {
  readonly file: string;
  readonly faces: readonly SystemFace[];
}

interface SystemFace {
  readonly index: number;
  readonly runs: GlyphRuns;
  /** Whether its maker lets a part of it stand in a document. */
  readonly embeddable: boolean;
}

const NONE: FallbackFonts = { fonts: [], missing: new Set() };
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
 * @param embeddable only those of which a part may stand in a document
 */
export async function findFallbackFonts(
  codePoints: Iterable<number>,
  { embeddable = false }: { readonly embeddable?: boolean } = {},
): Promise<FallbackFonts> {
  const asked = new Set(codePoints);
  const missing = new Set(asked);
  if (missing.size === 0) return NONE;
  systemFonts ??= listFonts(fontFolders());
  const fonts: FallbackFont[] = [];
  for (const file of await systemFonts) {
    if (missing.size === 0) break;
    let font = read.get(file);
    if (!font) read.set(file, (font = readSystemFont(file).catch(() => undefined)));
    for (const face of (await font)?.faces ?? []) {
      if (embeddable && !face.embeddable) continue;
      const has = (codePoint: number): boolean => glyphOf(face.runs, codePoint) !== 0;
      if (![...missing].some(has)) continue;
      // All that it has, so that a letter and its marks come from one font.
      const found = new Set([...asked].filter(has));
      fonts.push({ file, face: face.index, codePoints: found });
      for (const codePoint of found) missing.delete(codePoint);
    }
  }
  return { fonts, missing };
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
    const faces: SystemFace[] = [];
    for (const [index, tables] of readDirectory(await part(0, 65536)).entries()) {
      const place = tables.get('cmap');
      if (!place || tables.has('sbix') || !(tables.has('glyf') || tables.has('CFF ') || tables.has('CFF2'))) continue;
      const runs = readCmap(await part(place.offset, place.length));
      const os2 = tables.get('OS/2');
      if (runs) faces.push({ index, runs, embeddable: !os2 || mayBeEmbedded(await part(os2.offset, 10)) });
    }
    return { file, faces };
  } finally {
    await handle.close();
  }
}

/** By the "type flags" of a font's table OS/2: neither restricted, nor whole or as bitmaps only. */
function mayBeEmbedded(os2: DataView): boolean {
  const flags = os2.byteLength < 10 ? 0 : os2.getUint16(8);
  return (flags & 0xf) !== 2 && (flags & 0x300) === 0;
}
