import { safeText } from '../src/map/display.js';
import { layerBrief } from '../src/map/naming.js';
import type { HostState } from '../src/protocol/page.js';
import { h, icon, setAttributes, setText, show } from './dom.js';
import type { PageMap } from './pageMap.js';
import type { PageState, Store } from './store.js';

/** The line at a map that says what is not to be taken for granted: whose it is, where the settings are others by now. */
export function createMapNote(store: Store): HTMLElement {
  const whose = h('span', { class: 'map-whose' });
  const old = h('span', { class: 'map-old' }, icon('history'), whose);
  const element = h('p', { class: 'map-note', role: 'note' }, old);
  store.onDraw((state) => {
    const { base, host } = state;
    setText(whose, base && host && isOutdated(state) ? outdatedText(base, host) : '');
    show(old, isOutdated(state));
    setAttributes(element, { title: element.textContent || undefined });
  });
  return element;
}

/** Whether the map that is seen is of other settings than those that stand in the fields. */
export const isOutdated = ({ base, host }: PageState): boolean => base !== null && host?.outdated === base.id;

function outdatedText({ specification: { model, layer } }: PageMap, { run }: HostState): string {
  const until = run.status === 'running' ? 'until the first cells of the new one' : 'parameters changed since';
  return `Map of ${safeText(model.name, 32)}, ${layerBrief(layer)} · ${until}`;
}
