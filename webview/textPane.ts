import { t } from '@vscode/l10n';
import { safeText } from '../src/map/display.js';
import { formatCount, formatPercent } from '../src/map/numbers.js';
import type { Separability, TextGroup } from '../src/map/textPoints.js';
import { cellAtPlace } from './cell.js';
import { h, icon, iconButton, setAttributes, show } from './dom.js';
import { send } from './host.js';
import type { MapView } from './map/mapView.js';
import { isSelected, type ShownText, type ShownTexts, textsOf, traceShape } from './map/textPoints.js';
import { anyOf, type PageState, type Store } from './store.js';
import { createBadge } from './toolkit.js';

/** Rows that are made at most; a line around some, or a search, finds the others. */
const MOST_ROWS = 200;
/** Letters of a text in a row. */
const LETTERS = 120;
const SWATCH = 14;

/** The texts on a plane: a legend that hides groups, how well labels are told apart, and those inside of a lasso as a list. */
export function createTextPane(store: Store, map: MapView): HTMLElement {
  const count = createBadge();
  const chevron = icon('chevron-down');
  const toggle = h(
    'button',
    { type: 'button', class: 'group-header', 'aria-controls': 'texts-body' },
    chevron,
    h('span', { class: 'group-title' }, t('Texts')),
  );
  toggle.addEventListener('click', () => {
    const { collapsed } = store.state.ui;
    const others = collapsed.filter((one) => one !== 'texts');
    store.setUi({ collapsed: others.length < collapsed.length ? others : [...collapsed, 'texts'] });
  });
  const lasso = iconButton('edit', t('Draw a Lasso Around Texts'), () => {
    const { lasso: drawn, lassoing } = store.state;
    store.set(drawn || lassoing ? { lasso: null, lassoing: false } : { lassoing: true });
  });
  const copy = iconButton('copy', t('Copy These Texts'), () =>
    send({ type: 'copy', text: found.map(({ text, group }) => `${text}\t${group.name}`).join('\n') }),
  );
  const search = h('input', {
    type: 'search',
    class: 'search',
    'aria-label': t('Find a text'),
    placeholder: t('Find a text'),
  });
  const legend = h('div', { class: 'text-legend', role: 'group', 'aria-label': t('Groups of texts') });
  const apart = h('p', { class: 'message note separability', hidden: true });
  const body = h('tbody');
  const table = h('table', { class: 'tokens texts', 'aria-label': t('Texts') }, body);
  const rest = h('p', { class: 'faint rest', hidden: true });
  const scroller = h(
    'div',
    { class: 'tokens-body', id: 'texts-body', tabindex: 0, role: 'region', 'aria-label': t('Texts on this plane') },
    legend,
    apart,
    search,
    table,
    rest,
  );
  const element = h(
    'section',
    { class: 'tokens-pane texts-pane', 'aria-label': t('Texts on this plane') },
    h('div', { class: 'pane-header' }, h('h2', {}, toggle), count.element, h('span', { class: 'spring' }), lasso, copy),
    scroller,
  );

  const rowOf = (event: Event): number | null => {
    const row = event.target instanceof Element ? event.target.closest('tr[data-text]') : null;
    return row instanceof HTMLElement ? Number(row.dataset.text) : null;
  };
  body.addEventListener('pointerover', (event) => store.set({ text: rowOf(event) }));
  body.addEventListener('pointerleave', () => store.set({ text: null }));
  body.addEventListener('focusin', (event) => store.set({ text: rowOf(event) }));
  body.addEventListener('focusout', () => store.set({ text: null }));
  const go = (event: Event): void => {
    const { base } = store.state;
    const text = textsOf(base).all[rowOf(event) ?? -1];
    if (!base || !text || cellAtPlace(base, text) === null) return;
    const place = { x: text.x, y: text.y };
    store.setUi({ pin: place });
    map.reveal(place);
  };
  body.addEventListener('click', go);
  body.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') return go(event);
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const row = event.target instanceof Element ? event.target.closest('tr') : null;
    const next = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
    if (!(next instanceof HTMLElement)) return;
    event.preventDefault();
    next.focus();
  });
  search.addEventListener('input', () => fill(store.state));

  let found: readonly ShownText[] = [];
  const fill = (state: PageState): void => {
    const { all } = textsOf(state.map);
    const query = search.value.trim().toLowerCase();
    const rows = all
      .map((text, i) => ({ text, i }))
      .filter(({ text }) => isSelected(text, state) && (!query || text.text.toLowerCase().includes(query)));
    found = rows.map(({ text }) => text);
    count.update(
      rows.length === all.length ? formatCount(all.length) : `${formatCount(rows.length)} / ${formatCount(all.length)}`,
    );
    setAttributes(count.element, {
      'aria-label': t('{0} of {1} texts', formatCount(rows.length), formatCount(all.length)),
    });
    body.replaceChildren(...rows.slice(0, MOST_ROWS).map(({ text, i }, row) => rowFor(text, i, row)));
    const more = rows.length - MOST_ROWS;
    show(rest, more > 0 || rows.length === 0);
    rest.textContent = more > 0 ? t('and {0} more', formatCount(more)) : t('Nothing found');
  };
  const fillLegend = (texts: ShownTexts): void => {
    const groups = texts.overlays.flatMap((one) => one.groups).filter(({ name }) => name !== '');
    show(legend, groups.length > 1);
    legend.replaceChildren(...groups.map((group) => legendButton(store, group)));
    const told = texts.overlays.flatMap(({ points: { separability, why } }) =>
      separability ? separabilityText(separability) : why === undefined ? [] : t('Labels are not told apart. {0}', why),
    );
    show(apart, told.length > 0);
    apart.textContent = told.join(' ');
  };

  let filled: ShownTexts | undefined;
  store.onDraw((state, changed) => {
    const texts = textsOf(state.map);
    show(element, texts.all.length > 0);
    const open = !state.ui.collapsed.includes('texts');
    show(scroller, open);
    setAttributes(toggle, { 'aria-expanded': String(open) });
    chevron.className = `codicon codicon-chevron-${open ? 'down' : 'right'}`;
    const drawn = state.lasso !== null || state.lassoing;
    setAttributes(lasso, { 'aria-pressed': String(drawn) });
    map.plot.classList.toggle('lassoing', state.lassoing);
    const other = texts !== filled;
    if (other) fillLegend(texts);
    filled = texts;
    // What a line was drawn around is what is looked for now: below the legend.
    if (state.lasso && anyOf(changed, 'lassoing') && !state.lassoing)
      scroller.scrollTop = search.offsetTop - scroller.offsetTop;
    if (other || (anyOf(changed, 'hiddenGroups', 'lasso', 'lassoing') && !state.lassoing)) fill(state);
    if (anyOf(changed, 'hiddenGroups') || other)
      for (const button of legend.querySelectorAll<HTMLElement>('button'))
        setAttributes(button, { 'aria-pressed': String(!state.hiddenGroups.includes(button.dataset.group ?? '')) });
    if (anyOf(changed, 'text'))
      for (const row of body.querySelectorAll<HTMLElement>('tr'))
        setAttributes(row, { 'aria-current': row.dataset.text === String(state.text) ? 'true' : undefined });
  });
  return element;
}

/** A group in the legend: a click hides or shows it. */
function legendButton(store: Store, group: TextGroup): HTMLElement {
  const picture = h('canvas', { class: 'swatch', 'aria-hidden': 'true' });
  const ratio = window.devicePixelRatio;
  [picture.width, picture.height] = [SWATCH * ratio, SWATCH * ratio];
  const context = picture.getContext('2d');
  if (context) {
    context.scale(ratio, ratio);
    context.translate(SWATCH / 2, SWATCH / 2);
    traceShape(context, group.shape, 4.5);
    context.fillStyle = group.color;
    context.fill();
    context.strokeStyle = 'rgba(0, 0, 0, 0.7)';
    context.stroke();
  }
  const button = h(
    'button',
    { type: 'button', class: 'legend-entry', 'data-group': group.name, title: t('Show or Hide This Group') },
    picture,
    h('span', { class: 'legend-name' }, safeText(group.name, 60)),
    h('span', { class: 'number' }, formatCount(group.count)),
  );
  button.addEventListener('click', () => {
    const { hiddenGroups } = store.state;
    const others = hiddenGroups.filter((name) => name !== group.name);
    store.set({ hiddenGroups: others.length < hiddenGroups.length ? others : [...hiddenGroups, group.name] });
  });
  return button;
}

const separabilityText = ({ plane, space, most }: Separability): string =>
  t(
    'Labels told right: {0} by place on the plane, {1} by the whole hidden state; {2} have the most frequent one.',
    formatPercent(plane),
    formatPercent(space),
    formatPercent(most),
  );

function rowFor({ text, group }: ShownText, index: number, row: number): HTMLElement {
  return h(
    'tr',
    { 'data-text': index, tabindex: row === 0 ? 0 : -1, title: safeText(text, 1000) },
    h('th', { scope: 'row' }, safeText(text, LETTERS)),
    h('td', { class: 'faint' }, safeText(group.name, 24)),
  );
}
