import '@vscode/codicons/dist/codicon.css';
import './styles/main.css';
import { type HostMessage, type HostState, pageView } from '../src/protocol/page.js';
import { pinnedCell, placeOfCell, spokenCell } from './cell.js';
import { createCellTable } from './cellTable.js';
import { createControls } from './controls/controls.js';
import { Derived } from './derived.js';
import { h, hideUnder, iconButton, setAttributes, setText, show } from './dom.js';
import { createEmptyState } from './emptyState.js';
import { createFaultBar, createFaultPage } from './faultView.js';
import { keep, kept, onHostMessage, send } from './host.js';
import { createInspector } from './inspector.js';
import { listenToKeys } from './keyboard.js';
import { mapSide } from './map/frame.js';
import { listenToPointer } from './map/gestures.js';
import { MapView } from './map/mapView.js';
import { Maps } from './maps.js';
import { createMarkTable } from './markTable.js';
import { createPointPane } from './pointPane.js';
import { createStatusLine } from './statusLine.js';
import { anyOf, type Layout, Store } from './store.js';
import { onThemeChange, readTheme } from './theme.js';
import { createTokenTable } from './tokenTable.js';
import { createToolbar } from './toolbar.js';
import { hasUi, readUi } from './uiState.js';

/** In between, the layout that leaves the larger map. */
function layoutOf(width: number, height: number): Layout {
  if (width >= 1200) return 'wide';
  if (width < 720) return 'narrow';
  return width < 900 && mapSide('narrow', width, height) > mapSide('medium', width, height) ? 'narrow' : 'medium';
}

const store = new Store({
  host: null,
  map: null,
  base: null,
  detail: null,
  cellsVersion: 0,
  progress: null,
  news: null,
  point: null,
  continuation: null,
  ui: readUi(kept()),
  theme: readTheme(),
  layout: layoutOf(window.innerWidth, window.innerHeight),
  drawer: false,
  view: null,
  rested: 0,
  hover: null,
  outlined: null,
  mark: null,
  table: false,
});
const derived = new Derived((slots) => send({ type: 'tokenColors', slots }));
const announcer = h('div', { class: 'only-spoken', 'aria-live': 'polite', role: 'status' });
const announce = (text: string): void => setText(announcer, text);
const maps = new Maps(store, derived, announce);
const view = new MapView(store, derived, maps);

/** Opens and closes the controls: a column where there is room for one, else a drawer over the map. */
const toggleControls = (): void => {
  const { layout, ui, drawer } = store.state;
  if (layout === 'wide') store.setUi({ controls: !ui.controls });
  else store.set({ drawer: !drawer });
};
let drawerOpen = false;
const announceCell = (cell: number): void => {
  const { map } = store.state;
  const stand = derived.terrain(store.state)?.stand[cell] ?? -1;
  if (map) announce(spokenCell(map, cell, stand));
};

const controls = createControls(store, toggleControls);
const openControls = iconButton('layout-sidebar-left', 'Show Parameters', toggleControls);
const rail = h('div', { class: 'rail' }, openControls);
const progressLine = h('div', { class: 'progress-line', hidden: true });
const inspector = h(
  'aside',
  { class: 'inspector', 'aria-label': 'Inspector' },
  createInspector(store, derived),
  createPointPane(store, view),
  createMarkTable(store, view),
  createTokenTable(store, derived),
);
const toolbar = createToolbar(store, view, toggleControls);
const mapColumn = h(
  'main',
  { class: 'map-column', 'aria-label': 'Map' },
  progressLine,
  toolbar,
  createFaultBar(store),
  createEmptyState(store),
  createFaultPage(store),
  view.element,
  createCellTable(store, derived),
);
document.body.append(
  h('div', { class: 'page' }, rail, controls, mapColumn, inspector),
  createStatusLine(store, derived),
  announcer,
);

store.onDraw((state, changed) => {
  const { layout, ui, drawer, map, host, table, progress } = state;
  const column = layout === 'wide' && ui.controls;
  setAttributes(document.body, { 'data-layout': layout, 'data-ready': host !== null, 'data-mode': host?.mode });
  show(controls, column || (layout !== 'wide' && drawer));
  controls.classList.toggle('drawer', layout !== 'wide');
  const opened = layout !== 'wide' && drawer;
  if (opened && !drawerOpen) controls.querySelector<HTMLElement>('button')?.focus();
  if (!opened && drawerOpen)
    (layout === 'narrow' ? toolbar.querySelector<HTMLElement>('button') : openControls)?.focus();
  drawerOpen = opened;
  if (anyOf(changed, 'drawer', 'layout')) hideUnder(toolbar, opened ? controls : null);
  show(rail, !column && layout !== 'narrow');
  setAttributes(openControls, { 'aria-expanded': String(drawer) });
  show(inspector, map !== null);
  show(toolbar, map !== null || layout !== 'wide');
  if (table) view.element.hidden = true;
  const running = host?.run.status === 'running';
  show(progressLine, running);
  progressLine.style.setProperty('--part', String(progress && progress.total > 0 ? progress.done / progress.total : 0));
  if (changed.has('host') || changed.has('ui')) keep({ keep: host?.keep ?? null, ui });
});

/** Whether the page draws as somebody has chosen it here; else it begins as the host says. */
let begun = hasUi(kept());
/** Tells the host what pictures should look like. */
let told = JSON.stringify(pageView(store.state.ui));
store.onDraw(({ ui }) => {
  const now = JSON.stringify(pageView(ui));
  if (now === told) return;
  told = now;
  send({ type: 'view', view: pageView(ui) });
});

let quarter = 0;

/** A state with the same object for the tokens' colors as long as they are the same: the map need not be drawn anew. */
function withSameColors(state: HostState): HostState {
  const known = store.state.host?.tokenColors;
  return known && JSON.stringify(known) === JSON.stringify(state.tokenColors)
    ? { ...state, tokenColors: known }
    : state;
}

function receive(message: HostMessage): void {
  switch (message.type) {
    case 'state': {
      const { run } = message.state;
      if (run.status !== store.state.host?.run.status) {
        quarter = 0;
        if (run.status === 'stopped') announce(run.by === 'cancelled' ? 'Map cancelled' : 'Map stopped by an error');
      }
      if (!begun) store.setUi(message.state.display);
      begun = true;
      const working = [run, message.state.detail].find((one) => one.status === 'running');
      store.set({
        host: withSameColors(message.state),
        progress: working?.status === 'running' ? working.progress : null,
      });
      break;
    }
    case 'progress': {
      store.set({ progress: message.progress });
      requestAnimationFrame(() => send({ type: 'drawn' })); // behind the store's own
      const reached = Math.floor((4 * message.progress.done) / Math.max(1, message.progress.total));
      if (reached > quarter && reached < 4) announce(`${reached * 25} percent of the map`);
      quarter = Math.max(quarter, reached);
      break;
    }
    case 'map':
      return maps.takeBase(message);
    case 'detail':
      return maps.takeDetail(message);
    case 'cells':
      return maps.takeCells(message);
    case 'finish':
      return maps.takeFinish(message);
    case 'survey':
      return maps.takeSurvey(message);
    case 'point':
      store.set({ point: message.point });
      break;
    case 'continuation':
      store.set({ continuation: message.continuation });
      break;
  }
}

/** What was pinned before the last click. */
let pinBefore = store.state.ui.pin;
listenToPointer(view, {
  hover: (cell, mark) => store.set({ hover: cell, mark }),
  click: (cell) => {
    const { map } = store.state;
    if (!map) return;
    const again = pinnedCell(store.state) === cell;
    pinBefore = store.state.ui.pin;
    store.setUi({ pin: again ? null : placeOfCell(map, cell) });
    if (!again) announceCell(cell);
  },
  doubleClick: () => store.setUi({ pin: pinBefore }),
});
listenToKeys(store, derived, view, announceCell);
onThemeChange(() => store.set({ theme: readTheme() }));
new ResizeObserver(() => store.set({ layout: layoutOf(window.innerWidth, window.innerHeight) })).observe(document.body);
const mistake = (thrown: unknown): void =>
  send({ type: 'mistake', message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
window.addEventListener('error', (event) => mistake(event.error));
window.addEventListener('unhandledrejection', (event) => mistake(event.reason));
store.start();
onHostMessage(receive);
send({ type: 'ready', view: begun ? pageView(store.state.ui) : null });
