import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { leadsInto, realPath } from '../../src/extension/realPaths.js';

const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'embedding-grid-links-')));
after(() => rmSync(root, { recursive: true, force: true }));
const at = (...parts: string[]): string => path.join(root, ...parts);

for (const folder of ['work/real/deep', 'outside/deep', 'worker']) mkdirSync(at(folder), { recursive: true });
for (const file of ['work/own.json', 'outside/theirs.json']) writeFileSync(at(file), '{}');
const links: Readonly<Record<string, string>> = {
  'work/inner': 'real',
  'work/out': '../outside',
  'work/absolute': at('outside'),
  'work/twice': 'out',
  'work/real/up': '../..',
  'work/back': '../outside/home',
  'outside/home': '../work/real',
  'work/nowhere': '../outside/not-yet',
  'work/loop': 'loop',
  'work/own-link.json': 'own.json',
  'work/theirs.json': '../outside/theirs.json',
  'work/beside': '../worker',
  link: 'work',
};
for (const [link, target] of Object.entries(links)) symlinkSync(target, at(link));

/** Whether it lies in the folder `work`, by whichever of its names. */
async function inside(file: string): Promise<boolean> {
  const [plain, through] = await Promise.all([leadsInto(at(file), [at('work')]), leadsInto(at(file), [at('link')])]);
  assert.equal(plain, through);
  return plain;
}

test('a place is inside by where it leads, whether it is there yet or not', async () => {
  for (const file of [
    ...['work', 'work/real', 'work/inner', 'work/inner/deep', 'work/new', 'work/new/newer', 'work/inner/new/newer'],
    ...[
      'work/back',
      'work/back/new',
      'work/own.json',
      'work/own-link.json',
      'link/new',
      'outside/home/new',
      'work/..x',
    ],
  ])
    assert.ok(await inside(file), file);
});

test('it is not where a link leads out, at its end or on the way, before or after what is not there yet', async () => {
  for (const file of [
    ...['outside', 'worker', '', 'work/out', 'work/out/deep', 'work/out/new', 'work/out/new/newer', 'work/absolute/x'],
    ...['work/twice', 'work/twice/new', 'work/real/up/outside', 'work/real/up', 'work/theirs.json', 'work/beside/x'],
    ...[
      'link/out/new',
      'work/../outside/x',
      'work/nowhere',
      'work/nowhere/new',
      'work/loop',
      'work/loop/x',
      'work/own.json/x',
    ],
  ])
    assert.ok(!(await inside(file)), file);
});

test('what is not there yet is where it will be made', async () => {
  assert.equal(await realPath(at('link/inner/a/b')), at('work/real/a/b'));
  mkdirSync(at('link/inner/a/b'), { recursive: true });
  assert.equal(realpathSync(at('link/inner/a/b')), at('work/real/a/b'));
});
