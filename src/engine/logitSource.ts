import { Fault } from '../map/fault.js';
import { type Plane, pointsOf } from '../map/plane.js';
import type { AffineMap } from './affine.js';
import type { CellRunner } from './cellRunner.js';
import { BATCH_BYTES, type Coordinates } from './cellSource.js';

/** Logits whose divergences are computed at a time: some 0.3 s. */
const BATCH_LOGITS = 3e6;

/** One way to have all logits of a map's cells; those of tokens that are left out are -Infinity. */
export interface LogitSource {
  /** How many cells to ask for next. */
  next(): number;
  /** @returns for each of the cells, [vocabulary] @throws Fault */
  rows(indices: Int32Array): Promise<(i: number) => Float32Array>;
  /** After a failure: whether fewer cells are a remedy. */
  shrink(error: unknown, count: number): boolean;
}

/** Every cell through the cut graph. */
export class ModelLogits implements LogitSource {
  private limit: number;

  constructor(
    private readonly runner: CellRunner,
    private readonly plane: Plane,
    private readonly grid: Coordinates,
    private readonly masked: readonly number[],
    vocabulary: number,
    batchSize: number,
  ) {
    const most = Math.min(batchSize, BATCH_BYTES / runner.bytesPerCell, BATCH_LOGITS / vocabulary);
    this.limit = Math.max(1, Math.floor(most));
  }

  next(): number {
    return this.limit;
  }

  async rows(indices: Int32Array): Promise<(i: number) => Float32Array> {
    const count = indices.length;
    const points = pointsOf(this.plane, this.grid, indices, new Float32Array(count * this.plane.c.length));
    const all = await this.runner.logits(points, count);
    const size = all.length / count;
    for (let i = 0; i < count; i++) for (const id of this.masked) all[i * size + id] = -Infinity;
    return (i) => all.subarray(i * size, (i + 1) * size);
  }

  shrink(error: unknown, count: number): boolean {
    if (Fault.from(error).code !== 'memory' || count <= 1) return false;
    this.limit = Math.max(1, count >> 1);
    return true;
  }
}

/** Three rows stand for the whole map. */
export class AffineLogits implements LogitSource {
  constructor(
    private readonly affine: AffineMap,
    private readonly grid: Coordinates,
    private readonly masked: readonly number[],
  ) {}

  next(): number {
    return Math.max(1, Math.floor(BATCH_LOGITS / this.affine.rows.c.length));
  }

  rows(indices: Int32Array): Promise<(i: number) => Float32Array> {
    const { xs, ys } = this.grid;
    return Promise.resolve((i: number) => {
      const cell = indices[i] ?? 0;
      const row = this.affine.logitsAt(xs[cell % xs.length] ?? 0, ys[Math.floor(cell / xs.length)] ?? 0);
      for (const id of this.masked) row[id] = -Infinity;
      return row;
    });
  }

  shrink(): boolean {
    return true; // these take no memory: the other side's may
  }
}
