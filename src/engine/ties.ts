/** The most probable tokens of some cells as a device gave them that leaves the order of equal logits open. */
export interface Unordered {
  /** [cells * k] */
  readonly ids: Int32Array;
  /** [cells * k], descending. */
  readonly logits: Float32Array;
  /** [cells * k]: vocabulary less id, descending, of those with the lowest ids whose logits are not below the k-th; 0 for none. */
  readonly notBelow: Float32Array;
}

/** The ids as everywhere else: of equal logits the lower id first, also of those of which only some are among the k. [cells * k] */
export function lowerIdsFirst({ ids, logits, notBelow }: Unordered, k: number, vocabulary: number): Int32Array {
  const ordered = new Int32Array(ids.length);
  for (let at = 0; at < ids.length; at += k) {
    const [some, values] = [ids.subarray(at, at + k), logits.subarray(at, at + k)];
    const least = values[k - 1] ?? NaN;
    const above = [...some.keys()].filter((i) => (values[i] ?? NaN) > least);
    above.sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || (some[a] ?? 0) - (some[b] ?? 0));
    const first = above.map((i) => some[i] ?? 0);
    const taken = new Set(first);
    const lowest = Array.from(notBelow.subarray(at, at + k), (score) => vocabulary - score);
    const equal = lowest.filter((id) => id < vocabulary && !taken.has(id));
    // Where logits are no numbers nothing is above or equal: such cells are left out.
    ordered.set(Number.isNaN(least) ? some : [...first, ...equal].slice(0, k), at);
  }
  return ordered;
}
