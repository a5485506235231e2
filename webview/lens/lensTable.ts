import { t } from '@vscode/l10n';
import { type Coloring, coloringColors, coloringOf } from '../../src/map/coloring.js';
import { hexOf, inkOn } from '../../src/map/colors.js';
import { aligned } from '../../src/map/lens/beside.js';
import { cellsOfLens, type LensCell, lensCells, type LensTable } from '../../src/map/lens/lensTable.js';
import { readoutName } from '../../src/map/lens/lensWords.js';
import { capital, layerBrief, READOUT_NAMES } from '../../src/map/naming.js';
import { readoutText } from '../../src/map/series/series.js';
import type { Cells } from '../../src/map/tokenMap.js';
import type { HostState } from '../../src/protocol/page.js';
import { layerOf } from '../controls/layers.js';
import type { Derived } from '../derived.js';
import { h, iconButton, setAttributes, show } from '../dom.js';
import { anyOf, type Changed, type PageState } from '../store.js';
import { tokenText } from '../tokenText.js';
import { contentOf, spoken, topOf } from './lensCell.js';

/** Positions that are shown: of a longer prompt the last ones, of several lenses as many in all. */
export const MOST_POSITIONS = 100;

export interface LensTableEvents {
  /** A cell was chosen: the number of its lens, that lens, the cell's row in it and its position. */
  readonly onOpen: (lens: number, table: LensTable, row: number, position: number) => void;
  /** A lens beside was closed, by its number among those. */
  readonly onClose: (beside: number) => void;
}

/** Lenses as they are drawn, beside each other, with the same rows. A column is one of a lens' positions: `lens * positions + position`. */
interface Drawn {
  /** They have no model: no cell opens a map. */
  readonly saved: boolean;
  readonly lenses: readonly LensTable[];
  readonly tables: readonly LensTable[];
  readonly at: readonly ((row: number, column: number) => LensCell)[];
  /** Those that are shown. */
  readonly columns: readonly number[];
  readonly cells: readonly (readonly HTMLElement[])[];
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
  /** What the head was drawn of. */
  let headed = '';
  /** The cell that is focused, or will be: the one stop for Tab. */
  let current: { readonly row: number; readonly column: number } | undefined;

  const open = (row: number, column: number): void => {
    if (!drawn || drawn.saved) return;
    const { lens, position } = placeIn(drawn, column);
    const table = drawn.tables[lens];
    if (!table || !cellOf(drawn, row, column)?.top.length) return;
    // Another lens takes the first one's place.
    if (lens > 0) current = { row, column: position };
    onOpen(lens, table, row, position);
  };
  const tell = (row: number, column: number): void => {
    if (!drawn) return;
    const cell = cellOf(drawn, row, column);
    const table = drawn.tables[placeIn(drawn, column).lens];
    if (table && cell) top.replaceChildren(...topOf(table, cell, drawn.tables.length > 1));
  };
  const focusOn = (row: number, column: number): void => {
    if (!drawn) return;
    const { tables, cells, columns } = drawn;
    const last = columns.at(-1) ?? 0;
    current = {
      row: Math.max(0, Math.min((tables[0]?.layers.length ?? 1) - 1, row)),
      // Of a longer prompt the first shown position is not 0.
      column: columns.find((one) => one >= column) ?? last,
    };
    for (const line of cells) for (const cell of line) setAttributes(cell, { tabindex: -1 });
    const cell = cellAt(drawn, current);
    if (cell) setAttributes(cell, { tabindex: 0 });
    tell(current.row, current.column);
  };
  const placeOf = (event: Event): { readonly row: number; readonly column: number } | undefined => {
    const cell = event.target instanceof Element ? event.target.closest('td') : null;
    return cell instanceof HTMLElement
      ? { row: Number(cell.dataset.row), column: Number(cell.dataset.column) }
      : undefined;
  };
  body.addEventListener('pointerover', (event) => {
    const at = placeOf(event);
    if (at) tell(at.row, at.column);
  });
  body.addEventListener('pointerleave', () => current && tell(current.row, current.column));
  body.addEventListener('focusin', (event) => {
    const at = placeOf(event);
    if (at) focusOn(at.row, at.column);
  });
  body.addEventListener('click', (event) => {
    const at = placeOf(event);
    if (!at) return;
    focusOn(at.row, at.column);
    open(at.row, at.column);
  });
  body.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !current) return;
    const { row, column } = current;
    if (!drawn) return;
    const { columns, tables } = drawn;
    const rows = (tables[0]?.layers.length ?? 1) - 1;
    const place = columns.indexOf(column);
    const beside = (way: number): number => columns[Math.max(0, Math.min(columns.length - 1, place + way))] ?? column;
    const to = {
      ArrowUp: [row + 1, column],
      ArrowDown: [row - 1, column],
      ArrowLeft: [row, beside(-1)],
      ArrowRight: [row, beside(1)],
      Home: [row, columns[0] ?? 0],
      End: [row, columns.at(-1) ?? 0],
      PageUp: [rows, column],
      PageDown: [0, column],
    }[event.key];
    if (to) {
      focusOn(to[0] ?? row, to[1] ?? column);
      const cell = cellAt(drawn, current);
      cell?.focus();
      cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') open(row, column);
    else return;
    event.preventDefault();
  });

  const fill = (lenses: readonly LensTable[], saved: boolean): Drawn => {
    const tables = aligned(lenses);
    const at = tables.map(lensCells);
    const { positions = [], layers = [] } = tables[0] ?? {};
    const { length } = positions;
    const first = Math.max(0, length - Math.floor(MOST_POSITIONS / tables.length));
    const shown = positions.slice(first);
    const columns = tables.flatMap((_, lens) => shown.map((__, i) => lens * length + first + i));
    const starts = (i: number): string | undefined => (i > 0 && i % shown.length === 0 ? 'lens-start' : undefined);
    // What is being pressed stays where it is while answers come: they change no more than what the cells say.
    const heads = JSON.stringify([tables.map(({ parameters }) => readoutName(parameters)), positions, layers]);
    const same = heads === headed ? drawn?.cells : undefined;
    if (heads !== headed) {
      headed = heads;
      const prompt = columns.map((column, i) => {
        const position = column % length;
        const token = positions[position];
        return h(
          'th',
          { scope: 'col', class: starts(i) },
          h('span', { class: 'faint' }, `${position} `),
          ...(token ? [tokenText(token)] : []),
        );
      });
      const names = tables.map(({ parameters }, lens) => {
        const called = readoutName(parameters);
        return h(
          'th',
          { scope: 'colgroup', colspan: shown.length, class: lens > 0 ? 'lens-start lens-head' : 'lens-head' },
          h('span', { title: called }, called),
          ...(lens > 0 && !saved ? [closer(called, lens - 1)] : []),
        );
      });
      head.replaceChildren(
        ...(tables.length > 1 ? [h('tr', { class: 'lens-names' }, h('th', {}), ...names)] : []),
        h('tr', {}, h('th', { scope: 'col' }, h('span', { class: 'faint' }, t('layer'))), ...prompt),
      );
    }
    const cells = layers.map((layer, row) =>
      columns.map((column, i) => {
        const [lens, position] = [Math.floor(column / length), column % length];
        const table = tables[lens];
        const cell = at[lens]?.(row, position);
        const of = tables.length > 1 && table ? `${READOUT_NAMES[table.parameters.readout]}, ` : '';
        const td =
          same?.[row]?.[i] ??
          h('td', { role: 'gridcell', tabindex: -1, class: starts(i), 'data-row': row, 'data-column': column });
        td.removeAttribute('style');
        td.replaceChildren(
          h(
            'span',
            { 'aria-hidden': 'true' },
            ...(cell && lenses[lens]?.layers.includes(layer) ? contentOf(cell) : []),
          ),
          h(
            'span',
            { class: 'only-spoken' },
            table && cell
              ? t('{0}, position {1}: {2}', of + capital(layerBrief(layer)), position, spoken(table, cell))
              : '',
          ),
        );
        return td;
      }),
    );
    if (same) return { saved, lenses, tables, at, columns, cells };
    body.replaceChildren(
      ...layers
        .map((layer, row) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, layer === 'embeddings' ? t('emb.') : String(layer)),
            ...(cells[row] ?? []),
          ),
        )
        .reverse(),
    );
    return { saved, lenses, tables, at, columns, cells };
  };
  const closer = (name: string, index: number): HTMLElement =>
    iconButton('close', t('Close {0}', name), () => onClose(index));

  /** Colors as the map has them in this theme, of all lenses on one scale. */
  const paint = ({ tables, cells, columns }: Drawn, state: PageState): void => {
    const of = tables.map(cellsOfLens);
    const [table] = tables;
    if (!table) return;
    const coloring = lensColoring(table, of);
    const scale = coloringColors(coloring, derived.scale(state));
    const { length } = table.positions;
    cells.forEach((line, row) =>
      line.forEach((cell, i) => {
        const column = columns[i] ?? 0;
        const own = of[Math.floor(column / length)];
        const index = row * length + (column % length);
        const color = own && scale[Math.round(255 * Math.min(1, Math.max(0, coloring.part(own, index) || 0)))];
        if (!color || !own.computed[index]) return;
        cell.style.backgroundColor = hexOf(color);
        cell.style.color = inkOn(color);
      }),
    );
  };

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
      drawn = fill(lenses, host.mode === 'saved');
      const { layers = [], positions = [] } = drawn.tables[0] ?? {};
      // The last layer's answer behind the prompt, until a person goes elsewhere.
      const at = current ?? { row: layers.length - 1, column: positions.length - 1 };
      const first = !current;
      focusOn(at.row, at.column);
      // What the prompt ends with is what is asked for: of a long one it is in sight.
      if (first) scroller.scrollLeft = scroller.scrollWidth;
      if (focused) cellAt(drawn, current)?.focus();
    }
    if (!drawn) return;
    if (fresh || anyOf(changed, 'theme', 'host')) paint(drawn, state);
    markMap(drawn, host);
  };
  return { element: h('div', { class: 'band-body' }, scroller, top), update };
}

const lensColoring = (table: LensTable, cells: readonly Cells[]): Coloring =>
  coloringOf(
    cells,
    table.named ? { kind: 'probability', token: table.named.token.id } : null,
    table.named ? 'question' : 'probability',
  );

const cellAt = (
  { cells, columns }: Drawn,
  at: { readonly row: number; readonly column: number } | undefined,
): HTMLElement | undefined => at && cells[at.row]?.[columns.indexOf(at.column)];

/** Which lens a column is of, and which position. */
function placeIn({ tables }: Drawn, column: number): { readonly lens: number; readonly position: number } {
  const length = tables[0]?.positions.length ?? 1;
  return { lens: Math.floor(column / length), position: column % length };
}

function cellOf(drawn: Drawn, row: number, column: number): LensCell | undefined {
  const { lens, position } = placeIn(drawn, column);
  return drawn.at[lens]?.(row, position);
}

/** The cell whose map is shown is marked. */
function markMap(drawn: Drawn, host: HostState): void {
  const { plane } = host.settings.parameters;
  const { center } = plane;
  const layer = layerOf(host);
  const own = readoutText(host.settings.parameters);
  drawn.cells.forEach((line, row) =>
    line.forEach((cell, i) => {
      const at = placeIn(drawn, drawn.columns[i] ?? 0);
      const table = drawn.tables[at.lens];
      const prompt = table?.parameters.context;
      const same =
        center.kind === prompt?.kind &&
        (center.kind === 'prompt' && prompt.kind === 'prompt'
          ? center.text === prompt.text && Boolean(center.chat) === Boolean(prompt.chat)
          : center.kind === 'tokens' && prompt.kind === 'tokens' && center.ids.join() === prompt.ids.join());
      const { position = -1 } = center.kind === 'prompt' || center.kind === 'tokens' ? center : {};
      const length = table?.positions.length ?? 0;
      const column = position < 0 ? length + position : position;
      const ofReadout = at.lens === 0 || (table && readoutText(table.parameters) === own);
      const shown = same && ofReadout && table?.layers[row] === layer && at.position === column;
      setAttributes(cell, { 'aria-selected': shown ? 'true' : undefined });
    }),
  );
}
