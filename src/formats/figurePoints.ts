import { safeText } from '../map/display.js';
import { gridWindow } from '../map/grid.js';
import { groupedPoints, separabilityWords } from '../map/overlayTexts.js';
import type { Shape } from '../map/textPoints.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { AnchorKey } from './figureMarks.js';
import { SMALLEST_SIZE } from './figureSize.js';
import type { Frame, Writer } from './figureWriter.js';
import { element, svgNumber } from './xml.js';

/** Half of a point's size, in px: of many it is smaller. */
const [LARGE, SMALL, MANY] = [3.6, 2.2, 1500];
/** Groups that are named in the key, at most. */
const MOST_NAMED = 24;
const HALO = '#ffffff';

const n = (value: number): string => svgNumber(Math.round(value * 100) / 100);

/** A point as a part of a path. */
function outline(shape: Shape, x: number, y: number, r: number): string {
  switch (shape) {
    case 'circle':
      return `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 0 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 0 ${n(-2 * r)} 0z`;
    case 'square':
      return `M${n(x - 0.9 * r)} ${n(y - 0.9 * r)}h${n(1.8 * r)}v${n(1.8 * r)}h${n(-1.8 * r)}z`;
    case 'triangle':
      return `M${n(x)} ${n(y - 1.2 * r)}l${n(1.1 * r)} ${n(2 * r)}h${n(-2.2 * r)}z`;
    case 'diamond':
      return `M${n(x)} ${n(y - 1.3 * r)}l${n(1.3 * r)} ${n(1.3 * r)}l${n(-1.3 * r)} ${n(1.3 * r)}l${n(-1.3 * r)} ${n(-1.3 * r)}z`;
    case 'cross':
      return `M${n(x - r)} ${n(y - 0.4 * r)}h${n(0.6 * r)}v${n(-0.6 * r)}h${n(0.8 * r)}v${n(0.6 * r)}h${n(0.6 * r)}v${n(0.8 * r)}h${n(-0.6 * r)}v${n(0.6 * r)}h${n(-0.8 * r)}v${n(-0.6 * r)}h${n(-0.6 * r)}z`;
  }
}

const painted = (d: string, color: string): string =>
  element('path', { d, fill: color, stroke: HALO, 'stroke-width': 0.6, 'stroke-opacity': 0.8 });

/** Texts at their places, a path for each group; those outside the window are left out. */
export function drawPoints({ survey, specification }: TokenMap, frame: Frame): string {
  const { x0, x1, y0, y1 } = gridWindow(specification.grid);
  let svg = '';
  for (const { points, groups, of } of groupedPoints(specification, survey?.points)) {
    const r = points.x.length > MANY ? SMALL : LARGE;
    const paths = groups.map(() => '');
    points.x.forEach((x, i) => {
      const [y, group] = [points.y[i] ?? NaN, of[i] ?? 0];
      if (!(x >= x0 && x <= x1 && y >= y0 && y <= y1)) return;
      const left = frame.x + ((x - x0) / (x1 - x0)) * frame.width;
      const top = frame.y + ((y1 - y) / (y1 - y0)) * frame.height;
      paths[group] = (paths[group] ?? '') + outline(groups[group]?.shape ?? 'circle', left, top, r);
    });
    groups.forEach(({ color }, group) => (svg += paths[group] ? painted(paths[group], color) : ''));
  }
  return svg;
}

/** What colors and shapes of texts mean, in as many lines as it takes, and how well labels are told apart. */
export function pointsKey(
  { survey, specification }: TokenMap,
  write: Writer,
  { x, y, room }: { readonly x: number; readonly y: number; readonly room: number },
): AnchorKey {
  const size = Math.max(SMALLEST_SIZE, 12);
  const lineHeight = size + 8;
  let [left, line, svg] = [x, 0, ''];
  const overlays = groupedPoints(specification, survey?.points);
  const next = (): void => void ([left, line] = [x, line + 1]);
  for (const { points, groups } of overlays) {
    const named = groups.filter(({ name }) => name !== '');
    for (const { name, color, shape, count } of named.slice(0, MOST_NAMED)) {
      const words = `${safeText(name, 40)} (${count})`;
      const width = 20 + write.font.measure(words, 400) * size + 16;
      if (left > x && left + width > x + room) next();
      const middle = y + line * lineHeight;
      svg += painted(outline(shape, left + 6, middle, 5), color);
      svg += write.line(words, { x: left + 18, y: middle + 0.36 * size, size });
      left += width;
    }
    if (named.length > MOST_NAMED) {
      const more = `and ${named.length - MOST_NAMED} more`;
      svg += write.line(more, { x: left, y: y + line * lineHeight + 0.36 * size, size });
    }
    if (left > x) next();
    const { separability } = points;
    if (!separability) continue;
    for (const text of write.lines([separabilityWords(separability)], size, 400, room, ' ')) {
      svg += write.line(text, { x, y: y + line * lineHeight + 0.36 * size, size });
      next();
    }
  }
  return { svg, height: line * lineHeight };
}
