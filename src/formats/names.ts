import type { MapSpecification } from '../map/specification.js';

/** Formats that a map can be saved in, in the order in which they are named. */
export const FORMATS = ['png', 'svg', 'json', 'csv', 'npz'] as const;
export type Format = (typeof FORMATS)[number];

/**
 * Name of a map's file, as the original program names them: `embedding_grid_layer_31_size_50_method_random_projection.png`
 * for pictures, `embedding_grid_results_layer_31.json` for data; `layer_embeddings` and `size_60x40` where they apply.
 * @param number from 2 on: a set of files beside others of the same names, `…_2.json`.
 */
export function fileName({ layer, grid, plane }: MapSpecification, format: Format, number = 1): string {
  const end = `${number > 1 ? `_${number}` : ''}.${format}`;
  if (format !== 'png' && format !== 'svg') return `embedding_grid_results_layer_${layer}${end}`;
  const size = grid.columns === grid.rows ? `${grid.columns}` : `${grid.columns}x${grid.rows}`;
  return `embedding_grid_layer_${layer}_size_${size}_method_${plane.axes.method}${end}`;
}

/** Names of the files of a set, by format. */
export const fileNames = (specification: MapSpecification, number = 1): Readonly<Record<Format, string>> => ({
  png: fileName(specification, 'png', number),
  svg: fileName(specification, 'svg', number),
  json: fileName(specification, 'json', number),
  csv: fileName(specification, 'csv', number),
  npz: fileName(specification, 'npz', number),
});
