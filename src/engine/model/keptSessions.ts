import type { Graph } from '../../onnx/graph.js';
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

interface Kept {
  readonly opening: Promise<OpenCut>;
  /** Runs that are on their way. */
  users: number;
}

/**
 * Sessions of cut graphs, by key. Nobody holds one: who runs a graph names it, and a session that was shut is opened again for that.
 * So whoever makes room can shut all that is not wanted, and none is shut while it runs.
 */
export class KeptSessions {
  private readonly kept = new Map<string, Kept>();

  /** Opens a graph, unless it is open. @param open opens it, now and whenever it has been shut @throws what opening it does */
  async of(key: string, open: (made?: Graph) => Promise<OpenCut>): Promise<CutSession> {
    const { session: _, ...facts } = await this.use(key, open, (opened) => Promise.resolve(opened));
    const again = (): Promise<OpenCut> => open(facts.graph);
    return { ...facts, run: (feeds) => this.use(key, again, ({ session }) => session.run(feeds)) };
  }

  /** The graph of one that is open. */
  async graphOf(key: string): Promise<Graph | undefined> {
    return (await this.kept.get(key)?.opening)?.graph;
  }

  /** Shuts those that are not wanted, but for what runs. */
  async shut(isWanted: (key: string) => boolean): Promise<void> {
    for (const [key, kept] of [...this.kept]) {
      if (kept.users > 0 || isWanted(key)) continue;
      this.kept.delete(key); // before anything is awaited: who asks from now on opens it anew
      await (await kept.opening.catch(() => undefined))?.session.release();
    }
  }

  /** Of the weights of all. */
  async bytes(): Promise<number> {
    const opened = await Promise.allSettled([...this.kept.values()].map(({ opening }) => opening));
    return opened.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value.weightsBytes : 0), 0);
  }

  private async use<T>(key: string, open: () => Promise<OpenCut>, work: (opened: OpenCut) => Promise<T>): Promise<T> {
    let kept = this.kept.get(key);
    if (!kept) {
      kept = { opening: open(), users: 0 };
      const made = kept;
      this.kept.set(key, made);
      made.opening.catch(() => this.kept.get(key) === made && this.kept.delete(key));
    }
    kept.users++;
    try {
      return await work(await kept.opening);
    } finally {
      kept.users--;
    }
  }
}
