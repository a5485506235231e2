import { Fault } from './fault.js';
import type { Axes, Center } from './specification.js';
import { torchNormalize, torchRandn } from './torchRandom.js';
import { decodeVector } from './vector.js';

/** `h(x, y) = c + x u + y v`: centre and axes, each [hiddenSize]. */
export interface Plane {
  readonly c: Float32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/**
 * The plane of a method in a space of `hiddenSize` dimensions. `direct`: x and y are two dimensions. `replicated`: x is every
 * even dimension, y every odd one. `random_projection`: two random vectors of length 1, PyTorch's for that seed. `vectors`:
 * those given.
 * @throws Fault `bad-parameter` when a dimension does not exist or both are the same, or a vector has another length.
 */
export function planeOf(axes: Axes, hiddenSize: number, center: Center = { kind: 'origin' }): Plane {
  const c =
    center.kind === 'origin' ? new Float32Array(hiddenSize) : decodeVector(center.vector, 'The center', hiddenSize);
  if (axes.method === 'vectors')
    return {
      c,
      u: decodeVector(axes.u, 'The x axis', hiddenSize),
      v: decodeVector(axes.v, 'The y axis', hiddenSize),
    };
  if (axes.method === 'random_projection') {
    const rows = torchRandn(axes.seed, hiddenSize);
    const u = rows.slice(0, hiddenSize);
    const v = rows.slice(hiddenSize);
    torchNormalize(u);
    torchNormalize(v);
    return { c, u, v };
  }
  const u = new Float32Array(hiddenSize);
  const v = new Float32Array(hiddenSize);
  if (axes.method === 'replicated') {
    for (let i = 0; i < hiddenSize; i++) (i % 2 === 0 ? u : v)[i] = 1;
    return { c, u, v };
  }
  const [i, j] = axes.dimensions;
  for (const dimension of axes.dimensions)
    if (!Number.isInteger(dimension) || dimension < 0 || dimension >= hiddenSize)
      throw new Fault({
        code: 'bad-parameter',
        message: `The model has no dimension ${dimension}.`,
        hint: `Its hidden states have ${hiddenSize} dimensions: 0 to ${hiddenSize - 1}.`,
      });
  if (i === j)
    throw new Fault({
      code: 'bad-parameter',
      message: `The two dimensions of the direct method are both ${i}.`,
      hint: 'Two different dimensions span a plane.',
    });
  u[i] = 1;
  v[j] = 1;
  return { c, u, v };
}

/**
 * Writes the hidden vectors of `cells` (numbers of cells, row by row) one after another into `out` and gives the part of it
 * that was written, [cells.length * hiddenSize]. Every step is rounded to float32: `(c + x u) + y v`, x and y as well.
 * `xs` and `ys` are the coordinates of the grid's columns and rows.
 */
export function pointsOf(
  plane: Plane,
  { xs, ys }: { readonly xs: Float64Array; readonly ys: Float64Array },
  cells: Int32Array,
  out: Float32Array,
): Float32Array {
  const { c, u, v } = plane;
  const d = c.length;
  for (let n = 0, o = 0; n < cells.length; n++) {
    const cell = cells[n] ?? 0;
    const x = Math.fround(xs[cell % xs.length] ?? 0);
    const y = Math.fround(ys[Math.floor(cell / xs.length)] ?? 0);
    for (let i = 0; i < d; i++, o++) {
      const alongX = Math.fround(x * (u[i] ?? 0));
      const alongY = Math.fround(y * (v[i] ?? 0));
      out[o] = Math.fround((c[i] ?? 0) + alongX) + alongY;
    }
  }
  return out.subarray(0, cells.length * d);
}
