import { formatFixed, niceTicks } from '../../src/map/numbers.js';

/** Ticks of an axis: a tick says `(at - offset) / 10^exponent`, with 0 where a part is undefined. */
export interface AxisTicks {
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  readonly offset: { readonly value: number; readonly text: string } | undefined;
  readonly exponent: number | undefined;
}

/** Farther from 0 than this many times its length, a part of an axis is told from a number in its middle. */
const FAR = 5;

/**
 * About `count` round numbers between two places of an axis, of at most `longest` letters (5 or more). Where they would be longer,
 * or alike, they are counted from a number close by, in a power of ten, which the axis' name says.
 */
export function axisTicks(low: number, high: number, count: number, longest: number): AxisTicks {
  const plain = niceTicks(low, high, count);
  const ticks = plain.ticks.map((at) => ({ at, text: formatFixed(at, plain.decimals) }));
  if (ticks.length > 0 && ticks.every(({ text }) => text.length <= longest))
    return { ticks, offset: undefined, exponent: undefined };
  const [span, middle] = [high - low, (low + high) / 2];
  const decimals = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(span))));
  const value = Math.abs(middle) > FAR * span ? Number(middle.toFixed(decimals)) : 0;
  const exponent = Math.floor(Math.log10(Math.max(Math.abs(low - value), Math.abs(high - value))) + 1e-9);
  const scale = 10 ** -exponent;
  const scaled = niceTicks((low - value) * scale, (high - value) * scale, count);
  return {
    ticks: scaled.ticks.map((step) => ({ at: value + step / scale, text: formatFixed(step, scaled.decimals) })),
    offset: value === 0 ? undefined : { value, text: formatFixed(Math.abs(value), decimals) },
    exponent: exponent === 0 ? undefined : exponent,
  };
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const superscript = (exponent: number): string =>
  (exponent < 0 ? '⁻' : '') +
  Array.from(String(Math.abs(exponent)), (digit) => SUPERSCRIPTS.charAt(Number(digit))).join('');

/** What an axis' ticks say, in place of its letter: `(x − 2.265) / 10⁻⁴`. */
export function axisName(name: string, { offset, exponent }: AxisTicks): string {
  const letter = name.slice(0, 1);
  const counted = offset ? `${letter} ${offset.value < 0 ? '+' : '\u2212'} ${offset.text}` : letter;
  if (exponent === undefined) return `${counted}${name.slice(1)}`;
  return `${offset ? `(${counted})` : counted} / 10${superscript(exponent)}${name.slice(1)}`;
}
