import type { Graph } from '../../onnx/graph.js';
import type { MemoryBudget } from '../memory.js';
import type { Feeds, Results, Session } from '../session.js';

/** What is known of a cut graph besides its session. */
export interface CutFacts {
  readonly graph: Graph;
  /** Of memory, that the weights take. */
  readonly weightsBytes: number;
  readonly widensEachRun: boolean;
  readonly hiddenSize: number;
}

/** A cut graph with the session that runs it. */
export interface OpenCut extends CutFacts {
  readonly session: Session;
}

/** A cut graph that runs whenever it is asked to: what became of its session meanwhile is nobody's concern. */
export interface CutSession extends CutFacts {
  readonly run: (feeds: Feeds) => Promise<Results>;
}

/** A cut graph that is not shut before it is left. */
export interface HeldCut extends OpenCut {
  /** @param ranBytes that its largest run took besides the weights: a session keeps what it took once */
  readonly leave: (ranBytes: number) => Promise<void>;
}

interface Kept {
  readonly opening: Promise<OpenCut>;
  /** Runs that are on their way, and holders. */
  users: number;
  /** Of the largest run of those who held it. */
  ranBytes: number;
}

/** Of sessions that were left so many stay open, with no more memory: opening one of a small model takes longer than running it. */
const SPARES = 8;
const SPARE_BYTES = 64 * 2 ** 20;
/** Of what a model may take. */
const SPARE_SHARE = 1 / 16;

/** Sessions of a model, of all its variants together, that were left: open for whoever wants one again. The oldest are shut. */
export class Spares {
  private readonly spares = new Map<Kept, { readonly bytes: number; readonly shut: () => Promise<void> }>();
  private readonly mostBytes: number;

  constructor({ bytes }: MemoryBudget) {
    this.mostBytes = Math.min(SPARE_BYTES, SPARE_SHARE * bytes);
  }

  /** @param bytes that it holds @param shut shuts it, unless it is used */
  async add(kept: Kept, bytes: number, shut: () => Promise<void>): Promise<void> {
    if (bytes > this.mostBytes) return shut();
    this.spares.set(kept, { bytes, shut });
    const all = [...this.spares.entries()];
    let total = all.reduce((sum, [, one]) => sum + one.bytes, 0);
    const over = all.filter(([, one], i) => {
      const isOver = all.length - i > SPARES || total > this.mostBytes;
      if (isOver) total -= one.bytes;
      return isOver;
    });
    for (const [one] of over) this.spares.delete(one); // before anything is awaited: none is taken that is being shut
    for (const [, one] of over) await one.shut();
  }

  /** One is used again, or shut. */
  take(kept: Kept): void {
    this.spares.delete(kept);
  }

  has(kept: Kept): boolean {
    return this.spares.has(kept);
  }
}

/**
 * Sessions of cut graphs, by key. Nobody holds one: who runs a graph names it, and a session that was shut is opened again for that.
 * So whoever makes room can shut all that is not wanted, and none is shut while it runs.
 */
export class KeptSessions {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly spares: Spares) {}

  /** Opens a graph, unless it is open. @param open opens it, now and whenever it has been shut @throws what opening it does */
  async of(key: string, open: (made?: Graph) => Promise<OpenCut>): Promise<CutSession> {
    const { session: _, ...facts } = await this.use(key, open, (opened) => Promise.resolve(opened));
    const again = (): Promise<OpenCut> => open(facts.graph);
    return { ...facts, run: (feeds) => this.use(key, again, ({ session }) => session.run(feeds)) };
  }

  /** Opens a graph, unless it is open, and holds it so until it is left. @throws what opening it does */
  async hold(key: string, open: () => Promise<OpenCut>): Promise<HeldCut> {
    const kept = this.opened(key, open);
    kept.users++;
    try {
      const opened = await kept.opening;
      return { ...opened, leave: (ranBytes) => this.leave(key, kept, opened.weightsBytes, ranBytes) };
    } catch (error) {
      kept.users--;
      throw error;
    }
  }

  /** The graph of one that is open. */
  async graphOf(key: string): Promise<Graph | undefined> {
    return (await this.kept.get(key)?.opening)?.graph;
  }

  /** Shuts those that are not wanted, but for what runs. @param spares whether those that were left are shut, too */
  async shut(isWanted: (key: string) => boolean, spares: boolean): Promise<void> {
    for (const [key, kept] of [...this.kept]) {
      if (kept.users > 0 || isWanted(key) || (!spares && this.spares.has(kept))) continue;
      await this.shutOne(key, kept);
    }
  }

  /** Of the weights of all. */
  async bytes(): Promise<number> {
    const opened = await Promise.allSettled([...this.kept.values()].map(({ opening }) => opening));
    return opened.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value.weightsBytes : 0), 0);
  }

  private async leave(key: string, kept: Kept, weightsBytes: number, ranBytes: number): Promise<void> {
    kept.users--;
    kept.ranBytes = Math.max(kept.ranBytes, ranBytes);
    if (kept.users === 0) await this.spares.add(kept, weightsBytes + kept.ranBytes, () => this.shutOne(key, kept));
  }

  private async shutOne(key: string, kept: Kept): Promise<void> {
    this.spares.take(kept);
    if (this.kept.get(key) !== kept || kept.users > 0) return; // it was shut, or taken, meanwhile
    this.kept.delete(key); // before anything is awaited: who asks from now on opens it anew
    await (await kept.opening.catch(() => undefined))?.session.release();
  }

  private opened(key: string, open: () => Promise<OpenCut>): Kept {
    const found = this.kept.get(key);
    if (found) {
      this.spares.take(found);
      return found;
    }
    const made = { opening: open(), users: 0, ranBytes: 0 };
    this.kept.set(key, made);
    made.opening.catch(() => this.kept.get(key) === made && this.kept.delete(key));
    return made;
  }

  private async use<T>(key: string, open: () => Promise<OpenCut>, work: (opened: OpenCut) => Promise<T>): Promise<T> {
    const kept = this.opened(key, open);
    kept.users++;
    try {
      return await work(await kept.opening);
    } finally {
      kept.users--;
    }
  }
}
