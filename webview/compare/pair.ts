import type { Agreement } from '../../src/map/compare/agreement.js';
import type { Token } from '../../src/map/token.js';
import type { DivergenceNews } from '../../src/protocol/page.js';

/** What wins in some cells: a token on both sides, or one that gives way to another. */
export interface Pair {
  readonly from: Token;
  readonly to: Token;
  readonly same: boolean;
  /** Cells of it. */
  readonly cells: number;
}

/** Where two maps have the same winner and where not. */
export interface Changes {
  readonly agreement: Agreement;
  /** What wins, by the number that stands for a token in the cells of the changes' own map. */
  readonly pairs: readonly Pair[];
  /** How far apart the two maps are, as far as that is known. */
  readonly divergences?: DivergenceNews;
}
