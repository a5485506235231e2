import { t } from '@vscode/l10n';
import { tokenText as plainToken } from '../src/map/display.js';
import { formatCount, formatPercent } from '../src/map/numbers.js';
import type { Token } from '../src/map/token.js';
import { collapsible, isOpen } from './collapsible.js';
import { inspected } from './inspected.js';
import type { Derived } from './derived.js';
import { h, iconButton, setAttributes, setText, show } from './dom.js';
import { send } from './host.js';
import { createListRest } from './listRest.js';
import { createListSearch } from './listSearch.js';
import { cssColor, legendColor } from './map/paint.js';
import { type PageMap, tokenOf } from './pageMap.js';
import { placeRow, placeRows, rowKey } from './placeRows.js';
import type { PageState, Store } from './store.js';
import { createBadge } from './toolkit.js';
import { countedHow, type ListedToken } from './tokenList.js';
import { tokenText } from './tokenText.js';
import { cellsWords, tokensWords } from './counted.js';

/** Rows that are made at most; a search finds the others. */
const MOST_ROWS = 400;

/** The tokens that win somewhere on the map. A row outlines its regions. */
export function createTokenTable(store: Store, derived: Derived): HTMLElement {
  const badge = createBadge();
  const search = createListSearch(t('Find a Token'), t('Find a token'), t('Find a token'), () => fill(store.state));
  const body = h('tbody');
  const counted = h('p', { class: 'counted faint' });
  const amount = h('th', { scope: 'col', class: 'number' }, t('Cells'));
  const rest = createListRest();
  const table = h(
    'table',
    { class: 'tokens', 'aria-label': t('Tokens on this map') },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, h('span', { class: 'only-spoken' }, t('Token'))),
        amount,
        h('th', { scope: 'col', class: 'number' }, t('Mean p')),
      ),
    ),
    body,
  );
  const scroller = h(
    'div',
    { class: 'tokens-body', id: 'tokens-body', tabindex: 0, role: 'region', 'aria-label': t('Tokens on this map') },
    counted,
    table,
    rest.element,
  );
  const fold = collapsible(store, 'tokens', t('Tokens on This Map'), scroller);
  const element = h(
    'section',
    { class: 'tokens-pane' },
    h(
      'div',
      { class: 'pane-header' },
      h('h2', {}, fold.header),
      badge.element,
      h('span', { class: 'spring' }),
      search.button,
    ),
    search.field,
    scroller,
  );

  const list = placeRows(body, (outlined) => store.set({ outlined }));
  const leaveOutButton = (token: Token): HTMLElement => {
    const button = iconButton('circle-slash', t('Leave {0} Out of the Race', plainToken(token)), () =>
      leaveOut(store, token),
    );
    button.classList.add('leave-out');
    button.tabIndex = -1;
    return button;
  };
  body.addEventListener('keydown', (event) => {
    const id = rowKey(event);
    const { map, host } = store.state;
    if (event.key === 'Delete' && id !== null && map && host?.mode === 'panel') leaveOut(store, tokenOf(map, id));
  });

  const fill = (state: PageState): void => {
    const { map } = state;
    const all = derived.listed(state) ?? [];
    const count = derived.tokenCount(state);
    badge.update(formatCount(count));
    setAttributes(badge.element, { 'aria-label': tokensWords(count) });
    if (!map) return list.fill([]);
    const how = countedHow(map, count);
    const exact = map.finish?.regions !== null && map.finish !== null;
    setText(counted, how.text);
    setAttributes(counted, { title: how.more });
    show(counted, how.text !== '');
    setText(amount, exact ? t('Area') : t('Cells'));
    const query = search.query();
    const found = query
      ? all.filter(({ id }) => `${tokenOf(map, id).text} ${plainToken(tokenOf(map, id))}`.toLowerCase().includes(query))
      : all;
    const colors = swatches(state, map, derived);
    list.fill(
      found.slice(0, MOST_ROWS).map((token, i) => {
        const swatch = h('span', { class: 'swatch', 'aria-hidden': 'true' });
        swatch.style.backgroundColor = colors(token);
        return placeRow(
          token.id,
          i === 0,
          {},
          h(
            'th',
            { scope: 'row' },
            swatch,
            tokenText(tokenOf(map, token.id)),
            ...(state.host?.mode === 'panel' ? [leaveOutButton(tokenOf(map, token.id))] : []),
          ),
          h(
            'td',
            { class: 'number', title: exact ? cellsWords(token.cells) : undefined },
            exact ? formatPercent(token.share) : formatCount(token.cells),
          ),
          h('td', { class: 'number faint' }, formatPercent(token.meanProbability ?? NaN)),
        );
      }),
    );
    rest.update(found.length, MOST_ROWS, t('No token found'));
    mark(state);
  };
  /** Shows which row the inspected cell belongs to. */
  const mark = (state: PageState): void => {
    const shown = inspected(state);
    const token = shown ? derived.terrain(state, shown.map)?.top[shown.cell] : undefined;
    list.mark(token);
  };

  let painted: unknown;
  store.onDraw((state, changed) => {
    fold.update(isOpen(store, 'tokens'));
    const paint = derived.paint(state);
    if (paint !== painted || changed.has('map') || changed.has('cellsVersion')) fill(state);
    else if (changed.has('hover') || changed.has('ui')) mark(state);
    painted = paint;
  });
  return element;
}

/** Leaves a token out of the race; Delete on its row does the same. */
function leaveOut(store: Store, token: Token): void {
  const masked = store.state.host?.settings.parameters.masked ?? [];
  const name = token.kind === 'text' ? token.text : token.id;
  if (!masked.includes(name)) send({ type: 'edit', path: 'masked', value: [...masked, name] });
}

/** Mean color of each token's cells. */
function swatches(state: PageState, map: PageMap, derived: Derived): (token: ListedToken) => string {
  const coloring = derived.coloring(state, map);
  if (!coloring) return () => '';
  const { colorBy } = coloring;
  const scale = derived.scale(state);
  const sums = new Map<number, { sum: number; count: number }>();
  if (colorBy !== 'probability' && colorBy !== 'token') {
    const { computed, ids, topK } = map.cells;
    computed.forEach((there, cell) => {
      if (!there) return;
      const id = ids[cell * topK] ?? 0;
      const entry = sums.get(id) ?? { sum: 0, count: 0 };
      sums.set(id, { sum: entry.sum + coloring.part(map.cells, cell), count: entry.count + 1 });
    });
  }
  return (token) => {
    const entry = sums.get(token.id);
    const part = entry ? entry.sum / entry.count : (token.meanProbability ?? 0);
    return cssColor(legendColor(coloring, scale, part, colorBy === 'token' ? derived.slot(map, token.id) : undefined));
  };
}
