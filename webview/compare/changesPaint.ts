import { isDark, type ScaleName } from '../../src/map/colors.js';
import { changeColors, changeEntry } from '../../src/map/compare/changeColors.js';
import type { Paint } from '../map/paint.js';
import type { Terrain } from '../map/terrain.js';
import type { PageMap } from '../pageMap.js';
import type { Changes } from './changes.js';

/** Unchanged cells gray; changed ones orange, darker where both sides are more certain; within rounding gray as well. */
export function paintOfChanges(map: PageMap, changes: Changes, terrain: Terrain, scale: ScaleName): Paint {
  const { columns, rows, stand } = terrain;
  const palette = changeColors(scale);
  const darkEntries = palette.map(isDark);
  const dark = new Uint8Array(columns * rows);
  const entries = Array.from({ length: rows }, (_, row) =>
    Float32Array.from({ length: columns }, (__, column) => {
      const cell = row * columns + column;
      const standing = stand[cell] ?? -1;
      if (standing < 0) return NaN;
      const change = changes.agreement.changes[standing];
      const certain = map.cells.probabilities[standing * map.cells.topK] ?? 0;
      const entry = changeEntry(change ?? 'none', certain);
      dark[cell] = darkEntries[entry] ? 1 : 0;
      return entry;
    }),
  );
  return { palette, entries, dark };
}
