import type { Display } from './mapDisplay.js';
import type { ExactRegions } from './polygons.js';
import type { Plane } from './plane.js';
import { answersEach, questionsOf } from './questions.js';
import type { CloserLook } from './rows/windowRows.js';
import type { MapParameters, MapSpecification } from './specification.js';
import type { Survey } from './survey.js';
import type { Token } from './token.js';

/** Some cells, as they come from the engine. `n` cells, each with its `k` most probable tokens, most probable first. */
export interface CellBatch {
  /** [n] row-major cell indices, `row * columns + column`; row 0 has the smallest y. */
  readonly indices: Int32Array;
  /** [n * k] token ids. Equal probabilities: the lower id first. */
  readonly ids: Int32Array;
  /** [n * k] probabilities, softmax over the whole vocabulary, 0 ... 1. */
  readonly probabilities: Float32Array;
  /** [n] entropy of the whole distribution in nats. */
  readonly entropy: Float32Array;
  /** [n * q] what the specification's q questions ask, a cell's answers side by side; left out where it asks nothing. */
  readonly answers?: Float32Array;
  /** These were not computed but filled in from the cells around them. */
  readonly filled?: true;
}

/**
 * All cells of a grid; a cell is there, computed or filled in, where `computed` is 1, else its numbers are 0. Layouts as in
 * {@link CellBatch}.
 */
export interface Cells {
  readonly columns: number;
  readonly rows: number;
  readonly topK: number;
  readonly computed: Uint8Array;
  /** [columns * rows] Of an adaptive map: 1 where the numbers are not the model's but filled in from cells around. */
  readonly filled?: Uint8Array;
  readonly ids: Int32Array;
  readonly probabilities: Float32Array;
  readonly entropy: Float32Array;
  readonly answers?: Float32Array;
}

/** What of {@link Cells} not every map has. */
export interface CellParts {
  /** How many each cell has. */
  readonly answers?: number;
  readonly filled?: boolean;
}

/** Cells of a grid, none computed yet. */
export function emptyCells(columns: number, rows: number, topK: number, parts: CellParts = {}): Cells {
  const n = columns * rows;
  return {
    columns,
    rows,
    topK,
    computed: new Uint8Array(n),
    ids: new Int32Array(n * topK),
    probabilities: new Float32Array(n * topK),
    entropy: new Float32Array(n),
    ...(parts.answers ? { answers: new Float32Array(n * parts.answers) } : {}),
    ...(parts.filled ? { filled: new Uint8Array(n) } : {}),
  };
}

/** Room for the cells of a map. */
export const emptyCellsOf = ({ grid, topK, adaptive, ...asked }: MapParameters): Cells =>
  emptyCells(grid.columns, grid.rows, topK, { answers: questionsOf(asked).length, filled: adaptive });

/** Writes a batch into the cells. The batch must have the cells' `topK` and indices inside the grid. */
export function addBatch(cells: Cells, batch: CellBatch): void {
  const k = cells.topK;
  const each = answersEach(cells);
  batch.indices.forEach((cell, i) => {
    cells.computed[cell] = 1;
    cells.ids.set(batch.ids.subarray(i * k, i * k + k), cell * k);
    cells.probabilities.set(batch.probabilities.subarray(i * k, i * k + k), cell * k);
    cells.entropy[cell] = batch.entropy[i] ?? 0;
    for (let q = 0; q < each; q++)
      if (cells.answers) cells.answers[cell * each + q] = batch.answers?.[i * each + q] ?? 0;
    if (cells.filled) cells.filled[cell] = batch.filled ? 1 : 0;
  });
}

type CellNumbers = Pick<CellBatch, 'ids' | 'probabilities' | 'entropy' | 'answers'>;

/** The numbers of some cells among others. @param some their places, in the order in which they are wanted */
export function numbersAt(from: CellNumbers, some: Int32Array, topK: number): CellNumbers {
  const rows = <T extends Int32Array | Float32Array>(of: T, to: T, each: number): T => {
    some.forEach((place, i) => to.set(of.subarray(place * each, (place + 1) * each), i * each));
    return to;
  };
  const { ids, probabilities, entropy, answers } = from;
  const { length } = some;
  const each = answersEach(from);
  return {
    ids: rows(ids, new Int32Array(length * topK), topK),
    probabilities: rows(probabilities, new Float32Array(length * topK), topK),
    entropy: rows(entropy, new Float32Array(length), 1),
    ...(answers ? { answers: rows(answers, new Float32Array(length * each), each) } : {}),
  };
}

/** p(first) - p(second) of a cell, 0 ... 1. */
export const margin = (cells: Cells, cell: number): number =>
  (cells.probabilities[cell * cells.topK] ?? 0) - (cells.probabilities[cell * cells.topK + 1] ?? 0);

/** What most weights are stored as. */
export const NUMBER_TYPES = ['float32', 'float16', 'bfloat16', 'float8', 'float4', 'int8', 'int4', 'int2'] as const;
export type NumberType = (typeof NUMBER_TYPES)[number];

/**
 * Weights of 16 bits on a device that computes in float32: `kept` as they are and widened part by part at every use, or
 * `widened` once, in three times the memory.
 */
export type HalfWeights = 'kept' | 'widened';

/** What a saved map says of its model. */
export interface ModelFacts {
  readonly blocks: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly weightsBytes: number;
  readonly numberType: NumberType;
}

/** How much of a map was filled in, and how well: some of the cells that would have been were computed all the same. */
export interface Approximation {
  /** One at least. */
  readonly filled: number;
  readonly checked: number;
  /** Of those checked: have another token than would have been filled in. */
  readonly differing: number;
  /** Largest difference of the winner's probability among those checked that have the same. */
  readonly largestDifference: number;
}

/** How a map was computed: true of one run on one machine, not of the map. */
export interface Runtime {
  /** Version of Embedding Grid. */
  readonly version: string;
  readonly device: string;
  readonly batchSize: number;
  readonly seconds: number;
  /** ISO 8601, UTC. */
  readonly finished: string;
  /** `each-cell`: a product with the head per cell; `three-rows`: the affine scan. */
  readonly way: 'each-cell' | 'three-rows';
  /** Of `three-rows`: the largest difference from the model's graph seen on points of the plane, in log-probability. */
  readonly largestDifference?: number | undefined;
  /** Left out where no weight has 16 bits, or the device computes with them. */
  readonly halfWeights?: HalfWeights | undefined;
  /** Of a member of a series whose members have each a plane of its own: other members' cells stand for other vectors. */
  readonly ownPlane?: boolean | undefined;
  /** Of an adaptive map some of whose cells were filled in. */
  readonly approximation?: Approximation | undefined;
  readonly notices: readonly string[];
}

/** A whole token map. */
export interface TokenMap {
  readonly specification: MapSpecification;
  readonly facts: ModelFacts;
  readonly cells: Cells;
  /** Every token that occurs in the cells' top-k or in the regions. */
  readonly tokens: ReadonlyMap<number, Token>;
  /** The plane's centre and axes, each [hiddenSize]. */
  readonly plane: Plane;
  readonly runtime: Runtime;
  /** The regions themselves, over the grid's window, where they are known without a grid. */
  readonly regions?: ExactRegions;
  /** What a page computes a closer look from; had of the engine where one is to be made. No other file has it. */
  readonly closer?: CloserLook;
  /** What is known of the plane besides; maps of earlier versions have none. */
  readonly survey?: Survey;
  /** How it is drawn, where that was said. */
  readonly display?: Display;
}
