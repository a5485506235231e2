import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';

const root = path.resolve(import.meta.dirname, '..');
const eslint = new ESLint({ cwd: root });

/** The library's door: a room of one file. */
const LIBRARY = 'src/index.ts';

/** Rules that hold the rooms apart, as they fire on a file of a room. */
async function broken(room: string, code: string, file = 'example.ts'): Promise<string[]> {
  const results = await eslint.lintText(code, { filePath: path.join(root, room, room === LIBRARY ? '' : file) });
  const messages = results.flatMap((result) => result.messages);
  return messages.map(({ ruleId }) => ruleId ?? '').filter((rule) => rule.includes('restricted'));
}

/** An import of some module of another room. */
function importOf(from: string, to: string): string {
  const folder = path.join(root, to);
  const inside = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const file = to.endsWith('.ts')
    ? ''
    : `/${inside().find((name) => /(?<!\.d)\.ts$/.test(name) && name !== 'client.ts') ?? ''}`;
  const target = path.posix
    .relative(from === LIBRARY ? path.posix.dirname(from) : from, to + file)
    .replace(/\.ts$/, '.js');
  return `import * as other from '${target.startsWith('.') ? target : `./${target}`}';\nother;\n`;
}

const CONTRIBUTING = readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8');
/** The table of rooms: what each holds, and which it may import. */
const TABLE = [...CONTRIBUTING.matchAll(/^\| `([^`]+)` *\|([^|]*)\|([^|]*)\|$/gm)].map(
  ([, room = '', holds = '', may = '']) => ({
    room,
    pure: holds.trim().endsWith('Pure'),
    may: [...may.matchAll(/`([^`]+)`/g)].map(([, name = '']) => `src/${name}`),
  }),
);
const CLIENT = 'src/engine/client.ts';
const ROOMS = TABLE.map(({ room }) => room).filter((room) => room !== LIBRARY);

test('the table has every room', () => {
  const folders = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual([...ROOMS].sort(), [...folders.map(({ name }) => `src/${name}`), 'webview'].sort());
  assert.ok(TABLE.some(({ room }) => room === LIBRARY));
});

test('CONTRIBUTING.md names files and folders that are there', () => {
  const named = [...CONTRIBUTING.matchAll(/`((?:src|webview|test|docs|media)\/[^` ]*)`/g)].map(
    ([, place = '']) => place,
  );
  assert.ok(named.length > 20);
  const gone = named.filter((place) => !place.includes('NAME') && !existsSync(path.join(root, place)));
  assert.deepEqual(gone, []);
});

for (const { room: from, may } of TABLE)
  test(`${from} imports the rooms that it may, and no other`, async () => {
    for (const to of [...ROOMS, CLIENT]) {
      if (to === from) continue;
      const allowed = may.includes(to) || (from === 'src/engine' && to === CLIENT);
      const rules = await broken(from, importOf(from, to));
      assert.deepEqual(rules, allowed ? [] : ['import-x/no-restricted-paths'], `${from} imports ${to}`);
    }
  });

test('Node’s own modules stay out of the rooms that run in a page', async () => {
  for (const code of [
    `import fs from 'node:fs'; fs;`,
    `import fs from 'fs'; fs;`,
    `export * from 'node:path';`,
    `import type { Stats } from 'node:fs'; export type T = Stats;`,
    `await import('node:fs');`,
  ])
    for (const { room, pure } of TABLE) assert.equal((await broken(room, code)).length, pure ? 1 : 0, room + code);
  assert.deepEqual(await broken('src/map', 'export const pid = process.pid;'), ['no-restricted-globals']);
  assert.deepEqual(await broken('src/cli', 'export const pid = process.pid;'), []);
});

test('vscode is loaded by the extension alone, onnxruntime-node by the engine alone', async () => {
  for (const [name, owner] of [
    ['vscode', 'src/extension'],
    ['onnxruntime-node', 'src/engine'],
  ] as const)
    for (const code of [`import * as it from '${name}'; it;`, `await import('${name}');`, `require('${name}');`])
      for (const room of ROOMS) assert.equal((await broken(room, code)).length > 0, room !== owner, `${room}: ${code}`);
});

test('words reach VS Code through one door, which shows text as text', async () => {
  for (const code of [
    `import * as vscode from 'vscode'; await vscode.window.showErrorMessage('');`,
    `import { window } from 'vscode'; await window.showInformationMessage('');`,
    `import * as vscode from 'vscode'; const { window: w } = vscode; await w['showWarningMessage']('');`,
    `import * as vscode from 'vscode'; const { showQuickPick: ask } = vscode.window; await ask([]);`,
    `import * as vscode from 'vscode'; await vscode.window.withProgress({ location: 15 }, async () => undefined);`,
    `import * as vscode from 'vscode'; vscode.window.setStatusBarMessage('');`,
    `import * as vscode from 'vscode'; vscode.window.createStatusBarItem();`,
    `import * as vscode from 'vscode'; vscode.window.createQuickPick();`,
    `import * as vscode from 'vscode'; await vscode.window.showInputBox();`,
    `import * as vscode from 'vscode'; vscode.window.createTreeView('', { treeDataProvider });`,
    `import * as vscode from 'vscode'; new vscode.TreeItem('');`,
    `import * as vscode from 'vscode'; new vscode.MarkdownString('');`,
    `import { MarkdownString as Text } from 'vscode'; new Text('');`,
  ]) {
    assert.equal((await broken('src/extension', code)).length, 1, code);
    assert.equal((await broken('src/extension/views', code)).length, 1, code);
    assert.deepEqual(await broken('src/extension', code, 'window.ts'), [], code);
  }
});
