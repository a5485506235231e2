/** Most probable tokens of a cell. */
export interface TopOutput {
  readonly kind: 'top';
  readonly k: number;
  /** A mask is fed. */
  readonly masked: boolean;
  /** Weights are fed, and functionals are given besides. */
  readonly functional: boolean;
  /** Sets of tokens are fed, and their probabilities are given besides. */
  readonly shares?: boolean;
  /** How many tokens are above the one functional is given, too: of one token's weight its rank less 1. */
  readonly ranked?: boolean;
  /** For devices that leave the order of equal logits open: how many tokens there are, and what settles it is given, too. */
  readonly tiesOf?: number;
}

/**
 * Tokens per cell; or the logits themselves; or what the head's product gives, before any scale or soft-cap; or the hidden
 * states behind the first block that runs, or behind the last.
 */
export type CellOutput = TopOutput | { readonly kind: 'logits' | 'head' | 'block' | 'final' | 'normed' };

/** Where a model is cut, and what is read of the part behind. */
export interface CellCut {
  /** -1 is `embeddings`; 0 ... n-1 the output of a block. `head` feeds the head's matrix directly (unembed). */
  readonly layer: number | 'head';
  /**
   * What is fed beside the cells' own position (which may follow past keys and values): the hidden states of the positions
   * before it, of those behind it.
   */
  readonly around: { readonly prefix: boolean; readonly suffix: boolean };
  /**
   * What is known of the cells' position. `lone`: it is the only one, so that attention gives its own values and nothing else of
   * it is computed. `split`: it follows past keys and values, which all cells share.
   */
  readonly attention?: 'lone' | 'split';
  readonly output: CellOutput;
}
