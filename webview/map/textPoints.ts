import { gridPoint } from '../../src/map/grid.js';
import { groupedPoints, type GroupedPoints } from '../../src/map/overlayTexts.js';
import type { PlanePoint } from '../../src/map/profile.js';
import type { Grid } from '../../src/map/specification.js';
import type { Shape, TextGroup } from '../../src/map/textPoints.js';
import type { PageMap } from '../pageMap.js';
import { placeInside } from './lasso.js';
import type { Projection, Size } from './view.js';

/** Half of a point's size, in px; where there are many it is smaller. */
const [LARGE, SMALL, MANY] = [4.5, 3, 1500];
const NEAR_ENOUGH = 9;
/** What is not selected is as faint. */
const FAINT = 0.22;

/** A text of a map. */
export interface ShownText {
  readonly x: number;
  readonly y: number;
  readonly distance: number;
  readonly text: string;
  readonly group: TextGroup;
}

/** All texts of a map's overlays, one list; groups of one name are one. */
export interface ShownTexts {
  readonly all: readonly ShownText[];
  readonly overlays: readonly GroupedPoints[];
}

const known = new WeakMap<object, ShownTexts>();
const NONE: ShownTexts = { all: [], overlays: [] };

/** The texts that stand on a map's plane. */
export function textsOf(map: PageMap | null): ShownTexts {
  const points = map?.survey?.points;
  if (!map || !points) return NONE;
  const before = known.get(points);
  if (before) return before;
  const overlays = groupedPoints(map.specification, points);
  const all = overlays.flatMap(({ points: { x, y, distance }, table, groups, of }) =>
    x.flatMap((at, i): ShownText[] => {
      const group = groups[of[i] ?? 0];
      return group ? [{ x: at, y: y[i] ?? NaN, distance: distance[i] ?? NaN, text: table.texts[i] ?? '', group }] : [];
    }),
  );
  const texts = { all, overlays };
  known.set(points, texts);
  return texts;
}

/** What of the texts a person looks at: groups that are not hidden, inside of a line that was drawn around them. */
export interface TextFilter {
  readonly hiddenGroups: readonly string[];
  readonly lasso: readonly PlanePoint[] | null;
}

const isShown = ({ group }: ShownText, { hiddenGroups }: Pick<TextFilter, 'hiddenGroups'>): boolean =>
  !hiddenGroups.includes(group.name);
export const isSelected = (text: ShownText, filter: TextFilter): boolean =>
  isShown(text, filter) && (filter.lasso === null || placeInside(text, filter.lasso));

/** Index of the text at a point of the frame in px, the nearest of those that are close; null for none. */
export function textAt(
  { all }: ShownTexts,
  filter: TextFilter,
  grid: Grid,
  at: Projection,
  x: number,
  y: number,
): number | null {
  let found: number | null = null;
  let least = NEAR_ENOUGH;
  all.forEach((text, i) => {
    const place = gridPoint(grid, text);
    const away = Math.hypot(at.x(place.x) - x, at.y(place.y) - y);
    if (away >= least || !isShown(text, filter)) return;
    least = away;
    found = i;
  });
  return found;
}

/** Draws texts as points, what is not selected faintly, and the line around them. `pointed`: index of the one that is pointed at. */
export function drawTexts(
  context: CanvasRenderingContext2D,
  { all }: ShownTexts,
  filter: TextFilter,
  grid: Grid,
  at: Projection,
  size: Size,
  pointed: number | null,
): void {
  const r = all.length > MANY ? SMALL : LARGE;
  const ratio = window.devicePixelRatio;
  const half = spriteHalf(r);
  const draw = (text: ShownText, scale = 1): void => {
    const place = gridPoint(grid, text);
    const [x, y] = [at.x(place.x), at.y(place.y)];
    if (x < -half || y < -half || x > size.width + half || y > size.height + half) return;
    const side = 2 * half * scale;
    context.drawImage(spriteOf(text.group, r, ratio), x - side / 2, y - side / 2, side, side);
  };
  const [selected, others]: [ShownText[], ShownText[]] = [[], []];
  for (const text of all) {
    if (!isShown(text, filter)) continue;
    (filter.lasso === null || placeInside(text, filter.lasso) ? selected : others).push(text);
  }
  context.globalAlpha = FAINT;
  for (const text of others) draw(text);
  context.globalAlpha = 1;
  for (const text of selected) draw(text);
  const one = pointed === null ? undefined : all[pointed];
  if (one) draw(one, 1.8);
  if (filter.lasso) drawLasso(context, filter.lasso, grid, at);
}

function drawLasso(context: CanvasRenderingContext2D, lasso: readonly PlanePoint[], grid: Grid, at: Projection): void {
  context.beginPath();
  lasso.forEach((point, i) => {
    const place = gridPoint(grid, point);
    if (i === 0) context.moveTo(at.x(place.x), at.y(place.y));
    else context.lineTo(at.x(place.x), at.y(place.y));
  });
  context.closePath();
  for (const [color, width, dash] of [
    ['rgba(0, 0, 0, 0.75)', 3, []],
    ['#ffffff', 1.25, [5, 4]],
  ] as const) {
    context.setLineDash([...dash]);
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }
  context.setLineDash([]);
}

const spriteHalf = (r: number): number => Math.ceil(1.4 * r + 1.5);
const sprites = new Map<string, HTMLCanvasElement>();
const MOST_SPRITES = 500;

/** A point of a group, drawn once. */
function spriteOf({ color, shape }: TextGroup, r: number, ratio: number): HTMLCanvasElement {
  const key = `${color} ${shape} ${r} ${ratio}`;
  const before = sprites.get(key);
  if (before) return before;
  const canvas = document.createElement('canvas');
  const half = spriteHalf(r);
  canvas.width = canvas.height = Math.ceil(2 * half * ratio);
  const context = canvas.getContext('2d');
  if (context) {
    context.scale(canvas.width / (2 * half), canvas.height / (2 * half));
    context.translate(half, half);
    traceShape(context, shape, r);
    context.lineJoin = 'round';
    context.strokeStyle = 'rgba(0, 0, 0, 0.85)';
    context.lineWidth = 2;
    context.stroke();
    context.fillStyle = color;
    context.fill();
    context.strokeStyle = '#ffffff';
    context.lineWidth = 0.75;
    context.stroke();
  }
  if (sprites.size >= MOST_SPRITES) sprites.clear();
  sprites.set(key, canvas);
  return canvas;
}

/** The outline of a point around (0, 0). */
export function traceShape(context: CanvasRenderingContext2D, shape: Shape, r: number): void {
  context.beginPath();
  if (shape === 'circle') return context.arc(0, 0, r, 0, 2 * Math.PI);
  const points = OUTLINES[shape];
  points.forEach(([x, y], i) => (i === 0 ? context.moveTo(x * r, y * r) : context.lineTo(x * r, y * r)));
  context.closePath();
}

const CROSS = 0.4;
const OUTLINES: Readonly<Record<Exclude<Shape, 'circle'>, readonly (readonly [number, number])[]>> = {
  square: [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  triangle: [
    [0, -1.2],
    [1.1, 0.8],
    [-1.1, 0.8],
  ],
  diamond: [
    [0, -1.3],
    [1.3, 0],
    [0, 1.3],
    [-1.3, 0],
  ],
  cross: [
    [-1, -CROSS],
    [-CROSS, -CROSS],
    [-CROSS, -1],
    [CROSS, -1],
    [CROSS, -CROSS],
    [1, -CROSS],
    [1, CROSS],
    [CROSS, CROSS],
    [CROSS, 1],
    [-CROSS, 1],
    [-CROSS, CROSS],
    [-1, CROSS],
  ],
};
