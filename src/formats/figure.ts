import { BORDER, hexOf, inkOn, type Rgb } from '../map/colors.js';
import { coloringOf } from '../map/coloring.js';
import { askedQuestion } from '../map/questions.js';
import { type Segment, segmentsText, tokenSegments } from '../map/display.js';
import { exactStatistics, gridPolygons } from '../map/exactRegions.js';
import { coordinates } from '../map/grid.js';
import {
  badgeBoxes,
  CELL_LABEL_FROM,
  fitSegments,
  type Label,
  LABEL_SIZES,
  LABEL_WEIGHT,
  placeLabels,
} from '../map/labels.js';
import { DEFAULT_DISPLAY, showsBorders } from '../map/mapDisplay.js';
import { formatFixed, formatPercent, formatShort, formatWholePercent, niceTicks } from '../map/numbers.js';
import type { Outlined } from '../map/outlines.js';
import { placePolygonLabels } from '../map/polygonLabels.js';
import { findRegions, NO_TOKEN, type Regions, topTokens } from '../map/regions.js';
import type { Mark } from '../map/survey.js';
import type { TokenMap } from '../map/tokenMap.js';
import { drawCells } from './cellPicture.js';
import { BORDER_WORDS, drawBorders } from './figureBorders.js';
import { cellColors, drawColorBar, headingOf, regionText, RULE, SOFT_INK, svgDocument } from './figureParts.js';
import { type AnchorKey, anchorKey, BADGE, drawMarkLines, drawMarks } from './figureMarks.js';
import { drawPoints, pointsKey } from './figurePoints.js';
import { AXIS_SIZE, type FigureMeasures, type FigurePart, type FigureSize, measuresOf } from './figureSize.js';
import { drawRegionKey, numberRegions } from './figureKey.js';
import { type Frame, Writer } from './figureWriter.js';
import type { BundledFont } from './fonts.js';
import { figureWords } from './words.js';
import { element, escapeXml, svgNumber } from './xml.js';

/** The largest side of the map and of a cell, and the least that the map takes, in px. */
const MAP_SIDE = 733;
const LARGEST_CELL = 150;
const LEAST_SIDE = 240;
const LEAST_WIDTH = 620;
/** Exact regions beyond this number are not written as polygons of their own. */
const MOST_POLYGONS = 20_000;

/**
 * A map as a figure, as its display has it: an SVG document, white, with title, cells centered on their points, borders, tokens,
 * color bar, axes and a caption that holds the whole specification. Text is text. The same map gives the same document on every
 * machine.
 * @param unshown code points to write as such (`U+0915`), because nothing can draw them where the figure is to be shown.
 */
export function drawFigure(
  map: TokenMap,
  font: BundledFont,
  unshown: ReadonlySet<number> = new Set(),
  size: FigureSize = {},
): string {
  const measures = measuresOf(size);
  const { edge, left, right } = measures;
  const has = (part: FigurePart): boolean => !size.without?.includes(part);
  const { cells, display = DEFAULT_DISPLAY } = map;
  const asked = askedQuestion(map.specification, display.asked);
  const coloring = coloringOf(cells, asked?.question ?? null, display.colorBy, display.colorRange, asked?.at);
  const write = new Writer(font, unshown);
  const top = topTokens(cells);
  const regions = findRegions(cells.columns, cells.rows, top);
  const colors = cellColors(map, coloring, regions);
  const { color } = colors;
  const words = figureWords(map, coloring.colorBy);

  const side = mapSize(cells.columns, cells.rows, measures);
  const width = measures.width ?? Math.max(LEAST_WIDTH, left + side.width + right);
  const room = width - 2 * edge;
  const heading = headingOf(has('title') ? words : undefined, measures, room, write);
  const above = !has('title') ? 12 : measures.points === undefined ? 51 : 23;
  const frame: Frame = { x: left, y: above + heading.height, ...side };
  const cellWidth = frame.width / cells.columns;
  const cellHeight = frame.height / cells.rows;
  const cellSize = cellTextSize(map, cellWidth, cellHeight, top, write, measures.cell);
  const perCell = display.labels && cellSize !== undefined;

  const { columns, rows } = cells;
  const outlined = { columns, rows, top, cells, exact: exactOf(map) };
  const borders = showsBorders({ ...display, colorBy: coloring.colorBy })
    ? drawBorders(outlined, colors, frame, perCell ? 2 : BORDER.width)
    : ({ kind: 'known', svg: '' } as const);
  const place = (segments: (token: number) => readonly Segment[]): Label[] =>
    regionLabels(map, regions, { cellWidth, cellHeight, segments }, write, measures.label);
  const named = perCell || !display.labels ? [] : place((token) => write.token(map, token));
  // On a screen one points at a region that is too small for its name; on paper it has a number.
  const { labels: numbers, numbered } =
    measures.points !== undefined && has('legend') && !perCell && display.labels
      ? numberRegions(named, place)
      : { labels: [], numbered: [] };
  const labels = [...named, ...numbers];
  const texts = perCell
    ? cellTexts(map, frame, { size: cellSize, smallest: measures.cell }, color, write)
    : labels.map((label) => regionText(label, cells.columns, frame, cellWidth, cellHeight, color, write)).join('');

  let y = frame.y + frame.height;
  const xName = fitting(words.xAxis, frame.width + 2 * (left - edge), font);
  const yName = fitting(words.yAxis, frame.height + 20, font);
  const axes = drawAxes(map, frame, xName, yName, write);
  // The key of stand-ins stands right of the x axis' name, or below it where that is too near.
  const entries = numbered.map(({ number, token }) => ({ number, segments: write.token(map, token) }));
  const drawn = perCell ? shownTokens(map, top) : [...labels, ...entries].map(({ segments }) => segments);
  const key = has('legend') ? glyphKey(drawn, write) : { svg: '', width: 0 };
  const besides =
    width - edge - key.width > frame.x + frame.width / 2 + (font.measure(xName, 400) * AXIS_SIZE) / 2 + 20;
  y += key.width > 0 && !besides ? 70 : 48;
  const keyAt = element(
    'g',
    { transform: `translate(${svgNumber(width - edge - key.width)} ${svgNumber(y)})` },
    key.svg,
  );
  y += 26;
  const anchors: AnchorKey =
    display.marks && has('legend') ? anchorKey(map, write, { x: edge, y: y - 4, room }) : { svg: '', height: 0 };
  y += anchors.height;
  const textKey =
    display.marks && has('legend') ? pointsKey(map, write, { x: edge, y: y + 4, room }) : { svg: '', height: 0 };
  y += textKey.height > 0 ? textKey.height + 6 : 0;
  const regionKey = drawRegionKey(entries, { x: edge, y: y + 4, room, size: measures.caption }, write);
  y += regionKey.height;
  const rule = has('caption') ? element('path', { d: `M${edge} ${y}H${width - edge}`, stroke: RULE }) : '';
  // What is left below the last line that there is.
  y += has('caption') ? 4 : anchors.height + regionKey.height > 0 ? -14 : -26;
  const parts = borders.kind === 'known' ? words.caption : [...words.caption, BORDER_WORDS[borders.kind]];
  const captionLine = (19 / 12) * measures.caption;
  const caption = write
    .lines(has('caption') ? parts : [], measures.caption, 400, room, ' · ')
    .map((line) => write.line(line, { x: edge, y: (y += captionLine), size: measures.caption, fill: SOFT_INK }))
    .join('');
  const height = Math.ceil(y + (measures.points === undefined ? 24 : 10));

  const body =
    heading.draw(edge, above - 3, above - 1) +
    drawCells({ columns: cells.columns, rows: cells.rows, color }, frame.x, frame.y, frame.width, frame.height) +
    (perCell ? cellGrid(map, frame) : '') +
    borders.svg +
    drawRegions(map, frame, write) +
    element('rect', { ...frame, fill: 'none', stroke: '#000000', 'stroke-opacity': 0.35 }) +
    drawMarkLines(map, frame, display) +
    texts +
    (display.marks ? drawPoints(map, frame) + drawMarks(map, frame, write) : '') +
    axes +
    (has('bar') ? drawColorBar(coloring, frame, write) : '') +
    (key.width > 0 ? keyAt : '') +
    anchors.svg +
    textKey.svg +
    regionKey.svg +
    rule +
    caption;
  const description = `${words.subtitle}. ${parts.join(' · ')}`;
  return svgDocument({ width, height, points: measures.points }, { title: words.title, description }, body);
}

/** Its regions, where they are known without a grid. */
export const exactOf = ({ regions, specification: { grid } }: TokenMap): Outlined['exact'] =>
  regions && { regions, grid };

/** The first of some lines that is no longer than there is room, else the last. */
const fitting = (lines: readonly string[], room: number, font: BundledFont): string =>
  lines.find((line) => font.measure(line, 400) * AXIS_SIZE <= room) ?? lines.at(-1) ?? '';

/** Square cells as large as fit; a long thin grid is drawn wider than true, its axes say how much. */
function mapSize(
  columns: number,
  rows: number,
  { width, left, right }: FigureMeasures,
): { width: number; height: number } {
  const most = width === undefined ? MAP_SIDE : Math.max(LEAST_SIDE / 3, width - left - right);
  const least = Math.min(LEAST_SIDE, most);
  const cell = Math.min(most / columns, most / rows, LARGEST_CELL);
  return { width: Math.max(least, cell * columns), height: Math.max(least, cell * rows) };
}

/** Marks that are drawn. */
const marksOf = ({ survey, display = DEFAULT_DISPLAY }: TokenMap): readonly Mark[] =>
  (display.marks ? survey?.marks : undefined) ?? [];

function regionLabels(
  map: TokenMap,
  regions: Regions,
  {
    cellWidth,
    cellHeight,
    segments,
  }: {
    readonly cellWidth: number;
    readonly cellHeight: number;
    readonly segments: (token: number) => readonly Segment[];
  },
  write: Writer,
  smallest: number,
): Label[] {
  // Labels are placed as for the screen, and are larger than there by as much as the smallest must be.
  const larger = smallest / LABEL_SIZES.smallest;
  const options = {
    cellWidth: cellWidth / larger,
    cellHeight: cellHeight / larger,
    segments,
    measure: (segments: readonly Segment[]) => write.measure(segments, LABEL_WEIGHT),
    avoid: badgeBoxes(marksOf(map), map.specification.grid, { cellWidth, cellHeight }, BADGE),
  };
  const labels = map.regions
    ? placePolygonLabels({ polygons: gridPolygons(map.regions, map.specification.grid), ...options })
    : placeLabels({ regions, ...options });
  return larger === 1 ? labels : labels.map((label) => ({ ...label, size: label.size * larger }));
}

/** Sizes of tokens inside cells, in px. */
const LARGEST_IN_CELL = 20;
/** Part of the cells that must hold their tokens whole. */
const WHOLE_TOKENS = 0.8;
const CELL_PADDING = 4;

/** The one size of all tokens in cells; undefined where cells are too small for them, so that regions are named instead. */
function cellTextSize(
  map: TokenMap,
  cellWidth: number,
  cellHeight: number,
  top: Int32Array,
  write: Writer,
  smallest: number,
): number | undefined {
  if (Math.min(cellWidth, cellHeight) < CELL_LABEL_FROM) return undefined;
  const widths = [...top]
    .filter((id) => id !== NO_TOKEN)
    .map((id) => write.measure(write.token(map, id), LABEL_WEIGHT));
  const wide = widths.sort((a, b) => a - b)[Math.floor(WHOLE_TOKENS * (widths.length - 1))] ?? 1;
  const size = Math.min(LARGEST_IN_CELL, 0.29 * cellHeight, (cellWidth - CELL_PADDING) / wide);
  return size < smallest ? undefined : size;
}

/** Token and percent of every cell. */
function cellTexts(
  map: TokenMap,
  frame: Frame,
  { size, smallest }: { readonly size: number; readonly smallest: number },
  color: (cell: number) => Rgb | undefined,
  write: Writer,
): string {
  const { cells } = map;
  const cellWidth = frame.width / cells.columns;
  const cellHeight = frame.height / cells.rows;
  const small = Math.min(13, size * 0.92);
  const measure = (segments: readonly Segment[]): number => write.measure(segments, LABEL_WEIGHT);
  let texts = '';
  for (let cell = 0; cell < cells.columns * cells.rows; cell++) {
    const rgb = color(cell);
    if (!rgb) continue;
    const token = write.token(map, cells.ids[cell * cells.topK] ?? 0);
    // A token that is a little too long is a little smaller, and only then cut.
    const room = cellWidth - CELL_PADDING;
    const own = Math.min(size, Math.max(smallest, room / measure(token)));
    const segments = fitSegments(token, room / own, measure);
    const x = frame.x + ((cell % cells.columns) + 0.5) * cellWidth;
    const y = frame.y + frame.height - (Math.floor(cell / cells.columns) + 0.5) * cellHeight;
    // Borders pass below the words.
    const look = { x, anchor: 'middle', fill: inkOn(rgb), halo: hexOf(rgb) } as const;
    if (segments) texts += write.segments(segments, { ...look, y: y - 0.06 * size, size: own, weight: LABEL_WEIGHT });
    const percent = formatWholePercent(cells.probabilities[cell * cells.topK] ?? 0);
    texts += write.line(percent, { ...look, y: y + (segments ? 1.22 : 0.36) * small, size: small });
  }
  return texts;
}

/** Tokens that stand in cells, as they are drawn. */
function shownTokens(map: TokenMap, top: Int32Array): (readonly Segment[])[] {
  return [...new Set(top)].flatMap((id) => {
    const token = map.tokens.get(id);
    return token ? [tokenSegments(token)] : [];
  });
}

function cellGrid({ cells }: TokenMap, frame: Frame): string {
  let d = '';
  for (let i = 1; i < cells.columns; i++)
    d += `M${svgNumber(frame.x + (i * frame.width) / cells.columns)} ${frame.y}v${svgNumber(frame.height)}`;
  for (let i = 1; i < cells.rows; i++)
    d += `M${frame.x} ${svgNumber(frame.y + (i * frame.height) / cells.rows)}h${svgNumber(frame.width)}`;
  return d && element('path', { d, fill: 'none', stroke: '#000000', 'stroke-opacity': 0.14, 'stroke-width': 0.75 });
}

/** The exact regions as polygons that are not seen: what shows the figure names a region's token and share to who points at it. */
function drawRegions(map: TokenMap, frame: Frame, write: Writer): string {
  if (!map.regions || map.regions.polygons.length > MOST_POLYGONS) return '';
  const { columns, rows } = map.cells;
  const shares = new Map(exactStatistics(map.regions).areaShares.map(({ token, share }) => [token, share]));
  const paths = gridPolygons(map.regions, map.specification.grid).map(({ token, points }) => {
    let d = '';
    for (let i = 0; i < points.length; i += 2) {
      const x = frame.x + ((points[i] ?? 0) / columns) * frame.width;
      const y = frame.y + (1 - (points[i + 1] ?? 0) / rows) * frame.height;
      d += `${i === 0 ? 'M' : 'L'}${svgNumber(x)} ${svgNumber(y)}`;
    }
    const name = `${segmentsText(write.token(map, token))} · ${formatPercent(shares.get(token) ?? 0)} of the map`;
    return element('path', { d: `${d}Z` }, element('title', {}, escapeXml(name)));
  });
  return element('g', { fill: 'none', 'pointer-events': 'all' }, paths.join(''));
}

function drawAxes(map: TokenMap, frame: Frame, xName: string, yName: string, write: Writer): string {
  const { grid } = map.specification;
  const { xs, ys } = coordinates(grid);
  const bottom = frame.y + frame.height;
  let marks = '';
  let texts = '';
  const ticksOf = (values: Float64Array, length: number, apart: number) => {
    const low = (values[0] ?? 0) - grid.spacing / 2;
    const high = (values[values.length - 1] ?? 0) + grid.spacing / 2;
    const { ticks, decimals } = niceTicks(low, high, Math.max(2, Math.min(10, Math.floor(length / apart))));
    if (ticks.length > 0) {
      return ticks.map((value) => ({
        at: ((value - low) / (high - low)) * length,
        text: formatFixed(value, decimals),
      }));
    }
    // A grid so far from 0 that round numbers are coarser than it: where its first and its last cell are.
    const half = length / values.length / 2;
    return [
      { at: half, text: formatShort(values[0] ?? 0) },
      { at: length - half, text: formatShort(values[values.length - 1] ?? 0) },
    ];
  };
  for (const { at, text } of ticksOf(xs, frame.width, 70)) {
    marks += `M${svgNumber(frame.x + at)} ${svgNumber(bottom)}v5`;
    texts += write.line(text, { x: frame.x + at, y: bottom + 19, size: 13, anchor: 'middle' });
  }
  let widest = 0;
  for (const { at, text } of ticksOf(ys, frame.height, 60)) {
    marks += `M${frame.x} ${svgNumber(bottom - at)}h-5`;
    texts += write.line(text, { x: frame.x - 9, y: bottom - at + 4.6, size: 13, anchor: 'end' });
    widest = Math.max(widest, write.font.measure(text, 400) * 13);
  }
  texts += write.line(xName, { x: frame.x + frame.width / 2, y: bottom + 48, size: AXIS_SIZE, anchor: 'middle' });
  const x = Math.max(16, Math.min(54, frame.x - 9 - widest - 12));
  const turned = `rotate(-90 ${svgNumber(x)} ${svgNumber(frame.y + frame.height / 2)})`;
  texts += write.line(yName, {
    x,
    y: frame.y + frame.height / 2,
    size: AXIS_SIZE,
    anchor: 'middle',
    transform: turned,
  });
  return element('path', { d: marks, fill: 'none', stroke: '#000000', 'stroke-opacity': 0.5 }) + texts;
}

/** Which stand-ins were drawn and what they mean, in a line; of width 0 without any. */
function glyphKey(drawn: readonly (readonly Segment[])[], write: Writer): { svg: string; width: number } {
  const glyphs = new Map<string, Segment>();
  for (const segment of drawn.flat()) {
    if (
      segment.kind === 'glyph' &&
      segment.name !== segment.text &&
      segment.text.length === 1 &&
      segment.text !== '…'
    ) {
      glyphs.set(segment.text, segment);
    }
  }
  let width = 0;
  let svg = '';
  for (const segment of glyphs.values()) {
    if (segment.kind !== 'glyph') continue;
    if (width > 0) width += 20;
    svg += write.segments([segment], { x: width, y: 0, size: 13 });
    width += write.measure([segment], 400) * 13 + 5;
    svg += write.line(segment.name, { x: width, y: 0, size: 13 });
    width += write.font.measure(segment.name, 400) * 13;
  }
  return { svg, width };
}
