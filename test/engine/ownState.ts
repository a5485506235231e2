import assert from 'node:assert/strict';
import { computeMap, type Engine } from '../../src/engine/client.js';
import { DEFAULT_PARAMETERS, type Layer, type MapParameters } from '../../src/map/specification.js';

/** Most tokens of a cell; the least of them are e-30. */
const TOP = 100;

/** Largest difference of log-probabilities between the model's logits and the cell that its own state stands in. */
export async function difference(
  engine: Pick<Engine, 'call'>,
  ids: readonly number[],
  layer: Layer,
  logits: readonly number[],
  top = TOP,
): Promise<number> {
  const parameters: MapParameters = {
    ...DEFAULT_PARAMETERS,
    layer,
    context: { kind: 'tokens', ids },
    plane: {
      ...DEFAULT_PARAMETERS.plane,
      axes: { method: 'random_projection', seed: 1 },
      center: { kind: 'tokens', ids },
    },
    grid: { columns: 1, rows: 1, spacing: 1, center: [0, 0] },
    topK: Math.min(top, logits.length),
  };
  const { cells } = await computeMap(engine, { parameters, batchSize: 1 });
  const own = logProbabilities(logits);
  const differences = Array.from(cells.ids, (id, i) =>
    Math.abs(Math.log(cells.probabilities[i] ?? 0) - (own[id] ?? NaN)),
  );
  assert.ok(differences.every(Number.isFinite));
  return Math.max(...differences);
}

function logProbabilities(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const normalizer = top + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - top), 0));
  return logits.map((z) => z - normalizer);
}
