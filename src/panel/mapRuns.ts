import { t } from '@vscode/l10n';
import { computeMap, type GrowingMap } from '../engine/client.js';
import type { EngineLease } from '../host/engineLease.js';
import { canonical } from '../map/dependence.js';
import { Fault } from '../map/fault.js';
import type { Survey } from '../map/survey.js';
import type { Cells, TokenMap } from '../map/tokenMap.js';
import { unlessAborted } from '../protocol/channel.js';
import { type MapEvent, QUICK_SECONDS } from '../protocol/engine.js';
import type { Progress, RunState } from '../protocol/page.js';
import {
  type Asked,
  emptyGrowing,
  firstPass,
  firstPassCells,
  type MapRecord,
  missing,
  newRecord,
} from './mapRecord.js';

/** What becomes of a run is told here. */
export interface RunListener {
  /** Another map is shown, or none. */
  onShown(): void;
  onCells(record: MapRecord, event: Extract<MapEvent, { kind: 'cells' }>): void;
  onProgress(progress: Progress): void;
  onFinish(record: MapRecord): void;
  /** It began, ended, or has a notice. */
  onChange(): void;
  /** It ended before its time; what it has can be resumed. */
  onStop(record: MapRecord): void;
  /** It ended with this, which is not a cancel. */
  onFault(fault: Fault, asked: Asked): void;
}

type Stopped = Extract<RunState, { readonly status: 'stopped' }>['by'];

interface Run {
  readonly asked: Asked;
  readonly abort: AbortController;
  readonly started: number;
  /** Another takes its place: it ends without a word. */
  superseded: boolean;
  record: MapRecord | undefined;
  /** It is shown when it is complete, unless that takes longer than was expected. */
  quick: boolean;
  /** It ends behind the first pass, as one that was stopped. */
  readonly firstPassOnly: boolean;
  /** How the map that is shown was stopped before: what it says again where this one ends without a cell. */
  readonly before: Stopped | undefined;
  progress: Progress;
  /** Cells that came to be seen, and will come once more. */
  passing?: Int32Array | undefined;
  /** They are of a model that has still to prove itself: they go where it does not. */
  unverified: boolean;
}

/**
 * Computes one map at a time. The map before stays shown until the first pass of the new one stands; what a stopped run has
 * computed stays too, and can be resumed.
 */
export class MapRuns {
  /** The map that is shown. */
  shown: MapRecord | undefined;
  /** The map that was worked on last: the shown one, or one that was stopped too early to be shown. */
  latest: MapRecord | undefined;
  /** Of the run that is on its way, or ended last. */
  private told: readonly string[] = [];
  private run: Run | undefined;
  private stopped: Stopped | undefined;
  private ids = 0;
  private last: Promise<void> = Promise.resolve();

  /**
   * @param options `nextId` numbers maps, where others number theirs along; `shownFrom`: from how many cells on a map is shown.
   */
  constructor(
    private readonly listener: RunListener,
    private readonly options: { readonly nextId?: () => number; readonly shownFrom?: (cells: Cells) => number } = {},
  ) {}

  /** Settles when no run is on its way. */
  get idle(): Promise<void> {
    return this.last;
  }

  get running(): boolean {
    return this.run !== undefined;
  }

  get state(): RunState {
    if (this.run) return { status: 'running', progress: this.run.progress };
    if (!this.stopped || !this.latest) return { status: 'idle' };
    return { status: 'stopped', by: this.stopped, done: this.latest.done, total: this.latest.cells.computed.length };
  }

  /** What is there is a first pass, and more was not wanted. */
  get restsAfterPass(): boolean {
    return !this.run && this.stopped === 'pass';
  }

  /** What is to be known of the map that is computed, else of the one that is shown. */
  get notices(): readonly string[] {
    return this.run ? this.told : (this.shown?.finished?.runtime.notices ?? this.told);
  }

  /** What is being computed, else what is shown or was stopped. */
  get asked(): Asked | MapRecord | undefined {
    return this.run?.asked ?? this.latest;
  }

  nextId = (): number => this.options.nextId?.() ?? ++this.ids;

  /** Takes over a map from before a reload of the window. */
  adopt(record: MapRecord): void {
    this.latest = record;
    this.shown = record;
    this.stopped = record.finished ? undefined : 'cancelled';
    this.listener.onShown();
  }

  cancel(): void {
    this.run?.abort.abort();
  }

  /** Tells of the map that is shown once more: to who has come anew. */
  showAgain(): void {
    this.listener.onShown();
  }

  /** Shows no map any more; what is on its way ends silently. */
  forget(): void {
    void this.end();
    this.shown = undefined;
    this.latest = undefined;
    this.stopped = undefined;
  }

  /** Ends what is on its way, silently. */
  async end(): Promise<void> {
    if (this.run) this.run.superseded = true;
    this.cancel();
    this.run = undefined;
    await this.last;
  }

  /**
   * Computes a map, or what `resumed` lacks, once a run that is on its way has ended. An adaptive map begins anew: its cells
   * follow from each other. Never rejects: faults go to the listener.
   * @param lease gives the engine; called when it is this run's turn.
   * @param resumed what is there already; `first-pass`: nothing is, and the first pass is all that is wanted.
   */
  start(
    asked: Asked,
    batchSize: number,
    lease: () => Promise<EngineLease>,
    resumed?: MapRecord | 'first-pass',
  ): Promise<void> {
    const { run: other } = this;
    if (other) other.superseded = true;
    this.cancel();
    const { grid, adaptive } = asked.parameters;
    const firstPassOnly = resumed === 'first-pass';
    const record = adaptive || firstPassOnly ? undefined : resumed;
    const run: Run = {
      asked,
      abort: new AbortController(),
      started: performance.now(),
      superseded: false,
      record,
      quick: false,
      firstPassOnly,
      before: other ? (this.shown === other.record ? 'cancelled' : other.before) : this.stopped,
      unverified: false,
      progress: {
        phase: 'opening',
        done: record?.done ?? 0,
        total: grid.columns * grid.rows,
        stride: 16,
        secondsLeft: null,
        seconds: 0,
        cell: -1,
      },
    };
    this.run = run;
    this.stopped = undefined;
    this.told = [];
    this.listener.onChange();
    this.last = this.last.then(() => this.compute(run, batchSize, lease));
    return this.last;
  }

  private async compute(run: Run, batchSize: number, lease: () => Promise<EngineLease>): Promise<void> {
    const { signal } = run.abort;
    const { parameters } = run.asked;
    try {
      signal.throwIfAborted();
      const { engine, description } = await unlessAborted(lease(), signal);
      this.enter(run, 'prompt');
      // Cells of another model do not go into a map: that of a file which was written again begins anew.
      if (run.record && run.record.specification.model.sha256 !== description.reference.sha256) run.record = undefined;
      const growing: GrowingMap = run.record ?? emptyGrowing(parameters);
      const only = run.record
        ? { only: missing(run.record) }
        : run.firstPassOnly
          ? { only: firstPassCells(parameters.grid) }
          : {};
      const early = this.options.shownFrom ? {} : { early: true as const };
      // No cell of a first pass is filled in.
      const computed = run.firstPassOnly ? { ...parameters, adaptive: false } : parameters;
      const map = await computeMap(
        engine,
        { parameters: computed, batchSize, ...only, ...early },
        {
          signal,
          growing,
          onEvent: (event) => {
            if (event.kind === 'started') {
              const specification = { ...event.specification, adaptive: parameters.adaptive };
              run.record ??= newRecord(this.nextId(), run.asked, specification, description.facts, growing);
              if (!run.superseded) this.latest = run.record;
              run.quick = !run.firstPassOnly && (event.estimate.seconds ?? Infinity) < QUICK_SECONDS;
              this.enter(run, 'first');
            } else if (event.kind === 'cells') this.gather(run, event);
            else if (event.kind === 'notice') {
              this.told = [...this.told, event.message];
              this.listener.onChange();
            } else {
              if (event.kind === 'anew') this.takeBack(run);
              this.verified(run);
            }
          },
        },
      );
      this.finish(run, map);
    } catch (error) {
      this.stop(run, signal.aborted ? new Fault({ code: 'cancelled', message: t('Cancelled.') }) : Fault.from(error));
    }
  }

  private enter(run: Run, phase: Progress['phase']): void {
    run.progress = { ...run.progress, phase };
    if (this.run === run) this.listener.onChange();
  }

  private gather(run: Run, event: Extract<MapEvent, { kind: 'cells' }>): void {
    const { record } = run;
    if (!record || run.superseded) return;
    const { indices } = event.batch;
    run.unverified = event.unverified === true;
    run.passing = event.passing ? indices : run.passing?.filter((cell) => !indices.includes(cell));
    record.done += event.passing ? 0 : indices.length;
    run.progress = {
      phase: 'cells',
      done: record.done,
      total: record.cells.computed.length,
      stride: event.stride,
      secondsLeft: event.secondsLeft,
      seconds: (performance.now() - run.started) / 1000,
      cell: event.batch.indices.at(-1) ?? -1,
      ...(run.unverified ? { unverified: true } : {}),
    };
    const held = run.quick && record.done < run.progress.total && run.progress.seconds < 2 * QUICK_SECONDS;
    if (this.shown === record) this.listener.onCells(record, event);
    else if (held) return;
    else if (event.passing || record.done >= (this.options.shownFrom ?? firstPass)(record.cells)) {
      this.shown = record;
      this.listener.onShown();
    }
    this.listener.onProgress(run.progress);
  }

  /** Nothing that is shown waits for the model's checks any more. */
  private verified(run: Run): void {
    run.unverified = false;
    const { unverified, ...progress } = run.progress;
    run.progress = progress;
    if (this.run !== run) return;
    this.listener.onProgress(progress);
    this.listener.onChange();
  }

  /** Takes a picture away that is not true; the map that it stood for begins anew, or ends. */
  private takeBack(run: Run): void {
    this.told = [];
    run.passing = undefined;
    if (run.superseded || !run.record || this.shown !== run.record) return;
    this.shown = undefined;
    this.listener.onShown();
  }

  private finish(run: Run, map: TokenMap): void {
    const { record } = run;
    if (!record || run.superseded) return;
    this.run = undefined;
    if (record.done < record.cells.computed.length && run.firstPassOnly) return this.rest(record, map);
    const seconds = map.runtime.seconds + record.secondsBefore;
    // One that came before knows of texts that were chosen meanwhile, but perhaps not what is said of them.
    const same = canonical(record.specification.overlays) === canonical(map.specification.overlays);
    if (map.survey && (!record.survey || (record.survey.untold && same)))
      record.survey = withNorms(map.survey, record.survey);
    const { plane, regions } = map;
    record.finished = { plane, runtime: { ...map.runtime, seconds }, ...(regions ? { regions } : {}) };
    if (this.shown !== record) {
      this.shown = record;
      this.listener.onShown();
    }
    this.listener.onFinish(record);
    this.listener.onChange();
  }

  /** The first pass stands, and no more was wanted. */
  private rest(record: MapRecord, { survey, runtime }: TokenMap): void {
    record.survey = survey;
    record.secondsBefore += runtime.seconds;
    this.stopped = 'pass';
    if (this.shown !== record) {
      this.shown = record;
      this.listener.onShown();
    }
    this.listener.onStop(record);
    this.listener.onChange();
  }

  private stop(run: Run, fault: Fault): void {
    // Cells that were only to be seen are not there: a resumed run computes them.
    run.passing?.forEach((cell) => run.record?.cells.computed.fill(0, cell, cell + 1));
    if (run.unverified) this.takeBack(run);
    if (run.record) run.record.secondsBefore += (performance.now() - run.started) / 1000;
    if (run.superseded) return;
    this.run = undefined;
    this.stopped = fault.code === 'cancelled' ? 'cancelled' : 'fault';
    // Without a cell there is nothing to resume: the map before is what there is, as it was.
    if (!run.record?.done) {
      this.latest = this.shown;
      this.stopped = run.before ?? this.stopped;
    }
    if (this.latest?.finished) this.stopped = undefined;
    else if (this.latest) this.listener.onStop(this.latest);
    if (fault.code !== 'cancelled') this.listener.onFault(fault, run.asked);
    this.listener.onChange();
  }
}

/** What a map's own survey leaves to others: norms that were measured to be looked at. */
const withNorms = (own: Survey, known: Survey | undefined): Survey => ({
  ...own,
  norms: own.norms ?? known?.norms ?? null,
  ...(known?.normsReason === undefined ? {} : { normsReason: known.normsReason }),
});
