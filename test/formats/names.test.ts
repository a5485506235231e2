import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileName, fileNames } from '../../src/formats/names.js';
import { syntheticMap } from '../map/syntheticMap.js';

test('names of the original program', () => {
  const { specification } = syntheticMap({ columns: 1, rows: 1, specification: { layer: 31 } });
  const square = { ...specification, grid: { ...specification.grid, columns: 50, rows: 50 } };
  assert.equal(fileName(square, 'png'), 'embedding_grid_layer_31_size_50_method_random_projection.png');
  assert.equal(fileName(square, 'json'), 'embedding_grid_results_layer_31.json');
});

test('other grids, embeddings, and numbers', () => {
  const { specification } = syntheticMap({ columns: 60, rows: 40, specification: { layer: 'embeddings' } });
  assert.deepEqual(
    fileNames({ ...specification, plane: { ...specification.plane, axes: { method: 'replicated' } } }, 3),
    [
      'embedding_grid_layer_embeddings_size_60x40_method_replicated_3.png',
      'embedding_grid_layer_embeddings_size_60x40_method_replicated_3.svg',
      'embedding_grid_layer_embeddings_size_60x40_method_replicated_3.pdf',
      'embedding_grid_layer_embeddings_size_60x40_method_replicated_3.tex',
      'embedding_grid_layer_embeddings_size_60x40_method_replicated_3.html',
      'embedding_grid_results_layer_embeddings_3.json',
      'embedding_grid_results_layer_embeddings_3.csv',
      'embedding_grid_results_layer_embeddings_3.npz',
      'embedding_grid_results_layer_embeddings_3.parquet',
    ],
  );
});
