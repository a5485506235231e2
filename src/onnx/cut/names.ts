/** Names of what a cut graph takes and gives. */
export const CUT = {
  /** float32 [batch, 1, hiddenSize]: the vectors that stand at the last position. */
  cells: 'embedding_grid.cells',
  /** float32 [1, prefix length, hiddenSize]: the hidden states of the earlier positions. */
  prefix: 'embedding_grid.prefix',
  /** float32 [1, suffix length, hiddenSize]: those of the later ones. */
  suffix: 'embedding_grid.suffix',
  /** float32 [1, vocabulary]: added to the logits; -infinity takes a token out of the race. */
  mask: 'embedding_grid.mask',
  /** float32 [vocabulary, n]: the weights of linear functionals of the logits. */
  weights: 'embedding_grid.weights',
  /** float32 [vocabulary, n]: 1 for the tokens of a set, else 0. */
  members: 'embedding_grid.members',
  /** int32 [batch, k], most probable first. */
  ids: 'embedding_grid.ids',
  /** float32 [batch, k]: their logits. */
  top: 'embedding_grid.top',
  /** float32 [batch, k]: vocabulary less id, descending, of the lowest ids whose logits are not below the k-th; 0 for none. */
  notBelow: 'embedding_grid.not_below',
  /** float32 [batch, k]. */
  probabilities: 'embedding_grid.probabilities',
  /** float32 [batch]: sum of p (z - z(1)); the entropy in nats is -log p(1) less this. */
  below: 'embedding_grid.below',
  /** float32 [batch, n]: sum of weights (z - z(1)). */
  functional: 'embedding_grid.functional',
  /** float32 [batch, n]: the probability of each set. */
  shares: 'embedding_grid.shares',
  /** float32 [batch]: how many tokens are more probable than the functional says of one. */
  above: 'embedding_grid.above',
  /** float32 [batch, vocabulary]: only where logits are asked for. */
  logits: 'embedding_grid.logits',
} as const;

export const stateName = (tensor: string): string => `embedding_grid.state/${tensor}`;
