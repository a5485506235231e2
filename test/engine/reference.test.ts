import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { computeMap } from '../../src/engine/client.js';
import {
  type Context,
  DEFAULT_PARAMETERS,
  type Layer,
  type MapParameters,
  type Readout,
} from '../../src/map/specification.js';
import type { Cells } from '../../src/map/tokenMap.js';
import { encodeVector } from '../../src/map/vector.js';
import { givenPlane } from './givenPlane.js';
import { type EngineHere, withEngineHere } from './engineHere.js';
import { judgement, readTruth, referenceFolders, type Truth, type TruthResult } from './truth.js';

/** Every answer of every reference model, asked of the engine process as any other map is. */

const TOP = 24;
const ALONE: Context = { kind: 'none' };
const table: string[] = [];

describe('reference models', { concurrency: 1 }, () => {
  for (const folder of referenceFolders()) {
    test(basename(folder), { timeout: 300_000 }, () => checkModel(folder));
  }
  after(() => {
    console.log(`\n${'model'.padEnd(30)} ${'exporter'.padEnd(28)} layers  worst log-p  own state   A's cell  top-1`);
    for (const line of table) console.log(line);
  });
});

async function checkModel(folder: string): Promise<void> {
  const truth = readTruth(folder);
  await withEngineHere(async (engine) => {
    const description = await engine.call('open', { path: join(folder, truth.export.file), device: 'cpu' });
    assert.equal(description.facts.blocks, truth.model.n_layers);
    assert.equal(description.facts.hiddenSize, truth.model.hidden_size);
    assert.equal(description.facts.vocabularySize, truth.model.vocab_size);
    for (const { layer, tensor, aliases } of truth.residual) {
      const found = description.residual[layer + 1]?.tensor ?? '';
      if (tensor !== null)
        assert.ok(found === tensor || aliases.includes(found), `layer ${layer}: ${found}, not ${tensor}`);
    }
    for (const check of description.checks) {
      if (/identity|causality|blocks/.test(check.name)) assert.notEqual(check.outcome, 'failed', check.detail);
    }

    const score = { worst: 0, agree: 0, points: 0 };
    for (const readout of ['forward', 'lens', 'unembed'] as const) {
      const judged = judgement(truth, readout);
      if (!judged) continue;
      const results = judged.by === 'results' ? truth.results : (truth.as_exported?.results ?? []);
      for (const result of results.filter((r) => r.readout === readout)) {
        await checkResult(engine, truth, result, judged.tolerance, score);
      }
    }
    assert.ok(score.points > 0, 'the truth has no answers for this model');
    if (!['fp32', 'fp16'].includes(truth.export.dtype)) await checkLensAgainstForward(engine, truth);
    const own = await checkOwnStates(engine, truth, description.facts.blocks);
    const anchored = await checkPromptPlanes(engine, truth, description.facts.blocks);
    table.push(
      [
        truth.name.padEnd(30),
        truth.export.exporter.slice(0, 28).padEnd(28),
        String(description.facts.blocks).padStart(6),
        score.worst.toExponential(1).padStart(12),
        own.toExponential(1).padStart(10),
        anchored.toExponential(1).padStart(10),
        `${((100 * score.agree) / score.points).toFixed(1)} %`.padStart(8),
      ].join(' '),
    );
  });
}

const layerOf = (layer: number): Layer => (layer < 0 ? 'embeddings' : layer);

function parametersOf(
  truth: Truth,
  plane: { c: number[]; u: number[]; v: number[] },
  layer: number,
  readout: Readout,
  context: Context,
  grid: MapParameters['grid'],
): MapParameters {
  const vector = (values: number[]): string => encodeVector(Float32Array.from(values));
  return {
    ...DEFAULT_PARAMETERS,
    layer: layerOf(layer),
    readout,
    context,
    plane: givenPlane({ c: vector(plane.c), u: vector(plane.u), v: vector(plane.v) }),
    grid,
    topK: Math.min(TOP, truth.model.vocab_size),
  };
}

async function mapCells(engine: EngineHere, parameters: MapParameters): Promise<Cells> {
  const map = await computeMap(engine, { parameters, batchSize: 49 });
  assert.ok(map.cells.computed.every((c) => c === 1));
  return map.cells;
}

const contextOf = (truth: Truth, name: string | null): Context =>
  name === 'prompt' ? { kind: 'tokens', ids: truth.contexts.prompt.input_ids } : ALONE;

async function checkResult(
  engine: EngineHere,
  truth: Truth,
  result: TruthResult,
  tolerance: number,
  score: { worst: number; agree: number; points: number },
): Promise<void> {
  const plane = truth.planes.find((p) => p.layer === result.layer);
  assert.ok(plane);
  const name = `${truth.name}, layer ${result.layer}, ${result.readout}, ${result.context ?? 'no context'}`;
  for (const [g, { xs, ys }] of truth.grids.entries()) {
    const spacing = (xs[1] ?? 0) - (xs[0] ?? 0);
    const grid = { columns: xs.length, rows: ys.length, spacing, center: [0, 0] as const };
    const cells = await mapCells(
      engine,
      parametersOf(truth, plane, result.layer, result.readout, contextOf(truth, result.context), grid),
    );
    const k = cells.topK;
    for (let cell = 0; cell < xs.length * ys.length; cell++) {
      const point = g * xs.length * ys.length + cell;
      const found = new Map(
        Array.from({ length: k }, (_, i) => [
          cells.ids[cell * k + i],
          Math.log(cells.probabilities[cell * k + i] ?? 0),
        ]),
      );
      for (let i = 0; i < 5; i++) {
        const id = result.top5_ids.data[point * 5 + i] ?? -1;
        const difference = Math.abs((found.get(id) ?? -Infinity) - (result.top5_logprob.data[point * 5 + i] ?? 0));
        score.worst = Math.max(score.worst, difference);
        assert.ok(difference <= tolerance, `${name}, point ${point}, token ${id}: off by ${difference} > ${tolerance}`);
      }
      score.points++;
      if (cells.ids[cell * k] === result.top5_ids.data[point * 5]) score.agree++;
      else assert.ok((result.margin.data[point] ?? Infinity) < 2 * tolerance, `${name}, point ${point}: another token`);
      const entropy = Math.abs((cells.entropy[cell] ?? NaN) - (result.entropy.data[point] ?? 0));
      assert.ok(entropy <= Math.max(1e-3, tolerance * 10), `${name}, point ${point}: entropy off by ${entropy}`);
    }
  }
}

/** Quantised models have no truth for the lens; it must be the last layer's forward readout at every layer. */
async function checkLensAgainstForward(engine: EngineHere, truth: Truth): Promise<void> {
  const plane = truth.planes[0];
  assert.ok(plane);
  const grid = { columns: 7, rows: 7, spacing: 0.25, center: [0, 0] as const };
  const last = truth.model.n_layers - 1;
  const forward = await mapCells(engine, parametersOf(truth, plane, last, 'forward', ALONE, grid));
  for (const layer of [-1, 0, last]) {
    const lens = await mapCells(engine, parametersOf(truth, plane, layer, 'lens', ALONE, grid));
    lens.probabilities.forEach((p, i) => {
      assert.ok(Math.abs(Math.log(p) - Math.log(forward.probabilities[i] ?? 0)) <= 1e-4);
    });
  }
}

/** A prompt's own hidden state, put back at any layer, gives the model's own prediction. */
async function checkOwnStates(engine: EngineHere, truth: Truth, blocks: number): Promise<number> {
  const judged = judgement(truth, 'forward');
  assert.ok(judged);
  const states = truth.as_exported?.h_star ?? truth.h_star;
  const own = logProbabilities(truth.own_logits_prompt.data);
  // The file's own logits were computed with onnxruntime's optimiser, which alone moves quantised models this far.
  const tolerance = judged.tolerance + truth.own_vs_pytorch.optimised_vs_unoptimised_max_abs_logprob_diff;
  let worst = 0;
  for (let layer = -1; layer < blocks; layer++) {
    const state = states.find((s) => s.layer === layer)?.data;
    assert.ok(state, `no state at layer ${layer}`);
    const zero = state.map(() => 0);
    const context: Context = { kind: 'tokens', ids: truth.own_logits_prompt.input_ids };
    const grid = { columns: 1, rows: 1, spacing: 1, center: [0, 0] as const };
    const cells = await mapCells(
      engine,
      parametersOf(truth, { c: state, u: zero, v: zero }, layer, 'forward', context, grid),
    );
    for (let i = 0; i < 5; i++) {
      const difference = Math.abs(Math.log(cells.probabilities[i] ?? 0) - (own[cells.ids[i] ?? -1] ?? 0));
      worst = Math.max(worst, difference);
      assert.ok(
        difference <= tolerance,
        `${truth.name}: own state at layer ${layer} is off by ${difference} > ${tolerance}`,
      );
    }
  }
  return worst;
}

/**
 * A plane laid through the hidden states of three prompts, with the first one as context: at its place the model says what it
 * says of that prompt itself.
 */
async function checkPromptPlanes(engine: EngineHere, truth: Truth, blocks: number): Promise<number> {
  const judged = judgement(truth, 'forward');
  assert.ok(judged);
  const { input_ids: ids, data } = truth.own_logits_prompt;
  const own = logProbabilities(data);
  const ranked = [...own.keys()].sort((a, b) => (own[b] ?? 0) - (own[a] ?? 0));
  const tolerance = judged.tolerance + truth.own_vs_pytorch.optimised_vs_unoptimised_max_abs_logprob_diff;
  const margin = (own[ranked[0] ?? 0] ?? 0) - (own[ranked[1] ?? 0] ?? 0);
  const other = (step: number): number[] => ids.map((id, i) => (id + step * (i + 1)) % truth.model.vocab_size);
  let worst = 0;
  for (let layer = -1; layer < blocks; layer++) {
    const map = await computeMap(engine, {
      parameters: {
        ...DEFAULT_PARAMETERS,
        layer: layerOf(layer),
        context: { kind: 'tokens', ids },
        plane: {
          ...DEFAULT_PARAMETERS.plane,
          axes: { method: 'directions', x: { kind: 'tokens', ids: other(3) }, y: { kind: 'tokens', ids: other(7) } },
          center: { kind: 'tokens', ids },
        },
        grid: { columns: 3, rows: 3, spacing: 0.5, center: [0, 0] },
      },
      batchSize: 100,
    });
    assert.deepEqual(
      map.survey?.marks.map(({ badge, x, y }) => [badge, Math.round(x * 1e4) / 1e4, Math.round(y * 1e4) / 1e4]),
      [
        ['A', 0, 0],
        ['B', 1, 0],
        ['C', 0, 1],
      ],
    );
    const { ids: found, probabilities, topK } = map.cells;
    if (margin > 2 * tolerance)
      assert.equal(found[4 * topK], ranked[0], `${truth.name}, layer ${layer}: another token`);
    for (let i = 4 * topK; i < 4 * topK + 5; i++)
      worst = Math.max(worst, Math.abs(Math.log(probabilities[i] ?? 0) - (own[found[i] ?? -1] ?? 0)));
    assert.ok(worst <= tolerance, `${truth.name}: A's cell at layer ${layer} is off by ${worst} > ${tolerance}`);
  }
  return worst;
}

function logProbabilities(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const normalizer = top + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - top), 0));
  return logits.map((z) => z - normalizer);
}
