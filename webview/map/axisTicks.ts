import { formatFixed, niceTicks } from '../../src/map/numbers.js';

/** Ticks of an axis: what stands at them, and what is taken off the numbers there; undefined: nothing. */
export interface AxisTicks {
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  readonly offset: { readonly value: number; readonly text: string } | undefined;
}

/** Numbers that are longer than this are told from a number in the middle. */
const LONGEST = 7;

/**
 * About `count` round numbers between two places of an axis. Far from 0 in a narrow window they would be long and alike: then
 * they are counted from a number close by, which the axis' name says.
 */
export function axisTicks(low: number, high: number, count: number): AxisTicks {
  const plain = niceTicks(low, high, count);
  const ticks = plain.ticks.map((at) => ({ at, text: formatFixed(at, plain.decimals) }));
  if (ticks.length > 0 && ticks.every(({ text }) => text.length <= LONGEST)) return { ticks, offset: undefined };
  const decimals = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(high - low))));
  const value = Number(((low + high) / 2).toFixed(decimals));
  const { ticks: steps } = niceTicks(low - value, high - value, count);
  return {
    ticks: steps.map((step) => ({ at: value + step, text: shortNumber(step) })),
    offset: value === 0 ? undefined : { value, text: formatFixed(Math.abs(value), decimals) },
  };
}

/** `0.002`, `−3e−6`. */
function shortNumber(value: number): string {
  const text = Math.abs(value) >= 1e-3 || value === 0 ? String(value) : value.toExponential();
  return text.replace(/-/g, '\u2212');
}

/** An axis' name with what is taken off its numbers: `x − 2.265`. */
export const axisName = (name: string, { offset }: AxisTicks): string =>
  offset ? `${name.slice(0, 1)} ${offset.value < 0 ? '+' : '\u2212'} ${offset.text}${name.slice(1)}` : name;
