import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { computeMap } from '../../src/engine/client.js';
import { coordinates } from '../../src/map/grid.js';
import { dot, pointAt } from '../../src/map/plane.js';
import { answerOf } from '../../src/map/questions.js';
import { DEFAULT_PARAMETERS, type MapParameters, type Question } from '../../src/map/specification.js';
import { normPercentile, typicalNorm } from '../../src/map/survey.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import {
  DataType,
  floatTensor,
  type Graph,
  int64Tensor,
  node,
  type NodeProto,
  type TensorProto,
} from '../../src/onnx/graph.js';
import { encodeVector } from '../../src/map/vector.js';
import { type EngineHere, withEngineHere } from './engineHere.js';
import { llama, seededWeights, TINY } from './llama.js';
import { writeSafetensors } from './safetensors.js';
import { temporaryFolder } from './temporary.js';

/** Laws of what a map can mean: places, questions, masks, positions, continuations. */

const root = join(import.meta.dirname, '..', '..');
const bundled = join(root, 'media', 'novella-3m');
const folder = temporaryFolder();
/** A model in a file of its own. */
function written(name: string, graph: Graph): string {
  const file = join(folder, `${name}.onnx`);
  writeFileSync(file, graph.toBytes());
  return file;
}
const tiny = written('tiny', llama(TINY, seededWeights(5)));
const VOCABULARY = 64;
const PROMPT = [5, 9, 2, 7, 33] as const;

const TINY_MAP: MapParameters = {
  ...DEFAULT_PARAMETERS,
  layer: 0,
  context: { kind: 'tokens', ids: PROMPT },
  plane: { ...DEFAULT_PARAMETERS.plane, center: { kind: 'tokens', ids: PROMPT } },
  grid: { columns: 6, rows: 5, spacing: 0.4, center: [0.2, 0] },
  topK: VOCABULARY,
};

const mapOf = (engine: EngineHere, change: Partial<MapParameters> = {}, way?: 'each-cell'): Promise<TokenMap> =>
  computeMap(engine, { parameters: { ...TINY_MAP, ...change }, batchSize: 7, ...(way ? { way } : {}) });

const opened = <T>(path: string, work: (engine: EngineHere) => Promise<T>): Promise<T> =>
  withEngineHere(async (engine) => {
    await engine.call('open', { path, device: 'cpu' });
    return work(engine);
  });

/** [cells][id] probability, where all tokens were recorded. */
function distributions({ cells }: TokenMap): number[][] {
  return Array.from(cells.computed, (_, cell) => {
    const row = new Array<number>(VOCABULARY).fill(0);
    for (let i = cell * cells.topK; i < (cell + 1) * cells.topK; i++)
      row[cells.ids[i] ?? 0] = cells.probabilities[i] ?? 0;
    return row;
  });
}

const near = (actual: number, expected: number, tolerance: number, label: string): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${label}: ${actual}, not ${expected}`);

/** Through a block, by three rows, and by the head for every cell. */
const WAYS: readonly (readonly [string, Partial<MapParameters>, 'each-cell' | undefined])[] = [
  ['through a block', {}, undefined],
  ['three rows', { layer: 'last' }, undefined],
  ['the last layer, cell by cell', { layer: 'last' }, 'each-cell'],
  ['the bare head', { readout: 'unembed' }, undefined],
];

describe('questions and masks', () => {
  for (const [label, change, way] of WAYS)
    test(label, () =>
      opened(tiny, async (engine) => {
        const whole = distributions(await mapOf(engine, change, way));
        const masked = [3, 17, 40];
        const without = await mapOf(engine, { ...change, masked, topK: VOCABULARY - 3 }, way);
        distributions(without).forEach((row, cell) => {
          const left = masked.reduce((sum, id) => sum - (whole[cell]?.[id] ?? 0), 1);
          row.forEach((p, id) => {
            const expected = masked.includes(id) ? 0 : (whole[cell]?.[id] ?? 0) / left;
            near(p, expected, 2e-6, `cell ${cell}, token ${id}`);
          });
        });

        const asked = async (question: Question, expected: (row: readonly number[]) => number): Promise<void> => {
          const { cells } = await mapOf(engine, { ...change, question, topK: 2 }, way);
          whole.forEach((row, cell) => {
            near(cells.answers?.[cell] ?? NaN, expected(row), 2e-5, `${question.kind}, cell ${cell}`);
          });
        };
        const p = (row: readonly number[], id: number): number => row[id] ?? 0;
        await asked({ kind: 'probability', token: 11 }, (row) => p(row, 11));
        await asked({ kind: 'difference', first: 4, second: 50 }, (row) => Math.log(p(row, 4) / p(row, 50)));
        // What the prompt itself says: its own state at the embeddings, put back.
        const state = { ...TINY_MAP.plane, center: { kind: 'tokens', ids: PROMPT } } as const;
        const grid = { columns: 1, rows: 1, spacing: 1, center: [0, 0] } as const;
        const [own = []] = distributions(await mapOf(engine, { layer: 'embeddings', plane: state, grid }));
        await asked({ kind: 'set', tokens: [11, 3, 60, 11] }, (row) => p(row, 3) + p(row, 11) + p(row, 60));

        // Several in one run: each as alone; of masked tokens none counts; a direction in the cell's own vector.
        const direction = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));
        const feature = { kind: 'feature', vector: encodeVector(direction), bias: -0.5 } as const;
        const several: readonly Question[] = [
          { kind: 'set', tokens: [3, 17, 60] },
          { kind: 'probability', token: 11 },
          { ...feature, threshold: null },
          { kind: 'set', tokens: [5] },
          { kind: 'difference', first: 4, second: 50 },
          { ...feature, threshold: 0.25 },
        ];
        const [question = null, ...alsoAsked] = several;
        const map = await mapOf(engine, { ...change, question, alsoAsked, topK: 2, masked: [3] }, way);
        const { xs, ys } = coordinates(TINY_MAP.grid);
        whole.forEach((row, cell) => {
          const left = 1 - p(row, 3);
          const h = pointAt(map.plane, xs[cell % 6] ?? 0, ys[Math.floor(cell / 6)] ?? 0);
          const sum = dot(h, direction) - 0.5;
          const expected = [
            (p(row, 17) + p(row, 60)) / left,
            p(row, 11) / left,
            sum,
            p(row, 5) / left,
            Math.log(p(row, 4) / p(row, 50)),
            sum > 0.25 ? sum : 0,
          ];
          expected.forEach((value, q) => near(answerOf(map.cells, cell, q) ?? NaN, value, 2e-5, `cell ${cell}, ${q}`));
        });
        await asked({ kind: 'divergence' }, (row) => own.reduce((sum, q, id) => sum + q * Math.log(q / p(row, id)), 0));
      }),
    );
});

/** The tiny model with its last operator, the head's product, in another shape. */
function withHead(name: string, end: readonly NodeProto[], ...constants: readonly TensorProto[]): string {
  const graph = llama(TINY, seededWeights(5));
  const nodes = graph.nodes.slice(0, -1);
  return written(
    name,
    graph.with({ nodes: [...nodes, ...end], initializers: [...graph.initializers.values(), ...constants] }),
  );
}
const headInput = llama(TINY, seededWeights(5)).nodes.at(-1)?.input[0] ?? '';

describe('a bias of the head', () => {
  const SOME_WAYS = WAYS.slice(0, 2);
  const bias = Float32Array.from({ length: VOCABULARY }, (_, id) => 2 * Math.sin(id));
  const constant = floatTensor('bias', [VOCABULARY], bias);
  const product = node('MatMul', [headInput, 'head'], ['product']);
  const files = {
    'added to the product': withHead('added', [product, node('Add', ['product', 'bias'], ['logits'])], constant),
    'that the product is added to': withHead(
      'first',
      [product, node('Add', ['bias', 'product'], ['logits'])],
      constant,
    ),
    'in the product itself': withHead(
      'gemm',
      [
        node('Reshape', [headInput, 'rows'], ['flat']),
        node('Gemm', ['flat', 'head', 'bias'], ['product']),
        node('Shape', ['input_ids'], ['sizes']),
        node('Concat', ['sizes', 'wide'], ['shape'], { axis: 0n }),
        node('Reshape', ['product', 'shape'], ['logits']),
      ],
      ...[constant, int64Tensor('rows', [-1, TINY.hidden]), int64Tensor('wide', [VOCABULARY])],
    ),
  };
  for (const [name, file] of Object.entries(files))
    test(name, async () => {
      const plain = await opened(tiny, (engine) =>
        Promise.all(SOME_WAYS.map(async ([, change, way]) => distributions(await mapOf(engine, change, way)))),
      );
      await withEngineHere(async (engine) => {
        assert.equal((await engine.call('open', { path: file, device: 'cpu' })).head.bias, true);
        for (const [i, [label, change, way]] of SOME_WAYS.entries())
          distributions(await mapOf(engine, change, way)).forEach((row, cell) => {
            const weighed = (plain[i]?.[cell] ?? []).map((p, id) => p * Math.exp(bias[id] ?? 0));
            const sum = weighed.reduce((a, b) => a + b, 0);
            row.forEach((p, id) => near(p, (weighed[id] ?? 0) / sum, 3e-6, `${label}, cell ${cell}, token ${id}`));
          });
      });
    });

  test('is not what moves all logits alike', async () => {
    const one = floatTensor('one more', [1], Float32Array.of(3));
    const file = withHead('moved', [product, node('Add', ['product', 'one more'], ['logits'])], one);
    const { head } = await withEngineHere((engine) => engine.call('open', { path: file, device: 'cpu' }));
    assert.deepEqual([head.bias, head.after], [false, ['Add']]);
  });
});

test('a model that looks the ids up again behind a layer is refused; their shapes alone do not matter', async () => {
  const graph = llama(TINY, seededWeights(5));
  const h2 = graph.producers.get('h2');
  assert.ok(h2);
  const again = (more: readonly NodeProto[], name: string): readonly NodeProto[] => [
    node('Cast', ['input_ids'], ['ids as numbers'], { to: BigInt(DataType.FLOAT) }),
    node('Cast', ['ids as numbers'], ['ids again'], { to: BigInt(DataType.INT64) }),
    node('Gather', ['embedding', 'ids again'], ['again']),
    ...more,
    node('Add', [h2.input[0] ?? '', name], ['h2']),
  ];
  const changed = (name: string, end: readonly NodeProto[]): string =>
    written(name, graph.with({ nodes: graph.nodes.flatMap((n) => (n === h2 ? end : [n])) }));
  const down = h2.input[1] ?? '';
  const byValue = changed('again', again([node('Add', [down, 'again'], ['both'])], 'both'));
  await assert.rejects(
    opened(byValue, (engine) => mapOf(engine)),
    /a Gather behind it looks the token ids up again/,
  );
  const shape = [node('Shape', ['again'], ['their shape']), node('Reshape', [down, 'their shape'], ['shaped'])];
  const byShape = changed('shaped', again(shape, 'shaped'));
  const [there, here] = await Promise.all(
    [byShape, tiny].map((path) => opened(path, async (engine) => distributions(await mapOf(engine)))),
  );
  assert.deepEqual(there, here);
});

test('exact regions of a map with masked tokens are those of the others', () =>
  opened(tiny, async (engine) => {
    const layer = 'last' as const;
    const first = (await mapOf(engine, { layer })).regions?.polygons.map(({ token }) => token) ?? [];
    const masked = first.slice(0, 2);
    const { regions, cells } = await mapOf(engine, { layer, masked, topK: 3 });
    const left = new Set(regions?.polygons.map(({ token }) => token));
    assert.ok(left.size > 0 && masked.every((id) => !left.has(id)));
    for (let cell = 0; cell < cells.computed.length; cell++) assert.ok(left.has(cells.ids[cell * cells.topK] ?? -1));
  }));

test('an own hidden state put back at any position gives the model’s own prediction', () =>
  opened(tiny, async (engine) => {
    const grid = { columns: 1, rows: 1, spacing: 1, center: [0, 0] } as const;
    const at = (position: number, layer: MapParameters['layer']) => {
      const prompt = { kind: 'tokens', ids: PROMPT, position } as const;
      return mapOf(engine, { layer, grid, context: prompt, plane: { ...TINY_MAP.plane, center: prompt } });
    };
    const [own = []] = distributions(await at(-1, 'embeddings'));
    for (const layer of ['embeddings', 0] as const)
      for (let position = -PROMPT.length; position < PROMPT.length; position++) {
        const [row = []] = distributions(await at(position, layer));
        row.forEach((p, id) => near(p, own[id] ?? 0, 2e-6, `position ${position}, layer ${layer}, token ${id}`));
      }
  }));

test('a vector at an earlier position is the intervention there: its effect goes through what follows', () =>
  opened(tiny, async (engine) => {
    // Position 1 gets the state of another token; at the embeddings that is the prompt with that token.
    const other = [5, 41, 2, 7, 33];
    const grid = { columns: 1, rows: 1, spacing: 1, center: [0, 0] } as const;
    const [there = []] = distributions(
      await mapOf(engine, {
        layer: 'embeddings',
        grid,
        context: { kind: 'tokens', ids: PROMPT, position: 1 },
        plane: { ...TINY_MAP.plane, center: { kind: 'tokens', ids: other, position: 1 } },
      }),
    );
    const [own = []] = distributions(
      await mapOf(engine, {
        layer: 'embeddings',
        grid,
        context: { kind: 'tokens', ids: other },
        plane: { ...TINY_MAP.plane, center: { kind: 'tokens', ids: other } },
      }),
    );
    there.forEach((p, id) => near(p, own[id] ?? 0, 2e-6, `token ${id}`));
  }));

test('a point is the cell that stands there, with logits', () =>
  opened(tiny, async (engine) => {
    for (const [label, change] of WAYS) {
      const parameters = {
        ...TINY_MAP,
        ...change,
        question: { kind: 'probability', token: 11 },
        alsoAsked: [{ kind: 'set', tokens: [1, 2] }],
      } as const;
      const map = await computeMap(engine, { parameters, batchSize: 100 });
      const { ids, probabilities, topK, answers } = map.cells;
      const [x, y] = [0.2 + 0.5 * 0.4, 0.4];
      const cell = 3 * 6 + 3;
      const point = await engine.call('point', { parameters, x, y });
      assert.deepEqual([...point.ids], [...ids.subarray(cell * topK, (cell + 1) * topK)], label);
      point.probabilities.forEach((p, i) => near(p, probabilities[cell * topK + i] ?? 0, 1e-6, label));
      assert.equal(point.answers?.length, 2, label);
      for (const q of [0, 1]) near(point.answers[q] ?? NaN, answers?.[2 * cell + q] ?? 0, 1e-6, label);
      near(point.norm, Math.hypot(...pointAt(map.plane, x, y)), 1e-4, label);
      const [first = 0, second = 0] = point.logits;
      near(first - second, Math.log((point.probabilities[0] ?? 0) / (point.probabilities[1] ?? 1)), 1e-4, label);
    }
  }));

test('features at a point are of the vector there: an encoder that is the identity has its numbers', () =>
  opened(tiny, async (engine) => {
    const map = await computeMap(engine, { parameters: TINY_MAP, batchSize: 100 });
    const at = { x: 0.3, y: -0.45 };
    const vector = pointAt(map.plane, at.x, at.y);
    const d = vector.length;
    const sae = join(folder, 'identity.safetensors');
    const identity = Float32Array.from({ length: d * d }, (_, i) => Number(i % d === Math.floor(i / d)));
    writeSafetensors(sae, { W_enc: { dtype: 'F32', shape: [d, d], bytes: Buffer.from(identity.buffer) } });
    const { strongest, active } = await engine.call('features', {
      sae,
      state: { parameters: TINY_MAP, ...at },
      most: 1000,
    });
    assert.equal(active, vector.filter((value) => value > 0).length);
    const found = new Map(strongest.map(({ feature, activation }) => [feature, activation]));
    vector.forEach((value, i) => near(found.get(i) ?? 0, Math.max(0, value), 1e-6, `${i}`));
    assert.ok(strongest.every(({ direction, tokens }) => direction === null && tokens.length === 0));
    const same = await engine.call('features', { sae, state: vector, most: 1000 });
    assert.deepEqual(same.strongest, strongest);
    await assert.rejects(engine.call('features', { sae: 'identity', state: vector, most: 1 }), {
      code: 'bad-parameter',
    });
  }));

test('rows of the matrices are the tokens’ own, however the head is stored', async () => {
  const models = ['optimum-past-llama_tied', 'legacy-op14-opt', 'extmany-dynamo-qwen2', 'dynamo-mask-op23-sdpa-llama'];
  const quantized = [
    'genai-int4-qwen2',
    'int8-dynamo-phi3/model_quantized.onnx',
    'fp16-dynamo-gemma3_text/model_fp16.onnx',
  ];
  for (const [i, name] of [...models, ...quantized].entries())
    await opened(join(root, 'test', 'fixtures', 'models', ...name.split('/')), async (engine) => {
      const token = 7 + i;
      const parameters: MapParameters = {
        ...DEFAULT_PARAMETERS,
        readout: 'unembed',
        plane: {
          ...DEFAULT_PARAMETERS.plane,
          axes: {
            method: 'directions',
            x: { kind: 'row', matrix: 'unembedding', token },
            y: { kind: 'row', matrix: 'embedding', token },
          },
        },
        grid: { columns: 1, rows: 1, spacing: 1, center: [0, 0] },
        topK: 100,
        question: { kind: 'difference', first: token, second: token + 1 },
      };
      const { plane } = await computeMap(engine, { parameters, batchSize: 1 });
      const answer = async (x: number): Promise<number> =>
        (await engine.call('point', { parameters, x, y: 0 })).answers?.[0] ?? NaN;
      const next = {
        ...parameters.plane,
        axes: { ...parameters.plane.axes, x: { kind: 'row', matrix: 'unembedding', token: token + 1 } },
      } as MapParameters['plane'];
      const other = (await computeMap(engine, { parameters: { ...parameters, plane: next }, batchSize: 1 })).plane.u;
      // The logit of a token moves by |row|² along its own row, by the inner product along another's.
      const expected = plane.u.reduce((sum, value, j) => sum + value * (value - (other[j] ?? 0)), 0);
      const size = plane.u.reduce((sum, value) => sum + value * value, 0);
      near((await answer(0.5)) - (await answer(-0.5)), expected, (name.includes('int8') ? 2e-2 : 2e-3) * size, name);

      // The embedding is what enters the first block.
      const state = await computeMap(engine, {
        parameters: {
          ...DEFAULT_PARAMETERS,
          layer: 'embeddings',
          plane: { ...DEFAULT_PARAMETERS.plane, center: { kind: 'tokens', ids: [token] } },
          grid: parameters.grid,
        },
        batchSize: 1,
      });
      plane.v.forEach((value, j) => near(value, state.plane.c[j] ?? NaN, 1e-6, `${name}, dimension ${j}`));
    });
});

describe('the bundled model', () => {
  const greedy = v.parse(
    v.object({
      newTokens: v.number(),
      cases: v.array(
        v.object({
          prompt: v.string(),
          promptTokenIds: v.array(v.number()),
          continuationTokenIds: v.array(v.number()),
        }),
      ),
    }),
    JSON.parse(readFileSync(join(root, 'test', 'fixtures', 'bundled-model', 'greedy.json'), 'utf8')),
  );

  test('goes on from a prompt’s own hidden state as PyTorch does from the prompt', () =>
    opened(bundled, async (engine) => {
      for (const [i, { promptTokenIds: ids, continuationTokenIds }] of greedy.cases.entries()) {
        const layer = ['embeddings', 0, 2, 4, 5][i] as MapParameters['layer'];
        const prompt = { kind: 'tokens', ids } as const;
        const parameters: MapParameters = {
          ...DEFAULT_PARAMETERS,
          layer,
          context: prompt,
          plane: { ...DEFAULT_PARAMETERS.plane, center: prompt },
        };
        const heard: number[] = [];
        const { tokens, text } = await engine.call(
          'continue',
          { parameters, x: 0, y: 0, tokens: greedy.newTokens },
          { onEvent: ({ token }) => heard.push(token.id) },
        );
        assert.deepEqual(
          tokens.map(({ id }) => id),
          continuationTokenIds.slice(0, tokens.length),
        );
        assert.deepEqual(
          heard,
          tokens.map(({ id }) => id),
        );
        assert.equal(text, tokens.map((token) => token.text).join(''));
        if (i > 0) continue;
        // Cold, what is drawn is that; warm, a seed draws the same again, and another something else.
        const drawn = async (temperature: number, seed: number): Promise<string> => {
          const sampling = { temperature, topP: 1, seed };
          return (await engine.call('continue', { parameters, x: 0, y: 0, tokens: 12, sampling })).text;
        };
        assert.ok(text.startsWith(await drawn(0.01, 1)));
        assert.equal(await drawn(2, 5), await drawn(2, 5));
        assert.notEqual(await drawn(2, 5), await drawn(2, 6));
        await assert.rejects(drawn(0, 1), { code: 'bad-parameter' });
      }
    }));

  test('a plane through three prompts by their texts; marks, norms and a trajectory of layers', () =>
    opened(bundled, async (engine) => {
      const [a, b, c] = greedy.cases.map(({ prompt }) => ({ kind: 'prompt', text: prompt }) as const);
      assert.ok(a && b && c);
      const parameters: MapParameters = {
        ...DEFAULT_PARAMETERS,
        layer: 2,
        context: a,
        plane: { ...DEFAULT_PARAMETERS.plane, axes: { method: 'directions', x: b, y: c }, center: a },
        grid: { columns: 3, rows: 3, spacing: 1, center: [0, 0] },
        overlays: [
          { kind: 'layers', prompt: a },
          { kind: 'positions', prompt: b },
          { kind: 'rows', matrix: 'embedding', count: 5 },
        ],
      };
      const survey = await engine.call('survey', { parameters });
      const of = (kind: string) => survey.marks.filter((mark) => mark.kind === kind);
      assert.deepEqual(
        of('anchor').map(({ badge, text }) => [badge, text]),
        [
          ['A', a.text],
          ['B', b.text],
          ['C', c.text],
        ],
      );
      assert.equal(of('layers').length, 7);
      const own = of('layers').find(({ layer }) => layer === 2);
      assert.ok(own && Math.abs(own.x) < 1e-5 && Math.abs(own.y) < 1e-5 && own.distance < 1e-3);
      const last = of('positions').at(-1);
      assert.ok(last && Math.abs(last.x - 1) < 1e-5 && Math.abs(last.y) < 1e-5);
      const rows = of('rows');
      assert.ok(rows.length <= 5 && rows.every((mark, i) => i === 0 || (rows[i - 1]?.distance ?? 0) <= mark.distance));

      assert.ok(survey.norms && survey.norms.count > 50);
      const { quantiles } = survey.norms;
      assert.ok(quantiles.every((q, i) => i === 0 || q >= (quantiles[i - 1] ?? 0)));
      near(normPercentile(survey.norms, typicalNorm(survey.norms)), 0.5, 1e-9, 'the median');
      const plane = { ...parameters.plane, lengths: 'typical', orthogonal: true } as const;
      const { gram } = await engine.call('survey', { parameters: { ...parameters, plane } });
      near(Math.sqrt(gram.uu), typicalNorm(survey.norms), 1e-3, '|u|');
      near(Math.sqrt(gram.vv), typicalNorm(survey.norms), 1e-3, '|v|');
      near(gram.uv / gram.uu, 0, 1e-6, 'u v');

      const map = await computeMap(engine, { parameters, batchSize: 100 });
      // Norms that nothing of the plane depends on are not the map's.
      assert.deepEqual(map.survey, { ...survey, norms: null });
      const token = map.tokens.get(map.cells.ids[4 * map.cells.topK] ?? -1);
      assert.equal(token?.id, greedy.cases[0]?.continuationTokenIds[0]);
    }));

  test('principal components: variance along the axes is the texts’ own', () =>
    opened(bundled, async (engine) => {
      const texts = greedy.cases.map(({ prompt }) => prompt);
      const parameters: MapParameters = {
        ...DEFAULT_PARAMETERS,
        layer: 3,
        plane: {
          ...DEFAULT_PARAMETERS.plane,
          axes: { method: 'pca_basis', texts, positions: 'last' },
          center: { kind: 'texts' },
        },
        overlays: texts.map((text) => ({ kind: 'state', prompt: { kind: 'prompt', text } })),
      };
      const { marks, explained, gram } = await engine.call('survey', { parameters });
      near(gram.uu, 1, 1e-5, '|u|²');
      near(gram.vv, 1, 1e-5, '|v|²');
      near(gram.uv, 0, 1e-5, 'u v');
      const squares = (pick: (mark: (typeof marks)[number]) => number): number =>
        marks.reduce((sum, mark) => sum + pick(mark) ** 2, 0) / (texts.length - 1);
      const [first = 0, second = 0] = explained?.variance ?? [];
      near(squares(({ x }) => x) / first, 1, 1e-4, 'first');
      near(squares(({ y }) => y) / second, 1, 1e-4, 'second');
      const whole = first + second + squares(({ distance }) => distance);
      near(explained?.ratio[0] ?? 0, first / whole, 1e-4, 'ratio');
    }));

  test('how well labels are told apart is of the plane, however long and skewed its axes are', () =>
    opened(bundled, async (engine) => {
      const beginnings = {
        sea: ['The ship', 'A whale'],
        house: ['Her sister', 'Sir Walter'],
        god: ['The LORD', 'Moses'],
      };
      const ends = ['was', 'and the', 'said to', 'went into the', 'had been', 'of the great', 'came near', 'saw that'];
      const all = Object.entries(beginnings).flatMap(([label, starts]) =>
        starts.flatMap((start) => ends.map((end) => ({ label, text: `${start} ${end}` }))),
      );
      // Folds are told by the place in the list: labels are mixed.
      const mixed = all.map((_, i) => all[(i * 17) % all.length] ?? { label: '', text: '' });
      const texts = mixed.map(({ text }) => text);
      const told = async (plane: Partial<MapParameters['plane']>, labels = mixed.map(({ label }) => label)) => {
        const [center, x, y] = ['The LORD was', 'The ship was', 'Her sister was'].map(
          (text) => ({ kind: 'prompt', text }) as const,
        );
        assert.ok(center && x && y);
        const axes = { method: 'directions', x, y } as const;
        const parameters: MapParameters = {
          ...DEFAULT_PARAMETERS,
          layer: 3,
          plane: { ...DEFAULT_PARAMETERS.plane, center, axes, ...plane },
          overlays: [{ kind: 'texts', texts, labels }],
        };
        const { points } = await engine.call('survey', { parameters });
        return points?.[0]?.separability ?? assert.fail(points?.[0]?.why);
      };
      const own = await told({});
      assert.equal(own.classes, 3);
      assert.equal(own.count, texts.length);
      assert.ok(own.space > own.plane && own.plane > 0, JSON.stringify(own));
      for (const lengths of ['unit', 'typical'] as const)
        for (const orthogonal of [false, true])
          assert.deepEqual(await told({ lengths, orthogonal }), own, `${lengths} ${orthogonal}`);
      // Of the same texts with other labels it is told anew.
      const others = await told(
        {},
        texts.map((_, i) => String((i * i) % 7 < 3)),
      );
      assert.equal(others.classes, 2);
      assert.ok(others.space < own.space, JSON.stringify([others, own]));
    }));

  test('a token by its text: exactly one', () =>
    opened(bundled, async (engine) => {
      const parameters: MapParameters = {
        ...DEFAULT_PARAMETERS,
        grid: { columns: 2, rows: 2, spacing: 1, center: [0, 0] },
        question: { kind: 'probability', token: ' the' },
      };
      const { cells } = await computeMap(engine, { parameters, batchSize: 10 });
      assert.ok(cells.answers?.every((p) => p > 0 && p < 1));
      await assert.rejects(
        computeMap(engine, {
          parameters: { ...parameters, question: { kind: 'probability', token: ' the cat' } },
          batchSize: 10,
        }),
        { code: 'bad-parameter', message: /is \d tokens: " the" and / },
      );
    }));
});
