import { isDark, type Rgb, rgbOfOklch, type ScaleName } from '../../src/map/colors.js';
import type { Paint } from '../map/paint.js';
import type { Terrain } from '../map/terrain.js';
import type { PageMap } from '../pageMap.js';
import type { Changes } from './changes.js';

const SHADES = 256;
/** Entries of the palette behind the shades of a change: nothing has changed; what has changed is within rounding. */
const UNCHANGED = SHADES;
const ROUNDING = SHADES + 1;

/** From a change of which one side is unsure to one of which both are certain; lightness of all else. */
const LIGHTNESS: Readonly<
  Record<ScaleName, { readonly unsure: number; readonly sure: number; readonly same: number }>
> = {
  light: { unsure: 0.92, sure: 0.5, same: 0.86 },
  dark: { unsure: 0.76, sure: 0.46, same: 0.36 },
};
const ORANGE = 60;

const palettes = new Map<ScaleName, readonly Rgb[]>();

function paletteOf(scale: ScaleName): readonly Rgb[] {
  const known = palettes.get(scale);
  if (known) return known;
  const { unsure, sure, same } = LIGHTNESS[scale];
  const shades = Array.from({ length: SHADES }, (_, i): Rgb => {
    const part = i / (SHADES - 1);
    return rgbOfOklch(unsure + (sure - unsure) * part, 0.055 + 0.07 * part, ORANGE);
  });
  const palette = [...shades, rgbOfOklch(same, 0.006, 285), rgbOfOklch(same, 0.006, 285)];
  palettes.set(scale, palette);
  return palette;
}

/** The color of a change whose less certain side has this probability. */
export const changeColor = (scale: ScaleName, probability: number): Rgb =>
  paletteOf(scale)[Math.round(Math.min(1, Math.max(0, probability)) * (SHADES - 1))] ?? [0, 0, 0];

/** Unchanged cells gray; changed ones orange, darker where both sides are more certain; within rounding gray as well. */
export function paintOfChanges(map: PageMap, changes: Changes, terrain: Terrain, scale: ScaleName): Paint {
  const { columns, rows, stand } = terrain;
  const palette = paletteOf(scale);
  const darkEntries = palette.map(isDark);
  const dark = new Uint8Array(columns * rows);
  const entries = Array.from({ length: rows }, (_, row) =>
    Float32Array.from({ length: columns }, (__, column) => {
      const cell = row * columns + column;
      const standing = stand[cell] ?? -1;
      if (standing < 0) return NaN;
      const change = changes.agreement.changes[standing];
      const certain = map.cells.probabilities[standing * map.cells.topK] ?? 0;
      const entry =
        change === 'none' ? UNCHANGED : change === 'rounding' ? ROUNDING : Math.round(certain * (SHADES - 1));
      dark[cell] = darkEntries[entry] ? 1 : 0;
      return entry;
    }),
  );
  return { palette, entries, dark };
}
