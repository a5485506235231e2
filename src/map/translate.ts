import type { Plane } from './plane.js';

/** The lenses that translate a layer's states into the last layer's basis before the final norm and the head. */
export type TranslatorKind = 'tuned' | 'jacobian';

/** An affine map of a layer's states: `t = M h + b`. */
export interface Translator {
  /** [hiddenSize * hiddenSize], a row for each number that comes out. */
  readonly matrix: Float32Array;
  /** M is the matrix and the identity besides (tuned lens), not the matrix alone (Jacobian lens). */
  readonly identity: boolean;
  /** [hiddenSize] */
  readonly bias: Float32Array | null;
}

/**
 * The plane that a readout through a translator sees: `T(c + x u + y v) = (M c + b) + x M u + y M v`, in float64, each rounded to
 * float32 once.
 */
export function translatePlane({ c, u, v }: Plane, translator: Translator): Plane {
  return {
    c: translated(c, translator, true),
    u: translated(u, translator, false),
    v: translated(v, translator, false),
  };
}

/** @param whole with the bias: of a point, not of a direction */
export function translated(h: Float32Array, { matrix, identity, bias }: Translator, whole: boolean): Float32Array {
  const d = h.length;
  return Float32Array.from({ length: d }, (_, i) => {
    let sum = (identity ? (h[i] ?? 0) : 0) + (whole ? (bias?.[i] ?? 0) : 0);
    for (let j = 0; j < d; j++) sum += (matrix[i * d + j] ?? 0) * (h[j] ?? 0);
    return sum;
  });
}
