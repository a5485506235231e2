/**
 * `npm run bench`: milliseconds per cell and peak memory, per model, layer and readout, in one table. Models: the bundled one
 * and those of `BENCH_MODELS`, paths separated as in PATH (for instance SmolLM2-135M); then large random heads (heads.ts).
 * Nothing is asserted.
 */
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openModel } from '../../src/cli/models.js';
import { bundledModel } from '../../src/cli/installation.js';
import { benchHeads } from './heads.js';
import { computeMap } from '../../src/engine/client.js';
import { DEFAULT_BATCH_SIZE, DEFAULT_PARAMETERS, type Layer, type Readout } from '../../src/map/specification.js';

interface Row {
  readonly model: string;
  readonly layer: Layer;
  readonly readout: Readout;
  readonly cells: number;
  readonly 'ms/cell': number;
  readonly 'first cells, ms': number;
  readonly 'peak memory, MB': number | string;
  readonly way: string;
}

const GRID = { ...DEFAULT_PARAMETERS.grid, columns: 50, rows: 50 };

/** Peak resident memory of a process in MB, where the system tells (Linux). */
function peakMemory(pid: number | undefined): number | string {
  const status = `/proc/${pid ?? 0}/status`;
  if (!existsSync(status)) return 'unknown';
  const [, kilobytes = '0'] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(status, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1000);
}

/** One map on an engine of its own, so that its peak memory is this map's. */
async function measure(model: string, layer: Layer, readout: Readout): Promise<Row> {
  const { engine, description } = await openModel(model, { device: 'cpu', skipChecks: true });
  try {
    const parameters = { ...DEFAULT_PARAMETERS, grid: GRID, layer, readout };
    let first: number | undefined;
    const started = performance.now();
    const map = await computeMap(
      engine,
      { parameters, batchSize: DEFAULT_BATCH_SIZE },
      {
        onEvent: (event) => {
          if (event.kind === 'cells') first ??= performance.now() - started;
        },
      },
    );
    const cells = GRID.columns * GRID.rows;
    return {
      model: description.reference.name,
      layer,
      readout,
      cells,
      'ms/cell': Number(((performance.now() - started) / cells).toPrecision(3)),
      'first cells, ms': Math.round(first ?? NaN),
      'peak memory, MB': peakMemory(engine.pid),
      way: map.runtime.way,
    };
  } finally {
    await engine.dispose();
  }
}

const models = [
  bundledModel,
  ...(process.env.BENCH_MODELS ?? '').split(path.delimiter).filter((place) => place !== ''),
];
const rows: Row[] = [];
for (const model of models) {
  const { engine, description } = await openModel(model, { device: 'cpu', skipChecks: true });
  await engine.dispose();
  const last = description.facts.blocks - 1;
  const cases: [Layer, Readout][] = [
    ['embeddings', 'forward'],
    [Math.floor(last / 2), 'forward'],
    [last, 'forward'],
    [Math.floor(last / 2), 'lens'],
    [last, 'unembed'],
  ];
  for (const [layer, readout] of cases)
    if (description.readouts[readout].ok) rows.push(await measure(model, layer, readout));
}
console.log(
  `${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.cpus().length} threads, Node ${process.versions.node}`,
);
console.table(rows);
await benchHeads();
await import('./polygons.js');
