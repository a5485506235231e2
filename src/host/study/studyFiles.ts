import { Worker } from 'node:worker_threads';
import type { MemberResult, MemberRun } from '../../formats/dataset/tables.js';
import { Fault } from '../../map/fault.js';
import type { Study } from '../../map/series/study.js';
import { Client } from '../../protocol/channel.js';
import { portOf } from '../filesProtocol.js';
import type { Table } from './results.js';
import type { FailedMembers, StudyRequests } from './studyProtocol.js';

/** The tables of studies, made and read in a thread of their own, so that the extension host never waits for them. */
export class StudyFiles {
  /** `worker`: dist/studyWorker.cjs. `assets`: dist/assets. */
  constructor(
    private readonly worker: string,
    private readonly assets: string,
  ) {}

  /** A shard's tables, as `tablesOf` makes them. */
  tables = (
    study: Study,
    results: readonly MemberResult[],
    runs: readonly MemberRun[],
  ): Promise<ReadonlyMap<Table, Uint8Array>> => this.ask('tables', { study, results, runs });

  /** A member of the results in a folder, as the JSON of a saved map. @throws Fault `file`. */
  member(folder: string, number: number): Promise<Uint8Array> {
    return this.ask('member', { folder, number });
  }

  /** Those of the members `first` to before `end` that failed. @throws Fault `file`. */
  failed(folder: string, first: number, end: number): Promise<FailedMembers> {
    return this.ask('failed', { folder, first, end });
  }

  /** Checks results and, where nothing is missing, writes the report. @throws Fault `file`, `output`. */
  join(folder: string): Promise<StudyRequests['join']['result']> {
    return this.ask('join', { folder, assets: this.assets });
  }

  private async ask<M extends keyof StudyRequests>(
    method: M,
    params: StudyRequests[M]['params'],
  ): Promise<StudyRequests[M]['result']> {
    const thread = new Worker(this.worker);
    const client = new Client<StudyRequests>(portOf(thread));
    const closed = (why: string): void =>
      client.close(new Fault({ code: 'file', message: 'The tables of the study took too much memory.', detail: why }));
    thread.once('error', (error) => closed(error.message));
    thread.once('exit', (code) => closed(`exit code ${code}`));
    try {
      return await client.call(method, params);
    } finally {
      await thread.terminate();
    }
  }
}
