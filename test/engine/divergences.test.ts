import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { computeMap, type Engine } from '../../src/engine/client.js';
import { DEFAULT_PARAMETERS, type Intervention, type MapParameters } from '../../src/map/specification.js';
import { encodeVector } from '../../src/map/vector.js';
import type { BesideParams, DivergenceParams } from '../../src/protocol/engine.js';
import { withEngine } from './engine.js';

/**
 * Divergences between maps, through the engine's door: laws on the models kept in the project, and truth in float64 where
 * REFERENCE_GEOMETRY, REFERENCE_MODELS and REFERENCE_INTERVENTIONS name the folders of it.
 */

const models = join(import.meta.dirname, '..', 'fixtures', 'models');
const LLAMA = join(models, 'optimum-past-llama_tied');
const PROMPT = { kind: 'tokens', ids: [5, 9, 2, 7] } as const;
const MAP: MapParameters = {
  ...DEFAULT_PARAMETERS,
  layer: 0,
  context: PROMPT,
  grid: { columns: 5, rows: 4, spacing: 0.7, center: [0.3, -0.2] },
  topK: 4,
};

const opened = <T>(path: string, work: (engine: Engine) => Promise<T>): Promise<T> =>
  withEngine(async (engine) => {
    await engine.call('open', { path, device: 'cpu', skipChecks: true });
    return work(engine);
  });

/** All of a grid's cells, in their order. */
async function divergencesOf(
  engine: Engine,
  parameters: MapParameters,
  beside: BesideParams,
  more: Partial<DivergenceParams> = {},
): Promise<{ ab: Float32Array; ba: Float32Array; js: Float32Array; bytes: number }> {
  const size = parameters.grid.columns * parameters.grid.rows;
  const found = { ab: new Float32Array(size), ba: new Float32Array(size), js: new Float32Array(size), bytes: 0 };
  const seen = new Set<number>();
  const result = await engine.call(
    'divergences',
    { parameters, beside, batchSize: 100, ...more },
    {
      onEvent: (event) => {
        if (event.kind === 'started') found.bytes = event.estimate.bytes;
        if (event.kind !== 'divergences') return;
        event.batch.indices.forEach((cell, i) => {
          seen.add(cell);
          for (const part of ['ab', 'ba', 'js'] as const) found[part][cell] = event.batch[part][i] ?? NaN;
        });
      },
    },
  );
  assert.equal(seen.size, result.cells);
  return found;
}

test('a map beside itself diverges nowhere, whatever it is made of', async () => {
  const maps: Partial<MapParameters>[] = [
    {},
    { readout: 'lens', layer: 'last' },
    { context: { kind: 'none' }, masked: [3, 4] },
  ];
  await opened(LLAMA, async (engine) => {
    for (const change of maps) {
      const { ab, ba, js } = await divergencesOf(engine, { ...MAP, ...change }, { parameters: { ...MAP, ...change } });
      for (const part of [ab, ba, js]) assert.deepEqual(part, new Float32Array(20));
    }
  });
});

test('the divergence from a prompt’s own prediction is what the map’s own question answers', async () => {
  await opened(LLAMA, async (engine) => {
    const zero = { kind: 'vector', vector: Buffer.from(new Float32Array(32).buffer).toString('base64') } as const;
    const description = await engine.call('open', { path: LLAMA, device: 'cpu' });
    assert.equal(description.facts.hiddenSize, 32);
    const everywhere: MapParameters = {
      ...MAP,
      plane: { ...MAP.plane, axes: { method: 'directions', x: zero, y: zero }, center: PROMPT },
    };
    const asked = await computeMap(engine, {
      parameters: { ...MAP, question: { kind: 'divergence' } },
      batchSize: 100,
    });
    const { ab } = await divergencesOf(engine, everywhere, { parameters: MAP });
    ab.forEach((value, cell) => {
      const answer = asked.cells.answers?.[cell] ?? NaN;
      assert.ok(answer > 1e-3 && Math.abs(value - answer) <= 1e-5 + 1e-4 * answer, `${cell}: ${value} ${answer}`);
    });
  });
});

test('swapping two models swaps the two KLs and nothing else; the estimate counts both', async () => {
  const other = join(models, 'dynamo-mask-op23-sdpa-llama');
  const open = (path: string) => ({ path, device: 'cpu', skipChecks: true }) as const;
  const there = await opened(LLAMA, async (engine) => {
    const own = await engine.call('estimate', { parameters: MAP, batchSize: 100 });
    const beside = { parameters: MAP, model: open(other) };
    const both = await engine.call('estimate', { parameters: MAP, batchSize: 100, beside });
    const found = await divergencesOf(engine, MAP, beside);
    assert.equal(found.bytes, both.bytes);
    assert.ok(both.bytes > own.bytes);
    return found;
  });
  const back = await opened(other, (engine) => divergencesOf(engine, MAP, { parameters: MAP, model: open(LLAMA) }));
  assert.deepEqual(there.ab, back.ba);
  assert.deepEqual(there.ba, back.ab);
  assert.deepEqual(there.js, back.js);
  assert.ok(there.ab.every((kl, cell) => kl > 0 && kl !== there.ba[cell]));
});

test('what cannot be compared is refused in a sentence', async () => {
  await opened(LLAMA, async (engine) => {
    const grid = { ...MAP.grid, columns: 6 };
    await assert.rejects(divergencesOf(engine, MAP, { parameters: { ...MAP, grid } }), /5 × 4 cells .* 6 × 4/);
    await assert.rejects(divergencesOf(engine, MAP, { parameters: { ...MAP, masked: [1] } }), /different tokens out/);
    const model = { path: join(import.meta.dirname, '..', '..', 'media', 'novella-3m'), device: 'cpu' } as const;
    await assert.rejects(divergencesOf(engine, MAP, { parameters: MAP, model }), /different vocabularies/);
  });
});

const side = v.object({
  export: v.string(),
  layer: v.number(),
  plane: v.string(),
  intervention: v.optional(v.object({ case: v.number() })),
});
const truthSchema = v.object({
  architecture: v.string(),
  context: v.object({ prompt_ids: v.array(v.number()) }),
  grid: v.object({ xs: v.array(v.number()) }),
  planes: v.record(v.string(), v.object({ c: v.string(), u: v.string(), v: v.string() })),
  comparisons: v.array(
    v.object({ kind: v.string(), mode: v.string(), a: side, b: side, cells: v.record(v.string(), v.string()) }),
  ),
});

const { REFERENCE_GEOMETRY, REFERENCE_MODELS, REFERENCE_INTERVENTIONS } = process.env;
if (REFERENCE_GEOMETRY !== undefined && REFERENCE_MODELS !== undefined && REFERENCE_INTERVENTIONS !== undefined)
  describe('divergences of the reference', { concurrency: 1 }, () => {
    for (const file of readdirSync(REFERENCE_GEOMETRY).filter((name) => name.startsWith('compare-')))
      test(basename(file, '.json'), { timeout: 600_000 }, () =>
        checkTruth(join(REFERENCE_GEOMETRY, file), [REFERENCE_MODELS, join(REFERENCE_GEOMETRY, 'models')]),
      );
  });

const interventionsSchema = v.object({
  cases: v.array(
    v.object({
      intervention: v.object({
        kind: v.string(),
        block: v.optional(v.number(), 0),
        head: v.optional(v.number(), 0),
        vector: v.optional(v.array(v.number()), []),
      }),
    }),
  ),
});

/** A case of the interventions' reference, as a specification has it. */
function interventionOf(architecture: string, number: number): Intervention {
  const file = join(REFERENCE_INTERVENTIONS ?? '', `${architecture}.json`);
  const { cases } = v.parse(interventionsSchema, JSON.parse(readFileSync(file, 'utf8')));
  const { kind = '', block = 0, head = 0, vector = [] } = cases[number]?.intervention ?? {};
  switch (kind) {
    case 'skip-block':
      return { kind: 'skip', block };
    case 'zero-attention':
      return { kind: 'zero', block, part: 'attention' };
    case 'zero-mlp':
      return { kind: 'zero', block, part: 'mlp' };
    case 'zero-head':
      return { kind: 'zero', block, part: 'heads', heads: [head] };
    case 'add-vector': {
      const added = { kind: 'vector', vector: encodeVector(Float32Array.from(vector)) } as const;
      return { kind: 'add', block, vector: added, coefficient: 1, positions: 'last' };
    }
    default:
      throw new Error(`No intervention ${kind}.`);
  }
}

async function checkTruth(file: string, folders: readonly string[]): Promise<void> {
  const truth = v.parse(truthSchema, JSON.parse(readFileSync(file, 'utf8')));
  const table: string[] = [];
  for (const { kind, mode, a, b, cells } of truth.comparisons) {
    const pathOf = ({ export: name }: v.InferOutput<typeof side>): string =>
      folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? name;
    const parametersOf = ({ layer, plane: name, intervention }: v.InferOutput<typeof side>): MapParameters => {
      const plane = truth.planes[name];
      const vector = (numbers = ''): { kind: 'vector'; vector: string } => ({ kind: 'vector', vector: numbers });
      return {
        ...MAP,
        layer,
        interventions: intervention ? [interventionOf(truth.architecture, intervention.case)] : [],
        context: { kind: 'tokens', ids: truth.context.prompt_ids },
        grid: { columns: 20, rows: 20, spacing: 0.12, center: [0.5, 0.5] },
        plane: {
          ...MAP.plane,
          axes: { method: 'directions', x: vector(plane?.u), y: vector(plane?.v) },
          center: vector(plane?.c),
        },
      };
    };
    const found = await opened(pathOf(a), (engine) =>
      divergencesOf(engine, parametersOf(a), {
        parameters: parametersOf(b),
        model: { path: pathOf(b), device: 'cpu', skipChecks: true },
      }),
    );
    const float = kind !== 'export';
    const rounded = [a, b].some((one) => one.export.startsWith('int8'));
    let worst = 0;
    const off = new Set<number>();
    for (const [name, part] of [
      ['kl_ab', found.ab],
      ['kl_ba', found.ba],
      ['js', found.js],
    ] as const) {
      const expected = new Float32Array(Uint8Array.from(Buffer.from(cells[name] ?? '', 'base64')).buffer);
      expected.forEach((value, cell) => {
        const difference = Math.abs((part[cell] ?? NaN) - value);
        if (difference > (float ? 1e-5 : 1e-4) + 1e-4 * value) off.add(cell);
        else worst = Math.max(worst, difference);
      });
    }
    // Where an activation stands on the border between two integers, the last bit of another release's arithmetic flips it.
    assert.ok(off.size <= (rounded ? 4 : 0), `${kind} ${mode} ${a.export} ${b.export}: ${[...off].join(' ')}`);
    table.push(
      `${truth.architecture} ${kind} ${mode} ${a.export} ${a.layer} beside ${b.export} ${b.layer}: ${worst.toExponential(1)}${off.size > 0 ? ` but for ${off.size} of 400 cells` : ''}`,
    );
  }
  console.log(table.join('\n'));
}
