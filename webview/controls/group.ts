import type { HostState } from '../../src/protocol/page.js';
import { h, icon, setAttributes, setText, show } from '../dom.js';
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
  update(state: { open: boolean; disabled: boolean; summary: string }): void;
}

export function createGroup(name: string, title: string, store: Store, ...content: readonly HTMLElement[]): Group {
  const body = h('div', { class: 'group-body', id: `group-${name}` }, ...content);
  const chevron = icon('chevron-down');
  const summary = h('span', { class: 'group-summary' });
  const header = h(
    'button',
    { type: 'button', class: 'group-header', 'aria-controls': body.id },
    chevron,
    h('span', { class: 'group-title' }, title),
    summary,
  );
  header.addEventListener('click', () => {
    if (header.getAttribute('aria-disabled')) return;
    const { collapsed } = store.state.ui;
    store.setUi({
      collapsed: collapsed.includes(name) ? collapsed.filter((one) => one !== name) : [...collapsed, name],
    });
  });
  const explanation = createExplanation(name, title);
  const element = h(
    'section',
    { class: 'group', 'aria-label': title },
    h('h3', {}, header, ...(explanation ? [explanation.button] : [])),
    ...(explanation ? [explanation.element] : []),
    body,
  );
  return {
    element,
    update({ open, disabled, summary: text }) {
      const shown = open && !disabled;
      show(body, shown);
      setAttributes(header, { 'aria-expanded': String(shown), 'aria-disabled': disabled ? 'true' : undefined });
      setAttributes(chevron, { class: `codicon codicon-chevron-${shown ? 'down' : 'right'}` });
      setText(summary, shown ? '' : text);
    },
  };
}
