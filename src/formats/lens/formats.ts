import type { LensTable } from '../../map/lens/lensTable.js';
import { type FileFormat, pictureFormats } from '../fileFormat.js';
import { lensesCsv, lensesJson } from './lensData.js';
import { drawLens } from './lensFigure.js';

/** All that a lens over layers and positions can be saved as, or several of one prompt. */
export const LENS_FORMATS = [
  ...pictureFormats<readonly LensTable[]>(drawLens),
  {
    name: 'json',
    label: 'JSON, all recorded tokens',
    holds: 'per cell all recorded tokens, entropy, rank',
    extension: 'json',
    binary: false,
    kind: 'data',
    contents: (lenses) => Buffer.from(lensesJson(lenses)),
  },
  {
    name: 'csv',
    label: 'CSV, a line per cell',
    holds: 'a row per cell: token, probability, entropy, rank',
    extension: 'csv',
    binary: false,
    kind: 'data',
    contents: (lenses) => Buffer.from(lensesCsv(lenses)),
  },
] as const satisfies readonly FileFormat<readonly LensTable[]>[];
