import { t } from '@vscode/l10n';
import { bits, formatFixed } from '../numbers.js';

/** The divergences of two maps A and B: KL(A ‖ B), KL(B ‖ A), Jensen-Shannon. */
const DIVERGENCES = ['ab', 'ba', 'js'] as const;
export type DivergenceName = (typeof DIVERGENCES)[number];

/** What the cells between two compared maps are colored by: what changes, or one of the divergences. */
export const CHANGES_BY = ['change', ...DIVERGENCES] as const;
export type ChangesBy = (typeof CHANGES_BY)[number];

/** What each is called, of maps that stand left and right. */
export const DIVERGENCE_NAMES: Readonly<Record<DivergenceName, string>> = {
  ab: t('KL(left ‖ right)'),
  ba: t('KL(right ‖ left)'),
  js: 'Jensen–Shannon',
};

/** Share of the cells that the scale tells apart; those that are farther apart have its last color. */
const TOLD = 0.99;

/** Some cells' divergences in nats, NaN where there is none. */
export interface DivergenceSpread {
  readonly known: number;
  readonly mean: number;
  readonly most: number;
  /** Where the scale of colors ends: 1, 2 or 5 times a power of ten, in bits, as many nats; above 0. */
  readonly top: number;
}

export function spreadOf(values: Float32Array): DivergenceSpread {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  const mean = known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
  const edge = bits(known[Math.ceil(TOLD * known.length) - 1] ?? 0);
  return { known: known.length, mean, most: known.at(-1) ?? 0, top: niceAbove(edge) * Math.LN2 };
}

/** The least 1, 2 or 5 times a power of ten that is no less; what is next to nothing is a millionth. */
function niceAbove(value: number): number {
  const at = Math.max(1e-6, value);
  const power = 10 ** Math.floor(Math.log10(at));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= at * (1 - 1e-6)) ?? 10);
}

/** Part of the scale, 0 ... 1. */
export const divergencePart = (nats: number, { top }: Pick<DivergenceSpread, 'top'>): number =>
  Math.min(1, Math.max(0, nats / top));

/** Nats as bits, two digits: divergences of exports are often thousandths. */
export const divergenceBits = (nats: number): string => {
  const value = bits(nats);
  if (value === 0) return '0 bits';
  if (value < 1e-4) return `${value.toExponential(0).replace('-', '\u2212')} bits`;
  return `${formatFixed(value, Math.max(0, 1 - Math.floor(Math.log10(value))))} bits`;
};
