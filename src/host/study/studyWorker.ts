import { parentPort } from 'node:worker_threads';
import { toJson } from '../../formats/toJson.js';
import { shardAt, shardCount } from '../../map/series/study.js';
import { serve } from '../../protocol/channel.js';
import { portOf } from '../filesProtocol.js';
import { readMember } from './member.js';
import { writeReport } from './report.js';
import { StudyResults } from './results.js';
import { completeness, membersOf } from './status.js';
import type { StudyRequests } from './studyProtocol.js';
import { tablesOf } from './tables.js';

// The thread of the extension host for a study's tables: those of a hundred maps take longer than a person waits, and those that
// are read may be a stranger's.

if (!parentPort) throw new Error('This file runs as a thread.');

serve<StudyRequests>(portOf(parentPort), {
  tables: ({ study, results, runs }) => tablesOf(study, results, runs),
  member: async ({ folder, number }) => toJson(await readMember(await StudyResults.open(folder), number), false),
  failed: async ({ folder, first, end }) => {
    const results = await StudyResults.open(folder);
    const found = new Map<number, string>();
    const last = Math.min(Math.floor((end - 1) / results.study.shard), shardCount(results.study) - 1);
    for (let shard = Math.floor(first / results.study.shard); shard <= last; shard++) {
      if (!(await results.isWhole(shard))) continue;
      const { first: from } = shardAt(results.study, shard);
      const rows = await membersOf(results, shard, ['fault_message']);
      rows.forEach(({ fault_message: message }, i) => {
        if (typeof message === 'string') found.set(from + i, message);
      });
    }
    return found;
  },
  join: async ({ folder, assets }) => {
    const results = await StudyResults.open(folder);
    const complete = await completeness(results);
    return { ...complete, files: complete.missing.length === 0 ? await writeReport(results, assets) : [] };
  },
});
