import type { Step } from '../map/adaptive.js';
import { Fault } from '../map/fault.js';
import type { Refinement } from '../map/refinement.js';
import { type Approximation, type CellBatch, numbersAt } from '../map/tokenMap.js';
import { stopIfCancelled } from '../protocol/channel.js';
import type { Tops } from './cellRunner.js';
import type { CellSource } from './cellSource.js';
import type { Batch } from './speeds.js';

/** All cells of an order, pass by pass; those of a map that is there at once in one go. */
export function* wholeSteps({ cells, passes }: Refinement, quick: boolean): Generator<Step, undefined> {
  if (quick) yield { kind: 'compute', stride: 1, cells };
  else
    for (const { stride, start, end } of passes) yield { kind: 'compute', stride, cells: cells.subarray(start, end) };
}

/** What came of the steps of a map. */
export interface StepsRun {
  /** Cells without a prediction. */
  readonly undefinedCells: number;
  readonly approximation: Approximation | undefined;
  /** What was computed, in its order. */
  readonly batches: readonly Batch[];
}

/**
 * Takes the steps of a map, batch by batch.
 * @param tell hears the cells of a batch before the next is asked for, and how many were asked for
 * @throws Fault
 */
export async function runSteps(
  steps: Generator<Step, Approximation | undefined>,
  source: CellSource,
  topK: number,
  tell: (batch: CellBatch, stride: number, count?: number) => void,
  notice: (message: string) => void,
  signal: AbortSignal,
): Promise<StepsRun> {
  let undefinedCells = 0;
  const batches: Batch[] = [];
  const compute = async (cells: Int32Array, stride: number): Promise<void> => {
    let at = 0;
    while (at < cells.length) {
      stopIfCancelled(signal);
      const count = Math.min(source.next(), cells.length - at);
      const indices = cells.slice(at, at + count);
      const before = performance.now();
      let tops: Tops;
      try {
        tops = await source.cells(indices);
      } catch (error) {
        const smaller = source.shrink(error, count);
        if (smaller === undefined) throw error;
        notice(`The batch size was reduced to ${smaller}: ${Fault.from(error).message}`);
        continue;
      }
      at += count;
      const { finite, bad } = finiteCells(indices, tops, topK);
      undefinedCells += bad;
      tell(finite, stride, count);
      batches.push({ cells: count, milliseconds: performance.now() - before });
      await new Promise(setImmediate); // lets a cancel in
    }
  };
  let step = steps.next();
  for (; !step.done; step = steps.next())
    if (step.value.kind === 'compute') await compute(step.value.cells, step.value.stride);
    else {
      stopIfCancelled(signal);
      tell(step.value.batch, 1);
      await new Promise(setImmediate);
    }
  return { undefinedCells, approximation: step.value, batches };
}

/** Leaves out cells whose numbers are not finite: float16 models overflow far from where they live. */
export function finiteCells(indices: Int32Array, tops: Tops, k: number): { finite: CellBatch; bad: number } {
  const good = Int32Array.from(indices.keys()).filter(
    (i) => Number.isFinite(tops.entropy[i]) && Number.isFinite(tops.probabilities[i * k]),
  );
  if (good.length === indices.length) return { finite: { indices, ...tops }, bad: 0 };
  return {
    bad: indices.length - good.length,
    finite: { indices: good.map((i) => indices[i] ?? 0), ...numbersAt(tops, good, k) },
  };
}
