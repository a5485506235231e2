/**
 * Last-layer maps of large random heads: three rows against the full product for every cell, in the same engine and run. The
 * straightforward way's time per cell does not depend on how many there are, so some stand for all.
 */
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../src/engine/client.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { engineFile } from '../engine/engine.js';
import { EIGHT_BILLION, llama } from '../engine/llama.js';
import { sparseCheckpoint, type StoredType } from '../engine/sparseCheckpoint.js';
import { sparseWeights } from '../engine/sparseWeights.js';
import { median, processorSeconds, three, times } from './machine.js';
import { randomPlane, square, timed } from './maps.js';

const LARGE = { vocabulary: 128_256, hidden: 4096 } as const;
const HEADS = [{ vocabulary: 49_152, hidden: 576 }, LARGE] as const;
const ROUNDS = 3;

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
  return `${other} (${near} of them near ties)`;
}

async function measure({ vocabulary, hidden }: (typeof HEADS)[number]): Promise<object[]> {
  const folder = mkdtempSync(join(os.tmpdir(), 'embedding-grid-bench-'));
  const engine = new Engine({ file: engineFile });
  try {
    const heads = hidden / 64;
    const sizes = { ...EIGHT_BILLION, vocabulary, hidden, blocks: 1, heads, keyValueHeads: heads, inner: 256 };
    const file = sparseWeights(join(folder, 'model.onnx.data'), 'model.onnx.data', (name) => /head|norm/.test(name));
    writeFileSync(join(folder, 'model.onnx'), llama(sizes, file.weights).toBytes());
    file.close();
    await engine.call('open', { path: folder, device: 'cpu', skipChecks: true });
    const whole = square(50, randomPlane(1));
    const before = await timed(engine, whole, 'each-cell');
    const rows: { side: number; fresh: number[]; again: number[]; first: number[] }[] = [];
    for (const side of [50, 100, 200]) {
      const row = { side, fresh: [] as number[], again: [] as number[], first: [] as number[] };
      for (let round = 0; round < ROUNDS; round++) {
        const parameters = square(side, randomPlane(100 * side + round));
        row.fresh.push((await timed(engine, parameters)).ms);
        const { ms, first } = await timed(engine, parameters);
        row.again.push(ms);
        row.first.push(first);
      }
      rows.push(row);
    }
    const after = await timed(engine, whole, 'each-cell');
    const perCell = Math.min(before.ms, after.ms) / 2500;
    const differing = differences((await timed(engine, whole)).map, after.map);
    console.log(
      `${vocabulary} × ${hidden}: other winners in ${differing} of the 2,500 cells of a map computed both ways`,
    );
    return rows.map(({ side, fresh, again, first }) => ({
      head: `${vocabulary} × ${hidden}`,
      cells: `${side} × ${side}`,
      'full product, s': three((perCell * side * side) / 1000),
      'new plane, s': three(median(fresh) / 1000),
      'times faster': times((perCell * side * side) / median(fresh)),
      'same plane, s': three(median(again) / 1000),
      'times faster ': times((perCell * side * side) / median(again)),
      'first cells, ms': Math.round(median(first)),
    }));
  } finally {
    await engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A new plane over the head of a checkpoint, beside one pass over the head's bytes: read from the page cache into a small buffer. */
async function measureStored(stored: StoredType): Promise<object> {
  const folder = mkdtempSync(join(os.tmpdir(), 'embedding-grid-bench-'));
  const engine = new Engine({ file: engineFile });
  try {
    const sizes = { ...EIGHT_BILLION, ...LARGE, blocks: 1, inner: 256 };
    sparseCheckpoint(folder, sizes, 1, (name) => /lm_head|model\.norm/.test(name), stored);
    await engine.call('open', { path: folder, device: 'cpu', skipChecks: true });
    await timed(engine, square(50, randomPlane(1)));
    const fresh: number[] = [];
    const again: number[] = [];
    const processor: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const parameters = square(50, randomPlane(2 + round));
      const before = processorSeconds(engine.pid);
      fresh.push((await timed(engine, parameters)).ms);
      processor.push(processorSeconds(engine.pid) - before);
      again.push((await timed(engine, parameters)).ms);
    }
    const bytes = LARGE.vocabulary * LARGE.hidden * (stored === 'float32' ? 4 : 2);
    return {
      stored,
      'head, MB': Math.round(bytes / 1e6),
      'one pass, s': three(median(Array.from({ length: ROUNDS }, () => secondsOfPass(folder, bytes)))),
      'new plane, s': three(median(fresh) / 1000),
      'of the processor, s': three(median(processor)),
      'same plane, s': three(median(again) / 1000),
    };
  } finally {
    await engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads the last bytes of a checkpoint's only file, which are its head. */
function secondsOfPass(folder: string, bytes: number): number {
  const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.safetensors')) ?? '');
  const buffer = new Uint8Array(2 ** 20);
  const started = performance.now();
  const fd = openSync(file, 'r');
  for (let at = statSync(file).size - bytes, read = 1; read > 0; at += read)
    read = readSync(fd, buffer, 0, buffer.length, at);
  closeSync(fd);
  return (performance.now() - started) / 1000;
}

export async function benchHeads(): Promise<void> {
  console.log('\nA new plane at the last layer of a checkpoint, head 128,256 × 4,096, 50 × 50 cells');
  const stored: object[] = [];
  for (const type of ['float32', 'float16', 'bfloat16'] as const) stored.push(await measureStored(type));
  console.table(stored);
  console.log('\nLast layer: three rows against the full product for every cell (batches of 100)');
  const rows: object[] = [];
  for (const head of HEADS) rows.push(...(await measure(head)));
  console.table(rows);
}
