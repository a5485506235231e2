import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A folder for one test file, taken away when its tests have ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'embedding-grid-engine-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
