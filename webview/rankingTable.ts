import { t } from '@vscode/l10n';
import { formatPercent } from '../src/map/numbers.js';
import type { Ranked } from './cell.js';
import { colorByToken } from './colorMap.js';
import { h } from './dom.js';
import { inspected } from './inspected.js';
import { type PageMap, tokenOf } from './pageMap.js';
import { placeRow, placeRows } from './placeRows.js';
import type { Store } from './store.js';
import { tokenText } from './tokenText.js';

export interface RankingTable {
  readonly element: HTMLElement;
  /** @param asks a row colors the map by its token, as the map's menu does */
  update(map: PageMap, ranked: readonly Ranked[], asks: boolean): void;
}

/** A cell's top tokens, with bars. */
export function createRankingTable(store: Store): RankingTable {
  const body = h('tbody');
  const element = h(
    'table',
    { class: 'ranking', 'aria-label': t('Most probable tokens of the cell') },
    h('colgroup', {}, ...['rank', '', 'bar-cell', 'number'].map((name) => h('col', { class: name || undefined }))),
    h(
      'thead',
      { class: 'only-spoken' },
      h(
        'tr',
        {},
        ...[t('Rank'), t('Token'), t('Bar'), t('Probability')].map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    body,
  );
  const list = placeRows(
    body,
    (outlined) => store.set({ outlined }),
    (id) => {
      const shown = inspected(store.state);
      if (shown) colorByToken(store, tokenOf(shown.map, id));
    },
  );
  return {
    element,
    update(map, ranked, asks) {
      const most = ranked[0]?.probability ?? 1;
      list.fill(
        ranked.map(({ id, probability }, i) => {
          const bar = h('span', { class: 'bar' });
          bar.style.setProperty('--part', String(most > 0 ? probability / most : 0));
          const cells = [
            h('td', { class: 'rank' }, String(i + 1)),
            h('th', { scope: 'row' }, tokenText(tokenOf(map, id))),
            h('td', { class: 'bar-cell', 'aria-hidden': 'true' }, bar),
            h('td', { class: 'number' }, formatPercent(probability)),
          ];
          const name = i === 0 ? 'first' : undefined;
          if (!asks) return h('tr', { class: name }, ...cells);
          const called = ['color-by', name].filter(Boolean).join(' ');
          return placeRow(id, i === 0, { class: called, title: t('Color the Map by This Token') }, ...cells);
        }),
      );
    },
  };
}
