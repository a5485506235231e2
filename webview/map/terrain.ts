import { coverage } from '../../src/map/refinement.js';
import { findRegions, NO_TOKEN, type Regions } from '../../src/map/regions.js';
import type { Cells } from '../../src/map/tokenMap.js';

/** What a map's cells show by now: cells that are not computed yet are painted as the coarser one that stands for them. */
export interface Terrain {
  readonly columns: number;
  readonly rows: number;
  /** [columns * rows] the computed cell that stands for each, -1 where there is none. */
  readonly stand: Int32Array;
  /** [columns * rows] top token, by `stand`. */
  readonly top: Int32Array;
  readonly regions: Regions;
}

export function terrainOf(cells: Cells): Terrain {
  const { columns, rows, topK } = cells;
  const stand = coverage(cells.computed, columns, rows);
  const top = stand.map((cell) => (cell < 0 ? NO_TOKEN : (cells.ids[cell * topK] ?? NO_TOKEN)));
  return { columns, rows, stand, top, regions: findRegions(columns, rows, top) };
}
