import { CUT } from '../onnx/cut/names.js';
import type { Graph } from '../onnx/graph.js';
import type { Interface } from '../onnx/interface.js';
import { repeatedPast } from '../onnx/sharedPast.js';
import { Fault } from '../map/fault.js';
import { BatchSize } from './batchSize.js';
import { cacheLayout, emptyPast, sequenceFeeds } from './feeds.js';
import type { MaskForms } from './maskForms.js';
import type { ModelConfig } from './modelConfig.js';
import { type Feeds, type Results, Tensor } from './session.js';
import { lowerIdsFirst } from './ties.js';

export interface CellRunnerParts {
  readonly run: (feeds: Feeds) => Promise<Results>;
  readonly graph: Graph;
  readonly interface: Interface;
  readonly masks: MaskForms;
  readonly config: ModelConfig;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Hidden states of the earlier positions, [1, positions, hiddenSize], where the whole sequence is run. */
  readonly prefix: Tensor | undefined;
  readonly prefixIds: readonly number[];
  /** Hidden states of the later positions, [1, positions, hiddenSize]. */
  readonly suffix: Tensor | undefined;
  readonly suffixIds: readonly number[];
  /** Past keys and values of the earlier positions, batch 1 for all cells, by input name; empty where there is nothing before. */
  readonly pasts: ReadonlyMap<string, Tensor>;
  /** The cells would see each other: run every one alone. */
  readonly oneByOne: boolean;
  /** Every run widens all weights first: cells should share it. */
  readonly widensEachRun: boolean;
  /** What interventions take besides; the same for every batch. */
  readonly fed: Feeds;
  /** Token id fed at the position that the vector takes; only a padding mask could see it. */
  readonly ownId: number;
}

/** Top-k of some cells, as in a `CellBatch`. */
export interface Tops {
  readonly ids: Int32Array;
  readonly probabilities: Float32Array;
  readonly entropy: Float32Array;
  /** Of the question, where one is asked. */
  readonly answers?: Float32Array;
}

/** What a plan that is masked or has a functional takes besides. */
export interface RaceFeeds {
  /** [vocabulary]: 0, or -infinity for a token left out. */
  readonly mask?: Float32Array;
  readonly weights?: Columns;
  readonly members?: Columns;
}

/** [vocabulary * columns], a token's numbers side by side. */
export interface Columns {
  readonly data: Float32Array;
  readonly columns: number;
}

/** Top-k as a cut graph gives it. */
export interface GraphTops extends Tops {
  /** [count * k] */
  readonly logits: Float32Array;
  /** [count * functionals]: sum of weights (z - z(1)); empty where no weights are fed. */
  readonly functional: Float32Array;
  /** [count * sets]: their probabilities; empty where there are none. */
  readonly shares: Float32Array;
  /** [count]: how many tokens are above it; empty where that is not asked. */
  readonly above: Float32Array;
}

/** Heads of attention that are reckoned with. */
const MOST_HEADS = 32;

/** Fewest cells that share the widening of 16-bit weights. */
const LEAST_OF_WIDENED = 64;

/** A cut graph with everything before the cells computed: takes hidden states, gives predictions. */
export class CellRunner {
  readonly batchSize: BatchSize;
  private feeds: { batch: number; feeds: Feeds } | undefined;
  /** Cells of the largest batch so far. */
  private most = 0;

  constructor(private readonly parts: CellRunnerParts) {
    this.batchSize = new BatchSize(parts.widensEachRun ? LEAST_OF_WIDENED : 1);
  }

  /** Bytes that one cell of a batch takes while it runs: its logits several times over, its pasts, its activations. */
  get bytesPerCell(): number {
    const { vocabularySize, hiddenSize, prefix, suffix, pasts, prefixIds, suffixIds, graph } = this.parts;
    const positions = (prefix ? prefixIds.length : 0) + 1 + suffixIds.length;
    // A past that every cell has a copy of stands several times over (joined, for every head), one block at a time; of a shared
    // one there are scores alone.
    const copied = [...pasts].filter(([past]) => graph.producers.has(repeatedPast(past)));
    const copies = copied.reduce((most, [, t]) => Math.max(most, t.data.length * 4), 0);
    const scores = pasts.size > copied.length ? prefixIds.length * 4 * 4 * MOST_HEADS : 0;
    return (
      vocabularySize * 4 * (5 + ((prefix ?? suffix) ? positions : 1)) +
      positions * hiddenSize * 4 * 24 +
      copies * 16 +
      scores
    );
  }

  /** Bytes that its largest run took. */
  get ranBytes(): number {
    return this.most * this.bytesPerCell;
  }

  /**
   * The predictions for some hidden states.
   * @param points [count * hiddenSize]
   * @throws Fault `memory`, `model-broken`
   */
  async tops(points: Float32Array, count: number, race: RaceFeeds = {}): Promise<GraphTops> {
    const parts: GraphTops[] = [];
    const more = raceFeeds(race);
    await this.each(points, count, more, (results, n) => {
      const ids = results[CUT.ids]?.data;
      const logits = results[CUT.top]?.data;
      const functional = results[CUT.functional]?.data;
      const shares = results[CUT.shares]?.data;
      const above = results[CUT.above]?.data;
      const probabilities = results[CUT.probabilities]?.data;
      const below = results[CUT.below]?.data;
      if (
        !(ids instanceof Int32Array && probabilities instanceof Float32Array && below instanceof Float32Array) ||
        !(logits instanceof Float32Array)
      )
        throw new Fault({ code: 'internal', message: 'The cut graph gave something else than tokens.' });
      const k = ids.length / below.length;
      const notBelow = results[CUT.notBelow]?.data;
      const found = { ids: ids.slice(0, n * k), logits: logits.slice(0, n * k) };
      parts.push({
        ids:
          notBelow instanceof Float32Array
            ? lowerIdsFirst({ ...found, notBelow }, k, this.parts.vocabularySize)
            : found.ids,
        logits: found.logits,
        functional: rowsOf(functional, n * (race.weights?.columns ?? 0)),
        shares: rowsOf(shares, n * (race.members?.columns ?? 0)),
        above: rowsOf(above, n),
        probabilities: probabilities.slice(0, n * k),
        entropy: below.slice(0, n).map((sum, i) => Math.max(0, -Math.log(probabilities[i * k] ?? 0) - sum)),
      });
    });
    return joinedTops(parts);
  }

  /** Raw logits, [count, vocabulary], for runners whose plan asked for them. */
  async logits(points: Float32Array, count: number): Promise<Float32Array> {
    const rows: Float32Array[] = [];
    await this.each(points, count, {}, (results, n) => {
      const data = results[CUT.logits]?.data;
      if (!(data instanceof Float32Array))
        throw new Fault({ code: 'internal', message: 'The cut graph gave no logits.' });
      rows.push(data.slice(0, (data.length / this.padded(n)) * n));
    });
    const [only] = rows;
    if (rows.length === 1 && only) return only;
    const all = new Float32Array(rows.reduce((sum, r) => sum + r.length, 0));
    let at = 0;
    for (const row of rows) {
      all.set(row, at);
      at += row.length;
    }
    return all;
  }

  private async each(
    points: Float32Array,
    count: number,
    more: Feeds,
    take: (results: Results, n: number) => void,
  ): Promise<void> {
    const d = this.parts.hiddenSize;
    const step = this.parts.oneByOne ? 1 : Math.max(count, 1);
    for (let at = 0; at < count; at += step) {
      const n = Math.min(step, count - at);
      take(await this.run(points.subarray(at * d, (at + n) * d), n, more), n);
    }
  }

  /** A lone row takes another path through matrix products than one of many; two rows give the same as a hundred. */
  private padded(n: number): number {
    return n === 1 && !this.parts.oneByOne ? 2 : n;
  }

  private run(points: Float32Array, n: number, more: Feeds): Promise<Results> {
    const batch = this.padded(n);
    this.most = Math.max(this.most, batch);
    let data = points;
    if (batch > n) {
      data = new Float32Array(batch * this.parts.hiddenSize);
      data.set(points);
      data.set(points, points.length);
    }
    const cells = new Tensor('float32', data, [batch, 1, this.parts.hiddenSize]);
    return this.parts.run({ ...this.feedsFor(batch), ...more, [CUT.cells]: cells });
  }

  /** Everything but the cells; the same for every batch of a size. */
  private feedsFor(batch: number): Feeds {
    if (this.feeds?.batch === batch) return this.feeds.feeds;
    const { graph, interface: io, masks, config, prefix, prefixIds, suffix, suffixIds, pasts, ownId } = this.parts;
    const past = pasts.size > 0 ? prefixIds.length : 0;
    const ids = [...(prefix ? prefixIds : []), ownId, ...suffixIds];
    const feeds: Record<string, Tensor> = {
      ...sequenceFeeds(graph, io, masks, { batch, past, ids }),
      ...this.parts.fed,
    };
    for (const slot of io.caches) {
      if (!graph.isInput(slot.past)) continue;
      feeds[slot.past] = pasts.get(slot.past) ?? emptyPast(slot, cacheLayout(slot, config), 1);
    }
    if (prefix) feeds[CUT.prefix] = prefix;
    if (suffix) feeds[CUT.suffix] = suffix;
    this.feeds = { batch, feeds };
    return feeds;
  }
}

/** Tops of some cells, and of those that follow. */
export function joinedTops(parts: readonly GraphTops[]): GraphTops {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const joined = (of: (part: GraphTops) => Float32Array): Float32Array => {
    const all = new Float32Array(parts.reduce((sum, part) => sum + of(part).length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(of(part), at);
      at += of(part).length;
    }
    return all;
  };
  return {
    ids: Int32Array.from(parts.flatMap(({ ids }) => [...ids])),
    logits: joined(({ logits }) => logits),
    functional: joined(({ functional }) => functional),
    shares: joined(({ shares }) => shares),
    above: joined(({ above }) => above),
    probabilities: joined(({ probabilities }) => probabilities),
    entropy: joined(({ entropy }) => entropy),
  };
}

/** The first numbers of what a graph gives; nothing where it gives none. */
const rowsOf = (data: unknown, count: number): Float32Array =>
  data instanceof Float32Array ? data.slice(0, count) : new Float32Array(0);

const columnsTensor = ({ data, columns }: Columns): Tensor =>
  new Tensor('float32', data, [data.length / columns, columns]);

function raceFeeds({ mask, weights, members }: RaceFeeds): Feeds {
  return {
    ...(mask ? { [CUT.mask]: new Tensor('float32', mask, [1, mask.length]) } : {}),
    ...(weights ? { [CUT.weights]: columnsTensor(weights) } : {}),
    ...(members ? { [CUT.members]: columnsTensor(members) } : {}),
  };
}
