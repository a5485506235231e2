import { formatFixed, niceTicks } from '../map/numbers.js';
import { SOFT_INK, svgDocument } from './figureParts.js';
import { Writer } from './figureWriter.js';
import type { BundledFont } from './fonts.js';
import { element, svgNumber } from './xml.js';

/** A quantity along an axis: a line, and a band around it. */
export interface Chart {
  readonly title: string;
  /** What stands below each place of the axis. */
  readonly places: readonly string[];
  readonly axis: string;
  /** [places] null where nothing is known. */
  readonly line: readonly (number | null)[];
  /** [places] lower and upper end of the band; left out where there is none. */
  readonly band?: readonly (readonly [number, number] | null)[];
  /** Only whole numbers stand at the axis. */
  readonly whole?: boolean;
  /** Shown values are these times so much: 100 for percent. */
  readonly times?: number;
}

const BLUE = '#2166ac';
const [WIDTH, HEIGHT] = [420, 250];
const INSIDE = { left: 58, right: 16, top: 40, bottom: 46 } as const;
const EDGE = 28;

/**
 * Charts side by side, two in a row, as an SVG document: white, text as text. The same charts give the same document.
 * @param caption lines below
 */
export function drawCharts(
  heading: string,
  charts: readonly Chart[],
  caption: readonly string[],
  font: BundledFont,
): string {
  const write = new Writer(font, new Set());
  const columns = Math.min(2, charts.length);
  const rows = Math.ceil(charts.length / 2);
  const width = 2 * EDGE + columns * WIDTH;
  const title = write.lines([heading], 18, 600, width - 2 * EDGE, ' ');
  const top = 34 + 24 * title.length;
  const words = write.lines(caption, 12, 400, width - 2 * EDGE, ' · ');
  const height = top + rows * HEIGHT + 22 + 18 * words.length;
  return svgDocument(
    { width, height },
    { title: heading, description: caption.join(' · ') },
    title.map((line, i) => write.line(line, { x: EDGE, y: 38 + 24 * i, size: 18, weight: 600 })).join('') +
      charts
        .map((chart, i) =>
          element(
            'g',
            { transform: `translate(${EDGE + (i % 2) * WIDTH} ${top + Math.floor(i / 2) * HEIGHT})` },
            drawChart(chart, write),
          ),
        )
        .join('') +
      words
        .map((line, i) =>
          write.line(line, { x: EDGE, y: top + rows * HEIGHT + 18 * (i + 1), size: 12, fill: SOFT_INK }),
        )
        .join(''),
  );
}

function drawChart({ title, places, axis, line, band, whole = false, times = 1 }: Chart, write: Writer): string {
  const values = [...line, ...(band ?? []).flatMap((ends) => ends ?? [])].filter((value) => value !== null);
  const [low, high] = values.length > 0 ? padded(Math.min(...values) * times, Math.max(...values) * times) : [0, 1];
  const right = WIDTH - INSIDE.right;
  const bottom = HEIGHT - INSIDE.bottom;
  const x = (i: number): number =>
    places.length === 1 ? (INSIDE.left + right) / 2 : INSIDE.left + (i / (places.length - 1)) * (right - INSIDE.left);
  const y = (value: number): number => bottom - ((value * times - low) / (high - low)) * (bottom - INSIDE.top);
  const { ticks, decimals } = niceTicks(low, high, 4);
  const told = whole ? ticks.filter((tick) => Number.isInteger(tick)) : ticks;
  const scale = told.map((tick) => {
    const at = y(tick / times);
    return (
      element('path', { d: `M${INSIDE.left} ${svgNumber(at)}H${right}`, stroke: '#e4e4e4' }) +
      write.line(formatFixed(tick, whole ? 0 : decimals), {
        x: INSIDE.left - 8,
        y: at + 4,
        size: 11,
        anchor: 'end',
        fill: SOFT_INK,
      })
    );
  });
  return (
    write.line(title, { x: INSIDE.left, y: INSIDE.top - 16, size: 13, weight: 600 }) +
    scale.join('') +
    bandPath(band, x, y) +
    linePath(line, x, y) +
    element('path', { d: `M${INSIDE.left} ${INSIDE.top}V${bottom}H${right}`, stroke: '#767676', fill: 'none' }) +
    placeNames(places, x, bottom, write) +
    write.line(axis, { x: (INSIDE.left + right) / 2, y: HEIGHT - 8, size: 12, anchor: 'middle', fill: SOFT_INK })
  );
}

/** A range with some room at both ends: a line that does not change lies in the middle. */
function padded(low: number, high: number): readonly [number, number] {
  const room = high > low ? (high - low) * 0.06 : Math.max(Math.abs(low) * 0.1, 1e-6);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

function linePath(line: Chart['line'], x: (i: number) => number, y: (value: number) => number): string {
  let d = '';
  let pen = false;
  line.forEach((value, i) => {
    if (value !== null) d += `${pen ? 'L' : 'M'}${svgNumber(x(i))} ${svgNumber(y(value))}`;
    pen = value !== null;
  });
  const dots = line.map((value, i) =>
    value === null ? '' : element('circle', { cx: x(i), cy: y(value), r: line.length > 40 ? 1.5 : 2.5, fill: BLUE }),
  );
  return (
    element('path', { d: d || 'M0 0', stroke: BLUE, 'stroke-width': 2, fill: 'none', 'stroke-linejoin': 'round' }) +
    dots.join('')
  );
}

/** Neighbors that both have a band are joined. */
function bandPath(band: Chart['band'], x: (i: number) => number, y: (value: number) => number): string {
  const at = (i: number, value: number): string => `${svgNumber(x(i))} ${svgNumber(y(value))}`;
  let d = '';
  band?.forEach((ends, i) => {
    const before = band[i - 1];
    if (ends && before) d += `M${at(i - 1, before[0])}L${at(i, ends[0])}L${at(i, ends[1])}L${at(i - 1, before[1])}Z`;
  });
  return d === '' ? '' : element('path', { d, fill: BLUE, 'fill-opacity': 0.18 });
}

/** As many names as there is room for, evenly. */
function placeNames(places: readonly string[], x: (i: number) => number, bottom: number, write: Writer): string {
  const widest = Math.max(...places.map((place) => write.measure([{ kind: 'text', text: place }], 400) * 11));
  const room = places.length > 1 ? Math.abs(x(1) - x(0)) : WIDTH;
  const every = Math.max(1, Math.ceil((widest + 8) / room));
  return places
    .map((place, i) =>
      i % every === 0 ? write.line(place, { x: x(i), y: bottom + 17, size: 11, anchor: 'middle', fill: SOFT_INK }) : '',
    )
    .join('');
}
