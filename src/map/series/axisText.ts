import { Fault } from '../fault.js';
import { type AxisValue, isAxisValue, PROMPT_PATH, type SeriesAxis, stepsOf } from './series.js';

/** Short names of what is varied most. */
const SHORT: Readonly<Record<string, string>> = {
  seed: 'plane.axes.seed',
  spacing: 'grid.spacing',
  prompt: PROMPT_PATH,
  coefficient: 'interventions[0].coefficient',
};

/** Values on one axis, at most. */
const MOST_VALUES = 1_000_000;

/** What stands on these axes is text, whatever it looks like. */
const TEXTS = /^model$|(^|\.)text$/;

/**
 * Reads `PATH=VALUES`: `layer=0-11`, `layer=embeddings,3,7`, `seed=1-20`, `spacing=0.5,1,2`, `readout=forward,lens,tuned:FILE`,
 * `coefficient=-4..4/17` (17 values, evenly), `model=FOLDER`, `prompt=TEXT`; what begins with `[` is a JSON list of values.
 * @throws Fault `bad-parameter` that quotes what is not understood.
 */
export function parseAxis(text: string): SeriesAxis {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1) throw bad(text, 'Write it as --vary layer=0-11.');
  const path = pathOf(text.slice(0, at).trim());
  return { path, values: valuesOf(text.slice(at + 1), path, text) };
}

/** The path that a name on a command line or in a study stands for. @throws Fault `bad-parameter` where it is none. */
export function pathOf(name: string): string {
  const path = Object.hasOwn(SHORT, name) ? (SHORT[name] ?? name) : name;
  stepsOf(path);
  return path;
}

function valuesOf(text: string, path: string, whole: string): readonly AxisValue[] {
  if (text.startsWith('[')) return listOf(text, whole);
  if (TEXTS.test(path)) return [text];
  return text.split(',').flatMap((part): readonly AxisValue[] => {
    const piece = part.trim();
    const [, from, to] = /^(\d+)-(\d+)$/.exec(piece) ?? [];
    if (from !== undefined && to !== undefined) return range(Number(from), Number(to), whole);
    const [, low, high, count] = /^([^/]+?)\.\.([^/]+?)\/(\d+)$/.exec(piece) ?? [];
    if (low !== undefined && high !== undefined) return spread(Number(low), Number(high), Number(count), whole);
    if (piece === '') throw bad(whole, 'Two commas follow each other.');
    return [scalar(piece)];
  });
}

/** A number, true, false or null where it is one, else text. */
function scalar(text: string): AxisValue {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}

function range(from: number, to: number, whole: string): readonly number[] {
  const count = Math.abs(to - from) + 1;
  if (count > MOST_VALUES) throw bad(whole, `An axis has at most ${MOST_VALUES} values.`);
  return Array.from({ length: count }, (_, i) => (to >= from ? from + i : from - i));
}

function spread(low: number, high: number, count: number, whole: string): readonly number[] {
  if (!Number.isFinite(low) || !Number.isFinite(high) || count < 2 || count > MOST_VALUES)
    throw bad(whole, 'Write it as -4..4/17: 17 values from -4 to 4.');
  // By the middle between both ends, so that the two halves mirror each other and the middle is exact.
  return Array.from({ length: count }, (_, i) => (low * (count - 1 - i) + high * i) / (count - 1));
}

function listOf(text: string, whole: string): readonly AxisValue[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw bad(whole, 'What begins with [ must be a list in JSON.');
  }
  if (!Array.isArray(data) || data.length === 0) throw bad(whole, 'The list is empty.');
  if (data.length > MOST_VALUES) throw bad(whole, `An axis has at most ${MOST_VALUES} values.`);
  return data.filter(isAxisValue);
}

/** An axis as {@link parseAxis} reads it. */
export function axisText({ path, values }: SeriesAxis): readonly string[] {
  const name = Object.entries(SHORT).find(([, long]) => long === path)?.[0] ?? path;
  const given = TEXTS.test(path)
    ? values.map((value) => (typeof value === 'string' && !value.startsWith('[') ? value : JSON.stringify([value])))
    : [values.every(isPlain) ? values.map(String).join(',') : JSON.stringify(values)];
  return given.map((text) => `${name}=${text}`);
}

const isPlain = (value: AxisValue): boolean =>
  typeof value === 'number' || (typeof value === 'string' && /^[A-Za-z_]\w*$/.test(value) && scalar(value) === value);

/** Axes with one path are one axis, with the values of all, where the first of them stands. */
export function mergeAxes(axes: readonly SeriesAxis[]): readonly SeriesAxis[] {
  const merged = new Map<string, AxisValue[]>();
  for (const { path, values } of axes) merged.set(path, [...(merged.get(path) ?? []), ...values]);
  return [...merged].map(([path, values]) => ({ path, values }));
}

const bad = (text: string, hint: string): Fault =>
  new Fault({ code: 'bad-parameter', message: `--vary ${text}: this is not understood.`, hint });
