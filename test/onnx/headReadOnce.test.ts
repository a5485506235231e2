import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Model } from '../../src/engine/model/model.js';
import { Tensor } from '../../src/engine/session.js';
import { cutCells } from '../../src/onnx/cut.js';
import type { CellOutput } from '../../src/onnx/cut/cellCut.js';
import { CUT } from '../../src/onnx/cut/names.js';
import '../engine/inProcess.js';
import { random } from '../engine/llama.js';

/**
 * Three rows read the largest weight of a model once, as it lies in its file: the head's matrix [vocabulary, width] is on the left of
 * its product. What comes out is what the head's own product gives.
 */

const checkpoints = join(import.meta.dirname, '..', 'fixtures', 'checkpoints');
const FOLDERS = {
  'llama-fp32': 'untied, float32',
  'gpt2-fp16': 'tied, float16',
  'gemma3-bf16-sharded': 'tied, bfloat16',
  'falcon_rw6-bf16': 'bfloat16, behind a LayerNorm',
};

for (const [name, what] of Object.entries(FOLDERS))
  test(`a head (${what}) is read as it lies, and says the same`, async () => {
    const model = Model.open(join(checkpoints, name), 'cpu');
    const { blocks, hiddenSize, vocabularySize } = model.facts;
    const cutTo = (output: CellOutput) =>
      cutCells(model.anatomy, { layer: blocks - 1, around: { prefix: false, suffix: false }, output });
    const [once, own] = [cutTo({ kind: 'head' }), cutTo({ kind: 'logits' })];
    const product = once.nodes.find(({ opType }) => opType === 'Gemm');
    const cast = once.producers.get(product?.input[0] ?? '');
    const matrix = once.initializers.get(cast?.input[0] ?? product?.input[0] ?? '');
    assert.deepEqual(matrix?.dims.map(Number), [vocabularySize, hiddenSize]);
    assert.ok(
      !own.nodes.some(({ input }) => input[0] === product?.input[0]),
      'the head’s own product has it on the right',
    );

    for (const count of [1, 13]) {
      const states = Float32Array.from({ length: count * hiddenSize }, random(count));
      const numbers = [];
      for (const graph of [once, own]) {
        const session = await model.session(graph, false);
        const cells = new Tensor('float32', states, [count, 1, hiddenSize]);
        const feeds = { ...model.plainFeeds(graph, { batch: count, past: 0, ids: [0] }), [CUT.cells]: cells };
        const data: unknown = (await session.run(feeds))[CUT.logits]?.data;
        assert.ok(data instanceof Float32Array);
        numbers.push(data.slice());
        await session.release();
      }
      const [left = new Float32Array(0), right] = numbers;
      assert.equal(left.length, count * vocabularySize);
      left.forEach((z, i) => assert.ok(Math.abs(z - (right?.[i] ?? NaN)) < 1e-5, `${z}, not ${right?.[i]}`));
    }
  });
