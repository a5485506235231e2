import type { FigureSize } from './figureSize.js';
import { type BundledFont, loadBundledFont } from './fonts.js';
import { figurePdf, figurePng, figureSvg, type PictureOptions } from './pictures.js';
import { toTex } from './toTex.js';

/** A way to write something (a map, a comparison of two) as one file. */
export interface FileFormat<T, Name extends string = string> {
  /** As it is asked for: `--formats csv`. */
  readonly name: Name;
  /** In a list that a person chooses from. */
  readonly label: string;
  /** What the file holds, of a picture what it is good for; in a few words. */
  readonly holds: string;
  /** Without the dot. */
  readonly extension: string;
  /** Otherwise it is text, UTF-8. */
  readonly binary: boolean;
  /**
   * `data` is what may not be lost. The others are to be looked at, bear the look in their names and are made last; `pixels` have a
   * scale and are drawn by a process of their own, which takes a while and may be ended for want of memory.
   */
  readonly kind: 'data' | 'drawing' | 'pixels';
  /** The file. The same thing gives the same bytes. @throws Fault. */
  readonly contents: (of: T, options: PictureOptions) => Uint8Array | Promise<Uint8Array>;
}

/** The formats of whatever is drawn as a figure. */
export const pictureFormats = <T>(
  draw: (of: T, font: BundledFont, unshown?: ReadonlySet<number>, size?: FigureSize) => string,
): readonly [FileFormat<T, 'png'>, FileFormat<T, 'svg'>, FileFormat<T, 'pdf'>, FileFormat<T, 'tex'>] => [
  {
    name: 'png',
    label: 'PNG picture',
    holds: 'for documents and slides',
    extension: 'png',
    binary: true,
    kind: 'pixels',
    contents: (of, options) => figurePng((font, unshown) => draw(of, font, unshown, options.figure), options),
  },
  {
    name: 'svg',
    label: 'SVG picture',
    holds: 'vectors, text as text, its fonts in it',
    extension: 'svg',
    binary: false,
    kind: 'drawing',
    contents: async (of, options) =>
      Buffer.from(await figureSvg((font, unshown) => draw(of, font, unshown, options.figure), options)),
  },
  {
    name: 'pdf',
    label: 'PDF picture',
    holds: 'for papers: vectors, its fonts in it',
    extension: 'pdf',
    binary: true,
    kind: 'drawing',
    contents: (of, options) => figurePdf((font, unshown) => draw(of, font, unshown, options.figure), options),
  },
  {
    name: 'tex',
    label: 'Caption, for LaTeX',
    holds: 'its caption as text and LaTeX, and the text for who does not see it',
    extension: 'tex',
    binary: false,
    kind: 'drawing',
    contents: async (of, { assets }) => Buffer.from(toTex(draw(of, await loadBundledFont(assets)))),
  },
];

/** A format of a list by its name. */
export function formatNamed<T, Name extends string>(
  formats: readonly FileFormat<T, Name>[],
  name: Name,
): FileFormat<T, Name> {
  const format = formats.find((one) => one.name === name);
  if (!format) throw new Error(`There is no format ${name}.`);
  return format;
}
