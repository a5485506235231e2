import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as v from 'valibot';
import { Model } from '../../src/engine/model/model.js';
import type { CellPlan } from '../../src/engine/model/plan.js';
import { Variant } from '../../src/engine/model/variant.js';
import './inProcess.js';
import { findBlocks } from '../../src/onnx/blocks.js';
import type { GraphIntervention } from '../../src/onnx/intervene.js';
import { judgement, readTruth, referenceFolders } from './truth.js';

/**
 * Interventions beside PyTorch's hooks: on the models kept in the project, or on all float32 exports of the folders that
 * REFERENCE_MODELS and REFERENCE_INTERVENTIONS name.
 */

const array = v.object({ shape: v.array(v.number()), data: v.array(v.number()) });
const block = v.number();
const truthSchema = v.object({
  architecture: v.string(),
  context: v.object({ prompt: v.array(v.number()) }),
  plane: v.object({ c: v.array(v.number()), u: v.array(v.number()), v: v.array(v.number()) }),
  grid: v.object({ xs: v.array(v.number()), ys: v.array(v.number()) }),
  cases: v.array(
    v.object({
      intervention: v.variant('kind', [
        v.object({ kind: v.literal('none') }),
        v.object({ kind: v.literal('skip-block'), block }),
        v.object({ kind: v.literal('zero-attention'), block }),
        v.object({ kind: v.literal('zero-mlp'), block }),
        v.object({ kind: v.literal('zero-head'), block, head: v.number(), heads: v.number() }),
        v.object({ kind: v.literal('add-vector'), block, vector: v.array(v.number()) }),
      ]),
      top5_ids: array,
      top5_logprob: array,
      margin: array,
    }),
  ),
});
type Case = v.InferOutput<typeof truthSchema>['cases'][number];

const folder = process.env.REFERENCE_INTERVENTIONS ?? join(import.meta.dirname, '..', 'fixtures', 'interventions');
const table: string[] = [];

const interventionOf = ({ intervention: one }: Case): readonly GraphIntervention[] => {
  switch (one.kind) {
    case 'none':
      return [];
    case 'skip-block':
      return [{ kind: 'skip', block: one.block }];
    case 'zero-attention':
      return [{ kind: 'replace', block: one.block, part: 'attention', by: null }];
    case 'zero-mlp':
      return [{ kind: 'replace', block: one.block, part: 'mlp', by: null }];
    case 'zero-head':
      return [{ kind: 'heads', block: one.block, heads: [one.head], by: null }];
    case 'add-vector':
      return [{ kind: 'add', block: one.block, vector: Float32Array.from(one.vector), positions: 'last' }];
  }
};

describe('interventions', { concurrency: 1 }, () => {
  for (const place of referenceFolders()) {
    const exported = readTruth(place);
    const architecture = exported.name.split('-').at(-1) ?? '';
    const file = join(folder, `${architecture}.json`);
    const judged = judgement(exported, 'forward');
    // Exports that changed the model are judged by what they say themselves; these answers are PyTorch's.
    if (exported.export.dtype !== 'fp32' || judged?.by !== 'results' || !existsSync(file)) continue;
    test(`${basename(place)}: as PyTorch's hooks, whether a prefix is kept or not`, async () => {
      const model = Model.open(join(place, exported.export.file), 'cpu');
      const truth = v.parse(truthSchema, JSON.parse(readFileSync(file, 'utf8')));
      for (const one of truth.cases) await checkCase(model, basename(place), truth, one, judged.tolerance);
    });
  }
  after(() =>
    console.log(['model and intervention, worst log-probability, top-1 outside margins', ...table].join('\n')),
  );
});

async function checkCase(
  model: Model,
  name: string,
  truth: v.InferOutput<typeof truthSchema>,
  one: Case,
  tolerance: number,
): Promise<void> {
  const { plane, grid, context } = truth;
  const points = grid.ys.flatMap((y) =>
    grid.xs.map((x) =>
      plane.c.map((c, i) =>
        Math.fround(Math.fround(c + Math.fround(x * (plane.u[i] ?? 0))) + Math.fround(y * (plane.v[i] ?? 0))),
      ),
    ),
  );
  const variant = Variant.of(model, interventionOf(one));
  const { vocabularySize } = model.facts;
  const plan: CellPlan = {
    layer: 0,
    readout: 'forward',
    prefix: context.prompt.slice(0, -1),
    own: context.prompt.at(-1) ?? 0,
    suffix: [],
    output: { kind: 'logits' },
  };
  let worst = 0;
  let agree = 0;
  let clear = 0;
  const recomputed = { ...model.manner, prefix: { way: 'recomputed', reason: 'for comparison' } } as const;
  for (const manner of [model.manner, recomputed]) {
    const runner = await variant.runner({ ...plan, manner });
    const logits = await runner.logits(Float32Array.from(points.flat()), points.length);
    points.forEach((_, point) => {
      const row = logits.subarray(point * vocabularySize, (point + 1) * vocabularySize);
      const top = row.reduce((most, z) => Math.max(most, z), -Infinity);
      const normalizer = top + Math.log(row.reduce((sum, z) => sum + Math.exp(z - top), 0));
      for (let k = 0; k < 5; k++) {
        const expected = one.top5_logprob.data[point * 5 + k] ?? NaN;
        worst = Math.max(worst, Math.abs((row[one.top5_ids.data[point * 5 + k] ?? -1] ?? NaN) - normalizer - expected));
      }
      if ((one.margin.data[point] ?? 0) <= 2e-4) return;
      clear++;
      agree += Number(row.indexOf(top) === one.top5_ids.data[point * 5]);
    });
  }
  await variant.release();
  const { kind } = one.intervention;
  const where = kind === 'none' ? '' : ` at ${one.intervention.block}`;
  table.push(`${name.padEnd(30)} ${`${kind}${where}`.padEnd(20)} ${worst.toExponential(1)}  ${agree} of ${clear}`);
  assert.ok(worst <= tolerance, `${kind}: ${worst}`);
  assert.equal(agree, clear, kind);
}

test('every block of every kept model shows what attention and MLP add, and where the attention heads are joined', () => {
  assert.ok(referenceFolders().length > 0 && readdirSync(folder).length > 0);
  for (const place of referenceFolders()) {
    const truth = readTruth(place);
    const blocks = findBlocks(Model.open(join(place, truth.export.file), 'cpu').anatomy);
    assert.equal(blocks.length, truth.model.n_layers);
    for (const { attention, mlp, heads } of blocks)
      assert.ok('found' in attention && 'found' in mlp && 'found' in heads, truth.name);
  }
});
