import { finestSpacing } from '../../src/map/zoomLimit.js';
import type { Grid } from '../../src/map/specification.js';
import type { Token } from '../../src/map/token.js';
import type { Cells } from '../../src/map/tokenMap.js';
import type { PageMap } from '../pageMap.js';
import type { PageState } from '../store.js';
import { type GridSize, home, isHome, type View, viewOn, zoomOf } from './view.js';

/**
 * Looking closer than a map's own cells: a *detail* is a map of the part that is seen, with as many cells. `state.base` is the
 * panel's map, `state.map` what is seen: the base, or a detail of it. `state.view` counts in cells of what is seen.
 */

/** Fewest cells of a map that can be seen along the shorter side, where cells only grow. */
const CLOSEST = 3;
/** Zoom beyond which float64, in which the page counts, would tell. */
const MOST = 2 ** 32;

/** Whether the part that is seen is computed afresh: a person's choice, else where that costs next to nothing. */
export function refines({ host, base, ui }: PageState): boolean {
  if (!host?.refinable.ok || !base) return false;
  return ui.refine ?? refinesByItself(base);
}

const refinesByItself = ({ finish }: PageMap): boolean => finish?.runtime.way === 'three-rows';

/** The view in cells of the base. */
export function baseView({ base, map, view }: PageState): View | null {
  return base && map && view && viewOn(view, map.specification.grid, base.specification.grid);
}

/** The whole base is seen. */
export function isWhole(state: PageState): boolean {
  const view = baseView(state);
  return !view || !state.base || isHome(view, state.base.cells);
}

/** What is seen is a detail, not the base. */
export const seesDetail = ({ map, base }: PageState): boolean => map !== null && map !== base;

export interface ZoomLimit {
  /** Against the whole map. */
  readonly most: number;
  /** What ends there. */
  readonly by: 'cells' | 'float32' | 'zoom';
}

/** How far can be zoomed in around a point of the base's grid. */
export function zoomLimit(state: PageState, gridX: number, gridY: number): ZoomLimit {
  const { base } = state;
  if (!base) return { most: 1, by: 'cells' };
  const { grid } = base.specification;
  const cells = Math.max(1, Math.min(grid.columns, grid.rows) / CLOSEST);
  if (!refines(state) || !base.finish) return { most: cells, by: 'cells' };
  const x = grid.center[0] + (gridX - grid.columns / 2) * grid.spacing;
  const y = grid.center[1] + (gridY - grid.rows / 2) * grid.spacing;
  const float32 = grid.spacing / finestSpacing(base.finish.gram, x, y);
  return float32 < MOST ? { most: Math.max(1, float32), by: 'float32' } : { most: MOST, by: 'zoom' };
}

/** The limit that the view has reached, or undefined. */
export function reachedLimit(state: PageState): ZoomLimit | undefined {
  const view = baseView(state);
  if (!view || !state.base) return undefined;
  const limit = zoomLimit(state, view.x + view.width / 2, view.y + view.height / 2);
  return zoomOf(view, state.base.cells) >= limit.most * 0.999 ? limit : undefined;
}

/**
 * The grid of the detail of a view: as many cells as the base has, in the part that is seen. Its numbers are rounded to what is
 * far below a pixel, so that they can be read and typed.
 */
export function detailGrid(base: Grid, view: View): Grid {
  const spacing = Number(((base.spacing * view.width) / base.columns).toPrecision(6));
  const decimals = Math.min(100, Math.max(0, 3 - Math.floor(Math.log10(spacing))));
  const middle = (center: number, at: number, count: number): number =>
    Number((center + (at - count / 2) * base.spacing).toFixed(decimals));
  return {
    columns: base.columns,
    rows: base.rows,
    spacing,
    center: [
      middle(base.center[0], view.x + view.width / 2, base.columns),
      middle(base.center[1], view.y + view.height / 2, base.rows),
    ],
  };
}

/** Cells beyond a grid that do not count. */
const SLACK = 0.01;

/** Whether a view lies inside a grid. */
export function contains(grid: GridSize, { x, y, width, height }: View): boolean {
  return x >= -SLACK && y >= -SLACK && x + width <= grid.columns + SLACK && y + height <= grid.rows + SLACK;
}

/** Whether a view shows some of a grid. */
export const touches = ({ columns, rows }: GridSize, { x, y, width, height }: View): boolean =>
  x < columns && y < rows && x + width > 0 && y + height > 0;

/** What was seen before, for the cells of a detail that are not computed yet. */
export interface Behind {
  readonly map: PageMap;
  /** [columns * rows] the computed cell that stands for each. */
  readonly stand: Int32Array;
}

/**
 * Fills the cells of a detail that are not computed with what was seen at their places: the first of `behind` that has
 * something there. They stay marked as not computed. Gives the side, in cells of the detail, of the squares that this makes.
 */
export function fillFromBehind(
  cells: Cells,
  tokens: Map<number, Token>,
  grid: Grid,
  behind: readonly Behind[],
): number {
  const layers = behind
    .filter(({ map }) => map.cells.topK === cells.topK)
    .map(({ map, stand }) => ({ map, stand, view: viewOn(home(grid), grid, map.specification.grid) }));
  for (const { map } of layers) for (const [id, token] of map.tokens) tokens.set(id, token);
  const k = cells.topK;
  for (let row = 0; row < cells.rows; row++) {
    for (let column = 0; column < cells.columns; column++) {
      const cell = row * cells.columns + column;
      if (cells.computed[cell]) continue;
      for (const { map, stand, view } of layers) {
        const x = Math.floor(view.x + ((column + 0.5) / cells.columns) * view.width);
        const y = Math.floor(view.y + ((row + 0.5) / cells.rows) * view.height);
        if (x < 0 || y < 0 || x >= map.cells.columns || y >= map.cells.rows) continue;
        const from = stand[y * map.cells.columns + x] ?? -1;
        if (from < 0) continue;
        const { ids, probabilities, entropy, answers } = map.cells;
        cells.ids.set(ids.subarray(from * k, from * k + k), cell * k);
        cells.probabilities.set(probabilities.subarray(from * k, from * k + k), cell * k);
        cells.entropy[cell] = entropy[from] ?? 0;
        if (cells.answers) cells.answers[cell] = answers?.[from] ?? 0;
        break;
      }
    }
  }
  return Math.min(...layers.map(({ map }) => map.specification.grid.spacing / grid.spacing));
}
