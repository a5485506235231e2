import { Fault } from '../map/fault.js';
import type { MapWindow } from '../map/grid.js';
import { type Plane, pointsOf } from '../map/plane.js';
import type { ExactRegions } from '../map/polygons.js';
import type { Runtime } from '../map/tokenMap.js';
import type { AffineMap } from './affine.js';
import { type AffineAnswers, answersOf, graphAnswers, productsOn } from './answers.js';
import type { CellRunner, Tops } from './cellRunner.js';
import type { Asked, Race } from './question.js';
import type { Scanner } from './scan.js';

/** Memory that one batch may take beside the weights. */
export const BATCH_BYTES = 192 * 2 ** 20;
/** Least cells of a scan, and of its first batch four times as many. */
const FIRST_CELLS = 16;
/** Logits that a batch of a scan goes through: some 50 ms. */
const SCAN_LOGITS = 6e7;

export type Coordinates = { readonly xs: Float64Array; readonly ys: Float64Array };

/** Plane coordinates of cells, by their place among `indices`. */
const placesOf =
  ({ xs, ys }: Coordinates, indices: Int32Array) =>
  (i: number): readonly [x: number, y: number] => {
    const cell = indices[i] ?? 0;
    return [xs[cell % xs.length] ?? 0, ys[Math.floor(cell / xs.length)] ?? 0];
  };

/** One way to compute the cells of a map. */
export interface CellSource {
  readonly way: Runtime['way'];
  /** Largest difference from the model's graph seen when the way was verified; undefined where it is the graph. */
  readonly largestDifference: number | undefined;
  /** The exact regions of a window, where the way knows them. */
  regions(window: MapWindow): ExactRegions | undefined;
  /** How many cells to ask for next. */
  next(): number;
  /** @throws Fault */
  cells(indices: Int32Array): Promise<Tops>;
  /** After a failure: how many cells to ask for from now on; undefined where that is no remedy. */
  shrink(error: unknown, count: number): number | undefined;
}

/** Every cell through the cut graph, in batches of the size that is fastest. Cells of a batch share the reading of the weights. */
export class EachCell implements CellSource {
  readonly way = 'each-cell';
  readonly largestDifference = undefined;
  private limit: number;
  private buffer = new Float32Array(0);

  constructor(
    private readonly runner: CellRunner,
    private readonly plane: Plane,
    /** Before anything acts on its vectors. */
    private readonly own: Plane,
    private readonly grid: Coordinates,
    private readonly race: Race,
    batchSize: number,
  ) {
    this.limit = Math.max(1, Math.min(batchSize, Math.floor(BATCH_BYTES / runner.bytesPerCell)));
  }

  regions(): undefined {
    return undefined;
  }

  next(): number {
    return this.runner.batchSize.next(this.limit);
  }

  async cells(indices: Int32Array): Promise<Tops> {
    const count = indices.length;
    const d = this.plane.c.length;
    if (this.buffer.length < count * d) this.buffer = new Float32Array(count * d);
    const before = performance.now();
    const points = pointsOf(this.plane, this.grid, indices, this.buffer);
    const told = await this.runner.tops(points, count, this.race.feeds);
    const { ids, probabilities, entropy } = told;
    const tops: Tops = { ids, probabilities, entropy };
    this.runner.batchSize.took(count, performance.now() - before, this.limit);
    const { asked } = this.race;
    if (asked.length === 0) return tops;
    const along = productsOn(this.own, asked);
    const place = placesOf(this.grid, indices);
    return {
      ...tops,
      answers: answersOf(asked, tops, { ...graphAnswers(told), product: (i, q) => along(...place(i), q) }),
    };
  }

  shrink(error: unknown, count: number): number | undefined {
    if (Fault.from(error).code !== 'memory' || count <= 1) return undefined;
    this.limit = Math.max(1, count >> 1);
    return this.limit;
  }
}

/** Three rows stand for the whole map: three multiply-adds a logit. */
export class ThreeRows implements CellSource {
  readonly way = 'three-rows';
  private first = true;

  constructor(
    private readonly affine: AffineMap,
    private readonly scanner: Scanner,
    private readonly grid: Coordinates,
    private readonly k: number,
    private readonly total: number,
    /** What is asked, and what the rows say of it. */
    private readonly question: { readonly asked: readonly Asked[]; readonly answers: AffineAnswers } | undefined,
  ) {}

  get largestDifference(): number {
    return this.affine.largestDifference;
  }

  regions(window: MapWindow): ExactRegions | undefined {
    return this.affine.regions(window);
  }

  next(): number {
    const cells = Math.max(FIRST_CELLS, Math.ceil(SCAN_LOGITS / this.affine.rows.c.length));
    return this.first ? Math.min(cells, 4 * FIRST_CELLS) : cells;
  }

  cells(indices: Int32Array): Promise<Tops> {
    this.first = false;
    const { xs, ys } = this.grid;
    const tops = this.affine.tops(this.scanner, this.affine.coefficients(xs, ys, indices), this.k, this.total);
    if (!this.question) return Promise.resolve(tops);
    const { asked, answers } = this.question;
    const place = placesOf(this.grid, indices);
    return Promise.resolve({ ...tops, answers: answersOf(asked, tops, answers(tops, place)) });
  }

  shrink(): undefined {
    return undefined;
  }
}
