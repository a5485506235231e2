import { type Coloring, coloringColors } from '../../src/map/coloring.js';
import { isDark, oklabOf, type Rgb, rgbOfOklch, type ScaleName, tokenColor } from '../../src/map/colors.js';
import type { Cells } from '../../src/map/tokenMap.js';
import type { Terrain } from './terrain.js';

/** How cells are colored. */
export interface PaintOptions {
  readonly coloring: Coloring;
  readonly scale: ScaleName;
  /** Color slot of a token. */
  readonly slot: (token: number) => number;
}

/** Colors of a map's cells, as entries of a palette. */
export interface Paint {
  readonly palette: readonly Rgb[];
  /** [rows][columns] palette entry of each cell, row 0 with the smallest y; NaN where there is nothing yet. */
  readonly entries: readonly Float32Array[];
  /** [columns * rows] 1 where a cell is dark: ink and borders on it are white. */
  readonly dark: Uint8Array;
}

/** Shades of one token's color. */
const SHADES = 64;

export function paintOf(cells: Cells, terrain: Terrain, options: PaintOptions): Paint {
  const { columns, rows, stand, top } = terrain;
  const palette: Rgb[] = [];
  const shadesOf = new Map<number, number>();
  const { coloring } = options;
  const byToken = coloring.colorBy === 'token';
  if (!byToken) palette.push(...coloringColors(coloring, options.scale));
  const first = (token: number): number => {
    const slot = options.slot(token);
    const known = shadesOf.get(slot);
    if (known !== undefined) return known;
    const start = palette.length;
    shadesOf.set(slot, start);
    for (let shade = 0; shade < SHADES; shade++) palette.push(tokenColor(options.scale, slot, shade / (SHADES - 1)));
    return start;
  };
  const entries = Array.from({ length: rows }, () => new Float32Array(columns).fill(NaN));
  entries.forEach((row, r) => {
    for (let column = 0; column < columns; column++) {
      const cell = r * columns + column;
      const standing = stand[cell] ?? -1;
      if (standing < 0) continue;
      const part = Math.min(1, Math.max(0, coloring.part(cells, standing) || 0));
      row[column] = byToken ? first(top[cell] ?? -1) + Math.round(part * (SHADES - 1)) : Math.round(part * 255);
    }
  });
  const darkEntries = palette.map(isDark);
  const dark = new Uint8Array(columns * rows);
  entries.forEach((row, r) =>
    row.forEach((entry, column) => (dark[r * columns + column] = darkEntries[entry] ? 1 : 0)),
  );
  return { palette, entries, dark };
}

/** Mean color of a rectangle of cells, for what is written over it. */
export function meanColor(paint: Paint, column: number, row: number, columns: number, rows: number): Rgb {
  const sum = [0, 0, 0];
  let count = 0;
  for (let r = Math.max(0, row); r < row + rows; r++) {
    for (let c = Math.max(0, column); c < column + columns; c++) {
      const color = paint.palette[paint.entries[r]?.[c] ?? NaN];
      if (!color) continue;
      count++;
      color.forEach((channel, i) => (sum[i] = (sum[i] ?? 0) + channel));
    }
  }
  const mean = (i: number): number => (count ? (sum[i] ?? 0) / count : 128);
  return [mean(0), mean(1), mean(2)];
}

/** Color of one confidence, for a legend or a swatch. Without a slot tokens' lightness is shown in gray. */
export function legendColor(coloring: Coloring, scale: ScaleName, part: number, slot?: number): Rgb {
  if (coloring.colorBy !== 'token')
    return coloringColors(coloring, scale)[Math.round(Math.min(1, Math.max(0, part)) * 255)] ?? [0, 0, 0];
  const color = tokenColor(scale, slot ?? 0, part);
  return slot === undefined ? rgbOfOklch(oklabOf(color)[0], 0, 0) : color;
}

export const cssColor = ([red, green, blue]: Rgb, opacity = 1): string =>
  `rgba(${Math.round(red)}, ${Math.round(green)}, ${Math.round(blue)}, ${opacity})`;
