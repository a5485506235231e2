import { t } from '@vscode/l10n';
import { flipSpread } from '../src/map/boundaries/directions.js';
import { boundaryLine } from '../src/map/boundaries/words.js';
import { safeText } from '../src/map/display.js';
import { capital } from '../src/map/naming.js';
import { formatCount, formatShort } from '../src/map/numbers.js';
import type { Token } from '../src/map/token.js';
import type { ToldBoundaries } from '../src/protocol/page.js';
import { collapsible, isOpen } from './collapsible.js';
import { h, setAttributes, setText, show } from './dom.js';
import { send } from './host.js';
import { anyOf, type PageState, type Store } from './store.js';
import { createButton } from './toolkit.js';
import { tokenText } from './tokenText.js';

/** How far the center of the map is from other predictions: the nearest in all dimensions, and along directions. */
export function createBoundariesPane(store: Store): HTMLElement {
  const line = h('p', { class: 'point-summary' });
  const measure = createButton(t('Measure'), 'secondary', () => {
    const { base } = store.state;
    if (base) send({ type: 'boundaries', slot: store.slot, map: base.id });
  });
  const between = createButton(t('Lay Plane Between'), 'secondary', () => send({ type: 'betweenBoundaries' }));
  setAttributes(between.element, { title: t('The plane through A and the two nearest boundaries') });
  const status = h('p', { class: 'point-summary', 'aria-live': 'polite' });
  const rows = h('tbody');
  const table = h(
    'table',
    { class: 'tokens point-tokens', 'aria-label': t('Boundaries around the center') },
    h(
      'thead',
      {},
      h(
        'tr',
        { class: 'faint' },
        h('th', { scope: 'col' }, t('To')),
        h('th', { scope: 'col', class: 'number', title: t('Distance in norms of the state') }, t('× norm')),
      ),
    ),
    rows,
  );
  const body = h(
    'div',
    { class: 'point-body', id: 'boundaries-body', tabindex: 0, role: 'region', 'aria-label': t('Boundaries') },
    line,
    h('div', { class: 'point-line' }, measure.element, between.element),
    status,
    table,
  );
  const fold = collapsible(store, 'boundaries', t('Boundaries Around A'), body);
  const element = h(
    'section',
    { class: 'tokens-pane point-pane boundaries-pane', 'aria-label': t('Boundaries') },
    h('div', { class: 'pane-header' }, h('h2', {}, fold.header)),
    body,
  );
  store.onDraw((state, changed) => {
    const { base, host, boundaries } = state;
    const saved = host?.mode === 'saved';
    const near = base?.survey?.boundary;
    show(element, base !== null && base.specification.plane.center.kind !== 'origin' && (!saved || near !== undefined));
    const open = isOpen(store, 'boundaries');
    fold.update(open);
    if (!open || !anyOf(changed, 'map', 'base', 'ui', 'host', 'boundaries')) return;
    setText(
      line,
      near ? `${capital(boundaryLine(near))}.` : t('How far is what the model says here from something else?'),
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
  if (!told) return probes > 0 ? t('Computing… {0} points', formatCount(probes)) : t('Computing…');
  const how =
    told.way === 'exact'
      ? t('All exact.')
      : t('Along directions in {0} steps to {1} × the norm.', formatCount(told.steps), formatShort(told.reach));
  return 'reason' in told.nearest ? t('{0} The nearest of all is not known: {1}.', how, told.nearest.reason) : how;
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
      h('td', { class: 'number' }, relative === null ? t('none') : formatShort(Number(relative.toPrecision(3)))),
    );
  const near =
    'reason' in nearest
      ? []
      : nearest.map(({ token: id, relative, hidden }) =>
          row(
            [token(id)],
            relative,
            hidden ? t('A third token is above both there') : t('Nearest point, in all dimensions'),
          ),
        );
  const axes = flips
    .filter(({ set }) => set === 0)
    .map(({ name, relative, token: id }) =>
      row(
        [t('along {0} ', name.replace('-', '−')), ...(id === null ? [] : [token(id)])],
        relative,
        t('Along an axis of the plane'),
      ),
    );
  /** How far it is along random directions of a set. */
  const spreadRows = (
    set: number,
    median: (count: number) => string,
    least: (count: number) => string,
    title: string,
  ): HTMLElement[] => {
    const spread = flipSpread(flips.filter((flip) => flip.set === set).map(({ relative }) => relative));
    if (spread.count === 0) return [];
    return [row([median(spread.count)], spread.median, title), row([least(spread.count)], spread.least, title)];
  };
  const kinds = [
    ...spreadRows(
      1,
      (count) => t('median of {0} random directions', count),
      (count) => t('least of {0} random directions', count),
      t('Random directions of the hidden space'),
    ),
    ...spreadRows(
      2,
      (count) => t('median of {0} as states vary', count),
      (count) => t('least of {0} as states vary', count),
      t('Random directions that are spread as real states are'),
    ),
  ];
  const toward = flips
    .filter(({ set }) => set > 2)
    .map(({ name, relative, target, token: id }) =>
      row(
        [t('toward “{0}” ', safeText(name, 40)), ...(id === null ? [] : [token(id)])],
        relative,
        t(
          'Toward a text on this map, whose state is {0} × the norm away',
          formatShort(Number((target ?? 0).toPrecision(3))),
        ),
      ),
    );
  return [...near, ...axes, ...kinds, ...toward];
}
