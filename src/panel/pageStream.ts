import type { Token } from '../map/token.js';
import type { CellBatch } from '../map/tokenMap.js';
import { ListsSent } from '../protocol/longLists.js';
import { hasLists, type HostMessage, type Progress, type SlotName } from '../protocol/page.js';

/** Small batches that come within this time cross together. */
const TOGETHER_MS = 25;

/** A typed array of its own: a view into a larger buffer would carry all of that buffer across. */
const own = <T extends Int32Array | Float32Array>(array: T): T => array.slice() as T;

/**
 * Sends cells to the page, gathered; anything else only after the cells that came before it. The next cells wait until the page
 * has drawn the last ones: a slow page gets larger batches, not a queue that hides what happens meanwhile.
 */
export class PageStream {
  private waiting: { slot: SlotName; map: number; batches: CellBatch[]; tokens: Token[] } | undefined;
  private waitingProgress: { readonly slot: SlotName; readonly progress: Progress } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Progress was sent, and the page has not drawn it yet. */
  private undrawn = false;
  private readonly lists = new ListsSent();

  constructor(private readonly post: (message: HostMessage) => void) {}

  send(message: HostMessage): void {
    this.flush();
    this.post(hasLists(message) ? this.lists.named(message) : message);
  }

  cells(slot: SlotName, map: number, batch: CellBatch, tokens: readonly Token[]): void {
    const [first] = this.waiting?.batches ?? [];
    if (this.waiting && (this.waiting.map !== map || first?.filled !== batch.filled)) this.flush();
    this.waiting ??= { slot, map, batches: [], tokens: [] };
    this.waiting.batches.push(batch);
    this.waiting.tokens.push(...tokens);
    this.soon();
  }

  /** Progress goes with the cells that it counts. */
  progress(slot: SlotName, progress: Progress): void {
    if (this.waitingProgress && this.waitingProgress.slot !== slot) this.flush();
    this.waitingProgress = { slot, progress };
    this.soon();
  }

  /** The page has drawn the last progress. */
  drawn(): void {
    this.undrawn = false;
    if (this.waiting || this.waitingProgress) this.soon();
  }

  /** Forgets what waits: the page is sent everything anew. */
  drop(): void {
    this.clear();
    this.undrawn = false;
    this.lists.forget();
  }

  private soon(): void {
    if (!this.undrawn) this.timer ??= setTimeout(() => this.flush(), TOGETHER_MS);
  }

  private flush(): void {
    const { waiting, waitingProgress } = this;
    this.clear();
    if (waiting) {
      const { slot, map, batches, tokens } = waiting;
      this.post({ type: 'cells', slot, map, batch: joined(batches), tokens });
    }
    if (!waitingProgress) return;
    this.post({ type: 'progress', ...waitingProgress });
    this.undrawn = true;
  }

  private clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = undefined;
    this.waitingProgress = undefined;
  }
}

/** Batches all or none of which were filled in. */
function joined(batches: readonly CellBatch[]): CellBatch {
  const [first] = batches;
  if (first && batches.length === 1) {
    const { indices, ids, probabilities, entropy, answers, filled } = first;
    return {
      indices: own(indices),
      ids: own(ids),
      probabilities: own(probabilities),
      entropy: own(entropy),
      ...(answers ? { answers: own(answers) } : {}),
      ...(filled ? { filled } : {}),
    };
  }
  const integers = (key: 'indices' | 'ids'): Int32Array =>
    fill(
      batches.map((batch) => batch[key]),
      (n) => new Int32Array(n),
    );
  const numbers = (key: 'probabilities' | 'entropy' | 'answers'): Float32Array =>
    fill(
      batches.map((batch) => batch[key] ?? new Float32Array()),
      (n) => new Float32Array(n),
    );
  return {
    indices: integers('indices'),
    ids: integers('ids'),
    probabilities: numbers('probabilities'),
    entropy: numbers('entropy'),
    ...(first?.answers ? { answers: numbers('answers') } : {}),
    ...(first?.filled ? { filled: first.filled } : {}),
  };
}

function fill<T extends Int32Array | Float32Array>(parts: readonly T[], make: (length: number) => T): T {
  const all = make(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
