import { t } from '@vscode/l10n';
import { Fault } from '../map/fault.js';
import { parametersOf } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { BesideParams } from '../protocol/engine.js';
import type { SlotState } from '../protocol/page.js';
import type { Comparison, MapSettings, PanelSettings } from '../protocol/panelSettings.js';
import { otherSettings } from './comparison.js';
import type { PanelDependencies } from './dependencies.js';
import { type Finished, type MapRecord, wholeMapOf } from './mapRecord.js';
import { MapSlot, type SlotPlace } from './mapSlot.js';
import { savedSlotMap, savedSlotState } from './savedSlot.js';

/**
 * The map that a panel's is compared with: computed, with one thing otherwise and behind the panel's own, or saved. It follows the
 * panel's settings.
 */
export class OtherSlot {
  /** Where it is computed. */
  computed: MapSlot | undefined;
  private saved: { readonly file: string; readonly id: number; map: TokenMap | undefined } | undefined;
  /** What it is computed with, and from what that followed. */
  private plan:
    { readonly of: PanelSettings; readonly beside: Finished | undefined; settings: MapSettings } | undefined;
  private compare: Comparison | null = null;

  /**
   * @param main the panel's own map.
   * @param place what it is in the panel, but for its settings.
   * @param revive takes over what was kept over a reload of the window.
   */
  constructor(
    private readonly deps: PanelDependencies,
    private readonly main: MapSlot,
    private readonly place: Omit<SlotPlace, 'settings'>,
    private revive: boolean,
  ) {}

  /** What the page is told; undefined while nothing is compared, or it is not known yet with what. */
  state(): SlotState | undefined {
    return this.computed?.state() ?? (this.saved?.map && savedSlotState(this.saved.map));
  }

  /** The whole map, as far as it is there. */
  map(): TokenMap | undefined {
    return this.saved?.map ?? this.computed?.map();
  }

  /** Names the map that is there. */
  get shownId(): number | undefined {
    return this.saved?.id ?? this.computed?.shownId;
  }

  /**
   * The whole map of this number as it stands beside another; undefined: it is not here.
   * @throws Fault `bad-parameter` for a saved map of a model that the panel does not have.
   */
  async besideOf(id: number, main: MapRecord): Promise<BesideParams | undefined> {
    const { saved, computed } = this;
    if (saved?.id === id && saved.map) {
      const { specification } = saved.map;
      if (specification.model.sha256 === main.specification.model.sha256)
        return { parameters: parametersOf(specification) };
      throw new Fault({
        code: 'bad-parameter',
        message: t('The saved map is of another model: how far apart the two are, its model would have to say.'),
        hint: t('Compare with that model: Compare… › Another Model.'),
      });
    }
    const record = computed?.record(id);
    if (!computed || !record) return undefined;
    const { parameters, modelPath, device } = record;
    if (modelPath === main.modelPath && device === main.device) return { parameters };
    const { description } = await computed.leaseFor(record);
    return { parameters, model: { path: description.path, device } };
  }

  /**
   * Follows the panel: its settings are others, or its own map is whole.
   * @throws Fault where the settings have nothing of what is compared.
   */
  follow(settings: PanelSettings): void {
    const { compare } = settings;
    if (compare?.kind !== this.compare?.kind) this.forget(true);
    this.compare = compare;
    if (compare?.kind === 'saved') return this.read(compare.file);
    if (compare?.kind !== 'computed') return;
    const { main } = this;
    const { shown } = main.runs;
    const beside = compare.plane === 'shared' ? shown?.finished : undefined;
    if (this.plan?.of !== settings || this.plan.beside !== beside) {
      const planned = otherSettings(settings, compare, wholeMapOf(shown));
      if (planned) this.plan = { of: settings, beside, settings: planned };
    }
    if (!this.plan) return;
    const { deps, place } = this;
    this.computed ??= new MapSlot(deps, { ...place, settings: () => this.plan?.settings ?? settings });
    this.place.onChange();
    // It comes behind the panel's own, of which it may have the plane.
    if (main.differs() || main.runs.running) void this.computed.runs.end();
    else if (this.computed.differs()) {
      const { revive } = this;
      this.revive = false;
      void this.computed.begin(true, revive);
    }
  }

  sendAll(): void {
    this.computed?.sendAll();
    const { map, id } = this.saved ?? {};
    if (map && id !== undefined) this.place.page()?.send(savedSlotMap(map, this.place.name, id));
  }

  dispose(closed: boolean): void {
    this.compare = null;
    this.forget(closed);
  }

  private forget(closed: boolean): void {
    const shown = this.state() !== undefined;
    this.computed?.dispose(closed);
    this.computed = undefined;
    this.plan = undefined;
    this.saved = undefined;
    if (shown) this.place.page()?.send({ type: 'map', slot: this.place.name, map: null });
    this.place.onChange();
  }

  private read(file: string): void {
    if (this.saved?.file === file) return;
    const saved = { file, id: this.place.nextId(), map: undefined as TokenMap | undefined };
    this.saved = saved;
    this.deps.readMap(file).then(
      (map) => {
        if (this.saved !== saved) return;
        saved.map = map;
        this.place.onChange();
        this.sendAll();
      },
      (error: unknown) => this.saved === saved && this.main.complain(Fault.from(error)),
    );
  }
}
