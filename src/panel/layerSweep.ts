import type { EngineLease } from '../host/engineLease.js';
import { type Layer, layerIndex } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { HostMessage, SweepState } from '../protocol/page.js';
import type { MapSettings, PanelSettings } from '../protocol/panelSettings.js';
import { type Asked, type MapRecord, sweptMap, wholeMapOf } from './mapRecord.js';
import { MapRuns } from './mapRuns.js';
import type { MapSlot } from './mapSlot.js';

/** What a sweep is in its panel. */
export interface SweepPlace {
  readonly nextId: () => number;
  readonly send: (message: HostMessage) => void;
  readonly onChange: () => void;
}

/**
 * The panel's map at every layer, one after another behind the panel's own: each with the plane of its own layer. A map that is
 * there is shown at once when its layer is chosen. With other parameters it begins anew.
 */
export class LayerSweep {
  private readonly runs: MapRuns;
  /** Whole maps, by {@link layerIndex}. */
  private maps = new Map<number, MapRecord>();
  /** What the maps have in common: settings without their layer, as JSON. */
  private key: string | undefined;
  private wanted: PanelSettings | undefined;
  private working = false;
  /** A person has stopped it: what came stays, and nothing follows until the parameters are others. */
  private stopped = false;

  /** @param main the panel's own map, which comes first. */
  constructor(
    private readonly main: MapSlot,
    private readonly lease: (asked: Asked) => Promise<EngineLease>,
    private readonly place: SweepPlace,
  ) {
    this.runs = new MapRuns(
      {
        onShown: () => undefined,
        onCells: () => undefined,
        onProgress: () => undefined,
        onFinish: (record) => this.take(record),
        onChange: () => undefined,
        onStop: () => undefined,
        onFault: (fault) => main.complain(fault),
      },
      { nextId: place.nextId, shownFrom: () => Infinity },
    );
  }

  /** null: there is none. */
  get state(): SweepState | null {
    const layers = this.main.layers;
    return this.wanted && layers !== undefined ? { layers, done: this.maps.size, running: this.working } : null;
  }

  /** The maps of all layers, from the embeddings on; undefined while some are missing. */
  get whole(): readonly TokenMap[] | undefined {
    const { layers } = this.main;
    if (!this.wanted || layers === undefined || this.maps.size <= layers) return undefined;
    return [...this.maps].sort(([a], [b]) => a - b).flatMap(([, record]) => wholeMapOf(record) ?? []);
  }

  /** The whole map of what is asked for, if it is one of these. */
  known(asked: Asked): MapRecord | undefined {
    const { layers } = this.main;
    if (layers === undefined || keyOf(asked) !== this.key) return undefined;
    const { parameters } = asked;
    const record = this.maps.get(parameters.layer === 'last' ? layers - 1 : layerIndex(parameters.layer));
    // As it is asked for now: `last` is a number as well.
    return record && { ...record, parameters };
  }

  /** Follows the panel: its settings are others, or its own map is whole. */
  follow(settings: PanelSettings): void {
    const { main } = this;
    if (!settings.sweep || settings.modelPath === null) return this.forget();
    const key = keyOf(settings);
    if (key !== this.key) {
      this.begin();
      this.key = key;
    }
    this.wanted = settings;
    this.place.onChange();
    // The panel's own map comes first.
    if (main.differs() || main.runs.running) {
      void this.runs.end();
      return;
    }
    const own = main.runs.shown;
    if (own?.finished && keyOf(own) === key) this.take(own);
    if (!this.working && !this.stopped) void this.work();
  }

  cancel(): void {
    this.stopped = this.working;
    void this.runs.end();
  }

  /** Tells a page that has come anew all that there is. */
  sendAll(): void {
    if (!this.wanted) return;
    this.place.send({ type: 'sweep', map: null });
    for (const record of this.maps.values()) this.place.send({ type: 'sweep', map: sweptMap(record) });
  }

  dispose(): void {
    this.wanted = undefined;
    this.runs.forget();
  }

  private forget(): void {
    if (this.key === undefined) return;
    this.begin();
    this.key = undefined;
    this.wanted = undefined;
    this.place.onChange();
  }

  /** Nothing that was computed is of what is wanted now. */
  private begin(): void {
    void this.runs.end();
    this.stopped = false;
    this.maps = new Map();
    this.place.send({ type: 'sweep', map: null });
  }

  private take(record: MapRecord): void {
    const index = layerIndex(record.specification.layer);
    if (!record.finished || this.maps.has(index)) return;
    this.maps.set(index, record);
    this.place.send({ type: 'sweep', map: sweptMap(record) });
    this.place.onChange();
  }

  /** Computes the layers that are missing, from the first on. */
  private async work(): Promise<void> {
    this.working = true;
    try {
      for (;;) {
        const { wanted, main } = this;
        const layer = this.missing();
        if (!wanted?.modelPath || layer === undefined || this.stopped || main.differs() || main.runs.running) return;
        const { modelPath, device, batchSize } = wanted;
        const asked: Asked = { modelPath, device, parameters: { ...wanted.parameters, layer } };
        const before = this.maps.size;
        await this.runs.start(asked, batchSize, () => this.lease(asked));
        // Made way for another map, or stopped by a fault: who follows begins again.
        if (this.maps.size === before) return;
      }
    } finally {
      this.working = false;
      this.place.onChange();
    }
  }

  private missing(): Layer | undefined {
    const layers = this.main.layers ?? 0;
    for (let index = -1; index < layers; index++) if (!this.maps.has(index)) return index < 0 ? 'embeddings' : index;
    return undefined;
  }
}

const keyOf = ({ modelPath, device, parameters }: Omit<MapSettings, 'batchSize'>): string =>
  JSON.stringify([modelPath, device, { ...parameters, layer: null, overlays: [] }]);
