import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Results, Session, Tensor } from '../../src/engine/session.js';
import { lowerIdsFirst } from '../../src/engine/ties.js';
import { CUT } from '../../src/onnx/cut/names.js';
import { leaveCells } from '../../src/onnx/cut/outputs.js';
import { DataType, Graph, valueInfo } from '../../src/onnx/graph.js';
import { randomNumbers } from '../map/syntheticMap.js';

const VOCABULARY = 40;

/** What a cut graph gives of logits, [cells, vocabulary], with what settles ties. */
async function topOf(logits: Float32Array, k: number): Promise<Results> {
  const given = Graph.of(
    {
      node: [],
      initializer: [],
      input: [valueInfo('z', DataType.FLOAT, ['cells', VOCABULARY])],
      output: [],
      valueInfo: [],
    },
    new Map([['', 13]]),
    8n,
  );
  const exit = leaveCells(given, 'z', 2, { kind: 'top', k, masked: false, functional: false, tiesOf: VOCABULARY });
  const graph = given.with({ nodes: exit.nodes, initializers: exit.initializers, outputs: exit.outputs });
  const session = await Session.create(graph, { folder: '' }, { provider: 'cpu', prepack: false });
  const found = await session.run({ z: new Tensor('float32', logits, [logits.length / VOCABULARY, VOCABULARY]) });
  await session.release();
  return found;
}

test('of equal logits the lower id comes first, whatever order a device gives them in', async () => {
  const random = randomNumbers(7);
  const cells = 60;
  // Few values, so that ties are everywhere: in front, in the middle, and across the end of the k. Masked tokens are equal, too.
  const logits = Float32Array.from({ length: cells * VOCABULARY }, (_, i) => {
    const values = 1 + (Math.floor(i / VOCABULARY) % 12);
    return random() < 0.2 ? -Infinity : Math.floor(random() * values) - 3;
  });
  for (const k of [1, 2, 7, VOCABULARY]) {
    const found = await topOf(logits, k);
    const [ids, top, notBelow] = [CUT.ids, CUT.top, CUT.notBelow].map((name) => found[name]?.data);
    assert.ok(ids instanceof Int32Array && top instanceof Float32Array && notBelow instanceof Float32Array);
    const unordered = Int32Array.from(ids);
    const truth: number[] = [];
    for (let cell = 0; cell < cells; cell++) {
      const row = logits.subarray(cell * VOCABULARY, (cell + 1) * VOCABULARY);
      const value = (id: number): number => row[id] ?? NaN;
      const order = [...row.keys()].sort((a, b) => (value(a) === value(b) ? a - b : value(b) - value(a)));
      truth.push(...order.slice(0, k));
      const shuffled = order.map((id) => ({ id, at: random() }));
      shuffled.sort((a, b) => (value(a.id) === value(b.id) ? a.at - b.at : value(b.id) - value(a.id)));
      unordered.set(
        shuffled.slice(0, k).map(({ id }) => id),
        cell * k,
      );
    }
    assert.deepEqual([...ids], truth, 'the CPU breaks ties');
    assert.deepEqual([...lowerIdsFirst({ ids: unordered, logits: top, notBelow }, k, VOCABULARY)], truth, `k = ${k}`);
    if (k > 1) assert.notDeepEqual([...unordered], truth, 'nothing was shuffled');
  }
});
