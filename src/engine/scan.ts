import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault } from '../map/fault.js';
import type { Tops } from './cellRunner.js';
import type { Rows } from '../map/rows/affineRows.js';
import { ScanMachine, type ScanThread } from './scanMachine.js';

/** Logits below which starting threads costs more than it gives. */
const WORTH_THREADS = 2e7;
const MOST_THREADS = 16;

/**
 * Scans affine maps over all cores: this thread and helpers, which are started when a map is worth it and live as long as the
 * engine. Work is taken in small shares from one counter, so that nobody waits for a helper that is not there yet, or slow.
 */
export class Scanner {
  private machine: ScanMachine | undefined;
  private loaded = '';
  private helpers: Worker[] | undefined;

  /** @param folder where `scan.wasm` and `scanWorker.cjs` are: beside the built engine */
  constructor(private readonly folder = __dirname) {}

  /**
   * @param key names the rows: the same key, the same rows
   * @param coefficients [cells * 3]: 1 / s, x / s, y
   * @param total cells of the whole map, which decides whether threads are worth it
   * @throws Fault `memory`, `internal`
   */
  tops(rows: Rows, key: string, coefficients: Float32Array, k: number, total: number): Tops {
    try {
      const threads = Math.min(MOST_THREADS, availableParallelism());
      const machine = (this.machine ??= new ScanMachine(join(this.folder, 'scan.wasm'), threads));
      if (this.loaded !== key) {
        machine.load(rows);
        this.loaded = key;
      }
      return machine.run(coefficients, k, () => {
        if (total * rows.c.length < WORTH_THREADS) return;
        for (const helper of (this.helpers ??= started(machine, threads - 1, this.folder))) helper.postMessage(null);
      });
    } catch (error) {
      throw scanFault(error);
    }
  }
}

/** A helper that fails was none: the others do its work. */
function started({ module, memory }: ScanMachine, count: number, folder: string): Worker[] {
  return Array.from({ length: count }, (_, i) => {
    const worker = new Worker(join(folder, 'scanWorker.cjs'));
    const thread: ScanThread = { module, memory, index: i + 1 };
    worker.postMessage(thread);
    worker.on('error', (error) => console.error('A computing thread failed:', error));
    worker.unref();
    return worker;
  });
}

function scanFault(error: unknown): Fault {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const memory = /memory/i.test(message);
  return new Fault({
    code: memory ? 'memory' : 'internal',
    message: memory ? 'There is not enough memory for this map.' : `The scan failed: ${message}.`,
    hint: memory ? 'Use a smaller grid.' : 'Please report this with the log.',
    detail: stack ?? message,
  });
}
