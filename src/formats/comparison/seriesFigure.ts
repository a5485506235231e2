import { type CurveMember, curvesOf, entryWords } from '../../map/compare/curves.js';
import { DEFAULT_DISPLAY, showsBorders } from '../../map/mapDisplay.js';
import { formatCount, formatPercent } from '../../map/numbers.js';
import { safeText } from '../../map/display.js';
import type { PlaneSharing } from '../../map/series/series.js';
import type { TokenMap } from '../../map/tokenMap.js';
import { drawColorBar } from '../figureParts.js';
import { Writer } from '../figureWriter.js';
import type { BundledFont } from '../fonts.js';
import { captionOf, oneScale, panelOf, PLANE_WORDS } from './comparisonFigure.js';
import { acrossOf, drawMultiples } from './multiples.js';

/** Maps of a series, in its order. */
export interface DrawnSeries {
  /** What varies, in a word: `layer`. */
  readonly axis: string;
  readonly plane: PlaneSharing;
  readonly members: readonly (CurveMember & { readonly map: TokenMap })[];
}

/**
 * Maps of a series as small multiples with one bar, each with what it has in common with the last: an SVG document.
 * @param unshown as for `drawFigure`
 */
export function drawSeries(
  { axis, plane, members }: DrawnSeries,
  font: BundledFont,
  unshown: ReadonlySet<number> = new Set(),
): string {
  const maps = members.map(({ map }) => map);
  const display = maps[0]?.display ?? DEFAULT_DISPLAY;
  const write = new Writer(font, unshown);
  const scale = oneScale(maps, display);
  const { colorBy } = scale.coloring;
  const curves = curvesOf(members);
  const model = safeText(maps[0]?.specification.model.name ?? '', 60);
  return drawMultiples(
    {
      title: `${formatCount(members.length)} maps of ${model} by ${axis}`,
      subtitle: entryWords(members, axis).join('; '),
      panels: members.map(({ name, map }, i) => {
        const agreement = formatPercent(curves[i]?.agreementWithLast ?? 0);
        const note = i === members.length - 1 ? 'the last' : `${agreement} as the last`;
        return panelOf(map, { title: `${axis} ${safeText(name, 60)}`, note }, scale, write);
      }),
      across: acrossOf(members.length),
      bar: (frame) => drawColorBar(scale.coloring, frame, write),
      borders: showsBorders({ ...display, colorBy }),
      labels: display.labels,
      caption: [PLANE_WORDS[plane], ...captionOf(maps, scale.coloring)],
    },
    write,
  );
}
