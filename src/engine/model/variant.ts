import { allowRun } from '../allowance.js';
import { refuseLongPrompt, runBytes } from '../memory.js';
import { Fault } from '../../map/fault.js';
import { type Anatomy } from '../../onnx/anatomy.js';
import { cutCells, cutWeights } from '../../onnx/cut.js';
import type { CellCut, CellOutput } from '../../onnx/cut/cellCut.js';
import { stateName } from '../../onnx/cut/names.js';
import type { Graph } from '../../onnx/graph.js';
import { type GraphIntervention, intervene } from '../../onnx/intervene.js';
import { CellRunner } from '../cellRunner.js';
import { anyPast } from '../feeds.js';
import { type Results, type Session, Tensor } from '../session.js';
import { Kept } from '../kept.js';
import { type FedNumbers, fedRows } from './fed.js';
import { type EarlyGraph, keptPrefix } from './keptPrefix.js';
import { type CutSession, KeptSessions, type OpenCut } from './keptSessions.js';
import type { Manner } from './manner.js';
import { type Model, translated, type WeightsMemory } from './model.js';
import { type CellPlan, cutLayerOf, type Surroundings } from './plan.js';
import { type SequenceOptions, Sequences } from './sequences.js';

/** A model with interventions whose numbers are fed: what variants share that differ in these numbers alone. */
interface Shared {
  readonly anatomy: Anatomy;
  /** The model as it runs over earlier positions alone: what acts at the last position leaves them as they are. */
  readonly before: Anatomy;
  /** Sessions of cut graphs; runners that differ in what stands around the vector share them. */
  readonly sessions: KeptSessions;
  /** Of the weights of a cut graph. */
  readonly memory: Map<string, WeightsMemory>;
  /** Those that have runners of the sessions. */
  readonly users: Set<Variant>;
}

/** A model as it is, or with interventions: its sessions, its hidden states, what is kept of earlier positions. */
export class Variant {
  /** The runners that are kept, the latest used last, and the keys of their sessions. */
  private readonly runners = new Map<string, { readonly session: string; readonly made: Promise<CellRunner> }>();
  /** Whether a way to compute attention gives the same, by way and layer. */
  private readonly proven = new Map<string, Promise<boolean>>();
  /** Hidden states of the sequences that were run last. */
  private readonly sequences = new Kept<Float32Array>(KEPT_SEQUENCES);

  private constructor(
    readonly model: Model,
    private readonly shared: Shared,
    private readonly fed: readonly FedNumbers[],
    /** The model as it is: what is proven of it holds here. */
    private readonly plain: Variant | undefined,
  ) {}

  get anatomy(): Anatomy {
    return this.shared.anatomy;
  }

  /**
   * A model with interventions, which act in their order.
   * @throws Fault `model-unsupported` where the export does not show what is asked for.
   */
  static of(
    model: Model,
    interventions: readonly GraphIntervention[] = [],
    fed: readonly FedNumbers[] = [],
    plain?: Variant,
  ): Variant {
    const { anatomy, files } = model;
    const rewritten = (some: readonly GraphIntervention[]): Anatomy =>
      translated(() => intervene(anatomy, some, files.config.attentionHeads), files.relativeFile);
    const earlier = interventions.filter((one) => one.kind !== 'add' || one.positions === 'all');
    const whole = rewritten(interventions);
    const before = earlier.length < interventions.length ? rewritten(earlier) : whole;
    const shared = {
      anatomy: whole,
      before,
      sessions: new KeptSessions(model.spares),
      memory: new Map(),
      users: new Set<Variant>(),
    };
    return new Variant(model, shared, fed, plain);
  }

  /** The same interventions with other numbers: they share their sessions. */
  with(fed: readonly FedNumbers[]): Variant {
    return new Variant(this.model, this.shared, fed, this.plain);
  }

  /** Whether two have the same sessions. */
  sharesWith(other: Variant): boolean {
    return this.shared === other.shared;
  }

  /**
   * A runner for cells; those of the latest plans are kept with their sessions.
   * @param early is given, where the runner is made anew and a prompt is kept for it, one that gives the same but for rounding,
   *   slower and sooner: the graph that gives the prompt's keys and values has all that cells need
   */
  async runner(plan: CellPlan, early?: (runner: CellRunner) => Promise<void>): Promise<CellRunner> {
    // Where the prefix is computed anew, every cell of a batch has its own.
    allowRun(64 * runBytes(this.model, plan.prefix.length + 1 + plan.suffix.length));
    const manner = plan.manner ?? this.model.manner;
    const { blocks } = this.model.facts;
    const cutLayer = cutLayerOf(plan, blocks);
    // Behind the last block nothing mixes positions any more, but for a head with one scale for all of them.
    const alone = plan.readout !== 'forward' || (cutLayer === blocks - 1 && !manner.perTensorScale);
    const around: Surroundings = alone ? { prefix: [], own: plan.own, suffix: [] } : plan;
    const length = around.prefix.length + 1 + around.suffix.length;
    const keeps = this.model.source.keepsPrefix(around.prefix.length, length);
    const one = around.suffix.length === 0 || !this.takesOneBehindPast;
    const reuse = around.prefix.length > 0 && manner.prefix.way === 'reused' && keeps && one;
    const cut: CellCut = {
      layer: cutLayer,
      around: { prefix: around.prefix.length > 0 && !reuse, suffix: around.suffix.length > 0 },
      ...(await this.attention(cutLayer, around, reuse, manner)),
      output: this.ordered(plan.output),
    };
    const { prefix, own, suffix } = around;
    const often = plan.often ?? plan.output.kind === 'top';
    const key = JSON.stringify([cut, prefix, own, suffix, manner.batching.way, often]);
    const found = this.runners.get(key);
    const made = found?.made ?? this.createRunner(cut, often, around, reuse, manner, early);
    this.runners.delete(key);
    this.runners.set(key, { session: sessionKey(cut, often), made });
    if (found) return made;
    this.shared.users.add(this);
    made.catch(() => this.runners.delete(key));
    await made;
    await this.releaseOldRunners();
    return made;
  }

  /** The CPU gives of equal logits the lower id first; elsewhere it is asked for what settles it. */
  private ordered(output: CellOutput): CellOutput {
    const { provider, facts } = this.model;
    return output.kind === 'top' && provider !== 'cpu' ? { ...output, tiesOf: facts.vocabularySize } : output;
  }

  /** Whether an attention takes, behind past keys and values, one position at a time: of several it refuses a batch. */
  private get takesOneBehindPast(): boolean {
    return this.anatomy.graph.nodes.some(({ opType }) => opType === 'GroupQueryAttention');
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
    if (layer === 'head' || layer >= this.model.facts.blocks - 1 || literal) return {};
    if (suffix.length > 0 || (prefix.length > 0 && !reuse)) return {};
    const way = reuse ? 'split' : 'lone';
    const key = `${way}/${layer}`;
    const plain = this.plain ?? this;
    const proof = plain.proven.get(key) ?? plain.proves(way, layer);
    plain.proven.set(key, proof);
    return (await proof) ? { attention: way } : {};
  }

  private async proves(attention: 'lone' | 'split', layer: number): Promise<boolean> {
    const cut: CellCut = { layer, around: { prefix: false, suffix: false }, output: { kind: 'block' } };
    const { hiddenSize, vocabularySize } = this.model.facts;
    const noise = (i: number): number => Math.sin(1.7 * i * i);
    const points = Float32Array.from({ length: 3 * hiddenSize }, (_, i) => noise(i));
    const ids = [0.23, 0.61, 0.37].map((share) => Math.floor(share * vocabularySize));
    const prefix = attention === 'lone' ? [] : ids.slice(0, 2);
    const states = async (graph: Graph): Promise<Float32Array> => {
      const pasts = this.anatomy.interface.caches.filter((slot) => prefix.length > 0 && graph.isInput(slot.past));
      const session = await this.model.session(graph, false);
      const opened = runOnce(session, graph, hiddenSize);
      const around = { prefix, own: ids[2] ?? 0, suffix: [] };
      try {
        const runner = this.runnerOf(opened, around, this.model.manner, {
          whole: new Float32Array(0),
          prefix: false,
          pasts: new Map(pasts.map((slot) => [slot.past, anyPast(slot, this.model.files.config, prefix.length)])),
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
      return difference <= size * (this.model.source.arithmetic === 'float32' ? 1e-5 : 1e-2);
    } catch {
      return false; // the rewritten block does not run; a broken model is told by the run that follows
    }
  }

  /** Of the weights that its sessions hold. */
  heldBytes(): Promise<number> {
    return this.shared.sessions.bytes();
  }

  /** Sessions of other layers are kept while they are few and small: going back to one costs nothing then. */
  private async releaseOldRunners(): Promise<void> {
    for (const key of [...this.runners.keys()]) {
      const few = this.runners.size <= KEPT_RUNNERS && (await this.heldBytes()) <= KEPT_BYTES;
      if (this.runners.size <= 1 || few) return;
      this.runners.delete(key);
      await this.releaseUnusedSessions();
    }
  }

  /** Shuts the sessions that no runner is kept for. @param spares whether those that stay open for whoever asks next are, too */
  async releaseUnusedSessions(spares = false): Promise<void> {
    const { sessions, users } = this.shared;
    const isKept = (key: string): boolean =>
      [...users].some((variant) => [...variant.runners.values()].some(({ session }) => session === key));
    await sessions.shut(isKept, spares);
  }

  private async createRunner(
    cut: CellCut,
    often: boolean,
    around: Surroundings,
    reuse: boolean,
    manner: Manner,
    early?: (runner: CellRunner) => Promise<void>,
  ): Promise<CellRunner> {
    let made: Graph | undefined;
    const graphOf = async (): Promise<Graph> =>
      (made ??= (await this.shared.sessions.graphOf(sessionKey(cut, often))) ?? this.graphOf(cut));
    // Before the session for the cells: the weights stand in memory once.
    if (cut.around.prefix)
      refuseLongPrompt(
        this.model,
        around.prefix.length + 1 + around.suffix.length,
        manner.batching.way === 'batched' ? 2 : 1,
      );
    const whole = cut.around.prefix || cut.around.suffix ? await this.sequence(around, cut.layer) : new Float32Array(0);
    const pasts = reuse ? await this.pastsOf(cut, around, graphOf, manner, early) : new Map<string, Tensor>();
    const opened = await this.cutSession(cut, often, await graphOf());
    return this.runnerOf(opened, around, manner, {
      whole,
      prefix: cut.around.prefix,
      pasts,
    });
  }

  /** Keys and values of the earlier positions, by input. @param graphOf the graph that takes them */
  private pastsOf(
    { layer, output }: CellCut,
    around: Surroundings,
    graphOf: () => Promise<Graph>,
    manner: Manner,
    early: ((runner: CellRunner) => Promise<void>) | undefined,
  ): Promise<ReadonlyMap<string, Tensor>> {
    const { model, fed } = this;
    const { before, anatomy, sessions } = this.shared;
    const plainTop = output.kind === 'top' && !output.masked && !output.functional && !output.shares;
    const isSoon = around.suffix.length === 0 && around.prefix.length <= EARLY_POSITIONS;
    const ready: EarlyGraph['ready'] = async (session, graph, pasts) => {
      const opened = runOnce(session, graph, model.facts.hiddenSize);
      const runner = this.runnerOf(opened, around, manner, { whole: new Float32Array(0), prefix: false, pasts });
      await early?.(runner);
      return runner.ranBytes;
    };
    return keptPrefix(
      {
        model,
        anatomy,
        before: { model, anatomy: before, name: 'before', fed, sessions },
        states: () => this.sequence(around, layer),
      },
      layer,
      around,
      graphOf,
      early && plainTop && before === anatomy && isSoon ? { output, ready } : undefined,
    );
  }

  /** Hidden states of a whole sequence at a layer, [positions * hiddenSize]. */
  private async sequence(around: Surroundings, layer: CellCut['layer']): Promise<Float32Array> {
    const { prefix, own, suffix } = around;
    const ids = [...prefix, own, ...suffix];
    const tensor = this.residualAt(layer);
    const key = sequenceKey(ids, tensor, suffix.length);
    return this.sequences.get(key) ?? numbersOf(await this.states(ids, [tensor], [], suffix.length), tensor);
  }

  /** Hidden states of a sequence that were had from a graph which gives nothing else: a prefix may be kept of the same one soon. */
  remember(ids: readonly number[], tensor: string, states: Float32Array): void {
    if (states.byteLength <= SEQUENCE_BYTES) this.sequences.put(sequenceKey(ids, tensor, 0), states);
  }

  /** @param around.whole hidden states of all positions, [positions * hiddenSize], where any of them are fed */
  runnerOf(
    { run, graph, widensEachRun, hiddenSize }: CutSession,
    { prefix, own, suffix }: Surroundings,
    manner: Manner,
    around: { readonly whole: Float32Array; readonly prefix: boolean; readonly pasts: ReadonlyMap<string, Tensor> },
  ): CellRunner {
    const rows = (from: number, count: number): Tensor =>
      new Tensor('float32', around.whole.slice(from * hiddenSize, (from + count) * hiddenSize), [1, count, hiddenSize]);
    // Of earlier positions nothing is fed where their keys and values are.
    const first = around.prefix ? 0 : prefix.length;
    const length = prefix.length + 1 + suffix.length;
    const rowsFed = { from: first, count: length - first, later: suffix.length, length };
    return new CellRunner({
      run,
      graph,
      interface: this.anatomy.interface,
      masks: this.model.forms,
      config: this.model.files.config,
      hiddenSize,
      prefix: around.prefix ? rows(0, prefix.length) : undefined,
      prefixIds: prefix,
      suffix: suffix.length > 0 ? rows(prefix.length + 1, suffix.length) : undefined,
      suffixIds: suffix,
      pasts: around.pasts,
      vocabularySize: this.anatomy.vocabularySize,
      oneByOne: manner.batching.way === 'one-by-one',
      widensEachRun,
      ownId: own,
      fed: fedRows(graph, this.fed, rowsFed),
    });
  }

  /** The residual stream at a layer, -1 ... n-1, as the graph names it. */
  residualAt(layer: CellCut['layer']): string {
    return layer === 'head' ? '' : (this.anatomy.residual[layer + 1] ?? '');
  }

  private graphOf(cut: CellCut): Graph {
    return translated(() => cutCells(this.anatomy, cut), this.model.files.relativeFile);
  }

  private weightsCutBy(cut: CellCut): Graph {
    return translated(() => cutWeights(this.anatomy, cut), this.model.files.relativeFile);
  }

  /** A cut graph, open; where it is shut later, it is opened again whenever it runs. */
  cutSession(cut: CellCut, often: boolean, made?: Graph): Promise<CutSession> {
    return this.shared.sessions.of(sessionKey(cut, often), async (known = made): Promise<OpenCut> => {
      const { hiddenSize, head } = this.anatomy;
      const width = cut.layer === 'head' ? (head.width ?? hiddenSize) : hiddenSize;
      return this.model.openCut(known ?? this.graphOf(cut), often, width);
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
    later = 0,
  ): Promise<Readonly<Record<string, Tensor>>> {
    return this.withStates(tensors, presents, (run) => run(ids, { later }));
  }

  /** Opens the model for some of its tensors, for as long as the work takes. */
  async withStates<T>(
    tensors: readonly string[],
    presents: readonly string[],
    work: (run: (ids: readonly number[], of?: SequenceOptions) => Promise<Results>) => Promise<T>,
  ): Promise<T> {
    const { model, anatomy, fed, shared } = this;
    const sequences = new Sequences(
      { model, anatomy, name: 'whole', fed, sessions: shared.sessions },
      tensors,
      presents,
    );
    try {
      return await work((ids, of) => sequences.run(ids, of));
    } finally {
      await sequences.release();
    }
  }

  /** The weights that a plan reads, as they stand in memory. @param often whether cells are run through the graph */
  weightsOf(plan: CellPlan, often: boolean): WeightsMemory {
    const layer = cutLayerOf(plan, this.model.facts.blocks);
    const cut: CellCut = { layer, around: { prefix: false, suffix: false }, output: plan.output };
    const key = JSON.stringify([cut, often]);
    const memory = this.shared.memory.get(key) ?? this.model.memoryOf(this.weightsCutBy(cut), often);
    this.shared.memory.set(key, memory);
    return memory;
  }

  async release(): Promise<void> {
    this.runners.clear();
    this.shared.users.delete(this);
    await this.releaseUnusedSessions(true);
  }
}

const sessionKey = (cut: CellCut, often: boolean): string => JSON.stringify([cut, often]);

/** A session that its maker releases, soon. */
const runOnce = (session: Session, graph: Graph, hiddenSize: number): CutSession => ({
  run: (feeds) => session.run(feeds),
  graph,
  weightsBytes: 0,
  widensEachRun: false,
  hiddenSize,
});

const sequenceKey = (ids: readonly number[], tensor: string, later: number): string =>
  `${tensor} ${later} ${ids.join(',')}`;

/** Cells before their own graph is there pay for a prompt anew, each. */
const EARLY_POSITIONS = 256;
const KEPT_SEQUENCES = 8;
/** Of a sequence whose states are kept. */
const SEQUENCE_BYTES = 8 * 2 ** 20;
const KEPT_RUNNERS = 3;
const KEPT_BYTES = 2 ** 30;

/** The numbers of hidden states, [positions * hiddenSize]. */
export function numbersOf(states: Results, tensor: string): Float32Array {
  const data: unknown = states[stateName(tensor)]?.data;
  if (data instanceof Float32Array) return data;
  throw new Fault({ code: 'internal', message: 'The model gave no hidden states.' });
}
