import { t } from '@vscode/l10n';
import { type AxisValue, isAxisValue, MODEL_PATH, throughFile } from '../../src/map/series/series.js';
import { layerBrief, mapBrief } from '../../src/map/naming.js';
import { safeText } from '../../src/map/display.js';
import type { HostState } from '../../src/protocol/page.js';
import { layerOf } from '../controls/layers.js';
import type { Derived } from '../derived.js';
import { h, setText, show } from '../dom.js';
import { send } from '../host.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { createDropdown } from '../toolkit.js';
import { mainValue, nameOf, sideOptions } from './choices.js';
import { sendComparison } from './compareBar.js';
import { tokensWords } from '../counted.js';

/** What a pane's map is called in its comparison: by what differs. */
function sideName(store: Store, main: Store): string {
  const { base } = store.state;
  const { host } = main.state;
  if (host?.compare?.kind === 'saved' && host.compare.names) return host.compare.names[store === main ? 0 : 1];
  const brief = base ? safeText(mapBrief(base.specification), 80) : '';
  if (host?.compare?.kind !== 'computed') return brief;
  const { path, value } = host.compare;
  return nameOf(host, path, store === main ? mainValue(host, path) : value);
}

/** The same within a line: `layer 15`. Names of people and models stay as they are written. */
export function sideBrief(store: Store, main: Store): string {
  const { host } = main.state;
  if (host?.compare?.kind !== 'computed' || host.compare.path !== 'layer') return sideName(store, main);
  const value = store === main ? layerOf(host) : host.compare.value;
  return typeof value === 'number' || value === 'embeddings' ? layerBrief(value) : sideName(store, main);
}

/** The line over one of two maps: what it is, to be chosen, and how many tokens win on it. */
export function createPaneHeader(store: Store, main: Store, derived: Derived): HTMLElement {
  const isMain = store === main;
  const choose = (text: string): void => {
    const { compare } = main.state.host ?? {};
    const value: unknown = JSON.parse(text);
    if (compare?.kind !== 'computed' || !isAxisValue(value)) return;
    if (isMain) editMain(compare.path, value, main.state.host);
    else if (compare.path === 'readout' && (value === 'tuned' || value === 'jacobian')) {
      send({ type: 'compareTranslator', readout: value });
      draw(); // until a file is chosen it is what it was
    } else sendComparison({ ...compare, value });
  };
  const dropdown = createDropdown(isMain ? t('Compared') : t('Compared with'), choose);
  const name = h('span', { class: 'side-name' });
  const count = h('span', { class: 'faint side-count' });
  const element = h('div', { class: 'side-header' }, dropdown.element, name, h('span', { class: 'spring' }), count);
  const draw = (): void => {
    const { state } = store;
    const { host } = main.state;
    if (!state.comparing || !host?.compare) return;
    const { compare } = host;
    const computed = compare.kind === 'computed';
    const value = computed ? (isMain ? mainValue(host, compare.path) : compare.value) : null;
    const options = computed ? sideOptions(host, compare.path, value) : [];
    // Where there is nothing else to choose it is only named.
    show(dropdown.element, options.length > 1);
    show(name, options.length <= 1);
    if (options.length > 1) dropdown.update(options, JSON.stringify(value));
    setText(name, sideName(store, main));
    const tokens = state.map ? derived.tokenCount(state) : 0;
    setText(count, state.map ? tokensWords(tokens) : waiting(state));
  };
  store.onDraw((_, changed) => {
    if (anyOf(changed, 'host', 'map', 'cellsVersion', 'comparing')) draw();
  });
  if (!isMain)
    main.onDraw((_, changed) => {
      if (anyOf(changed, 'host', 'comparing')) draw();
    });
  return element;
}

function editMain(path: string, value: AxisValue, host: HostState | null): void {
  const through = throughFile(path, value);
  if (path === MODEL_PATH) {
    if (typeof value === 'string') send({ type: 'model', path: value });
  } else if (through && host) {
    const translator = { path: through.file };
    const parameters = { ...host.settings.parameters, readout: through.readout, translator };
    send({ type: 'edit', path: 'parameters', value: parameters });
  } else send({ type: 'edit', path, value });
}

/** Why there is no map yet. */
function waiting({ host, progress }: PageState): string {
  if (!host) return '…';
  if (host.fault) return host.fault.message;
  if (host.model.status === 'failed') return host.model.fault.message;
  return progress?.phase === 'opening' ? t('opening…') : t('computing…');
}
