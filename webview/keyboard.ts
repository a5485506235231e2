import { COLOR_BY } from '../src/map/colors.js';
import type { PageMessage } from '../src/protocol/page.js';
import { layerIndex } from '../src/map/specification.js';
import { cellAtPlace, columnAndRow, placeOf, placeOfCell } from './cell.js';
import { inspected } from './inspected.js';
import { lastLayer, layerAt, layerOf } from './controls/layers.js';
import type { Derived } from './derived.js';
import { colorMap } from './colorMap.js';
import { send } from './host.js';
import { togglePin } from './inspector.js';
import { closeProfile, lineKey } from './profile/line.js';
import { refines, seesDetail } from './map/detail.js';
import { toggleRange } from './map/barButton.js';
import type { MapView } from './map/mapView.js';
import type { GridSize } from './map/view.js';
import type { Store } from './store.js';
import { boxKey, growBox } from './textBox.js';

const ZOOM_STEP = 1.5;
const FAR = 5;

/**
 * Keys of a map. `announce` reads out the cell that the pin has come to; `compare` offers what the map can be compared with; `say` reads
 * out; `step` goes on among the maps of a series, in the place of the model's layers.
 */
export function listenToMapKeys(
  store: Store,
  derived: Derived,
  map: MapView,
  announce: (cell: number) => void,
  compare: () => void,
  say: (text: string) => void,
  step?: (by: number) => void,
): void {
  /** Moves the pin by cells, or in a direction until another region begins. */
  const movePin = (columns: number, rows: number, toNextRegion: boolean): void => {
    const { state } = store;
    const shown = inspected(state);
    const terrain = derived.terrain(state);
    if (!state.map || !shown || !terrain) return;
    // Beyond the edge of a part there is more: the view follows.
    const more = seesDetail(state) ? Infinity : 0;
    const inside = (value: number, count: number): number => Math.min(Math.max(value, -more), count - 1 + more);
    const { pin } = state.ui;
    const pinned = pin !== null && state.base !== null && cellAtPlace(state.base, pin) !== null;
    // A pin beyond the edge is on its way there: the part around it has not come yet.
    let [column, row] = pinned
      ? columnAndRow(state.map, pin)
      : columnAndRow(state.map, placeOfCell(state.map, shown.cell));
    // The first arrow pins the cell that is inspected; from then on arrows move.
    if (pinned) {
      const start = isOn(terrain, column, row) ? terrain.regions.of[row * terrain.columns + column] : undefined;
      do {
        const next = [inside(column + columns, terrain.columns), inside(row + rows, terrain.rows)] as const;
        if (next[0] === column && next[1] === row) break;
        [column, row] = next;
      } while (
        toNextRegion &&
        isOn(terrain, column, row) &&
        terrain.regions.of[row * terrain.columns + column] === start
      );
    }
    const place = placeOf(state.map, column, row);
    if (!state.base || cellAtPlace(state.base, place) === null) return;
    store.setUi({ pin: place });
    map.reveal(place);
    growBox(store);
    if (isOn(terrain, column, row)) announce(row * terrain.columns + column);
  };
  const moveLayer = (by: number): void => {
    if (step) return step(by);
    const { host } = store.state;
    if (!host || host.mode === 'saved' || host.model.status !== 'ready') return;
    const last = lastLayer(host);
    const index = layerIndex(layerOf(host)) + by;
    if (index < -1 || index > last) return;
    send({ type: 'edit', path: 'layer', value: layerAt(index, last), step: true });
  };
  const keys: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
    ArrowLeft: (event) => movePin(event.shiftKey ? -FAR : -1, 0, event.ctrlKey || event.metaKey),
    ArrowRight: (event) => movePin(event.shiftKey ? FAR : 1, 0, event.ctrlKey || event.metaKey),
    ArrowUp: (event) => movePin(0, event.shiftKey ? FAR : 1, event.ctrlKey || event.metaKey),
    ArrowDown: (event) => movePin(0, event.shiftKey ? -FAR : -1, event.ctrlKey || event.metaKey),
    p: () => {
      const words = store.slot === 'main' ? lineKey(store) : '';
      if (words) say(words);
    },
    t: () => {
      const words = boxKey(store);
      if (words) say(words);
    },
    Enter: () => {
      if (store.state.draft) return say(lineKey(store));
      if (store.state.lassoing) return say(boxKey(store));
      togglePin(store);
      const { map: shown, ui } = store.state;
      const cell = shown && ui.pin ? cellAtPlace(shown, ui.pin) : null;
      if (cell !== null) announce(cell);
    },
    '+': () => map.zoomBy(ZOOM_STEP),
    '=': () => map.zoomBy(ZOOM_STEP),
    '-': () => map.zoomBy(1 / ZOOM_STEP),
    '0': () => map.reset(),
    l: () => store.setUi({ labels: !store.state.ui.labels }),
    b: () => store.setUi({ borders: !store.state.ui.borders }),
    a: () => store.setUi({ marks: !store.state.ui.marks }),
    r: () => store.state.host?.refinable.ok && store.setUi({ refine: !refines(store.state) }),
    c: compare,
    f: () => toggleRange(store, derived),
    '[': () => moveLayer(-1),
    ']': () => moveLayer(1),
  };
  map.plot.addEventListener('keydown', (event) => {
    // Where brackets are typed with AltGr or Option, no modifier means anything else with them.
    const typed = event.altKey && (event.key === '[' || event.key === ']');
    if (event.altKey && !typed) return;
    const color = COLOR_BY[Number(event.key) - 1];
    const run = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const command = (event.ctrlKey || event.metaKey) && !typed && !event.key.startsWith('Arrow');
    if (command || (!run && !color)) return;
    event.preventDefault();
    event.stopPropagation();
    if (color) colorMap(store, color);
    else run?.(event);
  });
}

/**
 * Keys of all of the page: Escape, and those of every editor. `help` shows what the keys are; `works`: there is something that can
 * be cancelled.
 */
export function listenToPageKeys(store: Store, help: () => void, works: () => boolean): void {
  // Select All is a field's: of the whole page it would only paint it over.
  document.addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() === 'a' && event.ctrlKey !== event.metaKey && !isTyped(event)) event.preventDefault();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== '?' || event.ctrlKey || event.metaKey || isTyped(event)) return;
    event.preventDefault();
    help();
  });
  document.addEventListener('keydown', (event) => {
    const message = commandOf(event);
    if (!message || store.state.host?.mode !== 'panel') return;
    event.preventDefault();
    send(message);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    const { host, drawer, table, ui, comparing, draft } = store.state;
    if (draft) store.set({ draft: null });
    else if (store.state.lassoing || store.state.lasso) store.set({ lasso: null, lassoing: false });
    else if (works()) send({ type: 'cancel' });
    else if (drawer) store.set({ drawer: false });
    else if (table) store.set({ table: false });
    else if (ui.pin) store.setUi({ pin: null });
    else if (host?.profile) closeProfile();
    else if (host?.lens) send({ type: 'edit', path: 'lens', value: null });
    else if (host?.sweep) send({ type: 'edit', path: 'sweep', value: false });
    else if (comparing) send({ type: 'edit', path: 'compare', value: null });
    else return;
    event.preventDefault();
  });
}

/** A key goes into a field of text. */
function isTyped(event: KeyboardEvent): boolean {
  const [field] = event.composedPath();
  return field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement;
}

/** What the keys of every editor ask for: save, and undo and redo of parameters, but in a field of text, which has its own. */
function commandOf(event: KeyboardEvent): PageMessage | undefined {
  if (event.altKey || event.ctrlKey === event.metaKey) return undefined;
  const key = event.key.toLowerCase();
  if (key === 's' && !event.shiftKey) return { type: 'action', action: 'save' };
  if (isTyped(event)) return undefined;
  if (key === 'z') return { type: event.shiftKey ? 'redo' : 'undo' };
  return key === 'y' && !event.shiftKey ? { type: 'redo' } : undefined;
}

const isOn = ({ columns, rows }: GridSize, column: number, row: number): boolean =>
  column >= 0 && row >= 0 && column < columns && row < rows;
