import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EnginePool } from '../../src/host/enginePool.js';
import { chooseNode, systemNode } from '../../src/extension/systemNode.js';
import { temporaryFolder } from '../engine/temporary.js';

const folder = temporaryFolder();
const fixture = path.join(import.meta.dirname, '..', 'fixtures', 'checkpoints', 'llama-fp32');
const large = path.join(folder, 'large');
cpSync(fixture, large, { recursive: true });
truncateSync(path.join(large, 'model.safetensors'), 2 ** 31); // a hole

if (process.platform !== 'win32')
  test('the first Node on the PATH that is new enough, and none of a relative folder', () => {
    const bin = (name: string, version: string): string => {
      const place = path.join(folder, name);
      mkdirSync(place);
      writeFileSync(path.join(place, 'node'), `#!/bin/sh\necho ${version}\n`);
      chmodSync(path.join(place, 'node'), 0o755);
      return place;
    };
    const [old, mute, right, later] = [
      bin('old', 'v18.20.0'),
      bin('mute', ''),
      bin('right', 'v20.19.0'),
      bin('later', 'v24.1.0'),
    ];
    const first = (...places: string[]): string | undefined => systemNode({ PATH: places.join(path.delimiter) });
    assert.equal(first(path.join(folder, 'nothing'), old, mute, right, later), path.join(right, 'node'));
    assert.equal(first(path.relative(process.cwd(), right), later), path.join(later, 'node'));
    assert.equal(first(old, ''), undefined);
  });

test('a person’s choice holds; else large models on Electron get a Node of the machine’s', () => {
  const at = { setting: undefined, modelPath: fixture, trapped: false, onElectron: true };
  assert.equal(chooseNode({ ...at, setting: '/my/node', modelPath: large }), '/my/node');
  assert.equal(chooseNode({ ...at, setting: 'electron', modelPath: large, trapped: true }), undefined);
  assert.equal(chooseNode(at), undefined);
  assert.equal(chooseNode({ ...at, modelPath: large, onElectron: false }), undefined);
  const node = systemNode();
  assert.ok(node !== undefined, 'the Node that runs this test is on the PATH');
  assert.equal(chooseNode({ ...at, modelPath: large }), node);
  assert.equal(chooseNode({ ...at, trapped: true }), node);
});

if (process.platform !== 'win32')
  test('an engine that its allocator ended is followed by one on another Node, and says so', async () => {
    const file = path.join(import.meta.dirname, '..', 'host', 'fakeEngine.cjs');
    for (const other of [process.execPath, undefined]) {
      const asked: boolean[] = [];
      const pool = new EnginePool({
        file,
        node: (_, trapped) => {
          asked.push(trapped);
          return trapped ? other : undefined;
        },
        graceMilliseconds: () => 60_000,
        log: () => undefined,
      });
      try {
        const never = { signal: new AbortController().signal };
        const lease = await pool.acquire('/models/a', 'cpu', never);
        const [pid = 0] = pool.pids;
        process.kill(pid, 'SIGTRAP');
        const fault = await lease.ended;
        assert.equal(fault?.code, 'engine-died');
        assert.match(
          fault.hint ?? '',
          other === undefined ? /Set "Node Executable" of Embedding Grid/ : /Generate computes with the one at /,
        );
        lease.release();
        (await pool.acquire('/models/a', 'cpu', never)).release();
        assert.equal(asked.at(-1), true);
      } finally {
        await pool.dispose();
      }
    }
  });
