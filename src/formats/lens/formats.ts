import type { LensTable } from '../../map/lens/lensTable.js';
import { type FileFormat, pictureFormats } from '../fileFormat.js';
import { lensCsv, lensJson } from './lensData.js';
import { drawLens } from './lensFigure.js';

/** All that a lens over layers and positions can be saved as. */
export const LENS_FORMATS = [
  ...pictureFormats<LensTable>(drawLens),
  {
    name: 'json',
    label: 'JSON, all recorded tokens',
    holds: 'per cell all recorded tokens, entropy, rank',
    extension: 'json',
    binary: false,
    kind: 'data',
    contents: (table) => Buffer.from(lensJson(table)),
  },
  {
    name: 'csv',
    label: 'CSV, a line per cell',
    holds: 'a row per cell: token, probability, entropy, rank',
    extension: 'csv',
    binary: false,
    kind: 'data',
    contents: (table) => Buffer.from(lensCsv(table)),
  },
] as const satisfies readonly FileFormat<LensTable>[];
