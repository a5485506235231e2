import { areApart, ENTROPY_RANGE_BITS, hexOf, inkOn, type Rgb, tokenColor, tokenGray } from '../map/colors.js';
import { type Coloring, coloringColors } from '../map/coloring.js';
import { type Label, LABEL_WEIGHT } from '../map/labels.js';
import type { Regions } from '../map/regions.js';
import type { Display } from '../map/mapDisplay.js';
import { slotsOf } from '../map/settledMap.js';
import type { TokenMap } from '../map/tokenMap.js';
import { drawCells } from './cellPicture.js';
import { type Frame, INK, type Writer } from './figureWriter.js';
import { element, escapeXml, svgNumber } from './xml.js';

/** Parts that all figures are made of. */

const FAMILY = "Inter, 'Segoe UI', 'Helvetica Neue', 'Noto Sans', Arial, sans-serif";
/** Of captions and subtitles. */
export const SOFT_INK = '#424242';
/** Above a caption. */
export const RULE = '#c4c4c4';

/** A whole SVG document, white. @param description what is read out beside the title */
export function svgDocument(
  {
    width,
    height,
    points,
  }: {
    readonly width: number;
    readonly height: number;
    /** Points of a px, where the document has a size on paper. */
    readonly points?: number | undefined;
  },
  { title, description }: { readonly title: string; readonly description: string },
  body: string,
): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    element(
      'svg',
      {
        xmlns: 'http://www.w3.org/2000/svg',
        width: points === undefined ? String(width) : `${svgNumber(width * points)}pt`,
        height: points === undefined ? String(height) : `${svgNumber(height * points)}pt`,
        viewBox: `0 0 ${svgNumber(width)} ${height}`,
        role: 'img',
        'font-family': FAMILY,
        style: "font-feature-settings:'calt' 0",
        fill: INK,
      },
      element('title', {}, escapeXml(title)) +
        element('desc', {}, escapeXml(description)) +
        element('rect', { width, height, fill: '#ffffff' }) +
        body,
    ) +
    '\n'
  );
}

/** Title and subtitle, as lines of a figure. */
export interface Heading {
  /** Of its lines together, in px. */
  readonly height: number;
  /** @param title y of the title's first line, in px @param subtitle that of the subtitle's, were there no title */
  readonly draw: (x: number, title: number, subtitle: number) => string;
}

/** @param words undefined: the figure has no heading @param sizes of its letters, and @param room for its lines, in px */
export function headingOf(
  words: { readonly title: string; readonly subtitle: string } | undefined,
  sizes: { readonly title: number; readonly subtitle: number },
  room: number,
  write: Writer,
): Heading {
  const titles = words ? write.lines([words.title], sizes.title, 600, room, ' ') : [];
  const subtitles = words ? write.lines([words.subtitle], sizes.subtitle, 400, room, ' ') : [];
  const [titleLine, subtitleLine] = [1.25 * sizes.title, (10 / 7) * sizes.subtitle];
  const titleHeight = titleLine * titles.length;
  return {
    height: titleHeight + subtitleLine * subtitles.length,
    draw: (x, title, subtitle) =>
      [
        ...titles.map((text, i) => write.line(text, { x, y: title + titleLine * i, size: sizes.title, weight: 600 })),
        ...subtitles.map((text, i) =>
          write.line(text, { x, y: subtitle + titleHeight + subtitleLine * i, size: sizes.subtitle, fill: SOFT_INK }),
        ),
      ].join(''),
  };
}

/** What the cells of a map look like. */
export interface CellColors {
  /** Color of a cell; undefined where it is not computed. */
  readonly color: (cell: number) => Rgb | undefined;
  /** Where color is the token. */
  readonly ofTokens?: TokenColors;
}

export interface TokenColors {
  /** A cell's color, were it another token's. */
  readonly color: (token: number, cell: number) => Rgb;
  /** Whether not everybody tells the colors of two tokens apart. */
  readonly alike: (token: number, other: number) => boolean;
}

/** @param known color slots of tokens by text, else the display's */
export function cellColors(
  map: TokenMap,
  coloring: Coloring,
  regions: Regions,
  known: Display['tokenColors'] | undefined = map.display?.tokenColors,
): CellColors {
  const { cells, tokens } = map;
  if (coloring.colorBy === 'token') {
    const slots = slotsOf(map, regions, known);
    const slot = (token: number): number => slots.get(tokens.get(token)?.text ?? `#${token}`) ?? 0;
    const color = (token: number, cell: number): Rgb => tokenColor('light', slot(token), coloring.part(cells, cell));
    return {
      color: (cell) => (cells.computed[cell] ? color(cells.ids[cell * cells.topK] ?? 0, cell) : undefined),
      ofTokens: { color, alike: (token, other) => !areApart(slot(token), slot(other)) },
    };
  }
  const scale = coloringColors(coloring, 'light');
  return {
    color: (cell) =>
      cells.computed[cell]
        ? scale[Math.round(Math.min(1, Math.max(0, coloring.part(cells, cell) || 0)) * 255)]
        : undefined,
  };
}

export function regionText(
  label: Label,
  columns: number,
  frame: Frame,
  cellWidth: number,
  cellHeight: number,
  color: (cell: number) => Rgb | undefined,
  write: Writer,
): string {
  const mean = meanColor(label, columns, color);
  return write.segments(label.segments, {
    x: frame.x + label.x * cellWidth,
    y: frame.y + frame.height - label.y * cellHeight + label.size * 0.36,
    size: label.size,
    weight: LABEL_WEIGHT,
    anchor: 'middle',
    fill: inkOn(mean),
    halo: hexOf(mean),
  });
}

/** Mean color of the cells below a label. */
function meanColor({ box }: Label, columns: number, color: (cell: number) => Rgb | undefined): Rgb {
  const sum = [0, 0, 0];
  let count = 0;
  for (let row = Math.floor(box.y + 1e-9); row < box.y + box.height - 1e-9; row++) {
    for (let column = Math.floor(box.x + 1e-9); column < box.x + box.width - 1e-9; column++) {
      color(row * columns + column)?.forEach((channel, i) => (sum[i] = (sum[i] ?? 0) + channel));
      count++;
    }
  }
  return [(sum[0] ?? 0) / count, (sum[1] ?? 0) / count, (sum[2] ?? 0) / count];
}

/** Names and ticks of the bar, as figures have them: the unit once, at an end. */
function barWords({ colorBy, whole, name, ticks }: Coloring): Pick<Coloring, 'name' | 'ticks'> {
  if (!whole) return { name, ticks };
  if (colorBy === 'margin')
    return { name, ticks: ticks.map(({ part }) => ({ part, text: `${100 * part}${part === 1 ? ' points' : ''}` })) };
  if (colorBy !== 'entropy') return { name, ticks };
  // From unsure at the bottom, as the other scales: darker is more confident.
  const most = ENTROPY_RANGE_BITS;
  return {
    name,
    ticks: [12, 10, 8, 6, 4, 2, 0].map((bits) => ({
      part: 1 - bits / most,
      text: bits === most ? `${bits} bits` : `${bits}`,
    })),
  };
}

export function drawColorBar(coloring: Coloring, frame: Frame, write: Writer): string {
  const x = frame.x + frame.width + 17;
  const y = frame.y + 22;
  const width = 13;
  const height = Math.max(80, frame.height - 22);
  const steps = 256;
  const scale = coloringColors(coloring, 'light');
  const color = (step: number): Rgb => {
    const part = step / (steps - 1);
    return coloring.colorBy === 'token' ? tokenGray('light', part) : (scale[step] ?? [0, 0, 0]);
  };
  const { name, ticks } = barWords(coloring);
  let marks = '';
  let texts = write.line(name, { x: x - 1, y: frame.y + 7, size: 13 });
  ticks.forEach(({ part, text }) => {
    const at = y + height - part * height;
    marks += `M${svgNumber(x + width)} ${svgNumber(at)}h5`;
    texts += write.line(text, { x: x + width + 9, y: at + 4.6, size: 13 });
  });
  return (
    drawCells({ columns: 1, rows: steps, color }, x, y, width, height) +
    element('rect', { x, y, width, height, fill: 'none', stroke: '#000000', 'stroke-opacity': 0.3 }) +
    element('path', { d: marks, fill: 'none', stroke: '#000000', 'stroke-opacity': 0.5 }) +
    texts
  );
}
