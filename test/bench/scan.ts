/** The scan in WebAssembly against one in C with AVX-512 (scan.c), with the same threads, rows and cells, turn by turn. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { Scanner } from '../../src/engine/scan.js';
import { engineFile } from '../engine/engine.js';
import { random } from '../engine/llama.js';
import { median, times } from './machine.js';

const ROUNDS = 7;
const SIDE = 50;
/** Logits of one batch, as in a map. */
const BATCH_LOGITS = 6e7;

/** Compiles scan.c. @returns its program, or why there is none */
function compiled(folder: string): { program: string } | { reason: string } {
  if (process.platform !== 'linux' || !/\bavx512dq\b/.test(readFileSync('/proc/cpuinfo', 'utf8')))
    return { reason: 'this machine has no AVX-512' };
  const program = join(folder, 'scan');
  const source = join(import.meta.dirname, 'scan.c');
  try {
    execFileSync('gcc', ['-O3', '-march=native', '-fopenmp', source, '-o', program, '-lm'], { stdio: 'ignore' });
    return { program };
  } catch {
    return { reason: 'there is no gcc that compiles scan.c' };
  }
}

export function benchScan(): void {
  const threads = Math.min(16, os.availableParallelism());
  console.log(`\nThe scan alone, ${threads} threads, ${SIDE} × ${SIDE} cells; in C without top 10 and entropy`);
  const folder = mkdtempSync(join(os.tmpdir(), 'embedding-grid-scan-'));
  try {
    const c = compiled(folder);
    const rows = [49_152, 128_256].map((vocabulary) => measure(vocabulary, threads, folder, c));
    console.table(rows);
    if ('reason' in c) console.log(`Without scan.c: ${c.reason}.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(vocabulary: number, threads: number, folder: string, c: ReturnType<typeof compiled>): object {
  const next = random(vocabulary);
  const row = (scale: number): Float32Array => Float32Array.from({ length: vocabulary }, () => scale * next());
  const rows = { c: row(1), u: row(1), v: row(1), b: new Float32Array(vocabulary), cap: 0 };
  const cells = SIDE * SIDE;
  const at = (i: number): number => (i - (SIDE - 1) / 2) / 2;
  const points = Float32Array.from({ length: 2 * cells }, (_, i) =>
    at(i % 2 === 0 ? (i >> 1) % SIDE : Math.floor((i >> 1) / SIDE)),
  );
  const coefficients = Float32Array.from({ length: 3 * cells }, (_, i) =>
    i % 3 === 0 ? 1 : (points[2 * Math.floor(i / 3) + (i % 3) - 1] ?? 0),
  );
  const file = join(folder, 'rows');
  const powers = [rows.c, rows.u, rows.v].map((values) => values.map((x) => x * Math.LOG2E));
  const scanner = new Scanner(dirname(engineFile));
  const step = Math.ceil(BATCH_LOGITS / vocabulary);
  const ours: number[] = [];
  const theirs: number[] = [];
  let differing = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const started = performance.now();
    const winners: number[] = [];
    for (let from = 0; from < cells; from += step) {
      const some = coefficients.subarray(3 * from, 3 * Math.min(cells, from + step));
      const { ids } = scanner.tops(rows, String(vocabulary), some, 10, cells);
      for (let i = 0; i < ids.length; i += 10) winners.push(ids[i] ?? -1);
    }
    if (round > 0) ours.push((performance.now() - started) / cells);
    if ('reason' in c) continue;
    writeFileSync(file, Buffer.concat([...powers, points].map((part) => Buffer.from(part.buffer))));
    const numbers = [vocabulary, cells, threads, 3].map(String);
    const printed = execFileSync(c.program, [file, ...numbers], { encoding: 'utf8' });
    theirs.push(
      ...printed
        .trim()
        .split('\n')
        .slice(1)
        .map((ms) => Number(ms) / cells),
    ); // the first wakes the threads
    const written = readFileSync(file);
    differing = winners.filter((id, i) => written.readInt32LE(written.length - 4 * (cells - i)) !== id).length;
  }
  return {
    vocabulary,
    'WebAssembly, µs a cell': Number((1000 * median(ours)).toFixed(1)),
    ...('reason' in c
      ? {}
      : {
          'C, µs a cell': Number((1000 * median(theirs)).toFixed(1)),
          ratio: times(median(ours) / median(theirs)),
          'ratio of the fastest': times(Math.min(...ours) / Math.min(...theirs)),
          'other winners': differing,
        }),
  };
}
