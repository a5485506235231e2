import '@vscode/codicons/dist/codicon.css';
import './styles/main.css';
import { type HostMessage, pageView, type PanelState } from '../src/protocol/page.js';
import { createCellTable } from './cellTable.js';
import { createControls } from './controls/controls.js';
import { Derived } from './derived.js';
import { h, hideUnder, iconButton, setAttributes, setText, show } from './dom.js';
import { createEmptyState } from './emptyState.js';
import { createFaultBar, createFaultPage } from './faultView.js';
import { keep, kept, onHostMessage, send } from './host.js';
import { createInspector } from './inspector.js';
import { listenToKeys } from './keyboard.js';
import { type Layout, Link } from './link.js';
import { mapSide } from './map/frame.js';
import { createMarkTable } from './markTable.js';
import { createPointPane } from './pointPane.js';
import { createStatusLine } from './statusLine.js';
import { Pane } from './pane.js';
import { anyOf } from './store.js';
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

const link = new Link({
  ui: readUi(kept()),
  theme: readTheme(),
  layout: layoutOf(window.innerWidth, window.innerHeight),
  drawer: false,
  look: null,
  rested: 0,
  pointed: null,
  table: false,
});
const derived = new Derived((slots) => send({ type: 'tokenColors', slots }));
const announcer = h('div', { class: 'only-spoken', 'aria-live': 'polite', role: 'status' });
const announce = (text: string): void => setText(announcer, text);
const main = new Pane('main', link, derived, announce);
const { store, view } = main;

/** Opens and closes the controls: a column where there is room for one, else a drawer over the map. */
const toggleControls = (): void => {
  const { layout, ui, drawer } = store.state;
  if (layout === 'wide') store.setUi({ controls: !ui.controls });
  else store.set({ drawer: !drawer });
};
let drawerOpen = false;
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

/** A state with the same object for the tokens' colors as long as they are the same: the map need not be drawn anew. */
function withSameColors(state: PanelState): PanelState {
  const known = store.state.host?.tokenColors;
  return known && JSON.stringify(known) === JSON.stringify(state.tokenColors)
    ? { ...state, tokenColors: known }
    : state;
}

function receive(message: HostMessage): void {
  if (message.type !== 'state') return main.receive(message);
  if (!begun) store.setUi(message.state.display);
  begun = true;
  main.takeState(withSameColors(message.state), message.slots.main);
}

listenToKeys(store, derived, view, main.sayCell);
onThemeChange(() => store.set({ theme: readTheme() }));
new ResizeObserver(() => store.set({ layout: layoutOf(window.innerWidth, window.innerHeight) })).observe(document.body);
const mistake = (thrown: unknown): void =>
  send({ type: 'mistake', message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
window.addEventListener('error', (event) => mistake(event.error));
window.addEventListener('unhandledrejection', (event) => mistake(event.reason));
store.start();
onHostMessage(receive);
send({ type: 'ready', view: begun ? pageView(store.state.ui) : null });
