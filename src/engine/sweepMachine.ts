import { readFileSync } from 'node:fs';
import type { Tops } from './cellRunner.js';

/** Numbers that the kernel takes at a time; rows are padded to whole blocks. */
const BLOCK = 1024;

/** An affine readout: logit i at (x, y) is `(c[i] + x u[i] + y v[i]) / s(x, y) + b[i]`, soft-capped where `cap` is not 0. */
export interface Rows {
  readonly c: Float32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
  readonly b: Float32Array;
  /** The final logits are `cap * tanh(z / cap)`; 0 for none. */
  readonly cap: number;
}

interface Kernel {
  sweep(
    rows: number,
    size: number,
    coefficients: number,
    cells: number,
    cap: number,
    k: number,
    scratch: number,
    ids: number,
    top: number,
    sums: number,
  ): void;
}

/** The compiled kernel (sweepKernel.as.ts) with rows in its memory. One runs in each thread. */
export class SweepMachine {
  private constructor(
    private readonly kernel: Kernel,
    private readonly memory: WebAssembly.Memory,
    private readonly size: number,
    private readonly cap: number,
  ) {}

  static create(file: string, rows: Rows): SweepMachine {
    const size = Math.ceil(rows.c.length / BLOCK) * BLOCK;
    const memory = new WebAssembly.Memory({ initial: pages(16 * size + 4 * BLOCK), maximum: 65_536 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env: { memory } });
    // The kernel takes powers of two: everything is kept times log2(e).
    const kept = new Float32Array(memory.buffer, 0, 4 * size);
    [rows.c, rows.u, rows.v, rows.b].forEach((row, i) => {
      for (let j = 0; j < row.length; j++) kept[i * size + j] = (row[j] ?? 0) * Math.LOG2E;
    });
    kept.fill(-1e30, 3 * size + rows.b.length, 4 * size);
    if (!isKernel(exports)) throw new Error(`${file} is not the sweep's kernel`);
    return new SweepMachine(exports, memory, size, rows.cap * Math.LOG2E);
  }

  /**
   * @param coefficients [cells * 3]: 1 / s, x / s, y / s of every cell
   */
  run(coefficients: Float32Array, k: number): Tops {
    const cells = coefficients.length / 3;
    const scratch = 16 * this.size;
    const sums = scratch + 4 * BLOCK; // 8-byte aligned, as the blocks are
    const at = sums + 16 * cells;
    const ids = at + 12 * cells;
    const top = ids + 4 * cells * k;
    const missing = pages(top + 4 * cells * k) - this.memory.buffer.byteLength / 65_536;
    if (missing > 0) this.memory.grow(missing);
    const { buffer } = this.memory;
    new Float32Array(buffer, at, 3 * cells).set(coefficients);
    this.kernel.sweep(0, this.size, at, cells, this.cap, k, scratch, ids, top, sums);
    const logits = new Float32Array(buffer, top, cells * k);
    const totals = new Float64Array(buffer, sums, cells * 2);
    const probabilities = new Float32Array(cells * k);
    const entropy = new Float32Array(cells);
    for (let cell = 0; cell < cells; cell++) {
      const total = totals[2 * cell] ?? 1;
      const first = logits[cell * k] ?? 0;
      for (let i = cell * k; i < cell * k + k; i++) probabilities[i] = 2 ** ((logits[i] ?? 0) - first) / total;
      entropy[cell] = Math.log(total) - (Math.LN2 * (totals[2 * cell + 1] ?? 0)) / total;
    }
    return { ids: new Int32Array(buffer, ids, cells * k).slice(), probabilities, entropy };
  }
}

const pages = (bytes: number): number => Math.ceil(bytes / 65_536);

const isKernel = (exports: object): exports is Kernel => 'sweep' in exports && typeof exports.sweep === 'function';
