import { t } from '@vscode/l10n';
import { type Coloring, coloringColors, coloringOf } from '../../src/map/coloring.js';
import { hexOf, inkOn, type ScaleName } from '../../src/map/colors.js';
import { aligned } from '../../src/map/lens/beside.js';
import { cellsOfLens, type LensCell, lensCells, type LensTable } from '../../src/map/lens/lensTable.js';
import { readoutName } from '../../src/map/lens/lensWords.js';
import { capital, layerBrief, READOUT_NAMES } from '../../src/map/naming.js';
import { readoutText } from '../../src/map/series/series.js';
import type { Cells } from '../../src/map/tokenMap.js';
import type { HostState } from '../../src/protocol/page.js';
import { layerOf } from '../controls/layers.js';
import { h, iconButton, setAttributes } from '../dom.js';
import { tokenText } from '../tokenText.js';
import { contentOf, spoken } from './lensCell.js';

/** Positions that are shown: of a longer prompt the last ones, of several lenses as many in all. */
export const MOST_POSITIONS = 100;

/** Lenses as they lie beside each other, with the same rows. A column is one of a lens' positions: `lens * positions + position`. */
interface Laid {
  readonly lenses: readonly LensTable[];
  readonly tables: readonly LensTable[];
  readonly at: readonly ((row: number, column: number) => LensCell)[];
  /** Those that are shown. */
  readonly columns: readonly number[];
}

/** The same as they are drawn. */
export interface Drawn extends Laid {
  /** They have no model: no cell opens a map. */
  readonly saved: boolean;
  /** What stands at the rows and columns. */
  readonly heads: string;
  readonly cells: readonly (readonly HTMLElement[])[];
}

/** A row, and one of the columns. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** Which lens a column is of, and which position. */
export function placeIn({ tables }: Laid, column: number): { readonly lens: number; readonly position: number } {
  const length = tables[0]?.positions.length ?? 1;
  return { lens: Math.floor(column / length), position: column % length };
}

export function cellOf(laid: Laid, { row, column }: Place): LensCell | undefined {
  const { lens, position } = placeIn(laid, column);
  return laid.at[lens]?.(row, position);
}

export const elementAt = ({ cells, columns }: Drawn, at: Place | undefined): HTMLElement | undefined =>
  at && cells[at.row]?.[columns.indexOf(at.column)];

function laidBeside(lenses: readonly LensTable[]): Laid {
  const tables = aligned(lenses);
  const length = tables[0]?.positions.length ?? 0;
  const first = Math.max(0, length - Math.floor(MOST_POSITIONS / tables.length));
  const shown = Array.from({ length: length - first }, (_, i) => first + i);
  const columns = tables.flatMap((_, lens) => shown.map((position) => lens * length + position));
  return { lenses, tables, at: tables.map(lensCells), columns };
}

/**
 * Draws lenses, the last layer on top.
 * @param before what was drawn last: what is being pressed stays where it is while answers come, which change no more than what the
 *   cells say
 * @param close closes a lens, by its number among those beside the first
 */
export function drawLenses(
  { head, body }: { readonly head: HTMLElement; readonly body: HTMLElement },
  lenses: readonly LensTable[],
  saved: boolean,
  before: Drawn | undefined,
  close: (beside: number) => void,
): Drawn {
  const laid = laidBeside(lenses);
  const { tables, columns } = laid;
  const { positions = [], layers = [] } = tables[0] ?? {};
  const heads = JSON.stringify([tables.map(({ parameters }) => readoutName(parameters)), positions, layers]);
  const same = heads === before?.heads ? before.cells : undefined;
  const cells =
    same ??
    layers.map((_, row) =>
      columns.map((column, i) =>
        h('td', {
          role: 'gridcell',
          tabindex: -1,
          class: startOf(laid, i),
          'data-row': row,
          'data-column': column,
        }),
      ),
    );
  const drawn = { ...laid, saved, heads, cells };
  for (const [row, layer] of layers.entries())
    for (const [i, column] of columns.entries()) {
      const cell = cells[row]?.[i];
      cell?.removeAttribute('style');
      cell?.replaceChildren(...saidIn(laid, layer, { row, column }));
    }
  if (same) return drawn;
  head.replaceChildren(...headRows(laid, saved ? undefined : close));
  const rows = layers.map((layer, row) =>
    h('tr', {}, h('th', { scope: 'row' }, layer === 'embeddings' ? t('emb.') : String(layer)), ...(cells[row] ?? [])),
  );
  body.replaceChildren(...rows.reverse());
  return drawn;
}

/** The class of the first shown column of each lens but the first. */
const startOf = ({ tables, columns }: Laid, i: number): string | undefined =>
  i > 0 && i % (columns.length / tables.length) === 0 ? 'lens-start' : undefined;

/** Names of several lenses, and the prompt's tokens under each. */
function headRows(laid: Laid, close: ((beside: number) => void) | undefined): HTMLElement[] {
  const { tables, columns } = laid;
  const { positions = [] } = tables[0] ?? {};
  const prompt = columns.map((column, i) => {
    const { position } = placeIn(laid, column);
    const token = positions[position];
    return h(
      'th',
      { scope: 'col', class: startOf(laid, i) },
      h('span', { class: 'faint' }, `${position} `),
      ...(token ? [tokenText(token)] : []),
    );
  });
  const tokens = h('tr', {}, h('th', { scope: 'col' }, h('span', { class: 'faint' }, t('layer'))), ...prompt);
  if (tables.length < 2) return [tokens];
  const names = tables.map(({ parameters }, lens) => {
    const called = readoutName(parameters);
    return h(
      'th',
      {
        scope: 'colgroup',
        colspan: columns.length / tables.length,
        class: lens > 0 ? 'lens-start lens-head' : 'lens-head',
      },
      h('span', { title: called }, called),
      ...(lens > 0 && close ? [iconButton('close', t('Close {0}', called), () => close(lens - 1))] : []),
    );
  });
  return [h('tr', { class: 'lens-names' }, h('th', {}), ...names), tokens];
}

/** What a cell shows, and what is read out of it. */
function saidIn(laid: Laid, layer: LensTable['layers'][number], place: Place): HTMLElement[] {
  const { lens, position } = placeIn(laid, place.column);
  const table = laid.tables[lens];
  const cell = cellOf(laid, place);
  const of = laid.tables.length > 1 && table ? `${READOUT_NAMES[table.parameters.readout]}, ` : '';
  const said =
    table && cell ? t('{0}, position {1}: {2}', of + capital(layerBrief(layer)), position, spoken(table, cell)) : '';
  const shown = cell && laid.lenses[lens]?.layers.includes(layer) ? contentOf(cell) : [];
  return [h('span', { 'aria-hidden': 'true' }, ...shown), h('span', { class: 'only-spoken' }, said)];
}

/** Colors as the map has them in this theme, of all lenses on one scale. */
export function paintLenses(drawn: Drawn, colors: ScaleName): void {
  const of = drawn.tables.map(cellsOfLens);
  const [table] = drawn.tables;
  if (!table) return;
  const coloring = lensColoring(table, of);
  const scale = coloringColors(coloring, colors);
  drawn.cells.forEach((line, row) =>
    line.forEach((cell, i) => {
      const { lens, position } = placeIn(drawn, drawn.columns[i] ?? 0);
      const own = of[lens];
      const index = row * table.positions.length + position;
      const color = own && scale[Math.round(255 * Math.min(1, Math.max(0, coloring.part(own, index) || 0)))];
      if (!color || !own.computed[index]) return;
      cell.style.backgroundColor = hexOf(color);
      cell.style.color = inkOn(color);
    }),
  );
}

const lensColoring = (table: LensTable, cells: readonly Cells[]): Coloring =>
  coloringOf(
    cells,
    table.named ? { kind: 'probability', token: table.named.token.id } : null,
    table.named ? 'question' : 'probability',
  );

/** The cell whose map is shown is marked. */
export function markMap(drawn: Drawn, host: HostState): void {
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
