import { isDark, type Rgb } from '../../map/colors.js';
import type { Segment } from '../../map/display.js';
import { type Label, LABEL_WEIGHT, placeLabels } from '../../map/labels.js';
import { findBorders, type Regions } from '../../map/regions.js';
import { drawCells } from '../cellPicture.js';
import { areCrowded, drawBorders, regionText, RULE, SOFT_INK, svgDocument } from '../figureParts.js';
import type { Frame, Writer } from '../figureWriter.js';
import { element, svgNumber } from '../xml.js';

/** One of the maps of a figure of many. */
export interface Panel {
  readonly title: string;
  /** Below the map. */
  readonly note: string;
  readonly columns: number;
  readonly rows: number;
  readonly color: (cell: number) => Rgb | undefined;
  /** [columns * rows] what wins, for the borders; -1: nothing. */
  readonly top: Int32Array;
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

const EDGE = 36;
const BAR = 96;
const GAP = 22;
const TITLE = 24;
const NOTE = 22;
/** Of a panel's longer side, in px. */
const SIDE = { least: 120, most: 330 };
/** Of all panels beside each other. */
const WIDTH = 1010;
const LEAST_WIDTH = 640;

/** Maps beside each other, with one bar and one caption. */
export function drawMultiples(figure: Multiples, write: Writer): string {
  const { panels, across } = figure;
  const wide = figure.side ?? Math.min(SIDE.most, Math.max(SIDE.least, (WIDTH - (across - 1) * GAP) / across));
  const sizes = panels.map(({ columns, rows }) => {
    const cell = wide / Math.max(columns, rows);
    return { width: Math.max(columns * cell, wide / 4), height: Math.max(rows * cell, wide / 4) };
  });
  const width = Math.max(LEAST_WIDTH, EDGE + across * wide + (across - 1) * GAP + BAR + 12);
  const room = width - 2 * EDGE;
  const title = write.lines([figure.title], 20, 600, room, ' ');
  const subtitle = write.lines([figure.subtitle], 14, 400, room, ' ');
  const heading =
    title.map((line, i) => write.line(line, { x: EDGE, y: 48 + 25 * i, size: 20, weight: 600 })).join('') +
    subtitle
      .map((line, i) => write.line(line, { x: EDGE, y: 50 + 25 * title.length + 20 * i, size: 14, fill: SOFT_INK }))
      .join('');
  const top = 40 + 25 * title.length + 20 * subtitle.length;
  let y = top;
  let body = heading;
  const crowded: boolean[] = [];
  for (let start = 0; start < panels.length; start += across) {
    const row = panels.slice(start, start + across);
    const high = Math.max(...sizes.slice(start, start + across).map(({ height }) => height));
    row.forEach((panel, i) => {
      const size = sizes[start + i] ?? { width: wide, height: wide };
      const frame = { x: EDGE + i * (wide + GAP), y: y + TITLE, ...size };
      const drawn = drawPanel(panel, frame, wide, figure, write);
      crowded.push(drawn.crowded);
      body += drawn.svg;
    });
    if (start === 0)
      body += figure.bar({ x: EDGE, y: y + TITLE, width: across * wide + (across - 1) * GAP, height: high });
    y += TITLE + high + NOTE + GAP / 2;
  }
  y += 10;
  body += element('path', { d: `M${EDGE} ${svgNumber(y)}H${svgNumber(width - EDGE)}`, stroke: RULE });
  y += 4;
  const parts = crowded.includes(true)
    ? [...figure.caption, 'borders left out where there are too many to draw']
    : figure.caption;
  for (const line of write.lines(parts, 12, 400, room, ' · '))
    body += write.line(line, { x: EDGE, y: (y += 19), size: 12, fill: SOFT_INK });
  const height = Math.ceil(y + 24);
  const description = `${figure.subtitle}. ${panels.map((panel) => `${panel.title}: ${panel.note}`).join('. ')}. ${figure.caption.join(' · ')}`;
  return svgDocument({ width: Math.ceil(width), height }, { title: figure.title, description }, body);
}

function drawPanel(
  panel: Panel,
  frame: Frame,
  room: number,
  { borders: bordered, labels: labelled }: Multiples,
  write: Writer,
): { readonly svg: string; readonly crowded: boolean } {
  const { columns, rows, color, regions, segments } = panel;
  const [cellWidth, cellHeight] = [frame.width / columns, frame.height / rows];
  const dark = Uint8Array.from(panel.top, (_, cell) => Number(isDark(color(cell) ?? [255, 255, 255])));
  const borders = findBorders(columns, rows, panel.top, dark);
  const crowded = bordered && areCrowded(borders, frame, cellWidth, cellHeight);
  const measure = (some: readonly Segment[]): number => write.measure(some, LABEL_WEIGHT);
  const labels: readonly Label[] = labelled ? placeLabels({ regions, cellWidth, cellHeight, segments, measure }) : [];
  const heading = shortened(panel.title, room, 13, write);
  const note = shortened(panel.note, room, 12, write);
  return {
    crowded,
    svg:
      write.line(heading, { x: frame.x, y: frame.y - 8, size: 13, weight: 600 }) +
      drawCells({ columns, rows, color }, frame.x, frame.y, frame.width, frame.height) +
      (bordered && !crowded ? drawBorders(borders, frame, cellWidth, cellHeight, false) : '') +
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
