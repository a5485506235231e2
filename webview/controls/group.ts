import type { HostState } from '../../src/protocol/page.js';
import { collapsible, isOpen } from '../collapsible.js';
import { h, setText } from '../dom.js';
import { createExplanation } from '../explain/explanation.js';
import type { PageState, Store } from '../store.js';

/** What stands in the form: a group, or several. */
export interface ControlGroup {
  readonly element: HTMLElement;
  update(host: HostState, state: PageState): void;
}

/** A part of the controls that folds. */
export interface Group {
  readonly element: HTMLElement;
  /** `summary` stands at the right while the group is folded. */
  update(state: { disabled: boolean; summary: string }): void;
}

export function createGroup(name: string, title: string, store: Store, ...content: readonly HTMLElement[]): Group {
  const body = h('div', { class: 'group-body', id: `group-${name}` }, ...content);
  const summary = h('span', { class: 'group-summary' });
  const fold = collapsible(store, name, title, body, summary);
  const explanation = createExplanation(name, title);
  const element = h(
    'section',
    { class: 'group', 'aria-label': title },
    h('h3', {}, fold.header, ...(explanation ? [explanation.button] : [])),
    ...(explanation ? [explanation.element] : []),
    body,
  );
  return {
    element,
    update({ disabled, summary: text }) {
      const shown = isOpen(store, name) && !disabled;
      fold.update(shown, disabled);
      setText(summary, shown ? '' : text);
    },
  };
}
