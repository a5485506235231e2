import type { ColorBy } from '../src/map/colors.js';
import { contextOf, type Question, type TokenName } from '../src/map/specification.js';
import type { Token } from '../src/map/token.js';
import { questionsOf } from '../src/map/questions.js';
import { ranking } from './cell.js';
import { inspected } from './inspected.js';
import { send } from './host.js';
import { tokenOf } from './pageMap.js';
import type { PageState, Store } from './store.js';

/** Colors the map otherwise. Where there is no question yet, one is asked, and the group where it is changed opens. */
export function colorMap(store: Store, colorBy: ColorBy): void {
  store.setUi({ colorBy });
  const { host, ui } = store.state;
  if (colorBy !== 'question' || !host || host.mode === 'saved' || questionsOf(host.settings.parameters).length > 0)
    return;
  send({ type: 'edit', path: 'question', value: firstQuestion(store.state) });
  store.setUi({ collapsed: ui.collapsed.filter((name) => name !== 'question') });
}

/** Colors the map by how probable a token is in each cell. */
export function colorByToken(store: Store, token: Token): void {
  const { ui } = store.state;
  send({ type: 'edit', path: 'question', value: { kind: 'probability', token: nameOf(token) } satisfies Question });
  store.setUi({ colorBy: 'question', collapsed: ui.collapsed.filter((name) => name !== 'question') });
}

/** A token as parameters name it. */
const nameOf = ({ kind, text, id }: Token): TokenName => (kind === 'text' ? text : id);

/** Of a map around a prompt, the divergence from it; else the probability of the token that is looked at. */
function firstQuestion(state: PageState): Question {
  const { host } = state;
  const context = host && contextOf(host.settings.parameters).kind;
  if (context === 'prompt' || context === 'tokens') return { kind: 'divergence' };
  const { map, cell } = inspected(state) ?? {};
  const [first] = map && cell !== undefined && map.cells.computed[cell] ? ranking(map, cell) : [];
  const token = map && first ? tokenOf(map, first.id) : undefined;
  return { kind: 'probability', token: token ? nameOf(token) : (first?.id ?? 0) };
}
