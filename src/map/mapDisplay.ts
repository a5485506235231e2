import * as v from 'valibot';
import { CHANGES_BY, type ChangesBy } from './compare/divergenceScale.js';
import { COLOR_BY, type ColorBy, TOKEN_SLOTS } from './colors.js';
import { Fault } from './fault.js';
import { LIMITS } from './limits.js';
import { parseNumber } from './numbers.js';
import type { ProfileLine } from './profile.js';
import { questionsOf } from './questions.js';
import type { MapParameters } from './specification.js';

/**
 * The ends of the color scale, in the unit of what color tells: probabilities and margins 0 ... 1, entropies and divergences in
 * bits, differences of logits. `0-1`: all that there can be, of what has no bounds as far as the map goes. `auto`: from the
 * smallest value of the map to its largest. `usual`: `0-1`, so that maps compare, but `auto` where nothing of a map exceeds 20 %, so
 * that something is seen.
 */
export type ColorRange = 'usual' | '0-1' | 'auto' | readonly [low: number, high: number];

/**
 * How a map is drawn: in the panel, as a picture, from a saved file. It stands beside the specification and is no part of it: the
 * same map drawn otherwise is the same map.
 */
export interface Display {
  readonly colorBy: ColorBy;
  /** Which question color tells the answers of, where that is what it tells: from 0, in the order of the questions; left out: the first. */
  readonly asked?: number;
  readonly colorRange: ColorRange;
  /** Tokens in their cells or regions. */
  readonly labels: boolean;
  /** Between regions; where color is the token they stay, since not all of its colors can be told apart. */
  readonly borders: boolean;
  /** What the plane was laid through, and overlays. */
  readonly marks: boolean;
  /** Where the layer's typical norm is, if it is known. */
  readonly ring: boolean;
  /** Color slots, 0 ... 23, by the tokens' texts; other tokens get theirs as they come. */
  readonly tokenColors: Readonly<Record<string, number>>;
  /** Of a comparison: what its cells are colored by; left out: what changes. A map's own file does not say it. */
  readonly changesBy?: ChangesBy;
  /** Along which the panel showed a profile when the map was saved: it is there again when the map is run again. null: not understood. */
  readonly profile?: ProfileLine | null;
}

/** A range as it is typed, `usual`, `0-1`, `auto` or `A,B`: not checked yet. */
export const readColorRange = (text: string): unknown =>
  text.includes(',') ? text.split(',').map((part) => parseNumber(part.trim())) : text;

/** How maps were drawn before they could say it. */
export const DEFAULT_DISPLAY: Display = {
  colorBy: 'probability',
  colorRange: '0-1',
  labels: true,
  borders: true,
  marks: true,
  ring: true,
  tokenColors: {},
};

/** How a new map is drawn, whatever is asked of it. */
export const NEW_DISPLAY: Display = { ...DEFAULT_DISPLAY, colorRange: 'usual' };

/** How a new map is drawn unless it is said otherwise: whoever asks a question wants to see its answers. */
export const usualDisplay = (asked: Pick<MapParameters, 'question' | 'alsoAsked'>): Display => ({
  ...NEW_DISPLAY,
  colorBy: questionsOf(asked).length > 0 ? 'question' : DEFAULT_DISPLAY.colorBy,
});

/** Whether borders between regions are drawn. */
export const showsBorders = ({ borders, colorBy }: Pick<Display, 'borders' | 'colorBy'>): boolean =>
  borders || colorBy === 'token';

const MOST_COLORS = 100_000;
const asked = v.exactOptional(
  v.pipe(
    v.number('asked must be a number'),
    v.integer('asked must be a whole number'),
    v.minValue(0, 'asked must be at least 0'),
    v.maxValue(LIMITS.questions - 1, `asked must be less than ${LIMITS.questions}`),
  ),
);
const entries = {
  colorBy: v.picklist(COLOR_BY, `color-by must be ${COLOR_BY.slice(0, -1).join(', ')} or ${COLOR_BY.at(-1) ?? ''}`),
  colorRange: v.custom<ColorRange>(
    (range) =>
      range === 'usual' ||
      range === '0-1' ||
      range === 'auto' ||
      (Array.isArray(range) &&
        range.length === 2 &&
        range.every((end) => typeof end === 'number' && Number.isFinite(end)) &&
        range[0] < range[1]),
    'color-range must be usual, 0-1, auto or two numbers, the smaller first',
  ),
  labels: v.boolean('labels must be true or false'),
  borders: v.boolean('borders must be true or false'),
  marks: v.boolean('marks must be true or false'),
  ring: v.boolean('ring must be true or false'),
  // Not v.record, which leaves out keys such as "constructor": they are tokens as well.
  tokenColors: v.custom<Readonly<Record<string, number>>>(
    (colors) =>
      typeof colors === 'object' &&
      colors !== null &&
      !Array.isArray(colors) &&
      Object.keys(colors).length <= MOST_COLORS &&
      Object.values(colors).every((slot) => Number.isInteger(slot) && slot >= 0 && slot < TOKEN_SLOTS),
    `token-colors must be numbers from 0 to ${TOKEN_SLOTS - 1}, by tokens' texts`,
  ),
};
const place = v.pipe(v.number(), v.finite());
const planePoint = v.object({ x: place, y: place });
const profileLine = v.object({ from: planePoint, to: planePoint });
/** A display as messages hold it. */
export const displaySchema = v.object({
  ...entries,
  asked,
  changesBy: v.exactOptional(v.picklist(CHANGES_BY)),
});

/** Checks unknown data as a display, over the one that holds where a choice is left out. @throws Fault `bad-parameter`. */
export function parseDisplay(data: unknown, base: Display = DEFAULT_DISPLAY): Display {
  const over = v.object({
    colorBy: v.optional(entries.colorBy, base.colorBy),
    asked: base.asked === undefined ? asked : v.optional(asked.wrapped, base.asked),
    colorRange: v.optional(entries.colorRange, base.colorRange),
    labels: v.optional(entries.labels, base.labels),
    borders: v.optional(entries.borders, base.borders),
    marks: v.optional(entries.marks, base.marks),
    ring: v.optional(entries.ring, base.ring),
    tokenColors: v.optional(entries.tokenColors, base.tokenColors),
  });
  const result = v.safeParse(over, data);
  if (result.success) return result.output;
  const [{ message }] = result.issues;
  throw new Fault({ code: 'bad-parameter', message: `${message.charAt(0).toUpperCase()}${message.slice(1)}.` });
}

/** The display of a file, choice by choice: one that is not understood, a later version's perhaps, is as by default. */
export function readDisplay(data: unknown): Display {
  const tolerant = v.object({
    colorBy: v.fallback(entries.colorBy, DEFAULT_DISPLAY.colorBy),
    asked: v.exactOptional(v.fallback(asked.wrapped, 0)),
    colorRange: v.fallback(entries.colorRange, DEFAULT_DISPLAY.colorRange),
    labels: v.fallback(entries.labels, DEFAULT_DISPLAY.labels),
    borders: v.fallback(entries.borders, DEFAULT_DISPLAY.borders),
    marks: v.fallback(entries.marks, DEFAULT_DISPLAY.marks),
    ring: v.fallback(entries.ring, DEFAULT_DISPLAY.ring),
    tokenColors: v.fallback(entries.tokenColors, DEFAULT_DISPLAY.tokenColors),
    profile: v.exactOptional(v.fallback(v.nullable(profileLine), null)),
  });
  const read = v.safeParse(tolerant, data);
  return read.success ? read.output : DEFAULT_DISPLAY;
}
