import type { Format } from '../formats/formats.js';

/** Files of a map that are written where nothing else is asked for. */
export const DEFAULT_FORMATS: readonly Format[] = ['png', 'svg', 'json'];

/** Where they go, seen from the folder that a person works in. */
export const DEFAULT_OUTPUT_FOLDER = 'embedding_grid_results';
