import { h, setAttributes } from './dom.js';

/** Rows of a table that stand for something on the map. */
export interface PlaceRows {
  /** Shows other rows. The focus stays with what it was on, where that is still there. */
  fill(rows: readonly HTMLElement[]): void;
  /** Shows which row is meant; null: none. */
  mark(key: number | null | undefined): void;
}

/** A row with its key; the first of a table is the stop for Tab. */
export const placeRow = (
  key: number,
  first: boolean,
  attributes: Readonly<Record<string, string | undefined>>,
  ...cells: readonly HTMLElement[]
): HTMLElement => h('tr', { 'data-key': key, tabindex: first ? 0 : -1, ...attributes }, ...cells);

const rowOf = ({ target }: Event): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>('tr[data-key]') : null;

/** The key of the row that something happened in; null outside of rows. */
export function rowKey(event: Event): number | null {
  const row = rowOf(event);
  return row ? Number(row.dataset.key) : null;
}

/**
 * Listens to the rows of a table's body, each made by {@link placeRow}: one that is pointed at or has the focus is shown on the map, a click
 * or Enter goes there. Arrows, Home and End move between them; only one is a stop for Tab, the one that had the focus last.
 * @param point hears of the row's key; null: none is pointed at
 * @param go where there is a place to go to
 */
export function placeRows(
  body: HTMLElement,
  point: (key: number | null) => void,
  go?: (key: number) => void,
): PlaceRows {
  const stopAt = (row: HTMLElement): void => {
    for (const stop of body.querySelectorAll<HTMLElement>('tr[tabindex="0"]')) stop.tabIndex = -1;
    row.tabIndex = 0;
  };
  const at = (event: Event): void => point(rowKey(event));
  const none = (): void => point(null);
  const choose = (event: Event): void => {
    const key = rowKey(event);
    if (key !== null) go?.(key);
  };
  body.addEventListener('pointerover', at);
  body.addEventListener('pointerleave', none);
  body.addEventListener('focusin', at);
  body.addEventListener('focusout', none);
  body.addEventListener('click', choose);
  body.addEventListener('keydown', (event) => {
    const row = rowOf(event);
    if (!row || row !== event.target) return;
    if (event.key === 'Enter') return choose(event);
    const next = {
      ArrowDown: row.nextElementSibling,
      ArrowUp: row.previousElementSibling,
      Home: body.firstElementChild,
      End: body.lastElementChild,
    }[event.key];
    if (!(next instanceof HTMLElement)) return;
    event.preventDefault();
    stopAt(next);
    next.focus();
  });
  return {
    fill(rows) {
      const focused = document.activeElement;
      const key = focused instanceof HTMLElement && body.contains(focused) ? focused.dataset.key : undefined;
      body.replaceChildren(...rows);
      const again = key === undefined ? undefined : rows.find((row) => row.dataset.key === key);
      if (!again) return;
      stopAt(again);
      again.focus({ preventScroll: true });
    },
    mark(key) {
      for (const row of body.querySelectorAll<HTMLElement>('tr'))
        setAttributes(row, { 'aria-current': row.dataset.key === String(key) ? 'true' : undefined });
    },
  };
}
