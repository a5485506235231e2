import type { EngineLease } from '../host/engineLease.js';
import { Fault, type FaultData } from '../map/fault.js';
import { ownRow, readoutOf } from '../map/lens/beside.js';
import type { LensTable } from '../map/lens/lensTable.js';
import type { MapParameters } from '../map/specification.js';
import type { HostMessage, LensState } from '../protocol/page.js';
import type { PanelSettings } from '../protocol/panelSettings.js';
import type { Asked } from './mapRecord.js';

/** Tokens that are told of each cell. */
const TOP = 10;
/** A prompt that is typed is read when the typing pauses, behind the map of the same settings. */
const PAUSE_MS = 450;

/** What a lens is in its panel. */
export interface LensPlace {
  readonly lease: (asked: Asked) => Promise<EngineLease>;
  readonly send: (message: HostMessage) => void;
  readonly onChange: () => void;
}

/** A lens over layers and positions beside the panel's map, or several beside each other. It follows the panel's model, readout and interventions. */
export class LensView {
  private lenses: readonly LensTable[] | null = null;
  private fault: FaultData | null = null;
  private progress: LensState['progress'] = null;
  private wanted: PanelSettings | undefined;
  /** What the table is of, or will be, as JSON. */
  private key: string | undefined;
  private running: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly place: LensPlace) {}

  /** null: there is none. */
  get state(): LensState | null {
    const choice = this.wanted?.lens;
    return choice ? { choice, running: this.running !== undefined, progress: this.progress, fault: this.fault } : null;
  }

  /** What is read, once all of it is there. */
  get whole(): readonly LensTable[] | null {
    return this.wanted && !this.running ? this.lenses : null;
  }

  /** Follows the panel: its settings are others. */
  follow(settings: PanelSettings): void {
    if (!settings.lens || settings.modelPath === null) return this.forget();
    const key = JSON.stringify([settings.modelPath, settings.device, lensParameters(settings), settings.lens.beside]);
    this.wanted = settings;
    if (key === this.key) {
      // The map that has come since has another engine.
      if (this.fault?.code === 'engine-died') void this.read();
      return;
    }
    const begins = this.key === undefined;
    this.key = key;
    this.stop();
    if (begins) void this.read();
    else this.timer = setTimeout(() => void this.read(), PAUSE_MS);
    this.place.onChange();
  }

  /** Ends the reading; true: there was one. */
  cancel(): boolean {
    const { running } = this;
    this.stop();
    if (running) this.place.onChange();
    return running !== undefined;
  }

  /** The engine was started anew: what failed is read again. */
  again(): void {
    if (this.wanted && !this.running && this.lenses === null) void this.read();
  }

  /** Tells a page that has come anew what there is. */
  sendAll(): void {
    if (this.wanted) this.place.send({ type: 'lens', lenses: this.lenses });
  }

  dispose(): void {
    this.wanted = undefined;
    this.stop();
  }

  private forget(): void {
    if (!this.wanted) return;
    this.stop();
    this.wanted = undefined;
    this.key = undefined;
    this.fault = null;
    this.take(null);
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = undefined;
    this.progress = null;
  }

  private take(lenses: readonly LensTable[] | null): void {
    this.lenses = lenses;
    this.place.send({ type: 'lens', lenses });
    this.place.onChange();
  }

  private async read(): Promise<void> {
    const { wanted } = this;
    if (!wanted?.modelPath) return;
    const running = new AbortController();
    this.running = running;
    this.fault = null;
    this.place.onChange();
    const { modelPath, device, batchSize } = wanted;
    try {
      const asked = lensesOf(wanted);
      const { engine } = await this.place.lease({ modelPath, device, parameters: wanted.parameters });
      const lenses: LensTable[] = [];
      // It may have waited for others: time counts from the first cells on.
      let begun: number | undefined;
      let first: number | undefined;
      for (const { parameters, own } of asked) {
        const lens = await engine.call(
          'lens',
          { parameters, batchSize },
          {
            signal: running.signal,
            onEvent: ({ done, total }) => {
              if (this.running !== running) return;
              begun ??= performance.now();
              const all = asked.length * total;
              const here = lenses.length * total + done;
              first ??= here;
              const seconds = (performance.now() - begun) / 1000;
              const secondsLeft = here > first ? (seconds * (all - here)) / (here - first) : null;
              this.progress = { done: here, total: all, secondsLeft };
              this.place.onChange();
            },
          },
        );
        lenses.push(own ? ownRow(lens) : lens);
      }
      if (this.running !== running) return;
      this.running = undefined;
      this.take(lenses);
    } catch (thrown) {
      const fault = Fault.from(thrown);
      if (this.running !== running) return;
      this.running = undefined;
      this.fault = fault.code === 'cancelled' ? null : fault.toData();
      this.take(null);
    } finally {
      if (this.running === undefined) this.progress = null;
    }
  }
}

/** What is read: the panel's own lens, and those beside it; `own`: the model itself, of which the last row is shown. @throws Fault */
function lensesOf(settings: PanelSettings): { readonly parameters: MapParameters; readonly own: boolean }[] {
  const first = lensParameters(settings);
  const beside = (settings.lens?.beside ?? []).map(readoutOf).map(({ readout, translator }) => {
    const own = readout === 'forward';
    return { own, parameters: { ...first, readout: own ? 'lens' : readout, translator } as const };
  });
  return [{ own: false, parameters: first }, ...beside];
}

/** What a lens is read with: as the map is, but for its plane; the model's own readout has the logit lens beside it. */
function lensParameters({ parameters, lens }: PanelSettings): MapParameters {
  const { readout, plane, grid } = parameters;
  return {
    ...parameters,
    layer: 'last',
    readout: readout === 'forward' ? 'lens' : readout,
    context: lens?.prompt ?? { kind: 'none' },
    plane: { ...plane, center: { kind: 'origin' }, axes: { method: 'replicated' }, lengths: 'own', sample: null },
    grid: { ...grid, columns: 1, rows: 1 },
    topK: TOP,
    question: lens && lens.token !== null ? { kind: 'probability', token: lens.token } : null,
    adaptive: false,
    overlays: [],
  };
}
