/**
 * Where the winner flips along a direction from a state, exactly: where the logits are affine up to one scale,
 * `z_i(t) = (from_i + t along_i) / s(t) + constant_i` with `s(t)^2 = scale[0] + 2 t scale[1] + t^2 scale[2]` (no scale: s = 1).
 */
export interface Ray {
  /** [vocabulary] each. */
  readonly from: Float64Array;
  readonly along: Float64Array;
  readonly constant: Float64Array;
  readonly scale: readonly [number, number, number] | undefined;
}

/** A flip: how far along (a multiple of the direction as given, above 0), and the token that wins just behind. */
export interface Flip {
  readonly t: number;
  readonly token: number;
}

/**
 * The first flip; undefined where the winner keeps winning for ever.
 * @param winner at t = 0
 * @param races whether a token runs; left out: all do
 */
export function firstFlip(
  { from, along, constant, scale }: Ray,
  winner: number,
  races: (token: number) => boolean = () => true,
): Flip | undefined {
  let first: Flip | undefined;
  const [a1, b1, c1] = [from[winner] ?? 0, along[winner] ?? 0, constant[winner] ?? 0];
  for (let i = 0; i < from.length; i++) {
    if (i === winner || !races(i)) continue;
    const a = a1 - (from[i] ?? 0);
    const b = b1 - (along[i] ?? 0);
    const c = c1 - (constant[i] ?? 0);
    const t = scale ? crossing(a, b, c, scale) : root(a + c, b);
    if (t !== undefined && (!first || t < first.t)) first = { t, token: i };
  }
  return first;
}

/** Where `a + t b` comes down to 0, for t above 0. */
const root = (a: number, b: number): number | undefined => (b < 0 ? Math.max(0, -a / b) : undefined);

/** The least t above 0 with `a + t b + c s(t) = 0`. */
function crossing(
  a: number,
  b: number,
  c: number,
  [s0, s1, s2]: readonly [number, number, number],
): number | undefined {
  if (c === 0) return root(a, b);
  // Squared: also roots of a + t b - c s(t), which the sign tells apart.
  const [A, B, C] = [b * b - c * c * s2, a * b - c * c * s1, a * a - c * c * s0];
  const discriminant = B * B - A * C;
  if (discriminant < 0) return undefined;
  const q = -(B + (B < 0 ? -1 : 1) * Math.sqrt(discriminant));
  const roots = [A === 0 ? NaN : q / A, q === 0 ? NaN : C / q];
  let least: number | undefined;
  for (const t of roots) if (t > 0 && (a + t * b) * c <= 0 && (least === undefined || t < least)) least = t;
  return least;
}
