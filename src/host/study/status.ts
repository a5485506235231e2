import { readRows } from '../../formats/dataset/readRows.js';
import { safeText } from '../../map/display.js';
import { formatCount } from '../../map/numbers.js';
import { memberCount } from '../../map/series/series.js';
import { shardAt, shardCount } from '../../map/series/study.js';
import type { Heartbeat, StudyResults } from './results.js';

/** A part that said nothing for this long does not run any more. */
const SILENT_MS = 60_000;

export interface StudyStatus {
  readonly members: number;
  /** Members of whole shards. */
  readonly done: number;
  readonly shards: number;
  readonly wholeShards: number;
  readonly parts: readonly (Heartbeat & {
    /** It is at work, by its own word, but was not heard of for a minute. */
    readonly silent: boolean;
  })[];
}

/** How far a study is, from the files that are there and what the parts said last. */
export async function studyStatus(results: StudyResults): Promise<StudyStatus> {
  const { study } = results;
  const whole = await results.wholeShards();
  const parts = await results.heartbeats();
  return {
    members: memberCount(study),
    done: whole.reduce((sum, number) => sum + sizeOf(results, number), 0),
    shards: shardCount(study),
    wholeShards: whole.length,
    parts: parts.map((beat) => ({
      ...beat,
      silent: beat.state === 'running' && !(Date.now() - Date.parse(beat.updated) < SILENT_MS),
    })),
  };
}

/** What a part says of itself, on a line. */
export function partWords(part: StudyStatus['parts'][number]): string {
  const states = { running: 'at work', finished: 'finished', stopped: 'stopped' } as const;
  const at = part.silent ? `not heard of since ${safeText(part.updated, 40)}` : states[part.state];
  const failed = part.failed > 0 ? `, ${formatCount(part.failed)} failed` : '';
  const member = part.state === 'running' && part.member !== null ? ` (${safeText(part.member, 100)})` : '';
  return `part ${part.part}/${part.of} on ${safeText(part.host, 60)}: ${formatCount(part.done)} of ${formatCount(part.members)}, ${at}${failed}${member}`;
}

/** What a finished study is checked by before anything is made of it. */
export interface Completeness {
  /** Ranges of members whose shard is not there, or cannot be read. */
  readonly missing: readonly { readonly first: number; readonly end: number }[];
  /** Members that are there as a fault. */
  readonly failed: readonly { readonly member: number; readonly name: string; readonly message: string }[];
}

/** Reads every shard's members: what is missing, and what failed. */
export async function completeness(results: StudyResults): Promise<Completeness> {
  const { study } = results;
  const missing: { first: number; end: number }[] = [];
  const failed: { member: number; name: string; message: string }[] = [];
  for (let number = 0; number < shardCount(study); number++) {
    const rows = await membersOf(results, number, ['member', 'name', 'fault_message']).catch(() => []);
    const { first, end } = shardAt(study, number);
    const last = missing.at(-1);
    if (rows.length === end - first) {
      for (const { member, name, fault_message: message } of rows)
        if (typeof message === 'string') failed.push({ member: Number(member), name: String(name), message });
    } else if (last?.end === first) last.end = end;
    else missing.push({ first, end });
  }
  return { missing, failed };
}

/** Rows of a shard's `members`. @throws Fault `file`. */
export function membersOf(
  results: StudyResults,
  shard: number,
  columns?: readonly string[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const wanted = { most: sizeOf(results, shard), ...(columns ? { columns } : {}) };
  return readRows(results.file('members', shard), wanted);
}

const sizeOf = ({ study }: StudyResults, shard: number): number => {
  const { first, end } = shardAt(study, shard);
  return end - first;
};
