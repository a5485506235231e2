import type { ColorBy } from '../src/map/colors.js';
import { contextOf, type Question } from '../src/map/specification.js';
import { inspected, ranking } from './cell.js';
import { send } from './host.js';
import { tokenOf } from './pageMap.js';
import type { PageState, Store } from './store.js';

/** Colors the map otherwise. Where there is no question yet, one is asked, and the group where it is changed opens. */
export function colorMap(store: Store, colorBy: ColorBy): void {
  store.setUi({ colorBy });
  const { host, ui } = store.state;
  if (colorBy !== 'question' || !host || host.mode === 'saved' || host.settings.parameters.question) return;
  send({ type: 'edit', path: 'question', value: firstQuestion(store.state) });
  store.setUi({ collapsed: ui.collapsed.filter((name) => name !== 'question') });
}

/** Of a map around a prompt, the divergence from it; else the probability of the token that is looked at. */
function firstQuestion(state: PageState): Question {
  const { host } = state;
  const context = host && contextOf(host.settings.parameters).kind;
  if (context === 'prompt' || context === 'tokens') return { kind: 'divergence' };
  const { map, cell } = inspected(state) ?? {};
  const [first] = map && cell !== undefined && map.cells.computed[cell] ? ranking(map, cell) : [];
  const token = map && first ? tokenOf(map, first.id) : undefined;
  return { kind: 'probability', token: token?.kind === 'text' ? token.text : (first?.id ?? 0) };
}
