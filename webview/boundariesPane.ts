import { flipSpread } from '../src/map/boundaries/directions.js';
import { boundaryLine } from '../src/map/boundaries/words.js';
import { capital } from '../src/map/naming.js';
import { formatCount, formatShort } from '../src/map/numbers.js';
import type { Token } from '../src/map/token.js';
import type { ToldBoundaries } from '../src/protocol/page.js';
import { h, icon, setAttributes, setText, show } from './dom.js';
import { send } from './host.js';
import { anyOf, type PageState, type Store } from './store.js';
import { createButton } from './toolkit.js';
import { tokenText } from './tokenText.js';

/** How far the center of the map is from other predictions: the nearest in all dimensions, and along directions. */
export function createBoundariesPane(store: Store): HTMLElement {
  const chevron = icon('chevron-right');
  const toggle = h(
    'button',
    { type: 'button', class: 'group-header', 'aria-controls': 'boundaries-body' },
    chevron,
    h('span', { class: 'group-title' }, 'Boundaries Around A'),
  );
  toggle.addEventListener('click', () => {
    const { collapsed } = store.state.ui;
    store.setUi({
      collapsed: collapsed.includes('boundaries')
        ? collapsed.filter((one) => one !== 'boundaries')
        : [...collapsed, 'boundaries'],
    });
  });
  const line = h('p', { class: 'point-summary' });
  const measure = createButton('Measure', 'secondary', () => {
    const { base } = store.state;
    if (base) send({ type: 'boundaries', slot: store.slot, map: base.id });
  });
  const between = createButton('Lay Plane Between', 'secondary', () => send({ type: 'betweenBoundaries' }));
  setAttributes(between.element, { title: 'The plane through A and the two nearest boundaries' });
  const status = h('p', { class: 'point-summary', 'aria-live': 'polite' });
  const rows = h('tbody');
  const table = h(
    'table',
    { class: 'tokens point-tokens', 'aria-label': 'Boundaries around the center' },
    h(
      'thead',
      {},
      h(
        'tr',
        { class: 'faint' },
        h('th', { scope: 'col' }, 'To'),
        h('th', { scope: 'col', class: 'number', title: 'Distance in norms of the state' }, '× norm'),
      ),
    ),
    rows,
  );
  const body = h(
    'div',
    { class: 'point-body', id: 'boundaries-body', tabindex: 0, role: 'region', 'aria-label': 'Boundaries' },
    line,
    h('div', { class: 'point-line' }, measure.element, between.element),
    status,
    table,
  );
  const element = h(
    'section',
    { class: 'tokens-pane point-pane boundaries-pane', 'aria-label': 'Boundaries' },
    h('div', { class: 'pane-header' }, h('h2', {}, toggle)),
    body,
  );
  store.onDraw((state, changed) => {
    const { base, host, boundaries } = state;
    const saved = host?.mode === 'saved';
    const near = base?.survey?.boundary;
    show(element, base !== null && base.specification.plane.center.kind !== 'origin' && (!saved || near !== undefined));
    const open = !state.ui.collapsed.includes('boundaries');
    show(body, open);
    setAttributes(toggle, { 'aria-expanded': String(open) });
    chevron.className = `codicon codicon-chevron-${open ? 'down' : 'right'}`;
    if (!open || !anyOf(changed, 'map', 'base', 'ui', 'host', 'boundaries')) return;
    setText(
      line,
      near ? `${capital(boundaryLine(near))}.` : 'How far is what the model says here from something else?',
    );
    show(measure.element, !saved);
    show(between.element, !saved);
    const told = boundaries?.map === base?.id ? (boundaries?.told ?? null) : null;
    setText(status, statusText(state));
    show(status, status.textContent !== '');
    show(table, told !== null);
    rows.replaceChildren(...(told ? rowsOf(told) : []));
  });
  return element;
}

function statusText({ base, boundaries }: PageState): string {
  if (!boundaries || boundaries.map !== base?.id) return '';
  const { told, fault, probes } = boundaries;
  if (fault) return [fault.message, fault.hint].filter(Boolean).join(' ');
  if (!told) return probes > 0 ? `Computing… ${formatCount(probes)} points` : 'Computing…';
  const how =
    told.way === 'exact'
      ? 'All exact.'
      : `Along directions in ${formatCount(told.steps)} steps to ${formatShort(told.reach)} × the norm.`;
  return 'reason' in told.nearest ? `${how} The nearest of all is not known: ${told.nearest.reason}.` : how;
}

function rowsOf({ nearest, flips, tokens }: ToldBoundaries): HTMLElement[] {
  const byId = new Map(tokens.map((token) => [token.id, token]));
  const token = (id: number): Node =>
    tokenText(byId.get(id) ?? ({ id, kind: 'unknown', text: `#${id}` } satisfies Token));
  const row = (name: readonly (string | Node)[], relative: number | null, title: string): HTMLElement =>
    h(
      'tr',
      { title },
      h('th', { scope: 'row' }, ...name),
      h('td', { class: 'number' }, relative === null ? 'none' : formatShort(Number(relative.toPrecision(3)))),
    );
  const near =
    'reason' in nearest
      ? []
      : nearest.map(({ token: id, relative, hidden }) =>
          row([token(id)], relative, hidden ? 'A third token is above both there' : 'Nearest point, in all dimensions'),
        );
  const axes = flips
    .filter(({ set }) => set === 0)
    .map(({ name, relative, token: id }) =>
      row(
        [`along ${name.replace('-', '−')} `, ...(id === null ? [] : [token(id)])],
        relative,
        'Along an axis of the plane',
      ),
    );
  const random = flips.filter(({ set }) => set === 1).map(({ relative }) => relative);
  const { count, median, least } = flipSpread(random);
  const spread =
    count === 0
      ? []
      : [
          row([`median of ${count} random directions`], median, 'Random directions of the hidden space'),
          row([`least of ${count} random directions`], least, 'Random directions of the hidden space'),
        ];
  return [...near, ...axes, ...spread];
}
