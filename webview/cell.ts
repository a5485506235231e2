import { t } from '@vscode/l10n';
import { tokenSpoken } from '../src/map/display.js';
import { formatCoordinate, formatPercent } from '../src/map/numbers.js';
import type { Gram } from '../src/map/plane.js';
import { type PageMap, tokenOf } from './pageMap.js';

/** A token that a cell ranks. */
export interface Ranked {
  readonly id: number;
  readonly probability: number;
}

/** Plane coordinates of a cell. */
export const placeOfCell = (map: PageMap, cell: number): { x: number; y: number } =>
  placeOf(map, cell % map.cells.columns, Math.floor(cell / map.cells.columns));

/** Plane coordinates of a column and a row of cells, which may lie beyond the grid's edge. */
export function placeOf(map: PageMap, column: number, row: number): { x: number; y: number } {
  const { columns, rows, spacing, center } = map.specification.grid;
  return {
    x: center[0] + (column - (columns - 1) / 2) * spacing,
    y: center[1] + (row - (rows - 1) / 2) * spacing,
  };
}

/** Column and row of the cell at plane coordinates, which may lie beyond the grid's edge. */
export function columnAndRow(map: PageMap, place: { readonly x: number; readonly y: number }): [number, number] {
  const { columns, rows, spacing, center } = map.specification.grid;
  return [
    Math.round((place.x - center[0]) / spacing + (columns - 1) / 2),
    Math.round((place.y - center[1]) / spacing + (rows - 1) / 2),
  ];
}

/** The cell at plane coordinates, or null outside the grid. */
export function cellAtPlace(map: PageMap, place: { readonly x: number; readonly y: number }): number | null {
  const { columns, rows } = map.cells;
  const [column, row] = columnAndRow(map, place);
  return column < 0 || row < 0 || column >= columns || row >= rows ? null : row * columns + column;
}

/** The most probable tokens of a computed cell, most probable first. */
export function ranking(map: PageMap, cell: number): Ranked[] {
  const { topK, ids, probabilities } = map.cells;
  return Array.from({ length: topK }, (_, k) => ({
    id: ids[cell * topK + k] ?? 0,
    probability: probabilities[cell * topK + k] ?? 0,
  }));
}

export const formatX = (map: PageMap, value: number): string => formatCoordinate(value, map.specification.grid.spacing);

/** Length of the hidden vector at a point of the plane. */
export function normAt(gram: Gram, x: number, y: number): number {
  const { cc, cu, cv, uu, uv, vv } = gram;
  return Math.sqrt(Math.max(0, cc + 2 * x * cu + 2 * y * cv + x * x * uu + 2 * x * y * uv + y * y * vv));
}

/** A cell as it is read out. */
export function spokenCell(map: PageMap, cell: number, stand: number): string {
  const { x, y } = placeOfCell(map, cell);
  const number = (value: number): string => formatX(map, value).replace('\u2212', t('minus '));
  const place = t('x {0}, y {1}', number(x), number(y));
  const [first, second] = stand < 0 ? [] : ranking(map, stand);
  if (!first || !second) return t('Not computed yet, {0}', place);
  const said = ({ id, probability }: Ranked): string =>
    `${tokenSpoken(tokenOf(map, id))}, ${formatPercent(probability).replace('%', t(' percent')).replace('<', t('less than '))}`;
  const guess = map.cells.filled?.[stand] === 1 ? t('; filled in from the cells around it') : '';
  return t('{0}, {1}; second {2}{3}', said(first), place, said(second), guess);
}
