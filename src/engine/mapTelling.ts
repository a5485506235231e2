import type { Token } from '../map/token.js';
import type { CellBatch } from '../map/tokenMap.js';
import type { CallContext } from '../protocol/channel.js';
import type { MapEvent } from '../protocol/engine.js';
import type { Model } from './model/model.js';
import { newTokens } from './newTokens.js';

/** What is told of a map while it is computed: its notices, and its cells, each token with the first that has it. */
export class MapTelling {
  readonly notices: string[] = [];
  /** Cells were shown that only pass. */
  hasPassed = false;
  private readonly sent = new Set<number>();
  private done = 0;
  private since = performance.now();

  constructor(
    private readonly context: CallContext<MapEvent>,
    private readonly model: Model,
    /** Cells of the map. */
    private readonly total: number,
  ) {}

  readonly notice = (message: string): void => {
    this.notices.push(message);
    this.context.emit({ kind: 'notice', message });
  };

  /** Tokens that were not told before. */
  tokensOf(ids: Int32Array): Token[] {
    return newTokens(ids, this.model, this.sent);
  }

  /** Cells that will come once more. @param unverified the model has still to prove itself */
  passing(batch: CellBatch, unverified: boolean): void {
    this.hasPassed = true;
    const nothing = { done: 0, total: this.total, stride: 16, secondsLeft: null };
    const tokens = this.tokensOf(batch.ids);
    this.context.emit({ kind: 'cells', batch, passing: true, ...(unverified && { unverified }), tokens, ...nothing });
  }

  /** What came of the model holds. */
  verified(): void {
    this.context.emit({ kind: 'verified' });
  }

  /** From now on cells count, and so does time. */
  begin(): void {
    this.since = performance.now();
  }

  /** @param count of the cells that were computed: some have no prediction, and are not told */
  cells(batch: CellBatch, stride: number, count: number): void {
    const { total } = this;
    this.done += count;
    const elapsed = performance.now() - this.since;
    const tokens = this.tokensOf(batch.ids);
    const progress = { done: this.done, total, stride, secondsLeft: secondsLeft(elapsed, this.done, total) };
    this.context.emit({ kind: 'cells', batch, tokens, ...progress });
  }
}

/** Known after 5 % or 2 s. */
function secondsLeft(elapsed: number, done: number, total: number): number | null {
  if (done === 0 || (done / total < 0.05 && elapsed < 2000)) return null;
  return ((elapsed / done) * (total - done)) / 1000;
}
