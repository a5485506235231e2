import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { leadsInto, realPath } from '../../src/extension/realPaths.js';

const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'embedding-grid-links-')));
after(() => rmSync(root, { recursive: true, force: true }));
const at = (...parts: string[]): string => path.join(root, ...parts);

for (const folder of ['desk/real/deep', 'outside/deep', 'desker']) mkdirSync(at(folder), { recursive: true });
for (const file of ['desk/own.json', 'outside/theirs.json']) writeFileSync(at(file), '{}');
const links: Readonly<Record<string, string>> = {
  'desk/inner': 'real',
  'desk/out': '../outside',
  'desk/absolute': at('outside'),
  'desk/twice': 'out',
  'desk/real/up': '../..',
  'desk/back': '../outside/home',
  'outside/home': '../desk/real',
  'desk/nowhere': '../outside/not-yet',
  'desk/loop': 'loop',
  'desk/own-link.json': 'own.json',
  'desk/theirs.json': '../outside/theirs.json',
  'desk/beside': '../desker',
  link: 'desk',
};
for (const [link, target] of Object.entries(links)) symlinkSync(target, at(link));

/** Whether it lies in the folder `desk`, by whichever of its names. */
async function inside(file: string): Promise<boolean> {
  const [plain, through] = await Promise.all([leadsInto(at(file), [at('desk')]), leadsInto(at(file), [at('link')])]);
  assert.equal(plain, through);
  return plain;
}

test('a place is inside by where it leads, whether it is there yet or not', async () => {
  for (const file of [
    ...['desk', 'desk/real', 'desk/inner', 'desk/inner/deep', 'desk/new', 'desk/new/newer', 'desk/inner/new/newer'],
    ...[
      'desk/back',
      'desk/back/new',
      'desk/own.json',
      'desk/own-link.json',
      'link/new',
      'outside/home/new',
      'desk/..x',
    ],
  ])
    assert.ok(await inside(file), file);
});

test('it is not where a link leads out, at its end or on the way, before or after what is not there yet', async () => {
  for (const file of [
    ...['outside', 'desker', '', 'desk/out', 'desk/out/deep', 'desk/out/new', 'desk/out/new/newer', 'desk/absolute/x'],
    ...['desk/twice', 'desk/twice/new', 'desk/real/up/outside', 'desk/real/up', 'desk/theirs.json', 'desk/beside/x'],
    ...[
      'link/out/new',
      'desk/../outside/x',
      'desk/nowhere',
      'desk/nowhere/new',
      'desk/loop',
      'desk/loop/x',
      'desk/own.json/x',
    ],
  ])
    assert.ok(!(await inside(file)), file);
});

test('what is not there yet is where it will be made', async () => {
  assert.equal(await realPath(at('link/inner/a/b')), at('desk/real/a/b'));
  mkdirSync(at('link/inner/a/b'), { recursive: true });
  assert.equal(realpathSync(at('link/inner/a/b')), at('desk/real/a/b'));
});
