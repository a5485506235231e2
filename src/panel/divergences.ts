import type { EngineLease } from '../host/engineLease.js';
import { divergencesBetween } from '../host/series/divergences.js';
import { type CellDivergences, noDivergences } from '../map/compare/comparison.js';
import { Fault } from '../map/fault.js';
import type { BesideParams } from '../protocol/engine.js';
import type { DivergenceNews } from '../protocol/page.js';
import type { MapRecord } from './mapRecord.js';

/** What is told of a running computation, at most this often. */
const TELL_MS = 250;

/** The two maps that a panel compares. */
export interface DivergencePlace {
  /** The panel's own map of this number, once it is whole. */
  readonly main: (id: number) => MapRecord | undefined;
  /** The map beside it; its model is opened where that is another one. undefined: there is no such whole map. */
  readonly beside: (id: number, main: MapRecord) => Promise<BesideParams | undefined>;
  readonly lease: (record: MapRecord) => Promise<EngineLease>;
  readonly batchSize: () => number;
  readonly send: (news: DivergenceNews | null) => void;
}

type Pair = readonly [main: number, other: number];

/** How far apart the predictions of two compared maps are: of one pair of maps at a time, when the page asks. */
export class Divergences {
  private pair: Pair | undefined;
  private news: DivergenceNews | null = null;
  private running: AbortController | undefined;

  constructor(private readonly place: DivergencePlace) {}

  /** What is known of a pair of maps, as far as it is there. */
  between(main: number | undefined, other: number | undefined): CellDivergences | undefined {
    const { news } = this;
    return news?.values && news.done === news.total && news.maps[0] === main && news.maps[1] === other
      ? news.values
      : undefined;
  }

  /** null: they are no longer looked at. */
  async ask(pair: Pair | null): Promise<void> {
    if (!pair) return this.stop();
    if (this.pair?.[0] === pair[0] && this.pair[1] === pair[1] && !this.news?.fault) return this.sendAll();
    this.stop();
    const main = this.place.main(pair[0]);
    if (!main) return;
    const running = new AbortController();
    [this.pair, this.running] = [pair, running];
    const total = main.cells.computed.length;
    const tell = (rest: Partial<DivergenceNews>): void => {
      if (this.running !== running) return;
      this.news = { maps: pair, values: null, done: 0, total, fault: null, ...rest };
      this.sendAll();
    };
    tell({});
    try {
      const beside = await this.place.beside(pair[1], main);
      if (!beside) return;
      const { engine } = await this.place.lease(main);
      const values = noDivergences(main.cells);
      let told = performance.now();
      await divergencesBetween(
        engine,
        { parameters: main.parameters, beside, batchSize: this.place.batchSize() },
        {
          into: values,
          signal: running.signal,
          onProgress: (done) => {
            if (performance.now() - told < TELL_MS) return;
            told = performance.now();
            tell({ values, done: Math.min(done, total - 1) });
          },
        },
      );
      tell({ values, done: total });
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.code !== 'cancelled') tell({ fault: fault.toData() });
    } finally {
      if (this.running === running) this.running = undefined;
    }
  }

  sendAll(): void {
    this.place.send(this.news);
  }

  /** Ends what is computed; what was found whole is kept. */
  stop(): void {
    if (!this.running) return;
    this.running.abort();
    this.running = undefined;
    this.pair = undefined;
    this.news = null;
  }
}
