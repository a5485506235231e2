import { t } from '@vscode/l10n';
import { tokenText as plainToken } from '../src/map/display.js';
import { formatCount, formatPercent } from '../src/map/numbers.js';
import type { Token } from '../src/map/token.js';
import { inspected } from './inspected.js';
import type { Derived } from './derived.js';
import { h, icon, iconButton, setAttributes, setText, show } from './dom.js';
import { send } from './host.js';
import { cssColor, legendColor } from './map/paint.js';
import { type PageMap, tokenOf } from './pageMap.js';
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
  const chevron = icon('chevron-down');
  const toggle = h(
    'button',
    { type: 'button', class: 'group-header', 'aria-controls': 'tokens-body' },
    chevron,
    h('span', { class: 'group-title' }, t('Tokens on This Map')),
  );
  toggle.addEventListener('click', () => {
    const { collapsed } = store.state.ui;
    store.setUi({
      collapsed: collapsed.includes('tokens') ? collapsed.filter((one) => one !== 'tokens') : [...collapsed, 'tokens'],
    });
  });
  const search = h('input', {
    type: 'search',
    class: 'search',
    'aria-label': t('Find a token'),
    placeholder: t('Find a token'),
    hidden: true,
  });
  const find = iconButton('search', t('Find a Token'), () => {
    show(search, search.hidden !== false);
    setAttributes(find, { 'aria-pressed': String(!search.hidden) });
    if (!search.hidden) search.focus();
    else {
      search.value = '';
      fill(store.state);
    }
  });
  const body = h('tbody');
  const counted = h('p', { class: 'counted faint' });
  const amount = h('th', { scope: 'col', class: 'number' }, t('Cells'));
  const rest = h('p', { class: 'faint rest', hidden: true });
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
    rest,
  );
  const element = h(
    'section',
    { class: 'tokens-pane' },
    h('div', { class: 'pane-header' }, h('h2', {}, toggle), badge.element, h('span', { class: 'spring' }), find),
    search,
    scroller,
  );

  const outline = (id: number | null): void => store.set({ outlined: id });
  const rowId = (event: Event): number | null => {
    const row = event.target instanceof Element ? event.target.closest('tr[data-token]') : null;
    return row instanceof HTMLElement ? Number(row.dataset.token) : null;
  };
  body.addEventListener('pointerover', (event) => outline(rowId(event)));
  body.addEventListener('pointerleave', () => outline(null));
  body.addEventListener('focusin', (event) => outline(rowId(event)));
  body.addEventListener('focusout', () => outline(null));
  search.addEventListener('input', () => fill(store.state));
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    find.click();
    find.focus();
  });
  // Arrows move between the rows; only one of them is a stop for Tab.
  body.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const row = event.target instanceof Element ? event.target.closest('tr') : null;
    const next = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
    if (!(next instanceof HTMLElement)) return;
    event.preventDefault();
    next.focus();
  });

  const leaveOutButton = (token: Token): HTMLElement => {
    const button = iconButton('circle-slash', t('Leave {0} Out of the Race', plainToken(token)), () =>
      leaveOut(store, token),
    );
    button.classList.add('leave-out');
    button.tabIndex = -1;
    return button;
  };
  body.addEventListener('keydown', (event) => {
    const id = rowId(event);
    const { map, host } = store.state;
    if (event.key === 'Delete' && id !== null && map && host?.mode === 'panel') leaveOut(store, tokenOf(map, id));
  });

  const fill = (state: PageState): void => {
    const { map } = state;
    const all = derived.listed(state) ?? [];
    const count = derived.tokenCount(state);
    badge.update(formatCount(count));
    setAttributes(badge.element, { 'aria-label': tokensWords(count) });
    if (!map) return body.replaceChildren();
    const how = countedHow(map, count);
    const exact = map.finish?.regions !== null && map.finish !== null;
    setText(counted, how.text);
    setAttributes(counted, { title: how.more });
    show(counted, how.text !== '');
    setText(amount, exact ? t('Area') : t('Cells'));
    const query = search.value.trim().toLowerCase();
    const found = query
      ? all.filter(({ id }) => `${tokenOf(map, id).text} ${plainToken(tokenOf(map, id))}`.toLowerCase().includes(query))
      : all;
    const colors = swatches(state, map, derived);
    body.replaceChildren(
      ...found.slice(0, MOST_ROWS).map((token, i) => {
        const swatch = h('span', { class: 'swatch', 'aria-hidden': 'true' });
        swatch.style.backgroundColor = colors(token);
        return h(
          'tr',
          { 'data-token': token.id, tabindex: i === 0 ? 0 : -1 },
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
    const more = found.length - MOST_ROWS;
    show(rest, more > 0 || found.length === 0);
    rest.textContent = more > 0 ? t('and {0} more', formatCount(more)) : found.length === 0 ? t('No token found') : '';
    mark(state);
  };
  /** Shows which row the inspected cell belongs to. */
  const mark = (state: PageState): void => {
    const shown = inspected(state);
    const token = shown ? derived.terrain(state, shown.map)?.top[shown.cell] : undefined;
    for (const row of body.querySelectorAll<HTMLElement>('tr')) {
      setAttributes(row, { 'aria-current': row.dataset.token === String(token) ? 'true' : undefined });
    }
  };

  let painted: unknown;
  store.onDraw((state, changed) => {
    const open = !state.ui.collapsed.includes('tokens');
    show(scroller, open);
    setAttributes(toggle, { 'aria-expanded': String(open) });
    chevron.className = `codicon codicon-chevron-${open ? 'down' : 'right'}`;
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
