import { GLYPH_OPACITY, HALO } from '../map/colors.js';
import {
  codePointName,
  type Segment,
  segmentsText,
  SPACE_GLYPH,
  SPACE_PATH,
  SPACE_WIDTH,
  tokenSegments,
} from '../map/display.js';
import type { Token } from '../map/token.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { BundledFont, Weight } from './fonts.js';
import { element, escapeXml, svgNumber } from './xml.js';

/** Ink of a figure's words. */
export const INK = '#1a1a1a';

/** A rectangle of the figure, in px; y downward. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where and how text stands. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly weight?: Weight;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly fill?: string;
  readonly halo?: string;
  readonly transform?: string;
}

/** Writes text into the figure. */
export class Writer {
  private readonly segmentsOf = new Map<number, readonly Segment[]>();
  private readonly widths = new Map<string, number>();

  constructor(
    readonly font: BundledFont,
    private readonly unshown: ReadonlySet<number>,
  ) {}

  /** Segments of a token of the figure's one map, without what cannot be shown. */
  token(map: TokenMap, id: number): readonly Segment[] {
    let segments = this.segmentsOf.get(id);
    if (!segments) {
      segments = this.ofToken(map.tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` });
      this.segmentsOf.set(id, segments);
    }
    return segments;
  }

  /** The same, of a token of any map. */
  ofToken(token: Token): readonly Segment[] {
    const segments = tokenSegments(token);
    return this.unshown.size > 0 ? segments.flatMap((segment) => this.named(segment)) : segments;
  }

  /** Width in em. */
  measure(segments: readonly Segment[], weight: Weight): number {
    let width = 0;
    for (const { text, kind } of segments) {
      if (text === SPACE_GLYPH && kind === 'glyph') {
        width += SPACE_WIDTH;
        continue;
      }
      const key = `${weight}${text}`;
      let one = this.widths.get(key);
      if (one === undefined) this.widths.set(key, (one = this.font.measure(text, weight)));
      width += one;
    }
    return width;
  }

  /** A segment in pieces, characters that cannot be shown as their code points. */
  private named(segment: Segment): Segment[] {
    const pieces: Segment[] = [];
    let shown = '';
    const flush = (): void => {
      if (shown) pieces.push({ ...segment, text: shown });
      shown = '';
    };
    for (const character of segment.text) {
      if (this.unshown.has(character.codePointAt(0) ?? 0)) {
        flush();
        pieces.push({ kind: 'glyph', text: codePointName(character), name: codePointName(character) });
      } else shown += character;
    }
    flush();
    return pieces;
  }

  /** A line of text that is safe already. */
  line(text: string, place: Place): string {
    const safe = this.unshown.size > 0 ? segmentsText(this.named({ kind: 'text', text })) : text;
    return element('text', textAttributes(place, safe), escapeXml(safe));
  }

  /** Parts joined by a separator, broken into lines that are no wider than the room: between parts, else between words. */
  lines(parts: readonly string[], size: number, weight: Weight, room: number, separator: string): string[] {
    const width = (text: string): number => this.font.measure(text, weight) * size;
    const lines: string[] = [];
    let line = '';
    const add = (piece: string, joint: string): boolean => {
      if (line && width(line + joint + piece) > room) return false;
      line += (line ? joint : '') + piece;
      return true;
    };
    for (const part of parts) {
      if (add(part, separator) && width(line) <= room) continue;
      if (line !== part) {
        lines.push(line);
        line = part;
      }
      if (width(line) <= room) continue;
      const words = line.split(' ');
      line = '';
      for (const word of words) {
        if (add(word, ' ')) continue;
        lines.push(line);
        line = word;
      }
    }
    return line ? [...lines, line] : lines;
  }

  /** A token's segments, `␣` as a path: fonts differ in it, and some lack it. */
  segments(segments: readonly Segment[], place: Place): string {
    const weight = place.weight ?? 400;
    const em = place.size;
    const whole = this.measure(segments, weight) * em;
    let x = place.x - (place.anchor === 'middle' ? whole / 2 : place.anchor === 'end' ? whole : 0);
    let text = '';
    let textStart = x;
    let spaces = '';
    let texts = '';
    const flush = (): void => {
      if (text) texts += element('text', textAttributes({ ...place, x: textStart, anchor: 'start' }, text), text);
      text = '';
    };
    for (const segment of segments) {
      if (segment.text === SPACE_GLYPH && segment.kind === 'glyph') {
        flush();
        spaces += spacePath(x, place.y, em);
        x += SPACE_WIDTH * em;
        textStart = x;
        continue;
      }
      const safe = escapeXml(segment.text);
      text += segment.kind === 'glyph' ? element('tspan', { 'fill-opacity': GLYPH_OPACITY }, safe) : safe;
      x += this.measure([segment], weight) * em;
    }
    flush();
    if (!spaces) return texts;
    const pen = { d: spaces, fill: 'none', 'stroke-width': SPACE_PATH.stroke * em * (weight === 600 ? 1.25 : 1) };
    const halo = place.halo
      ? element('path', { ...pen, stroke: place.halo, 'stroke-opacity': HALO.opacity, 'stroke-width': HALO.width })
      : '';
    return (
      halo + element('path', { ...pen, stroke: place.fill ?? INK, 'stroke-opacity': GLYPH_OPACITY + 0.15 }) + texts
    );
  }
}

function spacePath(x: number, y: number, em: number): string {
  const { left, right, top, bottom } = SPACE_PATH;
  const [x0 = '', x1 = ''] = [left, right].map((at) => svgNumber(x + at * em));
  const [y0 = '', y1 = ''] = [top, bottom].map((at) => svgNumber(y + at * em));
  return `M${x0} ${y0}V${y1}H${x1}V${y0}`;
}

/** Characters of scripts that run from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;

export const isRightToLeft = (text: string): boolean => RIGHT_TO_LEFT.test(text);

const textAttributes = (place: Place, text: string) => ({
  x: place.x,
  y: place.y,
  'font-size': place.size,
  'font-weight': place.weight === 600 ? 600 : undefined,
  'text-anchor': place.anchor === 'start' ? undefined : place.anchor,
  fill: place.fill,
  ...(isRightToLeft(text) ? { direction: 'ltr', 'unicode-bidi': 'isolate' } : {}),
  ...(place.halo
    ? {
        stroke: place.halo,
        'stroke-width': HALO.width,
        'stroke-opacity': HALO.opacity,
        'stroke-linejoin': 'round',
        'paint-order': 'stroke',
      }
    : {}),
  transform: place.transform,
});
