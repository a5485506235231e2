import { t } from '@vscode/l10n';
import { gridWindow } from './grid.js';
import { formatFixed } from './numbers.js';
import type { Grid } from './specification.js';
import { normRange, type Survey, typicalNorm } from './survey.js';

/** Norms between these, as multiples of the typical one, are like those of real text. */
export const NORM_BAND = [0.25, 4] as const;

/** A multiple of the typical norm: `0.96`, `3.1`, `25`. */
export const formatTimes = (times: number): string => formatFixed(times, times >= 9.95 ? 0 : times >= 0.995 ? 1 : 2);

/** Which norms the points of a grid have against the layer's typical norm, in a sentence; a warning where real text has none such. */
export function normsText(
  { gram, norms, normsReason }: Survey,
  grid: Grid,
  layer: string,
): { readonly text: string; readonly kind: 'info' | 'warning' } | undefined {
  const typical = norms ? typicalNorm(norms) : 0;
  if (!(typical > 0)) return normsReason === undefined ? undefined : { text: normsReason, kind: 'info' };
  const [low, high] = normRange(gram, gridWindow(grid)).map((norm) => norm / typical) as [number, number];
  const range = t('Norm of h on this plane: {0}–{1} × typical for {2}', formatTimes(low), formatTimes(high), layer);
  const [least, most] = NORM_BAND;
  if (high < least)
    return { text: t('{0}: all of it is nearer to the origin than real text.', range), kind: 'warning' };
  if (low > most) return { text: t('{0}: all of it is farther out than real text.', range), kind: 'warning' };
  return high > most
    ? { text: t('{0}: parts are farther out than real text.', range), kind: 'warning' }
    : { text: `${range}.`, kind: 'info' };
}
