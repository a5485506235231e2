import { coordinates, gridWindow } from '../../src/map/grid.js';
import { envelope, type ExactRegions } from '../../src/map/polygons.js';
import { refinement } from '../../src/map/refinement.js';
import { coefficients } from '../../src/map/rows/affineRows.js';
import { firstPages, isScanKernel, scanAs, type ScanKernel, ScanMemory } from '../../src/map/rows/scanMemory.js';
import { rowsOfWindow, type WindowRows } from '../../src/map/rows/windowRows.js';
import type { Grid } from '../../src/map/specification.js';
import type { CellBatch } from '../../src/map/tokenMap.js';

/** Logits of a batch: some 30 ms. */
const BATCH_LOGITS = 2e7;

/** Computes windows of a map that is three rows, by the kernel that the engine has, in this thread, batch by batch. */
export class CloserLook {
  private readonly scan: ScanMemory;

  private constructor(
    private readonly kernel: ScanKernel,
    memory: WebAssembly.Memory,
    private readonly rows: WindowRows,
  ) {
    this.scan = new ScanMemory(memory, 1);
    this.scan.load(rowsOfWindow(rows));
  }

  /** @param code of the kernel. @returns undefined where the browser cannot run it */
  static async make(code: BufferSource, rows: WindowRows): Promise<CloserLook | undefined> {
    try {
      const memory = new WebAssembly.Memory({ initial: firstPages(1), maximum: 65_536 });
      const { instance } = await WebAssembly.instantiate(code, { env: { memory } });
      const { exports } = instance;
      return isScanKernel(exports) ? new CloserLook(exports, memory, rows) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The cells of a grid, coarse ones first. Whoever asks rests between two batches. */
  *cells(grid: Grid, topK: number): Generator<CellBatch> {
    const { xs, ys } = coordinates(grid);
    const order = refinement(grid.columns, grid.rows).cells;
    const { ids, scale } = this.rows;
    const size = Math.max(16, Math.ceil(BATCH_LOGITS / ids.length));
    const k = Math.min(topK, ids.length);
    for (let start = 0; start < order.length; start += size) {
      const indices = order.slice(start, start + size);
      const { rows, probabilities, entropy } = this.scan.run(coefficients(scale, xs, ys, indices), k, () =>
        scanAs(this.kernel, 0),
      );
      yield { indices, ids: rows.map((row) => ids[row] ?? row), probabilities, entropy };
    }
  }

  /** Where each token wins in the window of a grid, exactly; undefined where borders are curved or float64 ends. */
  regions(grid: Grid): ExactRegions | undefined {
    const { c, u, v, b, ids, near, convex } = this.rows;
    if (!convex) return undefined;
    const window = gridWindow(grid);
    try {
      const polygons = envelope({ c: c.map((value, i) => value + (b[i] ?? 0)), u, v }, window);
      return { window, polygons: polygons.map(({ token, points }) => ({ token: ids[near[token] ?? 0] ?? 0, points })) };
    } catch {
      return undefined;
    }
  }
}
