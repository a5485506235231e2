import { h, iconButton, setAttributes, show } from './dom.js';

export interface ListSearch {
  /** Shows the field, and hides it. */
  readonly button: HTMLElement;
  readonly field: HTMLElement;
  /** What is looked for, in small letters; hidden, nothing. */
  query(): string;
  hide(): void;
}

/**
 * The search in a list. Escape ends it.
 * @param title of the button
 * @param changed hears that something else is looked for
 */
export function createListSearch(title: string, label: string, placeholder: string, changed: () => void): ListSearch {
  const field = h('input', { type: 'search', class: 'search', 'aria-label': label, placeholder, hidden: true });
  const reveal = (shown: boolean): void => {
    show(field, shown);
    setAttributes(button, { 'aria-pressed': String(shown) });
  };
  const end = (): void => {
    reveal(false);
    field.value = '';
    changed();
  };
  const button = iconButton('search', title, () => {
    if (!field.hidden) return end();
    reveal(true);
    field.focus();
  });
  setAttributes(button, { 'aria-pressed': 'false' });
  field.addEventListener('input', changed);
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    end();
    button.focus();
  });
  return {
    button,
    field,
    query: () => field.value.trim().toLowerCase(),
    hide() {
      if (!field.hidden) end();
    },
  };
}
