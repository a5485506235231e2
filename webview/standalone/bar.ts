import { questionsOf } from '../../src/map/questions.js';
import { COLOR_BY, type ColorBy } from '../../src/map/colors.js';
import { showsBorders } from '../../src/map/mapDisplay.js';
import { formatCount } from '../../src/map/numbers.js';
import { h, iconButton, setAttributes, setEnabled, setText } from '../dom.js';
import { isWhole, reachedLimit } from '../map/detail.js';
import type { MapView } from '../map/mapView.js';
import { createMenuButton } from '../menu.js';
import type { Store } from '../store.js';

const NAMES: Readonly<Record<ColorBy, string>> = {
  probability: 'Probability',
  token: 'Token',
  margin: 'Margin',
  entropy: 'Entropy',
  question: 'Question',
};
const ZOOM_STEP = 2;

const zoomWords = (zoom: number): string =>
  zoom < 100 ? `${Math.round(zoom * 100)}%` : `${formatCount(Number(zoom.toPrecision(3)))}×`;

/** The bar over the map: what colors tell, what is drawn, zoom, the table. */
export function createBar(store: Store, map: MapView): HTMLElement {
  const choose = h('select', { 'aria-label': 'Color by' });
  choose.addEventListener('change', () => {
    const colorBy = COLOR_BY.find((one) => one === choose.value);
    if (colorBy) store.setUi({ colorBy });
  });
  const labels = iconButton('case-sensitive', 'Labels', () => store.setUi({ labels: !store.state.ui.labels }));
  const borders = iconButton('table', 'Region Borders', () => store.setUi({ borders: !store.state.ui.borders }));
  const marks = iconButton('location', 'Anchors and Overlays', () => store.setUi({ marks: !store.state.ui.marks }));
  const zoomOut = iconButton('zoom-out', 'Zoom Out', () => map.zoomBy(1 / ZOOM_STEP));
  const zoomText = h('span', { class: 'zoom-text', 'aria-live': 'off' });
  const zoomIn = iconButton('zoom-in', 'Zoom In', () => map.zoomBy(ZOOM_STEP));
  const whole = iconButton('home', 'Whole Map', () => map.reset());
  const table = iconButton('list-flat', 'Cells as Table', () => store.set({ table: !store.state.table }));
  for (const one of [labels, borders, marks]) one.classList.add('switch');
  const more = createMenuButton('More', () => {
    const { ui, layout } = store.state;
    const switches = [
      { label: ui.labels ? 'Hide Labels' : 'Show Labels', icon: 'case-sensitive', run: () => labels.click() },
      { label: showsBorders(ui) ? 'Hide Borders' : 'Show Borders', icon: 'table', run: () => borders.click() },
      { label: ui.marks ? 'Hide Anchors' : 'Show Anchors', icon: 'location', run: () => marks.click() },
      'separator',
    ] as const;
    return [
      ...(layout === 'narrow' ? switches : []),
      {
        label: ui.colorRange === '0-1' ? 'Colors from Smallest to Largest' : 'Colors over the Whole Scale',
        icon: 'color-mode',
        run: () => store.setUi({ colorRange: ui.colorRange === '0-1' ? 'auto' : '0-1' }),
      },
      {
        label: ui.ring ? 'Hide Ring of the Typical Norm' : 'Show Ring of the Typical Norm',
        icon: 'circle-large-outline',
        reason: store.state.map?.survey?.norms ? undefined : 'The page does not know it.',
        run: () => store.setUi({ ring: !ui.ring }),
      },
    ];
  });
  store.onDraw(({ ui, base, map: shown, table: open, ...state }) => {
    const offered = COLOR_BY.filter(
      (id) => id !== 'question' || (base !== null && questionsOf(base.specification).length > 0),
    );
    if (choose.options.length !== offered.length)
      choose.replaceChildren(...offered.map((id) => h('option', { value: id }, `Color: ${NAMES[id]}`)));
    if (choose.value !== ui.colorBy) choose.value = ui.colorBy;
    setAttributes(labels, { 'aria-pressed': String(ui.labels) });
    setAttributes(borders, { 'aria-pressed': String(showsBorders(ui)) });
    const always = 'always shown with token colors, which cannot all be told apart';
    setEnabled(borders, ui.colorBy !== 'token', 'Region Borders', always);
    setAttributes(marks, { 'aria-pressed': String(ui.marks) });
    setAttributes(table, { 'aria-pressed': String(open) });
    setText(zoomText, zoomWords(map.zoom));
    const seen = { ui, base, map: shown, table: open, ...state };
    setEnabled(zoomOut, !isWhole(seen), 'Zoom Out', 'the whole map is shown');
    setEnabled(whole, !isWhole(seen), 'Whole Map', 'the whole map is shown');
    setEnabled(zoomIn, !reachedLimit(seen), 'Zoom In', 'this is as close as it gets');
  });
  return h(
    'div',
    { class: 'toolbar', role: 'toolbar', 'aria-label': 'Map' },
    choose,
    h('span', { class: 'spring' }),
    labels,
    borders,
    marks,
    h('span', { class: 'separator', 'aria-hidden': 'true' }),
    h('div', { class: 'zoom' }, zoomOut, zoomText, zoomIn),
    whole,
    h('span', { class: 'separator', 'aria-hidden': 'true' }),
    table,
    more.element,
  );
}
