import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { computeMap } from '../../src/engine/client.js';
import { type Axes, DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { torchNormalize, torchRandn } from '../../src/map/torchRandom.js';
import { decodeModel } from '../../src/onnx/graph.js';
import { OWN_FILE, readStructure } from '../../src/onnx/structure.js';
import { withEngine } from './engine.js';

/**
 * The original program's arithmetic, written out again: the head's matrix alone, softmax over the whole vocabulary, a 20 x 20
 * grid 0.5 apart, whatever layer is named. Stands in for its answers on SmolLM2-135M, which is too large for a test.
 */

const MODEL = join(import.meta.dirname, '..', 'fixtures', 'models', 'optimum-past-llama_tied', 'onnx', 'model.onnx');
const SIDE = 20;
const SPACING = 0.5;

/** The tied embedding [vocabulary, hidden], read from the file at the place that its structure names. */
function unembedding(): { weights: Float32Array; vocabulary: number; hidden: number } {
  const file = readFileSync(MODEL);
  const structure = readStructure({ size: file.length, read: (at, length) => file.subarray(at, at + length) });
  const largest = decodeModel(structure).graph?.initializer.reduce((a, b) =>
    b.dims.reduce((x, y) => x * y, 1n) > a.dims.reduce((x, y) => x * y, 1n) ? b : a,
  );
  const place = new Map(largest?.externalData.map(({ key, value }) => [key, value]));
  assert.equal(place.get('location'), OWN_FILE);
  const [vocabulary = 0, hidden = 0] = largest?.dims.map(Number) ?? [];
  const bytes = Uint8Array.from(
    file.subarray(Number(place.get('offset')), Number(place.get('offset')) + 4 * vocabulary * hidden),
  );
  return { weights: new Float32Array(bytes.buffer), vocabulary, hidden };
}

/** A point's vector, by the original's definition of the method. */
function embed(axes: Axes, x: number, y: number, hidden: number): Float64Array {
  if (axes.method === 'direct') return Float64Array.from({ length: hidden }, (_, i) => (i === 0 ? x : i === 1 ? y : 0));
  if (axes.method === 'replicated') return Float64Array.from({ length: hidden }, (_, i) => (i % 2 === 0 ? x : y));
  const rows = torchRandn(42, hidden);
  const [u, v] = [rows.slice(0, hidden), rows.slice(hidden)];
  torchNormalize(u);
  torchNormalize(v);
  return Float64Array.from({ length: hidden }, (_, i) => x * (u[i] ?? 0) + y * (v[i] ?? 0));
}

const methods: readonly Axes[] = [
  { method: 'direct', dimensions: [0, 1] },
  { method: 'replicated' },
  { method: 'random_projection', seed: 42 },
];

describe("the original's answers", () => {
  const { weights, vocabulary, hidden } = unembedding();
  for (const axes of methods)
    test(axes.method, async () => {
      const map = await withEngine(async (engine) => {
        await engine.call('open', { path: MODEL, device: 'cpu' });
        return computeMap(engine, {
          parameters: {
            ...DEFAULT_PARAMETERS,
            readout: 'unembed',
            plane: { ...DEFAULT_PARAMETERS.plane, axes },
            grid: { columns: SIDE, rows: SIDE, spacing: SPACING, center: [0, 0] },
          },
          batchSize: 100,
        });
      });
      let differing = 0;
      for (let cell = 0; cell < SIDE * SIDE; cell++) {
        const x = ((cell % SIDE) - (SIDE - 1) / 2) * SPACING;
        const y = (Math.floor(cell / SIDE) - (SIDE - 1) / 2) * SPACING;
        const h = embed(axes, x, y, hidden);
        const logits = Array.from({ length: vocabulary }, (_, token) =>
          h.reduce((sum, value, i) => sum + value * (weights[token * hidden + i] ?? 0), 0),
        );
        const top = logits.indexOf(Math.max(...logits));
        const total = logits.reduce((sum, z) => sum + Math.exp(z - (logits[top] ?? 0)), 0);
        if (map.cells.ids[cell * map.cells.topK] !== top) differing++;
        const difference = Math.abs((map.cells.probabilities[cell * map.cells.topK] ?? 0) * total - 1);
        assert.ok(difference < 1e-5, `cell ${cell}: the probability is off by ${difference} of itself`);
      }
      assert.equal(differing, 0);
    });
});
