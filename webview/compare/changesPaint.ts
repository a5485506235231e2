import { isDark, type ScaleName } from '../../src/map/colors.js';
import { changeColors, changeEntry } from '../../src/map/compare/changeColors.js';
import { type ChangesBy, divergencePart } from '../../src/map/compare/divergenceScale.js';
import type { Paint } from '../map/paint.js';
import type { Terrain } from '../map/terrain.js';
import type { PageMap } from '../pageMap.js';
import { divergenceOf } from './changes.js';
import type { Changes } from './pair.js';

/**
 * Unchanged cells gray; changed ones orange, darker where both sides are more certain; within rounding gray as well. By a divergence:
 * all
 * of them orange, darker where they are farther apart; until any of it is known, what changes.
 */
export function paintOfChanges(
  map: PageMap,
  changes: Changes,
  terrain: Terrain,
  scale: ScaleName,
  by: ChangesBy,
): Paint {
  const divergence = divergenceOf(changes, by);
  const { columns, rows, stand } = terrain;
  const palette = changeColors(scale);
  const darkEntries = palette.map(isDark);
  const dark = new Uint8Array(columns * rows);
  const entryOf = (cell: number): number => {
    if (divergence) {
      const nats = divergence.values[cell] ?? NaN;
      return Number.isNaN(nats) ? NaN : changeEntry('real', divergencePart(nats, divergence.spread));
    }
    const certain = map.cells.probabilities[cell * map.cells.topK] ?? 0;
    return changeEntry(changes.agreement.changes[cell] ?? 'none', certain);
  };
  const entries = Array.from({ length: rows }, (_, row) =>
    Float32Array.from({ length: columns }, (__, column) => {
      const cell = row * columns + column;
      const standing = stand[cell] ?? -1;
      if (standing < 0) return NaN;
      const entry = entryOf(standing);
      if (Number.isNaN(entry)) return NaN;
      dark[cell] = darkEntries[entry] ? 1 : 0;
      return entry;
    }),
  );
  return { palette, entries, dark };
}
