import { coloringColors, coloringOf } from '../../map/coloring.js';
import { inkOn, type Rgb } from '../../map/colors.js';
import { safeText, type Segment } from '../../map/display.js';
import { interventionWords } from '../../map/interventionWords.js';
import { fitSegments } from '../../map/labels.js';
import { cellsOfLens, lensCells, type LensTable } from '../../map/lens/lensTable.js';
import { aligned } from '../../map/lens/beside.js';
import { entryWords, lensesName, readoutName } from '../../map/lens/lensWords.js';
import { READOUT_NAMES, tokenWords, tokensWords, translatorWords } from '../../map/naming.js';
import { formatCount, formatWholePercent } from '../../map/numbers.js';
import type { Token } from '../../map/token.js';
import { drawCells } from '../cellPicture.js';
import { drawColorBar, RULE, SOFT_INK, svgDocument } from '../figureParts.js';
import { type Frame, Writer } from '../figureWriter.js';
import type { BundledFont } from '../fonts.js';
import { element, svgNumber } from '../xml.js';

const EDGE = 36;
const LEFT = 108;
const RIGHT = 132;
const LEAST_WIDTH = 620;
/** Of all columns together, of one lens and of several; of one column; of a row. */
const WIDTH = 1000;
const WIDE = 1500;
/** Between two lenses, and above each its name. */
const GAP = 16;
const HEADING = 24;
const COLUMN = { least: 9, most: 92 };
const ROWS = 900;
const ROW = { least: 9, most: 24 };
/** Columns from this width on hold a token, and from the second on its probability, too. */
const TOKEN_FROM = 30;
const NUMBER_FROM = 62;
/** Rows from this height on hold text. */
const TEXT_FROM = 13;
const TEXT = 11;
/** Room for the prompt's tokens below narrow columns, turned. */
const TURNED = 74;

/**
 * Lenses of one prompt as a figure, beside each other: of each a cell for each layer and position, with the most probable token, on a
 * color that tells its probability; where a token is followed, color tells that one's, and its rank stands in the cell. An SVG document,
 * white; text is text.
 * @param lenses one at least
 * @param unshown as for `drawFigure`
 */
export function drawLens(
  lenses: readonly LensTable[],
  font: BundledFont,
  unshown: ReadonlySet<number> = new Set(),
): string {
  const tables = aligned(lenses);
  const [table] = tables;
  if (!table) throw new RangeError('There is no lens.');
  const { layers, positions, named } = table;
  const several = tables.length > 1;
  const write = new Writer(font, unshown);
  const grids = tables.map(cellsOfLens);
  const question = named ? ({ kind: 'probability', token: named.token.id } as const) : null;
  const coloring = coloringOf(grids, question, named ? 'question' : 'probability', 'usual');
  const scale = coloringColors(coloring, 'light');
  const columns = positions.length * tables.length;
  const cellWidth = between(COLUMN, (several ? WIDE : WIDTH) / columns);
  const cellHeight = between(ROW, ROWS / layers.length);
  const size = { width: cellWidth * positions.length, height: cellHeight * layers.length };
  const across = size.width * tables.length + GAP * (tables.length - 1);
  const width = Math.max(LEAST_WIDTH, LEFT + across + RIGHT);
  const room = width - 2 * EDGE;
  const title = write.lines([`${lensesName(lenses, 120)}, ${safeText(table.model.name, 80)}`], 20, 600, room, ' ');
  const subtitle = write.lines([subtitleOf(lenses)], 14, 400, room, ' ');
  const top = 51 + 25 * title.length + 20 * subtitle.length + (several ? HEADING : 0);
  const bottom = top + size.height;
  const turned = cellWidth < NUMBER_FROM;
  const parts = tables.map((one, i): string => {
    const cells = grids[i] ?? cellsOfLens(one);
    const frame: Frame = { x: LEFT + i * (size.width + GAP), y: top, ...size };
    // The rows that it has: the model itself has one.
    const has = layers.filter((layer) => lenses[i]?.layers.includes(layer));
    const above = layers.length - 1 - layers.indexOf(has.at(-1) ?? 0);
    const there: Frame = { ...frame, y: top + above * cellHeight, height: has.length * cellHeight };
    const color = (cell: number): Rgb | undefined =>
      cells.computed[cell]
        ? scale[Math.round(255 * Math.min(1, Math.max(0, coloring.part(cells, cell) || 0)))]
        : undefined;
    const name = write.lines([readoutName(one.parameters)], 13, 600, size.width, ' ')[0] ?? '';
    return (
      (several ? write.line(name, { x: frame.x, y: top - 9, size: 13, weight: 600 }) : '') +
      drawCells(
        { columns: positions.length, rows: layers.length, color },
        frame.x,
        frame.y,
        frame.width,
        frame.height,
      ) +
      gridLines(there, cellWidth, cellHeight, positions.length, has.length) +
      element('rect', { ...there, fill: 'none', stroke: '#000000', 'stroke-opacity': 0.35 }) +
      texts(one, frame, cellWidth, cellHeight, color, write) +
      (i === 0 ? layerNames(table, frame, cellHeight, write) : '') +
      prompt(one, frame, cellWidth, turned, write)
    );
  });
  const whole: Frame = { x: LEFT, y: top, width: across, height: size.height };
  let y = bottom + (turned ? TURNED : 24) + 34;
  const body =
    title.map((line, i) => write.line(line, { x: EDGE, y: 48 + 25 * i, size: 20, weight: 600 })).join('') +
    subtitle
      .map((line, i) => write.line(line, { x: EDGE, y: 50 + 25 * title.length + 20 * i, size: 14, fill: SOFT_INK }))
      .join('') +
    parts.join('') +
    write.line('position in the prompt', {
      x: whole.x + whole.width / 2,
      y: y - 8,
      size: 13,
      anchor: 'middle',
    }) +
    drawColorBar({ ...coloring, name: named ? 'Followed' : coloring.name }, whole, write) +
    element('path', { d: `M${EDGE} ${svgNumber((y += 14))}H${svgNumber(width - EDGE)}`, stroke: RULE });
  y += 4;
  const caption = captionOf(lenses);
  const words = write
    .lines(caption, 12, 400, room, ' · ')
    .map((line) => write.line(line, { x: EDGE, y: (y += 19), size: 12, fill: SOFT_INK }))
    .join('');
  const document = { width: Math.ceil(width), height: Math.ceil(y + 24) };
  return svgDocument(document, { title: lensesName(lenses, 120), description: caption.join(' · ') }, body + words);
}

const between = ({ least, most }: { readonly least: number; readonly most: number }, value: number): number =>
  Math.floor(Math.min(most, Math.max(least, value)));

function subtitleOf(lenses: readonly LensTable[]): string {
  const [{ named, positions } = { named: null, positions: [] }] = lenses;
  const color = named
    ? `color is the probability of ${tokenWords(named.token.text)}, # its rank`
    : 'color is the probability of the first token';
  const entries = lenses.map((lens) => ({
    name: READOUT_NAMES[lens.parameters.readout],
    words: entryWords(lens, positions.length - 1),
  }));
  const told = entries.filter(({ words }) => words !== '');
  return [...told.map(({ name, words }) => (lenses.length > 1 ? `${name}: ${words}` : words)), color].join('; ');
}

function captionOf(lenses: readonly LensTable[]): readonly string[] {
  const [table] = lenses;
  if (!table) return [];
  const { model, blocks, parameters, positions, topK, version } = table;
  const { interventions, masked } = parameters;
  return [
    `${safeText(model.name, 80)}, ${safeText(model.file, 80)} (SHA-256 ${model.sha256.slice(0, 12)}…)`,
    `layers 0–${blocks - 1} and the embeddings before them`,
    `${formatCount(positions.length)} ${positions.length === 1 ? 'position' : 'positions'}`,
    ...lenses.flatMap(({ parameters: { readout, translator } }) => [
      `${readout} readout`,
      ...(translator ? [translatorWords(translator)] : []),
    ]),
    ...(masked.length > 0 ? [`left out: ${tokensWords(masked)}`] : []),
    ...interventions.map((one) => `intervention: ${interventionWords(one, 40)}`),
    `top ${topK} recorded`,
    `Embedding Grid ${safeText(version, 40)}`,
  ];
}

function gridLines(frame: Frame, cellWidth: number, cellHeight: number, columns: number, rows: number): string {
  let d = '';
  for (let i = 1; i < columns; i++) d += `M${svgNumber(frame.x + i * cellWidth)} ${frame.y}v${svgNumber(frame.height)}`;
  for (let i = 1; i < rows; i++) d += `M${frame.x} ${svgNumber(frame.y + i * cellHeight)}h${svgNumber(frame.width)}`;
  return d && element('path', { d, fill: 'none', stroke: '#000000', 'stroke-opacity': 0.14, 'stroke-width': 0.75 });
}

/** What stands in the cells, as much as they have room for. */
function texts(
  table: LensTable,
  frame: Frame,
  cellWidth: number,
  cellHeight: number,
  color: (cell: number) => Rgb | undefined,
  write: Writer,
): string {
  if (cellWidth < TOKEN_FROM || cellHeight < TEXT_FROM) return '';
  const { layers, positions } = table;
  const at = lensCells(table);
  const measure = (segments: readonly Segment[]): number => write.measure(segments, 400);
  const numbered = cellWidth >= NUMBER_FROM;
  let svg = '';
  for (const [row] of layers.entries())
    for (const [column] of positions.entries()) {
      const cell = at(row, column);
      const [first] = cell.top;
      const ground = color(row * positions.length + column);
      if (!first || !ground) continue;
      const fill = inkOn(ground);
      const y = frame.y + frame.height - (row + 0.5) * cellHeight + TEXT * 0.36;
      const [left, right] = [frame.x + column * cellWidth + 5, frame.x + (column + 1) * cellWidth - 5];
      const number = cell.named ? `#${formatCount(cell.named.rank)}` : formatWholePercent(first.probability);
      const taken = numbered ? write.font.measure(number, 400) * TEXT + 6 : 0;
      const shown = fitSegments(write.ofToken(first.token), (right - left - taken) / TEXT, measure);
      if (shown) svg += write.segments(shown, { x: left, y, size: TEXT, fill });
      if (numbered) svg += write.line(number, { x: right, y, size: TEXT, anchor: 'end', fill });
    }
  return svg;
}

/** Names of as many rows as there is room for, from the last layer down. */
function layerNames({ layers }: LensTable, frame: Frame, cellHeight: number, write: Writer): string {
  const every = Math.max(1, Math.ceil(TEXT_FROM / cellHeight));
  const middle = frame.y + frame.height / 2;
  const x = 30;
  const axis = {
    x,
    y: middle,
    size: 13,
    anchor: 'middle' as const,
    transform: `rotate(-90 ${x} ${svgNumber(middle)})`,
  };
  return (
    layers
      .map((layer, row) => {
        const y = frame.y + frame.height - (row + 0.5) * cellHeight + 4;
        const named = (layers.length - 1 - row) % every === 0;
        return named ? write.line(String(layer), { x: frame.x - 8, y, size: 11, anchor: 'end' }) : '';
      })
      .join('') + write.line('layer', axis)
  );
}

/** The prompt's tokens below the columns. */
function prompt({ positions }: LensTable, frame: Frame, cellWidth: number, turned: boolean, write: Writer): string {
  const measure = (segments: readonly Segment[]): number => write.measure(segments, 400);
  const every = Math.max(1, Math.ceil(TEXT_FROM / cellWidth));
  const bottom = frame.y + frame.height;
  const named = (token: Token, position: number): string => {
    const x = frame.x + (position + 0.5) * cellWidth;
    if (!turned) {
      const shown = fitSegments(write.ofToken(token), (cellWidth - 6) / TEXT, measure) ?? [];
      const index = write.line(String(position), { x, y: bottom + 31, size: 10, anchor: 'middle', fill: SOFT_INK });
      return write.segments(shown, { x, y: bottom + 16, size: TEXT, anchor: 'middle' }) + index;
    }
    const shown = fitSegments(write.ofToken(token), (TURNED - 8) / TEXT, measure) ?? [];
    const text = write.segments(shown, { x: -measure(shown) * TEXT, y: TEXT * 0.36, size: TEXT });
    return element('g', { transform: `translate(${svgNumber(x)} ${svgNumber(bottom + 7)}) rotate(-90)` }, text);
  };
  return positions.map((token, i) => (i % every === 0 ? named(token, i) : '')).join('');
}
