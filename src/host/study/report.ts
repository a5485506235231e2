import { jsonText } from '../../formats/jsonText.js';
import { shardCount } from '../../map/series/study.js';
import type { StudyResults } from './results.js';
import { membersOf } from './status.js';

/** Columns that are not in the table of members as CSV: whole specifications. */
const LEFT_OUT = ['specification'];

/**
 * Writes what is read of a finished study without a program for Parquet: `members.csv`, a line for each member as `cells` of a map's
 * CSV are written (RFC 4180, texts as JSON strings). Gives the places of the files.
 */
export async function writeReport(results: StudyResults): Promise<readonly string[]> {
  const lines: string[] = [];
  let names: readonly string[] = [];
  for (let shard = 0; shard < shardCount(results.study); shard++)
    for (const row of await membersOf(results, shard)) {
      if (names.length === 0) {
        names = Object.keys(row).filter((name) => !LEFT_OUT.includes(name));
        lines.push(names.map(quoted).join(','));
      }
      lines.push(names.map((name) => field(row[name])).join(','));
    }
  await results.put('members.csv', Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
  return [results.place('members.csv')];
}

const field = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? quoted(jsonText(value)) : `${Number(value)}`;

const quoted = (text: string): string => (/^[\w.]+$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`);
