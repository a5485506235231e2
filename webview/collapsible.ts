import { h, icon, setAttributes, show } from './dom.js';
import type { Store } from './store.js';

/** The header of a part of the page that folds. */
export interface Collapsible {
  readonly header: HTMLButtonElement;
  /** Shows the part or hides it. `disabled`: a click does nothing. */
  update(open: boolean, disabled?: boolean): void;
}

/** Whether a part is open, by its name. */
export const isOpen = ({ state }: Pick<Store, 'state'>, name: string): boolean => !state.ui.collapsed.includes(name);

/**
 * A header that folds a part of the page, `body`, which must have an id; that it is folded is kept under the part's name.
 * @param beside what else stands in the header
 */
export function collapsible(
  store: Store,
  name: string,
  title: string,
  body: HTMLElement,
  ...beside: readonly HTMLElement[]
): Collapsible {
  const chevron = icon('chevron-down');
  const header = h(
    'button',
    { type: 'button', class: 'group-header', 'aria-controls': body.id },
    chevron,
    h('span', { class: 'group-title' }, title),
    ...beside,
  );
  header.addEventListener('click', () => {
    if (header.hasAttribute('aria-disabled')) return;
    const { collapsed } = store.state.ui;
    store.setUi({ collapsed: isOpen(store, name) ? [...collapsed, name] : collapsed.filter((one) => one !== name) });
  });
  return {
    header,
    update(open, disabled = false) {
      show(body, open);
      setAttributes(header, { 'aria-expanded': String(open), 'aria-disabled': disabled ? 'true' : undefined });
      setAttributes(chevron, { class: `codicon codicon-chevron-${open ? 'down' : 'right'}` });
    },
  };
}
