import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as v from 'valibot';
import { DEFAULT_PARAMETERS, type Layer, type MapParameters, parseParameters } from '../../src/map/specification.js';
import { type EngineHere, withEngineHere } from './engineHere.js';

/**
 * Interventions as a specification has them, beside PyTorch's hooks, asked of the engine process: a prompt's own hidden state, as it
 * is under the interventions, stands in the only cell of a layer, so that the map must say what the intervened model says behind
 * the prompt. Below the layer they change the state, above it the cells and the kept prefix behind them. On the checkpoints kept in
 * the project, or all in the folder that REFERENCE_CHECKPOINTS names that have `interventions.json`.
 */

const TOLERANCE = 1e-4;
const TOP = 100;
const table: string[] = [];

const truthSchema = v.object({
  architecture: v.string(),
  cases: v.array(
    v.object({
      prompt: v.array(v.number()),
      position: v.number(),
      interventions: v.array(v.looseObject({ kind: v.string() })),
      logits: v.array(v.number()),
    }),
  ),
});
type Case = v.InferOutput<typeof truthSchema>['cases'][number];

const folder = process.env.REFERENCE_CHECKPOINTS ?? join(import.meta.dirname, '..', 'fixtures', 'checkpoints');
/** Of the checkpoints kept, each asks of every second layer, from the first or the second on in turn: together of all. */
const ALL = process.env.REFERENCE_CHECKPOINTS !== undefined;
const places = readdirSync(folder)
  .sort()
  .map((name) => join(folder, name))
  .filter((path) => existsSync(join(path, 'interventions.json')));

const parametersOf = ({ prompt, position, interventions }: Case, layer: Layer): MapParameters =>
  parseParameters({
    ...DEFAULT_PARAMETERS,
    layer,
    interventions,
    topK: TOP,
    plane: { ...DEFAULT_PARAMETERS.plane, center: { kind: 'tokens', ids: prompt, position } },
  });

/** Largest difference from the truth in log-probability over the most probable tokens, and whether the first is the same. */
async function compared(engine: EngineHere, one: Case, layer: Layer): Promise<{ worst: number; same: boolean }> {
  const { ids, probabilities } = await engine.call('point', { parameters: parametersOf(one, layer), x: 0, y: 0 });
  const top = Math.max(...one.logits);
  const normalizer = top + Math.log(one.logits.reduce((sum, z) => sum + Math.exp(z - top), 0));
  let worst = 0;
  ids.forEach((id, i) => {
    const p = (one.logits[id] ?? NaN) - normalizer;
    if (i < 20) worst = Math.max(worst, Math.abs(Math.log(probabilities[i] ?? 0) - p));
  });
  return { worst, same: one.logits.indexOf(top) === ids[0] };
}

describe('interventions of a specification', { concurrency: 1 }, () => {
  for (const [at, place] of places.entries())
    test(basename(place), { timeout: 300_000 }, () =>
      withEngineHere(async (engine) => {
        const { architecture, cases } = v.parse(
          truthSchema,
          JSON.parse(readFileSync(join(place, 'interventions.json'), 'utf8')),
        );
        const { facts } = await engine.call('open', { path: place, device: 'cpu', skipChecks: true });
        const byKind = new Map<string, { worst: number; agree: number; count: number }>();
        const wrong: string[] = [];
        for (const [number, one] of cases.entries()) {
          const layers: Layer[] = ['embeddings', ...Array.from({ length: facts.blocks }, (_, layer) => layer)];
          // Behind the last block a vector at an earlier position moves no prediction.
          const telling = layers.slice(0, one.position === -1 ? undefined : -1);
          for (const layer of telling.filter((_, i) => ALL || (i + at + number) % 2 === 0)) {
            const kind = one.interventions
              .map((part) =>
                [part.kind, part.part, part.positions].filter((word) => typeof word === 'string').join(' '),
              )
              .join(', ');
            const found = byKind.get(kind) ?? { worst: 0, agree: 0, count: 0 };
            const { worst, same } = await compared(engine, one, layer);
            byKind.set(kind, {
              worst: Math.max(found.worst, worst),
              agree: found.agree + Number(same),
              count: found.count + 1,
            });
            if (!(worst <= TOLERANCE)) wrong.push(`${kind} at layer ${layer}: ${worst.toExponential(1)}`);
          }
        }
        for (const [kind, { worst, agree, count }] of byKind)
          table.push(`${architecture.padEnd(12)} ${worst.toExponential(1)}  ${agree} of ${count}  ${kind}`);
        assert.deepEqual(wrong, []);
      }),
    );
  after(() => console.log(['', 'model, worst log-probability, top-1, interventions', ...table].join('\n')));
});
