import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Rows } from '../map/rows/affineRows.js';
import { ACTIVE, firstPages, isScanKernel, scanAs, type ScanKernel, ScanMemory } from '../map/rows/scanMemory.js';
import type { Tops } from './cellRunner.js';

/** What a thread is given to take part. */
export interface ScanThread {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly index: number;
}

/** Takes part in the job at hand, if there is one, until no cell of it is left. */
export class ScanHand {
  private readonly kernel: ScanKernel;
  private readonly active: Int32Array;
  private readonly index: number;

  constructor({ module, memory, index }: ScanThread) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    if (!isScanKernel(exports)) throw new Error('This is not the scan.');
    this.kernel = exports;
    this.active = new Int32Array(memory.buffer, ACTIVE, 1);
    this.index = index;
  }

  work(): void {
    Atomics.add(this.active, 0, 1);
    scanAs(this.kernel, this.index);
    Atomics.sub(this.active, 0, 1);
    Atomics.notify(this.active, 0);
  }
}

/** The compiled kernel (scanKernel.as.ts) with rows in its memory: one for all threads, which work on one job at a time. */
export class ScanMachine {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  private readonly hand: ScanHand;
  private readonly jobs: ScanMemory;

  /** @param threads most that will ever take part, this one included */
  constructor(file: string, threads: number) {
    this.memory = new WebAssembly.Memory({ initial: firstPages(threads), maximum: 65_536, shared: true });
    this.jobs = new ScanMemory(this.memory, threads);
    // A map can be done before V8 finds that its inner loop is worth the better compiler, which is four times as fast.
    setFlagsFromString('--no-liftoff');
    this.module = new WebAssembly.Module(readFileSync(file));
    setFlagsFromString('--liftoff');
    this.hand = new ScanHand({ module: this.module, memory: this.memory, index: 0 });
  }

  /** Takes the rows for the jobs to come. */
  load(rows: Rows): void {
    this.jobs.load(rows);
  }

  /**
   * Computes cells, together with the threads that {@link others} wakes.
   * @param coefficients [cells * 3]: 1 / s, x / s, y of every cell
   */
  run(coefficients: Float32Array, k: number, others: () => void): Tops {
    const active = new Int32Array(this.memory.buffer, ACTIVE, 1);
    const work = (): void => {
      others();
      this.hand.work();
    };
    const { rows, ...found } = this.jobs.run(coefficients, k, work, () => settled(active));
    return { ids: rows, ...found };
  }
}

/** Waits for the threads that still work on their last cells, a millisecond or so. */
function settled(active: Int32Array): void {
  for (let working = Atomics.load(active, 0); working > 0; working = Atomics.load(active, 0))
    Atomics.wait(active, 0, working);
}
