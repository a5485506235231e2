/** Largest difference of log-probabilities among the tokens that matter (the first's top 50). */
export function logProbabilityDifference(a: Float32Array, b: Float32Array): number {
  const [za, zb] = [normalizer(a), normalizer(b)];
  const order = largest(b, 50);
  const differences = order.map((i) => Math.abs((a[i] ?? 0) - za - ((b[i] ?? 0) - zb)));
  return differences.some(Number.isNaN) ? Infinity : Math.max(...differences);
}

/** Of some tokens, by the logits of all. */
export function probabilitiesOf(logits: Float32Array, ids: Int32Array): Float32Array {
  const z = normalizer(logits);
  return Float32Array.from(ids, (id) => Math.exp((logits[id] ?? 0) - z));
}

/** log sum exp. By index: a row is gone through once, before an iterator would be made fast. */
function normalizer(row: Float32Array): number {
  let top = -Infinity;
  const n = row.length;
  for (let i = 0; i < n; i++) top = Math.max(top, row[i] ?? 0);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.exp((row[i] ?? 0) - top);
  return top + Math.log(sum);
}

/** Places of the `count` largest numbers: a whole vocabulary need not be sorted for them. */
function largest(row: Float32Array, count: number): number[] {
  const places: number[] = [];
  let least = -Infinity;
  for (let i = 0; i < row.length; i++) {
    const z = row[i] ?? 0;
    if (places.length === count && z <= least) continue;
    let at = Math.min(places.length, count - 1);
    for (; at > 0 && z > (row[places[at - 1] ?? 0] ?? 0); at--) places[at] = places[at - 1] ?? 0;
    places[at] = i;
    least = row[places.at(-1) ?? 0] ?? 0;
  }
  return places;
}
