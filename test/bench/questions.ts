/**
 * A map that is asked three questions in one run beside the same with one, the model open and its graphs as well: through a block,
 * cell by cell at the last layer, and by three rows. The best of some runs, taken in turn.
 */
import { computeMap, Engine } from '../../src/engine/client.js';
import {
  DEFAULT_BATCH_SIZE,
  DEFAULT_PARAMETERS,
  type MapParameters,
  type Question,
} from '../../src/map/specification.js';
import { engineFile } from '../engine/engine.js';
import { three } from './machine.js';

const RUNS = 7;
const QUESTIONS: readonly [Question, Question, Question] = [
  { kind: 'probability', token: 11 },
  { kind: 'set', tokens: [5, 7, 9, 13] },
  { kind: 'difference', first: 11, second: 12 },
];

export async function benchQuestions(model: string): Promise<void> {
  const engine = new Engine({ file: engineFile });
  try {
    const { facts } = await engine.call('open', { path: model, device: 'cpu' });
    const [first, ...others] = QUESTIONS;
    const grid = { ...DEFAULT_PARAMETERS.grid, columns: 32, rows: 32 };
    const ways: readonly (readonly [string, Partial<MapParameters>, 'each-cell' | undefined])[] = [
      ['through the last block', { layer: facts.blocks - 2 }, undefined],
      ['by the head, cell by cell', {}, 'each-cell'],
      ['three rows', {}, undefined],
    ];
    const rows = [];
    for (const [what, change, way] of ways) {
      const seconds = async (alsoAsked: readonly Question[]): Promise<number> => {
        const parameters = { ...DEFAULT_PARAMETERS, grid, ...change, question: first, alsoAsked };
        const started = performance.now();
        await computeMap(engine, { parameters, batchSize: DEFAULT_BATCH_SIZE, ...(way ? { way } : {}) });
        return (performance.now() - started) / 1000;
      };
      const best = [Infinity, Infinity] as [number, number];
      // The first of each opens graphs.
      for (let run = 0; run <= RUNS; run++)
        for (const [i, more] of [[], others].entries()) {
          const took = await seconds(more);
          if (run > 0) best[i] = Math.min(best[i] ?? Infinity, took);
        }
      const [one, many] = best;
      rows.push({ what, 'one question, s': three(one), 'three, s': three(many), ratio: three(many / one) });
    }
    console.log(`\nThree questions in one run beside one, ${grid.columns} x ${grid.rows} cells (to show: 1.2 at most)`);
    console.table(rows);
  } finally {
    await engine.dispose();
  }
}
