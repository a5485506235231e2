/**
 * `npm run gpu`: the same maps on the CPU and on CUDA, compared and timed. Needs an NVIDIA GPU, CUDA, cuDNN 9 and CUDA's part of
 * onnxruntime, found as the program finds it (EMBEDDING_GRID_CUDA_LIBRARIES names its folder); says so and ends well where there
 * is none. Models: the bundled one, exports and checkpoints kept in test/fixtures, and those of GPU_MODELS (paths separated as
 * in PATH).
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { computeMap, Engine } from '../../src/engine/client.js';
import { bundledModel } from '../../src/host/installation.js';
import { Fault } from '../../src/map/fault.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { engineFile } from '../engine/engine.js';

const fixtures = path.join(import.meta.dirname, '..', 'fixtures');
const kept = ['models', 'checkpoints'].flatMap((kind) =>
  readdirSync(path.join(fixtures, kind), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(fixtures, kind, name)),
);
const models = [
  bundledModel,
  ...kept,
  ...(process.env.GPU_MODELS ?? '').split(path.delimiter).filter((place) => place !== ''),
];

console.log(new Date().toISOString());
if (!existsSync('/dev/nvidia0')) {
  console.log('No NVIDIA GPU here: the CUDA check is left out.');
} else {
  const table: Record<string, string | number>[] = [];
  for (const model of models)
    for (const layer of ['embeddings', 'last'] as const) table.push(await compare(model, layer));
  console.table(table);
}

async function compare(model: string, layer: 'embeddings' | 'last'): Promise<Record<string, string | number>> {
  const parameters: MapParameters = { ...DEFAULT_PARAMETERS, layer };
  const run = async (device: 'cpu' | 'cuda') => {
    const engine = new Engine({ file: engineFile });
    try {
      const description = await engine.call('open', { path: model, device });
      await computeMap(engine, { parameters, batchSize: 100 });
      const started = performance.now();
      const { cells, runtime } = await computeMap(engine, { parameters, batchSize: 100 });
      return {
        cells,
        device: runtime.device,
        name: description.reference.name,
        weights: description.facts.numberType,
        ms: (performance.now() - started) / cells.computed.length,
      };
    } finally {
      await engine.dispose();
    }
  };
  try {
    const cpu = await run('cpu');
    const cuda = await run('cuda');
    const k = cpu.cells.topK;
    let same = 0;
    let worst = 0;
    for (let cell = 0; cell < cpu.cells.computed.length; cell++) {
      if (cpu.cells.ids[cell * k] !== cuda.cells.ids[cell * k]) continue;
      same++;
      worst = Math.max(
        worst,
        Math.abs(Math.log((cpu.cells.probabilities[cell * k] ?? 1) / (cuda.cells.probabilities[cell * k] ?? 1))),
      );
    }
    return {
      model: cpu.name,
      weights: cpu.weights,
      layer,
      device: cuda.device,
      'same token': `${same} of ${cpu.cells.computed.length}`,
      'worst log-p': worst.toExponential(1),
      'cpu ms/cell': cpu.ms.toFixed(3),
      'cuda ms/cell': cuda.ms.toFixed(3),
    };
  } catch (error) {
    const fault = Fault.from(error);
    return { model: path.basename(model), layer, device: 'cuda', 'same token': `${fault.message} ${fault.hint ?? ''}` };
  }
}
