import { settledMap } from '../map/settledMap.js';
import type { TokenMap } from '../map/tokenMap.js';
import { toCsv } from './csv.js';
import { drawFigure } from './figure.js';
import { toParquet } from './dataset/toParquet.js';
import { type FileFormat, formatNamed, pictureFormats } from './fileFormat.js';
import { toHtml } from './html.js';
import { withoutMeasured } from './measured.js';
import { toNpz } from './npz.js';
import type { PictureOptions } from './pictures.js';
import { toJson } from './toJson.js';

/** All that a map can be saved as, in the order in which it is named. */
export const MAP_FORMATS = [
  ...pictureFormats<TokenMap>((map, ...given) => drawFigure(withoutMeasured(map), ...given)),
  {
    name: 'html',
    label: 'Page to look around in',
    holds: 'a page for any browser: hover, zoom, table; needs no network',
    extension: 'html',
    binary: false,
    kind: 'drawing',
    contents: toHtml,
  },
  {
    name: 'json',
    label: 'Token map (opens again)',
    holds: 'everything; open it in the extension, or draw it again with `--specification`',
    extension: 'json',
    binary: false,
    kind: 'data',
    contents: (map) => toJson(map),
  },
  {
    name: 'csv',
    label: 'CSV, a line per cell',
    holds: 'a row per cell: place, coordinates, first and second token, margin, entropy',
    extension: 'csv',
    binary: false,
    kind: 'data',
    contents: toCsv,
  },
  {
    name: 'npz',
    label: 'NumPy arrays',
    holds: 'arrays for `numpy.load`: `x`, `y`, `token_ids`, `probabilities`, `c`, `u`, `v`, …',
    extension: 'npz',
    binary: true,
    kind: 'data',
    contents: toNpz,
  },
  {
    name: 'parquet',
    label: 'Parquet table',
    holds: 'a row per cell with all its top tokens, as in the table `cells` of a study',
    extension: 'parquet',
    binary: true,
    kind: 'data',
    contents: toParquet,
  },
] as const satisfies readonly FileFormat<TokenMap>[];

export type Format = (typeof MAP_FORMATS)[number]['name'];

/** Their names. */
export const FORMATS: readonly Format[] = MAP_FORMATS.map(({ name }) => name);

export const formatOf = (name: Format): FileFormat<TokenMap, Format> =>
  formatNamed<TokenMap, Format>(MAP_FORMATS, name);

/** A map as one file. @throws Fault. */
export const encode = async (map: TokenMap, name: Format, options: PictureOptions): Promise<Uint8Array> =>
  formatOf(name).contents(settledMap(map), options);
