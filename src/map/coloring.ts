import { t } from '@vscode/l10n';
import { type ColorBy, divergingColors, ENTROPY_RANGE_BITS, type Rgb, scaleColors, type ScaleName } from './colors.js';
import type { ColorRange } from './mapDisplay.js';
import { questionName } from './naming.js';
import { bits, formatFixed, niceTicks } from './numbers.js';
import { answerOf, type AskedQuestion } from './questions.js';
import type { Question } from './specification.js';
import { type Cells, margin } from './tokenMap.js';

/** What the colors of a map's cells tell, and what stands beside the color bar. */
export interface Coloring {
  /** As it was asked for; by probability where there are no answers to color by. */
  readonly colorBy: ColorBy;
  /** The colors mean a sign: from negative over nothing to positive. */
  readonly diverging: boolean;
  /** All that there can be is on the bar; of what has no bounds, as far as the map goes. */
  readonly whole: boolean;
  /** The part of the scale, 0 ... 1, that the bar shows. */
  readonly section: readonly [from: number, to: number];
  /** Name of what is told. */
  readonly name: string;
  /** From the lower end of the bar, 0 ... 1. */
  readonly ticks: readonly { readonly part: number; readonly text: string }[];
  /** Place of a cell on the bar, 0 ... 1. */
  part(cells: Cells, cell: number): number;
}

/** What can be told of a cell. Values are in the unit that people read. */
interface Quantity {
  readonly name: string;
  readonly value: (cells: Cells, cell: number) => number;
  /** What there can be; undefined: there are no bounds. */
  readonly bounds?: readonly [low: number, high: number];
  /** Less is more confident, and stands higher on the bar. */
  readonly falling?: true;
  readonly diverging?: true;
  /** In the unit of a range, a range's numbers are this many of the values'. */
  readonly scale?: number;
  readonly text: (value: number, decimals: number) => string;
}

const clamp01 = (value: number): number => (value > 0 ? Math.min(1, value) : 0); // NaN: the lower end
const first = (cells: Cells, cell: number): number => cells.probabilities[cell * cells.topK] ?? 0;
const signed = (value: number, decimals: number): string => `${value > 0 ? '+' : ''}${formatFixed(value, decimals)}`;

const PROBABILITY: Quantity = {
  name: t('Probability'),
  value: (cells, cell) => 100 * first(cells, cell),
  bounds: [0, 100],
  scale: 100,
  text: (value, decimals) => `${formatFixed(value, decimals)}%`,
};
const MARGIN: Quantity = {
  name: t('Margin'),
  value: (cells, cell) => 100 * margin(cells, cell),
  bounds: [0, 100],
  scale: 100,
  text: (value, decimals) => t('{0} pts', formatFixed(value, decimals)),
};
const ENTROPY: Quantity = {
  name: t('Entropy'),
  value: (cells, cell) => bits(cells.entropy[cell] ?? 0),
  bounds: [0, ENTROPY_RANGE_BITS],
  falling: true,
  text: (value, decimals) => t('{0} bits', formatFixed(value, decimals)),
};
/** What a question's answers tell. */
function answersTo({ question, at }: AskedQuestion): Quantity {
  const answer = (cells: Cells, cell: number): number => answerOf(cells, cell, at) ?? 0;
  const name = questionName(question);
  switch (question.kind) {
    case 'probability':
    case 'set':
    case 'pattern':
      return { ...PROBABILITY, name, value: (cells, cell) => 100 * answer(cells, cell) };
    case 'difference':
      return { name, value: answer, diverging: true, text: signed };
    case 'divergence':
      return {
        name,
        value: (cells, cell) => bits(answer(cells, cell)),
        text: (value, decimals) => t('{0} bits', formatFixed(value, decimals)),
      };
    case 'feature':
      // Behind a threshold there is nothing below 0.
      return question.threshold === null
        ? { name, value: answer, diverging: true, text: signed }
        : { name, value: answer, text: formatFixed };
  }
}

/**
 * How a map is colored, or maps that stand beside each other: on one scale, as far as any of them goes.
 * @param question what its answers answer.
 * @param at which of its cells' answers these are.
 * @param range the bar's ends; values beyond them have the colors of the ends.
 */
export function coloringOf(
  cells: Cells | readonly Cells[],
  question: Question | null,
  colorBy: ColorBy,
  range: ColorRange = '0-1',
  at = 0,
): Coloring {
  const asked = question && { question, at };
  const maps = 'computed' in cells ? [cells] : cells;
  const told = toldBy(maps, asked, colorBy);
  const quantity = quantityOf(asked, told);
  const ends = range === '0-1' ? undefined : endsOf(maps, quantity, range);
  return ends ? ranged(told, quantity, maps, ends) : whole(told, quantity, maps);
}

/** The range that colors parts of a map as the usual one colors all of it. */
export function usualRange(cells: Cells, question: Question | null, colorBy: ColorBy, at = 0): ColorRange {
  const asked = question && { question, at };
  const quantity = quantityOf(asked, toldBy([cells], asked, colorBy));
  const ends = endsOf([cells], quantity, 'usual');
  const { scale = 1 } = quantity;
  return ends ? [ends[0] / scale, ends[1] / scale] : '0-1';
}

/** What is told, where there may be no answers. */
const toldBy = (maps: readonly Cells[], question: AskedQuestion | null, colorBy: ColorBy): ColorBy =>
  colorBy === 'question' && !(question && maps.every(({ answers }) => answers)) ? 'probability' : colorBy;

function quantityOf(question: AskedQuestion | null, told: ColorBy): Quantity {
  if (told === 'question' && question) return answersTo(question);
  return told === 'entropy' ? ENTROPY : told === 'margin' ? MARGIN : PROBABILITY;
}

/** Smallest and largest finite value of the cells that are there; undefined where none is. */
function extentOf(maps: readonly Cells[], { value }: Quantity): readonly [low: number, high: number] | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const cells of maps) {
    for (let cell = 0; cell < cells.computed.length; cell++) {
      if (!cells.computed[cell]) continue;
      const one = value(cells, cell);
      if (!Number.isFinite(one)) continue;
      low = Math.min(low, one);
      high = Math.max(high, one);
    }
  }
  return low <= high ? [low, high] : undefined;
}

/** Maps of which nothing exceeds this, in percent, look empty on the whole scale. */
const FAINT = 20;

/** The bar's ends as values; undefined where the map has but one value, so that there is nothing to spread. */
function endsOf(
  maps: readonly Cells[],
  quantity: Quantity,
  range: Exclude<ColorRange, '0-1'>,
): readonly [low: number, high: number] | undefined {
  const { scale = 1 } = quantity;
  const [low, high] =
    typeof range === 'string' ? (extentOf(maps, quantity) ?? [0, 0]) : [range[0] * scale, range[1] * scale];
  if (range === 'usual' && (quantity.scale === undefined || high > FAINT)) return undefined;
  return low < high ? [low, high] : undefined;
}

const percents = [0, 20, 40, 60, 80, 100];

/** All that there can be; of what has no bounds from 0 on as far as the map goes, to both sides where it has a sign. */
function whole(colorBy: ColorBy, quantity: Quantity, maps: readonly Cells[]): Coloring {
  const { name, value, bounds, diverging = false, falling = false, text } = quantity;
  const base = { colorBy, diverging, whole: true, section: [0, 1], name } as const;
  if (bounds) {
    const [, most] = bounds;
    if (falling)
      return {
        ...base,
        ticks: [12, 9, 6, 3, 0].map((tick) => ({
          part: 1 - tick / most,
          text: `${tick === most ? '≥' : ''}${text(tick, 0)}`,
        })),
        part: (of, cell) => 1 - clamp01(value(of, cell) / most),
      };
    return {
      ...base,
      ticks: percents.map((tick) => ({ part: tick / most, text: text(tick, 0) })),
      part: (of, cell) => clamp01(value(of, cell) / most),
    };
  }
  const [low, high] = extentOf(maps, quantity) ?? [0, 0];
  const limit = roundLimit(Math.max(Math.abs(low), Math.abs(high)));
  const decimals = limit < 2 ? 2 : limit < 20 ? 1 : 0;
  const steps = [0, 0.25, 0.5, 0.75, 1];
  if (diverging)
    return {
      ...base,
      ticks: steps.map((part) => ({ part, text: text((2 * part - 1) * limit, decimals) })),
      part: (of, cell) => clamp01((value(of, cell) / limit + 1) / 2),
    };
  return {
    ...base,
    ticks: steps.map((part) => ({
      part,
      text: part === 1 ? text(limit, decimals) : formatFixed(part * limit, decimals),
    })),
    part: (of, cell) => clamp01(value(of, cell) / limit),
  };
}

/** Round numbers on a bar, besides its ends; nearer to an end than this part of the bar there is none. */
const TICKS = 5;
const CLEAR = 0.09;

/** From one value to another. */
function ranged(
  colorBy: ColorBy,
  quantity: Quantity,
  maps: readonly Cells[],
  [low, high]: readonly [number, number],
): Coloring {
  const { name, value, diverging = false, falling = false, text } = quantity;
  const span = high - low;
  const place = (one: number): number => (falling ? (high - one) / span : (one - low) / span);
  const { ticks, decimals } = niceTicks(low, high, TICKS);
  const extent = extentOf(maps, quantity) ?? [low, high];
  const between = ticks.filter((tick) => tick - low > CLEAR * span && high - tick > CLEAR * span);
  /** An end's text, with as many decimals as it takes; what lies beyond it has its color. */
  const endText = (at: number, beyond: string): string => beyond + text(at, endDecimals(at, decimals));
  // A sign keeps its side of the scale: less than nothing never looks like more.
  const limit = Math.max(Math.abs(low), Math.abs(high));
  return {
    colorBy,
    diverging,
    whole: false,
    section: diverging ? [(low / limit + 1) / 2, (high / limit + 1) / 2] : [0, 1],
    name,
    ticks: [
      { part: place(low), text: endText(low, extent[0] < low ? '≤' : '') },
      ...between.map((tick) => ({ part: place(tick), text: text(tick, decimals) })),
      { part: place(high), text: endText(high, extent[1] > high ? '≥' : '') },
    ].sort((a, b) => a.part - b.part),
    part: (of, cell) => clamp01(place(value(of, cell))),
  };
}

/** One decimal more than the ticks have, where the end needs it. */
const endDecimals = (end: number, decimals: number): number =>
  Number(end.toFixed(decimals)) === end ? decimals : decimals + 1;

/** The next of 1, 2, 4, 5, 8 times a power of ten: a bar's end that can be read. */
function roundLimit(largest: number): number {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  return power * ([1, 2, 4, 5, 8, 10].find((factor) => factor * power >= largest * (1 - 1e-9)) ?? 10);
}

const sections = new WeakMap<Coloring['section'], Map<ScaleName, readonly Rgb[]>>();

/** The 256 colors of a coloring, from the bar's lower end. Tokens' are others: `tokenColor`. */
export function coloringColors({ diverging, section }: Coloring, scale: ScaleName): readonly Rgb[] {
  const colors = diverging ? divergingColors(scale) : scaleColors(scale);
  const [from, to] = section;
  if (from === 0 && to === 1) return colors;
  const known = sections.get(section) ?? new Map<ScaleName, readonly Rgb[]>();
  sections.set(section, known);
  const last = colors.length - 1;
  const shown =
    known.get(scale) ?? colors.map((color, i) => colors[Math.round((from + ((to - from) * i) / last) * last)] ?? color);
  known.set(scale, shown);
  return shown;
}
