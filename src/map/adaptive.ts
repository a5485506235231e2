import { answersEach } from './questions.js';
import { NO_TOKEN } from './regions.js';
import { latticeOf, type Refinement, type Stride } from './refinement.js';
import type { Approximation, CellBatch, Cells } from './tokenMap.js';

/** What is done next: cells that are computed, or that are filled in. */
export type Step =
  | { readonly kind: 'compute'; readonly stride: Stride; readonly cells: Int32Array }
  | { readonly kind: 'fill'; readonly batch: CellBatch };

/** Most cells that are computed as a check. */
export const CHECKED = 256;
/** Predictions that agree: their winner's probabilities differ by no more. */
const ALIKE = 0.1;
/** Cells that are filled in at a time. */
const FILLED = 4096;
const STRIDE = 4;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * An approximate map, with fewer cells computed. One cell of every block of 4 x 4 is computed. A cell among four of them that agree
 * (one winner, whose probabilities differ by 0.1 at most) is filled in with their bilinear mixture, entropy and answers alike,
 * unless it touches a computed cell with another winner: so every border that is met is followed to its end. Beyond the
 * outermost of them every cell is computed. A region that lies between computed cells as a whole is missed: how often is measured
 * on some of the cells that would be filled in, and what they reveal is followed, too. The steps depend on nothing but the
 * predictions.
 * @param cells of the grid; before the next step is asked for, the cells of the last are in it, but for those without a prediction
 * @param order of all its cells
 * @returns undefined where no cell was filled in
 */
export function* adaptiveSteps(cells: Cells, order: Refinement): Generator<Step, Approximation | undefined> {
  const { columns, rows, topK, computed, ids, probabilities } = cells;
  for (const { stride, start, end } of order.passes.slice(0, -1))
    yield { kind: 'compute', stride, cells: order.cells.slice(start, end) };
  const first = order.cells.slice(0, order.passes.at(-1)?.start);
  const others = order.cells.slice(first.length);

  const lattice = new Lattice(cells);
  const winner = (cell: number): number => (computed[cell] ? (ids[cell * topK] ?? NO_TOKEN) : NO_TOKEN);
  /** What a cell is to be filled in with; NO_TOKEN: it is computed. */
  const expected = new Int32Array(columns * rows).fill(NO_TOKEN);
  for (const cell of others) expected[cell] = lattice.agreed(cell);
  /** Takes cells beside other winners out of those that are filled in. */
  const disproved = (by: Int32Array): Int32Array => {
    const found: number[] = [];
    for (const cell of by)
      for (const neighbor of neighbors(cell, columns, rows)) {
        const token = expected[neighbor] ?? NO_TOKEN;
        if (token === NO_TOKEN || token === winner(cell)) continue;
        expected[neighbor] = NO_TOKEN;
        found.push(neighbor);
      }
    return Int32Array.from(found);
  };
  function* follow(found: Int32Array): Generator<Step> {
    for (let wave = found; wave.length > 0; wave = disproved(wave)) yield { kind: 'compute', stride: 1, cells: wave };
  }
  const disagreeing = others.filter((cell) => expected[cell] === NO_TOKEN);
  yield* follow(joined(disagreeing, disproved(first)));

  const checks = someOf(others.filter((cell) => expected[cell] !== NO_TOKEN));
  const guesses = Array.from(checks, (cell) => ({
    cell,
    token: expected[cell],
    probability: lattice.mixture(cell).probabilities[0] ?? 0,
  }));
  for (const cell of checks) expected[cell] = NO_TOKEN;
  if (checks.length > 0) yield { kind: 'compute', stride: 1, cells: checks };
  const right = guesses.filter(({ cell, token }) => winner(cell) === token);
  const differences = right.map(({ cell, probability }) => Math.abs((probabilities[cell * topK] ?? 0) - probability));
  yield* follow(disproved(checks));

  const left = others.filter((cell) => expected[cell] !== NO_TOKEN);
  for (let i = 0; i < left.length; i += FILLED)
    yield { kind: 'fill', batch: filledIn(left.slice(i, i + FILLED), lattice, cells) };
  if (left.length === 0) return undefined;
  return {
    filled: left.length,
    checked: checks.length,
    differing: checks.length - right.length,
    largestDifference: Math.max(0, ...differences),
  };
}

/**
 * Upper bound of the share of cells that were filled in with another token than the model's, with 95 % confidence: the Wilson
 * score interval (E. B. Wilson, 1927), one-sided.
 */
export function differingAtMost({ checked, differing }: Approximation): number {
  const z = 1.645;
  const share = differing / checked;
  const half = z * Math.sqrt((share * (1 - share)) / checked + (z / (2 * checked)) ** 2);
  return (share + z ** 2 / (2 * checked) + half) / (1 + z ** 2 / checked);
}

/** The cells that are computed first, one of every block, and the rectangles with four of them at the corners. */
class Lattice {
  private readonly x: Axis;
  private readonly y: Axis;
  /** [rectangles] what the four corners agree on, or NO_TOKEN. */
  private readonly common: Int32Array;

  constructor(private readonly cells: Cells) {
    const { columns, rows, topK, computed, ids, probabilities } = cells;
    this.x = axisOf(columns);
    this.y = axisOf(rows);
    this.common = new Int32Array(this.x.cells.length * this.y.cells.length).fill(NO_TOKEN);
    for (let row = 0; row + 1 < this.y.cells.length; row++)
      for (let column = 0; column + 1 < this.x.cells.length; column++) {
        const corners = this.cornersOf(column, row);
        const [token = NO_TOKEN, ...tokens] = corners.map((cell) => ids[cell * topK] ?? NO_TOKEN);
        if (!corners.every((cell) => computed[cell]) || tokens.some((other) => other !== token)) continue;
        const p = corners.map((cell) => probabilities[cell * topK] ?? 0);
        if (Math.max(...p) - Math.min(...p) <= ALIKE) this.common[row * this.x.cells.length + column] = token;
      }
  }

  private cornersOf(column: number, row: number): readonly number[] {
    const { columns } = this.cells;
    const [x0 = 0, x1 = 0] = this.x.cells.subarray(column, column + 2);
    const [y0 = 0, y1 = 0] = this.y.cells.subarray(row, row + 2);
    return [y0 * columns + x0, y0 * columns + x1, y1 * columns + x0, y1 * columns + x1];
  }

  /** What the four computed cells around a cell agree on, or NO_TOKEN. */
  agreed(cell: number): number {
    const { columns } = this.cells;
    const column = this.x.before[cell % columns] ?? -1;
    const row = this.y.before[Math.floor(cell / columns)] ?? -1;
    return column < 0 || row < 0 ? NO_TOKEN : (this.common[row * this.x.cells.length + column] ?? NO_TOKEN);
  }

  /** The four computed cells around a cell, with their bilinear weights. */
  corners(cell: number): (readonly [corner: number, weight: number])[] {
    const column = cell % this.cells.columns;
    const row = Math.floor(cell / this.cells.columns);
    const [across, along] = [this.x.share[column] ?? 0, this.y.share[row] ?? 0];
    const weights = [(1 - along) * (1 - across), (1 - along) * across, along * (1 - across), along * across];
    const corners = this.cornersOf(this.x.before[column] ?? 0, this.y.before[row] ?? 0);
    return corners.map((corner, i) => [corner, weights[i] ?? 0] as const);
  }

  /** The most probable tokens of a cell that is filled in. */
  mixture(cell: number): { readonly ids: number[]; readonly probabilities: number[] } {
    const { ids, probabilities, topK } = this.cells;
    const mixed = new Map<number, number>();
    for (const [corner, weight] of this.corners(cell))
      for (let i = corner * topK; i < (corner + 1) * topK; i++) {
        const id = ids[i] ?? 0;
        mixed.set(id, (mixed.get(id) ?? 0) + weight * (probabilities[i] ?? 0));
      }
    const sorted = [...mixed].sort(([a, p], [b, q]) => q - p || a - b).slice(0, topK);
    return { ids: sorted.map(([id]) => id), probabilities: sorted.map(([, p]) => p) };
  }
}

/** Columns, or rows, of the lattice, and where the grid's stand among them. */
interface Axis {
  readonly cells: Int32Array;
  /** By the grid's: number of the lattice's at or before it that has a next; -1 beyond the outermost. */
  readonly before: Int32Array;
  /** How far it is on the way to the next, 0 ... 1. */
  readonly share: Float64Array;
}

function axisOf(count: number): Axis {
  const cells = latticeOf(count, STRIDE);
  const before = new Int32Array(count).fill(-1);
  const share = new Float64Array(count);
  for (let i = 0; i + 1 < cells.length; i++) {
    const [from = 0, to = 0] = cells.subarray(i, i + 2);
    for (let at = from; at <= to; at++) {
      before[at] = i;
      share[at] = (at - from) / (to - from);
    }
  }
  return { cells, before, share };
}

function filledIn(indices: Int32Array, lattice: Lattice, { topK, entropy, answers }: Cells): CellBatch {
  const each = answersEach({ entropy, ...(answers && { answers }) });
  const batch = {
    indices,
    ids: new Int32Array(indices.length * topK),
    probabilities: new Float32Array(indices.length * topK),
    entropy: new Float32Array(indices.length),
    ...(answers ? { answers: new Float32Array(indices.length * each) } : {}),
    filled: true,
  } as const;
  indices.forEach((cell, i) => {
    const { ids, probabilities } = lattice.mixture(cell);
    batch.ids.set(ids, i * topK);
    batch.probabilities.set(probabilities, i * topK);
    const interpolated = (values: Float32Array, width = 1, at = 0): number =>
      lattice.corners(cell).reduce((sum, [corner, weight]) => sum + weight * (values[corner * width + at] ?? 0), 0);
    batch.entropy[i] = interpolated(entropy);
    for (let q = 0; q < each; q++)
      if (answers && batch.answers) batch.answers[i * each + q] = interpolated(answers, each, q);
  });
  return batch;
}

function neighbors(cell: number, columns: number, rows: number): number[] {
  const column = cell % columns;
  const row = Math.floor(cell / columns);
  const found: number[] = [];
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++)
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++)
      if (x !== column || y !== row) found.push(y * columns + x);
  return found;
}

/** {@link CHECKED} of the cells, or all where there are fewer: spread over them without a period that a picture could have. */
function someOf(cells: Int32Array): Int32Array {
  if (cells.length <= CHECKED) return cells;
  const places = Array.from({ length: CHECKED }, (_, i) => Math.floor((((i + 1) * GOLDEN) % 1) * cells.length));
  return Int32Array.from(new Set(places), (place) => cells[place] ?? 0);
}

function joined(some: Int32Array, more: Int32Array): Int32Array {
  const all = new Int32Array(some.length + more.length);
  all.set(some);
  all.set(more, some.length);
  return all;
}
