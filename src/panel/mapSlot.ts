import { t } from '@vscode/l10n';
import { setTimeout as sleep } from 'node:timers/promises';
import { cellsKey } from '../map/dependence.js';
import { Fault, type FaultData } from '../map/fault.js';
import { parametersOf } from '../map/specification.js';
import type { Grid, MapParameters } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { Support } from '../protocol/engine.js';
import {
  type FeaturesOf,
  type MadeWith,
  type PanelState,
  type SlotName,
  type SlotState,
  TYPED_MS,
  type WriteFrom,
} from '../protocol/page.js';
import type { MapSettings } from '../protocol/panelSettings.js';
import { Costs } from './costs.js';
import { checkWindow, Details } from './details.js';
import { withCloserLook } from '../engine/client.js';
import type { EngineLease } from '../host/engineLease.js';
import type { PanelDependencies } from './dependencies.js';
import { Keeper } from './keeper.js';
import { type Asked, type MapRecord, sameAsked, wholeMapOf } from './mapRecord.js';
import { MapRuns } from './mapRuns.js';
import { ModelHold } from './modelHold.js';
import type { PageStream } from './pageStream.js';
import { Boundaries, planeBetween } from './boundaries.js';
import { type FeatureDirection, Features } from './features.js';
import { Points } from './points.js';
import { PromptReader } from './promptTokens.js';
import { SlotPage } from './slotPage.js';
import { SlotSurvey } from './slotSurvey.js';

/** Changes that follow each other as fast as this are one. */
const DEBOUNCE_MS = 60;
/** What only informs is measured when nothing was changed and nobody looked elsewhere for so long. */
const CALM_MS = 1000;

/** What a slot is in its panel. */
export interface SlotPlace {
  readonly name: SlotName;
  /** What its map is computed with, at the moment. */
  readonly settings: () => MapSettings;
  /** The page, where there is one. */
  readonly page: () => PageStream | undefined;
  /** Names its kept map. */
  readonly key: string;
  /** Numbers maps, for all slots along. */
  readonly nextId: () => number;
  /** What a model is called. */
  readonly nameOf: (modelPath: string) => string | undefined;
  /** How far a change is followed: see {@link PanelState.live}. */
  readonly live: () => PanelState['live'];
  /** Something of its state is another. */
  readonly onChange: () => void;
  /** How far its run is. */
  readonly onProgress: () => void;
  /** Its map is whole, or another whole one is shown. */
  readonly onWhole: () => void;
  /** What the page is told to choose, while no model is. */
  readonly madeWith?: MadeWith;
  /** The map of what is asked for, where it was made elsewhere. */
  readonly known?: (asked: Asked) => MapRecord | undefined;
}

/** A map of a panel: its model, runs, details, survey and points. What it is computed with is the panel's to say. */
export class MapSlot {
  readonly runs: MapRuns;
  readonly details: Details;
  private readonly model: ModelHold;
  private readonly keeper: Keeper;
  private readonly costs: Costs;
  private readonly survey: SlotSurvey;
  private readonly page: SlotPage;
  private readonly points: Points;
  private readonly features: Features;
  private readonly prompts: PromptReader;
  private readonly boundaries: Boundaries;
  private fault: FaultData | null = null;
  /** The model's files were written again, and it was opened anew: said until the map after the one that comes of it. */
  private rewritten: 'no' | 'now' | 'told' = 'no';
  private debounce: ReturnType<typeof setTimeout> | undefined;
  /** When something was last changed, or another window looked at. */
  private activeAt = -Infinity;
  /** The model that was last set about. */
  private begunWith: string | undefined;
  /** The model that a map was last computed with, whatever came of it. */
  private triedWith: string | undefined;
  /** The whole map in whose place a first pass came: who takes the change back has it again. */
  private before: MapRecord | undefined;
  /** Counts what was asked: an answer to an older question is left. */
  private turn = 0;
  private disposed = false;

  constructor(
    private readonly deps: PanelDependencies,
    private readonly place: SlotPlace,
  ) {
    this.begunWith = this.settings.modelPath ?? undefined;
    this.keeper = new Keeper(deps.snapshots, place.key, (problem) => deps.log('warn', problem));
    this.model = new ModelHold(
      deps,
      () => place.onChange(),
      (fault) => {
        if (!this.runs.running) this.complain(fault); // a run that is on its way ends with it
      },
      () => this.reopened(),
    );
    this.costs = new Costs((asked) => this.lease(asked));
    this.page = new SlotPage(place.name, place.page);
    this.survey = new SlotSurvey(
      {
        lease: (asked) => this.lease(asked),
        calm: () => this.calm(),
        asked: () => this.asked(),
        shown: () => this.runs.shown,
        isOfTheFile: (record) => this.isOfTheFile(record),
        onSurveyed: (record) => record.finished && this.keeper.keep(record, true),
        onFault: ({ message }) => deps.log('warn', `The plane could not be surveyed: ${message}`),
      },
      this.page,
    );
    this.points = new Points(
      (record) => this.leaseFor(record),
      (message) => this.page.send(message),
    );
    this.features = new Features(
      (record) => this.leaseFor(record),
      (message) => this.page.send(message),
    );
    this.prompts = new PromptReader((prompts) => this.page.send({ type: 'prompts', prompts }));
    this.boundaries = new Boundaries(
      (record) => this.leaseFor(record),
      (message) => this.page.send(message),
    );
    const { nextId } = place;
    this.runs = new MapRuns(
      {
        onShown: () => {
          if (!this.runs.shown) this.survey.forget(); // a picture that was not true is gone, and so is what was told of its plane
          this.details.forget();
          this.points.forget();
          this.boundaries.forget();
          this.features.forget();
          this.survey.giveToShown();
          this.page.show('map', this.runs.shown);
          if (this.runs.shown?.finished) place.onWhole();
        },
        onCells: (record, event) => {
          this.page.cells(record, event);
          if (!event.passing) this.keeper.keep(record);
        },
        onProgress: (progress) => {
          this.page.progress(progress);
          place.onProgress();
        },
        onFinish: (record) => {
          if (this.rewritten === 'now') this.rewritten = 'told';
          this.page.finish(record);
          this.survey.send();
          this.keeper.keep(record, true);
          place.onWhole();
        },
        onChange: () => place.onChange(),
        onStop: (record) => this.keeper.keep(record, true),
        // Of parameters that are others by now nothing is wrong any more.
        onFault: (fault, asked) => {
          if (fault.code === 'engine-died' || this.isSet(asked)) this.complain(fault);
          else deps.log('warn', fault.message);
        },
      },
      { nextId },
    );
    this.details = new Details(
      (record) => this.leaseFor(record),
      {
        onShown: () => this.details.shown && this.page.show('detail', this.details.shown),
        onCells: (record, event) => this.page.cells(record, event),
        onProgress: (progress) => this.page.progress(progress),
        onFinish: (record) => this.page.finish(record),
        onChange: () => place.onChange(),
        onFault: (fault) => this.complain(fault),
      },
      nextId,
    );
  }

  get settings(): MapSettings {
    return this.place.settings();
  }

  state(): SlotState {
    const { runs, costs } = this;
    const { madeWith } = this.place;
    const model = this.model.state;
    return {
      settings: this.settings,
      model: model.status === 'none' && madeWith ? { ...model, madeWith } : model,
      estimate: costs.estimate,
      obstacle: costs.obstacle,
      quick: costs.quick,
      changed: runs.asked !== undefined && this.differs(),
      outdated: runs.shown && !this.isSet(runs.shown) ? runs.shown.id : null,
      run: runs.state,
      detail: this.details.state,
      refinable: this.refinable(),
      fault: this.fault,
      notices: this.rewritten === 'no' ? runs.notices : [REWRITTEN, ...runs.notices],
    };
  }

  /** The whole map that is seen: the detail of a window, where one is looked at. undefined while cells are missing. */
  map(): TokenMap | undefined {
    return this.details.wanted ? wholeMapOf(this.details.complete) : wholeMapOf(this.runs.shown);
  }

  /** Names the whole map that is seen. */
  get shownId(): number | undefined {
    return (this.details.wanted ? this.details.complete : this.runs.shown)?.id;
  }

  /** The whole map that is seen. @throws Fault while there is none. */
  wholeMap(): TokenMap {
    if (!this.details.wanted || this.details.complete) return whole(this.map());
    throw new Fault({
      code: 'bad-parameter',
      message: t('The window that is shown is not complete yet.'),
      hint: t('Wait until it is, or go back to the whole map with 0.'),
    });
  }

  /** A map of this slot with what closer looks are computed from; as it is, where its engine is no longer there. */
  readonly closer = async (map: TokenMap): Promise<TokenMap> => {
    const { shown } = this.runs;
    const engine = shown && (await this.leaseFor(shown).catch(() => undefined))?.engine;
    return engine ? withCloserLook(engine, map, parametersOf(map.specification)) : map;
  };

  /** The whole map of this number: the one that is shown, or the detail that is looked at. */
  record(id: number): MapRecord | undefined {
    return [this.runs.shown, this.details.complete].find((record) => record?.id === id && record.finished);
  }

  /** The whole map, whichever part of it is seen. @throws Fault while there is none. */
  wholeBase(): TokenMap {
    return whole(wholeMapOf(this.runs.shown));
  }

  /** Numbers that a vector for the model must have, where that is known. */
  get hiddenSize(): number | undefined {
    const { state } = this.model;
    return state.status === 'ready' ? state.summary.facts.hiddenSize : undefined;
  }

  /** Decoder blocks of the model, where it is open. */
  get layers(): number | undefined {
    const { state } = this.model;
    return state.status === 'ready' ? state.summary.facts.blocks : undefined;
  }

  /** Whether the model takes prompts, where it is open. */
  get takesPrompts(): boolean | undefined {
    const { state } = this.model;
    return state.status === 'ready' ? state.summary.contexts.prompt.ok : undefined;
  }

  /** What the model is called, once one is chosen. */
  get modelName(): string | undefined {
    const { state } = this.model;
    return state.status === 'none' ? undefined : state.name;
  }

  /** The settings are others: soon computes them if that is quick; `run`: however long it takes; `typed`: when the typing pauses. */
  settled(run = false, typed = false): void {
    this.turn++;
    this.costs.forget();
    // What went wrong was of the settings before; that a file could not be written stays to be read.
    if (this.fault?.code !== 'output') this.fault = null;
    this.place.onChange();
    this.survey.settled();
    // The first of changes that follow each other is acted on at once, the others when they pause.
    const paused = performance.now() - this.activeAt > DEBOUNCE_MS;
    this.acts();
    clearTimeout(this.debounce);
    if (paused && !typed) void this.begin(run, false);
    else this.debounce = setTimeout(() => void this.begin(run, false), typed ? TYPED_MS : DEBOUNCE_MS);
  }

  /**
   * Opens the model and computes the map: when asked to (`wanted`), when another model was chosen, or when it is quick and not
   * there yet. `revive`: takes over what was kept over a reload of the window, and goes on where it was.
   */
  async begin(wanted: boolean, revive: boolean): Promise<void> {
    const turn = ++this.turn;
    const asked = this.asked();
    const run = wanted || asked?.modelPath !== this.begunWith;
    this.begunWith = asked?.modelPath;
    try {
      const revived = revive ? await this.keeper.revive(this.place.nextId()) : undefined;
      if (this.disposed) return;
      if (revived) this.runs.adopt(revived);
      if (!asked || turn !== this.turn) return;
      const known = this.differs() ? [this.place.known?.(asked), this.before] : [];
      const there = known.find((record) => record && this.isSet(record));
      if (there) return this.take(there);
      // What was kept may be an older map: then nothing of the one that was running has come this far.
      if (run && (!revived || this.differs())) return await this.compute(asked);
      if (run && revived && !revived.finished) return await this.compute(revived, revived);
      // Where nothing but the grid is another, what was measured says enough.
      const live = this.place.live();
      if ((live ?? this.costs.isKnownQuick(asked)) && this.isBehind) return await this.goOn(asked);
      await this.learnEstimate();
      const { estimate, quick } = this.costs;
      if (turn !== this.turn) return;
      if ((live ?? (estimate !== null && quick)) && this.isBehind) await this.goOn(asked);
      else if (this.follows(asked)) await this.compute(asked, 'first-pass');
      else if (this.healthy) this.survey.want(asked);
    } catch (error) {
      this.complain(error);
    }
  }

  generate(): void {
    const asked = this.asked();
    if (asked) this.goOn(asked).catch((error: unknown) => this.complain(error));
  }

  /** The map of the settings is not there, or no more of it than a first pass. */
  private get isBehind(): boolean {
    return this.differs() || this.runs.restsAfterPass;
  }

  /** Computes the map of the settings, or what its first pass left. */
  private goOn(asked: Asked): Promise<void> {
    const { latest: record, restsAfterPass } = this.runs;
    return restsAfterPass && record && !this.differs() ? this.compute(record, record) : this.compute(asked);
  }

  /** Computes what a first pass left. */
  catchUp(): void {
    if (this.runs.restsAfterPass) this.generate();
  }

  cancel(): void {
    this.runs.cancel();
    this.details.cancel();
  }

  /** Computes the cells that a stopped run left, of the map or of the window that is looked at. */
  resume(): void {
    const { latest: record, running } = this.runs;
    if (running) return;
    if (record && !record.finished) this.compute(record, record).catch((error: unknown) => this.complain(error));
    else this.details.resume(this.settings.batchSize);
  }

  /** Takes over a whole map that was made with the settings, or will be. */
  adopt(record: MapRecord): void {
    this.runs.adopt(record);
    this.keeper.keep(record, true);
  }

  /** Shows a map that was made elsewhere, in place of what is computed. */
  private take(record: MapRecord): void {
    void this.runs.end();
    this.fault = null;
    this.adopt(record);
    this.place.onChange();
    this.survey.want(this.asked());
  }

  /** A person looks at a window of the map that is shown, or at all of it. */
  look(id: number, window: Pick<Grid, 'spacing' | 'center'> | null, refine: boolean): void {
    const { shown } = this.runs;
    if (shown?.id !== id) return; // said before the page knew of this map
    this.acts();
    if (!window) this.details.lookAway();
    else {
      checkWindow(shown, window);
      const wanted = refine && shown.finished !== undefined && this.refinable().ok;
      this.details.look(shown, window, wanted, this.settings.batchSize);
    }
    this.place.onChange();
  }

  /** Reads a point of a map's plane, if that map is shown. */
  async read(map: number, place: { readonly x: number; readonly y: number }): Promise<void> {
    if (this.runs.shown?.id === map) await this.points.read(this.runs.shown, place);
  }

  /** Asks for the boundaries around a map's center, if that map is shown. */
  async askBoundaries(map: number): Promise<void> {
    if (this.runs.shown?.id === map) await this.boundaries.ask(this.runs.shown, this.settings.batchSize);
  }

  /** Asks for the strongest features of a hidden state of a map, if that map is shown. */
  async askFeatures(map: number, of: FeaturesOf, sae: string): Promise<void> {
    if (this.runs.shown?.id === map) await this.features.ask(this.runs.shown, of, sae);
  }

  /** A feature that was told last. */
  toldFeature(feature: number): FeatureDirection | undefined {
    return this.features.directionOf(feature);
  }

  /** Parameters of the plane through the center and the two boundaries nearest to it. @throws Fault */
  async betweenBoundaries(): Promise<MapParameters | undefined> {
    const asked = this.asked();
    return asked && planeBetween(await this.lease(asked), asked.parameters, this.settings.batchSize);
  }

  /** Writes on from points of a map's plane; null: writes no more. */
  async write(from: WriteFrom | null): Promise<void> {
    if (!from) this.points.stop();
    else if (this.runs.shown?.id === from.map) await this.points.write(this.runs.shown, from);
  }

  /** The engine was ended, and another is to be started. */
  async restarted(): Promise<void> {
    this.model.forgetEngine();
    this.fault = null;
    await this.begin(false, false);
  }

  dismissFault(): void {
    this.fault = null;
    this.place.onChange();
  }

  /** Shows what went wrong. A model that cannot be opened is shown as such already. */
  complain(thrown: unknown): void {
    const fault = Fault.from(thrown);
    if (fault.code === 'cancelled' || this.disposed) return;
    this.deps.log('error', [fault.message, fault.hint, fault.detail].filter(Boolean).join('\n'));
    if (this.model.state.status === 'failed' && this.model.state.fault.message === fault.message) return;
    this.fault = fault.toData();
    this.place.onChange();
  }

  /** Tells the page all that there is. */
  sendAll(): void {
    this.page.show('map', this.runs.shown);
    this.survey.send();
    this.page.send({ type: 'prompts', prompts: this.prompts.prompts });
  }

  /** Ends the run and lets go of the engine. `closed`: by the person, so that nothing need be kept for a reload. */
  dispose(closed: boolean): void {
    if (this.disposed) return;
    this.disposed = true;
    this.page.close();
    this.turn++;
    clearTimeout(this.debounce);
    this.survey.want(undefined);
    void this.runs.end();
    this.details.forget();
    this.points.forget();
    this.boundaries.forget();
    this.features.forget();
    this.model.release();
    if (closed) this.keeper.remove();
  }

  private refinable(): Support {
    const { shown } = this.runs;
    const { modelPath, device } = this.settings;
    if (shown && !this.isOfTheFile(shown))
      return { ok: false, reason: t('the model’s files were written again since') };
    if (!shown || (shown.modelPath === modelPath && shown.device === device)) return { ok: true };
    return { ok: false, reason: t('another model was chosen since this map was made') };
  }

  /** A person does something: measuring makes way, until it is calm again. */
  private acts(): void {
    this.activeAt = performance.now();
    this.survey.makeWay();
  }

  /** Settles when no map is computed and nothing was done for a while; true: an engine is there that can measure. */
  private async calm(): Promise<boolean> {
    for (;;) {
      await this.runs.idle;
      const rest = this.activeAt + CALM_MS - performance.now();
      if (rest <= 0 || this.disposed) return this.healthy;
      await sleep(rest);
    }
  }

  private async compute(asked: Asked, resumed?: MapRecord | 'first-pass'): Promise<void> {
    clearTimeout(this.debounce);
    const turn = ++this.turn;
    this.fault = null;
    this.triedWith = asked.modelPath;
    if (resumed === 'first-pass' && this.runs.shown?.finished) this.before = this.runs.shown;
    if (this.rewritten === 'told') this.rewritten = 'no';
    this.details.pause();
    this.survey.makeWay();
    this.survey.want(this.asked());
    await this.runs.start(asked, this.settings.batchSize, () => this.lease(asked), resumed);
    // A dead engine is not started again for an estimate.
    if (turn !== this.turn || this.disposed || !this.healthy) return;
    await this.learnEstimate();
    // After the map: on a large model the norms take longer than the first picture may.
    this.survey.want(this.asked());
  }

  /** A change to a map that was computed, or was to be, is followed by a first pass of the next, however long all of that takes. */
  private follows(asked: Asked): boolean {
    const { modelPath } = asked;
    const begun = this.runs.asked?.modelPath === modelPath || this.triedWith === modelPath;
    return this.healthy && this.costs.obstacle === null && this.differs() && begun;
  }

  private get healthy(): boolean {
    return (this.fault === null || this.fault.code === 'output') && this.model.state.status === 'ready';
  }

  /** What the settings ask for; undefined without a model. */
  asked(): Asked | undefined {
    const { modelPath, device, parameters } = this.settings;
    return modelPath === null ? undefined : { modelPath, device, parameters };
  }

  /** The engine of a map, which must be the one of the current settings. */
  async leaseFor(record: MapRecord): Promise<EngineLease> {
    const { modelPath, device } = this.settings;
    const otherwise = (message: string): Fault =>
      new Fault({
        code: 'bad-parameter',
        message,
        hint: t('Press Generate, or choose the model of this map again.'),
      });
    if (record.modelPath !== modelPath || record.device !== device)
      throw otherwise(t('Another model was chosen since this map was made.'));
    const lease = await this.lease(record);
    if (!this.isOfTheFile(record)) throw otherwise(t('The model’s files were written again since this map was made.'));
    return lease;
  }

  /** The engine that holds this slot's model. @throws Fault as {@link PanelDependencies.acquireEngine}. */
  async lease({ modelPath, device }: Asked): Promise<EngineLease> {
    const name = this.place.nameOf(modelPath) ?? this.deps.modelName(modelPath);
    const lease = await this.model.acquire({ path: modelPath, device }, name);
    void this.prompts.read(lease, this.settings.parameters);
    return lease;
  }

  /** Asks what the current settings would cost. */
  private async learnEstimate(): Promise<void> {
    const { turn } = this;
    const asked = this.asked();
    if (asked && (await this.costs.learn(asked, this.settings.batchSize, () => turn === this.turn)))
      this.place.onChange();
  }

  /** The settings are not those of the map that is there or on its way. */
  differs(): boolean {
    const { asked } = this.runs;
    return !asked || !this.isSet(asked);
  }

  /** Whether a map has the cells that the settings ask for. */
  private isSet(asked: Asked | MapRecord): boolean {
    if ('specification' in asked && !this.isOfTheFile(asked)) return false;
    const now = this.asked();
    return now !== undefined && sameAsked(asked, now, cellsKey);
  }

  /** Whether a map is of its model as that is open now; true also where it is not open. */
  private isOfTheFile({ modelPath, specification }: MapRecord): boolean {
    return (this.model.fingerprintAt(modelPath) ?? specification.model.sha256) === specification.model.sha256;
  }

  /** The model was opened anew, as its files were written again: what was measured of it is of another, perhaps. */
  private reopened(): void {
    this.rewritten = 'now';
    this.survey.forget();
    this.costs.forgetMeasured();
    this.deps.log('info', REWRITTEN);
  }
}

function whole(map: TokenMap | undefined): TokenMap {
  if (map) return map;
  throw new Fault({
    code: 'bad-parameter',
    message: t('There is no complete map yet.'),
    hint: t('Wait until the map is complete, or press Resume.'),
  });
}

const REWRITTEN = t('The model’s files were written again, so it was opened anew.');
