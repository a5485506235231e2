import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Whose a temporary file is: `PLACE-PID-START-NONCE`, of letters and digits. A folder may be shared by machines and containers,
 * whose process numbers mean nothing to each other: PLACE tells them apart. START tells a process from a later one of its number.
 */
export const OWNER = '[0-9a-f]{8}-\\d{1,10}-[0-9a-z]{1,16}-[0-9a-f]{8}';

/** An owner of its own for every save of this process. */
export const newOwner = (): string => `${place()}-${process.pid}-${startOf('self')}-${randomBytes(4).toString('hex')}`;

/** Whose process cannot be looked at is given up after this time: a save takes seconds. */
export const GIVEN_UP_MS = 24 * 60 * 60 * 1000;

/** Whether an owner's process has ended. undefined: it is another machine's, and cannot be told. */
export function isGone(owner: string): boolean | undefined {
  const [where, pid = '', start] = owner.split('-');
  if (where !== place()) return undefined;
  if (Number(pid) === process.pid) return start !== startOf('self');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'EPERM'); // EPERM: another person's process
  }
  const since = startOf(pid);
  return since !== UNKNOWN && since !== start;
}

let known: string | undefined;
function place(): string {
  if (known !== undefined) return known;
  let processes = '';
  try {
    processes = readlinkSync('/proc/self/ns/pid'); // containers of one host may share its name
  } catch {
    // not Linux
  }
  known = createHash('sha256').update(`${hostname()}\n${processes}`).digest('hex').slice(0, 8);
  return known;
}

const UNKNOWN = '0';
let own: string | undefined;

/** When a process began, as Linux counts; {@link UNKNOWN} elsewhere. A process that is dead, but not yet buried, has none: `x`. */
function startOf(pid: string): string {
  if (pid === 'self' && own !== undefined) return own;
  let start = UNKNOWN;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    start = /[ZX]/.test(fields[0] ?? '') ? 'x' : Number(fields[19]).toString(36);
  } catch {
    // not Linux, or hidden from us
  }
  if (pid === 'self') own = start;
  return start;
}
