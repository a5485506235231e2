import { Fault } from './fault.js';
import type { AxisLengths, Axes } from './specification.js';
import { torchNormalize, torchRandn } from './torchRandom.js';

/** `h(x, y) = c + x u + y v`: centre and axes, each [hiddenSize]. */
export interface Plane {
  readonly c: Float32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/** Dot products of a plane's vectors, for the norm of any point of it. */
export interface Gram {
  readonly cc: number;
  readonly cu: number;
  readonly cv: number;
  readonly uu: number;
  readonly uv: number;
  readonly vv: number;
}

/** Axes that need no model. */
export type OwnAxes = Extract<Axes, { method: 'direct' | 'replicated' | 'random_projection' }>;

/**
 * The two axes of an original method in a space of `hiddenSize` dimensions, [hiddenSize] each. `direct`: x and y are two
 * dimensions. `replicated`: x is every even dimension, y every odd one. `random_projection`: two random vectors of length 1,
 * PyTorch's for that seed.
 * @throws Fault `bad-parameter` when a dimension does not exist or both are the same.
 */
export function axesOf(axes: OwnAxes, hiddenSize: number): { readonly u: Float32Array; readonly v: Float32Array } {
  if (axes.method === 'random_projection') {
    const rows = torchRandn(axes.seed, hiddenSize);
    const u = rows.slice(0, hiddenSize);
    const v = rows.slice(hiddenSize);
    torchNormalize(u);
    torchNormalize(v);
    return { u, v };
  }
  const u = new Float32Array(hiddenSize);
  const v = new Float32Array(hiddenSize);
  if (axes.method === 'replicated') {
    for (let i = 0; i < hiddenSize; i++) (i % 2 === 0 ? u : v)[i] = 1;
    return { u, v };
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
  return { u, v };
}

/**
 * A plane with its axes made as they are wanted. `orthogonal`: v loses its part along u. `length`: both get it; undefined leaves
 * them as they are.
 * @throws Fault `bad-parameter` where an axis is zero and should have a length, or the axes are parallel and should not be.
 */
export function shapedPlane(
  { c, u, v }: Plane,
  { orthogonal, length }: { readonly orthogonal: boolean; readonly length: number | undefined },
): Plane {
  let second = v;
  if (orthogonal) {
    const uu = dot(u, u);
    const along = uu > 0 ? dot(u, v) / uu : 0;
    second = v.map((value, i) => value - along * (u[i] ?? 0));
    // What rounding leaves of a parallel axis is no direction.
    if (dot(second, second) <= 1e-10 * dot(v, v) && dot(v, v) > 0)
      throw new Fault({
        code: 'bad-parameter',
        message: 'The two axes are parallel: nothing of the second is orthogonal to the first.',
        hint: 'Choose another direction for one of them.',
      });
  }
  if (length === undefined) return { c, u, v: second };
  const scaled = (axis: Float32Array, name: string): Float32Array => {
    const own = Math.sqrt(dot(axis, axis));
    if (!(own > 0))
      throw new Fault({
        code: 'bad-parameter',
        message: `The ${name} axis is zero: it has no direction.`,
        hint: 'A prompt that is also the center, for example, leads nowhere.',
      });
    return axis.map((value) => (value / own) * length);
  };
  return { c, u: scaled(u, 'x'), v: scaled(second, 'y') };
}

/** The length that {@link shapedPlane} gives, where `typical` is the layer's typical norm. */
export const axisLength = (lengths: AxisLengths, typical: number): number | undefined =>
  lengths === 'own' ? undefined : lengths === 'unit' ? 1 : typical;

/** Sum of products in float64. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

export const gramOf = ({ c, u, v }: Plane): Gram => ({
  cc: dot(c, c),
  cu: dot(c, u),
  cv: dot(c, v),
  uu: dot(u, u),
  uv: dot(u, v),
  vv: dot(v, v),
});

/**
 * Foot of a vector on a plane and its distance from it. Where the axes do not span a plane, along what they span.
 */
export function projectOnto(
  plane: Plane,
  gram: Gram,
  vector: Float32Array,
): { readonly x: number; readonly y: number; readonly distance: number } {
  const { c, u, v } = plane;
  const { uu, uv, vv } = gram;
  const away = vector.map((value, i) => value - (c[i] ?? 0));
  const [au, av] = [dot(away, u), dot(away, v)];
  const determinant = uu * vv - uv * uv;
  const flat = determinant <= 1e-12 * uu * vv;
  const x = flat ? (uu > 0 ? au / uu : 0) : (au * vv - av * uv) / determinant;
  const y = flat ? (uu > 0 || vv === 0 ? 0 : av / vv) : (av * uu - au * uv) / determinant;
  let square = 0;
  for (let i = 0; i < away.length; i++) square += ((away[i] ?? 0) - x * (u[i] ?? 0) - y * (v[i] ?? 0)) ** 2;
  return { x, y, distance: Math.sqrt(square) };
}

/** A place by its lengths along two orthonormal axes of the plane, the first along u: the same in whatever axes the plane was laid, but turned. */
export function orthonormalPlace(
  { uu, uv, vv }: Gram,
  { x, y }: { readonly x: number; readonly y: number },
): readonly [along: number, across: number] {
  const length = Math.sqrt(uu);
  const part = uu > 0 ? uv / length : 0;
  return [length * x + part * y, Math.sqrt(Math.max(0, vv - part * part)) * y];
}

/** The vector at a point of the plane, [hiddenSize], every step rounded to float32: `(c + x u) + y v`, x and y as well. */
export function pointAt({ c, u, v }: Plane, x: number, y: number): Float32Array {
  const [fx, fy] = [Math.fround(x), Math.fround(y)];
  return c.map((value, i) => Math.fround(value + Math.fround(fx * (u[i] ?? 0))) + Math.fround(fy * (v[i] ?? 0)));
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
