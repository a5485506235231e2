import { Fault } from '../../map/fault.js';
import type { ModelReference } from '../../map/specification.js';
import type { HalfWeights, ModelFacts, NumberType } from '../../map/tokenMap.js';
import { type Anatomy, findAnatomy } from '../../onnx/anatomy.js';
import { DataType, type Graph } from '../../onnx/graph.js';
import { halfBytes, splitHalfWeights } from '../../onnx/halfWeights.js';
import { unpacks } from '../../onnx/packedWeights.js';
import { ModelError } from '../../onnx/source.js';
import { widenHalf } from '../../onnx/widen.js';
import type { OpenEvent } from '../../protocol/engine.js';
import { cacheLayout, emptyPast, type Run, sequenceFeeds, standInEmbeddings } from '../feeds.js';
import { changedFile, type FileStates, statesOf } from '../fileStates.js';
import type { MaskForms } from '../maskForms.js';
import { type SettledMask, settleMasks, usualForms } from '../masks.js';
import { fitsWidened, type MemoryBudget, memoryBudget, WIDENED } from '../memory.js';
import type { ModelFiles } from '../modelFiles.js';
import { findModel } from '../findModel.js';
import { type Feeds, Session, type Tensor } from '../session.js';
import type { ModelSource } from '../sources/modelSource.js';
import { openModelSource } from '../sources/openModelSource.js';
import { openTokenizer, type Tokenizer } from '../tokenizer.js';
import { bytesOf, numberTypeOf, type PlacedWeights, refuseChangedFiles } from '../weights.js';
import { several } from '../../map/numbers.js';
import { type HeldCut, type KeptSessions, type OpenCut, Spares } from './keptSessions.js';
import { type Manner, mannerOf } from './manner.js';

/** What the weights of a plan are in memory. */
export interface WeightsMemory {
  /** At most, the pages of files that are mapped included. */
  readonly bytes: number;
  /** Undefined where none has 16 bits, or the device computes with them. */
  readonly half: HalfWeights | undefined;
}

/**
 * A model that was opened: its structure and fingerprint, the places of its weights, its tokenizer, what its masks mean and how
 * its cells may be run. Its {@link Variant}s run it.
 */
export class Model {
  /** What the masks mean; found out before the first graph that takes one is run. */
  private meanings: Promise<ReadonlyMap<string, SettledMask>> | undefined;
  private settled: MaskForms = new Map();
  private assumed = false;
  manner: Manner;
  readonly spares: Spares;
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
  ) {
    this.manner = mannerOf(anatomy);
    this.spares = new Spares(budget);
  }

  /**
   * Reads a model's structure; no weight is read. Milliseconds, whatever the size of the weights, unless they are repacked first.
   * @param emit hears of the repacking
   * @throws Fault `model-not-found`, `model-ambiguous`, `model-broken`, `model-unsupported`.
   */
  static open(
    path: string,
    provider: string,
    budget = memoryBudget(undefined),
    emit: (event: OpenEvent) => void = () => undefined,
  ): Model {
    const files = findModel(path);
    const found = statesOf(files.sources); // before they are read: what is written meanwhile is noticed
    if (files.config.encoderDecoder)
      throw new Fault({
        code: 'model-unsupported',
        message: `"${files.name}" is an encoder-decoder; only decoders that stand alone can be mapped.`,
      });
    return translated(
      () => {
        const source = openModelSource(files, emit);
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
    this.settled = new Map([...meanings].map(([name, { form }]) => [name, form]));
    return meanings;
  }

  /** Takes masks as they usually are meant, until {@link proveMasks} has told. */
  async assumeMasks(): Promise<void> {
    await this.masks(true);
    this.assumed = this.anatomy.interface.masks.length > 0;
  }

  /** Whether masks are fed that may be meant otherwise. */
  get assumesMasks(): boolean {
    return this.assumed;
  }

  /** @returns whether masks are meant as they were fed; from now on they are fed as they are meant. @throws as {@link masks} */
  async proveMasks(): Promise<boolean> {
    if (!this.assumed) return true;
    const before = JSON.stringify([...this.settled]);
    this.meanings = undefined;
    await this.masks();
    this.assumed = false;
    return JSON.stringify([...this.settled]) === before;
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

  /** How each mask is fed; empty until {@link masks} has told. */
  get forms(): MaskForms {
    return this.settled;
  }

  /**
   * Opens a graph that was made of the model's.
   * @param often whether it will run many times
   * @throws Fault `model-changed` where the weights were written since, and as {@link Session.create}.
   */
  async session(graph: Graph, often: boolean): Promise<Session> {
    if (this.anatomy.interface.masks.some(({ name }) => graph.isInput(name))) await this.masks();
    return this.openSession(graph, often);
  }

  /** A graph that was made of the model's, open: as {@link session}. @param width of the vectors that it takes */
  async openCut(graph: Graph, often = false, width = this.facts.hiddenSize): Promise<OpenCut> {
    const session = await this.session(graph, often);
    const { bytes, half } = this.memoryOf(graph, often);
    return { session, graph, weightsBytes: bytes, widensEachRun: half === 'kept', hiddenSize: width };
  }

  /**
   * One of the model's graphs, held open until it is left. @param key tells it from others among the sessions
   * @throws as {@link session}, also where it was open
   */
  async hold(sessions: KeptSessions, key: readonly unknown[], graph: () => Graph): Promise<HeldCut> {
    refuseChangedFiles(this.weights);
    return sessions.hold(JSON.stringify(key), () => this.openCut(translated(graph, this.files.relativeFile)));
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
      keepPacked: unpacks(split),
    });
  }

  /**
   * How the weights of a graph stand in memory. Those of 16 bits are widened once where the graph runs often and the memory
   * allows; of experts, which may not be used at all, none is.
   */
  memoryOf(graph: Graph, often: boolean): WeightsMemory {
    const bytes = usedBytes(graph);
    const half = this.provider === 'cpu' ? halfBytes(graph) : 0;
    if (half === 0) return { bytes, half: undefined };
    const branches = graph.nodes.some((n) => n.attribute.some((a) => a.g !== undefined));
    const widens = often && !branches && !this.manner.literal && fitsWidened(this.budget, half, bytes - half);
    return widens
      ? { bytes: bytes + (WIDENED - 1) * half, half: 'widened' }
      : { bytes: bytes + Math.min(PART_BYTES, (WIDENED - 1) * half), half: 'kept' };
  }

  /** Feeds for a run without anything before it. */
  plainFeeds(graph: Graph, run: Run): Feeds {
    const io = this.anatomy.interface;
    const feeds: Record<string, Tensor> = { ...sequenceFeeds(graph, io, this.forms, run) };
    for (const slot of io.caches)
      if (graph.isInput(slot.past)) feeds[slot.past] = emptyPast(slot, cacheLayout(slot, this.files.config), run.batch);
    // Where embeddings come in, no map has anything before its vector; the load-time checks do, and take any vectors for it.
    if (io.embeds !== undefined && graph.isInput(io.embeds))
      feeds[io.embeds] = standInEmbeddings(graph, io.embeds, run.ids, this.anatomy.hiddenSize);
    return feeds;
  }
}

/** Of a weight: reading it takes longer than collecting garbage. */
const LARGE_BYTES = 2 ** 24;
/** Weights larger than this are not packed: two copies of one would stand in memory at once. */
const PACKED_BYTES = 512 * 2 ** 20;

/** Weights of 16 bits are widened in parts: those that stand in memory at once. */
const PART_BYTES = 128 * 2 ** 20;

/** onnxruntime has no arithmetic of bfloat16 on the CPU, and computes in float32 what float16 operators it has there. */
const widenedTypes = (numberType: NumberType): number[] =>
  numberType === 'float16' ? [DataType.BFLOAT16, DataType.FLOAT16] : [DataType.BFLOAT16];

const largestBytes = (graph: Graph): number =>
  [...graph.initializers.values()].reduce((most, t) => Math.max(most, t.externalData.length > 0 ? bytesOf(t) : 0), 0);

const usedBytes = (graph: Graph): number =>
  [...graph.initializers.values()].reduce((sum, t) => sum + (t.externalData.length > 0 ? bytesOf(t) : 0), 0);

function checkLayers(anatomy: Anatomy, files: ModelFiles): void {
  const found = anatomy.residual.length - 1;
  const stated = files.config.layers;
  if (stated !== undefined && stated !== found)
    throw new Fault({
      code: 'model-unsupported',
      message: `The model should have ${several(stated, 'block')}, but ${found} ${found === 1 ? 'was' : 'were'} found: the residual stream cannot be told apart at every block.`,
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

const FAULT_CODES = { broken: 'model-broken', unsupported: 'model-unsupported', absent: 'bad-parameter' } as const;

/** The onnx room's errors as faults that name the file, where it is the file's. */
export function translated<T>(work: () => T, file: string): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new Fault({
      code: FAULT_CODES[error.kind],
      message: error.kind === 'absent' ? error.message : `${file}: ${error.message}`,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}
