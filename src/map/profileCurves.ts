import type { Profile } from './profile.js';

/** Curves that are told apart by colors and named, at most; the others are drawn thin. */
export const NAMED_CURVES = 8;

/**
 * Colors of curves, on white and on dark editors: read there as text (4.5 : 1) and told apart by everybody, whatever colors they see
 * (a CIEDE2000 of 12 at least; a test has it of a library of colors).
 */
export const CURVE_COLORS = [
  { onLight: '#3100b8', onDark: '#6e78ff' },
  { onLight: '#b85479', onDark: '#ffb0c9' },
  { onLight: '#396a41', onDark: '#86b98c' },
  { onLight: '#7b7900', onDark: '#cfcc00' },
  { onLight: '#692d00', onDark: '#c57241' },
  { onLight: '#8c45e2', onDark: '#ceb5ff' },
  { onLight: '#54315d', onDark: '#a17aab' },
  { onLight: '#424242', onDark: '#8c8c8c' },
] as const;
/** Of curves that are not named. */
const THIN = { onLight: '#b4b4b4', onDark: '#6a6a6a' } as const;

/** Places of a profile's tokens, those with the most room under their curves first. */
export function curvesByArea({ tokens, probabilities }: Pick<Profile, 'tokens' | 'probabilities'>): number[] {
  const areas = probabilities.map((curve) => curve.reduce((sum, p) => sum + (Number.isFinite(p) ? p : 0), 0));
  return tokens.map((_, i) => i).sort((a, b) => (areas[b] ?? 0) - (areas[a] ?? 0) || a - b);
}

/** Which of {@link CURVE_COLORS} tokens have had, as long as it is remembered. */
export type KeptColors = Map<string, number>;

/**
 * CSS colors of a profile's curves by their places: a color each for those that are named. A token has the color that it had, where
 * `kept` has it and no larger curve does; what it has is kept.
 */
export function curveColors(
  profile: Pick<Profile, 'tokens' | 'probabilities'>,
  on: keyof typeof THIN,
  kept: KeptColors = new Map(),
): string[] {
  const colors: string[] = profile.tokens.map(() => THIN[on]);
  const named = curvesByArea(profile).slice(0, NAMED_CURVES);
  const nameOf = (place: number): string => `${profile.tokens[place]?.id} ${profile.tokens[place]?.text}`;
  const taken = new Map<number, number>();
  for (const place of named) {
    const had = kept.get(nameOf(place));
    if (had !== undefined && !taken.has(had)) taken.set(had, place);
  }
  const free = CURVE_COLORS.map((_, i) => i).filter((i) => !taken.has(i));
  for (const place of named) {
    const had = kept.get(nameOf(place));
    const color = had !== undefined && taken.get(had) === place ? had : (free.shift() ?? 0);
    kept.set(nameOf(place), color);
    colors[place] = (CURVE_COLORS[color] ?? THIN)[on];
  }
  return colors;
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
