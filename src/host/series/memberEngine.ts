import { readFile } from 'node:fs/promises';
import { computeMap, type Engine } from '../../engine/client.js';
import type { MemberBoundaries } from '../../formats/dataset/tables.js';
import { DEFAULT_QUESTION } from '../../map/boundaries/directions.js';
import { Fault, type FaultData } from '../../map/fault.js';
import type { Plane } from '../../map/plane.js';
import { laidOn, MODEL_PATH, planeParameters, type MapSeries, type SeriesMember } from '../../map/series/series.js';
import { DEFAULT_BATCH_SIZE, type MapParameters } from '../../map/specification.js';
import type { TokenMap } from '../../map/tokenMap.js';
import type { StateBoundaries } from '../../protocol/boundaries.js';
import { cancelled } from '../../protocol/channel.js';
import type { MapEvent, ModelDescription } from '../../protocol/engine.js';

/** A series, and the model of those members that name none. */
export interface ModelSeries extends MapSeries {
  /** A path or a name; undefined: the bundled model. */
  readonly model: string | undefined;
}

/** An open model, until its engine is disposed of. */
export interface MemberModel {
  readonly engine: Pick<Engine, 'call' | 'dispose'> & { readonly pid?: number | undefined };
  readonly description: ModelDescription;
}

export interface MemberEngineOptions {
  /** Opens a model; undefined: the bundled one. What `openModel` gives is one. */
  readonly open: (model: string | undefined) => Promise<MemberModel>;
  readonly batchSize?: number;
  /** This process does other things, too: what the members take of memory is the engine's. */
  readonly shared?: boolean;
  /** Ends what is computed. */
  readonly signal: AbortSignal;
}

function boundariesTold({ norm, winner, nearest, flips, way, tokens }: StateBoundaries): MemberBoundaries {
  const named = (id: number): MemberBoundaries['winner'] => ({
    id,
    text: tokens.find((token) => token.id === id)?.text ?? `#${id}`,
  });
  return {
    norm,
    winner: named(winner),
    found: [
      ...('reason' in nearest ? [] : nearest).map(({ token, relative, hidden }, i) => ({
        ...{ kind: 'nearest' as const, which: `${i + 1}`, token: named(token), relative, hidden, exact: true },
      })),
      ...flips.map(({ name, token, relative }) => ({
        ...{ kind: 'axis' as const, which: name, token: token === null ? null : named(token), relative },
        ...{ hidden: null, exact: way === 'exact' },
      })),
    ],
  };
}

/** A member's map, or why there is none. */
export type Outcome = { readonly map: TokenMap } | { readonly fault: FaultData };

/**
 * The engine of the members that are computed: of one model at a time, opened once for all members that follow each other with it.
 * Lays the plane that they share, if they share one.
 */
export class MemberEngine {
  private opened: { readonly model: string | undefined; readonly opening: Promise<MemberModel> } | undefined;
  /** Why a model cannot be opened: asked once. */
  private readonly refused = new Map<string | undefined, FaultData>();
  private shared: Promise<Plane> | undefined;
  private deviceUsed = '';

  constructor(
    private readonly series: ModelSeries,
    private readonly options: MemberEngineOptions,
  ) {}

  /** Of the engine that was opened last. */
  get device(): string {
    return this.deviceUsed;
  }

  /** What a member is a map of, as it was given. */
  modelOf = (member: SeriesMember): string | undefined => member.model ?? this.series.model;

  /** A member's map, or what went wrong. An engine that dies is started again, once. @throws Fault `cancelled`. */
  async compute(member: SeriesMember, onEvent?: (event: MapEvent) => void): Promise<Outcome> {
    for (let again = true; ; again = false) {
      try {
        return { map: await this.map(this.modelOf(member), await this.laid(member.parameters), onEvent) };
      } catch (thrown) {
        if (this.options.signal.aborted) throw cancelled();
        const fault = Fault.from(thrown);
        if (fault.code !== 'engine-died' || !again) return { fault: fault.toData() };
        await this.close();
      }
    }
  }

  /**
   * How near another prediction is to the center of a member's plane: the nearest boundaries where they can be had exactly, and the
   * first flips along the axes. undefined: the center is the origin, or nothing can be told around it.
   * @throws Fault `cancelled`.
   */
  async boundaries(member: SeriesMember): Promise<MemberBoundaries | undefined> {
    const parameters = await this.laid(member.parameters);
    if (parameters.plane.center.kind === 'origin') return undefined;
    try {
      const { engine } = await this.open(this.modelOf(member));
      const { batchSize = DEFAULT_BATCH_SIZE, signal } = this.options;
      const asked = { ...DEFAULT_QUESTION, directions: [{ kind: 'axes' }] as const, parameters, batchSize };
      return boundariesTold(await engine.call('boundaries', asked, { signal }));
    } catch (thrown) {
      if (this.options.signal.aborted) throw cancelled();
      if (Fault.from(thrown).code === 'bad-parameter') return undefined; // a center of length 0, a quantized head
      throw thrown;
    }
  }

  /** The parameters on the plane that all members have, where they share one: that of the base, laid once. */
  async laid(parameters: MapParameters): Promise<MapParameters> {
    const { plane, base } = this.series;
    if (plane === 'own') return parameters;
    this.shared ??= this.map(this.baseModel(), planeParameters(base)).then((map) => map.plane);
    try {
      return laidOn(parameters, await this.shared, base);
    } catch (thrown) {
      this.shared = undefined;
      throw thrown;
    }
  }

  /** The model that lays the shared plane: the series' own, else the first that it varies. */
  private baseModel(): string | undefined {
    const varied = this.series.vary.find(({ path }) => path === MODEL_PATH)?.values[0];
    return this.series.model ?? (typeof varied === 'string' ? varied : undefined);
  }

  private async map(
    model: string | undefined,
    parameters: MapParameters,
    onEvent?: (event: MapEvent) => void,
  ): Promise<TokenMap> {
    const { engine } = await this.open(model);
    const { batchSize = DEFAULT_BATCH_SIZE, signal } = this.options;
    return computeMap(engine, { parameters, batchSize }, { signal, ...(onEvent ? { onEvent } : {}) });
  }

  /** A model in the engine; another one makes way. @throws Fault. */
  async open(model: string | undefined): Promise<MemberModel> {
    const refused = this.refused.get(model);
    if (refused) throw new Fault(refused);
    if (this.opened && this.opened.model !== model) await this.close();
    this.opened ??= { model, opening: this.options.open(model) };
    try {
      const opened = await this.opened.opening;
      this.deviceUsed = opened.description.device.used;
      return opened;
    } catch (thrown) {
      this.opened = undefined;
      const fault = Fault.from(thrown);
      if (fault.code !== 'engine-died' && fault.code !== 'cancelled') this.refused.set(model, fault.toData());
      throw thrown;
    }
  }

  /** Resident bytes of this process and the engine's; null where that is not told. */
  async memory(): Promise<number | null> {
    const opened = await this.opened?.opening.catch(() => undefined);
    const pids = [
      ...(this.options.shared ? [] : ['self']),
      ...(opened?.engine.pid === undefined ? [] : [opened.engine.pid]),
    ];
    if (pids.length === 0) return null;
    let sum = 0;
    for (const pid of pids) {
      const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
      const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
      if (kilobytes === undefined) return null;
      sum += Number(kilobytes) * 1024;
    }
    return sum;
  }

  async close(): Promise<void> {
    const opened = await this.opened?.opening.catch(() => undefined);
    this.opened = undefined;
    await opened?.engine.dispose();
  }
}
