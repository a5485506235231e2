import { t } from '@vscode/l10n';
import type { PlaceOnMap } from '../src/protocol/page.js';
import { cellAtPlace, formatX, placeOfCell } from './cell.js';
import { collapsible, isOpen } from './collapsible.js';
import { readNumber } from './controls/form.js';
import { h, show } from './dom.js';
import { send } from './host.js';
import { inspected } from './inspected.js';
import type { MapView } from './map/mapView.js';
import { pinAt } from './pinAt.js';
import { createPointReading } from './pointReading.js';
import { anyOf, type Store } from './store.js';
import { createButton, createTextField } from './toolkit.js';
import { createWriting } from './writing.js';

/** Any point of the plane by its coordinates: what the model says there, what it writes from there, the vector itself. */
export function createPointPane(store: Store, map: MapView): HTMLElement {
  /** What was typed, until another cell is inspected. */
  let typed: { x: string; y: string } | undefined;
  const place = (): PlaceOnMap | undefined => {
    const { base } = store.state;
    const [px, py] = [readNumber(x.value), readNumber(y.value)];
    return base && Number.isFinite(px) && Number.isFinite(py)
      ? { slot: store.slot, map: base.id, x: px, y: py }
      : undefined;
  };
  const type = (): void => {
    typed = { x: x.value, y: y.value };
  };
  const x = createTextField('x', type);
  const y = createTextField('y', type);
  const go = (): void => {
    const at = place();
    const { base, host } = store.state;
    if (!at || !base) return;
    pinAt(store, map, at);
    if (host?.mode !== 'saved') send({ type: 'point', ...at });
  };
  const read = createButton(t('Go'), 'secondary', go);
  const where = h(
    'div',
    { class: 'point-line' },
    h('span', { 'aria-hidden': 'true' }, 'x'),
    h('span', { class: 'number-field' }, x.element),
    h('span', { 'aria-hidden': 'true' }, 'y'),
    h('span', { class: 'number-field' }, y.element),
    read.element,
  );
  where.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    go();
  });
  const reading = createPointReading();
  const writing = createWriting(store, place);
  const link = (label: string, act: () => void): HTMLButtonElement => {
    const button = h('button', { type: 'button', class: 'link' }, label);
    button.addEventListener('click', act);
    return button;
  };
  const vector = (to: 'clipboard' | 'file') => () => {
    const at = place();
    if (at) send({ type: 'vector', ...at, to });
  };
  const links = h(
    'div',
    { class: 'point-links' },
    link(t('Copy Vector'), vector('clipboard')),
    link(t('Save Vector…'), vector('file')),
    link(t('Save Plane…'), () => send({ type: 'action', action: 'savePlane' })),
  );
  const scroller = h(
    'div',
    { class: 'point-body', id: 'point-body', tabindex: 0, role: 'region', 'aria-label': t('Any point') },
    where,
    writing.element,
    reading.summary,
    reading.table,
    links,
  );
  const fold = collapsible(store, 'point', t('Any Point'), scroller);
  const element = h(
    'section',
    { class: 'tokens-pane point-pane', 'aria-label': t('Any point') },
    h('div', { class: 'pane-header' }, h('h2', {}, fold.header)),
    scroller,
  );

  let lastPlace = '';
  store.onDraw((state, changed) => {
    const open = isOpen(store, 'point');
    fold.update(open);
    if (!open || !anyOf(changed, 'map', 'ui', 'hover', 'point', 'continuation', 'host')) return;
    const { map: shown, base, point } = state;
    if (!shown) return;
    const at = inspected(state);
    // What was typed is of the map that it was typed for, until another cell of it is inspected.
    const inspectedPlace = at && `${base?.id ?? 0} ${at.map.id} ${at.cell}`;
    if (at && inspectedPlace && at.kind !== 'hovered' && inspectedPlace !== lastPlace) {
      lastPlace = inspectedPlace;
      const isHere = (one: { x: number; y: number } | null): boolean =>
        one !== null && cellAtPlace(at.map, one) === at.cell;
      const here =
        point && point.map === base?.id && isHere(point)
          ? point
          : state.ui.pin && isHere(state.ui.pin)
            ? state.ui.pin
            : placeOfCell(at.map, at.cell);
      typed = { x: formatX(at.map, here.x), y: formatX(at.map, here.y) };
    }
    x.update(typed?.x ?? '');
    y.update(typed?.y ?? '');
    for (const one of links.querySelectorAll('button')) show(one, shown.finish !== null);
    reading.update(state);
    writing.update(state);
  });
  return element;
}
