import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

/** Long enough for the slowest map of the tests on a busy machine. */
const LIMIT_MS = 60_000;

/** Waits until something is so, and fails with these words when it never is. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, `never: ${what}`);
    await wait(50);
  }
}
