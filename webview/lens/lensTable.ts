import { t } from '@vscode/l10n';
import type { LensTable } from '../../src/map/lens/lensTable.js';
import type { Derived } from '../derived.js';
import { h, setAttributes, show } from '../dom.js';
import { anyOf, type Changed, type PageState } from '../store.js';
import { topOf } from './lensCell.js';
import { cellOf, type Drawn, drawLenses, elementAt, markMap, paintLenses, type Place, placeIn } from './lensDrawing.js';

export interface LensTableEvents {
  /** A cell was chosen: the number of its lens, that lens, the cell's row in it and its position. */
  readonly onOpen: (lens: number, table: LensTable, row: number, position: number) => void;
  /** A lens beside was closed, by its number among those. */
  readonly onClose: (beside: number) => void;
}

/**
 * What a prompt says at every layer and position: a table, the last layer on top. Arrows go through it; a cell that is pointed at or
 * focused tells its ten tokens; a click or Enter chooses it.
 */
export function createLensTable(
  derived: Derived,
  { onOpen, onClose }: LensTableEvents,
): {
  readonly element: HTMLElement;
  readonly update: (state: PageState, changed: Changed) => void;
} {
  const head = h('thead');
  const body = h('tbody');
  const grid = h('table', { class: 'lens-grid', role: 'grid', 'aria-label': t('Layers and positions') }, head, body);
  const scroller = h('div', { class: 'lens-scroller' }, grid);
  const top = h('div', { class: 'band-list lens-top', 'aria-hidden': 'true' });

  let drawn: Drawn | undefined;
  /** The cell that is focused, or will be: the one stop for Tab. */
  let current: Place | undefined;

  const open = (at: Place): void => {
    if (!drawn || drawn.saved) return;
    const { lens, position } = placeIn(drawn, at.column);
    const table = drawn.tables[lens];
    if (!table || !cellOf(drawn, at)?.top.length) return;
    // Another lens takes the first one's place.
    if (lens > 0) current = { row: at.row, column: position };
    onOpen(lens, table, at.row, position);
  };
  const tell = (at: Place): void => {
    if (!drawn) return;
    const cell = cellOf(drawn, at);
    const table = drawn.tables[placeIn(drawn, at.column).lens];
    if (table && cell) top.replaceChildren(...topOf(table, cell, drawn.tables.length > 1));
  };
  const focusOn = ({ row, column }: Place): void => {
    if (!drawn) return;
    const { tables, cells, columns } = drawn;
    const last = columns.at(-1) ?? 0;
    current = {
      row: Math.max(0, Math.min((tables[0]?.layers.length ?? 1) - 1, row)),
      // Of a longer prompt the first shown position is not 0.
      column: columns.find((one) => one >= column) ?? last,
    };
    for (const line of cells) for (const cell of line) setAttributes(cell, { tabindex: -1 });
    const cell = elementAt(drawn, current);
    if (cell) setAttributes(cell, { tabindex: 0 });
    tell(current);
  };
  const placeOf = (event: Event): Place | undefined => {
    const cell = event.target instanceof Element ? event.target.closest('td') : null;
    return cell instanceof HTMLElement
      ? { row: Number(cell.dataset.row), column: Number(cell.dataset.column) }
      : undefined;
  };
  body.addEventListener('pointerover', (event) => {
    const at = placeOf(event);
    if (at) tell(at);
  });
  body.addEventListener('pointerleave', () => current && tell(current));
  body.addEventListener('focusin', (event) => {
    const at = placeOf(event);
    if (at) focusOn(at);
  });
  body.addEventListener('click', (event) => {
    const at = placeOf(event);
    if (!at) return;
    focusOn(at);
    open(at);
  });
  body.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !current || !drawn) return;
    const to = stepped(drawn, current, event.key);
    if (to) {
      focusOn(to);
      const cell = elementAt(drawn, current);
      cell?.focus();
      cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') open(current);
    else return;
    event.preventDefault();
  });

  const update = (state: PageState, changed: Changed): void => {
    const { host, lenses } = state;
    show(grid, lenses !== null);
    if (!host?.lens || !lenses) {
      drawn = undefined;
      top.replaceChildren();
      return;
    }
    const fresh = drawn?.lenses !== lenses;
    if (fresh) {
      const focused = body.contains(document.activeElement);
      drawn = drawLenses({ head, body }, lenses, host.mode === 'saved', drawn, onClose);
      const { layers = [], positions = [] } = drawn.tables[0] ?? {};
      // The last layer's answer behind the prompt, until a person goes elsewhere.
      const at = current ?? { row: layers.length - 1, column: positions.length - 1 };
      const first = !current;
      focusOn(at);
      // What the prompt ends with is what is asked for: of a long one it is in sight.
      if (first) scroller.scrollLeft = scroller.scrollWidth;
      if (focused) elementAt(drawn, current)?.focus();
    }
    if (!drawn) return;
    if (fresh || anyOf(changed, 'theme', 'host')) paintLenses(drawn, derived.scale(state));
    markMap(drawn, host);
  };
  return { element: h('div', { class: 'band-body' }, scroller, top), update };
}

/** Where a key leads. */
function stepped({ columns, tables }: Drawn, { row, column }: Place, key: string): Place | undefined {
  const top = (tables[0]?.layers.length ?? 1) - 1;
  const place = columns.indexOf(column);
  const beside = (way: number): number => columns[Math.max(0, Math.min(columns.length - 1, place + way))] ?? column;
  switch (key) {
    case 'ArrowUp':
      return { row: row + 1, column };
    case 'ArrowDown':
      return { row: row - 1, column };
    case 'ArrowLeft':
      return { row, column: beside(-1) };
    case 'ArrowRight':
      return { row, column: beside(1) };
    case 'Home':
      return { row, column: columns[0] ?? 0 };
    case 'End':
      return { row, column: columns.at(-1) ?? 0 };
    case 'PageUp':
      return { row: top, column };
    case 'PageDown':
      return { row: 0, column };
    default:
      return undefined;
  }
}
