import { t } from '@vscode/l10n';
import { tokenSpoken, tokenText as plainToken } from '../../src/map/display.js';
import type { LensCell, LensTable } from '../../src/map/lens/lensTable.js';
import { capital, layerBrief, READOUT_NAMES } from '../../src/map/naming.js';
import { formatBits, formatCount, formatPercent, formatWholePercent } from '../../src/map/numbers.js';
import { h } from '../dom.js';
import { tokenText } from '../tokenText.js';

/** What stands in a cell. */
export function contentOf({ top: [first], named }: LensCell): (Node | string)[] {
  if (!first) return ['–'];
  // Of a token that is followed the cell tells that one alone: beside the name of another its rank would seem to be the other's.
  if (named)
    return [
      h('span', { class: named.rank === 1 ? 'lens-number lens-first' : 'lens-number' }, `#${formatCount(named.rank)}`),
      h('span', { class: 'lens-percent' }, formatPercent(named.probability)),
    ];
  return [tokenText(first.token), h('span', { class: 'lens-number' }, formatWholePercent(first.probability))];
}

/** What a screen reader says of a cell. */
export function spoken({ named: followed }: LensTable, { top, entropy, named }: LensCell): string {
  const [first, second] = top;
  if (!first) return t('no prediction');
  const then = second ? t(', then {0} {1}', tokenSpoken(second.token), formatPercent(second.probability)) : '';
  const rank = followed && named ? t('; {0} is number {1}', tokenSpoken(followed.token), formatCount(named.rank)) : '';
  return t(
    '{0} {1}{2}; entropy {3}{4}',
    tokenSpoken(first.token),
    formatPercent(first.probability),
    then,
    formatBits(entropy),
    rank,
  );
}

/** The ten tokens of a cell. @param several whether it stands beside others, so that its readout is said */
export function topOf(
  { named: followed, parameters }: LensTable,
  { layer, position, top, entropy, named }: LensCell,
  several: boolean,
): HTMLElement[] {
  return [
    h('p', { class: 'where' }, t('{0}, position {1}', capital(layerBrief(layer)), position)),
    ...(several ? [h('p', { class: 'faint' }, READOUT_NAMES[parameters.readout])] : []),
    h(
      'table',
      {},
      h(
        'tbody',
        {},
        ...top.map(({ token, probability }) =>
          h('tr', {}, h('td', {}, tokenText(token)), h('td', {}, formatPercent(probability))),
        ),
      ),
    ),
    h('p', { class: 'faint' }, Number.isFinite(entropy) ? t('Entropy {0}', formatBits(entropy)) : t('No prediction')),
    ...(followed && named
      ? [
          h(
            'p',
            { class: 'faint' },
            t(
              '{0}: number {1}, {2}',
              plainToken(followed.token),
              formatCount(named.rank),
              formatPercent(named.probability),
            ),
          ),
        ]
      : []),
  ];
}
