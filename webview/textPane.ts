import { t } from '@vscode/l10n';
import { safeText } from '../src/map/display.js';
import { formatCount, formatPercent } from '../src/map/numbers.js';
import type { Separability, TextGroup } from '../src/map/textPoints.js';
import { collapsible, isOpen } from './collapsible.js';
import { h, iconButton, setAttributes, show } from './dom.js';
import { send } from './host.js';
import { createListRest } from './listRest.js';
import type { MapView } from './map/mapView.js';
import { isSelected, type ShownText, type ShownTexts, textsOf, traceShape } from './map/textPoints.js';
import { pinAt } from './pinAt.js';
import { placeRow, placeRows } from './placeRows.js';
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
  const lasso = iconButton('edit', t('Draw a Lasso Around Texts'), () => {
    const { lasso: drawn, lassoing } = store.state;
    if (drawn || lassoing) return store.set({ lasso: null, lassoing: false });
    store.set({ lassoing: true });
    map.plot.focus();
  });
  setAttributes(lasso, {
    'aria-description': t('With the pointer; by keys a box: T at one corner, T at the opposite one'),
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
  const rest = createListRest();
  const scroller = h(
    'div',
    { class: 'tokens-body', tabindex: 0, role: 'region', 'aria-label': t('Texts on this plane') },
    table,
    rest.element,
  );
  // The list scrolls below what says and narrows what is in it.
  const content = h('div', { class: 'texts-body', id: 'texts-body' }, legend, apart, search, scroller);
  const fold = collapsible(store, 'texts', t('Texts'), content);
  const element = h(
    'section',
    { class: 'tokens-pane texts-pane', 'aria-label': t('Texts on this plane') },
    h(
      'div',
      { class: 'pane-header' },
      h('h2', {}, fold.header),
      count.element,
      h('span', { class: 'spring' }),
      lasso,
      copy,
    ),
    content,
  );

  const list = placeRows(
    body,
    (text) => store.set({ text }),
    (key) => pinAt(store, map, textsOf(store.state.base).all[key]),
  );
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
    scroller.scrollTop = 0;
    list.fill(rows.slice(0, MOST_ROWS).map(({ text, i }, row) => rowFor(text, i, row)));
    rest.update(rows.length, MOST_ROWS, t('Nothing found'));
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
    fold.update(isOpen(store, 'texts'));
    const drawing = state.lassoing !== false;
    const drawn = state.lasso !== null || drawing;
    setAttributes(lasso, { 'aria-pressed': String(drawn) });
    map.plot.classList.toggle('lassoing', drawing);
    const other = texts !== filled;
    if (other) fillLegend(texts);
    filled = texts;
    // What a line was drawn around is what is looked for now: below the legend, which is there again without it.
    if (anyOf(changed, 'lasso', 'lassoing') && !drawing)
      scroller.scrollTop = state.lasso ? search.offsetTop - scroller.offsetTop : 0;
    if (other || (anyOf(changed, 'hiddenGroups', 'lasso', 'lassoing') && !drawing)) fill(state);
    if (anyOf(changed, 'hiddenGroups') || other)
      for (const button of legend.querySelectorAll<HTMLElement>('button'))
        setAttributes(button, { 'aria-pressed': String(!state.hiddenGroups.includes(button.dataset.group ?? '')) });
    if (anyOf(changed, 'text')) list.mark(state.text);
  });
  return element;
}

/** A group's point, as it is on the map. */
function groupPicture({ color, shape }: TextGroup): HTMLElement {
  const picture = h('canvas', { class: 'swatch', 'aria-hidden': 'true' });
  const ratio = window.devicePixelRatio;
  [picture.width, picture.height] = [SWATCH * ratio, SWATCH * ratio];
  const context = picture.getContext('2d');
  if (!context) return picture;
  context.scale(ratio, ratio);
  context.translate(SWATCH / 2, SWATCH / 2);
  traceShape(context, shape, 4.5);
  context.fillStyle = color;
  context.fill();
  context.strokeStyle = 'rgba(0, 0, 0, 0.7)';
  context.stroke();
  return picture;
}

/** A group in the legend: a click hides or shows it. */
function legendButton(store: Store, group: TextGroup): HTMLElement {
  const button = h(
    'button',
    { type: 'button', class: 'legend-entry', 'data-group': group.name, title: t('Show or Hide This Group') },
    groupPicture(group),
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
  return placeRow(
    index,
    row === 0,
    { title: safeText(text, 1000) },
    h('th', { scope: 'row' }, safeText(text, LETTERS)),
    h('td', { class: 'faint', title: safeText(group.name, 200) }, groupPicture(group), safeText(group.name, 24)),
  );
}
