import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { isGone, newOwner, OWNER } from '../../formats/owner.js';
import { Fault } from '../../map/fault.js';
import { parseStudy, shardCount, type Study, studyData } from '../../map/series/study.js';
import type { Part } from './part.js';

/** Tables of a study. A shard is whole when it has its `members`, which is written last. */
export const TABLES = ['cells', 'regions', 'planes', 'boundaries', 'runs', 'members'] as const;
export type Table = (typeof TABLES)[number];

/** What a part says of itself every few seconds. */
const heartbeatSchema = v.object({
  part: v.number(),
  of: v.number(),
  host: v.string(),
  pid: v.number(),
  state: v.picklist(['running', 'finished', 'stopped']),
  started: v.string(),
  /** ISO 8601, UTC. */
  updated: v.string(),
  /** Members of this part: computed by now, in all, failed. */
  done: v.number(),
  members: v.number(),
  failed: v.number(),
  /** What it is at. */
  member: v.nullable(v.string()),
  memory: v.nullable(v.number()),
});
export type Heartbeat = v.InferOutput<typeof heartbeatSchema>;

const STUDY_FILE = 'study.json';
/** Files on their way to their names: what a killed process leaves lies here. */
const UNFINISHED = '.unfinished';
const STATUS = 'status';
const PART = new RegExp(`^(${OWNER})-[\\w.-]+$`);

/** Where shards go as they become whole. */
export interface ShardStore {
  readonly study: Study;
  isWhole(shard: number): Promise<boolean>;
  /** Writes a shard's tables. @throws Fault `output`. */
  write(shard: number, tables: ReadonlyMap<Table, Uint8Array>): Promise<void>;
  /** Says how a part is getting on. Never fails: it matters less than the work. */
  say(beat: Heartbeat): Promise<void>;
}

/**
 * The folder of a study's results: `study.json`, a folder for each table with one for each shard (Hive's partitions), and what
 * parts say of themselves. Every file is written elsewhere and then takes its name: it is whole or not there, also under SIGKILL.
 */
export class StudyResults implements ShardStore {
  private readonly owner = newOwner();
  private written = 0;

  private constructor(
    readonly folder: string,
    readonly study: Study,
  ) {}

  /**
   * Begins results, or goes on with those that are there.
   * @throws Fault `output` where the folder cannot be written or holds another study's.
   */
  static async begin(folder: string, study: Study): Promise<StudyResults> {
    const results = new StudyResults(folder, study);
    try {
      await mkdir(path.join(folder, UNFINISHED), { recursive: true });
      await results.clear();
      const wanted = text(study);
      const there = await readFile(path.join(folder, STUDY_FILE), 'utf8').catch(() => undefined);
      if (there === undefined) await results.put(STUDY_FILE, Buffer.from(wanted));
      else if (there !== wanted)
        throw new Fault({
          code: 'output',
          message: `${folder} holds the results of another study, or of this one before it was changed.`,
          hint: 'Give the study another name, or another folder with --output-dir; or remove these results.',
        });
    } catch (thrown) {
      throw asFault(folder, thrown);
    }
    return results;
  }

  /** Results that are there. @throws Fault `file` where the folder holds none. */
  static async open(folder: string): Promise<StudyResults> {
    try {
      const data: unknown = JSON.parse(await readFile(path.join(folder, STUDY_FILE), 'utf8'));
      return new StudyResults(folder, parseStudy(data, new Map()));
    } catch (thrown) {
      throw new Fault({
        code: 'file',
        message: `${folder} holds no results of a study.`,
        hint: 'Give the folder that embedding-grid study wrote into.',
        detail: Fault.from(thrown).message,
      });
    }
  }

  /** Where a file of these results lies. */
  place(name: string): string {
    return path.join(this.folder, name);
  }

  file(table: Table, shard: number): string {
    return path.join(this.folder, table, `shard=${String(shard).padStart(6, '0')}`, `${table}.parquet`);
  }

  async isWhole(shard: number): Promise<boolean> {
    return (await stat(this.file('members', shard)).catch(() => undefined))?.isFile() ?? false;
  }

  /** The numbers of all shards that are whole, in order. */
  async wholeShards(): Promise<readonly number[]> {
    const entries = await readdir(path.join(this.folder, 'members')).catch(() => []);
    const numbers = entries.flatMap((name) => (/^shard=\d{6,}$/.test(name) ? [Number(name.slice(6))] : []));
    const count = shardCount(this.study);
    const whole = await Promise.all(numbers.map((number) => this.isWhole(number)));
    return numbers.filter((number, i) => number < count && whole[i]).sort((a, b) => a - b);
  }

  /** Members last. */
  async write(shard: number, tables: ReadonlyMap<Table, Uint8Array>): Promise<void> {
    try {
      for (const table of TABLES) {
        const bytes = tables.get(table);
        if (bytes) await this.put(path.relative(this.folder, this.file(table, shard)), bytes);
      }
    } catch (thrown) {
      throw asFault(this.folder, thrown);
    }
  }

  async say(beat: Heartbeat): Promise<void> {
    await this.put(path.join(STATUS, `part-${beat.part}-of-${beat.of}.json`), Buffer.from(JSON.stringify(beat))).catch(
      () => undefined,
    );
  }

  /** What all parts have said last. */
  async heartbeats(): Promise<readonly Heartbeat[]> {
    const names = await readdir(path.join(this.folder, STATUS)).catch(() => []);
    const all = await Promise.all(
      names.map(async (name) => {
        try {
          const data: unknown = JSON.parse(await readFile(path.join(this.folder, STATUS, name), 'utf8'));
          const parsed = v.safeParse(heartbeatSchema, data);
          return parsed.success ? [parsed.output] : [];
        } catch {
          return []; // something else that lies there
        }
      }),
    );
    return all.flat().sort((a, b) => a.of - b.of || a.part - b.part);
  }

  /** Writes a file, whole or not at all; one of its name is replaced. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    const unfinished = path.join(this.folder, UNFINISHED, `${this.owner}-${this.written++}-${path.basename(name)}`);
    const file = path.join(this.folder, name);
    try {
      await mkdir(path.dirname(file), { recursive: true });
      const handle = await open(unfinished, 'wx');
      try {
        await handle.writeFile(bytes);
        await handle.sync(); // a node that loses power must not leave a name without its bytes
      } finally {
        await handle.close();
      }
      await rename(unfinished, file);
    } catch (thrown) {
      await rm(unfinished, { force: true });
      throw thrown;
    }
  }

  /** Removes what killed processes of this machine have left unfinished; others are at work, or are cleared there. */
  private async clear(): Promise<void> {
    for (const name of await readdir(path.join(this.folder, UNFINISHED))) {
      const [, owner] = PART.exec(name) ?? [];
      if (owner !== undefined && isGone(owner) === true)
        await rm(path.join(this.folder, UNFINISHED, name), { force: true });
    }
  }
}

/** Shards of a part, in the order in which it computes them. */
export const shardsOf = (study: Study, { index, of }: Part): readonly number[] =>
  Array.from({ length: Math.ceil((shardCount(study) - index) / of) }, (_, i) => index + i * of);

const text = (study: Study): string => `${JSON.stringify(studyData(study), null, 1)}\n`;

function asFault(folder: string, thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return new Fault({
    code: 'output',
    message: /^(ENOSPC|EDQUOT)/.test(code)
      ? `The disk of ${folder} is full.`
      : `The results cannot be written to ${folder}.`,
    hint: 'What is there stays; when there is room, run the study again: it goes on.',
    detail: thrown instanceof Error ? thrown.message : String(thrown),
  });
}
