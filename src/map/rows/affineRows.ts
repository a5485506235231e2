/** An affine readout: logit i at (x, y) is `(c[i] + x u[i] + y v[i]) / s(x, y) + b[i]`, soft-capped where `cap` is not 0. */
export interface Rows {
  readonly c: Float32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
  readonly b: Float32Array;
  /** The final logits are `cap * tanh(z / cap)`; 0 for none. */
  readonly cap: number;
}

/** What rows are divided by: the norm's size, `s² = cc + x² uu + y² vv + 2 (x cu + y cv + x y uv) + epsilon`. */
export interface RowScale {
  /** cc, uu, vv, cu, cv, uv, each over d; null: s is 1. */
  readonly square: readonly number[] | null;
  readonly epsilon: number;
}

/** s at a point of the plane. */
export function scaleAt({ square, epsilon }: RowScale, x: number, y: number): number {
  if (!square) return 1;
  const [cc = 0, uu = 0, vv = 0, cu = 0, cv = 0, uv = 0] = square;
  return Math.sqrt(Math.max(cc + x * x * uu + y * y * vv + 2 * (x * cu + y * cv + x * y * uv), 0) + epsilon);
}

/** [cells * 3] 1 / s, x / s, y of some cells, numbered row by row: what the scan takes of a cell. */
export function coefficients(scale: RowScale, xs: Float64Array, ys: Float64Array, cells: Int32Array): Float32Array {
  const out = new Float32Array(cells.length * 3);
  cells.forEach((cell, i) => {
    const x = xs[cell % xs.length] ?? 0;
    const y = ys[Math.floor(cell / xs.length)] ?? 0;
    const inverse = 1 / scaleAt(scale, x, y);
    out[3 * i] = inverse;
    out[3 * i + 1] = x * inverse;
    out[3 * i + 2] = y;
  });
  return out;
}
