import { t } from '@vscode/l10n';
import { safeText, tokenText } from '../../src/map/display.js';
import { isFaithful } from '../../src/map/faithfulness.js';
import { gridPoint } from '../../src/map/grid.js';
import { formatTimes } from '../../src/map/normsText.js';
import { formatFixed, formatPercent } from '../../src/map/numbers.js';
import type { Grid } from '../../src/map/specification.js';
import { type Mark, type Said, type Survey, typicalNorm } from '../../src/map/survey.js';
import { isHighContrast, type Theme } from '../theme.js';
import type { Projection } from './view.js';

/** Radius of an anchor's badge, in px. */
export const BADGE = 9;
/** Radii of other marks, in px. */
const LARGEST = 5;
const SMALLEST = 2.5;
/** Marks farther than this from the plane, in typical norms, are as faint and small as they get. */
const FAR = 1;
const NEAR_ENOUGH = 12;

/** Where a mark, or another point of the plane, is drawn in the frame, in px. */
export function markPlace(mark: Pick<Mark, 'x' | 'y'>, grid: Grid, at: Projection): Place {
  const { x, y } = gridPoint(grid, mark);
  return { x: at.x(x), y: at.y(y) };
}

/** The mark at a point of the frame, the nearest of those that are close; null for none. Anchors go first. */
export function markAt(survey: Survey, grid: Grid, at: Projection, x: number, y: number): number | null {
  let found: number | null = null;
  let least = NEAR_ENOUGH;
  survey.marks.forEach((mark, i) => {
    const place = markPlace(mark, grid, at);
    const away = Math.hypot(place.x - x, place.y - y) - (mark.kind === 'anchor' ? 3 : 0);
    if (away >= least) return;
    least = away;
    found = i;
  });
  return found;
}

/** How near a mark is to the plane: 1 on it, 0 a typical norm away and farther. */
function nearness({ distance }: Mark, survey: Survey): number {
  const typical = survey.norms ? typicalNorm(survey.norms) : 0;
  return typical > 0 ? Math.max(0, 1 - distance / typical / FAR) : 1;
}

/** A mark in words: what it is, its norm, how far from the plane it lies. */
export function markLines(mark: Mark, survey: Survey): readonly string[] {
  const typical = survey.norms ? typicalNorm(survey.norms) : 0;
  const times = (length: number): string =>
    typical > 0 ? t('{0} × typical', formatTimes(length / typical)) : formatFixed(length, 1);
  const on = mark.distance <= 1e-4 * Math.max(mark.norm, 1e-9);
  return [
    markName(mark),
    t('Norm {0}', times(mark.norm)),
    on ? t('On the plane') : t('{0} from the plane', times(mark.distance)),
    ...saidLines(mark, survey),
  ];
}

/** What is said of a text, and where it stands; of the center, where its boundary is known. */
function saidLines({ says, badge }: Mark, { boundary }: Survey): string[] {
  if (!says) return badge === 'A' && boundary ? [t('The model says {0}', tokenText(boundary.winner, 24))] : [];
  const words = ({ token, probability }: Said): string => `${tokenText(token, 24)} (${formatPercent(probability)})`;
  return [
    t('The model says {0}', words(says.own)),
    t('Its state in this context: {0}', words(says.state)),
    t('Where it stands: {0}', words(says.foot)),
  ];
}

/** What a mark is: `A “The captain of the ship”`, `␣sea (embedding)`, `Layer 3 of “…”`. */
export function markName(mark: Mark): string {
  const text = mark.text === '' ? '' : t('“{0}”', safeText(mark.text, 60));
  const token = mark.token ? tokenText(mark.token) : '';
  switch (mark.kind) {
    case 'anchor':
      return [mark.badge, text || token].filter(Boolean).join(' ');
    case 'state':
      return text || token;
    case 'layers': {
      const layer = mark.layer === 'embeddings' ? t('Embeddings') : t('Layer {0}', mark.layer ?? '');
      return text ? t('{0} of {1}', layer, text) : layer;
    }
    case 'positions':
      return token || text;
    case 'rows':
      return token || text;
  }
}

/** Draws trajectories, marks and, on top, anchors. `pointed`: index of the mark that is pointed at. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  survey: Survey,
  grid: Grid,
  at: Projection,
  theme: Theme,
  pointed: number | null,
): void {
  const { marks } = survey;
  const places = marks.map((mark) => markPlace(mark, grid, at));
  drawWays(context, marks, places);
  marks.forEach((mark, i) => {
    const place = places[i];
    if (place && mark.kind !== 'anchor') drawDot(context, mark, place, nearness(mark, survey), i === pointed);
  });
  drawNames(context, marks, places, theme, pointed);
  marks.forEach((mark, i) => {
    const place = places[i];
    if (place && mark.kind === 'anchor') drawBadge(context, mark.badge ?? '', place, theme, i === pointed);
  });
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Lines from mark to mark of a way through layers or positions. */
function drawWays(context: CanvasRenderingContext2D, marks: readonly Mark[], places: readonly Place[]): void {
  for (const [color, width] of [
    ['rgba(0, 0, 0, 0.75)', 3],
    ['#ffffff', 1.25],
  ] as const) {
    context.beginPath();
    marks.forEach((mark, i) => {
      const [from, to] = [places[i - 1], places[i]];
      const way = mark.kind === 'layers' || mark.kind === 'positions';
      if (!from || !to || !way || marks[i - 1]?.overlay !== mark.overlay) return;
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
    });
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }
}

/**
 * A dot: a diamond for a prompt, a circle on a way, a square for a token's row. Farther away is smaller and fainter; hollow where its
 * cell says something else than the model says of the text.
 */
function drawDot(context: CanvasRenderingContext2D, mark: Mark, { x, y }: Place, near: number, pointed: boolean): void {
  const { kind } = mark;
  const hollow = isFaithful(mark) === false;
  const radius = SMALLEST + (LARGEST - SMALLEST) * near + (pointed ? 1.5 : 0) + (hollow ? 0.5 : 0);
  context.beginPath();
  if (kind === 'state') {
    const r = radius * 1.3;
    context.moveTo(x, y - r);
    context.lineTo(x + r, y);
    context.lineTo(x, y + r);
    context.lineTo(x - r, y);
    context.closePath();
  } else if (kind === 'rows') context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  else context.arc(x, y, radius, 0, 2 * Math.PI);
  context.lineWidth = 3;
  context.strokeStyle = 'rgba(0, 0, 0, 0.85)';
  context.stroke();
  if (!hollow) {
    context.fillStyle = near > 0.5 ? '#ffffff' : `rgba(255, 255, 255, ${0.25 + near})`;
    context.fill();
  }
  context.lineWidth = hollow ? 1.75 : 1.25;
  context.strokeStyle = '#ffffff';
  context.stroke();
}

/** Names beside marks, as many as do not lie over each other; the pointed one always. */
function drawNames(
  context: CanvasRenderingContext2D,
  marks: readonly Mark[],
  places: readonly Place[],
  theme: Theme,
  pointed: number | null,
): void {
  const size = 11;
  context.font = `600 ${size}px ${theme.font}`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.lineJoin = 'round';
  const anchors = places.filter((_, i) => marks[i]?.kind === 'anchor');
  const reach = BADGE + 3;
  const boxes: (readonly [number, number, number, number])[] = anchors.map(({ x, y }) => [
    x - reach,
    y - reach,
    2 * reach,
    2 * reach,
  ]);
  const order = marks.map((_, i) => i).sort((a, b) => Number(b === pointed) - Number(a === pointed));
  for (const i of order) {
    const [mark, place] = [marks[i], places[i]];
    if (!mark || !place || mark.kind === 'anchor') continue;
    const name = shortName(mark);
    const width = context.measureText(name).width;
    // What lies below a badge is named beside that.
    const above = anchors.find(({ x, y }) => Math.hypot(x - place.x, y - place.y) < reach);
    const left = above ? above.x + reach + 1 : place.x + 8;
    const top = place.y - size * 0.65;
    // A way's short names may also stand on the other side, or above or below.
    const middle = place.x - width / 2 - 2;
    const spots: readonly (readonly [number, number])[] =
      mark.kind === 'layers'
        ? [
            [left, top],
            [place.x - 12 - width, top],
            [middle, top - 14],
            [middle, top + 14],
          ]
        : [[left, top]];
    const isFree = ([x0, y0]: readonly [number, number]): boolean =>
      boxes.every(([x, y, w, h]) => x0 > x + w || x0 + width + 4 < x || y0 > y + h || y0 + size * 1.3 < y);
    const spot = spots.find(isFree) ?? (i === pointed ? spots[0] : undefined);
    if (!spot) continue;
    const box = [...spot, width + 4, size * 1.3] as const;
    boxes.push(box);
    context.lineWidth = 3;
    context.strokeStyle = 'rgba(0, 0, 0, 0.8)';
    context.strokeText(name, box[0] + 1, box[1] + size * 0.65);
    context.fillStyle = '#ffffff';
    context.fillText(name, box[0] + 1, box[1] + size * 0.65);
  }
}

const shortName = (mark: Mark): string =>
  mark.kind === 'layers'
    ? mark.layer === 'embeddings'
      ? t('emb.')
      : String(mark.layer ?? '')
    : mark.kind === 'state'
      ? safeText(mark.text || (mark.token ? tokenText(mark.token) : ''), 24)
      : mark.token
        ? tokenText(mark.token, 16)
        : safeText(mark.text, 16);

/** An anchor: its letter on a disk, dark in dark themes. */
function drawBadge(
  context: CanvasRenderingContext2D,
  letter: string,
  { x, y }: Place,
  theme: Theme,
  pointed: boolean,
): void {
  const dark = theme.kind === 'dark' || theme.kind === 'high-contrast';
  const [disk, ink] = dark ? ['#1f1f1f', '#ffffff'] : ['#ffffff', '#1a1a1a'];
  const radius = BADGE + (pointed ? 2 : 0);
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = disk;
  context.fill();
  context.lineWidth = 3;
  context.strokeStyle = disk;
  context.stroke();
  context.beginPath();
  context.arc(x, y, radius - 0.25, 0, 2 * Math.PI);
  context.lineWidth = 1.5;
  context.strokeStyle = isHighContrast(theme) && pointed ? theme.activeBorder : ink;
  context.stroke();
  context.fillStyle = ink;
  context.font = `600 11px ${theme.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(letter, x, y + 0.5);
}
