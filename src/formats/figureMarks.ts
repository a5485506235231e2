import { isFaithful } from '../map/faithfulness.js';
import { safeText, tokenText } from '../map/display.js';
import { gridWindow } from '../map/grid.js';
import type { Display } from '../map/mapDisplay.js';
import { vectorWords } from '../map/naming.js';
import { ringParts } from '../map/normRings.js';
import { formatShort } from '../map/numbers.js';
import type { Grid, PlaneParameters } from '../map/specification.js';
import { type Mark, type Survey, typicalNorm } from '../map/survey.js';
import { SMALLEST_SIZE } from './figureSize.js';
import type { TokenMap } from '../map/tokenMap.js';
import { type Frame, INK, type Writer } from './figureWriter.js';
import { element, escapeXml, svgNumber } from './xml.js';

/** Radius of an anchor's badge, in px. */
export const BADGE = 10;
/** Radius of another mark on the plane and far from it, in px. */
const NEAR = 4.5;
const FAR = 2.5;
/** The straight sides that the ring is drawn with, in px, at most: its bend between their ends is lost in the line. */
const SIDE = 4;
/** Names of marks, in px; those that would lie over another are left out. */
const NAME = SMALLEST_SIZE;

/** Ways through layers or positions, and the ring of the layer's typical norm: below the words of the map. */
export function drawMarkLines(
  { survey, specification }: TokenMap,
  frame: Frame,
  { marks, ring }: Pick<Display, 'marks' | 'ring'>,
): string {
  if (!survey) return '';
  const at = placing(specification.grid, frame);
  const ways = marks ? drawWays(survey.marks, at) : '';
  const lines = ways + (ring ? drawRing(survey, specification.grid, frame) : '');
  if (!lines) return '';
  const clip = 'embedding-grid-frame';
  return (
    element('clipPath', { id: clip }, element('rect', { ...frame })) +
    element('g', { 'clip-path': `url(#${clip})` }, lines)
  );
}

/** Real things at their places: anchors with their letters, and overlays. */
export function drawMarks({ survey, specification }: TokenMap, frame: Frame, write: Writer): string {
  if (!survey) return '';
  const at = placing(specification.grid, frame);
  const inside = survey.marks.filter((mark) => isInside(mark, specification.grid));
  const boxes: Box[] = inside
    .filter(({ kind }) => kind === 'anchor')
    .map((mark) => ({ ...centered(at(mark.x, mark.y), 2 * BADGE), mark }));
  const dots = inside
    .filter(({ kind }) => kind !== 'anchor')
    .map((mark) => drawDot(mark, at(mark.x, mark.y), survey, boxes, frame, write));
  const anchors = boxes.flatMap(({ mark, x, y }) =>
    mark ? [drawBadge(mark, { x: x + BADGE, y: y + BADGE }, write)] : [],
  );
  return dots.join('') + anchors.join('');
}

/** Whether a mark stands in the window. */
function isInside({ x, y }: Mark, grid: Grid): boolean {
  const { x0, x1, y0, y1 } = gridWindow(grid);
  return x >= x0 && x <= x1 && y >= y0 && y <= y1;
}

/** From plane coordinates to the figure's. */
function placing(grid: Grid, frame: Frame): At {
  const { x0, x1, y0, y1 } = gridWindow(grid);
  return (x, y) => ({
    x: frame.x + ((x - x0) / (x1 - x0)) * frame.width,
    y: frame.y + ((y1 - y) / (y1 - y0)) * frame.height,
  });
}

type At = (x: number, y: number) => FigurePoint;

interface FigurePoint {
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly mark?: Mark;
}

const centered = ({ x, y }: FigurePoint, size: number): Box => ({
  x: x - size / 2,
  y: y - size / 2,
  width: size,
  height: size,
});

const apart = (a: Box, b: Box): boolean =>
  a.x > b.x + b.width || a.x + a.width < b.x || a.y > b.y + b.height || a.y + a.height < b.y;

/** A line that is seen on any ground: white, on a wider dark one. */
function twoTone(d: string, width: number): string {
  const pen = { d, fill: 'none', 'stroke-linejoin': 'round' };
  return (
    element('path', { ...pen, stroke: '#000000', 'stroke-opacity': 0.65, 'stroke-width': width + 1.75 }) +
    element('path', { ...pen, stroke: '#ffffff', 'stroke-width': width })
  );
}

/** A way from place to place, as a path. */
const through = (places: readonly FigurePoint[]): string =>
  places.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${svgNumber(x)} ${svgNumber(y)}`).join('');

/** From mark to mark of a way through layers or positions. */
function drawWays(marks: readonly Mark[], at: At): string {
  let d = '';
  marks.forEach((mark, i) => {
    const before = marks[i - 1];
    if ((mark.kind !== 'layers' && mark.kind !== 'positions') || before?.overlay !== mark.overlay) return;
    d += through([at(before.x, before.y), at(mark.x, mark.y)]);
  });
  return d && twoTone(d, 1.25);
}

/** As much of the ring as the figure shows, smooth however small a part of it that is. */
function drawRing({ norms, gram }: Survey, grid: Grid, frame: Frame): string {
  if (!norms) return '';
  const at = placing(grid, frame);
  const grain = grid.spacing * SIDE * Math.min(grid.columns / frame.width, grid.rows / frame.height);
  const d = ringParts(gram, typicalNorm(norms), gridWindow(grid), grain)
    .map((part) =>
      through(Array.from({ length: part.length / 2 }, (_, i) => at(part[2 * i] ?? 0, part[2 * i + 1] ?? 0))),
    )
    .join('');
  return d && twoTone(d, 1.25);
}

/** A dot with its name where there is room: smaller the farther it is from the plane. */
function drawDot(mark: Mark, place: FigurePoint, { norms }: Survey, boxes: Box[], frame: Frame, write: Writer): string {
  const typical = norms ? typicalNorm(norms) : mark.norm;
  const near = typical > 0 ? Math.max(0, 1 - mark.distance / typical) : 1;
  const name = nameOf(mark);
  const radius = FAR + (NEAR - FAR) * near;
  const dot = element(
    'circle',
    {
      cx: place.x,
      cy: place.y,
      r: radius,
      fill: '#ffffff',
      'fill-opacity': isFaithful(mark) === false ? 0 : 0.3 + 0.7 * near,
      stroke: INK,
      'stroke-width': 1.25,
    },
    element('title', {}, escapeXml(`${name}, ${formatShort(mark.distance)} from the plane${saysWords(mark)}`)),
  );
  const width = write.font.measure(name, 600) * NAME;
  const box: Box = { x: place.x + 7, y: place.y - 0.7 * NAME, width, height: 1.4 * NAME };
  const fits = box.x + width < frame.x + frame.width && boxes.every((other) => apart(box, other));
  if (!fits || name === '') return dot;
  boxes.push(box);
  const look = { x: box.x, y: place.y + 0.36 * NAME, size: NAME, weight: 600, fill: INK, halo: '#ffffff' } as const;
  return dot + write.line(name, look);
}

/** What is said of a text, and where it stands. */
function saysWords({ says }: Mark): string {
  if (!says) return '';
  const { own, state, foot } = says;
  return `; the model says ${tokenText(own.token, 24)}, its state here ${tokenText(state.token, 24)}, its foot ${tokenText(foot.token, 24)}`;
}

function nameOf(mark: Mark): string {
  if (mark.kind === 'layers') return mark.layer === 'embeddings' ? 'embeddings' : String(mark.layer ?? '');
  if (mark.kind === 'state' || !mark.token) return safeText(mark.text, 32);
  return tokenText(mark.token, 24);
}

/** A letter on a disk. */
function drawBadge({ badge = 'A', text }: Mark, { x, y }: FigurePoint, write: Writer): string {
  const disk = { cx: x, cy: y, r: BADGE - 0.75, fill: '#ffffff', stroke: INK, 'stroke-width': 1.5 };
  const name = text ? element('title', {}, escapeXml(`${badge}: ${safeText(text)}`)) : '';
  return (
    element('circle', disk, name) +
    write.line(badge, { x, y: y + 4.3, size: 12, weight: 600, anchor: 'middle', fill: INK })
  );
}

/** What an anchor stands for; of tokens their text, which the model's tokenizer has told. */
function anchorWords({ badge, text }: Mark, { axes, center }: PlaneParameters): string {
  const directions = axes.method === 'directions' ? axes : undefined;
  const source = badge === 'B' ? directions?.x : badge === 'C' ? directions?.y : center;
  if (!source || (source.kind === 'tokens' && text !== '')) return `“${safeText(text, 60)}”`;
  return vectorWords(source);
}

export interface AnchorKey {
  readonly svg: string;
  readonly height: number;
}

/** What the letters stand for, in as many lines as it takes: place and text of each. */
export function anchorKey(
  map: TokenMap,
  write: Writer,
  { x, y, room }: { readonly x: number; readonly y: number; readonly room: number },
): AnchorKey {
  const size = 13;
  const anchors = (map.survey?.marks ?? []).filter(({ kind }) => kind === 'anchor');
  let [left, line, svg] = [x, 0, ''];
  for (const mark of anchors) {
    const place = `(${[mark.x, mark.y].map((value) => formatShort(Math.round(value * 1e4) / 1e4)).join(', ')})`;
    const outside = isInside(mark, map.specification.grid) ? '' : ', outside';
    const words = `${place}  ${anchorWords(mark, map.specification.plane)}${outside}`;
    const width = 2 * BADGE + 6 + write.font.measure(words, 400) * size + 28;
    if (left > x && left + width - 28 > x + room) [left, line] = [x, line + 1];
    const top = y + line * 26;
    svg += drawBadge(mark, { x: left + BADGE, y: top }, write);
    svg += write.line(words, { x: left + 2 * BADGE + 6, y: top + 4.6, size });
    left += width;
  }
  return { svg, height: anchors.length > 0 ? 26 * (line + 1) - 4 : 0 };
}
