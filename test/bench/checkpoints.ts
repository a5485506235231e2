/**
 * One model as its checkpoint, as GGUF, as its ONNX export and in PyTorch, each from nothing in a process of its own: opening, the first cells and
 * the whole of a map in a middle layer behind a prompt, and the most memory that the process had.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { computeMap, Engine } from '../../src/engine/client.js';
import { DEFAULT_BATCH_SIZE, DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { engineFile } from '../engine/engine.js';
import { memory, processorSeconds } from './machine.js';

/** "The capital of France is" by SmolLM2's tokenizer; any ids do for another model. */
const IDS = [504, 3575, 282, 4649, 314];
const SIDE = 20;

const time = v.tuple([v.number(), v.number()]);
const toldSchema = v.object({ opened: time, first: time, whole: time, peak: v.number() });
type Told = v.InferOutput<typeof toldSchema>;

async function ours(path: string): Promise<{ told: Told; layer: number }> {
  const started = performance.now();
  const engine = new Engine({ file: engineFile });
  const now = (): [number, number] => [(performance.now() - started) / 1000, processorSeconds(engine.pid)];
  try {
    const { facts } = await engine.call('open', { path, device: 'cpu', checksBehind: true });
    const opened = now();
    const layer = Math.floor(0.4 * facts.blocks);
    const parameters = {
      ...DEFAULT_PARAMETERS,
      layer,
      context: { kind: 'tokens', ids: IDS },
      grid: { columns: SIDE, rows: SIDE, spacing: 1, center: [0, 0] },
    } as const;
    let first: [number, number] | undefined;
    await computeMap(
      engine,
      { parameters, batchSize: DEFAULT_BATCH_SIZE },
      { onEvent: (event) => void (event.kind === 'cells' && (first ??= now())) },
    );
    const whole = now();
    return { told: { opened, first: first ?? whole, whole, peak: memory(engine.pid, 'VmHWM') }, layer };
  } finally {
    await engine.dispose();
  }
}

/** A GGUF file whose blocks nobody has repacked yet, and again when they are. */
async function gguf(path: string): Promise<[string, Told][]> {
  const { EMBEDDING_GRID_CACHE: before } = process.env;
  const cache = mkdtempSync(join(os.tmpdir(), 'eg-bench-'));
  process.env.EMBEDDING_GRID_CACHE = cache;
  try {
    const first = (await ours(path)).told;
    return [
      ['GGUF, repacked first', first],
      ['GGUF', (await ours(path)).told],
    ];
  } finally {
    if (before === undefined) delete process.env.EMBEDDING_GRID_CACHE;
    else process.env.EMBEDDING_GRID_CACHE = before;
    rmSync(cache, { recursive: true, force: true });
  }
}

function torch(python: string, folder: string, layer: number): Told {
  const script = join(import.meta.dirname, 'wholeMap.py');
  const sizes = [os.availableParallelism(), layer, SIDE * SIDE, DEFAULT_BATCH_SIZE, IDS.join(',')].map(String);
  const { stdout } = spawnSync(python, [script, folder, ...sizes], { encoding: 'utf8' });
  return v.parse(toldSchema, JSON.parse(stdout));
}

export async function benchCheckpoints({
  BENCH_MODEL: onnx,
  BENCH_HF: checkpoint,
  BENCH_GGUF: ggufFile,
  BENCH_PYTHON: python,
}: NodeJS.ProcessEnv): Promise<void> {
  if (checkpoint === undefined)
    return console.log('\nBENCH_HF, a checkpoint, is not given: it is not measured beside its export and PyTorch.');
  console.log(
    `\nA middle layer behind ${IDS.length} tokens, ${SIDE} × ${SIDE} cells, from nothing: s (s of the processor)`,
  );
  const { told, layer } = await ours(checkpoint);
  const rows: [string, Told][] = [['safetensors', told]];
  if (ggufFile !== undefined) rows.push(...(await gguf(ggufFile)));
  if (onnx !== undefined) rows.push(['ONNX', (await ours(onnx)).told]);
  if (python !== undefined) rows.push(['PyTorch, hook', torch(python, checkpoint, layer)]);
  const shown = ([wall, processor]: [number, number]): string => `${wall.toFixed(2)} (${processor.toFixed(2)})`;
  console.table(
    rows.map(([model, { opened, first, whole, peak }]) => ({
      model,
      opened: shown(opened),
      'first cells': shown(first),
      whole: shown(whole),
      'peak, MB': Math.round(peak),
    })),
  );
}
