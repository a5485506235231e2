import { safeText } from '../../map/display.js';
import { contextWords, layerWords, planeWords, READOUT_NAMES } from '../../map/naming.js';
import { formatCount } from '../../map/numbers.js';
import { curveColors, curvesByArea, NAMED_CURVES, peakOf, topOfScale } from '../../map/profileCurves.js';
import { type Profile, profileName } from '../../map/profile.js';
import { contextOf } from '../../map/specification.js';
import { SOFT_INK, svgDocument } from '../figureParts.js';
import { INK, Writer } from '../figureWriter.js';
import type { BundledFont } from '../fonts.js';
import { element, svgNumber } from '../xml.js';

const [WIDTH, EDGE] = [760, 36];
const PLOT = { left: 92, right: 28, height: 320 } as const;
const RIGHT = WIDTH - PLOT.right;
const NAME = 13;

/**
 * A profile as a figure, an SVG document: probability over the way from one end of the line to the other, a curve a token. The
 * same profile gives the same document.
 */
export function drawProfile(profile: Profile, font: BundledFont, unshown: ReadonlySet<number> = new Set()): string {
  const write = new Writer(font, unshown);
  const { model, parameters, steps, tokens, changes } = profile;
  const heading = write.lines([profileName(profile)], 18, 600, WIDTH - 2 * EDGE, ' ');
  const about = write.lines(
    [
      safeText(model.name, 80),
      parameters.layer === 'last' ? 'the last layer' : layerWords(parameters.layer),
      READOUT_NAMES[parameters.readout],
      planeWords(parameters.plane),
    ],
    13,
    400,
    WIDTH - 2 * EDGE,
    ' · ',
  );
  const caption = write.lines(
    [
      `${formatCount(steps + 1)} points`,
      `${formatCount(tokens.length)} ${tokens.length === 1 ? 'token wins' : 'tokens win'}`,
      `${formatCount(changes.length)} ${changes.length === 1 ? 'change' : 'changes'}, dotted`,
      contextWords(contextOf(parameters)),
      `Embedding Grid ${profile.version}`,
    ],
    12,
    400,
    WIDTH - 2 * EDGE,
    ' · ',
  );
  const top = 30 + 24 * heading.length + 19 * about.length + 14;
  const bottom = top + PLOT.height;
  const height = bottom + 62 + 18 * caption.length;
  const plot = plotOf(profile, top);
  return svgDocument(
    { width: WIDTH, height },
    { title: profileName(profile), description: [...about, ...caption].join(' · ') },
    heading.map((line, i) => write.line(line, { x: EDGE, y: 38 + 24 * i, size: 18, weight: 600 })).join('') +
      about
        .map((line, i) => write.line(line, { x: EDGE, y: 38 + 24 * heading.length + 19 * i, size: 13, fill: SOFT_INK }))
        .join('') +
      scaleOf(plot, write) +
      changesOf(profile, plot) +
      curvesOf(profile, plot) +
      namesOf(profile, plot, write) +
      element('path', { d: `M${PLOT.left} ${top}V${bottom}H${RIGHT}`, stroke: '#767676', fill: 'none' }) +
      endsOf(profile, plot, write) +
      caption
        .map((line, i) => write.line(line, { x: EDGE, y: bottom + 52 + 18 * i, size: 12, fill: SOFT_INK }))
        .join(''),
  );
}

/** Where what stands, in px. */
interface Plot {
  readonly top: number;
  readonly bottom: number;
  /** The largest probability of the scale. */
  readonly limit: number;
  /** Places of the curves' tokens, the one with the largest area first, and the color of each place. */
  readonly order: readonly number[];
  readonly colors: readonly (string | undefined)[];
  readonly x: (part: number) => number;
  readonly y: (probability: number) => number;
}

function plotOf(profile: Profile, top: number): Plot {
  const bottom = top + PLOT.height;
  const limit = topOfScale(profile);
  return {
    top,
    bottom,
    limit,
    order: curvesByArea(profile),
    colors: curveColors(profile, 'onLight'),
    x: (part) => PLOT.left + part * (RIGHT - PLOT.left),
    y: (p) => bottom - (p / limit) * PLOT.height,
  };
}

const scaleOf = ({ limit, y }: Plot, write: Writer): string =>
  [0, 0.2, 0.4, 0.6, 0.8, 1]
    .map((part) => part * limit)
    .map(
      (p) =>
        element('path', { d: `M${PLOT.left} ${svgNumber(y(p))}H${RIGHT}`, stroke: '#e4e4e4' }) +
        write.line(`${Math.round(p * 100)}%`, {
          x: PLOT.left - 8,
          y: y(p) + 4,
          size: 12,
          anchor: 'end',
          fill: SOFT_INK,
        }),
    )
    .join('');

const changesOf = ({ changes }: Profile, { top, bottom, x }: Plot): string =>
  changes
    .map(({ at }) =>
      element('path', {
        d: `M${svgNumber(x(at))} ${top}V${bottom}`,
        stroke: '#9a9a9a',
        'stroke-dasharray': '2 3',
      }),
    )
    .join('');

/** The largest last, over the others. */
const curvesOf = ({ probabilities, steps }: Profile, { order, colors, x, y }: Plot): string =>
  [...order]
    .reverse()
    .map((place) =>
      element('path', {
        d: curvePath(probabilities[place] ?? new Float32Array(0), (i) => x(i / steps), y),
        fill: 'none',
        stroke: colors[place] ?? INK,
        'stroke-width': order.indexOf(place) < NAMED_CURVES ? 2 : 1,
        'stroke-linejoin': 'round',
      }),
    )
    .join('');

/** Names over the peaks, each as far down as others before it leave room. */
function namesOf({ probabilities, steps, tokens }: Profile, plot: Plot, write: Writer): string {
  const { top, bottom, order, colors, x, y } = plot;
  const taken: { x0: number; x1: number; y: number }[] = [];
  return order
    .slice(0, NAMED_CURVES)
    .map((place) => {
      const curve = probabilities[place] ?? new Float32Array(0);
      const token = tokens[place];
      const peak = peakOf(curve);
      if (!token || !(curve[peak] ?? 0)) return '';
      const segments = write.ofToken(token);
      const width = write.measure(segments, 600) * NAME;
      const middle = Math.min(RIGHT - width / 2 - 2, Math.max(PLOT.left + width / 2 + 2, x(peak / steps)));
      let base = Math.max(top + NAME, y(curve[peak] ?? 0) - 6);
      const box = { x0: middle - width / 2, x1: middle + width / 2 };
      while (taken.some((one) => one.x0 < box.x1 + 4 && one.x1 > box.x0 - 4 && Math.abs(one.y - base) < NAME + 2))
        base += NAME + 2;
      if (base > bottom - 2) return '';
      taken.push({ ...box, y: base });
      return write.segments(segments, {
        x: middle,
        y: base,
        size: NAME,
        weight: 600,
        anchor: 'middle',
        fill: colors[place] ?? INK,
        halo: '#ffffff',
      });
    })
    .join('');
}

/** Coordinates of the line's ends, below it. */
function endsOf({ from, to }: Profile, { bottom }: Plot, write: Writer): string {
  const end = ({ x, y }: Profile['from']): string =>
    `(${[x, y].map((value) => String(Number(value.toPrecision(6))).replace('-', '\u2212')).join(', ')})`;
  const below = { y: bottom + 20, size: 12, fill: SOFT_INK } as const;
  return (
    write.line(end(from), { ...below, x: PLOT.left, anchor: 'start' }) +
    write.line(end(to), { ...below, x: RIGHT, anchor: 'end' }) +
    write.line('along the line', { ...below, x: (PLOT.left + RIGHT) / 2, anchor: 'middle' })
  );
}

/** A line through a curve's points; what is not defined is left out. */
function curvePath(curve: Float32Array, x: (i: number) => number, y: (p: number) => number): string {
  let d = '';
  let pen = false;
  curve.forEach((p, i) => {
    const defined = Number.isFinite(p);
    if (defined) d += `${pen ? 'L' : 'M'}${svgNumber(x(i))} ${svgNumber(y(p))}`;
    pen = defined;
  });
  return d || 'M0 0';
}
