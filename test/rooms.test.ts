import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = path.resolve(import.meta.dirname, '..');
const eslint = new ESLint({ cwd: root, overrideConfig: [tseslint.configs.disableTypeChecked] });

/** Rules that hold the rooms apart, as they fire on a file of a room. */
async function broken(room: string, code: string, file = 'example.ts'): Promise<string[]> {
  const results = await eslint.lintText(code, { filePath: path.join(root, room, file) });
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
  const target = path.posix.relative(from, to + file).replace(/\.ts$/, '.js');
  return `import * as other from '${target.startsWith('.') ? target : `./${target}`}';\nother;\n`;
}

const ROOMS = [
  'src/map',
  'src/onnx',
  'src/protocol',
  'src/hub',
  'src/formats',
  'src/engine',
  'src/cli',
  'src/extension',
  'webview',
];
const CLIENT = 'src/engine/client.ts';
/** The table of rooms in README.md: which room may import which. */
const MAY: Record<string, readonly string[]> = {
  'src/map': [],
  'src/onnx': [],
  'src/protocol': ['src/map'],
  'src/hub': ['src/map'],
  'src/formats': ['src/map'],
  'src/engine': ['src/map', 'src/onnx', 'src/protocol', 'src/hub', CLIENT],
  'src/cli': ['src/map', 'src/formats', 'src/protocol', 'src/hub', CLIENT],
  'src/extension': ['src/map', 'src/onnx', 'src/formats', 'src/protocol', 'src/hub', CLIENT],
  webview: ['src/map', 'src/protocol'],
};

for (const from of ROOMS)
  test(`${from} imports the rooms that it may, and no other`, async () => {
    for (const to of [...ROOMS, CLIENT]) {
      if (to === from) continue;
      const rules = await broken(from, importOf(from, to));
      assert.deepEqual(rules, MAY[from]?.includes(to) ? [] : ['import-x/no-restricted-paths'], `${from} imports ${to}`);
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
    for (const room of ROOMS) {
      const rules = await broken(room, code);
      assert.equal(
        rules.length,
        ['src/map', 'src/onnx', 'src/protocol', 'webview'].includes(room) ? 1 : 0,
        room + code,
      );
    }
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
    assert.equal((await broken('src/extension/panel', code)).length, 1, code);
    assert.deepEqual(await broken('src/extension', code, 'window.ts'), [], code);
  }
});
