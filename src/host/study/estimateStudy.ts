import { Fault } from '../../map/fault.js';
import { memberCount } from '../../map/series/series.js';
import { shardCount, type Study } from '../../map/series/study.js';
import { WHOLE } from './part.js';
import { type ShardStore, TABLES } from './results.js';
import { runStudy, type RunStudyOptions } from './runStudy.js';

/** What a study takes in one process, by its first members. */
export interface StudyEstimate {
  /** A member, and all of them. */
  readonly seconds: { readonly member: number; readonly all: number };
  /** Resident bytes of a process and its engine; null where the platform does not tell. */
  readonly memory: number | null;
  /** Of its files, at most. */
  readonly bytes: number;
  readonly files: number;
}

/**
 * Computes one or two members, the first of which opens the model, and says what all would take. Nothing is written.
 * @throws Fault where they cannot be computed.
 */
export async function estimateStudy(study: Study, options: Omit<RunStudyOptions, 'part'>): Promise<StudyEstimate> {
  const last = study.vary.findLastIndex(({ values }) => values.length > 1);
  const vary = study.vary.map(({ path, values }, axis) => ({ path, values: values.slice(0, axis === last ? 2 : 1) }));
  const first = { ...study, vary, shard: 2 };
  const written: number[] = [];
  let seconds = 0;
  const nowhere: ShardStore = {
    study: first,
    isWhole: () => Promise.resolve(false),
    write: (_, tables) => {
      written.push(...Array.from(tables.values(), ({ length }) => length));
      return Promise.resolve();
    },
    say: () => Promise.resolve(),
  };
  const end = await runStudy(nowhere, {
    ...options,
    part: WHOLE,
    onMember: ({ outcome }, run) => {
      seconds = run.seconds;
      if ('fault' in outcome) throw new Fault(outcome.fault);
    },
  });
  const count = memberCount(study);
  return {
    seconds: { member: seconds, all: seconds * count },
    memory: end.memory,
    bytes: (written.reduce((sum, length) => sum + length, 0) / memberCount(first)) * count,
    files: shardCount(study) * (TABLES.length - (study.keep.boundaries ? 0 : 1)),
  };
}
