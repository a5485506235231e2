/** Between which two values a winner becomes another. */
export interface Flip<T> {
  readonly low: number;
  readonly high: number;
  readonly from: T;
  readonly to: T;
}

/**
 * The first flip along ascending values, narrowed by halves until it is no wider than `width`. Winners that come and go between two
 * neighbouring values are not seen.
 * @param known winners at the values, in their order
 * @param winnerAt asks at a value between
 * @param width greater than 0
 * @returns undefined where all winners are the same
 */
export async function firstFlip<T>(
  known: readonly { readonly value: number; readonly winner: T }[],
  winnerAt: (value: number) => Promise<T>,
  width: number,
): Promise<Flip<T> | undefined> {
  const at = known.findIndex(({ winner }, i) => i > 0 && winner !== known[i - 1]?.winner);
  const [before, after] = [known[at - 1], known[at]];
  if (!before || !after) return undefined;
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
