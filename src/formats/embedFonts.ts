import { readFile } from 'node:fs/promises';
import type { BundledFont, Weight } from './fonts.js';
import { subsetFont } from './subsetFont.js';
import type { FallbackFont } from './systemFonts.js';

/** A part of a font for a document. */
export interface FontPart {
  /** Of the bundled font; undefined: another font, for any weight. */
  readonly weight?: Weight;
  readonly codePoints: ReadonlySet<number>;
  /** A font file of one face. */
  readonly bytes: Uint8Array;
}

const TEXT = /<text([^>]*)>(.*?)<\/text>/gs;

/** Code points of an SVG of ours that are drawn, by weight. */
function drawnCodePoints(svg: string): ReadonlyMap<Weight, ReadonlySet<number>> {
  const found = new Map<Weight, Set<number>>();
  for (const [, attributes = '', inside = ''] of svg.matchAll(TEXT)) {
    const weight = attributes.includes('font-weight="600"') ? 600 : 400;
    const some = found.get(weight) ?? new Set();
    found.set(weight, some);
    // What entities are written with stands in for what they mean, too.
    for (const character of inside.replace(/<[^>]*>/g, '') + (inside.includes('&') ? `&<>"'` : ''))
      some.add(character.codePointAt(0) ?? 0);
  }
  return found;
}

/** What an SVG of ours draws that the bundled font lacks. */
export function lackingCodePoints(svg: string, font: BundledFont): ReadonlySet<number> {
  const drawn = [...drawnCodePoints(svg).values()].flatMap((some) => [...some]);
  return new Set(drawn.filter((codePoint) => codePoint >= 0x20 && !font.covers(codePoint)));
}

/**
 * Parts of fonts that draw all text of an SVG of ours, the bundled font's first.
 * @param fallbacks for what the bundled font lacks; what they cannot draw either is left to who shows the document
 * @throws Fault `internal`.
 */
export async function fontParts(
  svg: string,
  font: BundledFont,
  fallbacks: readonly FallbackFont[],
  assets: string,
): Promise<readonly FontPart[]> {
  const parts: FontPart[] = [];
  const add = async (bytes: Uint8Array, face: number, part: Omit<FontPart, 'bytes'>): Promise<void> => {
    const some = await subsetFont(assets, bytes, face, part.codePoints, part.weight === undefined);
    if (some) parts.push({ ...part, bytes: some });
  };
  for (const [weight, drawn] of drawnCodePoints(svg)) {
    const codePoints = new Set([...drawn].filter((codePoint) => font.covers(codePoint)));
    const [regular, semibold] = font.files;
    const bytes = weight === 600 ? semibold : regular;
    if (bytes && codePoints.size > 0) await add(bytes, 0, { weight, codePoints });
  }
  for (const { file, face, codePoints } of fallbacks) {
    const bytes = await readFile(file).catch(() => undefined); // gone since it was found
    if (bytes) await add(bytes, face, { codePoints });
  }
  return parts;
}

/** An SVG of ours with parts of fonts in it, so that it looks the same wherever it is shown. */
export function withFonts(svg: string, parts: readonly FontPart[]): string {
  const rules = parts.map(({ weight, codePoints, bytes }) => {
    const source = `src:url(data:font/ttf;base64,${Buffer.from(bytes).toString('base64')})`;
    const range = Array.from(codePoints, (codePoint) => `U+${codePoint.toString(16).toUpperCase()}`).join();
    return weight === undefined
      ? `@font-face{font-family:Inter;font-weight:400 600;${source};unicode-range:${range}}`
      : `@font-face{font-family:Inter;font-weight:${weight};${source}}`;
  });
  const start = svg.indexOf('>', svg.indexOf('<svg ')) + 1;
  return rules.length === 0 ? svg : `${svg.slice(0, start)}<style>${rules.join('')}</style>${svg.slice(start)}`;
}
