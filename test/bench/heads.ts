/**
 * `npm run bench -- heads`: last-layer maps of large random heads, by three rows against the full product for every cell in the
 * same engine and run, as ratios; and the sweep alone against `sweep.c` (SWEEP_C names its source), where the machine has
 * AVX-512 and a compiler. Nothing is asserted.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { computeMap, Engine } from '../../src/engine/client.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { EIGHT_BILLION, llama, type LlamaSizes } from '../engine/llama.js';
import { sparseWeights } from '../engine/sparseWeights.js';
import { engineFile } from '../engine/engine.js';

const HEADS: readonly Pick<LlamaSizes, 'vocabulary' | 'hidden'>[] = [
  { vocabulary: 49_152, hidden: 576 },
  { vocabulary: 128_256, hidden: 4096 },
];
/** Cells that stand for all of a map computed the straightforward way: its time per cell does not depend on how many. */
const SAMPLE = { columns: 10, rows: 20 };

const parametersOf = (columns: number, rows: number): MapParameters => ({
  ...DEFAULT_PARAMETERS,
  grid: { columns, rows, spacing: 25 / columns, center: [0, 0] },
});

interface Row {
  readonly head: string;
  readonly cells: string;
  readonly 'each cell, ms': number;
  readonly 'three rows, ms': number;
  readonly 'rows + first map, ms': number;
  readonly 'first picture, ms': number;
  readonly 'times faster': number;
  readonly 'other winners': string;
}

async function timed(
  engine: Engine,
  parameters: MapParameters,
  way?: 'each-cell',
): Promise<{ map: TokenMap; ms: number; first: number }> {
  const started = performance.now();
  let first = NaN;
  const map = await computeMap(
    engine,
    { parameters, batchSize: 100, ...(way === undefined ? {} : { way }) },
    {
      onEvent: (event) => {
        if (event.kind === 'cells' && Number.isNaN(first)) first = performance.now() - started;
      },
    },
  );
  return { map, ms: performance.now() - started, first };
}

/** Cells with another winner, and how many of them are closer than float32 can tell (1e-4 in log-probability). */
function differences(a: TokenMap, b: TokenMap): string {
  const k = a.cells.topK;
  let other = 0;
  let near = 0;
  for (let cell = 0; cell < a.cells.computed.length; cell++) {
    if (a.cells.ids[cell * k] === b.cells.ids[cell * k]) continue;
    other++;
    const [p = 1, q = 1] = [b.cells.probabilities[cell * k], b.cells.probabilities[cell * k + 1]];
    if (Math.log(p / q) < 1e-4) near++;
  }
  return `${other} (${near} near-ties)`;
}

async function measure(head: (typeof HEADS)[number]): Promise<Row[]> {
  const folder = mkdtempSync(join(os.tmpdir(), 'embedding-grid-bench-'));
  try {
    const sizes: LlamaSizes = {
      ...EIGHT_BILLION,
      ...head,
      blocks: 1,
      heads: head.hidden / 64,
      keyValueHeads: head.hidden / 64,
      inner: 256,
    };
    const file = sparseWeights(join(folder, 'model.onnx.data'), 'model.onnx.data', (name) => /head|norm/.test(name));
    writeFileSync(join(folder, 'model.onnx'), llama(sizes, file.weights).toBytes());
    file.close();
    const engine = new Engine({ file: engineFile });
    try {
      await engine.call('open', { path: folder, device: 'cpu', skipChecks: true });
      const plain = await timed(engine, parametersOf(SAMPLE.columns, SAMPLE.rows), 'each-cell');
      const perCell =
        (await timed(engine, parametersOf(SAMPLE.columns, SAMPLE.rows), 'each-cell')).ms /
        (SAMPLE.columns * SAMPLE.rows);
      const fast = await timed(engine, parametersOf(SAMPLE.columns, SAMPLE.rows));
      const rows: Row[] = [];
      for (const side of [50, 100, 200]) {
        // Another seed is another plane: its rows are computed with the map.
        const fresh: MapParameters = {
          ...parametersOf(side, side),
          plane: { ...DEFAULT_PARAMETERS.plane, axes: { method: 'random_projection', seed: side } },
        };
        const withRows = await timed(engine, fresh);
        const again = await timed(engine, fresh);
        rows.push({
          head: `${head.vocabulary} x ${head.hidden}`,
          cells: `${side} x ${side}`,
          'each cell, ms': Math.round(perCell * side * side),
          'three rows, ms': Math.round(again.ms),
          'rows + first map, ms': Math.round(withRows.ms),
          'first picture, ms': Math.round(again.first),
          'times faster': Math.round((perCell * side * side) / withRows.ms),
          'other winners': `${differences(fast.map, plain.map)} of ${SAMPLE.columns * SAMPLE.rows}`,
        });
      }
      return rows;
    } finally {
      await engine.dispose();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The C sweep's milliseconds per cell with all threads, or why not. */
function sweepInC(vocabulary: number): number | string {
  const source =
    process.env.SWEEP_C ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'reference', 'baseline', 'sweep.c');
  if (!existsSync(source)) return 'no sweep.c';
  if (process.platform !== 'linux' || !readFileSync('/proc/cpuinfo', 'utf8').includes('avx512f'))
    return 'no AVX-512 here';
  const folder = mkdtempSync(join(os.tmpdir(), 'embedding-grid-sweep-'));
  try {
    const binary = join(folder, 'sweep');
    execFileSync(
      'gcc',
      ['-O3', '-march=native', '-ffast-math', '-fno-finite-math-only', '-fopenmp', source, '-o', binary, '-lm'],
      { stdio: 'ignore' },
    );
    const out = execFileSync(binary, [String(vocabulary), '2000', String(os.availableParallelism())], {
      encoding: 'utf8',
    });
    return Number(/fused 1-pass[^}]*"median":([\d.]+)/.exec(out)?.[1] ?? NaN);
  } catch {
    return 'no compiler';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function benchHeads(): Promise<void> {
  const rows: Row[] = [];
  for (const head of HEADS) rows.push(...(await measure(head)));
  console.table(rows);
  for (const { vocabulary } of HEADS) {
    const c = sweepInC(vocabulary);
    const ours = rows.find((r) => r.head.startsWith(`${vocabulary} `) && r.cells === '200 x 200');
    const perCell = (ours?.['three rows, ms'] ?? NaN) / 40_000;
    const ratio = typeof c === 'number' ? `${c.toFixed(4)} ms; ${(perCell / c).toFixed(1)} times` : c;
    console.log(
      `sweep, V = ${vocabulary}: ${perCell.toFixed(4)} ms a cell, softmax, top 10 and entropy included; sweep.c (AVX-512): ${ratio}`,
    );
  }
}
