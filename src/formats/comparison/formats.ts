import type { MapComparison } from '../../map/compare/comparison.js';
import { animatedPng } from '../apng.js';
import { type FileFormat, pictureFormats } from '../fileFormat.js';
import { figurePng, type PictureOptions } from '../pictures.js';
import { drawComparison } from './comparisonFigure.js';
import { drawCurves } from './curvesFigure.js';
import { comparisonPage, seriesPage } from './pages.js';
import { drawFrame, type DrawnSeries, drawSeries } from './seriesFigure.js';
import { comparisonCsv, comparisonJson, seriesCsv, seriesJson, type SeriesStatistics } from './statistics.js';

/** Two maps beside each other, as they are saved. */
export interface SavedComparison extends MapComparison {
  /** The JSON files of both maps, seen from the folder of the comparison, with `/`; where they are known. */
  readonly files?: readonly string[];
}

/** All that two maps beside each other can be saved as. */
export const COMPARISON_FORMATS = [
  ...pictureFormats<SavedComparison>(drawComparison),
  {
    name: 'html',
    label: 'Page to look around in',
    holds: 'a page for any browser: both maps, linked, and what changes',
    extension: 'html',
    binary: false,
    kind: 'drawing',
    contents: comparisonPage,
  },
  {
    name: 'json',
    label: 'JSON, the comparison in numbers',
    holds: 'both specifications, agreement, tokens, changes',
    extension: 'json',
    binary: false,
    kind: 'data',
    contents: (comparison) => Buffer.from(comparisonJson(comparison)),
  },
  {
    name: 'csv',
    label: 'CSV, a line per cell',
    holds: 'a row per cell: both tokens, change, divergences',
    extension: 'csv',
    binary: false,
    kind: 'data',
    contents: (comparison) => Buffer.from(comparisonCsv(comparison)),
  },
] as const satisfies readonly FileFormat<SavedComparison>[];

/** A series as it is saved. */
export interface SavedSeries extends DrawnSeries {
  readonly statistics: SeriesStatistics;
}

/** How long each map is shown, in ms. */
const FRAME_MS = 700;

/** The maps of a series as a film, in their order. */
async function seriesFilm(series: SavedSeries, options: PictureOptions): Promise<Uint8Array> {
  const places = series.lines.flatMap(({ members }, line) => members.map((_, member) => [line, member] as const));
  const frames = await Promise.all(
    places.map((place) => figurePng((font, unshown) => drawFrame(series, place, font, unshown), options)),
  );
  return animatedPng(frames, FRAME_MS);
}

/** All that the maps of a series can be saved as together. */
export const SERIES_FORMATS = [
  ...pictureFormats<SavedSeries>(drawSeries),
  {
    name: 'html',
    label: 'Page to look around in',
    holds: 'a page for any browser: the maps one after another, with a slider',
    extension: 'html',
    binary: false,
    kind: 'drawing',
    contents: seriesPage,
  },
  {
    name: 'apng',
    label: 'APNG, the maps one after another',
    holds: 'a film of the maps, for slides and web pages',
    extension: 'apng',
    binary: true,
    kind: 'pixels',
    contents: seriesFilm,
  },
  {
    name: 'json',
    label: 'JSON, the curves in numbers',
    holds: 'a point per member, and where tokens enter',
    extension: 'json',
    binary: false,
    kind: 'data',
    contents: (series) => Buffer.from(seriesJson(series.statistics)),
  },
  {
    name: 'csv',
    label: 'CSV, a line per member',
    holds: 'a row per member: agreement, regions, tokens, entropy',
    extension: 'csv',
    binary: false,
    kind: 'data',
    contents: (series) => Buffer.from(seriesCsv(series.statistics)),
  },
] as const satisfies readonly FileFormat<SavedSeries>[];

/** What the curves of a series can be drawn as; as data they stand in its JSON and CSV. */
export const CURVE_FORMATS = pictureFormats<SeriesStatistics>(drawCurves);
