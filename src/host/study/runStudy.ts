import { readFile } from 'node:fs/promises';
import { cpus, hostname } from 'node:os';
import { computeMap, type Engine } from '../../engine/client.js';
import type { MemberResult, MemberRun } from '../../formats/dataset/tables.js';
import { Fault, type FaultData } from '../../map/fault.js';
import type { Plane } from '../../map/plane.js';
import { memberAt, memberName, onPlane, runOrder, type SeriesMember, valuesAt } from '../../map/series/series.js';
import { shardAt, type Study } from '../../map/series/study.js';
import { DEFAULT_BATCH_SIZE, type MapParameters } from '../../map/specification.js';
import type { Runtime, TokenMap } from '../../map/tokenMap.js';
import { cancelled } from '../../protocol/channel.js';
import type { ModelDescription } from '../../protocol/engine.js';
import type { Part } from './part.js';
import { type Heartbeat, shardsOf, type ShardStore } from './results.js';
import { tablesOf, variedOf } from './tables.js';

export interface StudyProgress {
  /** Members of this part that are there, those of earlier runs among them. */
  readonly done: number;
  readonly members: number;
  readonly failed: number;
  /** null until a member was computed. */
  readonly secondsLeft: number | null;
  /** Resident bytes of this program and its engine; null where the platform does not tell. */
  readonly memory: number | null;
}

/** {@link tablesOf} in another thread. */
export type TablesElsewhere = (...given: Parameters<typeof tablesOf>) => Promise<ReturnType<typeof tablesOf>>;

/** An open model, until its engine is disposed of. */
export interface StudyModel {
  readonly engine: Pick<Engine, 'call' | 'dispose'> & { readonly pid?: number | undefined };
  readonly description: ModelDescription;
}

export interface RunStudyOptions {
  readonly part: Part;
  /** Opens a model; undefined: the bundled one. What `openModel` gives is one. */
  readonly open: (model: string | undefined) => Promise<StudyModel>;
  readonly batchSize?: number;
  /** Makes a shard's tables; by default here. */
  readonly tables?: typeof tablesOf | TablesElsewhere;
  /** This process does other things, too: what a study takes of memory is its engine's. */
  readonly shared?: boolean;
  readonly version: string;
  readonly onProgress?: (progress: StudyProgress) => void;
  readonly onMember?: (result: MemberResult, run: MemberRun) => void;
  /** Ends the run at the next batch: shards that are whole stay, the one that was begun is computed again. */
  readonly signal: AbortSignal;
}

const HEARTBEAT_MS = 2000;

/**
 * Computes those members of a part that are not there yet, shard by shard. A model is opened once for all members that follow each
 * other with it; a member that fails is a row that says why. Whatever process computes a shard, its `cells`, `regions` and `members`
 * are the same bytes on one kind of processor: two at one shard do no harm.
 * @throws Fault `cancelled`, and `output` where results cannot be written.
 */
export async function runStudy(results: ShardStore, options: RunStudyOptions): Promise<StudyProgress> {
  const { study } = results;
  const { part, signal, onProgress, onMember } = options;
  const shards = shardsOf(study, part).map((number) => shardAt(study, number));
  const members = shards.reduce((sum, { first, end }) => sum + end - first, 0);
  const models = new Models(study, options);
  const started = new Date().toISOString();
  let [done, failed, computed, seconds] = [0, 0, 0, 0];
  let said = 0;
  const beat = async (state: Heartbeat['state'], member: string | null): Promise<void> => {
    const memory = await models.memory();
    onProgress?.({
      done,
      members,
      failed,
      secondsLeft: computed === 0 ? null : (seconds / computed) * (members - done),
      memory,
    });
    if (state === 'running' && performance.now() - said < HEARTBEAT_MS) return;
    said = performance.now();
    const now = new Date().toISOString();
    const who = { part: part.index, of: part.of, host: hostname(), pid: process.pid, started, updated: now };
    await results.say({ ...who, state, done, members, failed, member, memory });
  };
  try {
    await beat('running', null);
    for (const { number, first, end } of shards) {
      if (await results.isWhole(number)) {
        done += end - first;
        continue;
      }
      const rows = new Map<number, readonly [MemberResult, MemberRun]>();
      for (const planned of plannedShard(study, first, end)) {
        if (signal.aborted) throw cancelled();
        const begun = performance.now();
        const outcome = 'fault' in planned ? planned : await models.compute(planned.member, signal);
        const took = (performance.now() - begun) / 1000;
        const { values } = planned;
        const name = memberName(study.vary, values);
        const result = { number: planned.number, name, varied: variedOf(study, values), outcome };
        const run = await models.run(planned.number, took, 'map' in outcome ? outcome.map.runtime : null);
        rows.set(planned.number, [result, run]);
        onMember?.(result, run);
        done++;
        computed++;
        seconds += took;
        if ('fault' in outcome) failed++;
        await beat('running', name);
      }
      const ordered = [...rows].sort(([a], [b]) => a - b).map(([, row]) => row);
      const tables = await (options.tables ?? tablesOf)(
        study,
        ordered.map(([result]) => result),
        ordered.map(([, run]) => run),
      );
      await results.write(number, tables);
    }
    await beat('finished', null);
    return { done, members, failed, secondsLeft: 0, memory: await models.memory() };
  } catch (thrown) {
    await beat('stopped', null);
    throw thrown;
  } finally {
    await models.close();
  }
}

type Planned = { readonly number: number; readonly values: SeriesMember['values'] } & (
  { readonly member: SeriesMember } | { readonly fault: FaultData }
);

/** The members of a shard in the order that reuses most; those that are no maps say why, and come last. */
function plannedShard(study: Study, first: number, end: number): readonly Planned[] {
  const there: SeriesMember[] = [];
  const wrong: Planned[] = [];
  for (let number = first; number < end; number++) {
    try {
      there.push(memberAt(study, number));
    } catch (thrown) {
      wrong.push({ number, values: valuesAt(study.vary, number), fault: Fault.from(thrown).toData() });
    }
  }
  return [...runOrder(there).map((member) => ({ number: member.number, values: member.values, member })), ...wrong];
}

/** The engine of the members that are computed: of one model at a time. */
class Models {
  private opened: { readonly model: string | undefined; readonly opening: Promise<StudyModel> } | undefined;
  /** Why a model cannot be opened: asked once. */
  private readonly refused = new Map<string | undefined, FaultData>();
  private shared: Promise<Plane> | undefined;
  private device = '';

  constructor(
    private readonly study: Study,
    private readonly options: RunStudyOptions,
  ) {}

  /** A member's map, or what went wrong. An engine that dies is started again, once. @throws Fault `cancelled`. */
  async compute(
    member: SeriesMember,
    signal: AbortSignal,
  ): Promise<{ readonly map: TokenMap } | { readonly fault: FaultData }> {
    const model = member.model ?? this.study.model;
    for (let again = true; ; again = false) {
      try {
        const { parameters } = member;
        return { map: await this.map(model, await this.laid(parameters)) };
      } catch (thrown) {
        if (signal.aborted) throw cancelled();
        const fault = Fault.from(thrown);
        if (fault.code !== 'engine-died' || !again) return { fault: fault.toData() };
        await this.close();
      }
    }
  }

  /** The parameters on the plane that all members have, where they share one: that of the base, laid once. */
  private async laid(parameters: MapParameters): Promise<MapParameters> {
    const { plane, base, model } = this.study;
    if (plane === 'own') return parameters;
    const point = { ...base, grid: { ...base.grid, columns: 1, rows: 1 }, question: null, overlays: [] };
    this.shared ??= this.map(model, point).then((map) => map.plane);
    try {
      return onPlane(parameters, await this.shared, 'the base');
    } catch (thrown) {
      this.shared = undefined;
      throw thrown;
    }
  }

  private async map(model: string | undefined, parameters: MapParameters): Promise<TokenMap> {
    const { engine } = await this.open(model);
    const { batchSize = DEFAULT_BATCH_SIZE, signal } = this.options;
    return computeMap(engine, { parameters, batchSize }, { signal });
  }

  private async open(model: string | undefined): Promise<StudyModel> {
    const refused = this.refused.get(model);
    if (refused) throw new Fault(refused);
    if (this.opened && this.opened.model !== model) await this.close();
    this.opened ??= { model, opening: this.options.open(model) };
    try {
      const opened = await this.opened.opening;
      this.device = opened.description.device.used;
      return opened;
    } catch (thrown) {
      this.opened = undefined;
      const fault = Fault.from(thrown);
      if (fault.code !== 'engine-died' && fault.code !== 'cancelled') this.refused.set(model, fault.toData());
      throw thrown;
    }
  }

  async run(member: number, seconds: number, runtime: Runtime | null): Promise<MemberRun> {
    return {
      member,
      seconds,
      finished: new Date().toISOString(),
      host: hostname(),
      processor: cpus()[0]?.model.trim() ?? process.arch,
      device: this.device,
      memory: await this.memory(),
      version: this.options.version,
      runtime,
    };
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
