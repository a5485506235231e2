import { BORDER } from '../../map/colors.js';
import type { Segment } from '../../map/display.js';
import { type Label, LABEL_SIZES, LABEL_WEIGHT, placeLabels } from '../../map/labels.js';
import type { Outlined } from '../../map/outlines.js';
import type { Regions } from '../../map/regions.js';
import { drawCells } from '../cellPicture.js';
import { BORDER_WORDS, drawBorders, type FigureBorders } from '../figureBorders.js';
import { type CellColors, headingOf, regionText, RULE, SOFT_INK, svgDocument } from '../figureParts.js';
import {
  AXIS_SIZE,
  type FigurePart,
  type FigureSize,
  SMALLEST_SIZE,
  SMALLEST_TYPE,
  USUAL_TYPE,
} from '../figureSize.js';
import type { Frame, Writer } from '../figureWriter.js';
import { element, svgNumber } from '../xml.js';

/** One of the maps of a figure of many. */
export interface Panel {
  readonly title: string;
  /** Below the map. */
  readonly note: string;
  readonly columns: number;
  readonly rows: number;
  readonly colors: CellColors;
  /** What its borders are drawn from. */
  readonly outlined: Outlined;
  /** What is named. */
  readonly regions: Regions;
  readonly segments: (id: number) => readonly Segment[];
}

export interface Multiples {
  readonly title: string;
  readonly subtitle: string;
  readonly panels: readonly Panel[];
  /** Panels in a row. */
  readonly across: number;
  /** Of a panel's longer side, in px; left out: what there is room for. */
  readonly side?: number;
  /** Draws what stands right of the panels: the one bar that they share. */
  readonly bar: (frame: Frame) => string;
  readonly borders: boolean;
  readonly labels: boolean;
  readonly caption: readonly string[];
}

const BAR = 96;
const GAP = 22;
const TITLE = 24;
const NOTE = 22;
/** Of a panel's longer side, in px. */
const SIDE = { least: 120, most: 330 };
/** Of all panels beside each other. */
const WIDTH = 1010;
const LEAST_WIDTH = 640;

/** Sizes of words and margins, in the figure's px. */
interface Measures {
  /** Points of a px, and px of the whole; undefined: the figure is as wide as it comes. */
  readonly points: number | undefined;
  readonly width: number;
  readonly edge: number;
  readonly across: number;
  /** Of a panel's longer side. */
  readonly wide: number;
  readonly title: number;
  readonly subtitle: number;
}

function measuresOf(
  { across: most, side }: Multiples,
  { width, fontSize = USUAL_TYPE, without = [] }: FigureSize,
): Measures {
  const bar = without.includes('bar') ? 0 : BAR + 12;
  const room = (across: number, all: number): number => (all - (across - 1) * GAP) / across;
  if (width === undefined) {
    const wide = side ?? Math.min(SIDE.most, Math.max(SIDE.least, room(most, WIDTH)));
    const all = 36 + most * wide + (most - 1) * GAP + (bar === 0 ? 36 : bar);
    const whole = Math.max(LEAST_WIDTH, all);
    return { points: undefined, width: whole, edge: 36, across: most, wide, title: 20, subtitle: 14 };
  }
  const points = Math.max(fontSize / AXIS_SIZE, SMALLEST_TYPE / SMALLEST_SIZE);
  const whole = width / points;
  const edge = 6;
  const all = whole - edge - Math.max(edge, bar);
  let across = most;
  while (across > 1 && room(across, all) < SIDE.least) across--;
  return { points, width: whole, edge, across, wide: room(across, all), title: 15, subtitle: AXIS_SIZE };
}

/** Maps beside each other, with one bar and one caption. */
export function drawMultiples(figure: Multiples, write: Writer, asked: FigureSize = {}): string {
  const { panels } = figure;
  const { points, width, edge, across, wide, ...sizesOf } = measuresOf(figure, asked);
  const smallest = points === undefined ? LABEL_SIZES.smallest : Math.max(LABEL_SIZES.smallest, SMALLEST_TYPE / points);
  const has = (part: FigurePart): boolean => !asked.without?.includes(part);
  const sizes = panels.map(({ columns, rows }) => {
    const cell = wide / Math.max(columns, rows);
    return { width: Math.max(columns * cell, wide / 4), height: Math.max(rows * cell, wide / 4) };
  });
  const room = width - 2 * edge;
  const heading = headingOf(has('title') ? figure : undefined, sizesOf, room, write);
  const above = points === undefined ? 40 : 12;
  const top = above + heading.height;
  let y = top;
  let body = heading.draw(edge, above + 0.4 * sizesOf.title, above + 10);
  const kinds = new Set<FigureBorders['kind']>();
  for (let start = 0; start < panels.length; start += across) {
    const row = panels.slice(start, start + across);
    const high = Math.max(...sizes.slice(start, start + across).map(({ height }) => height));
    row.forEach((panel, i) => {
      const size = sizes[start + i] ?? { width: wide, height: wide };
      const frame = { x: edge + i * (wide + GAP), y: y + TITLE, ...size };
      const drawn = drawPanel(panel, frame, wide, figure, write, smallest);
      kinds.add(drawn.borders);
      body += drawn.svg;
    });
    if (start === 0 && has('bar'))
      body += figure.bar({ x: edge, y: y + TITLE, width: across * wide + (across - 1) * GAP, height: high });
    y += TITLE + high + NOTE + GAP / 2;
  }
  y += has('caption') ? 10 : -20;
  if (has('caption'))
    body += element('path', { d: `M${edge} ${svgNumber(y)}H${svgNumber(width - edge)}`, stroke: RULE });
  y += 4;
  const parts = [
    ...figure.caption,
    ...(kinds.has('interpolated') ? [BORDER_WORDS.interpolated] : []),
    ...(kinds.has('crowded') ? ['borders left out where there are too many to draw'] : []),
  ];
  for (const line of write.lines(has('caption') ? parts : [], 12, 400, room, ' · '))
    body += write.line(line, { x: edge, y: (y += 19), size: 12, fill: SOFT_INK });
  const height = Math.ceil(y + (points === undefined ? 24 : 10));
  const description = `${figure.subtitle}. ${panels.map((panel) => `${panel.title}: ${panel.note}`).join('. ')}. ${parts.join(' · ')}`;
  const size = { width: points === undefined ? Math.ceil(width) : width, height, points };
  return svgDocument(size, { title: figure.title, description }, body);
}

function drawPanel(
  panel: Panel,
  frame: Frame,
  room: number,
  { borders: bordered, labels: labelled }: Multiples,
  write: Writer,
  smallest: number,
): { readonly svg: string; readonly borders: FigureBorders['kind'] } {
  const { columns, rows, colors, regions, segments } = panel;
  const { color } = colors;
  const [cellWidth, cellHeight] = [frame.width / columns, frame.height / rows];
  const borders = bordered
    ? drawBorders(panel.outlined, colors, frame, BORDER.width)
    : ({ kind: 'known', svg: '' } as const);
  const measure = (some: readonly Segment[]): number => write.measure(some, LABEL_WEIGHT);
  // As in a figure of one map: placed as for the screen, and larger than there by as much as the smallest must be.
  const larger = smallest / LABEL_SIZES.smallest;
  const placed = { regions, cellWidth: cellWidth / larger, cellHeight: cellHeight / larger, segments, measure };
  const labels: readonly Label[] = labelled
    ? placeLabels(placed).map((label) => ({ ...label, size: label.size * larger }))
    : [];
  const heading = shortened(panel.title, room, 13, write);
  const note = shortened(panel.note, room, 12, write);
  return {
    borders: borders.kind,
    svg:
      write.line(heading, { x: frame.x, y: frame.y - 8, size: 13, weight: 600 }) +
      drawCells({ columns, rows, color }, frame.x, frame.y, frame.width, frame.height) +
      borders.svg +
      element('rect', { ...frame, fill: 'none', stroke: '#000000', 'stroke-opacity': 0.35 }) +
      labels.map((label) => regionText(label, columns, frame, cellWidth, cellHeight, color, write)).join('') +
      write.line(note, { x: frame.x, y: frame.y + frame.height + 16, size: 12, fill: SOFT_INK }),
  };
}

/** As much of a line as there is room for. */
function shortened(text: string, room: number, size: number, write: Writer): string {
  const fits = (part: string): boolean => write.font.measure(part, 600) * size <= room;
  if (fits(text)) return text;
  const letters = Array.from(text);
  while (letters.length > 1 && !fits(`${letters.join('')}\u2026`)) letters.pop();
  return `${letters.join('').trimEnd()}\u2026`;
}

/** Panels in a row where there are so many. */
export const acrossOf = (panels: number): number =>
  panels <= 4 ? Math.max(1, panels) : Math.min(8, Math.ceil(Math.sqrt(1.4 * panels)));
