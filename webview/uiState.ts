import { CHANGES_BY, type ChangesBy } from '../src/map/compare/divergenceScale.js';
import { isRecord } from '../src/map/json.js';
import { NEW_DISPLAY, readDisplay } from '../src/map/mapDisplay.js';
import { type Sampling, samplingFaults } from '../src/map/sampling.js';
import { type PageView, pageView } from '../src/protocol/page.js';

/** A part of the grid, relative to it: 0 ... 1, from the lower left. */
export interface RelativeView {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How a person has arranged the page. */
export interface UiState extends PageView {
  /** The part that is looked at is computed afresh; null: where that costs next to nothing. */
  readonly refine: boolean | null;
  /** Another number of cells keeps the window, and the spacing follows; else the spacing stays. */
  readonly keepWindow: boolean;
  /** A change is followed by the whole map, or by its first pass alone; null: by the whole where that is quick. */
  readonly live: boolean | null;
  /** The controls' column is open, where there is room for one. */
  readonly controls: boolean;
  /** Names of the groups that are folded. */
  readonly collapsed: readonly string[];
  /** How texts are written on; null: greedily. */
  readonly sampling: Sampling | null;
  /** Plane coordinates of the pinned cell. */
  readonly pin: { readonly x: number; readonly y: number } | null;
  /** `window` names the part of the plane it belongs to; null: all of the grid. */
  readonly zoom: { readonly window: string; readonly view: RelativeView } | null;
  /** What the cells between two compared maps are colored by. */
  readonly changesBy: ChangesBy;
  /** The saved map that a saved one is compared with, by the address of its file. */
  readonly beside: string | null;
}

export const INITIAL_UI: UiState = {
  ...pageView(NEW_DISPLAY),
  refine: null,
  keepWindow: true,
  live: null,
  controls: true,
  collapsed: [
    'context',
    'interventions',
    'question',
    'overlays',
    'advanced',
    'marks',
    'point',
    'boundaries',
    'features',
  ],
  sampling: null,
  pin: null,
  zoom: null,
  changesBy: 'change',
  beside: null,
};

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Whether something was kept. */
export const hasUi = (kept: unknown): boolean => isRecord(kept) && isRecord(kept.ui);

/** What was kept, as far as it can be read; an older version of the page may have written it. */
export function readUi(kept: unknown): UiState {
  const ui: unknown = isRecord(kept) ? kept.ui : undefined;
  if (!isRecord(ui)) return INITIAL_UI;
  const { collapsed, pin, zoom } = ui;
  return {
    ...pageView(readDisplay(ui)),
    refine: typeof ui.refine === 'boolean' ? ui.refine : null,
    keepWindow: typeof ui.keepWindow === 'boolean' ? ui.keepWindow : INITIAL_UI.keepWindow,
    live: typeof ui.live === 'boolean' ? ui.live : null,
    controls: typeof ui.controls === 'boolean' ? ui.controls : INITIAL_UI.controls,
    collapsed: Array.isArray(collapsed)
      ? collapsed.filter((name): name is string => typeof name === 'string')
      : INITIAL_UI.collapsed,
    pin: isRecord(pin) && isNumber(pin.x) && isNumber(pin.y) ? { x: pin.x, y: pin.y } : null,
    sampling: readSampling(ui.sampling),
    zoom: readZoom(zoom),
    changesBy: CHANGES_BY.find((one) => one === ui.changesBy) ?? INITIAL_UI.changesBy,
    beside: typeof ui.beside === 'string' ? ui.beside : null,
  };
}

function readSampling(sampling: unknown): Sampling | null {
  if (!isRecord(sampling)) return null;
  const { temperature, topP, seed } = sampling;
  if (!isNumber(temperature) || !isNumber(topP) || !isNumber(seed)) return null;
  const read = { temperature, topP, seed };
  return Object.keys(samplingFaults(read)).length === 0 ? read : null;
}

function readZoom(zoom: unknown): UiState['zoom'] {
  if (!isRecord(zoom) || typeof zoom.window !== 'string' || !isRecord(zoom.view)) return null;
  const { x, y, width, height } = zoom.view;
  if (!isNumber(x) || !isNumber(y) || !isNumber(width) || !isNumber(height) || width <= 0 || height <= 0) return null;
  return { window: zoom.window, view: { x, y, width, height } };
}
