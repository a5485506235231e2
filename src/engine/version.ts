import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The program's version, from the package that the built engine lies in. */
export function version(): string {
  const data: unknown = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8'));
  return typeof data === 'object' && data !== null && 'version' in data ? String(data.version) : 'unknown';
}
