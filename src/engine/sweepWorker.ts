/** A thread that sweeps: takes rows, then coefficients, answers with the cells. */
import { parentPort } from 'node:worker_threads';
import { join } from 'node:path';
import { type Rows, SweepMachine } from './sweepMachine.js';

export type SweepRequest =
  | { readonly rows: Rows; readonly key: string }
  | { readonly id: number; readonly key: string; readonly coefficients: Float32Array; readonly k: number };

const machines = new Map<string, SweepMachine>();

parentPort?.on('message', (request: SweepRequest) => {
  if ('rows' in request) {
    machines.clear(); // one plane at a time: rows of another are sent again
    machines.set(request.key, SweepMachine.create(join(__dirname, 'sweep.wasm'), request.rows));
    return;
  }
  const tops = machines.get(request.key)?.run(request.coefficients, request.k);
  parentPort?.postMessage({ id: request.id, tops });
});
