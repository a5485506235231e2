/** Cells of the very first run, before anything is known of its speed. */
const FIRST = 16;
/** A batch that ends sooner than this may be twice as large next time; one that takes longer than that must shrink. */
const SOON_MS = 300;
const LONGEST_MS = 1000;
/** So much slower than the fastest size is as good. */
const AS_GOOD = 1.03;

/**
 * The batch size that a model is fastest with on this machine, found while maps are computed: sizes are doubled for as long as
 * that makes a cell cheaper and a batch ends soon.
 */
export class BatchSize {
  /** Fastest milliseconds a cell that were seen, by size. */
  private readonly pace = new Map<number, number>();
  private size: number;

  /** @param least cells of a batch however long it takes: where most of its time is spent before the first */
  constructor(private readonly least = 1) {
    this.size = Math.max(FIRST, least);
  }

  /** Cells to ask for next, `limit` at most. */
  next(limit: number): number {
    return Math.min(this.size, limit);
  }

  /** A batch that was asked for took so long; the rest of a pass, which is smaller, tells nothing. */
  took(cells: number, milliseconds: number, limit: number): void {
    if (cells < this.next(limit)) return;
    this.pace.set(cells, Math.min(milliseconds / cells, this.pace.get(cells) ?? Infinity));
    const bearable = [...this.pace].filter(([size, pace]) => size * pace <= LONGEST_MS);
    if (bearable.length === 0) {
      this.size = Math.max(this.least, cells >> 1);
      return;
    }
    const fastest = bearable.reduce((best, one) => (one[1] < best[1] ? one : best));
    const largest = bearable.reduce((most, one) => (one[0] > most[0] ? one : most));
    const worth = largest[1] <= AS_GOOD * fastest[1] && largest[0] * largest[1] < SOON_MS;
    this.size = worth ? Math.max(largest[0], Math.min(2 * largest[0], limit)) : fastest[0];
  }
}
