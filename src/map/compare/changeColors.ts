import { type Rgb, rgbOfOklch, type ScaleName } from '../colors.js';
import type { CellChange } from './agreement.js';

const SHADES = 256;
/** Entries behind the shades of a change: nothing has changed; what has changed is within rounding. */
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

/** The colors of changes: orange, darker where both sides are more certain; gray where nothing has changed, or within rounding. */
export function changeColors(scale: ScaleName): readonly Rgb[] {
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

/** Place of a cell's color among {@link changeColors}. @param certainty of its less certain side, 0 ... 1 */
export const changeEntry = (change: CellChange, certainty: number): number =>
  change === 'none'
    ? UNCHANGED
    : change === 'rounding'
      ? ROUNDING
      : Math.round(Math.min(1, Math.max(0, certainty)) * (SHADES - 1));
