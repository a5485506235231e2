import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = path.resolve(import.meta.dirname, '..');
const eslint = new ESLint({ cwd: root, overrideConfig: [tseslint.configs.disableTypeChecked] });

/** Rules that hold the rooms apart, as they fire on a file of a room. */
async function broken(room: string, code: string): Promise<string[]> {
  const results = await eslint.lintText(code, { filePath: path.join(root, room, 'example.ts') });
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
