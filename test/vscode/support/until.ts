import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

/** Long enough for the slowest map of the tests on a busy machine. */
const LIMIT_MS = 60_000;

/** Waits until something is so, and fails with these words when it never is. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  assert.ok(await within(LIMIT_MS, isSo), `never: ${what}`);
}

/** Whether something is so within some ms. */
export async function within(limit: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + limit;
  while (!(await isSo())) {
    if (Date.now() >= deadline) return false;
    await wait(100);
  }
  return true;
}
