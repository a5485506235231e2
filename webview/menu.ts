import { h, icon, setAttributes, show } from './dom.js';

export interface MenuItem {
  readonly label: string;
  readonly icon: string;
  /** Why it cannot be chosen now. */
  readonly reason?: string | undefined;
  readonly run: () => void;
}

/** A button that opens a menu below it. Arrows move, Enter chooses, Escape closes. `items` is asked when it opens. */
export function createMenu(
  label: string,
  items: () => readonly (MenuItem | 'separator')[],
  picture = 'ellipsis',
): HTMLElement {
  const list = h('div', { class: 'menu', role: 'menu', 'aria-label': label, hidden: true });
  const button = h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      title: label,
      'aria-label': label,
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
    },
    icon(picture),
  );
  const element = h('div', { class: 'menu-holder' }, button, list);
  const entries = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('[role=menuitem]')];

  const close = (focus: boolean): void => {
    if (list.hidden) return;
    show(list, false);
    setAttributes(button, { 'aria-expanded': 'false' });
    if (focus) button.focus();
  };
  const open = (): void => {
    list.replaceChildren(
      ...items().map((item) => {
        if (item === 'separator') return h('div', { class: 'menu-separator', role: 'separator' });
        const entry = h(
          'div',
          {
            role: 'menuitem',
            tabindex: -1,
            class: 'menu-item',
            title: item.reason,
            'aria-disabled': item.reason === undefined ? undefined : 'true',
          },
          icon(item.icon),
          h('span', {}, item.label),
        );
        entry.addEventListener('click', () => {
          if (item.reason !== undefined) return;
          close(true);
          item.run();
        });
        return entry;
      }),
    );
    show(list, true);
    setAttributes(button, { 'aria-expanded': 'true' });
    entries()[0]?.focus();
  };

  button.addEventListener('click', () => (list.hidden ? open() : close(true)));
  button.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    open();
  });
  list.addEventListener('keydown', (event) => {
    const all = entries();
    const at = all.findIndex((entry) => entry === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[(to + all.length) % all.length]?.focus();
    else if (event.key === 'Enter' || event.key === ' ') all[at]?.click();
    else if (event.key === 'Escape') close(true);
    else if (event.key === 'Tab') {
      close(false);
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener('pointerdown', (event) => {
    if (!(event.target instanceof Node && element.contains(event.target))) close(false);
  });
  return element;
}
