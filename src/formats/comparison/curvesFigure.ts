import type { CurvePoint } from '../../map/compare/curves.js';
import { safeText, tokenText } from '../../map/display.js';
import { formatCount } from '../../map/numbers.js';
import { type Chart, drawCharts } from '../charts.js';
import type { BundledFont } from '../fonts.js';
import { PLANE_WORDS } from './comparisonFigure.js';
import type { SeriesStatistics } from './statistics.js';

/** The curves of a series, as a figure: an SVG document. */
export const drawCurves = (series: SeriesStatistics, font: BundledFont): string =>
  drawCharts(`By ${safeText(series.axis, 60)}`, chartsOf(series), captionOf(series), font);

/** Curves of named tokens, at most. */
const MOST_NAMED = 4;

/** Of several lines the mean, and all of them as a band. */
function chartsOf({ axis, lines }: SeriesStatistics): Chart[] {
  const places = [...new Set(lines.flatMap(({ points }) => points.map(({ name }) => name)))];
  const chart = (title: string, of: (point: CurvePoint) => number | null, times = 1): Chart => {
    const at = places.map((place) =>
      lines.flatMap(({ points }) => points.filter(({ name }) => name === place).flatMap((point) => of(point) ?? [])),
    );
    const mean = (values: readonly number[]): number | null =>
      values.length > 0 ? values.reduce((sum, one) => sum + one, 0) / values.length : null;
    return {
      title,
      times,
      axis: safeText(axis, 60),
      places: places.map((place) => safeText(place, 24)),
      line: at.map(mean),
      ...(lines.length > 1
        ? { band: at.map((values) => (values.length > 0 ? [Math.min(...values), Math.max(...values)] : null)) }
        : {}),
    };
  };
  const points = lines.flatMap((line) => line.points);
  const named = points[0]?.named ?? [];
  return [
    chart('Cells as in the last map, %', ({ agreementWithLast }) => agreementWithLast, 100),
    chart('Cells as in the map before, %', ({ agreementWithPrevious }) => agreementWithPrevious, 100),
    { ...chart('Regions', ({ regions }) => regions), whole: true },
    chart('Mean entropy, bits', ({ meanEntropy }) => meanEntropy, 1 / Math.LN2),
    ...(points.some(({ divergenceToLast }) => divergenceToLast !== null)
      ? [chart('Mean KL(map ‖ last), bits', ({ divergenceToLast }) => divergenceToLast, 1 / Math.LN2)]
      : []),
    ...named
      .slice(0, MOST_NAMED)
      .map(({ token }, i) =>
        chart(
          `Mean probability of ${safeText(tokenText(token), 30)}, %`,
          (point) => point.named[i]?.probability ?? null,
          100,
        ),
      ),
  ];
}

const captionOf = ({ lines, plane }: SeriesStatistics): readonly string[] => [
  `${formatCount(lines.reduce((sum, { points }) => sum + points.length, 0))} maps`,
  PLANE_WORDS[plane],
  ...(lines.length > 1 ? [`line: mean of ${formatCount(lines.length)}, band: all of them`] : []),
];
