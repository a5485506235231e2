import { t } from '@vscode/l10n';
import type { Coloring } from '../../src/map/coloring.js';
import type { ScaleName } from '../../src/map/colors.js';
import type { ColorRange } from '../../src/map/mapDisplay.js';
import type { Grid } from '../../src/map/specification.js';
import type { Theme } from '../theme.js';
import { axisName, axisTicks } from './axisTicks.js';
import type { Frame } from './frame.js';
import { cssColor, legendColor } from './paint.js';
import type { Projection } from './view.js';

/** Axes and color bar around the map. Coordinates are those of the whole area. */
export interface LegendContext {
  readonly context: CanvasRenderingContext2D;
  readonly frame: Frame;
  readonly at: Projection;
  readonly theme: Theme;
  readonly grid: Grid;
  readonly narrow: boolean;
  /** What the axes are called, cut where it is too long; undefined: nothing. */
  readonly names: { readonly x: string; readonly y: string } | undefined;
}

const AXIS_FONT = 11;
const TICK = 4;
/** Letters of a tick, at most: what stands left of the map has little room beside the axis' name. */
const LONGEST = { x: 7, y: 5 } as const;
const BAR = { gap: 12, width: 12, top: 22 } as const;
export const OVERVIEW = 58;
/** How far the name of the color bar may reach to its left, in px. */
const NAME_OVER = 60;

/** Plane coordinate of a place between cells. */
export const planeX = (grid: Grid, gridX: number): number => grid.center[0] + (gridX - grid.columns / 2) * grid.spacing;
export const planeY = (grid: Grid, gridY: number): number => grid.center[1] + (gridY - grid.rows / 2) * grid.spacing;

export function drawAxes({ context, frame, at, theme, grid, names }: LegendContext): void {
  const { view } = at;
  const right = frame.left + frame.width;
  const bottom = frame.top + frame.height;
  context.font = `${AXIS_FONT}px ${theme.font}`;
  context.fillStyle = theme.description;
  context.strokeStyle = theme.description;
  context.lineWidth = 1;
  const line = (x0: number, y0: number, x1: number, y1: number): void => {
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
  };
  const crisp = (position: number): number => Math.round(position - 0.5) + 0.5;

  context.textBaseline = 'top';
  context.textAlign = 'center';
  const lowX = planeX(grid, view.x);
  const highX = planeX(grid, view.x + view.width);
  const xTicks = axisTicks(lowX, highX, Math.max(2, Math.floor(frame.width / 110)), LONGEST.x);
  for (const { at: tick, text } of xTicks.ticks) {
    const x = frame.left + ((tick - lowX) / (highX - lowX)) * frame.width;
    line(crisp(x), bottom + 1, crisp(x), bottom + 1 + TICK);
    context.fillText(text, x, bottom + 10);
  }
  if (names)
    context.fillText(
      fitted(context, axisName(names.x, xTicks), frame.width),
      frame.left + frame.width / 2,
      bottom + 29,
    );

  context.textBaseline = 'middle';
  context.textAlign = 'right';
  const lowY = planeY(grid, view.y);
  const highY = planeY(grid, view.y + view.height);
  const yTicks = axisTicks(lowY, highY, Math.max(2, Math.floor(frame.height / 110)), LONGEST.y);
  let widest = 0;
  for (const { at: tick, text } of yTicks.ticks) {
    const y = bottom - ((tick - lowY) / (highY - lowY)) * frame.height;
    line(frame.left - 1 - TICK, crisp(y), frame.left - 1, crisp(y));
    context.fillText(text, frame.left - 8, y);
    widest = Math.max(widest, context.measureText(text).width);
  }
  if (names) {
    context.save();
    // Beside the numbers, and not over the edge of the area.
    context.translate(Math.max(AXIS_FONT * 0.75, frame.left - Math.max(41, widest + 17)), frame.top + frame.height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = 'center';
    context.fillText(fitted(context, axisName(names.y, yTicks), frame.height), 0, 0);
    context.restore();
  }

  context.strokeStyle = frameColor(theme);
  context.strokeRect(frame.left - 0.5, frame.top - 0.5, right - frame.left + 1, bottom - frame.top + 1);
}

/** A name cut to a width. `end`: what stands for what is cut off. */
function fitted(context: CanvasRenderingContext2D, name: string, width: number, end = '…)'): string {
  let shown = name;
  while (shown.length > 4 && context.measureText(shown).width > width)
    shown = `${shown.slice(0, -end.length - 1).trimEnd()}${end}`;
  return shown;
}

/** The map's edge: the darkest cell hardly differs from a dark editor. */
const frameColor = (theme: Theme): string =>
  theme.kind === 'dark'
    ? 'rgba(255, 255, 255, 0.28)'
    : theme.kind === 'light'
      ? 'rgba(0, 0, 0, 0.28)'
      : theme.foreground;

/** Where the color bar lies. `zoomed`: above the overview. */
export function barOf(frame: Frame, zoomed: boolean): Frame {
  const bottom = frame.top + frame.height - (zoomed ? OVERVIEW + 24 : 0);
  const top = frame.top + BAR.top;
  return { left: frame.left + frame.width + BAR.gap, top, width: BAR.width, height: Math.max(40, bottom - top) };
}

export function drawColorBar(
  { context, theme, narrow }: LegendContext,
  bar: Frame,
  coloring: Coloring,
  scale: ScaleName,
  range: ColorRange,
): void {
  const gradient = context.createLinearGradient(0, bar.top + bar.height, 0, bar.top);
  for (let i = 0; i <= 32; i++) gradient.addColorStop(i / 32, cssColor(legendColor(coloring, scale, i / 32)));
  context.fillStyle = gradient;
  context.fillRect(bar.left, bar.top, bar.width, bar.height);
  context.strokeStyle = frameColor(theme);
  context.lineWidth = 1;
  context.strokeRect(bar.left - 0.5, bar.top - 0.5, bar.width + 1, bar.height + 1);
  context.font = `${AXIS_FONT}px ${theme.font}`;
  context.fillStyle = theme.description;
  context.strokeStyle = theme.description;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const { part, text } of coloring.ticks) {
    const y = Math.round(bar.top + bar.height * (1 - part) - 0.5) + 0.5;
    context.beginPath();
    context.moveTo(bar.left + bar.width + 1, y);
    context.lineTo(bar.left + bar.width + 1 + TICK, y);
    context.stroke();
    context.fillText(text, bar.left + bar.width + 8, y);
  }
  const edge = context.canvas.width / window.devicePixelRatio;
  if (!narrow) {
    const name = fitted(context, coloring.name, edge - bar.left + NAME_OVER, '…');
    const left = Math.min(bar.left - 1, edge - context.measureText(name).width - 1);
    // A name that is longer than the room beside the map stands above its edge.
    context.fillText(name, left, bar.top - (left < bar.left - BAR.gap ? BAR.top + 9 : 17));
  }
  // What is not all that there can be is no map's to compare with another's: it is said.
  if (!coloring.whole)
    context.fillText(typeof range === 'string' ? t('fitted') : t('chosen'), bar.left - 1, bar.top + bar.height + 16);
}

/** A small triangle that points at (x, y) from outside. */
export function drawPointer(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  from: 'left' | 'below',
  color: string,
): void {
  context.fillStyle = color;
  context.beginPath();
  context.moveTo(x, y);
  if (from === 'left') {
    context.lineTo(x - 6, y - 4);
    context.lineTo(x - 6, y + 4);
  } else {
    context.lineTo(x - 4, y + 6);
    context.lineTo(x + 4, y + 6);
  }
  context.fill();
}
