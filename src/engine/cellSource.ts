import { Fault } from '../map/fault.js';
import type { MapWindow } from '../map/grid.js';
import { type Plane, pointsOf } from '../map/plane.js';
import type { ExactRegions } from '../map/polygons.js';
import type { Runtime } from '../map/tokenMap.js';
import type { AffineMap } from './affine.js';
import type { CellRunner, Tops } from './cellRunner.js';
import type { Sweeper } from './sweep.js';

/** Memory that one batch may take beside the weights. */
export const BATCH_BYTES = 192 * 2 ** 20;
/** A batch that ends sooner than this may be twice as large next time; one that takes longer than that must shrink. */
const SOON_MS = 300;
const LONGEST_MS = 1000;
/** Cells of the very first run, before anything is known of its speed. */
const FIRST_CELLS = 16;
/** Logits that a batch of a sweep goes through: some 50 ms. */
const SWEEP_LOGITS = 6e7;

export type Coordinates = { readonly xs: Float64Array; readonly ys: Float64Array };

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

/** Every cell through the cut graph, in batches that grow while they end soon. Rows share the reading of the weights. */
export class EachCell implements CellSource {
  readonly way = 'each-cell';
  readonly largestDifference = undefined;
  private limit: number;
  private size: number;
  private buffer = new Float32Array(0);

  constructor(
    private readonly runner: CellRunner,
    private readonly plane: Plane,
    private readonly grid: Coordinates,
    batchSize: number,
  ) {
    this.limit = Math.max(1, Math.min(batchSize, Math.floor(BATCH_BYTES / runner.bytesPerCell)));
    this.size = Math.min(FIRST_CELLS, this.limit);
  }

  regions(): undefined {
    return undefined;
  }

  next(): number {
    return this.size;
  }

  async cells(indices: Int32Array): Promise<Tops> {
    const count = indices.length;
    const d = this.plane.c.length;
    if (this.buffer.length < count * d) this.buffer = new Float32Array(count * d);
    const before = performance.now();
    const tops = await this.runner.tops(pointsOf(this.plane, this.grid, indices, this.buffer), count);
    const elapsed = performance.now() - before;
    if (elapsed > LONGEST_MS) this.size = Math.max(1, count >> 1);
    else if (elapsed < SOON_MS && count === this.size) this.size = Math.min(this.limit, this.size * 2);
    return tops;
  }

  shrink(error: unknown, count: number): number | undefined {
    if (Fault.from(error).code !== 'memory' || count <= 1) return undefined;
    this.limit = this.size = Math.max(1, count >> 1);
    return this.limit;
  }
}

/** Three rows stand for the whole map: three multiply-adds a logit. */
export class ThreeRows implements CellSource {
  readonly way = 'three-rows';
  private first = true;

  constructor(
    private readonly affine: AffineMap,
    private readonly sweeper: Sweeper,
    private readonly grid: Coordinates,
    private readonly k: number,
    private readonly total: number,
  ) {}

  get largestDifference(): number {
    return this.affine.largestDifference;
  }

  regions(window: MapWindow): ExactRegions | undefined {
    return this.affine.regions(window);
  }

  next(): number {
    const cells = Math.max(FIRST_CELLS, Math.ceil(SWEEP_LOGITS / this.affine.rows.c.length));
    return this.first ? Math.min(cells, 4 * FIRST_CELLS) : cells;
  }

  cells(indices: Int32Array): Promise<Tops> {
    this.first = false;
    const { xs, ys } = this.grid;
    return this.affine.tops(this.sweeper, this.affine.coefficients(xs, ys, indices), this.k, this.total);
  }

  shrink(): undefined {
    return undefined;
  }
}
