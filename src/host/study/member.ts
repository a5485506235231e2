import { mapOfTables } from '../../formats/dataset/fromTables.js';
import { readRows } from '../../formats/dataset/readRows.js';
import { Fault } from '../../map/fault.js';
import { LIMITS } from '../../map/limits.js';
import { memberCount, memberName, valuesAt } from '../../map/series/series.js';
import { shardAt } from '../../map/series/study.js';
import type { TokenMap } from '../../map/tokenMap.js';
import type { StudyResults, Table } from './results.js';

/**
 * A member of a study as a map, from its results alone: no model is asked.
 * @throws Fault `file` where it is not there yet, failed, or was not kept; that says which.
 */
export async function readMember(results: StudyResults, number: number): Promise<TokenMap> {
  const { study } = results;
  if (!Number.isInteger(number) || number < 0 || number >= memberCount(study))
    throw new Fault({ code: 'file', message: `This study has no member ${number}.` });
  const name = memberName(study.vary, valuesAt(study.vary, number));
  const says = (what: string, hint?: string): Fault =>
    new Fault({
      code: 'file',
      message: `Member ${number} (${name}) ${what}.`,
      ...(hint === undefined ? {} : { hint }),
    });
  const { keep } = study;
  if (!keep.cells || !keep.planes)
    throw says(
      'does not open as a map: this study keeps no ' + (keep.cells ? 'planes' : 'cells'),
      'Draw it anew with --specification, which its row of members holds.',
    );
  const shard = Math.floor(number / study.shard);
  if (!(await results.isWhole(shard))) throw says('is not there yet', 'Run the study: it goes on.');
  const { first, end } = shardAt(study, shard);
  const rowsOf = (table: Table, most = end - first) => readRows(results.file(table, shard), { member: number, most });
  const [member] = await rowsOf('members');
  if (member && typeof member.fault_message === 'string')
    throw says(`failed: ${member.fault_message.replace(/\.$/, '')}`);
  const [[run], [plane]] = await Promise.all([rowsOf('runs'), rowsOf('planes')]);
  if (!member || !run || !plane) throw says('is missing from its tables', 'Remove its shard, and run the study again.');
  return mapOfTables({ member, run, plane, cells: await rowsOf('cells', (end - first) * LIMITS.side ** 2) });
}
