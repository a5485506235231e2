import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineLease } from '../host/engineLease.js';
import { Fault, type FaultData } from '../map/fault.js';
import { DEFAULT_DISPLAY, type Display } from '../map/mapDisplay.js';
import { mapBrief } from '../map/naming.js';
import { chosenColors } from '../map/settledMap.js';
import { contextOf, type Grid, linked, type MapSpecification } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { Estimate, MapEvent, Support } from '../protocol/engine.js';
import {
  type HostMessage,
  type HostState,
  type ModelEntry,
  type PageAction,
  type PageMessage,
  type PageView,
  pageView,
  type PanelSettings,
} from '../protocol/page.js';
import { type SettingPath, withSetting } from '../protocol/settingsChange.js';
import type { Disposable, PanelDependencies, PanelStatus } from './dependencies.js';
import { checkWindow, Details } from './details.js';
import { History } from './history.js';
import { Keeper } from './keeper.js';
import { Listeners } from './listeners.js';
import { type Asked, finishOf, type MapRecord, regionTokens, shownMap, surveyed } from './mapRecord.js';
import { MapRuns } from './mapRuns.js';
import { readPageMessage, readSettings, sameCells, sameSettings } from './messages.js';
import { ModelHold } from './modelHold.js';
import { fewerInBatch, pageTopK } from './pageCells.js';
import { PageStream } from './pageStream.js';
import { Points } from './points.js';
import { samePlane, type Surveyed, Surveys } from './surveys.js';
import { takeVector } from './takeVector.js';

/** Maps that take no longer are computed at once when a parameter changes. */
const AT_ONCE_SECONDS = 1;
/** Changes that follow each other as fast as this are one. */
const DEBOUNCE_MS = 60;
/** What only informs is measured when nothing was changed and nobody looked elsewhere for so long. */
const CALM_MS = 1000;

export interface ControllerStart {
  readonly settings: PanelSettings;
  /** How the page begins to draw, where it does not remember. */
  readonly display?: Display;
  /** Compute at once. */
  readonly run: boolean;
  /** Names what was kept over a reload of the window; left out for a new panel. */
  readonly revivedKey?: string;
}

/**
 * A panel without its window: holds parameters, model, map and run, and tells the page. Knows nothing of `vscode`. The page
 * may come and go: when it says `ready` it is sent everything.
 */
export class MapController {
  private readonly history: History<PanelSettings>;
  private readonly model: ModelHold;
  private readonly runs: MapRuns;
  private readonly details: Details;
  private readonly keeper: Keeper;
  private readonly surveys: Surveys;
  private readonly points: Points;
  private readonly changes = new Listeners();
  private readonly following: readonly Disposable[];
  private page: PageStream | undefined;
  private view: PageView;
  private models: readonly ModelEntry[] = [];
  private fault: FaultData | null = null;
  private obstacle: FaultData | null = null;
  private estimate: Estimate | null = null;
  /** What the last estimate says of every grid on its plane. */
  private rate: { readonly key: string; readonly secondsPerCell: number } | undefined;
  /** The model's files were written again, and it was opened anew: said until the map after the one that comes of it. */
  private rewritten: 'no' | 'now' | 'told' = 'no';
  private debounce: ReturnType<typeof setTimeout> | undefined;
  /** When something was last changed, or another window looked at. */
  private activeAt = -Infinity;
  /** The model that was last set about. */
  private begunWith: string | undefined;
  /** Counts what was asked: an answer to an older question is left. */
  private turn = 0;
  /** The page has a survey of the settings' plane. */
  private surveySent = false;
  private disposed = false;
  private telling: NodeJS.Immediate | undefined;

  constructor(
    private readonly deps: PanelDependencies,
    start: ControllerStart,
  ) {
    this.history = new History(start.settings, sameSettings);
    this.view = pageView(start.display ?? DEFAULT_DISPLAY);
    this.begunWith = start.settings.modelPath ?? undefined;
    this.keeper = new Keeper(deps.snapshots, start.revivedKey ?? randomUUID(), (problem) => deps.log('warn', problem));
    this.model = new ModelHold(
      deps,
      () => this.changed(),
      (fault) => {
        if (!this.runs.running) this.complain(fault); // a run that is on its way ends with it
      },
      () => this.reopened(),
    );
    this.surveys = new Surveys(
      (asked) => this.lease(asked),
      () => this.calm(),
      (news) => this.takeSurvey(news),
    );
    this.points = new Points(
      (record) => this.leaseFor(record),
      (message) => this.page?.send(message),
    );
    this.runs = new MapRuns({
      onShown: () => {
        this.details.forget();
        this.points.forget();
        this.surveyShown();
        this.sendMap();
      },
      onCells: (record, event) => {
        this.sendCells(record, event);
        this.keeper.keep(record);
      },
      onProgress: (progress) => {
        this.page?.progress(progress);
        this.changes.fire();
      },
      onFinish: (record) => {
        if (this.rewritten === 'now') this.rewritten = 'told';
        this.sendFinish(record);
        this.keeper.keep(record, true);
      },
      onChange: () => this.changed(),
      onStop: (record) => this.keeper.keep(record, true),
      onFault: (fault) => this.complain(fault),
    });
    this.details = new Details(
      (record) => this.leaseFor(record),
      {
        onShown: () => this.details.shown && this.page?.send({ type: 'detail', map: shownMap(this.details.shown) }),
        onCells: (record, event) => this.sendCells(record, event),
        onProgress: (progress) => this.page?.progress(progress),
        onFinish: (record) => this.sendFinish(record),
        onChange: () => this.changed(),
        onFault: (fault) => this.complain(fault),
      },
      this.runs.nextId,
    );
    this.following = [
      deps.onDidChangeModels(() => void this.listModels()),
      deps.colorScale.onDidChange(() => this.changed()),
    ];
    void this.listModels();
    void this.begin(start.run, start.revivedKey !== undefined);
  }

  /** Follows {@link MapController.status}. */
  readonly onDidChangeStatus = this.changes.signal;

  get status(): PanelStatus {
    const { runs, model, settings } = this;
    const name = model.state.status === 'none' ? '' : `${model.state.name} · `;
    const { state } = runs;
    return {
      title: runs.shown ? mapTitle(runs.shown.specification) : `${name}Embedding Grid`,
      running: runs.running,
      progress: state.status === 'running' ? state.progress.done / Math.max(1, state.progress.total) : 0,
      complete: this.map() !== undefined,
      zoomed: this.details.windowOf(runs.shown) !== undefined,
      modelPath: settings.modelPath,
    };
  }

  /** The whole map that is seen: the detail of a window, where one is looked at. undefined while cells are missing. */
  map(): TokenMap | undefined {
    return this.details.wanted ? this.details.complete?.complete : this.runs.shown?.complete;
  }

  get settings(): PanelSettings {
    return this.history.current;
  }

  /** Takes a page on: its messages go to {@link MapController.receive}. */
  connect(post: (message: HostMessage) => void): void {
    this.page?.drop();
    this.page = new PageStream(post);
  }

  /** A message of the page, as it came. One that makes no sense is logged and left. */
  receive(data: unknown): void {
    const read = readPageMessage(data);
    if ('problem' in read) {
      return this.deps.log('warn', `The page sent a message that is not understood (${read.problem}).`);
    }
    this.act(read.message).catch((error: unknown) => this.complain(error));
  }

  private async act(message: PageMessage): Promise<void> {
    switch (message.type) {
      case 'ready':
        if (message.view) this.view = message.view;
        return this.sendAll();
      case 'drawn':
        this.page?.drawn();
        return;
      case 'edit':
        return this.edit(message.path, message.value, message.step);
      case 'chooseFile':
        return this.chooseFile(message.path, message.content);
      case 'point':
        if (this.runs.shown?.id === message.map) await this.points.read(this.runs.shown, message);
        return;
      case 'continue':
        if (!message.from) this.points.stop();
        else if (this.runs.shown?.id === message.from.map) await this.points.write(this.runs.shown, message.from);
        return;
      case 'vector':
        if (this.runs.shown?.id === message.map) await this.takeVector(message, message.to);
        return;
      case 'model':
        return this.chooseModel(message.path);
      case 'chooseModel': {
        const chosen = await this.deps.chooseModel();
        if (chosen !== undefined) this.chooseModel(chosen);
        return;
      }
      case 'retryModel':
        return this.begin(true, false);
      case 'undo':
        if (this.history.undo()) this.settled();
        return;
      case 'redo':
        if (this.history.redo()) this.settled();
        return;
      case 'generate':
        return this.generate();
      case 'cancel':
        return this.cancel();
      case 'resume':
        return this.resume();
      case 'dismissFault':
        this.fault = null;
        return this.changed();
      case 'view':
        this.view = message.view;
        return;
      case 'window':
        return this.look(message.map, message.grid, message.refine);
      case 'tokenColors':
        this.deps.tokenColors.remember(message.slots);
        return this.changed();
      case 'copy':
        return this.deps.copyText(message.text);
      case 'action':
        return this.perform(message.action);
      case 'mistake':
        return this.deps.log('error', `In the page: ${message.message}`);
    }
  }

  private async perform(action: PageAction): Promise<void> {
    switch (action) {
      case 'save':
      case 'saveAs':
        await this.save({ as: action === 'saveAs' });
        return;
      case 'exportPicture':
        await this.exportPicture();
        return;
      case 'copyCommandLine':
        return this.copyCommandLine();
      case 'openSavedMap':
        return this.deps.openSavedMap();
      case 'showLog':
        return this.deps.showLog();
      case 'restartEngine':
        return this.restartEngine();
      case 'helpWhat':
        return this.deps.openHelp('what');
      case 'helpConvert':
        return this.deps.openHelp('convert');
      case 'savePlane':
        await this.deps.savePlane(this.whole(this.runs.shown?.complete));
        return;
      case 'useView':
        return this.useView();
      case 'editAndRun':
      case 'openAsText':
        return; // a saved map's
    }
  }

  /** Opens another model and computes its map. Parameters that do not fit it say so in their fields. */
  chooseModel(modelPath: string): void {
    if (this.history.set({ ...this.settings, modelPath })) this.settled();
    else void this.begin(this.runs.asked === undefined, false);
  }

  generate(): void {
    const asked = this.asked();
    if (asked) this.compute(asked).catch((error: unknown) => this.complain(error));
  }

  cancel(): void {
    this.runs.cancel();
    this.details.cancel();
  }

  /** Computes the cells that a stopped run left. */
  resume(): void {
    const record = this.runs.latest;
    if (record && !record.complete && !this.runs.running)
      this.compute(record, record).catch((error: unknown) => this.complain(error));
  }

  /** @throws Fault while there is no whole map; so does {@link MapController.exportPicture}. */
  async save(options: { as: boolean }): Promise<boolean> {
    return this.deps.saveMap(this.drawn(this.wholeMap()), options);
  }

  async exportPicture(): Promise<boolean> {
    return this.deps.exportPicture(this.drawn(this.wholeMap()));
  }

  async copyCommandLine(): Promise<void> {
    const { batchSize } = this.settings;
    const { shown } = this.runs;
    const grid = this.details.wanted ? this.details.windowOf(shown) : undefined;
    const asked = shown && grid ? { ...shown, parameters: { ...shown.parameters, grid } } : this.asked();
    if (!asked) return;
    const { modelPath, parameters, device } = asked;
    const tokenColors = shown ? chosenColors(this.drawn(shown)) : {};
    const display = { ...this.view, tokenColors };
    await this.deps.copyCommandLine({ modelPath, parameters, display, device, batchSize });
  }

  /**
   * The window that is looked at becomes the panel's map, with the parameters that the map has; undo goes back.
   * @throws Fault while all of the map is looked at.
   */
  useView(): void {
    const { shown } = this.runs;
    const grid = this.details.windowOf(shown);
    if (!shown || !grid)
      throw new Fault({
        code: 'bad-parameter',
        message: 'The whole map is shown.',
        hint: 'Zoom in to the part that is to become the map.',
      });
    const detail = this.details.complete;
    if (!this.history.set({ ...this.settings, parameters: { ...shown.parameters, grid } })) return;
    if (!detail) return this.settled(true);
    this.runs.adopt(detail);
    this.keeper.keep(detail, true);
    this.settled();
  }

  async restartEngine(): Promise<void> {
    const { modelPath, device } = this.settings;
    if (modelPath === null) return;
    this.cancel();
    await this.deps.restartEngine(modelPath, device);
    this.model.forgetEngine();
    this.fault = null;
    await this.begin(false, false);
  }

  /** Ends the run and lets go of the engine. `closed`: by the person, so that nothing need be kept for a reload. */
  dispose(closed: boolean): void {
    if (this.disposed) return;
    this.disposed = true;
    this.turn++;
    clearTimeout(this.debounce);
    this.surveys.want(undefined);
    void this.runs.end();
    this.details.forget();
    this.points.forget();
    this.page?.drop();
    this.page = undefined;
    this.model.release();
    for (const one of this.following) one.dispose();
    if (closed) this.keeper.remove();
  }

  /** The page has checked the value already: one that is wrong after all is logged and left. */
  private edit(setting: string, value: unknown, step = false): void {
    const read = readSettings(withSetting(this.settings, setting, value));
    if ('problem' in read)
      return this.deps.log('warn', `The page sent a wrong value for "${setting}": ${read.problem}.`);
    const settings = /^plane(\.center\b|$)/.test(setting) ? followed(read.settings) : read.settings;
    // Who starts from a preset wants to see it, however long it takes.
    if (this.history.set(settings, step ? setting : undefined)) this.settled(setting === 'parameters');
  }

  /** Puts what a file holds into a setting. */
  private async chooseFile(setting: SettingPath, content: 'vector' | 'texts'): Promise<void> {
    const { state } = this.model;
    const numbers = state.status === 'ready' ? state.summary.facts.hiddenSize : undefined;
    const value = content === 'texts' ? await this.deps.chooseTexts() : await this.deps.chooseVector(numbers);
    if (value !== undefined && !this.disposed) this.edit(setting, value);
  }

  private async takeVector(place: { readonly x: number; readonly y: number }, to: 'clipboard' | 'file'): Promise<void> {
    await takeVector(this.deps, this.whole(this.runs.shown?.complete), place, to);
  }

  /** A survey has come: the page learns of it, and so does the map that has the same plane. */
  private takeSurvey({ fault }: Surveyed): void {
    this.surveyShown();
    this.sendSurvey();
    if (fault) this.deps.log('warn', `The plane could not be surveyed: ${fault.message}`);
  }

  /** The survey that there is becomes the shown map's, if that has the same plane. */
  private surveyShown(): void {
    const { shown } = this.runs;
    const { current } = this.surveys;
    if (!shown || !current?.survey || current.survey === shown.survey) return;
    if (!samePlane(current.asked, shown) || !this.isOfTheFile(shown)) return;
    surveyed(shown, current.survey, current.asked.parameters);
    if (shown.complete) this.keeper.keep(shown, true);
  }

  private wholeMap(): TokenMap {
    if (!this.details.wanted || this.details.complete) return this.whole(this.map());
    throw new Fault({
      code: 'bad-parameter',
      message: 'The window that is shown is not complete yet.',
      hint: 'Wait until it is, or go back to the whole map with 0.',
    });
  }

  private whole(map: TokenMap | undefined): TokenMap {
    if (map) return map;
    throw new Fault({
      code: 'bad-parameter',
      message: 'There is no complete map yet.',
      hint: 'Wait until the map is complete, or press Resume.',
    });
  }

  /** A person looks at a window of the map that is shown, or at all of it. */
  private look(id: number, window: Pick<Grid, 'spacing' | 'center'> | null, refine: boolean): void {
    const { shown } = this.runs;
    if (shown?.id !== id) return; // said before the page knew of this map
    this.acts();
    if (!window) this.details.lookAway();
    else {
      checkWindow(shown, window);
      const wanted = refine && shown.complete !== undefined && this.refinable().ok;
      this.details.look(shown, window, wanted, this.settings.batchSize);
    }
    this.changed();
  }

  private refinable(): Support {
    const { shown } = this.runs;
    const { modelPath, device } = this.settings;
    if (shown && !this.isOfTheFile(shown))
      return { ok: false, reason: 'the model\u2019s files were written again since' };
    if (!shown || (shown.modelPath === modelPath && shown.device === device)) return { ok: true };
    return { ok: false, reason: 'another model was chosen since this map was made' };
  }

  /** A map as the page draws it. */
  private drawn<T extends object>(map: T): T & { readonly display: Display } {
    return { ...map, display: { ...this.view, tokenColors: this.deps.tokenColors.read() } };
  }

  /** The settings are others: shows them, and soon computes them if that is quick. */
  private settled(run = false): void {
    this.turn++;
    this.estimate = null;
    this.obstacle = null;
    this.changed();
    if (this.surveyFits !== this.surveySent) this.sendSurvey();
    // The first of changes that follow each other is acted on at once, the others when they pause.
    const paused = performance.now() - this.activeAt > DEBOUNCE_MS;
    this.acts();
    clearTimeout(this.debounce);
    if (paused) void this.begin(run, false);
    else this.debounce = setTimeout(() => void this.begin(run, false), DEBOUNCE_MS);
  }

  /**
   * Opens the model and computes the map: when asked to (`wanted`), when another model was chosen, or when it is quick and not
   * there yet. `revive`: takes over what was kept over a reload of the window, and goes on where it was.
   */
  private async begin(wanted: boolean, revive: boolean): Promise<void> {
    const turn = ++this.turn;
    const asked = this.asked();
    const run = wanted || asked?.modelPath !== this.begunWith;
    this.begunWith = asked?.modelPath;
    try {
      const revived = revive ? await this.keeper.revive(this.runs.nextId()) : undefined;
      if (this.disposed) return;
      if (revived) this.runs.adopt(revived);
      if (!asked || turn !== this.turn) return;
      // What was kept may be an older map: then nothing of the one that was running has come this far.
      if (run && (!revived || this.differs())) return await this.compute(asked);
      if (run && revived && !revived.complete) return await this.compute(revived, revived);
      // Where nothing but the grid is another, what was measured says enough.
      if (this.secondsOf(asked) < AT_ONCE_SECONDS && this.differs()) return await this.compute(asked);
      await this.learnEstimate();
      const seconds = this.estimate?.seconds ?? Infinity;
      if (turn !== this.turn) return;
      if (seconds < AT_ONCE_SECONDS && this.differs()) await this.compute(asked);
      else if (this.healthy) this.surveys.want(asked);
    } catch (error) {
      this.complain(error);
    }
  }

  /** A person does something: measuring makes way, until it is calm again. */
  private acts(): void {
    this.activeAt = performance.now();
    this.surveys.makeWay();
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

  private async compute(asked: Asked, resumed?: MapRecord): Promise<void> {
    clearTimeout(this.debounce);
    const turn = ++this.turn;
    this.fault = null;
    if (this.rewritten === 'told') this.rewritten = 'no';
    this.details.pause();
    this.surveys.makeWay();
    this.surveys.want(this.asked());
    await this.runs.start(asked, this.settings.batchSize, () => this.lease(asked), resumed);
    // A dead engine is not started again for an estimate.
    if (turn !== this.turn || this.disposed || !this.healthy) return;
    await this.learnEstimate();
    // After the map: on a large model the norms take longer than the first picture may.
    this.surveys.want(this.asked());
  }

  private get healthy(): boolean {
    return this.fault === null && this.model.state.status === 'ready';
  }

  /** What the settings ask for; undefined without a model. */
  private asked(): Asked | undefined {
    const { modelPath, device, parameters } = this.settings;
    return modelPath === null ? undefined : { modelPath, device, parameters };
  }

  /** The engine of a map, which must be the one of the current settings. */
  private async leaseFor(record: MapRecord): Promise<EngineLease> {
    const { modelPath, device } = this.settings;
    const otherwise = (why: string): Fault =>
      new Fault({
        code: 'bad-parameter',
        message: `${why} since this map was made.`,
        hint: 'Press Generate, or choose the model of this map again.',
      });
    if (record.modelPath !== modelPath || record.device !== device) throw otherwise('Another model was chosen');
    const lease = await this.lease(record);
    if (!this.isOfTheFile(record)) throw otherwise('The model\u2019s files were written again');
    return lease;
  }

  private lease({ modelPath, device }: Asked): Promise<EngineLease> {
    const name = this.models.find((model) => model.path === modelPath)?.name ?? path.basename(modelPath);
    return this.model.acquire({ path: modelPath, device }, name);
  }

  /** Asks what the current settings would cost. */
  private async learnEstimate(): Promise<void> {
    const { turn } = this;
    const asked = this.asked();
    if (!asked) return;
    const { engine } = await this.lease(asked);
    try {
      const { batchSize } = this.settings;
      const estimate = await engine.call('estimate', { parameters: asked.parameters, batchSize });
      if (turn !== this.turn) return;
      this.estimate = estimate;
      this.rate = { key: rateKey(asked), secondsPerCell: (estimate.seconds ?? Infinity) / estimate.cells };
      this.obstacle = null;
    } catch (error) {
      const fault = Fault.from(error);
      if (turn !== this.turn || fault.code === 'cancelled' || fault.code === 'engine-died') return;
      this.obstacle = fault.toData();
    }
    this.changed();
  }

  /** What a map would take by the last estimate; Infinity where that was of another plane or model. */
  private secondsOf(asked: Asked): number {
    const { columns, rows } = asked.parameters.grid;
    return this.rate?.key === rateKey(asked) ? this.rate.secondsPerCell * columns * rows : Infinity;
  }

  /** The settings are not those of the map that is there or on its way. */
  private differs(): boolean {
    const { asked } = this.runs;
    return !asked || !this.isSet(asked);
  }

  /** Whether a map has the cells that the settings ask for. */
  private isSet(asked: Asked | MapRecord): boolean {
    const { modelPath, device, parameters } = asked;
    if ('specification' in asked && !this.isOfTheFile(asked)) return false;
    return sameCells({ ...this.settings, modelPath, device, parameters }, this.settings);
  }

  /** Whether a map is of its model as that is open now; true also where it is not open. */
  private isOfTheFile({ modelPath, specification }: MapRecord): boolean {
    return (this.model.fingerprintAt(modelPath) ?? specification.model.sha256) === specification.model.sha256;
  }

  /** The model was opened anew, as its files were written again: what was measured of it is of another, perhaps. */
  private reopened(): void {
    this.rewritten = 'now';
    this.surveys.forget();
    this.rate = undefined;
    this.deps.log('info', REWRITTEN);
  }

  private async listModels(): Promise<void> {
    try {
      this.models = await this.deps.models();
      this.changed();
    } catch (error) {
      this.deps.log('warn', `The models could not be listed: ${Fault.from(error).message}`);
    }
  }

  /** Shows what went wrong. A model that cannot be opened is shown as such already. */
  private complain(thrown: unknown): void {
    const fault = Fault.from(thrown);
    if (fault.code === 'cancelled' || this.disposed) return;
    this.deps.log('error', [fault.message, fault.hint, fault.detail].filter(Boolean).join('\n'));
    if (this.model.state.status === 'failed' && this.model.state.fault.message === fault.message) return;
    this.fault = fault.toData();
    this.changed();
  }

  /** Tells of the state: once for all that changes in a row. */
  private changed(): void {
    this.telling ??= setImmediate(() => {
      this.telling = undefined;
      if (this.disposed) return;
      this.page?.send({ type: 'state', state: this.state() });
      this.changes.fire();
    });
  }

  private sendAll(): void {
    this.page?.drop();
    this.page?.send({ type: 'state', state: this.state() });
    this.sendMap();
    this.sendSurvey();
  }

  private sendMap(): void {
    const { shown } = this.runs;
    this.page?.send({ type: 'map', map: shown ? shownMap(shown) : null });
  }

  /** Whether what was surveyed last is the plane of the settings. */
  private get surveyFits(): boolean {
    const asked = this.asked();
    const { current } = this.surveys;
    return asked !== undefined && current !== undefined && samePlane(asked, current.asked);
  }

  /** Tells what is known of the settings' plane; nothing, where the last survey is of another. */
  private sendSurvey(): void {
    const { current } = this.surveys;
    this.surveySent = this.surveyFits;
    if (!current) return;
    const { shown } = this.runs;
    const { survey, fault } = this.surveySent ? current : { survey: null, fault: null };
    const fits = survey !== null && shown && samePlane(current.asked, shown) && this.isOfTheFile(shown);
    const map = fits ? shown.id : null;
    this.page?.send({ type: 'survey', news: { survey, fault: fault?.toData() ?? null, map } });
  }

  private sendCells({ id, cells }: MapRecord, { batch, tokens }: Extract<MapEvent, { kind: 'cells' }>): void {
    this.page?.cells(id, fewerInBatch(batch, cells.topK, pageTopK(cells)), tokens);
  }

  private sendFinish({ id, complete }: MapRecord): void {
    if (!complete) return;
    this.page?.send({ type: 'finish', map: id, finish: finishOf(complete), tokens: regionTokens(complete) });
  }

  private state(): HostState {
    const { settings, history, runs } = this;
    return {
      mode: 'panel',
      settings,
      model: this.model.state,
      models: this.models,
      canUndo: history.canUndo,
      canRedo: history.canRedo,
      estimate: this.estimate,
      obstacle: this.obstacle,
      changed: runs.asked !== undefined && this.differs(),
      outdated: runs.shown && !this.isSet(runs.shown) ? runs.shown.id : null,
      run: runs.state,
      detail: this.details.state,
      refinable: this.refinable(),
      fault: this.fault,
      notices: this.rewritten === 'no' ? runs.notices : [REWRITTEN, ...runs.notices],
      display: this.view,
      colorScale: this.deps.colorScale.read(),
      tokenColors: this.deps.tokenColors.read(),
      keep: { version: 1, key: this.keeper.key, settings, running: runs.running },
    };
  }
}

/** Where the center becomes the prompt that is the context already, the context follows it from then on. */
const followed = (settings: PanelSettings): PanelSettings =>
  contextOf(settings.parameters).kind === 'none' ? settings : { ...settings, parameters: linked(settings.parameters) };

const REWRITTEN = 'The model\u2019s files were written again, so it was opened anew.';

/** What tells a tab from others. */
const mapTitle = (map: MapSpecification): string => `${map.model.name} · ${mapBrief(map)}`;

/** All that the time for a cell depends on, and more. */
const rateKey = ({ modelPath, device, parameters }: Asked): string =>
  JSON.stringify([modelPath, device, { ...parameters, grid: null }]);
