/**
 * Maps through a model's blocks, from its first, middle and last layers, alone and behind a prompt of 16 tokens: against the
 * straightforward way in the same engine (the whole model on the whole prompt for every cell), and against PyTorch.
 */
import { Engine } from '../../src/engine/client.js';
import { chooseDevice } from '../../src/engine/device.js';
import { memoryBudget } from '../../src/engine/memory.js';
import { Model } from '../../src/engine/model/model.js';
import { Variant } from '../../src/engine/model/variant.js';
import type { Layer } from '../../src/map/specification.js';
import { engineFile } from '../engine/engine.js';
import { median, memory, three, times } from './machine.js';
import { square, timed } from './maps.js';
import { Torch } from './torch.js';

const SIDE = 40;
const BATCH = 100;
const ROUNDS = 3;
const PROMPT = 'The quick brown fox jumps over the lazy dog, and then it runs away from the farm and its barking dogs.';
const POSITIONS = 16;

/** @param environment names what PyTorch needs, where it is to be measured */
export async function benchForward(path: string, environment: NodeJS.ProcessEnv = {}): Promise<void> {
  const torch = await Torch.start(environment.BENCH_PYTHON, environment.BENCH_HF);
  const compared =
    typeof torch === 'string' ? `without PyTorch: ${torch}` : `PyTorch ${torch.version}, batches of ${BATCH}`;
  console.log(`\nThrough the blocks, ${SIDE} × ${SIDE} cells, ms a cell (${compared})`);
  const { used } = await chooseDevice('cpu');
  const model = Model.open(path, used, memoryBudget(undefined));
  const variant = Variant.of(model);
  const rows: object[] = [];
  const { blocks } = model.facts;
  const prompt = (await model.tokenizer.encode(PROMPT)).slice(0, POSITIONS);
  try {
    for (const ids of [[], prompt])
      for (const layer of ['embeddings', Math.floor(blocks / 2) - 1, blocks - 3] as const)
        rows.push(await measure(variant, path, layer, ids, typeof torch === 'string' ? undefined : torch));
  } finally {
    if (typeof torch !== 'string') torch.end();
    await variant.release();
  }
  console.table(rows);
}

async function measure(
  variant: Variant,
  path: string,
  layer: Layer,
  ids: readonly number[],
  torch: Torch | undefined,
): Promise<object> {
  // An engine of its own, so that its peak memory is this map's.
  const engine = new Engine({ file: engineFile });
  try {
    await engine.call('open', { path, device: 'cpu', skipChecks: true });
    const opened = memory(engine.pid, 'VmHWM');
    const context = ids.length > 0 ? ({ kind: 'tokens', ids } as const) : ({ kind: 'none' } as const);
    const parameters = square(SIDE, { layer, context });
    // A single cell first: what the batch takes is what is more behind it. Its peak is that of opening the graphs.
    await timed(engine, square(1, { layer, context }));
    const taken = memory(engine.pid, 'VmHWM') - opened;
    const single = memory(engine.pid, 'VmRSS');
    const cold = await timed(engine, parameters);
    const batch = memory(engine.pid, 'VmRSS') - single;
    const ours: number[] = [];
    const plain: number[] = [];
    const theirs = { hook: [] as number[], kept: [] as number[], least: [] as number[] };
    const block = layer === 'embeddings' ? 0 : layer + 1;
    const whole = await wholeModel(variant, ids);
    for (let round = 0; round < ROUNDS; round++) {
      ours.push((await timed(engine, parameters)).ms / SIDE ** 2);
      plain.push(await whole());
      if (!torch) continue;
      // Position 0 of a model is its first token: alone, the vector stands there.
      const own = ids.length > 0 ? ids : [0];
      for (const way of ['hook', 'kept', 'least'] as const)
        theirs[way].push(await torch.run({ ids: own, block, way, batch: BATCH }));
    }
    const mine = median(ours);
    const best = Math.min(median(theirs.kept), median(theirs.least));
    // What stands before the vector needs the blocks below its layer, too.
    const deepest = ids.length > 0 ? ('embeddings' as const) : layer;
    const plan = { layer: deepest, readout: 'forward', prefix: ids.slice(0, -1), own: 0, suffix: [] } as const;
    const weights =
      variant.weightsOf({ ...plan, output: { kind: 'top', k: 10, masked: false, functional: false } }, true).bytes /
      1e6;
    const peak = Math.max(taken, memory(engine.pid, 'VmHWM') - opened);
    return {
      layer,
      before: ids.length > 0 ? `${ids.length - 1} tokens` : 'nothing',
      ours: three(mine),
      'whole model': three(median(plain)),
      'times faster': times(median(plain) / mine),
      ...(torch
        ? {
            'torch hook': three(median(theirs.hook)),
            'faster than hook': times(median(theirs.hook) / mine),
            'torch at best': three(best),
            'faster than best': times(best / mine),
          }
        : {}),
      'first cells, ms': Math.round(cold.first),
      'peak, MB': Math.round(peak),
      'weights, MB': Math.round(weights),
      'a batch, MB': Math.round(batch),
      '(peak - batch) / weights': Number(((peak - batch) / weights).toFixed(2)),
    };
  } finally {
    await engine.dispose();
  }
}

/** The whole model on the whole prompt, the vector put in at its beginning: what a cell costs without any of it left out. */
async function wholeModel(variant: Variant, ids: readonly number[]): Promise<() => Promise<number>> {
  const { model } = variant;
  const runner = await variant.runner({
    layer: 'embeddings',
    readout: 'forward',
    prefix: ids.slice(0, -1),
    own: ids.at(-1) ?? 0,
    suffix: [],
    output: { kind: 'top', k: 10, masked: false, functional: false },
    manner: { ...model.manner, literal: true, prefix: { way: 'recomputed', reason: 'for comparison' } },
  });
  const points = Float32Array.from({ length: BATCH * model.facts.hiddenSize }, (_, i) => Math.sin(1.7 * i * i));
  await runner.tops(points, BATCH);
  return async () => {
    const started = performance.now();
    await runner.tops(points, BATCH);
    return (performance.now() - started) / BATCH;
  };
}
