import type { Anatomy } from '../../onnx/anatomy.js';
import { cutPresents } from '../../onnx/cut.js';
import type { CellOutput } from '../../onnx/cut/cellCut.js';
import { CUT } from '../../onnx/cut/names.js';
import { reachableFrom, reaching } from '../../onnx/dataflow.js';
import type { Graph } from '../../onnx/graph.js';
import type { CacheSlot } from '../../onnx/interface.js';
import { allowRun } from '../allowance.js';
import { anyPast } from '../feeds.js';
import { chunkOf, runBytes } from '../memory.js';
import { type Feeds, type Results, type Session, Tensor } from '../session.js';
import { fedRows } from './fed.js';
import type { Model } from './model.js';
import type { Surroundings } from './plan.js';
import { keepsAll, provesChunks, type Runnable, runChunks, Sequences } from './sequences.js';

/** What keys and values of earlier positions are had from. */
export interface PrefixSource {
  readonly model: Model;
  /** The model that takes them, and the one that runs over earlier positions alone. */
  readonly anatomy: Anatomy;
  readonly before: Runnable;
  /** Hidden states of the whole sequence at a layer, [positions * hiddenSize]. */
  readonly states: () => Promise<Float32Array>;
}

/** A graph that gives keys and values, and takes cells behind them besides. */
export interface EarlyGraph {
  readonly output: CellOutput;
  /** Hears of it while it is open. @returns bytes that its largest run took besides the weights */
  readonly ready: (session: Session, graph: Graph, pasts: ReadonlyMap<string, Tensor>) => Promise<number>;
}

/**
 * Keys and values of the earlier positions, which come before all that interventions call the last or later ones, by input. No
 * block up to the layer is run for them: where a plane was laid through the prompt, its states there are known.
 * @param graphOf the graph that takes them, which is cut once they are there
 */
export async function keptPrefix(
  source: PrefixSource,
  layer: number | 'head',
  around: Surroundings,
  graphOf: () => Promise<Graph>,
  early: EarlyGraph | undefined,
): Promise<ReadonlyMap<string, Tensor>> {
  const { before, anatomy } = source;
  const count = around.prefix.length;
  const behind = reachableFrom(before.anatomy.graph, [before.anatomy.residual[Number(layer) + 1] ?? '']);
  const slots = anatomy.interface.caches.filter(({ present = '' }) => behind.has(present));
  const given = await presents(source, layer, around, slots, early);
  const graph = await graphOf();
  const lacking = lackingOf(source, graph, given);
  const kept = lacking.length === 0 ? given : { ...given, ...(await earlyPresents(source, around, lacking)) };
  return pastsOf(source, graph, kept, count);
}

/** Slots whose numbers a graph reads and that are not there. Of a block up to the layer, as a rule, only the length is read. */
function lackingOf({ anatomy }: PrefixSource, graph: Graph, kept: Results): readonly CacheSlot[] {
  const read = reaching(
    graph,
    graph.outputs.map((o) => o.name),
  );
  return anatomy.interface.caches.filter(
    ({ past, present = '' }) => graph.isInput(past) && read.has(past) && kept[present] === undefined,
  );
}

/** What a graph takes as pasts of so many positions; where nothing but their length is read, some numbers or other. */
function pastsOf(
  { anatomy, model }: PrefixSource,
  graph: Graph,
  kept: Results,
  count: number,
): ReadonlyMap<string, Tensor> {
  return new Map(
    anatomy.interface.caches
      .filter(({ past }) => graph.isInput(past))
      .map((slot) => [slot.past, kept[slot.present ?? ''] ?? anyPast(slot, model.files.config, count)]),
  );
}

async function presents(
  source: PrefixSource,
  layer: number | 'head',
  around: Surroundings,
  slots: readonly CacheSlot[],
  early: EarlyGraph | undefined,
): Promise<Results> {
  const names = slots.flatMap(({ present }) => present ?? []);
  if (names.length === 0 || layer === 'head') return {};
  const { model, before } = source;
  const { anatomy, fed, sessions } = before;
  const { hiddenSize } = model.facts;
  const { prefix, suffix } = around;
  const [count, length] = [prefix.length, prefix.length + 1 + suffix.length];
  const states = await source.states();
  let bytes = runBytes(model, count);
  const opened = await model.hold(sessions, [before.name, layer, names, early?.output], () =>
    cutPresents(anatomy, layer, names, early?.output),
  );
  const { session, graph } = opened;
  const feedsOf = (from: number, some: number): Feeds => ({
    ...model.plainFeeds(graph, { batch: 1, past: from, ids: prefix.slice(from, from + some) }),
    ...fedRows(graph, fed, { from, count: some, later: 0, length }),
    [CUT.cells]: new Tensor('float32', states.slice(from * hiddenSize, (from + some) * hiddenSize), [
      1,
      some,
      hiddenSize,
    ]),
  });
  try {
    allowRun(bytes);
    const chunk = chunkOf(model, count);
    if (
      chunk !== undefined &&
      keepsAll(model, count, chunk, length) &&
      (await provesChunks(model, opened, TRIED, feedsOf))
    )
      return await runChunks(model, opened, count, chunk, feedsOf, true);
    const kept = await session.run(feedsOf(0, count));
    if (early && lackingOf(source, graph, kept).length === 0) {
      const run = bytes;
      bytes = Infinity; // where it fails
      bytes = Math.max(run, await early.ready(session, graph, pastsOf(source, graph, kept, count)));
    }
    return kept;
  } finally {
    await opened.leave(bytes);
  }
}

/** Positions that chunks are tried on. */
const TRIED = 5;

async function earlyPresents(
  { before }: PrefixSource,
  { prefix, suffix }: Surroundings,
  slots: readonly CacheSlot[],
): Promise<Results> {
  const names = slots.flatMap(({ present }) => present ?? []);
  const sequences = new Sequences(before, [], names);
  try {
    return await sequences.run(prefix, { length: prefix.length + 1 + suffix.length });
  } finally {
    await sequences.release();
  }
}
