import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** `npm ci` on a fresh machine, without running it: npm itself can write a lockfile that it then refuses. */

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(import.meta.dirname, '..', name), 'utf8'));
const manifest = read('package.json') as Entry;
const { packages } = read('package-lock.json') as { packages: Record<string, Entry> };

test('the lockfile is of this package.json', () => {
  for (const kind of ['dependencies', 'devDependencies'] as const)
    assert.deepEqual(packages['']?.[kind], manifest[kind], kind);
});

test('every package has its dependencies, also those of other platforms', () => {
  const missing = Object.entries(packages).flatMap(([place, entry]) =>
    Object.keys({
      ...entry.dependencies,
      ...entry.optionalDependencies,
      ...(place === '' ? entry.devDependencies : {}),
    })
      .filter((name) => !found(place, name))
      .map((name) => `${name} of ${place}`),
  );
  assert.deepEqual(missing, []);
});

/** Whether a package is there for one at a place: in its own node_modules or in one above. */
function found(place: string, name: string): boolean {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`]?.version !== undefined) return true;
    if (at === '') return false;
  }
}

test('no registry is named', () => {
  const named = Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined);
  assert.deepEqual(
    named.map(([place]) => place),
    [],
  );
});
