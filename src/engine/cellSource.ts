import { Fault } from '../map/fault.js';
import type { MapWindow } from '../map/grid.js';
import { type Plane, pointsOf } from '../map/plane.js';
import type { ExactRegions } from '../map/polygons.js';
import type { Runtime } from '../map/tokenMap.js';
import type { AffineMap } from './affine.js';
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

/** `sum of w (z - z(first))` at a point of the plane. */
type Functional = (x: number, y: number, first: number) => number;

/** @param probabilities [cells * k], of `entropy.length` cells */
function answered(asked: Asked, { probabilities, entropy }: Tops, functional: (cell: number) => number): Float32Array {
  const k = probabilities.length / entropy.length;
  return entropy.map((_, i) => asked.answer(functional(i), probabilities[i * k] ?? 0));
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
    const { ids, probabilities, entropy, functional } = await this.runner.tops(points, count, this.race.feeds);
    const tops: Tops = { ids, probabilities, entropy };
    this.runner.batchSize.took(count, performance.now() - before, this.limit);
    const { asked } = this.race;
    return asked ? { ...tops, answers: answered(asked, tops, (i) => functional[i] ?? 0) } : tops;
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
    /** What is asked, and the functional that it is asked of. */
    private readonly question: { readonly asked: Asked; readonly functional: Functional } | undefined,
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
    const { asked, functional } = this.question;
    const at = (i: number): number => {
      const cell = indices[i] ?? 0;
      return functional(xs[cell % xs.length] ?? 0, ys[Math.floor(cell / xs.length)] ?? 0, tops.ids[i * this.k] ?? 0);
    };
    return Promise.resolve({ ...tops, answers: answered(asked, tops, at) });
  }

  shrink(): undefined {
    return undefined;
  }
}
