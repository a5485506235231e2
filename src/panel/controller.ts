import { t } from '@vscode/l10n';
import { randomUUID } from 'node:crypto';
import { usualRange } from '../map/coloring.js';
import type { SavedSet } from '../host/savedSets.js';
import { Fault } from '../map/fault.js';
import { type Display, NEW_DISPLAY } from '../map/mapDisplay.js';
import { askedQuestion } from '../map/questions.js';
import { chosenColors } from '../map/settledMap.js';
import type { TokenMap } from '../map/tokenMap.js';
import { alongDirection, useAs } from '../map/useAs.js';
import { contextOf, LIMITS, linked, type MapParameters, type MapSpecification } from '../map/specification.js';
import { mapBrief } from '../map/naming.js';
import { listedInterventions, withInterventions } from '../protocol/shelf.js';
import { isTyped, type SettingPath, withSetting } from '../protocol/settingsChange.js';
import {
  type FileContent,
  type HostMessage,
  leadsTo,
  type MadeWith,
  type ModelEntry,
  type PageAction,
  type PageEdit,
  type PageMessage,
  type PageView,
  pageView,
  type PanelState,
  type SlotName,
} from '../protocol/page.js';
import type { MapSettings, PanelSettings } from '../protocol/panelSettings.js';
import { comparedBrief, swapped } from './comparison.js';
import type { CommandLineSubject, Disposable, PanelDependencies, PanelStatus } from './dependencies.js';
import { Divergences } from './divergences.js';
import { History } from './history.js';
import { Listeners } from './listeners.js';
import { LayerSweep } from './layerSweep.js';
import { LensView } from './lensView.js';
import { wholeMapOf } from './mapRecord.js';
import { MapSlot } from './mapSlot.js';
import { readPageMessage, readSettings, sameSettings } from './messages.js';
import { OtherSlot } from './otherSlot.js';
import { PageStream } from './pageStream.js';
import { ProfileView } from './profileView.js';
import { takeVector } from './takeVector.js';

export interface ControllerStart {
  readonly settings: MapSettings & Partial<PanelSettings>;
  /** How the page begins to draw, where it does not remember. */
  readonly display?: Display;
  /** The model of the map whose parameters these are, where it was not found. */
  readonly madeWith?: MadeWith;
  /** Compute at once. */
  readonly run: boolean;
  /** Names what was kept over a reload of the window; left out for a new panel. */
  readonly revivedKey?: string;
}

/**
 * A panel without its window: holds what it is set to and the slots of its maps, and tells the page. Knows nothing of `vscode`.
 * The page may come and go: when it says `ready` it is sent everything.
 */
export class MapController {
  private readonly history: History<PanelSettings>;
  private readonly main: MapSlot;
  private readonly other: OtherSlot;
  private readonly sweep: LayerSweep;
  private readonly lens: LensView;
  private readonly profile: ProfileView;
  private readonly divergences: Divergences;
  private readonly key: string;
  private readonly changes = new Listeners();
  private readonly following: readonly Disposable[];
  private page: PageStream | undefined;
  private view: PageView;
  private live: PanelState['live'] = null;
  private models: readonly ModelEntry[] = [];
  /** The model that the list was asked for last with. */
  private listedWith: string | null | undefined;
  private ids = 0;
  private disposed = false;
  /** A person has chosen a plane or prompts: what they chose stays theirs, also where a model would begin with the same. */
  private touched = false;
  private telling: NodeJS.Immediate | undefined;
  /** Number of the page's last edit. */
  private heard = 0;

  constructor(
    private readonly deps: PanelDependencies,
    start: ControllerStart,
  ) {
    this.history = new History<PanelSettings>(
      { compare: null, sweep: false, lens: null, profile: null, sae: null, shelf: [], ...start.settings },
      sameSettings,
    );
    // A saved map's prompts are not those that a panel happens to begin with.
    this.touched = start.madeWith !== undefined;
    this.view = pageView(start.display ?? NEW_DISPLAY);
    this.key = start.revivedKey ?? randomUUID();
    const place = {
      page: () => this.page,
      nextId: () => ++this.ids,
      nameOf: (modelPath: string) => this.models.find((model) => leadsTo(model, modelPath))?.name,
      onChange: () => this.changed(),
      onProgress: () => this.changes.fire(),
      live: () => this.live,
    };
    const onMainChange = (): void => {
      this.fitBeginning();
      this.changed();
    };
    const revive = start.revivedKey !== undefined;
    this.main = new MapSlot(deps, {
      ...place,
      onChange: onMainChange,
      name: 'main',
      key: this.key,
      ...(start.madeWith ? { madeWith: start.madeWith } : {}),
      settings: () => this.settings,
      onWhole: () => this.follow(),
      known: (asked) => this.sweep.known(asked),
    });
    this.sweep = new LayerSweep(this.main, (asked) => this.main.lease(asked), {
      nextId: place.nextId,
      send: (message) => this.page?.send(message),
      onChange: () => this.changed(),
    });
    this.lens = new LensView({
      lease: (asked) => this.main.lease(asked),
      send: (message) => this.page?.send(message),
      onChange: () => this.changed(),
    });
    this.profile = new ProfileView({
      lease: (record) => this.main.leaseFor(record),
      batchSize: () => this.settings.batchSize,
      send: (message) => this.page?.send(message),
      onChange: () => this.changed(),
    });
    this.other = new OtherSlot(
      deps,
      this.main,
      { ...place, name: 'other', key: `${this.key}-other`, onWhole: () => undefined },
      revive,
    );
    this.divergences = new Divergences({
      main: (id) => this.main.record(id),
      beside: (id, main) => this.other.besideOf(id, main),
      lease: (record) => this.main.leaseFor(record),
      batchSize: () => this.settings.batchSize,
      send: (news) => this.page?.send({ type: 'divergences', news }),
    });
    this.following = [
      deps.onDidChangeModels(() => void this.listModels()),
      deps.colorScale.onDidChange(() => this.changed()),
    ];
    void this.listModels();
    void this.main.begin(start.run, revive);
    this.follow();
  }

  /** Follows {@link MapController.status}. */
  readonly onDidChangeStatus = this.changes.signal;

  get status(): PanelStatus {
    const { main, settings } = this;
    const { runs, details, modelName } = main;
    const { state } = runs;
    const { compare } = settings;
    const beside = compare ? ` ↔ ${comparedBrief(compare, this.other.map()?.specification)}` : '';
    return {
      title: runs.shown
        ? `${mapTitle(runs.shown.specification)}${beside}`
        : `${modelName === undefined ? '' : `${modelName} · `}Embedding Grid`,
      running: this.slots.some((slot) => slot.runs.running),
      progress: state.status === 'running' ? state.progress.done / Math.max(1, state.progress.total) : 0,
      complete: this.map() !== undefined,
      zoomed: details.windowOf(runs.shown) !== undefined,
      modelPath: settings.modelPath,
    };
  }

  /** The whole map that is seen: the detail of a window, where one is looked at. undefined while cells are missing. */
  map(): TokenMap | undefined {
    return this.main.map();
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
    this.act(read.message).catch((error: unknown) => this.main.complain(error));
  }

  private async act(message: PageMessage): Promise<void> {
    switch (message.type) {
      case 'ready':
        if (message.view) this.view = message.view;
        this.heard = 0;
        return this.sendAll();
      case 'drawn':
        this.page?.drawn();
        return;
      case 'edit':
        this.hear(message);
        return this.edit(message.path, message.value, message.step);
      case 'interventions': {
        this.hear(message);
        const { list, step } = message;
        const settings = withInterventions(this.settings, list);
        if (this.history.set(settings, step ? 'interventions' : undefined)) this.settled();
        return;
      }
      case 'chooseFile':
        return this.chooseFile(message.path, message.content);
      case 'point':
        return this.slot(message.slot)?.read(message.map, message);
      case 'boundaries':
        return this.slot(message.slot)?.askBoundaries(message.map);
      case 'features': {
        const { sae } = this.settings;
        if (sae !== null) await this.slot(message.slot)?.askFeatures(message.map, message.of, sae);
        return;
      }
      case 'feature':
        return this.useFeature(message);
      case 'divergences':
        return this.divergences.ask(message.maps);
      case 'betweenBoundaries': {
        const parameters = await this.main.betweenBoundaries();
        if (parameters && !this.disposed) this.edit('parameters', parameters);
        return;
      }
      case 'continue': {
        const { from } = message;
        if (from) return this.slot(from.slot)?.write(from);
        for (const slot of this.slots) await slot.write(null);
        return;
      }
      case 'vector': {
        const { runs } = this.slot(message.slot) ?? {};
        const { to } = message;
        const shown = runs?.shown?.id === message.map ? runs.shown : undefined;
        const whole = wholeMapOf(shown);
        if (!shown || !whole) return;
        if (to === 'clipboard' || to === 'file') return takeVector(this.deps, whole, message, to);
        return this.edit('parameters', useAs(shown.parameters, whole.plane, message, to));
      }
      case 'model':
        return this.chooseModel(message.path);
      case 'chooseModel': {
        const chosen = await this.deps.chooseModel();
        if (chosen !== undefined) this.chooseModel(chosen);
        return;
      }
      case 'retryModel':
        return this.main.begin(true, false);
      case 'chooseSavedMap': {
        const file = await this.deps.chooseSavedMap();
        if (file !== undefined) this.edit('compare', { kind: 'saved', file });
        return;
      }
      case 'swap': {
        const { compare } = this.settings;
        if (compare?.kind === 'computed' && this.history.set(swapped(this.settings, compare))) this.settled(true);
        return;
      }
      case 'compareTranslator': {
        const file = await this.deps.chooseTranslator();
        const value = file && `${message.readout}:${file.path}`;
        if (value !== undefined && !this.disposed)
          this.edit('compare', { kind: 'computed', path: 'readout', value, plane: 'own' });
        return;
      }
      case 'lensTranslator': {
        const file = await this.deps.chooseTranslator();
        const { lens } = this.settings;
        if (!file || !lens || this.disposed) return;
        return this.edit('lens', { ...lens, beside: [...lens.beside, `${message.readout}:${file.path}`] });
      }
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
        return this.main.dismissFault();
      case 'view':
        this.view = message.view;
        return;
      case 'live':
        this.live = message.live;
        // What is behind is caught up with at once.
        if (message.live) for (const slot of this.slots) slot.catchUp();
        return this.changed();
      case 'window':
        return this.slot(message.slot)?.look(message.map, message.grid, message.refine);
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

  /** A feature that was listed becomes the question, or an axis of the next plane. */
  private async useFeature({
    slot,
    map,
    feature,
    to,
  }: Extract<PageMessage, { readonly type: 'feature' }>): Promise<void> {
    const told = this.slot(slot)?.toldFeature(feature);
    if (!told) return;
    if (to === 'question') {
      const question = await this.deps.readFeature(told.sae, feature, this.main.hiddenSize);
      if (!this.disposed) this.edit('question', question);
      return;
    }
    const { runs } = this.slot(slot) ?? {};
    const shown = runs?.shown?.id === map ? runs.shown : undefined;
    const whole = wholeMapOf(shown);
    const { direction, name } = told;
    if (shown && whole && direction)
      this.edit('parameters', alongDirection(shown.parameters, whole.plane, direction, name, to));
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
      case 'exportProfile': {
        const { whole } = this.profile;
        if (whole) await this.deps.exportSet({ kind: 'profile', profile: whole });
        return;
      }
      case 'copyCommandLine':
        return this.copyCommandLine();
      case 'copyTypeScript': {
        const subject = this.subject();
        return subject && this.deps.copyTypeScript(subject);
      }
      case 'openCopy':
        return this.deps.openCopy(this.settings, { ...this.view, tokenColors: {} });
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
        await this.deps.savePlane(this.main.wholeBase());
        return;
      case 'useView':
        return this.useView();
      case 'editAndRun':
      case 'openAsText':
        return; // a saved map's
    }
  }

  /**
   * Opens another model and computes its map: with the same parameters, where a person has chosen any, else with those that it begins
   * with. Parameters that do not fit it say so in their fields.
   */
  chooseModel(modelPath: string): void {
    const { settings } = this;
    const began = this.deps.defaults(settings.modelPath ?? undefined);
    const untouched =
      !this.touched && [began.parameters, began.withoutPrompts].some((parameters) => this.isSetTo(parameters));
    const parameters = untouched ? this.deps.defaults(modelPath).parameters : settings.parameters;
    if (this.history.set({ ...settings, modelPath, parameters })) this.settled();
    else void this.main.begin(this.main.runs.asked === undefined, false);
  }

  generate(): void {
    this.main.generate();
  }

  cancel(): void {
    this.sweep.cancel();
    this.lens.cancel();
    this.profile.cancel();
    this.divergences.stop();
    for (const slot of this.slots) slot.cancel();
  }

  /** Computes the cells that a stopped run left. */
  resume(): void {
    for (const slot of this.slots) slot.resume();
  }

  /** @throws Fault while there is no whole map; so does {@link MapController.exportPicture}. */
  async save(options: { as: boolean }): Promise<boolean> {
    const sets = this.sets();
    if (sets.length === 0) return this.deps.saveMap(this.seen(), { ...options, closer: this.main.closer });
    let saved = true;
    for (const set of sets) saved = (await this.deps.saveSet(set, options)) && saved;
    return saved;
  }

  async exportPicture(): Promise<boolean> {
    const [set] = this.sets();
    return set ? this.deps.exportSet(set) : this.deps.exportPicture(this.seen(), this.main.closer);
  }

  /** What is shown beside the map and is saved with it: as far as it is whole. */
  private sets(): readonly SavedSet[] {
    const { main, other, settings } = this;
    const sets: SavedSet[] = [];
    if (settings.compare) {
      const [a, b] = [this.drawn(main.wholeMap()), other.map()];
      if (!b)
        throw new Fault({
          code: 'bad-parameter',
          message: t('The map beside this one is not complete yet.'),
          hint: t('Wait until it is, or close the comparison.'),
        });
      const divergences = this.divergences.between(main.shownId, other.shownId);
      sets.push({ kind: 'comparison', a, b: this.drawn(b), divergences });
    }
    const maps = this.sweep.whole;
    const layers = main.layers;
    if (maps && layers !== undefined && settings.modelPath !== null) {
      const vary = [{ path: 'layer', values: ['embeddings', ...Array.from({ length: layers }, (_, i) => i)] }];
      const series = { base: settings.parameters, vary, plane: 'own', model: settings.modelPath } as const;
      sets.push({ kind: 'series', series, maps: maps.map((map) => this.drawn(map)) });
    }
    const { whole } = this.lens;
    if (whole) sets.push({ kind: 'lens', tables: whole });
    return sets;
  }

  async copyCommandLine(): Promise<void> {
    const subject = this.subject();
    if (subject) await this.deps.copyCommandLine(subject);
  }

  /** What is seen, as it was asked for; undefined without a model. */
  private subject(): CommandLineSubject | undefined {
    const { batchSize } = this.settings;
    const { runs, details } = this.main;
    const { shown } = runs;
    const grid = details.wanted ? details.windowOf(shown) : undefined;
    const asked = shown && grid ? { ...shown, parameters: { ...shown.parameters, grid } } : this.main.asked();
    if (!asked) return undefined;
    const { modelPath, parameters, device } = asked;
    const tokenColors = shown ? chosenColors(this.drawn(shown)) : {};
    const display = { ...this.view, ...this.rangeOfPart(), tokenColors };
    return { modelPath, parameters, display, device, batchSize };
  }

  /**
   * The window that is looked at becomes the panel's map, with the parameters that the map has; undo goes back.
   * @throws Fault while all of the map is looked at.
   */
  useView(): void {
    const { runs, details } = this.main;
    const { shown } = runs;
    const grid = details.windowOf(shown);
    if (!shown || !grid)
      throw new Fault({
        code: 'bad-parameter',
        message: t('The whole map is shown.'),
        hint: t('Zoom in to the part that is to become the map.'),
      });
    const detail = details.complete;
    if (!this.history.set({ ...this.settings, parameters: { ...shown.parameters, grid } })) return;
    if (!detail) return this.settled(true);
    this.main.adopt(detail);
    this.settled();
  }

  async restartEngine(): Promise<void> {
    const { modelPath, device } = this.settings;
    if (modelPath === null) return;
    this.cancel();
    await this.deps.restartEngine(modelPath, device);
    await this.main.restarted();
    this.lens.again();
  }

  /** Ends the run and lets go of the engine. `closed`: by the person, so that nothing need be kept for a reload. */
  dispose(closed: boolean): void {
    if (this.disposed) return;
    this.disposed = true;
    this.page?.drop();
    this.page = undefined;
    this.sweep.dispose();
    this.lens.dispose();
    this.profile.dispose();
    this.divergences.stop();
    this.other.dispose(closed);
    this.main.dispose(closed);
    for (const one of this.following) one.dispose();
  }

  /** A model that takes no prompts begins with a plane that needs none, where its panel is as it began. */
  private fitBeginning(): void {
    const { modelPath } = this.settings;
    if (this.main.takesPrompts !== false || modelPath === null || this.touched) return;
    const { parameters, withoutPrompts } = this.deps.defaults(modelPath);
    if (!this.isSetTo(parameters) || this.isSetTo(withoutPrompts)) return;
    this.history.replace({ ...this.settings, parameters: withoutPrompts });
    this.settled(true);
  }

  private isSetTo(parameters: MapParameters): boolean {
    return sameSettings(this.settings, { ...this.settings, parameters });
  }

  private get slots(): readonly MapSlot[] {
    const { main, other } = this;
    return other.computed ? [main, other.computed] : [main];
  }

  private slot(name: SlotName): MapSlot | undefined {
    return name === 'main' ? this.main : this.other.computed;
  }

  /** The page is told that it was heard, whatever comes of it. */
  private hear({ number }: PageEdit): void {
    this.heard = number ?? this.heard;
    this.changed();
  }

  /** The page has checked the value already: one that is wrong after all is logged and left. */
  private edit(setting: string, value: unknown, step = false): void {
    const read = readSettings(withSetting(this.settings, setting, value));
    if ('problem' in read)
      return this.deps.log('warn', `The page sent a wrong value for "${setting}": ${read.problem}.`);
    const settings = /^plane(\.center\b|$)/.test(setting)
      ? withTexts(this.settings, followed(read.settings))
      : read.settings;
    this.touched ||= decidesPlane(setting);
    // Who starts from a preset wants to see it, however long it takes.
    if (!this.history.set(settings, step ? setting : undefined)) return;
    this.settled(setting === 'parameters', isTyped(setting));
  }

  /** Texts of a table: those of the plane, which shows them, or those of an overlay. */
  private async chooseTable(setting: SettingPath): Promise<void> {
    const table = await this.deps.chooseTable();
    if (!table || this.disposed) return;
    const { texts, ...known } = table;
    const ofPlane = setting === 'plane.axes.texts';
    const others = this.settings.parameters.overlays.filter(
      (one) => !ofPlane || one.kind !== 'texts' || one.texts !== null,
    );
    this.take({
      ...(ofPlane ? { [setting]: texts } : {}),
      overlays: [...others, { kind: 'texts', texts: ofPlane ? null : texts, ...known }],
    });
  }

  /** Puts what a file holds into a setting. */
  private async chooseFile(setting: SettingPath, content: FileContent): Promise<void> {
    if (content === 'table') return this.chooseTable(setting);
    if (content === 'feature' || content === 'vector') {
      const chosen =
        content === 'feature'
          ? await this.deps.chooseFeature(this.main.hiddenSize)
          : await this.deps.chooseVector(this.main.hiddenSize);
      if (!chosen || this.disposed) return;
      const value = 'feature' in chosen ? chosen.feature : chosen.source;
      // Whoever has named an autoencoder sees its features beside the map, too.
      return this.take({ [setting]: value, ...(chosen.sae === undefined ? {} : { sae: chosen.sae }) });
    }
    const value =
      content === 'texts'
        ? await this.deps.chooseTexts()
        : content === 'translator'
          ? await this.deps.chooseTranslator()
          : await this.deps.chooseSae();
    if (value !== undefined && !this.disposed) this.take({ [setting]: value });
  }

  /** Puts into settings, in one step, what a file holds. @throws Fault where it cannot be there. */
  private take(values: Readonly<Record<SettingPath, unknown>>): void {
    let { settings } = this;
    for (const [setting, value] of Object.entries(values)) {
      const read = readSettings(withSetting(settings, setting, value));
      if ('problem' in read)
        throw new Fault({
          code: 'file',
          message: t('What the file holds cannot be taken: {0}.', read.problem),
          hint: t('Choose another one.'),
        });
      ({ settings } = read);
    }
    this.touched ||= Object.keys(values).some(decidesPlane);
    if (this.history.set(settings)) this.settled();
  }

  /** The whole map that is seen, as the page draws it. @throws Fault while there is none. */
  private seen(): TokenMap & { readonly display: Display } {
    const map = this.drawn(this.main.wholeMap());
    const { profile } = this.settings;
    return { ...map, display: { ...map.display, ...this.rangeOfPart(), ...(profile ? { profile } : {}) } };
  }

  /** Of a window that is looked at closely, colors mean what they mean on the whole map. */
  private rangeOfPart(): Partial<Display> {
    const { runs, details } = this.main;
    const { colorRange, colorBy, asked } = this.view;
    if (!details.wanted || !runs.shown || colorRange !== 'usual') return {};
    const { cells, specification } = runs.shown;
    const question = askedQuestion(specification, asked);
    return { colorRange: usualRange(cells, question?.question ?? null, colorBy, question?.at) };
  }

  /** A map as the page draws it. */
  private drawn<T extends object>(map: T): T & { readonly display: Display } {
    return { ...map, display: { ...this.view, tokenColors: this.deps.tokenColors.read() } };
  }

  /** The settings are others. `typed`: as of now, while somebody types. */
  private settled(run = false, typed = false): void {
    this.main.settled(run, typed);
    this.follow();
  }

  /** The maps beside the panel's own follow it. */
  private follow(): void {
    if (this.settings.modelPath !== this.listedWith) void this.listModels();
    try {
      this.other.follow(this.settings);
      this.sweep.follow(this.settings);
      this.lens.follow(this.settings);
      this.profile.follow(this.settings.profile, this.main.runs.shown);
    } catch (error) {
      this.main.complain(error);
    }
  }

  private async listModels(): Promise<void> {
    const { modelPath } = this.settings;
    this.listedWith = modelPath;
    try {
      const models = await this.deps.models(modelPath);
      if (this.listedWith !== modelPath) return;
      this.models = models;
      this.changed();
    } catch (error) {
      this.deps.log('warn', `The models could not be listed: ${Fault.from(error).message}`);
    }
  }

  /** Tells of the state: once for all that changes in a row. */
  private changed(): void {
    this.telling ??= setImmediate(() => {
      this.telling = undefined;
      if (this.disposed) return;
      this.sendState();
      this.changes.fire();
    });
  }

  private sendAll(): void {
    this.page?.drop();
    this.sendState();
    this.main.sendAll();
    this.other.sendAll();
    this.sweep.sendAll();
    this.lens.sendAll();
    this.profile.sendAll();
    this.divergences.sendAll();
  }

  private sendState(): void {
    const other = this.other.state();
    const slots = { main: this.main.state(), ...(other ? { other } : {}) };
    this.page?.send({ type: 'state', state: this.state(), slots });
  }

  private state(): PanelState {
    const { settings, history } = this;
    return {
      mode: 'panel',
      compare: settings.compare,
      sweep: this.sweep.state,
      interventions: listedInterventions(settings),
      lens: this.lens.state,
      profile: this.profile.state,
      sae: settings.sae,
      models: this.models,
      canUndo: history.canUndo,
      canRedo: history.canRedo,
      display: this.view,
      colorScale: this.deps.colorScale.read(),
      tokenColors: this.deps.tokenColors.read(),
      live: this.live,
      keep: { version: 1, key: this.key, settings, running: this.main.runs.running },
      heard: this.heard,
    };
  }
}

/** Where the center becomes the prompt that is the context already, the context follows it from then on. */
const followed = (settings: PanelSettings): PanelSettings =>
  contextOf(settings.parameters).kind === 'none' ? settings : { ...settings, parameters: linked(settings.parameters) };

/** A plane that becomes one of texts shows them: in the step in which it does. */
function withTexts({ parameters: before }: PanelSettings, settings: PanelSettings): PanelSettings {
  const { parameters } = settings;
  const { overlays, plane } = parameters;
  const becomes = plane.axes.method === 'pca_basis' && before.plane.axes.method !== 'pca_basis';
  if (!becomes || overlays.length >= LIMITS.prompts) return settings;
  if (overlays.some((one) => one.kind === 'texts' && one.texts === null)) return settings;
  return { ...settings, parameters: { ...parameters, overlays: [...overlays, { kind: 'texts', texts: null }] } };
}

/** Whether a setting is of the plane or its prompts. */
const decidesPlane = (setting: SettingPath): boolean => /^(parameters|plane|context)\b/.test(setting);

/** What tells a tab from others. */
const mapTitle = (map: MapSpecification): string => `${map.model.name} · ${mapBrief(map)}`;
