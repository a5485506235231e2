import { coverage, STRIDES } from '../../src/map/refinement.js';
import { findRegions, NO_TOKEN, type Regions } from '../../src/map/regions.js';
import type { Cells } from '../../src/map/tokenMap.js';

/** What a map's cells show by now: cells that are not computed yet are painted as the coarser one that stands for them. */
export interface Terrain {
  readonly columns: number;
  readonly rows: number;
  /** [columns * rows] the cell that stands for each, -1 where there is none. */
  readonly stand: Int32Array;
  /** [columns * rows] top token, by `stand`. */
  readonly top: Int32Array;
  readonly regions: Regions;
}

/**
 * @param backdrop side, in cells, of the squares that cells which are not computed hold from a picture before; 0 where they hold
 *   nothing. Coarser cells stand for others only as far as they are no coarser than that.
 */
export function terrainOf(cells: Cells, backdrop = 0): Terrain {
  const { columns, rows, topK } = cells;
  const coarsest = backdrop === 0 ? 16 : (STRIDES.find((stride) => stride <= backdrop) ?? 1);
  const stand = coverage(cells.computed, columns, rows, coarsest);
  if (backdrop > 0) stand.forEach((cell, i) => cell < 0 && (stand[i] = i));
  const top = stand.map((cell) => (cell < 0 ? NO_TOKEN : (cells.ids[cell * topK] ?? NO_TOKEN)));
  return { columns, rows, stand, top, regions: findRegions(columns, rows, top) };
}
