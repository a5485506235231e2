import { cpus, hostname } from 'node:os';
import type { MemberResult, MemberRun } from '../../formats/dataset/tables.js';
import { Fault, type FaultData } from '../../map/fault.js';
import { memberAt, memberName, runOrder, type SeriesMember, valuesAt } from '../../map/series/series.js';
import { shardAt, type Study } from '../../map/series/study.js';
import { cancelled } from '../../protocol/channel.js';
import { MemberEngine, type MemberEngineOptions, type Outcome } from '../series/memberEngine.js';
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

export interface RunStudyOptions extends MemberEngineOptions {
  readonly part: Part;
  /** Makes a shard's tables; by default here. */
  readonly tables?: typeof tablesOf | TablesElsewhere;
  readonly version: string;
  readonly onProgress?: (progress: StudyProgress) => void;
  readonly onMember?: (result: MemberResult, run: MemberRun) => void;
  /** Ends the run at the next batch: shards that are whole stay, the one that was begun is computed again. */
  readonly signal: AbortSignal;
}

const HEARTBEAT_MS = 2000;

/**
 * Computes those members of a part that are not there yet, shard by shard. A model is opened once for all members that follow each
 * other with it; a member that fails is a row that says why. Whatever process computes a shard, its `cells`, `regions`, `boundaries` and `members`
 * are the same bytes on one kind of processor: two at one shard do no harm.
 * @throws Fault `cancelled`, and `output` where results cannot be written.
 */
export async function runStudy(results: ShardStore, options: RunStudyOptions): Promise<StudyProgress> {
  const { study } = results;
  const { part, signal, onProgress, onMember } = options;
  const shards = shardsOf(study, part).map((number) => shardAt(study, number));
  const members = shards.reduce((sum, { first, end }) => sum + end - first, 0);
  const engine = new MemberEngine(study, options);
  const started = new Date().toISOString();
  let [done, failed, computed, seconds] = [0, 0, 0, 0];
  let said = 0;
  const beat = async (state: Heartbeat['state'], member: string | null): Promise<void> => {
    const memory = await engine.memory();
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
        const outcome = 'fault' in planned ? planned : await engine.compute(planned.member);
        const boundaries =
          study.keep.boundaries && 'member' in planned && 'map' in outcome
            ? await engine.boundaries(planned.member)
            : undefined;
        const took = (performance.now() - begun) / 1000;
        const { values } = planned;
        const name = memberName(study.vary, values);
        const result = {
          number: planned.number,
          name,
          varied: variedOf(study, values),
          outcome,
          ...(boundaries ? { boundaries } : {}),
        };
        const run = await runOf(engine, planned.number, took, outcome, options.version);
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
    return { done, members, failed, secondsLeft: 0, memory: await engine.memory() };
  } catch (thrown) {
    await beat('stopped', null);
    throw thrown;
  } finally {
    await engine.close();
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

async function runOf(
  engine: MemberEngine,
  member: number,
  seconds: number,
  outcome: Outcome,
  version: string,
): Promise<MemberRun> {
  return {
    member,
    seconds,
    finished: new Date().toISOString(),
    host: hostname(),
    processor: cpus()[0]?.model.trim() ?? process.arch,
    device: engine.device,
    memory: await engine.memory(),
    version,
    runtime: 'map' in outcome ? outcome.map.runtime : null,
  };
}
