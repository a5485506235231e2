import type { Rows } from './affineRows.js';

/** The most probable tokens of `n` cells, by the rows. */
export interface ScannedCells {
  /** [n * k] numbers of rows, most probable first; of equal ones the lower first. */
  readonly rows: Int32Array;
  /** [n * k] */
  readonly probabilities: Float32Array;
  /** [n] nats */
  readonly entropy: Float32Array;
}

/** The memory of WebAssembly that the scan works in. */
export interface GrowingMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** The compiled kernel (engine/scanKernel.as.ts). */
export interface ScanKernel {
  scan(counter: number, scratch: number, job: number): void;
}

export const isScanKernel = (exports: object): exports is ScanKernel =>
  'scan' in exports && typeof exports.scan === 'function';

/** Numbers that the kernel takes at a time; rows are padded to whole blocks. */
const BLOCK = 1024;
/** The counter stands here or higher while there is no work. */
const CLOSED = 0x40000000;

/**
 * What stands where in the memory, in bytes: the counter of cells, the number of threads at work and the job in cache lines of
 * their own; then every thread's scratch; then the rows; behind them what a job takes and gives.
 */
const COUNTER = 0;
export const ACTIVE = 64;
const JOB = 128;
const SCRATCH = 256;
const SCRATCH_BYTES = 8704;

/** Calls the kernel for a thread. @param index 0 ... threads - 1 */
export const scanAs = (kernel: ScanKernel, index: number): void =>
  kernel.scan(COUNTER, SCRATCH + index * SCRATCH_BYTES, JOB);

const pages = (bytes: number): number => Math.ceil(bytes / 65_536);
const rowsAtOf = (threads: number): number => SCRATCH + threads * SCRATCH_BYTES;

/** Pages that a memory for so many threads begins with. */
export const firstPages = (threads: number): number => pages(rowsAtOf(threads));

/** Rows in the memory of the scan, and jobs over them, one at a time. */
export class ScanMemory {
  private readonly rowsAt: number;
  private size = 0;
  private cap = 0;
  private biased = false;

  /** @param threads most that will ever take part */
  constructor(
    readonly memory: GrowingMemory,
    threads: number,
  ) {
    this.rowsAt = rowsAtOf(threads);
  }

  /** Takes the rows for the jobs to come. */
  load({ c, u, v, b, cap }: Rows): void {
    const size = Math.ceil(c.length / BLOCK) * BLOCK;
    this.reserve(this.rowsAt + 16 * size);
    const kept = new Float32Array(this.memory.buffer, this.rowsAt, 4 * size);
    [c, u, v].forEach((row, i) => kept.set(row, i * size));
    // What is added last is in the kernel's unit; the coefficients bring the other rows there.
    kept.set(
      b.map((x) => x * Math.LOG2E),
      3 * size,
    );
    for (let i = 0; i < 3; i++) kept.fill(0, i * size + c.length, (i + 1) * size);
    kept.fill(-1e30, 3 * size + c.length, 4 * size);
    this.size = size;
    this.cap = cap * Math.LOG2E;
    this.biased = b.some((x) => x !== 0);
  }

  /**
   * Computes cells.
   * @param coefficients [cells * 3] of every cell
   * @param work takes part until no cell is left, and waits for whoever else takes part
   * @param settled waits until nobody takes part any more
   */
  run(coefficients: Float32Array, k: number, work: () => void, settled: () => void = () => undefined): ScannedCells {
    const cells = coefficients.length / 3;
    const sums = this.rowsAt + 16 * this.size; // 8-byte aligned, as the blocks are
    const at = sums + 16 * cells;
    const ids = at + 12 * cells;
    const top = ids + 4 * cells * k;
    this.reserve(top + 4 * cells * k);
    const { buffer } = this.memory;
    const counter = new Int32Array(buffer, COUNTER, 1);
    Atomics.store(counter, 0, CLOSED);
    settled();
    const taken = new Float32Array(buffer, at, 3 * cells);
    for (let i = 0; i < coefficients.length; i++) taken[i] = (coefficients[i] ?? 0) * (i % 3 < 2 ? Math.LOG2E : 1);
    const biased = this.biased ? 1 : 0;
    new Int32Array(buffer, JOB, 10).set([this.rowsAt, this.size, at, cells, 0, k, ids, top, sums, biased]);
    new Float32Array(buffer, JOB + 16, 1)[0] = this.cap;
    Atomics.store(counter, 0, 0);
    work();
    settled();
    return scanned(
      new Int32Array(buffer, ids, cells * k),
      new Float32Array(buffer, top, cells * k),
      new Float64Array(buffer, sums, cells * 2),
    );
  }

  private reserve(bytes: number): void {
    const missing = pages(bytes) - this.memory.buffer.byteLength / 65_536;
    if (missing > 0) this.memory.grow(missing);
  }
}

/** From the kernel's sums to probabilities and entropies. */
function scanned(rows: Int32Array, logits: Float32Array, sums: Float64Array): ScannedCells {
  const cells = sums.length / 2;
  const k = rows.length / cells;
  const probabilities = new Float32Array(cells * k);
  const entropy = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    const total = sums[2 * cell] ?? 1;
    const first = logits[cell * k] ?? 0;
    for (let i = cell * k; i < cell * k + k; i++) probabilities[i] = 2 ** ((logits[i] ?? 0) - first) / total;
    entropy[cell] = Math.log(total) - (Math.LN2 * (sums[2 * cell + 1] ?? 0)) / total;
  }
  return { rows: rows.slice(), probabilities, entropy };
}
