import { t } from '@vscode/l10n';
import { formatPercent } from '../src/map/numbers.js';
import { NORM_BAND } from '../src/map/normsText.js';
import { type Norms, normPercentile, typicalNorm } from '../src/map/survey.js';
import { h, setAttributes, show } from './dom.js';

/** A line from 0.25 to 4 times the typical norm, logarithmic, with the band of real text and a tick for one norm. */
export function createNormGauge(): { readonly element: HTMLElement; update(norms: Norms | null, norm: number): void } {
  const band = h('span', { class: 'gauge-band' });
  const tick = h('span', { class: 'gauge-tick' });
  const element = h('span', { class: 'gauge', role: 'img' }, band, tick);
  const [low, high] = NORM_BAND;
  const part = (times: number): number =>
    Math.min(1, Math.max(0, Math.log(Math.max(times, 1e-9) / low) / Math.log(high / low)));
  return {
    element,
    update(norms, norm) {
      const typical = norms ? typicalNorm(norms) : 0;
      show(element, typical > 0);
      if (!norms || !(typical > 0)) return;
      const [from, to] = [norms.quantiles[1] ?? 0, norms.quantiles[19] ?? 0].map((one) => part(one / typical));
      band.style.left = `${100 * (from ?? 0)}%`;
      band.style.width = `${100 * ((to ?? 0) - (from ?? 0))}%`;
      tick.style.left = `${100 * part(norm / typical)}%`;
      const label = t('Longer than {0} of the hidden states of real text', formatPercent(normPercentile(norms, norm)));
      setAttributes(element, {
        'aria-label': label,
        title: t('{0}; the line is 0.25 to 4 × typical, the band 5 to 95%', label),
      });
    },
  };
}
