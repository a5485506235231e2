import { createHash } from 'node:crypto';
import { Fault } from '../map/fault.js';
import { type Layer, layerIndex, type ModelReference, type Readout } from '../map/specification.js';
import type { ModelFacts } from '../map/tokenMap.js';
import { type Anatomy, findAnatomy } from '../onnx/anatomy.js';
import { type CellOutput, cutCells, cutStates, stateName } from '../onnx/cut.js';
import { decodeModel, findAttribute, type Graph } from '../onnx/graph.js';
import { normalize } from '../onnx/normalize.js';
import { ModelError } from '../onnx/source.js';
import { readStructure } from '../onnx/structure.js';
import { widenBfloat16 } from '../onnx/widen.js';
import { CellRunner } from './cellRunner.js';
import { cacheLayout, emptyPast, type Run, sequenceFeeds, standInEmbeddings } from './feeds.js';
import { findModel, type ModelFiles, openSource } from './modelFiles.js';
import { type Feeds, Session, Tensor } from './session.js';
import { openTokenizer, type Tokenizer } from './tokenizer.js';
import { bytesOf, numberTypeOf, type PlacedWeights, placeWeights, refuseChangedFiles } from './weights.js';

/** How cells may be run, decided from the graph and corrected by the load-time checks. */
export interface Manner {
  /** One scale for a whole tensor, so that every position of a sequence and every row of a batch touches the others. */
  readonly perTensorScale: boolean;
  /** Activations are rounded to integers: the smallest change of arithmetic moves results, so nothing is rearranged. */
  readonly literal: boolean;
  readonly prefix: { way: 'reused' | 'recomputed'; reason: string };
  readonly batching: { way: 'batched' | 'one-by-one'; reason: string };
}

/**
 * What a cell computation starts from. `prefix` holds the token ids before the position that the vector takes, `last` the one
 * whose place it takes (seen by nothing but a padding mask, and by exports that quantise a whole sequence with one scale).
 */
export interface CellPlan {
  readonly layer: Layer;
  readonly readout: Readout;
  readonly prefix: readonly number[];
  readonly last: number;
  readonly output: CellOutput;
  /** For the checks: overrides of the manner. */
  readonly manner?: Manner;
}

/** A model that was opened: its anatomy, its weights' places, its tokenizer, and the sessions made from it. */
export class Model {
  private readonly runners = new Map<string, Promise<CellRunner>>();
  manner: Manner;

  private constructor(
    readonly files: ModelFiles,
    readonly anatomy: Anatomy,
    readonly weights: PlacedWeights,
    readonly tokenizer: Tokenizer,
    readonly reference: ModelReference,
    readonly facts: ModelFacts,
    readonly provider: string,
  ) {
    this.manner = mannerOf(anatomy);
  }

  /**
   * Reads a model's structure; no weight is read. Milliseconds, whatever the size of the weights.
   * @throws Fault `model-not-found`, `model-ambiguous`, `model-broken`, `model-unsupported`.
   */
  static open(path: string, provider: string): Model {
    const files = findModel(path);
    if (files.config.encoderDecoder)
      throw new Fault({
        code: 'model-unsupported',
        message: `"${files.name}" is an encoder-decoder; only decoders that stand alone can be mapped.`,
      });
    const source = openSource(files.file);
    let structure: Uint8Array;
    try {
      structure = translated(() => readStructure(source), files.relativeFile);
    } finally {
      source.close();
    }
    return translated(() => {
      const normalized = normalize(decodeModel(structure));
      const placed = placeWeights(normalized, files.file);
      const numberType = numberTypeOf(normalized);
      const graph = provider === 'cpu' ? widenBfloat16(placed.graph) : placed.graph;
      const anatomy = findAnatomy(graph);
      checkLayers(anatomy, files);
      return new Model(
        files,
        anatomy,
        placed,
        openTokenizer(files, anatomy.vocabularySize),
        { name: files.name, file: files.relativeFile, sha256: fingerprint(structure, placed) },
        {
          blocks: anatomy.residual.length - 1,
          hiddenSize: anatomy.hiddenSize,
          vocabularySize: anatomy.vocabularySize,
          weightsBytes: placed.bytes,
          numberType,
        },
        provider,
      );
    }, files.relativeFile);
  }

  /** A runner for cells; those of the latest plans are kept with their sessions. */
  async runner(plan: CellPlan): Promise<CellRunner> {
    const manner = plan.manner ?? this.manner;
    const { anatomy } = this;
    const blocks = anatomy.residual.length - 1;
    const cutLayer =
      plan.readout === 'unembed' ? ('head' as const) : plan.readout === 'lens' ? blocks - 1 : layerIndex(plan.layer);
    // Behind the last block nothing mixes positions any more, but for a head with one scale for all of them.
    const alone = plan.readout !== 'forward' || (cutLayer === blocks - 1 && !manner.perTensorScale);
    const prefix = alone ? [] : plan.prefix;
    const reuse = prefix.length > 0 && manner.prefix.way === 'reused';
    const input = prefix.length > 0 && !reuse ? ('sequence' as const) : ('position' as const);
    const key = JSON.stringify([cutLayer, input, prefix, plan.last, plan.output, manner.batching.way]);
    let runner = this.runners.get(key);
    if (!runner) {
      runner = this.createRunner({ layer: cutLayer, input, output: plan.output }, prefix, plan.last, reuse, manner);
      this.runners.set(key, runner);
      runner.catch(() => this.runners.delete(key));
      await runner;
      await this.releaseOldRunners();
    }
    return runner;
  }

  /** Sessions of other layers are kept while they are few and small: going back to one costs nothing then. */
  private async releaseOldRunners(): Promise<void> {
    const kept = await Promise.allSettled(this.runners.values());
    let bytes = kept.reduce((sum, r) => sum + (r.status === 'fulfilled' ? r.value.weightsBytes : 0), 0);
    for (const [key, oldest] of this.runners) {
      if (this.runners.size <= 1 || (this.runners.size <= KEPT_RUNNERS && bytes <= KEPT_BYTES)) return;
      this.runners.delete(key);
      const runner = await oldest;
      bytes -= runner.weightsBytes;
      await runner.release();
    }
  }

  private async createRunner(
    cut: Parameters<typeof cutCells>[1],
    prefix: readonly number[],
    last: number,
    reuse: boolean,
    manner: Manner,
  ): Promise<CellRunner> {
    const graph = translated(() => cutCells(this.anatomy, cut), this.files.relativeFile);
    const io = this.anatomy.interface;
    const tensor = cut.layer === 'head' ? '' : (this.anatomy.residual[cut.layer + 1] ?? '');
    const slots = io.caches.filter((slot) => graph.isInput(slot.past));
    const presents = reuse ? slots.flatMap((slot) => slot.present ?? []) : [];
    const states =
      prefix.length === 0
        ? {}
        : cut.input === 'sequence'
          ? await this.states([...prefix, last], [tensor], [])
          : await this.states(prefix, [], presents);
    const session = await this.session(graph, cut.output.kind === 'top');
    return new CellRunner({
      session,
      graph,
      interface: io,
      config: this.files.config,
      hiddenSize: cut.layer === 'head' ? (this.anatomy.head.width ?? this.anatomy.hiddenSize) : this.anatomy.hiddenSize,
      prefix: cut.input === 'sequence' ? withoutLast(states[stateName(tensor)], prefix.length) : undefined,
      prefixIds: prefix,
      pasts: new Map(
        slots.flatMap((slot) => {
          const present = slot.present === undefined ? undefined : states[slot.present];
          return reuse && present ? [[slot.past, present] as const] : [];
        }),
      ),
      vocabularySize: this.anatomy.vocabularySize,
      oneByOne: manner.batching.way === 'one-by-one',
      weightsBytes: usedBytes(graph),
      lastId: last,
    });
  }

  /**
   * Runs the model itself on token ids.
   * @returns hidden states [1, positions, hiddenSize] under {@link stateName} of `tensors`, presents under their own names
   */
  async states(
    ids: readonly number[],
    tensors: readonly string[],
    presents: readonly string[],
  ): Promise<Readonly<Record<string, Tensor>>> {
    const graph = translated(() => cutStates(this.anatomy, tensors, presents), this.files.relativeFile);
    const session = await this.session(graph, false);
    try {
      return await session.run(this.plainFeeds(graph, { batch: 1, past: 0, ids }));
    } finally {
      await session.release();
    }
  }

  private async session(graph: Graph, often: boolean): Promise<Session> {
    refuseChangedFiles(this.weights);
    const sizes = [...graph.initializers.values()].map((t) => (t.externalData.length > 0 ? bytesOf(t) : 0));
    const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
    return Session.create(graph, this.weights, {
      provider: this.provider,
      optimize: !this.manner.literal,
      prepack: often && largest <= PACKED_BYTES,
    });
  }

  /** Feeds for a run without anything before it. */
  private plainFeeds(graph: Graph, run: Run): Feeds {
    const io = this.anatomy.interface;
    const feeds: Record<string, Tensor> = { ...sequenceFeeds(graph, io, run) };
    for (const slot of io.caches)
      if (graph.isInput(slot.past)) feeds[slot.past] = emptyPast(slot, cacheLayout(slot, this.files.config), run.batch);
    // Where embeddings come in, no map has anything before its vector; the load-time checks do, and take any vectors for it.
    if (io.embeds !== undefined && graph.isInput(io.embeds))
      feeds[io.embeds] = standInEmbeddings(graph, io.embeds, run.ids, this.anatomy.hiddenSize);
    return feeds;
  }

  /** Bytes of the weights that a plan reads. */
  weightsOf(plan: CellPlan): number {
    const blocks = this.anatomy.residual.length - 1;
    const layer =
      plan.readout === 'unembed' ? ('head' as const) : plan.readout === 'lens' ? blocks - 1 : layerIndex(plan.layer);
    return usedBytes(cutCells(this.anatomy, { layer, input: 'position', output: plan.output }));
  }

  async release(): Promise<void> {
    const runners = [...this.runners.values()];
    this.runners.clear();
    await Promise.all(runners.map(async (runner) => (await runner).release()));
  }
}

const KEPT_RUNNERS = 3;
const KEPT_BYTES = 2 ** 30;
/** Weights larger than this are not packed: two copies of one would stand in memory at once. */
const PACKED_BYTES = 512 * 2 ** 20;

/** The first rows of hidden states [1, positions, hiddenSize] or [positions, hiddenSize], as [1, count, hiddenSize]. */
function withoutLast(states: Tensor | undefined, count: number): Tensor {
  const data: unknown = states?.data;
  if (!(data instanceof Float32Array))
    throw new Fault({ code: 'internal', message: 'The model gave no hidden states.' });
  const d = data.length / (count + 1);
  return new Tensor('float32', data.slice(0, count * d), [1, count, d]);
}

const usedBytes = (graph: Graph): number =>
  [...graph.initializers.values()].reduce((sum, t) => sum + (t.externalData.length > 0 ? bytesOf(t) : 0), 0);

/** Operators that quantise a whole tensor with one scale, so that a cell would depend on its batch. */
const MIXES_BATCH = /^(DynamicQuantizeLinear|DynamicQuantizeMatMul|DynamicQuantizeLSTM|QAttention)$/;

function mannerOf(anatomy: Anatomy): Manner {
  const { graph, interface: io } = anatomy;
  const mixing = graph.nodes.find((n) => MIXES_BATCH.test(n.opType));
  const rounding = graph.nodes.find((n) => findAttribute(n, 'accuracy_level')?.i === 4n);
  const ids = graph.valueInfo.get(io.ids ?? '');
  const shape = ids?.type?.value.case === 'tensorType' ? ids.type.value.value.shape?.dim[0]?.value : undefined;
  const fixedBatch = shape?.case === 'dimValue' && shape.value === 1n;
  const batching: Manner['batching'] = mixing
    ? { way: 'one-by-one', reason: `${mixing.opType} has one scale for the whole batch` }
    : fixedBatch
      ? { way: 'one-by-one', reason: 'the export fixes the batch size at 1' }
      : { way: 'batched', reason: 'cells do not see each other' };
  const complete = io.caches.length > 0 && io.caches.every((slot) => slot.present !== undefined);
  const prefix: Manner['prefix'] = !complete
    ? {
        way: 'recomputed',
        reason: io.caches.length === 0 ? 'the export takes no past keys and values' : 'its pasts have no presents',
      }
    : mixing
      ? { way: 'recomputed', reason: `${mixing.opType} would have another scale without the prefix` }
      : rounding
        ? {
            way: 'recomputed',
            reason: `${rounding.opType} rounds activations to int8, which would magnify the difference`,
          }
        : { way: 'reused', reason: 'past keys and values' };
  return {
    perTensorScale: mixing !== undefined,
    literal: mixing !== undefined || rounding !== undefined,
    prefix,
    batching,
  };
}

function checkLayers(anatomy: Anatomy, files: ModelFiles): void {
  const found = anatomy.residual.length - 1;
  const stated = files.config.layers;
  if (stated !== undefined && stated !== found)
    throw new Fault({
      code: 'model-unsupported',
      message: `The model should have ${stated} blocks, but ${found} were found: the residual stream cannot be told apart at every block.`,
      hint: `The last one found begins at "${anatomy.residual.at(-2) ?? ''}". Shared keys, per-layer embeddings or skips past a block cannot be cut.`,
    });
  const merged = anatomy.mixersPerBlock.findIndex((count) => count > 1);
  if (stated === undefined && merged >= 0 && anatomy.mixersPerBlock.some((count) => count === 1))
    throw new Fault({
      code: 'model-unsupported',
      message: `Block ${merged} holds ${anatomy.mixersPerBlock[merged] ?? 0} attentions: the residual stream cannot be told apart there.`,
      hint: `The search ended between "${anatomy.residual[merged] ?? ''}" and "${anatomy.residual[merged + 1] ?? ''}".`,
    });
  if (files.config.hiddenSize !== undefined && files.config.hiddenSize !== anatomy.hiddenSize)
    throw new Fault({
      code: 'model-unsupported',
      message: `The configuration speaks of ${files.config.hiddenSize} dimensions, but the residual stream has ${anatomy.hiddenSize}.`,
    });
}

/** Hash of structure, weights' places and sizes, and a sample of every weight, so that fine-tunes differ. */
function fingerprint(structure: Uint8Array, weights: PlacedWeights): string {
  const hash = createHash('sha256').update(structure);
  const byFile = new Map<string, { offset: number; length: number }[]>();
  for (const { file, offset, length } of weights.places.values()) {
    const list = byFile.get(file) ?? [];
    list.push({ offset, length });
    byFile.set(file, list);
  }
  for (const [file, places] of byFile) {
    const source = openSource(file);
    try {
      for (const { offset, length } of places.sort((a, b) => a.offset - b.offset || a.length - b.length)) {
        hash.update(`${offset}:${length};`);
        hash.update(source.read(offset + (length >> 1), Math.min(64, length - (length >> 1))));
      }
    } finally {
      source.close();
    }
  }
  return hash.digest('hex');
}

/** The onnx room's errors as faults that name the file. */
function translated<T>(work: () => T, file: string): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new Fault({
      code: error.kind === 'broken' ? 'model-broken' : 'model-unsupported',
      message: `${file}: ${error.message}`,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}
