import { t } from '@vscode/l10n';
/** Numbers as people read them: true minus, comma thousands, percent, bits, points. One place, so that all rooms agree. */

const MINUS = '\u2212';
const NONE = '\u2013';

/** A finite number with a fixed count of decimals (0 ... 20), comma thousands and a true minus; never "−0". */
export function formatFixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return NONE;
  const digits = Math.abs(value).toFixed(decimals);
  if (digits.includes('e')) return digits.replace('-', MINUS); // 1e21 and more
  const [whole = '0', fraction] = digits.split('.');
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction === undefined ? '' : `.${fraction}`);
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** A whole number: `2,500`. */
export const formatCount = (value: number): string => formatFixed(value, 0);

/** So many of something, in English: `1 block`, `2,500 cells`. */
export const several = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** The places of so many, in English: `0`, `0 to 11`. */
export const fromZero = (count: number): string => (count === 1 ? '0' : `0 to ${count - 1}`);

/** A probability 0 ... 1 as percent: `37.6%`, below 1% `0.97%`, below 0.01% `<0.01%`. */
export function formatPercent(probability: number): string {
  if (!Number.isFinite(probability)) return NONE;
  const percent = probability * 100;
  if (percent === 0) return '0%';
  if (percent < 0.01) return '<0.01%';
  return `${percent.toFixed(percent < 0.995 ? 2 : 1)}%`;
}

/** A probability 0 ... 1 as whole percent, for the inside of a cell: `38%`; what would round to nothing is `<1%`. */
export function formatWholePercent(probability: number): string {
  if (!Number.isFinite(probability)) return NONE;
  return probability > 0 && probability < 0.005 ? '<1%' : `${(probability * 100).toFixed(0)}%`;
}

/** A difference of probabilities -1 ... 1 in percentage points: `22.9 points`. */
export const formatPoints = (difference: number): string => {
  const points = Math.abs(difference) * 100;
  return t('{0} points', formatFixed(difference * 100, points > 0 && points < 0.995 ? 2 : 1));
};

/** Nats (files, code) as bits (the interface). */
export const bits = (nats: number): number => nats / Math.LN2;

/** Entropy in nats, shown in bits: `5.1 bits`. */
export const formatBits = (nats: number): string => t('{0} bits', formatFixed(bits(nats), 1));

/** The number of equally probable choices that has this entropy (nats): `34`; below 10 with a decimal. */
export function formatEqualChoices(nats: number): string {
  const choices = Math.exp(nats);
  return formatFixed(choices, choices < 9.95 ? 1 : 0);
}

/**
 * Decimals for coordinates of a grid: two, or as many as its spacing has, so that neighbors never look alike. A spacing
 * without a short decimal form (1/3) gets two significant digits.
 */
export function coordinateDecimals(spacing: number): number {
  if (!(spacing > 0) || !Number.isFinite(spacing)) return 2;
  let shortest = 0;
  while (shortest < 20 && Number(spacing.toFixed(shortest)) !== spacing) shortest++;
  return Math.max(2, Math.min(shortest, Math.ceil(-Math.log10(spacing)) + 2, 20));
}

/** A coordinate of a grid with that spacing: `−0.40`. */
export const formatCoordinate = (value: number, spacing: number): string =>
  formatFixed(value, coordinateDecimals(spacing));

/** A number as short as it can be told exactly: `0.5`, `−3`, `1e−9`; one that takes more than 8 digits rounded to 6: `≈0.0833333`. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  const rounded = Number(value.toPrecision(8));
  const text = rounded === value ? String(rounded || 0) : `\u2248${Number(value.toPrecision(6))}`;
  return text.replace(/-/g, MINUS);
}

/** A duration: `0.4 s`, `25 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return NONE;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A count of bytes in decimal units: `539 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power] ?? ''}`;
}

/**
 * About `count` round numbers inside [low, high], steps of 1, 2, 2.5 or 5 times a power of ten, with the decimals that tell
 * them apart. An empty or unreal range gives no ticks.
 */
export function niceTicks(low: number, high: number, count: number): { ticks: number[]; decimals: number } {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span) || count < 1) return { ticks: [], decimals: 0 };
  const rough = span / count;
  const power = Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * 10 ** power >= rough * (1 - 1e-9)) ?? 10;
  const step = factor * 10 ** power;
  const decimals = Math.min(20, Math.max(0, -Math.floor(Math.log10(step) + 1e-9) + (factor === 2.5 ? 1 : 0)));
  const ticks: number[] = [];
  const tolerance = span * 1e-9;
  for (let i = Math.ceil((low - tolerance) / step); i * step <= high + tolerance; i++) {
    ticks.push(Number((i * step).toFixed(decimals)));
    if (ticks.length > 4 * count + 4) return { ticks: [], decimals: 0 }; // far from 0 the steps are below float64's grain
  }
  return { ticks, decimals };
}

const UNITS = ['b', 'kb', 'mb', 'gb', 'tb'];
const LEAST_MEMORY = 100e6;

/** Bytes of an amount of memory as people write it: `8GB`, `512 MiB`; undefined where it is none, or less than 100 MB. */
export function bytesOf(text: string): number | undefined {
  const [, amount, unit = '', binary] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i.exec(text.trim()) ?? [];
  if (amount === undefined) return undefined;
  const bytes = Math.floor(Number(amount) * (binary ? 1024 : 1000) ** UNITS.indexOf(`${unit.toLowerCase()}b`));
  return Number.isSafeInteger(bytes) && bytes >= LEAST_MEMORY ? bytes : undefined;
}

/** A number as typed; NaN, which no parameter takes, where it is none. */
export function parseNumber(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
}
