import { type AxisValue, axisName, memberName, MODEL_PATH, type SeriesAxis, valueText } from './series.js';

/** Members of a series that differ along one axis alone: what curves and rows of pictures run along. */
export interface SeriesLine {
  /** What its members have in common that others do not: `model=a`; empty where there is one line. */
  readonly name: string;
  /** Numbers of its members, along the axis. */
  readonly members: readonly number[];
}

export interface SeriesLines {
  /** Which of the axes: the last that has several values, else the last. */
  readonly axis: number;
  /** What varies, in a word: `layer`. */
  readonly name: string;
  /** Values on the axis, in words. */
  readonly places: readonly string[];
  readonly lines: readonly SeriesLine[];
}

/** The lines of a series along its last axis. */
export function linesOf(vary: readonly SeriesAxis[]): SeriesLines {
  const several = vary.findLastIndex(({ values }) => values.length > 1);
  const axis = several < 0 ? vary.length - 1 : several;
  const { path = '', values = [] } = vary[axis] ?? {};
  // All axes behind it have one value: the members of a line have consecutive numbers.
  const outer = vary.slice(0, axis);
  const count = outer.reduce((product, one) => product * one.values.length, 1);
  return {
    axis,
    name: path === '' ? '' : axisName(path),
    places: path === MODEL_PATH ? modelNames(values.map(valueText)) : values.map((value) => briefly(path, value)),
    lines: Array.from({ length: count }, (_, line) => ({
      name: variedName(outer, line),
      members: values.map((_value, i) => line * values.length + i),
    })),
  };
}

/** Models by the last names of their paths, where these tell them apart: the rest is of one machine. */
function modelNames(models: readonly string[]): readonly string[] {
  const short = models.map((model) => model.split(/[\\/]/).findLast((part) => part !== '') ?? model);
  return new Set(short).size === models.length ? short : models;
}

/** What a member is called by the axes that have several values. */
function variedName(vary: readonly SeriesAxis[], number: number): string {
  const varied: SeriesAxis[] = [];
  const values: AxisValue[] = [];
  let rest = number;
  for (const one of vary.toReversed()) {
    const value = one.values[rest % one.values.length] ?? null;
    rest = Math.floor(rest / one.values.length);
    if (one.values.length < 2) continue;
    varied.unshift(one);
    values.unshift(value);
  }
  return memberName(varied, values);
}

/** Of a readout through a file the file's own name. */
const briefly = (path: string, value: AxisValue): string =>
  path === 'readout'
    ? valueText(value).replace(/^(tuned|jacobian):(?:.*[\\/])?([^\\/]+)[\\/]?$/s, '$1 $2')
    : valueText(value);
