import { Fault } from '../map/fault.js';
import { type Layer, layerIndex, type ModelReference, type Readout } from '../map/specification.js';
import type { HalfWeights, ModelFacts, NumberType } from '../map/tokenMap.js';
import { type Anatomy, findAnatomy } from '../onnx/anatomy.js';
import { type CellCut, type CellOutput, cutCells, cutStates, stateName, takesPastEverywhere } from '../onnx/cut.js';
import { DataType, findAttribute, type Graph } from '../onnx/graph.js';
import { halfBytes, splitHalfWeights } from '../onnx/halfWeights.js';
import { isRounded } from '../onnx/interface.js';
import { type GraphIntervention, intervene } from '../onnx/intervene.js';
import { ModelError } from '../onnx/source.js';
import { widenHalf } from '../onnx/widen.js';
import { CellRunner } from './cellRunner.js';
import { anyPast, cacheLayout, emptyPast, type Run, sequenceFeeds, standInEmbeddings } from './feeds.js';
import type { MaskForms } from './maskForms.js';
import { type SettledMask, settleMasks, usualForms } from './masks.js';
import { fitsWidened, type MemoryBudget, memoryBudget, WIDENED } from './memory.js';
import { findModel, type ModelFiles } from './modelFiles.js';
import { type ModelSource, openModelSource } from './sources/modelSource.js';
import { type Feeds, type Results, Session, Tensor } from './session.js';
import { openTokenizer, type Tokenizer } from './tokenizer.js';
import { changedFile, type FileStates, statesOf } from './fileStates.js';
import { bytesOf, numberTypeOf, type PlacedWeights, refuseChangedFiles } from './weights.js';

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
 * Token ids around a vector. `own` is the one whose place it takes: seen by nothing but a padding mask, by exports that quantise
 * a whole sequence with one scale, and by the `suffix`, whose positions keep their own hidden states up to the layer.
 */
export interface Surroundings {
  readonly prefix: readonly number[];
  readonly own: number;
  readonly suffix: readonly number[];
}

/** What a cell computation starts from. */
export interface CellPlan extends Surroundings {
  readonly layer: Layer;
  readonly readout: Readout;
  readonly output: CellOutput;
  /** For the checks: overrides of the manner. */
  readonly manner?: Manner;
}

/** A cut graph, ready to run. */
interface CutSession {
  readonly session: Session;
  readonly graph: Graph;
  /** Of memory, that the weights take. */
  readonly weightsBytes: number;
  readonly widensEachRun: boolean;
  readonly hiddenSize: number;
}

/** What the weights of a plan are in memory. */
export interface WeightsMemory {
  /** At most, the pages of files that are mapped included. */
  readonly bytes: number;
  /** Undefined where none has 16 bits, or the device computes with them. */
  readonly half: HalfWeights | undefined;
}

/** A model that was opened: its anatomy, its weights' places, its tokenizer, and the sessions made from it. */
export class Model {
  private readonly runners = new Map<string, Promise<CellRunner>>();
  /** Sessions of cut graphs; runners that differ in what stands around the vector share them. */
  private readonly sessions = new Map<string, Promise<CutSession>>();
  /** Whether a way to compute attention gives the same, by way and layer. */
  private readonly proven = new Map<string, Promise<boolean>>();
  /** What the masks mean; found out before the first graph that takes one is run. */
  private meanings: Promise<ReadonlyMap<string, SettledMask>> | undefined;
  private forms: MaskForms = new Map();
  /** Of the weights of a cut graph. */
  private readonly memory = new Map<string, WeightsMemory>();
  manner: Manner;
  /** How the model's files were when they were opened. */
  private found: FileStates = new Map();

  private constructor(
    readonly files: ModelFiles,
    readonly anatomy: Anatomy,
    readonly weights: PlacedWeights,
    readonly tokenizer: Tokenizer,
    readonly reference: ModelReference,
    readonly facts: ModelFacts,
    readonly provider: string,
    readonly source: ModelSource,
    readonly budget: MemoryBudget,
    /** The model as it runs over earlier positions alone: what acts at the last position leaves them as they are. */
    private readonly before: Anatomy = anatomy,
  ) {
    this.manner = mannerOf(anatomy);
  }

  /**
   * This model with interventions: its weights and files, sessions and hidden states of its own.
   * @throws Fault `model-unsupported` where the export does not show what is asked for.
   */
  variant(interventions: readonly GraphIntervention[]): Model {
    const { files, weights, tokenizer, reference, facts, provider, source, budget } = this;
    const rewritten = (some: readonly GraphIntervention[]): Anatomy =>
      translated(() => intervene(this.anatomy, some, files.config.attentionHeads), files.relativeFile);
    const earlier = interventions.filter((one) => one.kind !== 'add' || one.positions === 'all');
    const whole = rewritten(interventions);
    const before = earlier.length < interventions.length ? rewritten(earlier) : whole;
    const variant = new Model(files, whole, weights, tokenizer, reference, facts, provider, source, budget, before);
    variant.manner = this.manner;
    variant.meanings = this.meanings;
    variant.forms = this.forms;
    return variant;
  }

  /**
   * Reads a model's structure; no weight is read. Milliseconds, whatever the size of the weights.
   * @throws Fault `model-not-found`, `model-ambiguous`, `model-broken`, `model-unsupported`.
   */
  static open(path: string, provider: string, budget = memoryBudget(undefined)): Model {
    const files = findModel(path);
    const found = statesOf(files.sources); // before they are read: what is written meanwhile is noticed
    if (files.config.encoderDecoder)
      throw new Fault({
        code: 'model-unsupported',
        message: `"${files.name}" is an encoder-decoder; only decoders that stand alone can be mapped.`,
      });
    return translated(
      () => {
        const source = openModelSource(files);
        const { placed } = source;
        const numberType = numberTypeOf(placed.graph);
        const graph = provider === 'cpu' ? widenHalf(placed.graph, widenedTypes(numberType)) : placed.graph;
        const anatomy = findAnatomy(graph);
        checkLayers(anatomy, files);
        const model = new Model(
          files,
          anatomy,
          placed,
          openTokenizer(files, anatomy.vocabularySize),
          { name: files.name, file: files.relativeFile, sha256: source.fingerprint() },
          {
            blocks: anatomy.residual.length - 1,
            hiddenSize: anatomy.hiddenSize,
            vocabularySize: anatomy.vocabularySize,
            weightsBytes: placed.bytes,
            numberType,
          },
          provider,
          source,
          budget,
        );
        model.found = new Map([...found, ...placed.files]);
        return model;
      },
      files.kind === 'checkpoint' ? files.name : files.relativeFile,
    );
  }

  /**
   * How each mask is fed, and why. Reads one block's weights for attention, and no others; nothing where no mask comes in.
   * @param known the model is known to take its masks as they usually are
   * @throws Fault `model-unsupported` naming an input whose meaning cannot be told
   */
  async masks(known = false): Promise<ReadonlyMap<string, SettledMask>> {
    const asked = (this.meanings ??= known ? Promise.resolve(this.usualMasks()) : settleMasks(this.maskProbe()));
    // What failed for want of memory may go well another time.
    asked.catch(() => (this.meanings = undefined));
    const meanings = await asked;
    this.forms = new Map([...meanings].map(([name, { form }]) => [name, form]));
    return meanings;
  }

  private usualMasks(): Map<string, SettledMask> {
    const forms = usualForms(this.anatomy, this.files.config.attentionHeads);
    return new Map([...forms].map(([name, form]) => [name, { form, reason: 'as usual' }]));
  }

  private maskProbe(): Parameters<typeof settleMasks>[0] {
    return {
      anatomy: this.anatomy,
      heads: this.files.config.attentionHeads,
      perTensorScale: this.manner.perTensorScale,
      ids: [0.37, 0.61, 0.23].map((share) => Math.floor(share * this.facts.vocabularySize)),
      open: async (graph, work) => {
        const session = await this.openSession(graph, false);
        try {
          return await work((feeds) => session.run(feeds));
        } finally {
          await session.release();
        }
      },
      feeds: (graph, ids) => this.plainFeeds(graph, { batch: 1, past: 0, ids }),
    };
  }

  /** Whether all files are those that were opened. */
  isCurrent(): boolean {
    return changedFile(this.found) === undefined;
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
    const around: Surroundings = alone ? { prefix: [], own: plan.own, suffix: [] } : plan;
    const length = around.prefix.length + 1 + around.suffix.length;
    const keeps = this.source.keepsPrefix(around.prefix.length, length);
    const reuse = around.prefix.length > 0 && manner.prefix.way === 'reused' && keeps;
    const cut: CellCut = {
      layer: cutLayer,
      around: { prefix: around.prefix.length > 0 && !reuse, suffix: around.suffix.length > 0 },
      ...(await this.attention(cutLayer, around, reuse, manner)),
      output: plan.output,
    };
    const { prefix, own, suffix } = around;
    const key = JSON.stringify([cut, prefix, own, suffix, manner.batching.way]);
    let runner = this.runners.get(key);
    if (!runner) {
      runner = this.createRunner(cut, around, reuse, manner);
      this.runners.set(key, runner);
      runner.catch(() => this.runners.delete(key));
      await runner;
      await this.releaseOldRunners();
    }
    return runner;
  }

  /**
   * How attention may be had more cheaply than the graph has it: where the first block that runs gives the same. Tried on some
   * vectors, once for a layer.
   */
  private async attention(
    layer: CellCut['layer'],
    { prefix, suffix }: Surroundings,
    reuse: boolean,
    { literal }: Manner,
  ): Promise<Pick<CellCut, 'attention'>> {
    if (layer === 'head' || layer >= this.facts.blocks - 1 || literal) return {};
    if (suffix.length > 0 || (prefix.length > 0 && !reuse)) return {};
    const way = reuse ? 'split' : 'lone';
    const key = `${way}/${layer}`;
    const proof = this.proven.get(key) ?? this.proves(way, layer);
    this.proven.set(key, proof);
    return (await proof) ? { attention: way } : {};
  }

  private async proves(attention: 'lone' | 'split', layer: number): Promise<boolean> {
    const cut: CellCut = { layer, around: { prefix: false, suffix: false }, output: { kind: 'block' } };
    const { hiddenSize, vocabularySize } = this.facts;
    const noise = (i: number): number => Math.sin(1.7 * i * i);
    const points = Float32Array.from({ length: 3 * hiddenSize }, (_, i) => noise(i));
    const ids = [0.23, 0.61, 0.37].map((share) => Math.floor(share * vocabularySize));
    const prefix = attention === 'lone' ? [] : ids.slice(0, 2);
    const states = async (graph: Graph): Promise<Float32Array> => {
      const pasts = this.anatomy.interface.caches.filter((slot) => prefix.length > 0 && graph.isInput(slot.past));
      const session = await this.session(graph, false);
      const opened = { session, graph, weightsBytes: 0, widensEachRun: false, hiddenSize };
      const around = { prefix, own: ids[2] ?? 0, suffix: [] };
      try {
        const runner = this.runnerOf(opened, around, this.manner, {
          whole: new Float32Array(0),
          prefix: false,
          pasts: new Map(pasts.map((slot) => [slot.past, anyPast(slot, this.files.config, prefix.length)])),
        });
        return await runner.logits(points, 3);
      } finally {
        await session.release();
      }
    };
    try {
      const whole = cutCells(this.anatomy, cut);
      const cheap = cutCells(this.anatomy, { ...cut, attention });
      if (cheap.nodes.length === whole.nodes.length) return false;
      const [a, b] = [await states(whole), await states(cheap)];
      const size = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const difference = a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] ?? NaN))), 0);
      return difference <= size * (this.source.arithmetic === 'float32' ? 1e-5 : 1e-2);
    } catch {
      return false; // the rewritten block does not run; a broken model is told by the run that follows
    }
  }

  /** Sessions of other layers are kept while they are few and small: going back to one costs nothing then. */
  private async releaseOldRunners(): Promise<void> {
    const bytesOfSessions = async (): Promise<number> => {
      const kept = await Promise.allSettled(this.sessions.values());
      return kept.reduce((sum, s) => sum + (s.status === 'fulfilled' ? s.value.weightsBytes : 0), 0);
    };
    for (const [key, oldest] of this.runners) {
      const few = this.runners.size <= KEPT_RUNNERS && (await bytesOfSessions()) <= KEPT_BYTES;
      if (this.runners.size <= 1 || few) return;
      const runner = await oldest;
      if (runner.busy) continue;
      this.runners.delete(key);
      await this.releaseUnusedSessions();
    }
  }

  private async releaseUnusedSessions(): Promise<void> {
    const used = new Set(await Promise.all([...this.runners.values()].map(async (runner) => (await runner).session)));
    for (const [key, opening] of this.sessions) {
      const { session } = await opening;
      if (used.has(session)) continue;
      this.sessions.delete(key);
      await session.release();
    }
  }

  private async createRunner(cut: CellCut, around: Surroundings, reuse: boolean, manner: Manner): Promise<CellRunner> {
    const { prefix, own, suffix } = around;
    const io = this.anatomy.interface;
    const tensor = this.residualAt(cut.layer);
    const graph = (await this.sessions.get(JSON.stringify(cut)))?.graph ?? this.graphOf(cut);
    const slots = io.caches.filter((slot) => graph.isInput(slot.past));
    const presents = reuse ? slots.flatMap((slot) => slot.present ?? []) : [];
    // Before the session for the cells: the weights stand in memory once.
    const whole =
      cut.around.prefix || cut.around.suffix
        ? numbersOf(await this.states([...prefix, own, ...suffix], [tensor], []), tensor)
        : new Float32Array(0);
    const kept = reuse ? await this.withStates([], presents, (run) => run(prefix), this.before) : {};
    const opened = await this.cutSession(cut, graph);
    return this.runnerOf(opened, around, manner, {
      whole,
      prefix: cut.around.prefix,
      pasts: new Map(
        slots.flatMap((slot) => {
          const present = slot.present === undefined ? undefined : kept[slot.present];
          return reuse && present ? [[slot.past, present] as const] : [];
        }),
      ),
    });
  }

  /** @param around.whole hidden states of all positions, [positions * hiddenSize], where any of them are fed */
  private runnerOf(
    { session, graph, weightsBytes, widensEachRun, hiddenSize }: CutSession,
    { prefix, own, suffix }: Surroundings,
    manner: Manner,
    around: { readonly whole: Float32Array; readonly prefix: boolean; readonly pasts: ReadonlyMap<string, Tensor> },
  ): CellRunner {
    const rows = (from: number, count: number): Tensor =>
      new Tensor('float32', around.whole.slice(from * hiddenSize, (from + count) * hiddenSize), [1, count, hiddenSize]);
    return new CellRunner({
      session,
      graph,
      interface: this.anatomy.interface,
      masks: this.forms,
      config: this.files.config,
      hiddenSize,
      prefix: around.prefix ? rows(0, prefix.length) : undefined,
      prefixIds: prefix,
      suffix: suffix.length > 0 ? rows(prefix.length + 1, suffix.length) : undefined,
      suffixIds: suffix,
      pasts: around.pasts,
      vocabularySize: this.anatomy.vocabularySize,
      oneByOne: manner.batching.way === 'one-by-one',
      weightsBytes,
      widensEachRun,
      ownId: own,
    });
  }

  private residualAt(layer: CellCut['layer']): string {
    return layer === 'head' ? '' : (this.anatomy.residual[layer + 1] ?? '');
  }

  private graphOf(cut: CellCut): Graph {
    return translated(() => cutCells(this.anatomy, cut), this.files.relativeFile);
  }

  private cutSession(cut: CellCut, made?: Graph): Promise<CutSession> {
    const key = JSON.stringify(cut);
    let opened = this.sessions.get(key);
    if (!opened) {
      opened = (async () => {
        const graph = made ?? this.graphOf(cut);
        const session = await this.session(graph, cut.output.kind === 'top');
        const { hiddenSize, head } = this.anatomy;
        const width = cut.layer === 'head' ? (head.width ?? hiddenSize) : hiddenSize;
        const { bytes, half } = this.memoryOf(graph, cut.output.kind === 'top');
        return { session, graph, weightsBytes: bytes, widensEachRun: half === 'kept', hiddenSize: width };
      })();
      this.sessions.set(key, opened);
      opened.catch(() => this.sessions.delete(key));
    }
    return opened;
  }

  /**
   * What the model predicts, step by step, when a vector stands at a layer and each predicted token follows: [V] logits for the
   * last position. The whole sequence is computed for every step; earlier and later positions keep their own hidden states up
   * to the layer. `next` is given the logits and gives the next token, or undefined to end.
   */
  async follow(
    layer: Layer,
    around: Surroundings,
    point: Float32Array,
    next: (logits: Float32Array) => number | undefined,
  ): Promise<void> {
    const cutLayer = layerIndex(layer);
    const tensor = this.residualAt(cutLayer);
    const { prefix, own } = around;
    const suffix = [...around.suffix];
    await this.withStates([tensor], [], async (run) => {
      const last = cutLayer === this.facts.blocks - 1;
      for (;;) {
        // Behind the last block no position sees another: only the vector's own prediction depends on it.
        const alone = last && suffix.length === 0;
        const cut: CellCut = {
          layer: cutLayer,
          around: { prefix: !alone && prefix.length > 0, suffix: suffix.length > 0 },
          output: { kind: 'logits' },
        };
        const here = { prefix: alone ? [] : prefix, own, suffix };
        const whole = numbersOf(await run([...here.prefix, own, ...suffix]), tensor);
        const runner = this.runnerOf(await this.cutSession(cut), here, this.manner, {
          whole,
          prefix: cut.around.prefix,
          pasts: new Map(),
        });
        const token = next(await runner.logits(point, 1));
        if (token === undefined) break;
        suffix.push(token);
      }
    });
    await this.releaseUnusedSessions();
  }

  /**
   * Hidden states of sequences at layers.
   * @returns for each sequence and layer [positions * hiddenSize]; `visit` gets them one sequence after another
   */
  async hiddenStates(
    sequences: readonly (readonly number[])[],
    layers: readonly Layer[],
    visit: (states: readonly Float32Array[], sequence: number) => void,
  ): Promise<void> {
    const tensors = layers.map((layer) => this.residualAt(layerIndex(layer)));
    await this.withStates([...new Set(tensors)], [], async (run) => {
      for (const [i, ids] of sequences.entries()) {
        const states = await run(ids);
        visit(
          tensors.map((tensor) => numbersOf(states, tensor)),
          i,
        );
      }
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
    return this.withStates(tensors, presents, (run) => run(ids));
  }

  /** The model's own logits behind token ids, [vocabulary]. */
  async logits(ids: readonly number[]): Promise<Float32Array> {
    const { logits } = this.anatomy.interface;
    const all = numbersOf(await this.states(ids, [logits], []), logits);
    return all.slice(all.length - this.facts.vocabularySize);
  }

  /** The head's product with one vector, [vocabulary], its bias included. */
  async unembedded(point: Float32Array): Promise<Float32Array> {
    const plan = { layer: this.facts.blocks - 1, readout: 'unembed', prefix: [], own: 0, suffix: [] } as const;
    const runner = await this.runner({ ...plan, output: { kind: 'head' } });
    return runner.logits(point, 1);
  }

  /** What enters the first block for tokens that stand first: [count * hiddenSize], `count` tokens at a time. */
  async embeddings(
    ids: readonly number[],
    count: number,
    visit: (rows: Float32Array, from: number) => void,
  ): Promise<void> {
    const io = this.anatomy.interface;
    const tensor = this.residualAt(-1);
    const graph = translated(() => cutStates(this.anatomy, [tensor], []), this.files.relativeFile);
    if (io.ids === undefined || !graph.isInput(io.ids))
      throw new Fault({ code: 'bad-parameter', message: 'This export takes embeddings: it holds no table of them.' });
    const session = await this.session(graph, false);
    const step = this.manner.batching.way === 'batched' ? count : 1;
    try {
      for (let from = 0; from < ids.length; from += step) {
        const some = ids.slice(from, from + step);
        const feeds = { ...this.plainFeeds(graph, { batch: some.length, past: 0, ids: [0] }) };
        const given = feeds[io.ids];
        const data: unknown = given?.data;
        if (data instanceof BigInt64Array) some.forEach((id, i) => (data[i] = BigInt(id)));
        else if (data instanceof Int32Array) data.set(some);
        visit(numbersOf(await session.run(feeds), tensor), from);
      }
    } finally {
      await session.release();
    }
  }

  /** Opens the model for some of its tensors, for as long as the work takes. */
  private async withStates<T>(
    tensors: readonly string[],
    presents: readonly string[],
    work: (run: (ids: readonly number[]) => Promise<Results>) => Promise<T>,
    anatomy: Anatomy = this.anatomy,
  ): Promise<T> {
    const graph = translated(() => cutStates(anatomy, tensors, presents), this.files.relativeFile);
    const session = await this.session(graph, false);
    try {
      return await work((ids) => session.run(this.plainFeeds(graph, { batch: 1, past: 0, ids })));
    } finally {
      await session.release();
    }
  }

  private async session(graph: Graph, often: boolean): Promise<Session> {
    if (this.anatomy.interface.masks.some(({ name }) => graph.isInput(name))) await this.masks();
    return this.openSession(graph, often);
  }

  private async openSession(graph: Graph, often: boolean): Promise<Session> {
    refuseChangedFiles(this.weights);
    const { half } = this.memoryOf(graph, often);
    const split = half === undefined ? graph : splitHalfWeights(graph);
    const largest = largestBytes(split);
    // Before memory is taken for large weights, what cutting the graph left behind is given back.
    if (largest > LARGE_BYTES) globalThis.gc?.();
    return Session.create(split, this.weights, {
      provider: this.provider,
      optimize: !this.manner.literal,
      prepack: often && half !== 'kept' && largest <= PACKED_BYTES,
      keepHalf: half === 'kept',
    });
  }

  /**
   * How the weights of a graph stand in memory. Those of 16 bits are widened once where the graph runs often and the memory
   * allows; of experts, which may not be used at all, none is.
   */
  private memoryOf(graph: Graph, often: boolean): WeightsMemory {
    const bytes = usedBytes(graph);
    const half = this.provider === 'cpu' ? halfBytes(graph) : 0;
    if (half === 0) return { bytes, half: undefined };
    const branches = graph.nodes.some((n) => n.attribute.some((a) => a.g !== undefined));
    const widens = often && !branches && !this.manner.literal && fitsWidened(this.budget, half, bytes - half);
    return widens
      ? { bytes: bytes + (WIDENED - 1) * half, half: 'widened' }
      : { bytes: bytes + PART_BYTES, half: 'kept' };
  }

  /** Feeds for a run without anything before it. */
  private plainFeeds(graph: Graph, run: Run): Feeds {
    const io = this.anatomy.interface;
    const feeds: Record<string, Tensor> = { ...sequenceFeeds(graph, io, this.forms, run) };
    for (const slot of io.caches)
      if (graph.isInput(slot.past)) feeds[slot.past] = emptyPast(slot, cacheLayout(slot, this.files.config), run.batch);
    // Where embeddings come in, no map has anything before its vector; the load-time checks do, and take any vectors for it.
    if (io.embeds !== undefined && graph.isInput(io.embeds))
      feeds[io.embeds] = standInEmbeddings(graph, io.embeds, run.ids, this.anatomy.hiddenSize);
    return feeds;
  }

  /** The weights that a plan reads, as they stand in memory. @param often whether cells are run through the graph */
  weightsOf(plan: CellPlan, often: boolean): WeightsMemory {
    const blocks = this.anatomy.residual.length - 1;
    const layer =
      plan.readout === 'unembed' ? ('head' as const) : plan.readout === 'lens' ? blocks - 1 : layerIndex(plan.layer);
    const cut: CellCut = { layer, around: { prefix: false, suffix: false }, output: plan.output };
    const key = JSON.stringify([cut, often]);
    const memory = this.memory.get(key) ?? this.memoryOf(this.graphOf(cut), often);
    this.memory.set(key, memory);
    return memory;
  }

  async release(): Promise<void> {
    this.runners.clear();
    await this.releaseUnusedSessions();
  }
}

const KEPT_RUNNERS = 3;
const KEPT_BYTES = 2 ** 30;
/** Of a weight: reading it takes longer than collecting garbage. */
const LARGE_BYTES = 2 ** 24;
/** Weights larger than this are not packed: two copies of one would stand in memory at once. */
const PACKED_BYTES = 512 * 2 ** 20;

/** The numbers of hidden states, [positions * hiddenSize]. */
function numbersOf(states: Results, tensor: string): Float32Array {
  const data: unknown = states[stateName(tensor)]?.data;
  if (data instanceof Float32Array) return data;
  throw new Fault({ code: 'internal', message: 'The model gave no hidden states.' });
}

/** Weights of 16 bits are widened in parts: those that stand in memory at once. */
const PART_BYTES = 128 * 2 ** 20;

/** onnxruntime has no arithmetic of bfloat16 on the CPU, and computes in float32 what float16 operators it has there. */
const widenedTypes = (numberType: NumberType): number[] =>
  numberType === 'float16' ? [DataType.BFLOAT16, DataType.FLOAT16] : [DataType.BFLOAT16];

const largestBytes = (graph: Graph): number =>
  [...graph.initializers.values()].reduce((most, t) => Math.max(most, t.externalData.length > 0 ? bytesOf(t) : 0), 0);

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
    : !takesPastEverywhere(anatomy)
      ? { way: 'recomputed', reason: 'some of its blocks take no past' }
      : io.caches.some((slot) => isRounded(slot.elemType))
        ? { way: 'recomputed', reason: 'its pasts are rounded, which would change the prediction' }
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
