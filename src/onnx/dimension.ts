/**
 * A size that is known up to sizes which only a run tells: a whole number plus multiples of named sizes. Named sizes are
 * dimensions of tensors, and products of sizes.
 */
export interface Dimension {
  readonly constant: number;
  /** By name; none is 0. */
  readonly terms: ReadonlyMap<string, number>;
}

const NONE: ReadonlyMap<string, number> = new Map();

export const constantOf = (constant: number): Dimension => ({ constant, terms: NONE });
export const namedSize = (name: string): Dimension => ({ constant: 0, terms: new Map([[name, 1]]) });
export const isKnown = (d: Dimension): boolean => d.terms.size === 0;

/** The same text for the same size. */
export function keyOf({ constant, terms }: Dimension): string {
  const sorted = [...terms].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...sorted.map(([name, times]) => `${times}*${name}`), constant].join('+');
}

export const sameSize = (a: Dimension, b: Dimension): boolean => keyOf(a) === keyOf(b);

/** More different terms than this are no size that anyone asks for. */
const MOST_TERMS = 16;

/** undefined for a sum of very many different sizes. */
export function sum(a: Dimension, b: Dimension, sign: 1 | -1 = 1): Dimension | undefined {
  const terms = new Map(a.terms);
  for (const [name, times] of b.terms) {
    const total = (terms.get(name) ?? 0) + sign * times;
    if (total === 0) terms.delete(name);
    else terms.set(name, total);
  }
  return terms.size > MOST_TERMS ? undefined : { constant: a.constant + sign * b.constant, terms };
}

/** undefined for a product of two sizes that both are not known. */
export function product(a: Dimension, b: Dimension): Dimension | undefined {
  const [factor, other] = isKnown(a) ? [a.constant, b] : [b.constant, a];
  if (!isKnown(a) && !isKnown(b)) return undefined;
  if (factor === 0) return constantOf(0);
  return {
    constant: other.constant * factor,
    terms: new Map([...other.terms].map(([name, times]) => [name, times * factor])),
  };
}

/** undefined where it does not go up. */
export function quotient(a: Dimension, b: Dimension): Dimension | undefined {
  if (!isKnown(b) || b.constant <= 0) return undefined;
  const parts = [a.constant, ...a.terms.values()];
  if (parts.some((part) => part % b.constant !== 0)) return undefined;
  return {
    constant: a.constant / b.constant,
    terms: new Map([...a.terms].map(([name, times]) => [name, times / b.constant])),
  };
}

/** Sizes are never negative. */
export const isNatural = (d: Dimension): boolean =>
  d.constant >= 0 && [...d.terms.values()].every((times) => times > 0);
