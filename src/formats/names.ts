import type { MapSpecification } from '../map/specification.js';
import { type Format, formatOf, FORMATS } from './formats.js';

/**
 * Name of a map's file, as the original program names them: `embedding_grid_layer_31_size_50_method_random_projection.png`
 * for pictures, `embedding_grid_results_layer_31.json` for data; `layer_embeddings` and `size_60x40` where they apply.
 * @param number from 2 on: a set of files beside others of the same names, `…_2.json`.
 */
export function fileName({ layer, grid, plane }: MapSpecification, name: Format, number = 1): string {
  const { kind, extension } = formatOf(name);
  const end = `${number > 1 ? `_${number}` : ''}.${extension}`;
  if (kind === 'data') return `embedding_grid_results_layer_${layer}${end}`;
  const size = grid.columns === grid.rows ? `${grid.columns}` : `${grid.columns}x${grid.rows}`;
  return `embedding_grid_layer_${layer}_size_${size}_method_${plane.axes.method}${end}`;
}

/** Names of all files that a set may have, in the order of the formats. */
export const fileNames = (specification: MapSpecification, number = 1): readonly string[] =>
  FORMATS.map((format) => fileName(specification, format, number));
