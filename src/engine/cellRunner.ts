import { CUT } from '../onnx/cut.js';
import type { Graph } from '../onnx/graph.js';
import type { Interface } from '../onnx/interface.js';
import { Fault } from '../map/fault.js';
import { cacheLayout, emptyPast, repeatPast, sequenceFeeds } from './feeds.js';
import type { ModelConfig } from './modelFiles.js';
import { type Feeds, type Results, type Session, Tensor } from './session.js';

export interface CellRunnerParts {
  readonly session: Session;
  readonly graph: Graph;
  readonly interface: Interface;
  readonly config: ModelConfig;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Hidden states of the earlier positions, [1, positions, hiddenSize], where the whole sequence is run. */
  readonly prefix: Tensor | undefined;
  readonly prefixIds: readonly number[];
  /** Past keys and values of the earlier positions, batch 1, by input name; empty where there is nothing before. */
  readonly pasts: ReadonlyMap<string, Tensor>;
  /** The cells would see each other: run every one alone. */
  readonly oneByOne: boolean;
  readonly weightsBytes: number;
  /** Token id fed at the position that the vector takes; only a padding mask could see it. */
  readonly lastId: number;
}

/** Top-k of some cells, as in a `CellBatch`. */
export interface Tops {
  readonly ids: Int32Array;
  readonly probabilities: Float32Array;
  readonly entropy: Float32Array;
}

/** A cut graph with everything before the cells computed: takes hidden states, gives predictions. */
export class CellRunner {
  private feeds: { batch: number; feeds: Feeds } | undefined;

  constructor(private readonly parts: CellRunnerParts) {}

  get hiddenSize(): number {
    return this.parts.hiddenSize;
  }

  get weightsBytes(): number {
    return this.parts.weightsBytes;
  }

  get oneByOne(): boolean {
    return this.parts.oneByOne;
  }

  /** Bytes that one cell of a batch takes while it runs: its logits several times over, its pasts, its activations. */
  get bytesPerCell(): number {
    const { vocabularySize, hiddenSize, prefix, pasts, prefixIds } = this.parts;
    const positions = prefix ? prefixIds.length + 1 : 1;
    const past = [...pasts.values()].reduce((sum, t) => sum + t.data.length * 4, 0);
    return vocabularySize * 4 * (5 + (prefix ? positions : 1)) + positions * hiddenSize * 4 * 24 + past * 2;
  }

  /**
   * The predictions for some hidden states.
   * @param points [count * hiddenSize]
   * @throws Fault `memory`, `model-broken`
   */
  async tops(points: Float32Array, count: number): Promise<Tops> {
    const parts: Tops[] = [];
    await this.each(points, count, (results, n) => {
      const ids = results[CUT.ids]?.data;
      const probabilities = results[CUT.probabilities]?.data;
      const below = results[CUT.below]?.data;
      if (!(ids instanceof Int32Array && probabilities instanceof Float32Array && below instanceof Float32Array))
        throw new Fault({ code: 'internal', message: 'The cut graph gave something else than tokens.' });
      const k = ids.length / below.length;
      parts.push({
        ids: ids.slice(0, n * k),
        probabilities: probabilities.slice(0, n * k),
        entropy: below.slice(0, n).map((sum, i) => Math.max(0, -Math.log(probabilities[i * k] ?? 0) - sum)),
      });
    });
    const [only] = parts;
    if (parts.length === 1 && only) return only;
    return {
      ids: Int32Array.from(parts.flatMap((p) => [...p.ids])),
      probabilities: Float32Array.from(parts.flatMap((p) => [...p.probabilities])),
      entropy: Float32Array.from(parts.flatMap((p) => [...p.entropy])),
    };
  }

  /** Raw logits, [count, vocabulary], for runners whose plan asked for them. */
  async logits(points: Float32Array, count: number): Promise<Float32Array> {
    const rows: Float32Array[] = [];
    await this.each(points, count, (results, n) => {
      const data = results[CUT.logits]?.data;
      if (!(data instanceof Float32Array))
        throw new Fault({ code: 'internal', message: 'The cut graph gave no logits.' });
      rows.push(data.slice(0, (data.length / this.padded(n)) * n));
    });
    const all = new Float32Array(rows.reduce((sum, r) => sum + r.length, 0));
    let at = 0;
    for (const row of rows) {
      all.set(row, at);
      at += row.length;
    }
    return all;
  }

  private async each(points: Float32Array, count: number, take: (results: Results, n: number) => void): Promise<void> {
    const d = this.parts.hiddenSize;
    const step = this.parts.oneByOne ? 1 : Math.max(count, 1);
    for (let at = 0; at < count; at += step) {
      const n = Math.min(step, count - at);
      take(await this.run(points.subarray(at * d, (at + n) * d), n), n);
    }
  }

  /** A lone row takes another path through matrix products than one of many; two rows give the same as a hundred. */
  private padded(n: number): number {
    return n === 1 && !this.parts.oneByOne ? 2 : n;
  }

  private run(points: Float32Array, n: number): Promise<Results> {
    const batch = this.padded(n);
    let data = points;
    if (batch > n) {
      data = new Float32Array(batch * this.parts.hiddenSize);
      data.set(points);
      data.set(points, points.length);
    }
    const cells = new Tensor('float32', data, [batch, 1, this.parts.hiddenSize]);
    return this.parts.session.run({ ...this.feedsFor(batch), [CUT.cells]: cells });
  }

  /** Everything but the cells; the same for every batch of a size. */
  private feedsFor(batch: number): Feeds {
    if (this.feeds?.batch === batch) return this.feeds.feeds;
    const { graph, interface: io, config, prefix, prefixIds, pasts, lastId } = this.parts;
    const past = pasts.size > 0 ? prefixIds.length : 0;
    const ids = prefix ? [...prefixIds, lastId] : [lastId];
    const feeds: Record<string, Tensor> = { ...sequenceFeeds(graph, io, { batch, past, ids }) };
    for (const slot of io.caches) {
      if (!graph.isInput(slot.past)) continue;
      const layout = cacheLayout(slot, config);
      const present = pasts.get(slot.past);
      feeds[slot.past] = present ? repeatPast(present, layout, batch) : emptyPast(slot, layout, batch);
    }
    if (prefix && graph.isInput(CUT.prefix)) feeds[CUT.prefix] = prefix;
    this.feeds = { batch, feeds };
    return feeds;
  }

  async release(): Promise<void> {
    await this.parts.session.release();
  }
}
