import type { MapComparison } from '../../map/compare/comparison.js';
import { type FileFormat, pictureFormats } from '../fileFormat.js';
import { drawComparison } from './comparisonFigure.js';
import { drawCurves } from './curvesFigure.js';
import { type DrawnSeries, drawSeries } from './seriesFigure.js';
import { comparisonCsv, comparisonJson, seriesCsv, seriesJson, type SeriesStatistics } from './statistics.js';

/** All that two maps beside each other can be saved as. */
export const COMPARISON_FORMATS = [
  ...pictureFormats<MapComparison>(drawComparison),
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
] as const satisfies readonly FileFormat<MapComparison>[];

/** A series as it is saved. */
export interface SavedSeries extends DrawnSeries {
  readonly statistics: SeriesStatistics;
}

/** All that the maps of a series can be saved as together. */
export const SERIES_FORMATS = [
  ...pictureFormats<SavedSeries>(drawSeries),
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
