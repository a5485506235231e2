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
  const ordered = Int32Array.from(ids);
  for (let at = 0; at < ids.length; at += k) {
    const row = ordered.subarray(at, at + k);
    const value = (i: number): number => logits[at + i] ?? NaN;
    let above = 0; // in order so far
    for (; above < k && value(above) > value(k - 1); above++) {
      const id = row[above] ?? 0;
      let to = above;
      for (; to > 0 && value(to - 1) === value(above) && (row[to - 1] ?? 0) > id; to--) row[to] = row[to - 1] ?? 0;
      row[to] = id;
    }
    // The rest are equal: the lowest ids that are not below them and not above.
    let rest = above;
    for (let i = 0; i < k && rest < k; i++) {
      const id = vocabulary - (notBelow[at + i] ?? 0);
      if (id < vocabulary && !row.subarray(0, above).includes(id)) row[rest++] = id;
    }
  }
  return ordered;
}
