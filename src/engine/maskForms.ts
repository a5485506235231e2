import { DataType } from '../onnx/graph.js';
import type { MaskInput } from '../onnx/interface.js';
import type { Tensor } from './session.js';
import { tensorOf } from './tensors.js';

/** What an axis of a mask counts: positions that see (`query`), positions that are seen (`total`), or a fixed number. */
export type MaskAxis = 'batch' | 'query' | 'total' | { readonly times: number } | number;

/** One way to write a mask: its axes, and the values for what may be seen and what may not. */
export interface MaskForm {
  /** `{times: n}` is n for every row of the batch. */
  readonly axes: readonly MaskAxis[];
  readonly shown: number;
  readonly hidden: number;
}

/** How each mask of a model is fed, by input. */
export type MaskForms = ReadonlyMap<string, MaskForm>;

/** The sequence that a mask is for. */
export interface MaskRun {
  readonly batch: number;
  /** Positions that past keys and values stand for. */
  readonly past: number;
  /** New positions. */
  readonly length: number;
  /** A position that no other sees, as if it were padding. */
  readonly padded?: number;
}

/**
 * A mask under which every position sees itself and those before it.
 * @throws Fault `model-unsupported` where it would be too large
 */
export function maskTensor(name: string, type: number, { axes, shown, hidden }: MaskForm, run: MaskRun): Tensor {
  const total = run.past + run.length;
  const sizes = axes.map((axis) =>
    axis === 'batch'
      ? run.batch
      : axis === 'query'
        ? run.length
        : axis === 'total'
          ? total
          : typeof axis === 'number'
            ? axis
            : axis.times * run.batch,
  );
  const bySeer = axes.includes('query');
  // The positions that are seen are always the last axis, and those that see the one before it.
  return tensorOf(name, type, sizes, (i) => {
    const seen = i % total;
    const seer = bySeer ? run.past + (Math.floor(i / total) % run.length) : total;
    return seen <= seer && seen !== run.padded ? shown : hidden;
  });
}

/** Hides what it is added to, whatever the scores are. */
const LEAST = -3e38;

/**
 * The ways that a mask of a type and shape could be meant, the most usual first. Numbers that are added to scores come last: a
 * graph that means 1 and 0 takes them for two kinds of hidden.
 * @param ids stated shape of the token ids
 * @param heads of attention, where known
 */
export function maskForms(mask: MaskInput, ids: MaskInput['shape'], heads: number | undefined): MaskForm[] {
  const float = [DataType.FLOAT, DataType.FLOAT16, DataType.BFLOAT16, DataType.DOUBLE].some((t) => t === mask.elemType);
  const values = [[1, 0], [0, 1], ...(float ? [[0, LEAST]] : [])] as const;
  return layouts(mask.shape, ids, heads).flatMap((axes) =>
    values.map(([shown = 0, hidden = 0]) => ({ axes, shown, hidden })),
  );
}

function layouts(shape: MaskInput['shape'], ids: MaskInput['shape'], heads: number | undefined): MaskAxis[][] {
  if (shape === undefined)
    return [
      ['batch', 'total'],
      ['query', 'total'],
      ['batch', 1, 'query', 'total'],
    ];
  // A length that is fixed is no axis of positions.
  if (typeof shape.at(-1) === 'number') return [];
  /** The batch, or what the export fixes it at. */
  const batch = (axis: number): MaskAxis => (typeof shape[axis] === 'number' ? shape[axis] : 'batch');
  const seers = (axis: number): MaskAxis[] =>
    typeof shape[axis] !== 'number' ? ['query', 1] : shape[axis] === 1 ? [1] : [];
  switch (shape.length) {
    case 1:
      return [['total']];
    case 2: {
      const rows: MaskAxis[][] = [[batch(0), 'total']];
      if (typeof shape[0] === 'number') return rows;
      const square: MaskAxis[] = ['query', 'total'];
      const named = shape[0] !== '' && shape[0] !== ids?.[0] && (shape[0] === shape[1] || shape[0] === ids?.[1]);
      return named ? [square, ...rows] : [...rows, square];
    }
    case 3:
      return seers(1).flatMap((seer): MaskAxis[][] => [
        [batch(0), seer, 'total'],
        ...(typeof shape[0] !== 'number' && heads !== undefined
          ? [[{ times: heads }, seer, 'total'] as MaskAxis[]]
          : []),
      ]);
    case 4: {
      const each = typeof shape[1] === 'number' ? [shape[1]] : [1, ...(heads === undefined ? [] : [heads])];
      return seers(2).flatMap((seer) => each.map((count): MaskAxis[] => [batch(0), count, seer, 'total']));
    }
    default:
      return [];
  }
}
