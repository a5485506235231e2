import type { CellBatch, Cells } from '../map/tokenMap.js';

/** Tokens of all cells together that cross to the page at most: 32 MB. A larger map crosses with fewer tokens per cell. */
const MOST = 4_000_000;

/** Tokens per cell that the page gets: all, or as many as a map of this size allows; two at least, for the margin. */
export const pageTopK = ({ columns, rows, topK }: Pick<Cells, 'columns' | 'rows' | 'topK'>): number =>
  Math.min(topK, Math.max(2, Math.floor(MOST / (columns * rows))));

/** The first `to` of each `from` values. */
function firsts<T extends Int32Array | Float32Array>(values: T, from: number, to: number): T {
  const kept = values.slice(0, (values.length / from) * to) as T;
  for (let cell = 0, at = 0; at < kept.length; cell++, at += to)
    kept.set(values.subarray(cell * from, cell * from + to), at);
  return kept;
}

/** Cells with the first `topK` tokens of each. */
export const fewerTokens = (cells: Cells, topK: number): Cells =>
  topK === cells.topK
    ? cells
    : {
        ...cells,
        topK,
        ids: firsts(cells.ids, cells.topK, topK),
        probabilities: firsts(cells.probabilities, cells.topK, topK),
      };

/** A batch of cells that have `from` tokens each, with the first `to` of them. */
export const fewerInBatch = (batch: CellBatch, from: number, to: number): CellBatch =>
  from === to
    ? batch
    : { ...batch, ids: firsts(batch.ids, from, to), probabilities: firsts(batch.probabilities, from, to) };
