import { canonical } from '../dependence.js';
import { Fault } from '../fault.js';
import { laidNames, mapBrief } from '../naming.js';
import type { Plane } from '../plane.js';
import { contextOf, isTranslated, type MapParameters, parseParameters } from '../specification.js';
import type { TranslatorKind } from '../translate.js';
import { encodeVector } from '../vector.js';
import { withAxes } from '../withAxes.js';

/** A value on an axis of a series: JSON. */
export type AxisValue =
  string | number | boolean | null | readonly AxisValue[] | { readonly [name: string]: AxisValue };

/**
 * What varies along an axis of a series. `model`: a model's path or name. Else where it stands in the parameters:
 * `layer`, `plane.axes.seed`, `interventions[0].coefficient`. A prompt is a text on `plane.center.text`.
 */
export interface SeriesAxis {
  readonly path: string;
  /** At least one. */
  readonly values: readonly AxisValue[];
}

/**
 * Whether all members have the plane of the base, the same vectors, or each one of its own, laid by its own layer or model. It
 * changes the answer, so that pictures and files of a series say which it was.
 */
export type PlaneSharing = 'shared' | 'own';

/** Maps that differ in named axes: the product of them, the last axis changing first. */
export interface MapSeries {
  readonly base: MapParameters;
  readonly vary: readonly SeriesAxis[];
  readonly plane: PlaneSharing;
}

/** A map of a series: a map like any other, that is byte for byte what it would be alone. */
export interface SeriesMember {
  /** From 0, in the series' order. */
  readonly number: number;
  /** On each axis. */
  readonly values: readonly AxisValue[];
  /** Undefined: the series' own. */
  readonly model: string | undefined;
  readonly parameters: MapParameters;
}

/** Members of a series, at most: their numbers fit 32 bits with room. */
export const MOST_MEMBERS = 10_000_000;

/** Where a model is chosen, and where a prompt. */
export const MODEL_PATH = 'model';
export const PROMPT_PATH = 'plane.center.text';

/** How many members a series has. */
export const memberCount = ({ vary }: Pick<MapSeries, 'vary'>): number =>
  vary.reduce((product, { values }) => product * values.length, 1);

/** What a member has on each axis, by its number. */
export function valuesAt(vary: readonly SeriesAxis[], number: number): readonly AxisValue[] {
  const values: AxisValue[] = [];
  let rest = number;
  for (const axis of vary.toReversed()) {
    values.unshift(axis.values[rest % axis.values.length] ?? null);
    rest = Math.floor(rest / axis.values.length);
  }
  return values;
}

/**
 * A member, by its number.
 * @throws Fault `bad-parameter` where an axis leads to no parameter, or the value is none for it; the message names both.
 */
export function memberAt({ base, vary }: Pick<MapSeries, 'base' | 'vary'>, number: number): SeriesMember {
  const values = valuesAt(vary, number);
  let model: string | undefined;
  const data: unknown = structuredClone(base);
  try {
    vary.forEach(({ path }, axis) => {
      const value = values[axis] ?? null;
      const through = throughFile(path, value);
      if (path === MODEL_PATH) model = valueText(value);
      else if (through) {
        put(data, 'readout', through.readout);
        put(data, 'translator', { path: through.file });
      } else put(data, path, structuredClone(value));
    });
    const parameters = parseParameters(data);
    vary.forEach(({ path }, axis) => {
      if (throughFile(path, values[axis] ?? null)) return;
      // A name that this kind of thing does not have is left out by the parser: the members would all be the same.
      if (path !== MODEL_PATH && JSON.stringify(at(parameters, stepsOf(path))) !== JSON.stringify(values[axis]))
        throw nothingThere(path);
    });
    return { number, values, model, parameters };
  } catch (thrown) {
    const fault = Fault.from(thrown);
    throw new Fault({ ...fault.toData(), message: `With ${memberName(vary, values)}: ${fault.message}` });
  }
}

/** A readout through a file of its own, `tuned:PATH`, so that lenses of several files stand beside each other. */
export function throughFile(
  path: string,
  value: AxisValue,
): { readonly readout: TranslatorKind; readonly file: string } | undefined {
  const [, kind, file] = /^(tuned|jacobian):(.+)$/s.exec(path === 'readout' ? valueText(value) : '') ?? [];
  return file === undefined ? undefined : { readout: kind === 'tuned' ? kind : 'jacobian', file };
}

/** A readout as it stands on an axis. */
export const readoutText = ({ readout, translator }: Pick<MapParameters, 'readout' | 'translator'>): string =>
  isTranslated(readout) && translator ? `${readout}:${translator.path}` : readout;

/** All members of a series, in its order. @throws as {@link memberAt}, and where there are more than {@link MOST_MEMBERS}. */
export function* members(series: Pick<MapSeries, 'base' | 'vary'>): Generator<SeriesMember, void> {
  const count = memberCount(series);
  if (count > MOST_MEMBERS)
    throw new Fault({
      code: 'bad-parameter',
      message: `These axes have ${count} members together; there can be at most ${MOST_MEMBERS}.`,
      hint: 'Vary less at once.',
    });
  for (let number = 0; number < count; number++) yield memberAt(series, number);
}

/** `layer=3, seed=7`: what a member is called. */
export const memberName = (vary: readonly SeriesAxis[], values: readonly AxisValue[]): string =>
  vary.map(({ path }, axis) => `${axisName(path)}=${valueText(values[axis] ?? null)}`).join(', ');

/** What an axis is called: the last name of its path, `seed`. */
export function axisName(path: string): string {
  const names = path.match(/[A-Za-z]\w*/g) ?? [];
  const last = names.at(-1) ?? path;
  return path === PROMPT_PATH ? 'prompt' : last;
}

/** A value as it is written on a command line and in tables. */
export const valueText = (value: AxisValue): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Puts a value where a path leads in JSON data: every step but the last must be there. */
function put(data: unknown, path: string, value: AxisValue): void {
  const steps = stepsOf(path);
  const holder = at(data, steps.slice(0, -1));
  const last = steps.at(-1) ?? '';
  if (!isObject(holder) || (Array.isArray(holder) && !Object.hasOwn(holder, last))) throw nothingThere(path);
  holder[last] = value;
}

const at = (data: unknown, steps: readonly string[]): unknown =>
  steps.reduce((here, step) => (isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined), data);

/**
 * What stands in the parameters where a path leads, a readout through a file with that file; null where it leads nowhere.
 * @throws Fault where it is no path.
 */
export function valueAt(parameters: MapParameters, path: string): AxisValue {
  if (path === 'readout') return readoutText(parameters);
  const value = at(parameters, stepsOf(path));
  return isAxisValue(value) ? value : null;
}

const nothingThere = (path: string): Fault =>
  new Fault({
    code: 'bad-parameter',
    message: `There is no parameter ${path} in this map to vary.`,
    hint: 'Name it as it stands in a saved map, such as layer, plane.axes.seed or grid.spacing.',
  });

/** @throws Fault `bad-parameter` where it is no path. */
export function stepsOf(path: string): readonly string[] {
  if (!/^[A-Za-z]\w*(\.[A-Za-z]\w*|\[\d{1,4}\])*$/.test(path) || /(^|\.)(__proto__|constructor|prototype)\b/.test(path))
    throw new Fault({
      code: 'bad-parameter',
      message: `"${path}" leads to no parameter.`,
      hint: 'Name it as it stands in a saved map, such as layer, plane.axes.seed or interventions[0].coefficient.',
    });
  return path.match(/\w+/g) ?? [];
}

/** Whether data is what JSON can say. */
export const isAxisValue = (data: unknown): data is AxisValue =>
  data === null ||
  typeof data === 'string' ||
  typeof data === 'boolean' ||
  (typeof data === 'number' && Number.isFinite(data)) ||
  (isObject(data) && Object.values(data).every(isAxisValue));

const isObject = (data: unknown): data is Record<string, unknown> => typeof data === 'object' && data !== null;

/**
 * The same map on a plane that was laid before: its vectors stand in the parameters, so that no layer and no model lays them anew.
 * What stands around the vector stays what it was.
 */
export const onPlane = (parameters: MapParameters, { c, u, v }: Plane, name: string): MapParameters => {
  const vector = (numbers: Float32Array, name: string) =>
    ({ kind: 'vector', vector: encodeVector(numbers), name }) as const;
  const names = laidNames(name);
  const plane = { ...parameters.plane, center: vector(c, names.center) };
  const around = { ...parameters, context: contextOf(parameters), plane };
  return withAxes(around, vector(u, names.x), vector(v, names.y));
};

/** What the shared plane is laid by: the base's map, of which a single cell is enough. */
export const planeParameters = (base: MapParameters): MapParameters => ({
  ...base,
  grid: { ...base.grid, columns: 1, rows: 1 },
  question: null,
  overlays: [],
});

/** A member's parameters on the plane of the base, which says so in the names of its vectors. */
export const laidOn = (parameters: MapParameters, plane: Plane, base: MapParameters): MapParameters =>
  onPlane(parameters, plane, mapBrief(base));

/** Who has the plane where nobody says so: all members one, but each its own where an axis is one of the plane's. */
export const usualSharing = (vary: readonly SeriesAxis[]): PlaneSharing =>
  vary.some(({ path }) => path.startsWith('plane.')) ? 'own' : 'shared';

/** Values of an axis that are looked at for whether it does anything. */
const TRIED = 16;

/**
 * Refuses an axis on which all members are one map: the plane's, where all have the plane of the base.
 * @throws Fault `bad-parameter`, also where a member is no map.
 */
export function refuseIdleAxes({ base, vary, plane }: MapSeries): void {
  const laid = { c: new Float32Array(1), u: new Float32Array(1), v: new Float32Array(1) };
  for (const [axis, { path, values }] of vary.entries()) {
    if (values.length < 2) continue;
    const tried = values.slice(0, TRIED).map((value) => {
      const single = vary.map((one, i) => ({ path: one.path, values: [i === axis ? value : (one.values[0] ?? null)] }));
      const { model, parameters } = memberAt({ base, vary: single }, 0);
      return canonical([model, plane === 'shared' ? onPlane(parameters, laid, '') : parameters]);
    });
    if (new Set(tried).size > 1) continue;
    throw new Fault({
      code: 'bad-parameter',
      message:
        plane === 'shared' && path.startsWith('plane.')
          ? `${path} lays the plane, and all members have that of the base: they would all be the same map.`
          : `All values of ${path} are the same map.`,
      hint: 'Give each member a plane of its own (--plane own), or vary something else.',
    });
  }
}

/** The base of a series, whose center is a prompt where prompts are varied: the first. */
export function baseOf(base: MapParameters, vary: readonly SeriesAxis[]): MapParameters {
  const text = vary.find(({ path }) => path === PROMPT_PATH)?.values[0];
  const { plane } = base;
  if (typeof text !== 'string' || plane.center.kind === 'prompt') return base;
  return { ...base, plane: { ...plane, center: { kind: 'prompt', text } } };
}

/**
 * Members in the order that reuses most: of one model, then with the same interventions, layer and readout, for which the weights are
 * laid out anew; then what costs a run of the prompt at most.
 */
export const runOrder = (all: readonly SeriesMember[]): readonly SeriesMember[] => {
  const keys = new Map(
    all.map((member) => {
      const { grid: _grid, plane, layer, readout, interventions, ...rest } = member.parameters;
      const parts = [interventions, layer, readout, rest, plane].map((part) => JSON.stringify(part));
      return [member, [member.model ?? '', ...parts]] as const;
    }),
  );
  const places = [0, 1, 2, 3, 4, 5].map(() => new Map<string, number>());
  for (const key of keys.values())
    key.forEach((part, i) => {
      const seen = places[i];
      if (seen && !seen.has(part)) seen.set(part, seen.size);
    });
  const rank = (member: SeriesMember): readonly number[] =>
    (keys.get(member) ?? []).map((part, i) => places[i]?.get(part) ?? 0);
  return [...all].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const at = left.findIndex((place, i) => place !== right[i]);
    return at < 0 ? a.number - b.number : (left[at] ?? 0) - (right[at] ?? 0);
  });
};
