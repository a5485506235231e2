import type { BorderLines } from '../map/borderLines.js';
import { BORDER, hexOf, isDark } from '../map/colors.js';
import { bordersOf, type Outlined, outlinesOf, type Patch, patchesOf } from '../map/outlines.js';
import type { CellColors, TokenColors } from './figureParts.js';
import type { Frame } from './figureWriter.js';
import { element, svgNumber } from './xml.js';

/** Borders that would cover more than this part of the map are left out, and it is said; so are more pieces than this. */
const MOST_INK = 0.3;
const MOST_BORDERS = 200_000;

/** Borders as a figure has them. */
export interface FigureBorders {
  /** There are too many to draw, so that there are none; or they are drawn between cells where nothing is known but at the cells. */
  readonly kind: 'crowded' | 'interpolated' | 'known';
  readonly svg: string;
}

export const BORDER_WORDS: Readonly<Record<Exclude<FigureBorders['kind'], 'known'>, string>> = {
  crowded: 'borders left out: too many to draw',
  interpolated: 'borders interpolated between cells',
};

/** The borders of a map and, where color is the token, the colors up to them. @param width of a border, in px */
export function drawBorders(outlined: Outlined, colors: CellColors, frame: Frame, width: number): FigureBorders {
  const dark = Uint8Array.from(outlined.top, (_, cell) => Number(isDark(colors.color(cell) ?? [255, 255, 255])));
  const outlines = outlinesOf(outlined);
  const borders = bordersOf(outlined, outlines, { dark, alike: colors.ofTokens?.alike });
  const at: Placing = {
    x: (column) => svgNumber(frame.x + (column / outlined.columns) * frame.width),
    y: (row) => svgNumber(frame.y + (1 - row / outlined.rows) * frame.height),
  };
  if (areCrowded(borders, outlined, frame)) return { kind: 'crowded', svg: '' };
  const patches = colors.ofTokens ? drawPatches(patchesOf(outlined, outlines), colors.ofTokens, at) : '';
  return {
    kind: outlines.kind === 'interpolated' && borders.length > 0 ? 'interpolated' : 'known',
    svg: patches + borders.map((lines) => drawLines(lines, width, at)).join(''),
  };
}

/** From grid coordinates to the figure's. */
interface Placing {
  readonly x: (column: number) => string;
  readonly y: (row: number) => string;
}

function areCrowded(borders: readonly BorderLines[], { columns, rows }: Outlined, frame: Frame): boolean {
  let ink = 0;
  let count = 0;
  for (const { pieces } of borders) {
    count += pieces.length / 4;
    for (let i = 0; i < pieces.length; i += 4) {
      const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = pieces.subarray(i, i + 4);
      ink += Math.hypot(((x1 - x0) / columns) * frame.width, ((y1 - y0) / rows) * frame.height) * BORDER.width;
    }
  }
  return count > MOST_BORDERS || ink > MOST_INK * frame.width * frame.height;
}

function drawLines({ onDark, heavy, pieces }: BorderLines, width: number, { x, y }: Placing): string {
  let d = '';
  for (let i = 0; i < pieces.length; i += 4) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = pieces.subarray(i, i + 4);
    d += `M${x(x0)} ${y(y0)}${x0 === x1 ? `V${y(y1)}` : y0 === y1 ? `H${x(x1)}` : `L${x(x1)} ${y(y1)}`}`;
  }
  const linecap = pieces instanceof Float64Array ? 'round' : 'square';
  const pen = { 'stroke-width': heavy ? width * BORDER.heavier : width, 'stroke-linecap': linecap };
  const { color: stroke, opacity } = BORDER[onDark ? 'onDark' : 'onLight'];
  return element('path', { d, fill: 'none', stroke, 'stroke-opacity': opacity, ...pen });
}

/** Those of one color are one path: between them no seam is seen. */
function drawPatches(patches: readonly Patch[], { color }: TokenColors, { x, y }: Placing): string {
  const byColor = new Map<string, string>();
  for (const { token, cell, points } of patches) {
    let d = '';
    for (let i = 0; i < points.length; i += 2)
      d += `${i === 0 ? 'M' : 'L'}${x(points[i] ?? 0)} ${y(points[i + 1] ?? 0)}`;
    const fill = hexOf(color(token, cell));
    byColor.set(fill, `${byColor.get(fill) ?? ''}${d}Z`);
  }
  return Array.from(byColor, ([fill, d]) => element('path', { fill, d })).join('');
}
