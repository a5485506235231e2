import type { MemberResult, MemberRun } from '../../formats/dataset/tables.js';
import type { Study } from '../../map/series/study.js';
import type { Requests } from '../../protocol/channel.js';
import type { Table } from './results.js';
import type { Completeness } from './status.js';

/** Members that failed, by their numbers, with what is said of them. */
export type FailedMembers = ReadonlyMap<number, string>;

/** Extension host to the thread that makes and reads the tables of a study. One thread serves one request. */
export type StudyRequests = Requests<{
  tables: {
    params: { readonly study: Study; readonly results: readonly MemberResult[]; readonly runs: readonly MemberRun[] };
    event: never;
    result: ReadonlyMap<Table, Uint8Array>;
  };
  /** A member as the JSON of a saved map. */
  member: { params: { readonly folder: string; readonly number: number }; event: never; result: Uint8Array };
  /** Those of the members `first` to before `end` that are there as a fault. */
  failed: {
    params: { readonly folder: string; readonly first: number; readonly end: number };
    event: never;
    result: FailedMembers;
  };
  /** Checks results and, where nothing is missing, writes the report: its files. */
  join: {
    params: { readonly folder: string; readonly assets: string };
    event: never;
    result: Completeness & { readonly files: readonly string[] };
  };
}>;
