import type { FontPart } from '../embedFonts.js';
import { isRightToLeft } from '../figureWriter.js';
import { type SvgElement, textOf } from './svgTree.js';

/** fontkit reads the head of a glyph that has no outline, too, which may lie behind the file's end. */
const AFTER = Buffer.alloc(16);
/** What belongs to the letter before it, whichever font has that. */
const JOINED = /^[\p{M}\p{Cf}]$/u;

/** A part of a line in one font. */
interface Run {
  text: string;
  readonly font: string;
  readonly opacity: number;
}

/** Draws the text elements of our SVGs. */
export class PdfText {
  constructor(
    private readonly document: PDFKit.PDFDocument,
    private readonly fonts: readonly FontPart[],
  ) {
    fonts.forEach(({ bytes }, i) => document.registerFont(nameOf(i), Buffer.concat([bytes, AFTER])));
  }

  draw(element: SvgElement, { fill = '#000000' }: Readonly<Record<string, string>>): void {
    const { document } = this;
    const { attributes } = element;
    const size = Number(attributes['font-size'] ?? 16);
    const runs = this.runs(element);
    const widths = runs.map(({ text, font }) => document.font(font, size).widthOfString(text, ON_LINE));
    const whole = widths.reduce((sum, width) => sum + width, 0);
    const anchor = attributes['text-anchor'];
    const start = Number(attributes.x) - (anchor === 'middle' ? whole / 2 : anchor === 'end' ? whole : 0);
    const y = Number(attributes.y);
    const all = (how: { fill?: boolean; stroke?: boolean }): void => {
      let x = start;
      runs.forEach(({ text, font, opacity }, i) => {
        document.font(font, size);
        if (how.fill) document.fillColor(fill, opacity);
        document.text(text, x, y, { ...ON_LINE, ...how });
        x += widths[i] ?? 0;
      });
    };
    if (attributes.stroke !== undefined) {
      document.lineWidth(Number(attributes['stroke-width'] ?? 1)).lineJoin('round');
      document.strokeColor(attributes.stroke, Number(attributes['stroke-opacity'] ?? 1));
      all({ fill: false, stroke: true });
    }
    all({ fill: true, stroke: false });
  }

  private runs({ attributes, children }: SvgElement): readonly Run[] {
    const weight = attributes['font-weight'] === '600' ? 600 : 400;
    const runs: Run[] = [];
    for (const child of children) {
      const text = typeof child === 'string' ? child : textOf(child);
      const opacity = typeof child === 'string' ? 1 : Number(child.attributes['fill-opacity'] ?? 1);
      for (const character of text) {
        const last = runs.at(-1);
        const font = this.fontFor(character, weight, last?.font);
        if (font === undefined) continue;
        const joins =
          last?.font === font && last.opacity === opacity && isRightToLeft(last.text) === isRightToLeft(character);
        if (last && (joins || (JOINED.test(character) && last.font === font))) last.text += character;
        else runs.push({ text: character, font, opacity });
      }
    }
    return runs;
  }

  /** Undefined where no font has it: what is drawn had better be drawable. */
  private fontFor(character: string, weight: number, before: string | undefined): string | undefined {
    const codePoint = character.codePointAt(0) ?? 0;
    const having = this.fonts.flatMap((part, i) =>
      (part.weight ?? weight) === weight && part.codePoints.has(codePoint) ? [nameOf(i)] : [],
    );
    return JOINED.test(character) && before !== undefined && having.includes(before) ? before : having[0];
  }
}

const nameOf = (index: number): string => `font ${index}`;
const ON_LINE: PDFKit.Mixins.TextOptions = { lineBreak: false, baseline: 'alphabetic' };
