import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ranOutOfMemory } from '../../src/engine/client.js';
import { edited, type Graph, int64Tensor, node } from '../../src/onnx/graph.js';
import { withEngine } from './engine.js';
import { llama, seededWeights, TINY } from './llama.js';
import { faultOf } from './sentences.js';
import { temporaryFolder } from './temporary.js';

/** A sound decoder of some kB, behind whose first block a tensor of this many numbers is made and thrown away. */
function bomb(numbers: number): Graph {
  const sound = llama(TINY, seededWeights());
  const nodes = sound.nodes.map((n) => (n.output.includes('h1') ? edited(n, { name: 'was', output: ['was'] }) : n));
  return sound.with({
    nodes: [
      ...nodes,
      node('ConstantOfShape', ['bomb/size'], ['bomb/zeros']),
      node('ReduceMax', ['bomb/zeros'], ['bomb/zero'], { keepdims: 1n }),
      node('Add', ['was', 'bomb/zero'], ['h1']),
    ],
    initializers: [...sound.initializers.values(), int64Tensor('bomb/size', [numbers])],
  });
}

// Only Linux tells how much memory is a process's own.
if (process.platform === 'linux')
  test('a model that takes far more memory than one of its size ends for want of memory', async () => {
    const path = join(temporaryFolder(), 'bomb.onnx');
    writeFileSync(path, bomb(1e9).toBytes());
    await withEngine(async (engine) => {
      const fault = await faultOf(engine.call('open', { path, device: 'cpu' }));
      assert.ok(fault.code === 'memory' || ranOutOfMemory(fault), `${fault.code}: ${fault.message}`);
    });
  });

test('the same with a tensor that a model may have opens', async () => {
  const path = join(temporaryFolder(), 'control.onnx');
  writeFileSync(path, bomb(1e6).toBytes());
  await withEngine(async (engine) => {
    assert.equal((await engine.call('open', { path, device: 'cpu' })).facts.blocks, TINY.blocks);
  });
});
