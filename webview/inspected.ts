import { cellAtPlace } from './cell.js';
import type { PageMap } from './pageMap.js';
import type { PageState } from './store.js';

/** A cell that the inspector is about, and the map that it is of. */
export interface Inspected {
  readonly kind: 'pinned' | 'hovered' | 'center';
  readonly map: PageMap;
  readonly cell: number;
}

/**
 * The cell that the inspector is about: the pinned one, else the one below the pointer, else the one in the middle. One that is
 * pinned beside the part that is looked at more closely is the whole map's.
 */
export function inspected(state: PageState): Inspected | null {
  const { map, base, ui, hover } = state;
  if (!map) return null;
  for (const one of [map, base]) {
    const cell = one && ui.pin ? cellAtPlace(one, ui.pin) : null;
    if (one && cell !== null) return { kind: 'pinned', map: one, cell };
  }
  if (hover !== null) return { kind: 'hovered', map, cell: hover };
  return { kind: 'center', map, cell: middleCell(map) };
}

export const middleCell = ({ cells: { columns, rows } }: PageMap): number =>
  Math.floor(rows / 2) * columns + Math.floor(columns / 2);

export const pinnedCell = ({ map, ui }: PageState): number | null => (map && ui.pin ? cellAtPlace(map, ui.pin) : null);
