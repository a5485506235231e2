import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { AffineMap } from '../../src/engine/affine.js';
import { Grounds } from '../../src/engine/grounds.js';
import { Model } from '../../src/engine/model/model.js';
import { readParameters } from '../../src/engine/reading.js';
import { coordinates } from '../../src/map/grid.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import './inProcess.js';
import { llama, seededWeights, TINY } from './llama.js';
import { temporaryFolder } from './temporary.js';

const file = join(temporaryFolder(), 'tiny.onnx');
writeFileSync(file, llama(TINY, seededWeights(2)).toBytes());
const model = Model.open(file, 'cpu');
const grounds = Grounds.of(model);
const { variant } = grounds.plain;
after(() => grounds.release());

/** Rows of a map at the last layer, by a model that adds `bend` to every other token at the last point, which is no probe but a check. */
async function rowsOf(context: TestContext, bend: number) {
  const { plan, found } = await readParameters({ model, grounds }, DEFAULT_PARAMETERS);
  const runner = await variant.runner({ ...plan, output: { kind: 'head' } });
  const logits = runner.logits.bind(runner);
  context.mock.method(runner, 'logits', async (points: Float32Array, count: number) => {
    const all = await logits(points, count);
    return all.map((logit, i) => (i >= all.length - all.length / count && i % 2 === 0 ? logit + bend : logit));
  });
  return AffineMap.find(variant, plan, found.plane, coordinates(DEFAULT_PARAMETERS.grid), 'key');
}

test('rows that say what the graph says stand for it', async (context) => {
  const rows = await rowsOf(context, 0);
  assert.ok(rows instanceof AffineMap && rows.largestDifference < 1e-4);
});

test('rows that differ from the graph are not taken, and the reason has the figure', async (context) => {
  const rows = await rowsOf(context, 0.01);
  assert.ok(!(rows instanceof AffineMap));
  const [, by] = /^three rows differ from the graph by (\S+) in log-probability$/.exec(rows.reason) ?? [];
  assert.ok(Number(by) > 0.001 && Number(by) <= 0.0101, rows.reason);
});

test('nor are rows of a graph that gives no numbers', async (context) => {
  const rows = await rowsOf(context, NaN);
  assert.ok(!(rows instanceof AffineMap));
});
