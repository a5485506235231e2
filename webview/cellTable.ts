import { t } from '@vscode/l10n';
import { tokenText as plainToken } from '../src/map/display.js';
import { coordinates } from '../src/map/grid.js';
import { formatPercent } from '../src/map/numbers.js';
import { formatX, ranking } from './cell.js';
import type { Derived } from './derived.js';
import { h, iconButton, setText, show } from './dom.js';
import { createMapNote } from './mapNote.js';
import { visibleCells } from './map/view.js';
import { tokenOf } from './pageMap.js';
import { anyOf, type PageState, type Store } from './store.js';
import { tokenText } from './tokenText.js';

/** Most columns and rows of the table: more make no sense to read, and the map can be zoomed. */
const MOST = 50;

/**
 * The cells in sight as a table, y downward as in the picture: the map for those who do not see it.
 * @param plot takes the focus when the table closes that had it.
 */
export function createCellTable(store: Store, derived: Derived, plot: HTMLElement): HTMLElement {
  const title = h('h2');
  const close = iconButton('close', t('Show as Map'), () => store.set({ table: false }));
  const table = h('table', { class: 'cells' });
  const note = h('p', { class: 'faint' });
  const mapNote = createMapNote(store);
  const scroller = h(
    'div',
    { class: 'cell-table-body', tabindex: 0, role: 'region', 'aria-label': t('Cells') },
    mapNote,
    note,
    table,
  );
  const element = h(
    'section',
    { class: 'cell-table', 'aria-label': t('Cells as a table'), hidden: true },
    h('div', { class: 'pane-header' }, title, close),
    scroller,
  );
  let wasOpen = false;

  store.onDraw((state, changed) => {
    const open = state.table && state.map !== null;
    // Once all is drawn: what is still hidden takes no focus.
    if (!open && element.contains(document.activeElement)) queueMicrotask(() => plot.focus());
    show(element, open);
    if (open && (!wasOpen || anyOf(changed, 'map', 'cellsVersion', 'view', 'table'))) fill(state);
    if (open && !wasOpen) scroller.focus();
    if (!open && wasOpen) table.replaceChildren();
    wasOpen = open;
  });

  const fill = (state: PageState): void => {
    const { map, view } = state;
    const terrain = derived.terrain(state);
    if (!map || !view || !terrain) return;
    const part = visibleCells(view, map.cells);
    const columns = Math.min(part.columns, MOST);
    const rows = Math.min(part.rows, MOST);
    const firstColumn = part.column + Math.floor((part.columns - columns) / 2);
    const firstRow = part.row + Math.floor((part.rows - rows) / 2);
    setText(title, t('{0} × {1} cells', columns, rows));
    setText(
      note,
      columns < part.columns || rows < part.rows
        ? t('The middle of the {0} × {1} cells in sight. Zoom in to see others.', part.columns, part.rows)
        : t('The cells in sight: the most probable token of each, and its probability.'),
    );
    const { xs, ys } = coordinates(map.specification.grid);
    const across = Array.from({ length: columns }, (_, i) => firstColumn + i);
    const down = Array.from({ length: rows }, (_, i) => firstRow + rows - 1 - i);
    table.replaceChildren(
      h('caption', { class: 'only-spoken' }, t('Token and probability of {0} by {1} cells', columns, rows)),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('td', {}, 'y \\ x'),
          ...across.map((column) => h('th', { scope: 'col' }, formatX(map, xs[column] ?? 0))),
        ),
      ),
      h(
        'tbody',
        {},
        ...down.map((row) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, formatX(map, ys[row] ?? 0)),
            ...across.map((column) => {
              const stand = terrain.stand[row * terrain.columns + column] ?? -1;
              const [first] = stand < 0 ? [] : ranking(map, stand);
              if (!first) return h('td', {}, '–');
              const token = tokenOf(map, first.id);
              return h(
                'td',
                { title: plainToken(token) },
                tokenText(token),
                ' ',
                h('span', { class: 'faint' }, formatPercent(first.probability)),
              );
            }),
          ),
        ),
      ),
    );
  };
  return element;
}
