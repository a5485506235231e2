/** How far apart two predictions of one vocabulary are, in nats: sums over all tokens. */
export interface Divergence {
  /** Kullback-Leibler divergence KL(A || B) = sum of p_A ln(p_A / p_B), 0 or more. */
  readonly ab: number;
  /** KL(B || A). */
  readonly ba: number;
  /** Jensen-Shannon divergence, the mean of both sides' KL from their mixture, 0 ... ln 2. Not its square root. */
  readonly js: number;
}

/**
 * Divergences of two predictions, by their logits [V] each; a logit of -Infinity (a masked token) is a probability of 0.
 * Swapping the sides swaps the two KLs and nothing else. Everything is summed in float64 from log-probabilities, so that a
 * prediction's divergence from itself is exactly 0.
 * @throws RangeError where the vocabularies differ in size.
 */
export function divergence(a: Float32Array, b: Float32Array): Divergence {
  if (a.length !== b.length) throw new RangeError(`Vocabularies of ${a.length} and ${b.length} tokens.`);
  const [za, zb] = [logSumExp(a), logSumExp(b)];
  let [ab, ba, js] = [0, 0, 0];
  for (let token = 0; token < a.length; token++) {
    const [la, lb] = [(a[token] ?? 0) - za, (b[token] ?? 0) - zb];
    const [pa, pb] = [Math.exp(la), Math.exp(lb)];
    // Where one of the two is 0 its own terms are 0 by their limit; the other's KL is infinite there, as it should be.
    if (pa > 0) ab += pa * (la - lb);
    if (pb > 0) ba += pb * (lb - la);
    // ln of the mixture from the larger of the two: exactly that one where both are equal, and the same either way around.
    const lm = Math.max(la, lb) + Math.log((1 + Math.exp(-Math.abs(la - lb))) / 2);
    js += ((pa > 0 ? pa * (la - lm) : 0) + (pb > 0 ? pb * (lb - lm) : 0)) / 2;
  }
  // Rounding may leave sums of equal predictions a hair below 0.
  return { ab: Math.max(0, ab), ba: Math.max(0, ba), js: Math.min(Math.LN2, Math.max(0, js)) };
}

function logSumExp(row: Float32Array): number {
  let top = -Infinity;
  for (const z of row) top = Math.max(top, z);
  let sum = 0;
  for (const z of row) sum += Math.exp(z - top);
  return top + Math.log(sum);
}
