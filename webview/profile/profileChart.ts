import { tokenSegments } from '../../src/map/display.js';
import { formatShort } from '../../src/map/numbers.js';
import { type Profile, pointOn } from '../../src/map/profile.js';
import {
  curveColors,
  curvesByArea,
  type KeptColors,
  NAMED_CURVES,
  peakOf,
  topOfScale,
  winningParts,
} from '../../src/map/profileCurves.js';
import { TokenPen } from '../map/tokenPen.js';
import { isDarkTheme, isHighContrast, type Theme } from '../theme.js';

/** Room around the curves, in px; below them the band of winners and the axis. */
const ROOM = { left: 44, right: 14, top: 8, bottom: 32 } as const;
const BAND = 6;
const NAME = 11;
/** Names of places along the axis need so much room each, in px. */
const TICK = 110;

/** What a chart of a profile is drawn from. */
export interface Charted {
  readonly profile: Profile;
  readonly along: number | null;
  readonly theme: Theme;
  /** CSS colors of the tokens' curves, by their places in the profile. */
  readonly colors: readonly string[];
}

/** {@link Charted.colors}; tokens keep those that they had along other lines. */
export const chartColors = (theme: Theme, profile: Profile, kept: KeptColors): readonly string[] =>
  curveColors(profile, isDarkTheme(theme) ? 'onDark' : 'onLight', kept);

/** The part of the line at a px of the chart, 0 ... 1. */
export const partAt = (x: number, width: number): number =>
  Math.min(1, Math.max(0, (x - ROOM.left) / Math.max(1, width - ROOM.left - ROOM.right)));

/** Curves over the way, their tokens' names at their peaks, and below them a band of what wins where. */
export function drawChart(canvas: HTMLCanvasElement, width: number, height: number, charted: Charted): void {
  const context = canvas.getContext('2d');
  if (!context || width === 0 || height === 0) return;
  const { profile, theme, along, colors } = charted;
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const [right, bottom] = [width - ROOM.right, height - ROOM.bottom];
  const top = topOfScale(profile);
  const x = (part: number): number => ROOM.left + part * (right - ROOM.left);
  const y = (p: number): number => bottom - (p / top) * (bottom - ROOM.top);

  const quiet = isHighContrast(theme) ? 0.4 : 0.14;
  context.font = `11px ${theme.font}`;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const part of [0, 0.5, 1]) {
    line(context, theme.foreground, quiet, [ROOM.left, y(part * top)], [right, y(part * top)]);
    context.fillStyle = theme.description;
    context.fillText(`${Math.round(part * top * 100)}%`, ROOM.left - 6, y(part * top));
  }
  context.setLineDash([2, 3]);
  for (const { at } of profile.changes) line(context, theme.foreground, 2 * quiet, [x(at), ROOM.top], [x(at), bottom]);
  context.setLineDash([]);

  const order = curvesByArea(profile);
  for (const place of [...order].reverse()) {
    const named = order.indexOf(place) < NAMED_CURVES;
    context.strokeStyle = colors[place] ?? theme.foreground;
    context.lineWidth = named ? 2 : 1;
    trace(context, profile.probabilities[place] ?? new Float32Array(0), (i) => x(i / profile.steps), y);
  }
  for (const { token, from, to } of winningParts(profile)) {
    context.fillStyle = colors[token] ?? theme.foreground;
    context.fillRect(x(from), bottom + 3, Math.max(0.5, x(to) - x(from)), BAND);
  }
  nameCurves(context, charted, order.slice(0, NAMED_CURVES), x, y, { top: ROOM.top, right, bottom });
  nameAxis(context, charted, x, bottom + BAND + 13, right);
  if (along !== null) drawCursor(context, charted, along, x, y, bottom);
}

function drawCursor(
  context: CanvasRenderingContext2D,
  charted: Charted,
  along: number,
  x: (part: number) => number,
  y: (p: number) => number,
  bottom: number,
): void {
  const { profile, theme, colors } = charted;
  line(context, theme.foreground, 0.9, [x(along), ROOM.top - 4], [x(along), bottom + BAND + 4]);
  const i = Math.round(along * profile.steps);
  colors.forEach((color, place) => {
    const p = profile.probabilities[place]?.[i] ?? NaN;
    if (!(p >= 0.01)) return;
    context.beginPath();
    context.arc(x(along), y(p), 3.5, 0, 2 * Math.PI);
    context.fillStyle = color;
    context.fill();
    context.strokeStyle = theme.background;
    context.lineWidth = 1.5;
    context.stroke();
  });
}

/** Names at the peaks, the larger curves' first; one that would lie on another is left out, its color is in the list. */
function nameCurves(
  context: CanvasRenderingContext2D,
  charted: Charted,
  places: readonly number[],
  x: (part: number) => number,
  y: (p: number) => number,
  edge: { readonly top: number; readonly right: number; readonly bottom: number },
): void {
  const { profile, theme, colors } = charted;
  const pen = new TokenPen(theme.font, () => []);
  const taken: { readonly from: number; readonly to: number; readonly y: number }[] = [];
  for (const place of places) {
    const token = profile.tokens[place];
    const curve = profile.probabilities[place];
    if (!token || !curve) continue;
    const segments = tokenSegments(token);
    const half = (pen.measure(segments) * NAME) / 2 + 2;
    const peak = peakOf(curve);
    if (!((curve[peak] ?? 0) > 0) || 2 * half > edge.right - ROOM.left) continue;
    const middle = Math.min(edge.right - half, Math.max(ROOM.left + half, x(peak / profile.steps)));
    const least = edge.top + NAME / 2;
    const height = Math.max(least, y(curve[peak] ?? 0) - NAME);
    const box = { from: middle - half, to: middle + half, y: height };
    const meets = taken.some((one) => one.from < box.to && one.to > box.from && Math.abs(one.y - box.y) < NAME + 2);
    if (meets || height > edge.bottom - NAME / 2) continue;
    taken.push(box);
    pen.write(context, segments, middle, height, NAME, colors[place] ?? theme.foreground, {
      color: theme.background,
      width: 3,
    });
  }
}

/** Coordinates along the line: of the one that changes, or both. */
function nameAxis(
  context: CanvasRenderingContext2D,
  { profile, theme }: Charted,
  x: (part: number) => number,
  y: number,
  right: number,
): void {
  const count = [4, 2].find((one) => one * TICK <= right - ROOM.left) ?? 1;
  context.font = `11px ${theme.font}`;
  context.fillStyle = theme.description;
  context.textBaseline = 'middle';
  for (let i = 0; i <= count; i++) {
    context.textAlign = i === 0 ? 'left' : i === count ? 'right' : 'center';
    context.fillText(placeText(profile, i / count), x(i / count), y);
  }
}

/** `x 0.25`, or `0.25, 1`: where a part of the line is, as finely as the line is long. */
export function placeText(profile: Pick<Profile, 'from' | 'to'>, part: number): string {
  const { from, to } = profile;
  const length = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  const decimals = Math.min(12, Math.max(0, 3 - Math.ceil(Math.log10(length))));
  const text = (value: number): string => formatShort(Number(value.toFixed(decimals)));
  const { x, y } = pointOn(profile, part);
  if (from.y === to.y) return `x ${text(x)}`;
  return from.x === to.x ? `y ${text(y)}` : `${text(x)}, ${text(y)}`;
}

function line(
  context: CanvasRenderingContext2D,
  color: string,
  opacity: number,
  from: readonly [number, number],
  to: readonly [number, number],
): void {
  context.globalAlpha = Math.min(1, opacity);
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.globalAlpha = 1;
}

/** Draws a line through a curve's points; what is not defined is left out. */
function trace(
  context: CanvasRenderingContext2D,
  curve: Float32Array,
  x: (i: number) => number,
  y: (p: number) => number,
): void {
  context.beginPath();
  let pen = false;
  curve.forEach((p, i) => {
    const defined = Number.isFinite(p);
    if (defined && pen) context.lineTo(x(i), y(p));
    else if (defined) context.moveTo(x(i), y(p));
    pen = defined;
  });
  context.stroke();
}
