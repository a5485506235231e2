import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Tops } from './cellRunner.js';

/** Numbers that the kernel takes at a time; rows are padded to whole blocks. */
const BLOCK = 1024;
/** The counter stands here or higher while there is no work. */
const CLOSED = 0x40000000;

/**
 * What stands where in the memory that all threads share, in bytes: the counter of cells, the number of threads at work and
 * the job in cache lines of their own; then every thread's scratch; then the rows; behind them what a job takes and gives.
 */
const COUNTER = 0;
const ACTIVE = 64;
const JOB = 128;
const SCRATCH = 256;
const SCRATCH_BYTES = 8704;

/** An affine readout: logit i at (x, y) is `(c[i] + x u[i] + y v[i]) / s(x, y) + b[i]`, soft-capped where `cap` is not 0. */
export interface Rows {
  readonly c: Float32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
  readonly b: Float32Array;
  /** The final logits are `cap * tanh(z / cap)`; 0 for none. */
  readonly cap: number;
}

/** What a thread is given to take part. */
export interface ScanThread {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly index: number;
}

interface Kernel {
  scan(counter: number, scratch: number, job: number): void;
}

/** Takes part in the job at hand, if there is one, until no cell of it is left. */
export class ScanHand {
  private readonly kernel: Kernel;
  private readonly active: Int32Array;
  private readonly scratch: number;

  constructor({ module, memory, index }: ScanThread) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    if (!isKernel(exports)) throw new Error('This is not the scan.');
    this.kernel = exports;
    this.active = new Int32Array(memory.buffer, ACTIVE, 1);
    this.scratch = SCRATCH + index * SCRATCH_BYTES;
  }

  work(): void {
    Atomics.add(this.active, 0, 1);
    this.kernel.scan(COUNTER, this.scratch, JOB);
    Atomics.sub(this.active, 0, 1);
    Atomics.notify(this.active, 0);
  }
}

/** The compiled kernel (scanKernel.as.ts) with rows in its memory: one for all threads, which work on one job at a time. */
export class ScanMachine {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  private readonly hand: ScanHand;
  private readonly rowsAt: number;
  private size = 0;
  private cap = 0;
  private biased = false;

  /** @param threads most that will ever take part, this one included */
  constructor(file: string, threads: number) {
    this.rowsAt = SCRATCH + threads * SCRATCH_BYTES;
    this.memory = new WebAssembly.Memory({ initial: pages(this.rowsAt), maximum: 65_536, shared: true });
    // A map can be done before V8 finds that its inner loop is worth the better compiler, which is four times as fast.
    setFlagsFromString('--no-liftoff');
    this.module = new WebAssembly.Module(readFileSync(file));
    setFlagsFromString('--liftoff');
    this.hand = new ScanHand({ module: this.module, memory: this.memory, index: 0 });
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
   * Computes cells, together with the threads that {@link others} wakes.
   * @param coefficients [cells * 3]: 1 / s, x / s, y of every cell
   */
  run(coefficients: Float32Array, k: number, others: () => void): Tops {
    const cells = coefficients.length / 3;
    const sums = this.rowsAt + 16 * this.size; // 8-byte aligned, as the blocks are
    const at = sums + 16 * cells;
    const ids = at + 12 * cells;
    const top = ids + 4 * cells * k;
    this.reserve(top + 4 * cells * k);
    const { buffer } = this.memory;
    const counter = new Int32Array(buffer, COUNTER, 1);
    const active = new Int32Array(buffer, ACTIVE, 1);
    Atomics.store(counter, 0, CLOSED);
    settled(active);
    const taken = new Float32Array(buffer, at, 3 * cells);
    for (let i = 0; i < coefficients.length; i++) taken[i] = (coefficients[i] ?? 0) * (i % 3 < 2 ? Math.LOG2E : 1);
    const biased = this.biased ? 1 : 0;
    new Int32Array(buffer, JOB, 10).set([this.rowsAt, this.size, at, cells, 0, k, ids, top, sums, biased]);
    new Float32Array(buffer, JOB + 16, 1)[0] = this.cap;
    Atomics.store(counter, 0, 0);
    others();
    this.hand.work();
    settled(active);
    return topsOf(
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

/** Waits for the threads that still work on their last cells, a millisecond or so. */
function settled(active: Int32Array): void {
  for (let working = Atomics.load(active, 0); working > 0; working = Atomics.load(active, 0))
    Atomics.wait(active, 0, working);
}

/** From the kernel's sums to probabilities and entropies. */
function topsOf(ids: Int32Array, logits: Float32Array, sums: Float64Array): Tops {
  const cells = sums.length / 2;
  const k = ids.length / cells;
  const probabilities = new Float32Array(cells * k);
  const entropy = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    const total = sums[2 * cell] ?? 1;
    const first = logits[cell * k] ?? 0;
    for (let i = cell * k; i < cell * k + k; i++) probabilities[i] = 2 ** ((logits[i] ?? 0) - first) / total;
    entropy[cell] = Math.log(total) - (Math.LN2 * (sums[2 * cell + 1] ?? 0)) / total;
  }
  return { ids: ids.slice(), probabilities, entropy };
}

const pages = (bytes: number): number => Math.ceil(bytes / 65_536);

const isKernel = (exports: object): exports is Kernel => 'scan' in exports && typeof exports.scan === 'function';
