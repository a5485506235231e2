import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import type { Engine } from '../../src/engine/client.js';
import { lensCells, type LensTable } from '../../src/map/lens/lensTable.js';
import { DEFAULT_PARAMETERS, type Intervention, type MapParameters } from '../../src/map/specification.js';
import { encodeVector } from '../../src/map/vector.js';
import { withEngine } from './engine.js';

/** The lens over layers and positions beside PyTorch, and beside maps, whose cells it must be. */

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const number = v.number();
const truthSchema = v.array(
  v.object({
    checkpoint: v.string(),
    ids: v.array(number),
    token: number,
    cells: v.array(
      v.array(
        v.object({
          ids: v.array(number),
          logprobs: v.array(number),
          entropy: number,
          logprob: number,
          rank: number,
        }),
      ),
    ),
  }),
);
const truth = v.parse(truthSchema, JSON.parse(readFileSync(join(fixtures, 'lens', 'truth.json'), 'utf8')));

const asked = (context: MapParameters['context'], more: Partial<MapParameters> = {}): MapParameters => ({
  ...DEFAULT_PARAMETERS,
  readout: 'lens',
  context,
  topK: 3,
  ...more,
});
const lens = (engine: Engine, parameters: MapParameters, batchSize = 100): Promise<LensTable> =>
  engine.call('lens', { parameters, batchSize });

const near = (a: number, b: number, tolerance: number, where: string): void =>
  assert.ok(Math.abs(a - b) <= tolerance, `${where}: ${a}, not ${b}`);

describe('lens', { concurrency: 1 }, () => {
  for (const { checkpoint, ids, token, cells } of truth)
    test(`${checkpoint} as PyTorch reads it`, async () => {
      await withEngine(async (engine) => {
        await engine.call('open', { path: join(fixtures, 'checkpoints', checkpoint), device: 'cpu', skipChecks: true });
        const context = { kind: 'tokens', ids } as const;
        // A batch of seven does not end where a layer does.
        const table = await lens(engine, asked(context, { question: { kind: 'probability', token } }), 7);
        assert.deepEqual(table.layers, ['embeddings', ...Array.from({ length: cells.length - 1 }, (_, i) => i)]);
        assert.deepEqual(
          table.positions.map(({ id }) => id),
          ids,
        );
        const at = lensCells(table);
        for (const [row, positions] of cells.entries())
          for (const [column, told] of positions.entries()) {
            const where = `layer ${row - 1}, position ${column}`;
            const cell = at(row, column);
            assert.deepEqual(
              cell.top.map(({ token: { id } }) => id),
              told.ids,
              where,
            );
            cell.top.forEach(({ probability }, i) => near(Math.log(probability), told.logprobs[i] ?? NaN, 2e-4, where));
            near(cell.entropy, told.entropy, 2e-4, where);
            near(Math.log(cell.named?.probability ?? NaN), told.logprob, 2e-4, where);
            assert.equal(cell.named?.rank, told.rank, where);
          }
      });
    });

  /** Each cell is the center of a map that is laid at its layer through its position. */
  async function agreesWithMaps(engine: Engine, ids: readonly number[], more: Partial<MapParameters>): Promise<void> {
    const table = await lens(engine, asked({ kind: 'tokens', ids }, more));
    const at = lensCells(table);
    for (const [row, layer] of table.layers.entries())
      for (const position of ids.keys()) {
        const center = { kind: 'tokens', ids, position } as const;
        const plane = { ...DEFAULT_PARAMETERS.plane, center };
        const parameters = asked({ kind: 'center' }, { ...more, layer, plane });
        const there = await engine.call('point', { parameters, x: 0, y: 0 });
        const cell = at(row, position);
        const where = `layer ${layer}, position ${position}`;
        assert.deepEqual(
          cell.top.map(({ token }) => token.id),
          [...there.ids],
          where,
        );
        cell.top.forEach(({ probability }, i) => near(probability, there.probabilities[i] ?? NaN, 1e-5, where));
        near(cell.entropy, there.entropy, 1e-4, where);
        if (there.answers) near(cell.named?.probability ?? NaN, there.answers[0] ?? NaN, 1e-5, where);
      }
  }

  const ids = [5, 70, 11, 33];
  const vector = (seed: number): { kind: 'vector'; vector: string } => ({
    kind: 'vector',
    vector: encodeVector(Float32Array.from({ length: 48 }, (_, i) => Math.sin(seed * (i + 1)))),
  });
  const interventions: Intervention[] = [
    { kind: 'zero', block: 0, part: 'mlp' },
    { kind: 'add', block: 1, vector: vector(1.3), coefficient: 0.7, positions: 'last' },
    { kind: 'project', block: 1, direction: vector(2.1) },
    { kind: 'add', block: 2, vector: vector(0.4), coefficient: -1, positions: 'all' },
  ];
  const lensFile = (name: string): string => join(fixtures, 'lenses', 'optimum-past-llama', name);

  test('its cells are the centers of maps, whatever intervenes, is masked or translates', async () => {
    await withEngine(async (engine) => {
      const path = join(fixtures, 'geometry', 'models', 'optimum-past-llama');
      await engine.call('open', { path, device: 'cpu', skipChecks: true });
      await agreesWithMaps(engine, ids, { question: { kind: 'probability', token: 9 }, masked: [70, 3] });
      await agreesWithMaps(engine, ids, { interventions });
      await agreesWithMaps(engine, ids, { readout: 'unembed' });
      await agreesWithMaps(engine, ids, { readout: 'tuned', translator: { path: lensFile('tuned') }, interventions });
    });
  });

  test('a Jacobian lens is read at the layers that it has', async () => {
    await withEngine(async (engine) => {
      const path = join(fixtures, 'geometry', 'models', 'optimum-past-llama');
      await engine.call('open', { path, device: 'cpu', skipChecks: true });
      const translator = { path: lensFile('optimum-past-llama_jacobian_lens.pt') };
      await agreesWithMaps(engine, ids, { readout: 'jacobian', translator });
      const table = await lens(engine, asked({ kind: 'tokens', ids }, { readout: 'jacobian', translator }));
      assert.ok(!table.layers.includes('embeddings') && table.layers.includes(table.blocks - 1), String(table.layers));
    });
  });

  test('what is no lens is refused', async () => {
    await withEngine(async (engine) => {
      const path = join(fixtures, 'checkpoints', 'llama-fp32');
      await engine.call('open', { path, device: 'cpu', skipChecks: true });
      const context = { kind: 'tokens', ids } as const;
      const refused = (parameters: MapParameters, message: RegExp): Promise<void> =>
        assert.rejects(lens(engine, parameters), { code: 'bad-parameter', message });
      await refused(asked({ kind: 'none' }), /reads a prompt/);
      await refused(asked(context, { readout: 'forward' }), /same at every layer/);
      await refused(asked(context, { question: { kind: 'divergence' } }), /follows one token/);
      await refused(asked(context, { question: { kind: 'probability', token: 5 }, masked: [5] }), /is masked/);
      await refused(asked({ kind: 'tokens', ids: [99999] }), /does not exist/);
      await refused(asked(context, { readout: 'tuned' }), /none is named/);
    });
  });
});
