import { h, icon, setAttributes, show } from './dom.js';

export interface MenuItem {
  readonly label: string;
  readonly icon: string;
  /** What it does, in a line below. */
  readonly description?: string;
  /** Why it cannot be chosen now. */
  readonly reason?: string | undefined;
  readonly run: () => void;
}

/** What a menu offers at the moment. */
export type MenuItems = () => readonly (MenuItem | 'separator')[];

interface MenuList {
  readonly element: HTMLElement;
  open(): void;
  close(focus: boolean): void;
}

/** A list to choose from. Arrows move, Enter chooses, Escape closes. `items` is asked when it opens; `closed` may take the focus. */
function menuList(label: string, items: MenuItems, closed: (focus: boolean) => void): MenuList {
  const list = h('div', { class: 'menu', role: 'menu', 'aria-label': label, hidden: true });
  const entries = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('[role=menuitem]')];

  const close = (focus: boolean): void => {
    if (list.hidden) return;
    show(list, false);
    closed(focus);
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
            'aria-description': item.description,
          },
          icon(item.icon),
          h(
            'span',
            {},
            item.label,
            // It describes the item, and is no part of its name.
            ...(item.description === undefined
              ? []
              : [h('span', { class: 'menu-description', 'aria-hidden': 'true' }, item.description)]),
          ),
        );
        entry.addEventListener('pointermove', () => entry.focus());
        entry.addEventListener('click', () => {
          if (item.reason !== undefined) return;
          close(true);
          item.run();
        });
        return entry;
      }),
    );
    show(list, true);
    // Where it hangs over the edge of what scrolls it is brought into view.
    list.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    entries()[0]?.focus();
  };
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
  return { element: list, open, close };
}

/** A button that opens a menu below it. */
export interface MenuButton {
  readonly element: HTMLElement;
  open(): void;
}

export function createMenuButton(label: string, items: MenuItems, picture = 'ellipsis'): MenuButton {
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
  const list = menuList(label, items, (focus) => {
    setAttributes(button, { 'aria-expanded': 'false' });
    if (focus) button.focus();
  });
  const element = h('div', { class: 'menu-holder' }, button, list.element);
  const open = (): void => {
    list.open();
    setAttributes(button, { 'aria-expanded': 'true' });
  };
  button.addEventListener('click', () => (list.element.hidden ? open() : list.close(true)));
  button.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    open();
  });
  document.addEventListener('pointerdown', (event) => {
    if (!(event.target instanceof Node && element.contains(event.target))) list.close(false);
  });
  return { element, open };
}

/** The menu of a map: at the pointer, or by its key at the map's middle. `items` hears whether it was the key. */
export function createContextMenu(
  label: string,
  of: HTMLElement,
  items: (byKey: boolean) => ReturnType<MenuItems>,
): HTMLElement {
  let byKey = false;
  const list = menuList(
    label,
    () => items(byKey),
    (focus) => {
      if (focus) of.focus();
    },
  );
  of.addEventListener('keydown', ({ key, shiftKey }) => {
    byKey = key === 'ContextMenu' || (shiftKey && key === 'F10');
  });
  of.addEventListener('pointerdown', () => {
    byKey = false;
  });
  const { element } = list;
  element.classList.add('context-menu');
  of.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    const box = of.getBoundingClientRect();
    const [x, y] = byKey ? [box.left + box.width / 2, box.top + box.height / 2] : [event.clientX, event.clientY];
    list.open();
    const { offsetWidth, offsetHeight } = element;
    Object.assign(element.style, {
      left: `${Math.max(0, Math.min(x, window.innerWidth - offsetWidth))}px`,
      top: `${Math.max(0, Math.min(y, window.innerHeight - offsetHeight))}px`,
    });
  });
  document.addEventListener('pointerdown', (event) => {
    if (!(event.target instanceof Node && element.contains(event.target))) list.close(false);
  });
  return element;
}
