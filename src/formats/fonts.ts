import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../map/fault.js';
import { type FontFace, readFont } from './sfnt.js';

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
  const codePoint = character.codePointAt(0) ?? 0;
  if (face?.covers(codePoint)) return face.advance(codePoint);
  if (MARK.test(character)) return 0;
  return WIDE.test(character) ? 1 : 0.8;
}
