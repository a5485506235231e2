import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adaptiveSteps, CHECKED, differingAtMost } from '../../src/map/adaptive.js';
import { refinement } from '../../src/map/refinement.js';
import { addBatch, type Approximation, type Cells, emptyCells } from '../../src/map/tokenMap.js';
import { syntheticMap } from './syntheticMap.js';

interface Filled {
  readonly cells: Cells;
  readonly approximation: Approximation | undefined;
}

/** An adaptive map whose computed cells are those of another map; no cell may be told twice. */
function adaptiveOf(truth: Cells): Filled {
  const { columns, rows, topK } = truth;
  const cells = emptyCells(columns, rows, topK, { filled: true });
  const told = new Set<number>();
  const steps = adaptiveSteps(cells, refinement(columns, rows));
  let step = steps.next();
  for (; !step.done; step = steps.next()) {
    const indices = step.value.kind === 'compute' ? step.value.cells : step.value.batch.indices;
    for (const cell of indices) {
      assert.ok(!told.has(cell), `cell ${cell} twice`);
      told.add(cell);
    }
    if (step.value.kind === 'fill') addBatch(cells, step.value.batch);
    else
      for (const cell of step.value.cells) {
        const part = [cell * topK, (cell + 1) * topK] as const;
        if (!truth.computed[cell]) continue;
        addBatch(cells, {
          indices: Int32Array.of(cell),
          ids: truth.ids.slice(...part),
          probabilities: truth.probabilities.slice(...part),
          entropy: truth.entropy.slice(cell, cell + 1),
        });
      }
  }
  assert.equal(told.size, columns * rows);
  return { cells, approximation: step.value };
}

const winner = ({ ids, topK }: Cells, cell: number): number => ids[cell * topK] ?? -1;

/** Cells of one token, or of the token that `of` gives, each with a second that is less probable. */
function field(columns: number, rows: number, of: (column: number, row: number) => number): Cells {
  const cells = emptyCells(columns, rows, 2);
  for (let cell = 0; cell < columns * rows; cell++) {
    addBatch(cells, {
      indices: Int32Array.of(cell),
      ids: Int32Array.of(of(cell % columns, Math.floor(cell / columns)), 99),
      probabilities: Float32Array.of(0.6, 0.4),
      entropy: Float32Array.of(0.67),
    });
  }
  return cells;
}

test('law: a cell that is filled in has the token of all eight cells around it; the others are the model’s', () => {
  for (const [columns, rows, seed] of [
    [60, 40, 1],
    [97, 61, 2],
    [33, 130, 3],
    [16, 16, 4],
    [5, 3, 5],
    [1, 40, 6],
  ] as const) {
    const truth = syntheticMap({ columns, rows, seed, vocabulary: 12, topK: 4 }).cells;
    const { cells, approximation } = adaptiveOf(truth);
    let filled = 0;
    for (let cell = 0; cell < columns * rows; cell++) {
      if (!cells.filled?.[cell]) {
        assert.deepEqual(
          cells.probabilities.slice(4 * cell, 4 * cell + 4),
          truth.probabilities.slice(4 * cell, 4 * cell + 4),
        );
        continue;
      }
      filled++;
      const [column, row] = [cell % columns, Math.floor(cell / columns)];
      for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++)
        for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++)
          assert.equal(winner(cells, y * columns + x), winner(cells, cell), `cell ${column}, ${row}`);
    }
    assert.equal(filled, approximation?.filled ?? 0);
  }
});

test('regions wider than the lattice have every cell right, for less than half of the cells', () => {
  const truth = syntheticMap({ columns: 200, rows: 200, seed: 8, vocabulary: 10, topK: 5 }).cells;
  const { cells, approximation } = adaptiveOf(truth);
  for (let cell = 0; cell < 40_000; cell++) assert.equal(winner(cells, cell), winner(truth, cell));
  assert.ok(approximation && approximation.filled > 20_000, `${approximation?.filled ?? 0} filled in`);
  assert.deepEqual([approximation.checked > CHECKED / 2, approximation.differing], [true, 0]);
});

test('what is filled in is a distribution between those around it', () => {
  const truth = syntheticMap({ columns: 80, rows: 80, seed: 9, vocabulary: 6, topK: 4, steepness: 6 }).cells;
  const { cells } = adaptiveOf(truth);
  let largest = 0;
  for (let cell = 0; cell < 6400; cell++) {
    const probabilities = cells.probabilities.subarray(4 * cell, 4 * cell + 4);
    assert.ok(probabilities.reduce((sum, p) => sum + p, 0) <= 1 + 1e-6);
    probabilities.forEach((p, k) => k > 0 && assert.ok(p <= (probabilities[k - 1] ?? 0)));
    assert.equal(new Set(cells.ids.subarray(4 * cell, 4 * cell + 4)).size, 4);
    largest = Math.max(largest, Math.abs((probabilities[0] ?? 0) - (truth.probabilities[4 * cell] ?? 0)));
  }
  assert.ok(largest < 0.02, `${largest}`); // softmax of affine functions, flat over four cells
});

test('islands that hide between the computed cells are told by the checks, and those that are found are computed whole', () => {
  // 2 everywhere; on every fourth block an island of 3 x 3 cells, none of which is computed first.
  const island = (column: number, row: number): boolean =>
    column % 8 >= 3 && column % 8 <= 5 && row % 8 >= 3 && row % 8 <= 5;
  const truth = field(200, 200, (column, row) => (island(column, row) ? 1 : 2));
  const { cells, approximation } = adaptiveOf(truth);
  assert.ok(approximation);
  const missed = Array.from(cells.filled ?? [], (guess, cell) => guess === 1 && winner(truth, cell) === 1);
  const share = missed.filter(Boolean).length / approximation.filled;
  assert.ok(approximation.differing > 10 && approximation.checked > 200, JSON.stringify(approximation));
  assert.ok(share > 0 && share <= differingAtMost(approximation), `${share} of ${differingAtMost(approximation)}`);
  // An island of which one cell was found has no cell that was filled in.
  for (let block = 0; block < 625; block++) {
    const cell = (i: number): number =>
      (8 * Math.floor(block / 25) + 3 + Math.floor(i / 3)) * 200 + 8 * (block % 25) + 3 + (i % 3);
    const guessed = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => cells.filled?.[cell(i)]);
    assert.equal(new Set(guessed).size, 1, `island ${block}: ${guessed.join()}`);
  }
});

test('predictions that have one winner agree only where they are about as sure of it', () => {
  const truth = field(64, 64, () => 7);
  for (const [of, agree] of [
    [(column: number) => 0.5 + 0.002 * column, true],
    [(column: number) => 0.4 + 0.2 * (Math.floor(column / 4) % 2), false],
  ] as const) {
    for (let cell = 0; cell < 64 * 64; cell++) truth.probabilities.set([of(cell % 64), 0.3], 2 * cell);
    assert.equal(adaptiveOf(truth).approximation !== undefined, agree);
  }
});

test('one token everywhere: a sixteenth of the cells, the edge and the checks are computed', () => {
  const { approximation } = adaptiveOf(field(64, 64, () => 7));
  assert.ok(approximation);
  const [within, lattice] = [61 * 61, 16 * 16]; // columns and rows 2 to 62
  assert.equal(approximation.filled, within - lattice - approximation.checked);
  assert.deepEqual([approximation.differing, approximation.largestDifference], [0, 0]);
});

test('a grid with few cells that could be filled in is computed whole, and is no approximation', () => {
  for (const side of [1, 2, 7, 16, 18]) {
    const { cells, approximation } = adaptiveOf(field(side, side, () => 7));
    assert.equal(approximation, undefined);
    assert.ok(cells.computed.every((one) => one === 1) && cells.filled?.every((one) => one === 0));
  }
});

test('the bound of the error rate is Wilson’s', () => {
  // scipy.stats: binomtest(k, n).proportion_ci(confidence_level=0.9, method='wilson').high
  const bound = (differing: number, checked: number): number =>
    differingAtMost({ filled: 1, checked, differing, largestDifference: 0 });
  assert.ok(Math.abs(bound(0, 256) - 0.010458) < 1e-5, `${bound(0, 256)}`);
  assert.ok(Math.abs(bound(5, 256) - 0.039573) < 1e-5, `${bound(5, 256)}`);
  assert.ok(Math.abs(bound(10, 10) - 1) < 1e-9);
});

test('cells without a prediction agree with nothing: all around them is computed', () => {
  const truth = field(48, 48, () => 7);
  const gone = 22 * 48 + 22;
  truth.computed[gone] = 0;
  const { cells } = adaptiveOf(truth);
  for (const near of [gone - 1, gone + 1, gone - 48, gone + 48]) assert.equal(cells.filled?.[near], 0);
  assert.equal(
    cells.computed.reduce((sum, one) => sum + one, 0),
    48 * 48 - 1,
  );
});
