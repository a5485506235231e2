import { t } from '@vscode/l10n';
import { ringParts } from '../../src/map/normRings.js';
import type { Grid } from '../../src/map/specification.js';
import { type Survey, typicalNorm } from '../../src/map/survey.js';
import type { Theme } from '../theme.js';
import { planeX, planeY } from './legend.js';
import { BADGE, markPlace, type Place } from './overlayMarks.js';
import type { Projection } from './view.js';

/** A part of the frame, in px from its upper left corner. */
export interface PixelBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Leaves the boxes of labels out of what is drawn next. */
function clipOut(context: CanvasRenderingContext2D, { size }: Projection, boxes: readonly PixelBox[]): void {
  for (const { x, y, width, height } of boxes) {
    context.beginPath();
    context.rect(0, 0, size.width, size.height);
    context.rect(x, y, width, height);
    context.clip('evenodd');
  }
}

/** Straight sides that a ring across the window is drawn with, at least. */
const SIDES = 60;

/**
 * Where |h| is the layer's typical norm, and thinner, where 5 % and 95 % of real hidden states are shorter.
 * @returns what writes their names, above whatever else was drawn meanwhile
 */
export function drawRings(
  context: CanvasRenderingContext2D,
  { gram, norms, marks }: Survey,
  grid: Grid,
  at: Projection,
  theme: Theme,
  labels: readonly PixelBox[],
): () => void {
  if (!norms) return () => undefined;
  const typical = typicalNorm(norms);
  const { view } = at;
  const window = {
    x0: planeX(grid, view.x),
    x1: planeX(grid, view.x + view.width),
    y0: planeY(grid, view.y),
    y1: planeY(grid, view.y + view.height),
  };
  const badges = marks.filter(({ kind }) => kind === 'anchor').map((mark) => markPlace(mark, grid, at));
  const lines = [
    { norm: norms.quantiles[1] ?? 0, width: 1, dash: [3, 4], name: t('5% are shorter') },
    { norm: norms.quantiles[19] ?? 0, width: 1, dash: [3, 4], name: t('95% are shorter') },
    { norm: typical, width: 1.5, dash: [], name: t('typical norm') },
  ];
  context.font = `10px ${theme.font}`;
  const tops: { readonly name: string; readonly half: number; readonly places: readonly Place[] }[] = [];
  for (const { norm, width, dash, name } of lines) {
    const parts = ringParts(gram, norm, window, (view.width * grid.spacing) / SIDES);
    if (parts.length === 0) continue;
    const path = new Path2D();
    const places: Place[] = [];
    for (const part of parts) {
      for (let i = 0; i < part.length; i += 2) {
        const place = markPlace({ x: part[i] ?? 0, y: part[i + 1] ?? 0 }, grid, at);
        places.push(place);
        if (i === 0) path.moveTo(place.x, place.y);
        else path.lineTo(place.x, place.y);
      }
    }
    context.save();
    // What is written stays to be read: the line passes below it.
    clipOut(context, at, labels);
    context.strokeStyle = 'rgba(0, 0, 0, 0.55)';
    context.lineWidth = width + 1.5;
    context.setLineDash(dash);
    context.stroke(path);
    context.strokeStyle = 'rgba(255, 255, 255, 0.9)';
    context.lineWidth = width;
    context.stroke(path);
    context.restore();
    tops.push({ name, half: context.measureText(name).width / 2 + 3, places });
  }
  return () => {
    context.font = `10px ${theme.font}`;
    drawNames(context, tops, { at, badges, labels });
  };
}

/** Height of a ring's name with the gap below it, in px. */
const NAME_HEIGHT = 14;

/** Writes each ring's name at the highest of its places that has room, the last ring's first; one that has none is left out. */
function drawNames(
  context: CanvasRenderingContext2D,
  rings: readonly { readonly name: string; readonly half: number; readonly places: readonly Place[] }[],
  { at, badges, labels }: { at: Projection; badges: readonly Place[]; labels: readonly PixelBox[] },
): void {
  const taken = [...labels];
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.lineJoin = 'round';
  context.lineWidth = 3;
  for (const { name, half, places } of rings.toReversed()) {
    const xs = places.map(({ x }) => x);
    // A name that is wider than its ring would lie over the others.
    if (Math.max(...xs) - Math.min(...xs) < 2 * half) continue;
    let top: Place | undefined;
    for (const place of places) if (!(top && top.y <= place.y) && hasRoom(place, half, at, badges, taken)) top = place;
    if (!top) continue;
    taken.push({ x: top.x - half, y: top.y - NAME_HEIGHT, width: 2 * half, height: NAME_HEIGHT });
    context.strokeStyle = 'rgba(0, 0, 0, 0.7)';
    context.strokeText(name, top.x, top.y - 3);
    context.fillStyle = '#ffffff';
    context.fillText(name, top.x, top.y - 3);
  }
}

/** Whether a name of half a width has room above a point of its ring: in the frame, and clear of badges and of what is written. */
function hasRoom(
  { x, y }: Place,
  half: number,
  { size }: Projection,
  badges: readonly Place[],
  taken: readonly PixelBox[],
): boolean {
  const height = NAME_HEIGHT;
  const inside = x > half && x < size.width - half && y > height && y < size.height - height;
  return (
    inside &&
    taken.every(
      (box) => x + half < box.x || x - half > box.x + box.width || y < box.y || y - height > box.y + box.height,
    ) &&
    badges.every(
      (badge) => Math.abs(badge.x - x) > half + BADGE || Math.abs(badge.y - y + height / 2) > height / 2 + BADGE,
    )
  );
}
