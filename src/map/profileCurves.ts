import type { Profile } from './profile.js';

/** Curves that are told apart by colors and named, at most; the others are drawn thin. */
export const NAMED_CURVES = 8;

/** Colors that can be told apart in any kind of color vision, on white and on dark (Paul Tol's bright scheme, darkened a little). */
export const CURVE_COLORS = [
  '#3b74b8',
  '#d1495b',
  '#228833',
  '#b58900',
  '#2aa1b3',
  '#a03a8c',
  '#7a7a7a',
  '#b3642d',
] as const;

/** Places of a profile's tokens, those with the most room under their curves first. */
export function curvesByArea({ tokens, probabilities }: Pick<Profile, 'tokens' | 'probabilities'>): number[] {
  const areas = probabilities.map((curve) => curve.reduce((sum, p) => sum + (Number.isFinite(p) ? p : 0), 0));
  return tokens.map((_, i) => i).sort((a, b) => (areas[b] ?? 0) - (areas[a] ?? 0) || a - b);
}

/** The probability at the top of the scale: low curves would all lie on the axis of one that goes to 1. */
export function topOfScale({ probabilities }: Pick<Profile, 'probabilities'>): number {
  const highest = probabilities.reduce((most, curve) => curve.reduce((one, p) => (p > one ? p : one), most), 0);
  return [0.05, 0.2, 0.5].find((one) => highest <= one) ?? 1;
}

/** Which token wins from where to where: parts of the line, in order, without a gap. */
export function winningParts({ winners, changes }: Pick<Profile, 'winners' | 'changes'>): readonly {
  readonly token: number;
  readonly from: number;
  readonly to: number;
}[] {
  const begins = [{ token: winners[0] ?? 0, at: 0 }, ...changes.map(({ at, to }) => ({ token: to, at }))];
  return begins.map(({ token, at }, i) => ({ token, from: at, to: begins[i + 1]?.at ?? 1 }));
}

/** The point at which a curve is highest, where its name goes. */
export const peakOf = (curve: Float32Array): number =>
  curve.reduce((best, p, i) => (p > (curve[best] ?? -1) ? i : best), 0);
