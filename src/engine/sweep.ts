import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault } from '../map/fault.js';
import type { Tops } from './cellRunner.js';
import { type Rows, SweepMachine } from './sweepMachine.js';
import type { SweepRequest } from './sweepWorker.js';

/** Logits below which starting threads costs more than it gives. */
const WORTH_THREADS = 2e7;
const MOST_THREADS = 16;

interface Answer {
  readonly id: number;
  readonly tops: Tops;
}

/** Sweeps affine maps over all cores. The threads are started when a map is worth it and live as long as the engine. */
export class Sweeper {
  private machine: { key: string; machine: SweepMachine } | undefined;
  private workers: Worker[] = [];
  private loaded = '';
  private nextId = 1;
  private readonly open = new Map<number, { resolve(tops: Tops): void; reject(fault: Fault): void }>();

  /**
   * @param key names the rows: the same key, the same rows
   * @param coefficients [cells * 3]: 1 / s, x / s, y / s
   * @param total cells of the whole map, which decides whether threads are worth it
   */
  async tops(rows: Rows, key: string, coefficients: Float32Array, k: number, total: number): Promise<Tops> {
    const threads = Math.min(MOST_THREADS, availableParallelism());
    if (threads === 1 || total * rows.c.length < WORTH_THREADS) return this.here(rows, key).run(coefficients, k);
    this.load(rows, key, threads);
    const cells = coefficients.length / 3;
    const share = Math.ceil(cells / threads);
    const parts: Promise<Tops>[] = [];
    for (let at = 0; at < cells; at += share) {
      const id = this.nextId++;
      const part = coefficients.slice(3 * at, 3 * Math.min(cells, at + share));
      const worker = this.workers[parts.length];
      parts.push(new Promise((resolve, reject) => this.open.set(id, { resolve, reject })));
      const request: SweepRequest = { id, key, coefficients: part, k };
      worker?.postMessage(request);
    }
    return joined(await Promise.all(parts), k);
  }

  private here(rows: Rows, key: string): SweepMachine {
    if (this.machine?.key !== key)
      this.machine = { key, machine: SweepMachine.create(join(__dirname, 'sweep.wasm'), rows) };
    return this.machine.machine;
  }

  private load(rows: Rows, key: string, threads: number): void {
    if (this.workers.length === 0) {
      for (let i = 0; i < threads; i++) {
        const worker = new Worker(join(__dirname, 'sweepWorker.cjs'));
        worker.on('message', ({ id, tops }: Answer) => {
          this.open.get(id)?.resolve(tops);
          this.open.delete(id);
        });
        worker.on('error', (error) => this.fail(error));
        worker.unref();
        this.workers.push(worker);
      }
    }
    if (this.loaded === key) return;
    const request: SweepRequest = { rows, key };
    for (const worker of this.workers) worker.postMessage(request);
    this.loaded = key;
  }

  private fail(error: Error): void {
    const memory = /memory/i.test(error.message);
    const fault = new Fault({
      code: memory ? 'memory' : 'internal',
      message: memory ? 'There is not enough memory for this map.' : `A computing thread failed: ${error.message}.`,
      hint: memory ? 'Use a smaller grid.' : 'Please report this with the log.',
      detail: error.stack ?? error.message,
    });
    for (const worker of this.workers) void worker.terminate();
    this.workers = [];
    this.loaded = '';
    for (const waiting of this.open.values()) waiting.reject(fault);
    this.open.clear();
  }
}

function joined(parts: readonly Tops[], k: number): Tops {
  const cells = parts.reduce((sum, part) => sum + part.entropy.length, 0);
  const all: Tops = {
    ids: new Int32Array(cells * k),
    probabilities: new Float32Array(cells * k),
    entropy: new Float32Array(cells),
  };
  let at = 0;
  for (const part of parts) {
    all.ids.set(part.ids, at * k);
    all.probabilities.set(part.probabilities, at * k);
    all.entropy.set(part.entropy, at);
    at += part.entropy.length;
  }
  return all;
}
