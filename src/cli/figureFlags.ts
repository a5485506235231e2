import {
  FIGURE_LIMITS,
  FIGURE_PARTS,
  type FigurePart,
  type FigureSize,
  USUAL_DPI,
  USUAL_TYPE,
} from '../formats/figureSize.js';
import type { Flag } from '../map/flags/mapFlag.js';
import { bad } from './computing.js';

/** Flags that say how large a map's picture is on paper, what it has, and what stands beside a page's maps. */
export const FIGURE_FLAGS = [
  {
    name: 'width',
    value: 'LENGTH',
    help: 'width of the picture on paper, as 84.7mm, 240pt or 3.3in; else as on a screen',
  },
  {
    name: 'font-size',
    value: 'POINTS',
    help: `with --width: size of the axes' words; no word is smaller than 6 points`,
    default: `${USUAL_TYPE}`,
  },
  { name: 'without', value: 'LIST', help: `what the picture leaves out: ${FIGURE_PARTS.join(', ')}` },
  { name: 'bare', help: 'the picture leaves all of these out' },
  { name: 'dpi', value: 'NUMBER', help: 'with --width: pixels an inch of a PNG', default: `${USUAL_DPI}` },
  {
    name: 'reading',
    value: 'FILE.md',
    help: 'with html in --formats: title, text and tasks that stand beside the map, in Markdown',
  },
] as const satisfies readonly Flag[];

/** The file of a page's text. @throws Fault `bad-parameter` where no page is written. */
export function readingFile(values: ReadonlyMap<string, string>, formats: readonly string[]): string | undefined {
  const file = values.get('reading');
  if (file !== undefined && !formats.includes('html'))
    throw bad('--reading is of a page, and none is written.', 'Add html to --formats.');
  return file;
}

const POINTS: Readonly<Record<string, number>> = { mm: 72 / 25.4, cm: 72 / 2.54, in: 72, pt: 1 };

/** @throws Fault `bad-parameter`. */
export function figureSize(values: ReadonlyMap<string, string>): FigureSize {
  const sized = values.get('width');
  for (const name of ['font-size', 'dpi'])
    if (sized === undefined && values.has(name))
      throw bad(`--${name} is of a picture with a size on paper.`, 'Say --width too, as --width 84.7mm.');
  return {
    ...(sized === undefined ? {} : { width: points(sized) }),
    ...number(values, 'font-size', 'fontSize'),
    ...number(values, 'dpi', 'dpi'),
    without: values.has('bare') ? FIGURE_PARTS : parts(values.get('without')),
  };
}

function parts(text = ''): FigurePart[] {
  const names = text.split(',').map((part) => part.trim().toLowerCase());
  const unknown = names.find((name) => name !== '' && !FIGURE_PARTS.some((part) => part === name));
  if (unknown === undefined) return FIGURE_PARTS.filter((part) => names.includes(part));
  throw bad(`--without ${text}: a picture has no "${unknown}".`, `It has ${FIGURE_PARTS.join(', ')}.`);
}

function points(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*(mm|cm|in|pt)$/.exec(text.trim()) ?? [];
  const length = Number(digits) * (POINTS[unit] ?? NaN);
  const [least, most] = FIGURE_LIMITS.width;
  if (length >= least && length <= most) return length;
  throw bad(
    `--width ${text}: a width is a length from 36mm to 1058mm.`,
    'Write it with its unit, as 84.7mm, 8.5cm, 3.3in or 240pt.',
  );
}

function number(
  values: ReadonlyMap<string, string>,
  flag: 'font-size' | 'dpi',
  key: 'fontSize' | 'dpi',
): Partial<FigureSize> {
  const text = values.get(flag);
  if (text === undefined) return {};
  const [least, most] = FIGURE_LIMITS[key];
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return { [key]: value };
  throw bad(`--${flag} ${text}: it must be a number from ${least} to ${most}.`);
}
