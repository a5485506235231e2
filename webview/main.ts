import { t } from '@vscode/l10n';
import '@vscode/codicons/dist/codicon.css';
import './styles/main.css';
import './language.js';
import { type HostMessage, pageView, type PanelState } from '../src/protocol/page.js';
import { createBoundariesPane } from './boundariesPane.js';
import { createCellTable } from './cellTable.js';
import { ChangesPane } from './compare/changesPane.js';
import { createCompareBar, sendComparison } from './compare/compareBar.js';
import { shareAnchors } from './compare/sharedAnchors.js';
import { createControls } from './controls/controls.js';
import { Derived } from './derived.js';
import { h, hideUnder, iconButton, setAttributes, setText, show } from './dom.js';
import { createEmptyState } from './emptyState.js';
import { createFeaturesPane } from './featuresPane.js';
import { createFaultBar, createFaultPage } from './faultView.js';
import { createSheet } from './explain/sheet.js';
import { keep, kept, onHostMessage, send } from './host.js';
import { createInspector } from './inspector.js';
import { listenToMapKeys, listenToPageKeys } from './keyboard.js';
import { type Layout, Link } from './link.js';
import { mapSide } from './map/frame.js';
import { createContextMenu } from './menu.js';
import { mapMenuItems } from './mapMenu.js';
import { createMarkTable } from './markTable.js';
import { createPointPane } from './pointPane.js';
import { createStatusLine } from './statusLine.js';
import type { PageMap } from './pageMap.js';
import { Pane } from './pane.js';
import { createPanes } from './panes.js';
import { anyOf, type PageState, type Store } from './store.js';
import { createLensPane } from './lens/lensPane.js';
import { createProfilePane } from './profile/profilePane.js';
import { layerSequence } from './sweep/layerSteps.js';
import { createSweepStrip } from './sweep/sweepStrip.js';
import { onThemeChange, readTheme } from './theme.js';
import { createTextPane } from './textPane.js';
import { createTokenTable } from './tokenTable.js';
import { createToolbar } from './toolbar.js';
import { hasUi, readUi } from './uiState.js';

/** From this width on, in px, parameters stand beside the map, as in a window of 1,440 px with the Explorer open. */
const WIDE = 1040;

/** In between, the layout that leaves the larger map. */
function layoutOf(width: number, height: number): Layout {
  if (width >= WIDE) return 'wide';
  if (width < 720) return 'narrow';
  return width < 900 && mapSide('narrow', width, height) > mapSide('medium', width, height) ? 'narrow' : 'medium';
}

/** The line over the map, while one of the two is computed. */
function showProgress(line: HTMLElement, ...states: readonly PageState[]): void {
  const working = states.find(({ host }) => host?.run.status === 'running');
  const { done = 0, total = 0 } = working?.progress ?? {};
  show(line, working !== undefined);
  line.style.setProperty('--part', String(total > 0 ? done / total : 0));
}

const link = new Link({
  ui: readUi(kept()),
  theme: readTheme(),
  layout: layoutOf(window.innerWidth, window.innerHeight),
  drawer: false,
  look: null,
  rested: 0,
  spans: 0,
  pointed: null,
  comparing: false,
  table: false,
});
const derived: Derived = new Derived(
  (slots) => send({ type: 'tokenColors', slots }),
  ({ comparing }): PageMap[] => (comparing ? [main, other].flatMap(({ store: { state } }) => state.map ?? []) : []),
);
const announcer = h('div', { class: 'only-spoken', 'aria-live': 'polite', role: 'status' });
const announce = (text: string): void => setText(announcer, text);
const main = new Pane('main', link, derived, announce);
const { store, view } = main;
const other = new Pane('other', link, derived, announce);
shareAnchors(store, other.store);
const changes = new ChangesPane(link, derived, store, other.store, announce);
for (const pane of [main, other])
  pane.store.onDraw(({ comparing, spans }, changed) => {
    // Colors of both span both.
    if (comparing && anyOf(changed, 'map', 'cellsVersion')) link.set({ spans: spans + 1 });
  });

/** Opens and closes the controls: a column where there is room for one, else a drawer over the map. */
const toggleControls = (): void => {
  const { layout, ui, drawer, comparing } = store.state;
  if (layout === 'wide' && !comparing) store.setUi({ controls: !ui.controls });
  else store.set({ drawer: !drawer });
};
let drawerOpen = false;
/** No control of the bar is half below the drawer. */
const keepUncovered = (): void => hideUnder(toolbar.element, drawerOpen ? controls : null);
const controls = createControls(store, toggleControls);
const openControls = iconButton('layout-sidebar-left', t('Show Parameters'), toggleControls);
openControls.append(h('span', {}, t('Parameters')));
const rail = h('div', { class: 'rail' }, openControls);
const progressLine = h('div', { class: 'progress-line', hidden: true });
const inspector = h(
  'aside',
  { class: 'inspector', 'aria-label': t('Inspector') },
  createInspector(store, derived),
  createPointPane(store, view),
  createFeaturesPane(store),
  createBoundariesPane(store),
  createMarkTable(store, view),
  createTextPane(store, view),
  createTokenTable(store, derived),
);
const sheet = createSheet(store);
view.element.append(sheet.button);
const toolbar = createToolbar(store, view, derived, sheet, toggleControls);
const panes = createPanes(main, other, changes, derived);
const mapColumn = h(
  'main',
  { class: 'map-column', 'aria-label': t('Map') },
  progressLine,
  toolbar.element,
  createCompareBar(store, changes),
  createFaultBar(store, toggleControls),
  createEmptyState(store),
  createFaultPage(store, toggleControls),
  panes,
  h(
    'div',
    { class: 'bands' },
    createSweepStrip(store, derived, layerSequence(store)),
    createLensPane(store, derived),
    createProfilePane(store),
  ),
  createCellTable(store, derived, view.plot),
);
document.body.append(
  h('div', { class: 'page' }, rail, controls, mapColumn, inspector),
  createStatusLine(store, other.store, changes.store, derived),
  sheet.element,
  announcer,
);

store.onDraw((state, changed) => {
  const { layout, ui, drawer, map, host, table, comparing } = state;
  /** A saved lens has neither a map nor parameters to change. */
  const lensAlone = host?.mode === 'saved' && host.lens !== null;
  const column = layout === 'wide' && ui.controls && !comparing && !lensAlone;
  const overlaid = layout !== 'wide' || comparing;
  setAttributes(document.body, {
    'data-layout': layout,
    'data-ready': host !== null,
    'data-mode': host?.mode,
    'data-comparing': comparing,
  });
  show(controls, column || (overlaid && drawer));
  controls.classList.toggle('drawer', overlaid);
  const opened = overlaid && drawer;
  if (opened && !drawerOpen) controls.querySelector<HTMLElement>('button')?.focus();
  if (!opened && drawerOpen)
    (layout === 'narrow' ? toolbar.element.querySelector<HTMLElement>('button') : openControls)?.focus();
  drawerOpen = opened;
  if (anyOf(changed, 'drawer', 'layout', 'comparing')) keepUncovered();
  show(rail, !column && layout !== 'narrow' && !lensAlone);
  setAttributes(openControls, { 'aria-expanded': String(drawer) });
  show(inspector, map !== null && !comparing);
  show(toolbar.element, (map !== null || layout !== 'wide') && !lensAlone);
  show(panes, !lensAlone);
  if (table) view.element.hidden = true;
  showProgress(progressLine, state, other.store.state);
  if (changed.has('host') || changed.has('ui')) keep({ keep: host?.keep ?? null, ui });
});

other.store.onDraw((state) => showProgress(progressLine, store.state, state));
document.body.append(createContextMenu(t('Map'), view.plot, (byKey) => mapMenuItems(store, derived, byKey)));

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
  return known && known !== state.tokenColors && JSON.stringify(known) === JSON.stringify(state.tokenColors)
    ? { ...state, tokenColors: known }
    : state;
}

/** A saved map's editor remembers nothing over a reload: what it was compared with is asked for again. */
function keepBeside({ compare }: PanelState): void {
  const { beside } = store.state.ui;
  const file = compare?.kind === 'saved' ? compare.file : null;
  if (!asked && file === null && beside !== null) sendComparison({ kind: 'saved', file: beside });
  else if (beside !== file) store.setUi({ beside: file });
  asked = true;
}
let asked = false;

function receive(message: HostMessage): void {
  if (message.type === 'sweep') return main.takeSwept(message.map);
  if (message.type === 'divergences') return changes.take(message.news);
  if (message.type === 'lens') return store.set({ lenses: message.lenses });
  if (message.type === 'profile') return store.set({ profile: message.profile, along: null });
  if (message.type !== 'state') return (message.slot === 'main' ? main : other).receive(message);
  if (!begun) store.setUi(message.state.display);
  begun = true;
  const panel = withSameColors(message.state);
  main.takeState(panel, message.slots.main);
  if (message.slots.other) other.takeState(panel, message.slots.other);
  else other.store.set({ host: null, progress: null });
  store.set({ comparing: panel.compare !== null });
  if (panel.mode === 'saved') keepBeside(panel);
}

const isWorking = ({ state: { host } }: Store): boolean =>
  host?.run.status === 'running' || host?.detail.status === 'running';
for (const pane of [main, other, changes])
  listenToMapKeys(pane.store, derived, pane.view, pane.sayCell, () => toolbar.compare(), announce);
listenToPageKeys(
  store,
  () => sheet.open('keys'),
  () =>
    store.state.host?.sweep?.running === true ||
    store.state.host?.lens?.running === true ||
    store.state.host?.profile?.running === true ||
    [store, other.store].some(isWorking),
);
onThemeChange(() => store.set({ theme: readTheme() }));
new ResizeObserver(() => store.set({ layout: layoutOf(window.innerWidth, window.innerHeight) })).observe(document.body);
// The bar's controls move with its width.
new ResizeObserver(keepUncovered).observe(toolbar.element);
const mistake = (thrown: unknown): void =>
  send({ type: 'mistake', message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
window.addEventListener('error', (event) => mistake(event.error));
window.addEventListener('unhandledrejection', (event) => mistake(event.reason));
for (const one of [store, other.store, changes.store]) one.start();
onHostMessage(receive, () => link.draw());
send({ type: 'ready', view: begun ? pageView(store.state.ui) : null });
if (store.state.ui.live !== null) send({ type: 'live', live: store.state.ui.live });
