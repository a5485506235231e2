/** Between which two values a winner becomes another. */
export interface Flip<T> {
  readonly low: number;
  readonly high: number;
  readonly from: T;
  readonly to: T;
}

/** Flips, at most: where winners alternate that fast none of them says anything. */
const MOST_FLIPS = 100;

/**
 * The flips along ascending values, each narrowed by halves until it is no wider than `width`. A winner that comes and goes between
 * two neighbouring values is not seen.
 * @param known winners at the values, in their order
 * @param winnerAt asks at a value between
 * @param width greater than 0
 */
export async function flipsAlong<T>(
  known: readonly { readonly value: number; readonly winner: T }[],
  winnerAt: (value: number) => Promise<T>,
  width: number,
): Promise<readonly Flip<T>[]> {
  const flips: Flip<T>[] = [];
  for (const [i, after] of known.entries()) {
    let before = known[i - 1];
    // Of a token between two others first the one border is found, then the other.
    while (before && before.winner !== after.winner && flips.length < MOST_FLIPS) {
      const flip = await narrowed(before, after, winnerAt, width);
      flips.push(flip);
      before = { value: flip.high, winner: flip.to };
    }
  }
  return flips;
}

async function narrowed<T>(
  before: { readonly value: number; readonly winner: T },
  after: { readonly value: number; readonly winner: T },
  winnerAt: (value: number) => Promise<T>,
  width: number,
): Promise<Flip<T>> {
  let [low, high, to] = [before.value, after.value, after.winner];
  while (high - low > width) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break; // two neighbours of float64
    const winner = await winnerAt(middle);
    if (winner === before.winner) low = middle;
    else [high, to] = [middle, winner];
  }
  return { low, high, from: before.winner, to };
}
