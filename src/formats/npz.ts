import { answersEach } from '../map/questions.js';
import { type Zippable, zipSync } from 'fflate';
import { coordinates } from '../map/grid.js';
import { margin, type TokenMap } from '../map/tokenMap.js';
import { jsonValue } from './jsonText.js';
import { parted } from './measured.js';
import { npy, npyText } from './npy.js';

/**
 * A map as NPZ for `numpy.load`. Row-major, row 0 with the smallest y; C = columns, R = rows, k = top-k, d = hidden size:
 * `x` [C], `y` [R] float64; `token_ids` [R, C] int32 and `probabilities`, `margin`, `entropy` (nats) [R, C] float32;
 * `top_ids` [R, C, k] int32 and `top_probabilities` [R, C, k] float32; `c`, `u`, `v` [d] float32; `specification` and `tokens` (text and kind by id), JSON in a
 * string without dimensions. Of a map that was asked a question `answers` [R, C] float32, [R, C, Q] of one that was asked Q; of one whose plane was surveyed
 * `survey`, JSON as well; of an adaptive one `filled_in` [R, C] int32, 1 where a cell was filled in. A cell that is missing has
 * token -1 and NaN.
 */
export function toNpz(map: TokenMap): Uint8Array {
  const { cells, plane, specification } = map;
  const { columns, rows, topK, computed } = cells;
  const { xs, ys } = coordinates(specification.grid);
  const each = answersEach(cells);
  const perCell = (value: (cell: number) => number): Float32Array =>
    Float32Array.from(computed, (done, cell) => (done ? value(cell) : NaN));
  const shape = [rows, columns];
  const arrays = {
    x: npy(xs, [columns]),
    y: npy(ys, [rows]),
    token_ids: npy(
      Int32Array.from(computed, (done, cell) => (done ? (cells.ids[cell * topK] ?? -1) : -1)),
      shape,
    ),
    probabilities: npy(
      perCell((cell) => cells.probabilities[cell * topK] ?? NaN),
      shape,
    ),
    margin: npy(
      perCell((cell) => margin(cells, cell)),
      shape,
    ),
    entropy: npy(
      perCell((cell) => cells.entropy[cell] ?? NaN),
      shape,
    ),
    top_ids: npy(
      cells.ids.map((id, i) => (computed[Math.floor(i / topK)] ? id : -1)),
      [rows, columns, topK],
    ),
    top_probabilities: npy(
      cells.probabilities.map((p, i) => (computed[Math.floor(i / topK)] ? p : NaN)),
      [rows, columns, topK],
    ),
    ...(cells.answers
      ? {
          answers: npy(
            cells.answers.map((answer, i) => (computed[Math.floor(i / each)] ? answer : NaN)),
            each === 1 ? shape : [...shape, each],
          ),
        }
      : {}),
    ...(cells.filled ? { filled_in: npy(Int32Array.from(cells.filled), shape) } : {}),
    c: npy(plane.c, [plane.c.length]),
    u: npy(plane.u, [plane.u.length]),
    v: npy(plane.v, [plane.v.length]),
    specification: npyText(jsonValue(specification)),
    tokens: npyText(
      jsonValue(Object.fromEntries([...map.tokens.values()].map(({ id, text, kind }) => [id, { text, kind }]))),
    ),
    ...(map.survey ? { survey: npyText(jsonValue(parted(map).survey)) } : {}),
  };
  return npzOf(arrays);
}

/** Arrays, each as an .npy file, as one archive. */
export function npzOf(arrays: Readonly<Record<string, Uint8Array>>): Uint8Array {
  // The same bytes each time: no clock in the archive. 1980 is where its calendar begins.
  const mtime = new Date(1980, 0, 1);
  const entries: Zippable = {};
  for (const [name, bytes] of Object.entries(arrays)) entries[`${name}.npy`] = [bytes, { level: 6, mtime }];
  return zipSync(entries);
}
