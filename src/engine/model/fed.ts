import { Fault } from '../../map/fault.js';
import type { Graph } from '../../onnx/graph.js';
import { LATER } from '../../onnx/intervene.js';
import { several } from '../../map/numbers.js';
import { type Feeds, Tensor } from '../session.js';

/** Rows that are put in a part's place, one a position: those that it gave for a prompt. */
export interface FrozenRows {
  /** Name of the input that takes them. */
  readonly input: string;
  /** [positions * width] */
  readonly rows: Float32Array;
  readonly width: number;
}

/** A vector that is added, [hiddenSize], and the input that takes it. */
export interface AddedVector {
  readonly input: string;
  readonly vector: Float32Array;
}

/** What interventions take beside the model's own inputs: graphs that differ in it alone are one graph. */
export type FedNumbers = FrozenRows | AddedVector;

/** The positions that a run is about, of a sequence. */
export interface RunPositions {
  /** The first. */
  readonly from: number;
  readonly count: number;
  /** How many lie behind the one that matters. */
  readonly later: number;
  /** Of the whole sequence. */
  readonly length: number;
}

/**
 * What interventions take beside the model's own inputs.
 * @throws Fault `bad-parameter` where the sequence has another length than the prompt that a part is frozen at.
 */
export function fedRows(graph: Graph, fed: readonly FedNumbers[], run: RunPositions): Feeds {
  const feeds: Record<string, Tensor> = {};
  if (graph.isInput(LATER)) feeds[LATER] = new Tensor('int64', BigInt64Array.of(BigInt(run.later)), [1]);
  for (const one of fed) {
    const { input } = one;
    if (!graph.isInput(input)) continue;
    if ('vector' in one) {
      feeds[input] = new Tensor('float32', one.vector, [one.vector.length]);
      continue;
    }
    const { rows, width } = one;
    const positions = rows.length / width;
    if (positions !== run.length)
      throw new Fault({
        code: 'bad-parameter',
        message: `A part is frozen at a prompt of ${several(positions, 'token')}; it cannot be put into a sequence of ${run.length}.`,
        hint: 'Freeze it at a prompt with as many tokens.',
      });
    const some = rows.slice(run.from * width, (run.from + run.count) * width);
    feeds[input] = new Tensor('float32', some, [run.count, width]);
  }
  return feeds;
}
