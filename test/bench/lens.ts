/**
 * The logit lens of a prompt of 6 tokens at all layers, with the model open: the first time, when its graphs are opened, and again.
 * Where a Python is given, each cell beside PyTorch's.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import * as v from 'valibot';
import { Engine } from '../../src/engine/client.js';
import type { LensTable } from '../../src/map/lens/lensTable.js';
import { DEFAULT_BATCH_SIZE, DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { engineFile } from '../engine/engine.js';
import { processorSeconds, three } from './machine.js';

const PROMPT = 'The capital of France is';
const POSITIONS = 6;
const RUNS = 3;

const truthSchema = v.object({ ids: v.array(v.number()), probabilities: v.array(v.number()) });

/** @param environment names what PyTorch needs: as for {@link benchForward} */
export async function benchLens(model: string, environment: NodeJS.ProcessEnv = {}): Promise<void> {
  const engine = new Engine({ file: engineFile });
  try {
    const started = performance.now();
    await engine.call('open', { path: model, device: 'cpu' });
    const rows = [row('model opened and checked', started, processorSeconds(engine.pid))];
    const context = { kind: 'prompt', text: PROMPT } as const;
    const { tokens } = await engine.call('tokenize', { text: PROMPT });
    // As many positions with any tokenizer: its own tokens from the beginning, again where they are too few.
    const ids = Array.from({ length: POSITIONS }, (_, i) => tokens[i % tokens.length]?.id ?? 0);
    const parameters: MapParameters = {
      ...DEFAULT_PARAMETERS,
      readout: 'lens',
      context: tokens.length === POSITIONS ? context : { kind: 'tokens', ids },
    };
    let table: LensTable | undefined;
    for (let run = 0; run < RUNS; run++) {
      const [from, before] = [performance.now(), processorSeconds(engine.pid)];
      table = await engine.call('lens', { parameters, batchSize: DEFAULT_BATCH_SIZE });
      rows.push(row(run === 0 ? 'lens' : 'again', from, processorSeconds(engine.pid) - before));
    }
    if (!table) return;
    const { layers, positions, topK } = table;
    console.log(`\nThe logit lens of ${layers.length} layers x ${positions.length} positions of ${table.model.name}`);
    console.table(rows);
    console.log(beside(table, topK, environment));
  } finally {
    await engine.dispose();
  }
}

const row = (what: string, from: number, cpu: number): object => ({
  what,
  seconds: three((performance.now() - from) / 1000),
  'CPU seconds': three(cpu),
});

function beside(
  { layers, positions, ids, probabilities }: LensTable,
  topK: number,
  { BENCH_PYTHON, BENCH_HF }: NodeJS.ProcessEnv,
): string {
  if (BENCH_PYTHON === undefined || BENCH_HF === undefined)
    return 'without PyTorch: BENCH_PYTHON (with torch and transformers) and BENCH_HF (the same model for it) are not given';
  const script = path.join(import.meta.dirname, 'lens.py');
  const read = JSON.stringify(positions.map(({ id }) => id));
  const told = execFileSync(BENCH_PYTHON, [script, BENCH_HF, read], { stdio: ['ignore', 'pipe', 'ignore'] });
  const truth = v.parse(truthSchema, JSON.parse(told.toString()));
  const cells = layers.length * positions.length;
  if (truth.ids.length !== cells) return `PyTorch has ${truth.ids.length} cells, not ${cells}`;
  const agrees = truth.ids.filter((id, cell) => id === ids[cell * topK]).length;
  const apart = truth.probabilities.map((p, cell) => Math.abs(p - (probabilities[cell * topK] ?? NaN)));
  const blocks = truth.ids.slice(positions.length).filter((id, i) => id === ids[(i + positions.length) * topK]).length;
  return `first token as PyTorch's in ${agrees} of ${cells} cells (${blocks} of ${cells - positions.length} behind blocks); probabilities differ by ${Math.max(...apart).toExponential(1)} at most`;
}
