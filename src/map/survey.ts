import type { MapWindow } from './grid.js';
import type { Gram } from './plane.js';
import type { TextPoints } from './textPoints.js';
import type { Grid, Layer, MapParameters } from './specification.js';
import type { Token } from './token.js';

/** Norms of the hidden states that real text has at a layer, first positions left out (they are outliers of their own). */
export interface Norms {
  /** 21 quantiles of the norms, 0 %, 5 %, ... 100 %, ascending. */
  readonly quantiles: readonly number[];
  /** Hidden states that were measured. */
  readonly count: number;
}

/** What is said next, and how surely. */
export interface Said {
  readonly token: Token;
  readonly probability: number;
}

/** A real thing at its place on the plane, by orthogonal projection. */
export interface Mark {
  /** `anchor`: what the plane was laid through. */
  readonly kind: 'anchor' | 'state' | 'layers' | 'positions' | 'rows';
  /** A: the center, B: the end of the x axis, C: that of the y axis. */
  readonly badge?: 'A' | 'B' | 'C';
  /** Index of the overlay in the specification that it belongs to; -1 for anchors. Marks of one overlay come in order. */
  readonly overlay: number;
  /** The prompt, or what a vector was called: untrusted text. Empty where the token says all. */
  readonly text: string;
  /** The token at the position, or that the row belongs to. */
  readonly token?: Token;
  /** Of `layers`. */
  readonly layer?: Layer;
  /** Plane coordinates of its foot. */
  readonly x: number;
  readonly y: number;
  /** From the plane, in the hidden space's own units. */
  readonly distance: number;
  readonly norm: number;
  /**
   * Of a text: what the model says of it; what its state at the map's layer says in the map's context; what its foot on the plane says
   * there.
   */
  readonly says?: { readonly own: Said; readonly state: Said; readonly foot: Said };
}

/** How near another prediction is to what the model says at the center of a plane, a real state: exact, in all dimensions. */
export interface CenterBoundary {
  readonly winner: Token;
  /** The token whose boundary is nearest. */
  readonly token: Token;
  /** How far that is, in norms of the state. */
  readonly relative: number;
  /** How far the first flip along the plane's axes is, either way, in norms of the state; null: none flips. */
  readonly axes: number | null;
}

/** What is known of a plane without any cell of it. */
export interface Survey {
  readonly gram: Gram;
  /** null where they cannot be measured; `normsReason` says why. */
  readonly norms: Norms | null;
  readonly normsReason?: string;
  readonly marks: readonly Mark[];
  /** Where the texts of overlays stand, each overlay's; left out where there are none. */
  readonly points?: readonly TextPoints[];
  /** Of `pca_basis`: variance along both axes, and its share of the whole variance (scikit-learn's two numbers). */
  readonly explained: { readonly variance: readonly number[]; readonly ratio: readonly number[] } | null;
  /** Where the center is a real state, and the readout affine in it. */
  readonly boundary?: CenterBoundary;
  /** What the model says was not asked for yet: marks do not have it, nor the center its boundary. */
  readonly untold?: true;
}

/**
 * What belongs to a map of these parameters: norms only where lengths are counted in them. So a map's files are the same whatever
 * else was measured meanwhile.
 */
export function ownSurvey(
  { gram, norms, marks, points, explained, boundary }: Survey,
  { plane }: Pick<MapParameters, 'plane'>,
): Survey {
  return {
    gram,
    norms: plane.lengths === 'typical' ? norms : null,
    marks,
    ...(points ? { points } : {}),
    explained,
    ...(boundary ? { boundary } : {}),
  };
}

/** A survey of the same plane for another map on it: without what the model says, which is another there. */
export function withoutTold({ boundary, ...survey }: Survey): Survey {
  return { ...survey, marks: survey.marks.map(({ says, ...mark }) => mark), untold: true };
}

/** The median of the norms: the layer's typical norm. */
export const typicalNorm = ({ quantiles }: Norms): number => quantiles[10] ?? 0;

/** Share of the measured hidden states that have a smaller norm, 0 ... 1, by linear interpolation between quantiles. */
export function normPercentile({ quantiles }: Norms, norm: number): number {
  const last = quantiles.length - 1;
  const above = quantiles.findIndex((quantile) => quantile > norm);
  if (above < 0) return 1;
  if (above === 0) return 0;
  const [low = 0, high = low] = [quantiles[above - 1], quantiles[above]];
  return (above - 1 + (norm - low) / (high - low)) / last;
}

/** |h(x, y)|. */
export function normAt({ cc, cu, cv, uu, uv, vv }: Gram, x: number, y: number): number {
  return Math.sqrt(Math.max(0, cc + 2 * x * cu + 2 * y * cv + x * x * uu + 2 * x * y * uv + y * y * vv));
}

/** The mark whose vector is nearest to a point of the plane, and how far it is, in the hidden space's own units. */
export function nearestMark(
  { marks, gram: { uu, uv, vv } }: Survey,
  x: number,
  y: number,
): { readonly mark: Mark; readonly distance: number } | undefined {
  let nearest: { mark: Mark; distance: number } | undefined;
  for (const mark of marks) {
    const [dx, dy] = [mark.x - x, mark.y - y];
    const inPlane = dx * dx * uu + 2 * dx * dy * uv + dy * dy * vv;
    const distance = Math.sqrt(Math.max(0, inPlane) + mark.distance ** 2);
    if (!nearest || distance < nearest.distance) nearest = { mark, distance };
  }
  return nearest;
}

/** Smallest and largest norm of the plane's points in a window. */
export function normRange(gram: Gram, { x0, x1, y0, y1 }: MapWindow): readonly [number, number] {
  const { cu, cv, uu, uv, vv } = gram;
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  const corners = [x0, x1].flatMap((x) => [y0, y1].map((y) => normAt(gram, x, y)));
  // The square is convex: its least point lies inside, or on an edge at the foot along it.
  const candidates = [...corners];
  const determinant = uu * vv - uv * uv;
  if (determinant > 0) {
    const x = (uv * cv - vv * cu) / determinant;
    const y = (uv * cu - uu * cv) / determinant;
    if (x >= x0 && x <= x1 && y >= y0 && y <= y1) candidates.push(normAt(gram, x, y));
  }
  for (const x of [x0, x1]) if (vv > 0) candidates.push(normAt(gram, x, clamp(-(cv + x * uv) / vv, y0, y1)));
  for (const y of [y0, y1]) if (uu > 0) candidates.push(normAt(gram, clamp(-(cu + y * uv) / uu, x0, x1), y));
  return [Math.min(...candidates), Math.max(...corners)];
}

/**
 * The spacing with which all anchors fall into the middle half of the grid; without anchors besides the center, with which half
 * of its width is the layer's typical norm. Undefined where neither is known. Rounded to two significant digits.
 */
export function fitSpacing(grid: Grid, { marks, norms, gram }: Survey): number | undefined {
  const side = Math.min(grid.columns, grid.rows);
  const [cx, cy] = grid.center;
  const reach = marks
    .filter((mark) => mark.kind === 'anchor')
    .reduce((most, { x, y }) => Math.max(most, Math.abs(x - cx), Math.abs(y - cy)), 0);
  if (reach > 0) return rounded((4 * reach) / side, Math.ceil);
  const length = Math.sqrt(Math.max(gram.uu, gram.vv));
  const typical = norms ? typicalNorm(norms) : 0;
  return typical > 0 && length > 0 ? rounded((2 * typical) / (length * side), Math.round) : undefined;
}

function rounded(value: number, round: (value: number) => number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((round(value / unit) * unit).toPrecision(2));
}
