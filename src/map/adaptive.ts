import { NO_TOKEN } from './regions.js';
import { latticeOf, refinement, type Stride } from './refinement.js';
import type { Approximation, CellBatch, Cells } from './tokenMap.js';

/** What is done next: cells that are computed, or that are filled in. */
export type Step =
  | { readonly kind: 'compute'; readonly stride: Stride; readonly cells: Int32Array }
  | { readonly kind: 'fill'; readonly batch: CellBatch };

/** Most cells that are computed as a check. */
export const CHECKED = 256;
/** Cells that are filled in at a time. */
const FILLED = 4096;
const STRIDE = 4;
/** Predictions that agree: their winner's probabilities differ by no more. */
const ALIKE = 0.1;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * An approximate map, with fewer cells computed. One cell of every block of 4 x 4 is computed. Where the four of them around a cell
 * have one winner, about as probable, the cell is filled in with their bilinear mixture, entropy and answers alike, unless it touches a computed cell
 * with another winner: so every border that is met is followed to its end. Beyond the outermost of them every cell is computed.
 * A region that lies between computed cells as a whole is missed: how often is measured on some of the cells that would be
 * filled in, and what they reveal is followed, too. The steps depend on nothing but the predictions.
 * @param cells of the grid; before the next step is asked for, the cells of the last are in it, but for those without a prediction
 */
export function* adaptiveSteps(cells: Cells): Generator<Step, Approximation> {
  const { columns, rows, topK, probabilities } = cells;
  const order = refinement(columns, rows);
  const lattice = order.cells.slice(0, order.passes.at(-1)?.start);
  const between = order.cells.slice(lattice.length);
  for (const { stride, start, end } of order.passes.slice(0, -1))
    yield { kind: 'compute', stride, cells: order.cells.slice(start, end) };

  const around = new Surroundings(cells);
  /** What a cell is to be filled in with; NO_TOKEN: it is computed. */
  const expected = new Int32Array(columns * rows).fill(NO_TOKEN);
  for (const cell of between) expected[cell] = around.agreed(cell);
  /** Takes cells beside other winners out of those that are filled in. */
  const disproved = (computed: Int32Array): Int32Array => {
    const found: number[] = [];
    for (const cell of computed)
      for (const neighbor of neighbors(cell, columns, rows)) {
        const token = expected[neighbor] ?? NO_TOKEN;
        if (token === NO_TOKEN || token === around.winner(cell)) continue;
        expected[neighbor] = NO_TOKEN;
        found.push(neighbor);
      }
    return Int32Array.from(found);
  };
  function* follow(first: Int32Array): Generator<Step> {
    for (let wave = first; wave.length > 0; wave = disproved(wave)) yield { kind: 'compute', stride: 1, cells: wave };
  }
  const disagreeing = between.filter((cell) => expected[cell] === NO_TOKEN);
  yield* follow(Int32Array.from([...disagreeing, ...disproved(lattice)]));

  const checked = someOf(between.filter((cell) => expected[cell] !== NO_TOKEN));
  const guesses = Array.from(checked, (cell) => ({
    token: expected[cell],
    probability: around.mixture(cell).probabilities[0] ?? 0,
  }));
  for (const cell of checked) expected[cell] = NO_TOKEN;
  if (checked.length > 0) yield { kind: 'compute', stride: 1, cells: checked };
  let differing = 0;
  let largestDifference = 0;
  guesses.forEach(({ token, probability }, i) => {
    const cell = checked[i] ?? 0;
    if (around.winner(cell) !== token) differing++;
    const difference = Math.abs((probabilities[cell * topK] ?? 0) - probability);
    largestDifference = Math.max(largestDifference, difference);
  });
  yield* follow(disproved(checked));

  const left = between.filter((cell) => expected[cell] !== NO_TOKEN);
  for (let i = 0; i < left.length; i += FILLED)
    yield { kind: 'fill', batch: filledIn(left.slice(i, i + FILLED), around, cells) };
  return { filled: left.length, checked: checked.length, differing, largestDifference };
}

/** The computed cells around others. */
class Surroundings {
  private readonly xs: Int32Array;
  private readonly ys: Int32Array;

  constructor(private readonly cells: Cells) {
    this.xs = latticeOf(cells.columns, STRIDE);
    this.ys = latticeOf(cells.rows, STRIDE);
  }

  private cellAt(column: number, row: number): number {
    return (this.ys[row] ?? 0) * this.cells.columns + (this.xs[column] ?? 0);
  }

  winner(cell: number): number {
    return this.cells.computed[cell] ? (this.cells.ids[cell * this.cells.topK] ?? NO_TOKEN) : NO_TOKEN;
  }

  /** The computed cells around a cell, four at most, with their bilinear weights; none beyond the outermost of them. */
  corners(cell: number): (readonly [corner: number, weight: number])[] {
    const { columns } = this.cells;
    const across = bracket(cell % columns, this.xs);
    const along = bracket(Math.floor(cell / columns), this.ys);
    return along.flatMap(([row, high]) =>
      across.map(([column, wide]) => [this.cellAt(column, row), high * wide] as const),
    );
  }

  /** The winner of the computed cells around a cell, where they agree; else NO_TOKEN. */
  agreed(cell: number): number {
    const { probabilities, topK } = this.cells;
    const corners = this.corners(cell).map(([corner]) => corner);
    const [first = NO_TOKEN, ...others] = corners.map((corner) => this.winner(corner));
    const confident = corners.map((corner) => probabilities[corner * topK] ?? 0);
    const alike = Math.max(...confident) - Math.min(...confident) <= ALIKE;
    return alike && others.every((token) => token === first) ? first : NO_TOKEN;
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

function filledIn(indices: Int32Array, around: Surroundings, { topK, entropy, answers }: Cells): CellBatch {
  const batch = {
    indices,
    ids: new Int32Array(indices.length * topK),
    probabilities: new Float32Array(indices.length * topK),
    entropy: new Float32Array(indices.length),
    ...(answers ? { answers: new Float32Array(indices.length) } : {}),
    filled: true,
  } as const;
  indices.forEach((cell, i) => {
    const { ids, probabilities } = around.mixture(cell);
    batch.ids.set(ids, i * topK);
    batch.probabilities.set(probabilities, i * topK);
    const interpolated = (values: Float32Array): number =>
      around.corners(cell).reduce((sum, [corner, weight]) => sum + weight * (values[corner] ?? 0), 0);
    batch.entropy[i] = interpolated(entropy);
    if (answers && batch.answers) batch.answers[i] = interpolated(answers);
  });
  return batch;
}

/** Along one axis: the one or two blocks around a cell, and how much each counts; none beyond the computed cells. */
function bracket(at: number, lattice: Int32Array): (readonly [block: number, weight: number])[] {
  const own = Math.floor(at / STRIDE);
  const low = at < (lattice[own] ?? 0) ? own - 1 : own;
  const from = lattice[low];
  if (from === at) return [[low, 1]];
  const to = lattice[low + 1];
  if (from === undefined || to === undefined) return [];
  const share = (at - from) / (to - from);
  return [
    [low, 1 - share],
    [low + 1, share],
  ];
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
