import type { Anatomy } from '../../onnx/anatomy.js';
import { cutStates } from '../../onnx/cut.js';
import type { Graph } from '../../onnx/graph.js';
import { LATER } from '../../onnx/intervene.js';
import { allowRun } from '../allowance.js';
import { anyPast } from '../feeds.js';
import { chunkOf, runBytes } from '../memory.js';
import { type Feeds, type Results, type Session, Tensor } from '../session.js';
import { type FedNumbers, fedRows } from './fed.js';
import type { HeldCut, KeptSessions } from './keptSessions.js';
import { type Model, translated } from './model.js';

/** A sequence that is run, or its beginning. */
export interface SequenceOptions {
  /** How many of its positions lie behind the one that matters; by default none. */
  readonly later?: number;
  /** Of the sequence whose beginning it is; by default no longer. */
  readonly length?: number;
  /** Only what is had at the last position is looked at: of a long sequence the rest is not kept. */
  readonly last?: boolean;
}

/** What sequences are run through. */
export interface Runnable {
  readonly model: Model;
  readonly anatomy: Anatomy;
  /** Tells the anatomy from others that have the same sessions. */
  readonly name: 'whole' | 'before';
  readonly fed: readonly FedNumbers[];
  readonly sessions: KeptSessions;
}

/** Runs a model on token ids for some of its tensors: at once, or a long sequence in chunks. Holds sessions until it is released. */
export class Sequences {
  private whole: Promise<HeldCut> | undefined;
  /** What runs chunks; undefined in it where that does not give what a run at once does. */
  private chunked: Promise<HeldCut | undefined> | undefined;
  /** Of the largest run. */
  private ranBytes = 0;

  constructor(
    private readonly of: Runnable,
    private readonly tensors: readonly string[],
    private readonly presents: readonly string[],
  ) {}

  /** @returns hidden states [1, positions, hiddenSize] under the names that cutStates gives them, presents under their own names */
  async run(
    ids: readonly number[],
    { later = 0, length = ids.length, last = false }: SequenceOptions = {},
  ): Promise<Results> {
    const { model, fed } = this.of;
    const bytes = runBytes(model, ids.length);
    allowRun(bytes);
    this.ranBytes = Math.max(this.ranBytes, bytes);
    const feedsOf = (graph: Graph) => (from: number, count: number) => ({
      ...model.plainFeeds(graph, { batch: 1, past: from, ids: ids.slice(from, from + count) }),
      ...fedRows(graph, fed, { from, count, later, length }),
    });
    const chunk = chunkOf(model, ids.length);
    const parts =
      chunk === undefined || !keepsAll(model, ids.length, chunk, length) ? undefined : await this.inChunks();
    if (chunk !== undefined && parts) return runChunks(model, parts, ids.length, chunk, feedsOf(parts.graph), last);
    const { session, graph } = await (this.whole ??= this.open(this.presents));
    return session.run(feedsOf(graph)(0, ids.length));
  }

  async release(): Promise<void> {
    for (const opening of [this.whole, this.chunked])
      await (await opening?.catch(() => undefined))?.leave(this.ranBytes);
  }

  private open(presents: readonly string[]): Promise<HeldCut> {
    const { model, name, sessions } = this.of;
    return model.hold(sessions, [name, this.tensors, presents], () => this.graphOf(presents));
  }

  private graphOf(presents: readonly string[]): Graph {
    return cutStates(this.of.anatomy, this.tensors, presents);
  }

  /** A session for chunks: besides all else it gives the keys and values that it takes. */
  private inChunks(): NonNullable<typeof this.chunked> {
    return (this.chunked ??= (async () => {
      let presents = [...this.presents];
      for (;;) {
        const graph = translated(() => this.graphOf(presents), this.of.model.files.relativeFile);
        if (graph.isInput(LATER)) return undefined; // what acts at one position alone cannot be told of its chunk
        const taken = this.of.anatomy.interface.caches.filter(({ past }) => graph.isInput(past));
        const more = taken.flatMap(({ present }) =>
          present === undefined || presents.includes(present) ? [] : present,
        );
        if (more.length === 0) break;
        presents = [...presents, ...more];
      }
      const opened = await this.open(presents);
      if (await this.proves(opened)) return opened;
      await opened.leave(Infinity);
      return undefined;
    })());
  }

  /** Whether chunks give what a run at once does, on a few tokens. */
  private async proves(opened: { readonly session: Session; readonly graph: Graph }): Promise<boolean> {
    const { model, fed } = this.of;
    const ids = [0.23, 0.61, 0.37, 0.05, 0.71].map((share) => Math.floor(share * model.facts.vocabularySize));
    // Rows that are fed stand for a prompt; any of them do for a proof.
    const some = fed.map((one) => ('rows' in one ? { ...one, rows: one.rows.slice(0, ids.length * one.width) } : one));
    const feeds = (from: number, count: number): Feeds => ({
      ...model.plainFeeds(opened.graph, { batch: 1, past: from, ids: ids.slice(from, from + count) }),
      ...fedRows(opened.graph, some, { from, count, later: 0, length: ids.length }),
    });
    return provesChunks(model, opened, ids.length, feeds);
  }
}

/** Whether a graph gives in chunks what it gives at once, tried on a few positions. */
export async function provesChunks(
  model: Model,
  opened: { readonly session: Session; readonly graph: Graph },
  positions: number,
  feedsOf: (from: number, count: number) => Feeds,
): Promise<boolean> {
  try {
    const whole = await opened.session.run(feedsOf(0, positions));
    const parts = await runChunks(model, opened, positions, 2, feedsOf, false);
    return Object.keys(whole).every((name) => isNear(whole[name], parts[name], model.source.arithmetic === 'float32'));
  } catch {
    return false; // the export refuses several positions behind others
  }
}

/** Whether the keys of no chunk depend on how long the sequence becomes. */
export const keepsAll = ({ manner, source }: Model, positions: number, chunk: number, length: number): boolean =>
  manner.prefix.way === 'reused' &&
  Array.from({ length: Math.ceil(positions / chunk) }, (_, i) => (i + 1) * chunk).every((end) =>
    source.keepsPrefix(Math.min(end, positions), length),
  );

/**
 * Runs a graph on one part of a sequence after the other, each behind the keys and values of those before it, so that no matrix
 * [heads, positions, positions] stands as a whole.
 * @param feedsOf all that some positions take but what was before them
 * @param last whether only the last part's own results are kept
 */
export async function runChunks(
  model: Model,
  { session, graph }: { readonly session: Session; readonly graph: Graph },
  positions: number,
  chunk: number,
  feedsOf: (from: number, count: number) => Feeds,
  last: boolean,
): Promise<Results> {
  const caches = model.anatomy.interface.caches.filter(({ past }) => graph.isInput(past));
  const given = new Set(caches.flatMap(({ present }) => present ?? []));
  const gathered: Record<string, Float32Array> = {};
  const shapes: Record<string, readonly number[]> = {};
  let results: Results = {};
  for (let from = 0; from < positions; from += chunk) {
    const count = Math.min(chunk, positions - from);
    const pasts: Record<string, Tensor> = {};
    // Of some only the length is read: those that the graph does not give.
    for (const slot of from === 0 ? [] : caches)
      pasts[slot.past] = results[slot.present ?? ''] ?? anyPast(slot, model.files.config, from);
    results = await session.run({ ...feedsOf(from, count), ...pasts });
    if (last) continue;
    for (const [name, { data, dims }] of Object.entries(results)) {
      if (given.has(name) || !(data instanceof Float32Array)) continue;
      const width = data.length / count;
      (gathered[name] ??= new Float32Array(positions * width)).set(data, from * width);
      shapes[name] = dims.length > 2 ? [1, positions, ...dims.slice(2)] : [positions, ...dims.slice(1)];
    }
  }
  const joined = Object.entries(gathered).map(([name, data]) => [name, new Tensor('float32', data, shapes[name])]);
  return { ...results, ...(Object.fromEntries(joined) as Results) };
}

function isNear(a: Tensor | undefined, b: Tensor | undefined, exact: boolean): boolean {
  const [x, y]: unknown[] = [a?.data, b?.data];
  if (!(x instanceof Float32Array && y instanceof Float32Array)) return x !== undefined && y !== undefined;
  if (x.length !== y.length) return false;
  let size = 0;
  let difference = 0;
  for (let i = 0; i < x.length; i++) {
    size = Math.max(size, Math.abs(x[i] ?? 0));
    difference = Math.max(difference, Math.abs((x[i] ?? NaN) - (y[i] ?? NaN)));
  }
  return difference <= size * (exact ? 1e-5 : 1e-2);
}
