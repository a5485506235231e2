import { type CurveMember, curvesOf, entryWords } from '../../map/compare/curves.js';
import { DEFAULT_DISPLAY, showsBorders } from '../../map/mapDisplay.js';
import { formatPercent, several } from '../../map/numbers.js';
import { safeText } from '../../map/display.js';
import type { PlaneSharing } from '../../map/series/series.js';
import type { TokenMap } from '../../map/tokenMap.js';
import { drawColorBar } from '../figureParts.js';
import { Writer } from '../figureWriter.js';
import type { FigureSize } from '../figureSize.js';
import type { BundledFont } from '../fonts.js';
import { captionOf, oneScale, panelOf, PLANE_WORDS } from './comparisonFigure.js';
import { acrossOf, drawMultiples, type Panel } from './multiples.js';

/** Maps of a series, in its order. */
export interface DrawnSeries {
  /** What varies along a line, in a word: `layer`. */
  readonly axis: string;
  readonly plane: PlaneSharing;
  /** One, or one for each combination of what varies besides: then each has a row of its own. */
  readonly lines: readonly DrawnLine[];
}

export interface DrawnLine {
  /** What its members have in common: `model=a`; empty where there is one line. */
  readonly name: string;
  readonly members: readonly (CurveMember & { readonly map: TokenMap })[];
}

/** What a series is called: `30 maps of SmolLM2 by layer`; of several models `2 maps by model`. */
export function seriesTitle({ axis, lines }: DrawnSeries): string {
  const maps = lines.flatMap(({ members }) => members.map(({ map }) => map));
  const [model = '', ...others] = new Set(maps.map((map) => map.specification.model.name));
  const whose = others.length > 0 ? '' : ` of ${safeText(model, 60)}`;
  return `${several(maps.length, 'map')}${whose} by ${axis}`;
}

/** Maps that are drawn side by side, at most. */
export const MOST_DRAWN = 120;

/**
 * Maps of a series as small multiples with one bar, each with what it has in common with the last: an SVG document.
 * @param unshown as for `drawFigure`
 */
export function drawSeries(
  series: DrawnSeries,
  font: BundledFont,
  unshown: ReadonlySet<number> = new Set(),
  size: FigureSize = {},
): string {
  const { axis, plane, lines } = series;
  const members = lines.flatMap((line) => line.members);
  const maps = members.map(({ map }) => map);
  const display = maps[0]?.display ?? DEFAULT_DISPLAY;
  const write = new Writer(font, unshown);
  const scale = oneScale(maps, display);
  const { colorBy } = scale.coloring;
  const [first] = lines;
  const panels = lines.flatMap((line): readonly Panel[] => {
    const curves = curvesOf(line.members);
    return line.members.map(({ name, map }, i) => {
      const share = curves[i]?.agreementWithLast ?? null;
      const agreement = share === null ? 'another grid than the last' : `${formatPercent(share)} as the last`;
      const note = i === line.members.length - 1 ? 'the last' : agreement;
      const title = [`${axis} ${safeText(name, 60)}`, ...(line.name === '' ? [] : [safeText(line.name, 60)])].join(
        ', ',
      );
      return panelOf(map, { title, note }, scale, write);
    });
  });
  return drawMultiples(
    {
      title: seriesTitle(series),
      subtitle: first && lines.length === 1 ? entryWords(first.members, axis).join('; ') : '',
      panels,
      across: lines.length > 1 ? Math.min(12, first?.members.length ?? 1) : acrossOf(members.length),
      bar: (frame) => drawColorBar(scale.coloring, frame, write),
      borders: showsBorders({ ...display, colorBy }),
      labels: display.labels,
      caption: [PLANE_WORDS[plane], ...captionOf(maps, scale.coloring)],
    },
    write,
    size,
  );
}

/**
 * A map of a series as a picture of a film: all pictures have one size, one bar and one caption, so that only the map changes.
 * @param line and member, by their places @param unshown as for `drawFigure`
 */
export function drawFrame(
  { axis, plane, lines }: DrawnSeries,
  [line, member]: readonly [line: number, member: number],
  font: BundledFont,
  unshown: ReadonlySet<number> = new Set(),
): string {
  const maps = lines.flatMap((one) => one.members.map(({ map }) => map));
  const display = maps[0]?.display ?? DEFAULT_DISPLAY;
  const write = new Writer(font, unshown);
  const scale = oneScale(maps, display);
  const { colorBy } = scale.coloring;
  const shown = lines[line]?.members[member];
  const named = lines[line]?.name ?? '';
  const title = [`${axis} ${safeText(shown?.name ?? '', 40)}`, ...(named === '' ? [] : [safeText(named, 40)])].join(
    ', ',
  );
  const share = curvesOf(lines[line]?.members ?? [])[member]?.agreementWithLast ?? null;
  return drawMultiples(
    {
      title: safeText(maps[0]?.specification.model.name ?? '', 40),
      subtitle: '',
      panels: shown
        ? [
            panelOf(
              shown.map,
              { title, note: share === null ? '' : `${formatPercent(share)} as the last` },
              scale,
              write,
            ),
          ]
        : [],
      across: 1,
      side: FRAME_SIDE,
      bar: (frame) => drawColorBar(scale.coloring, frame, write),
      borders: showsBorders({ ...display, colorBy }),
      labels: display.labels,
      caption: [PLANE_WORDS[plane], ...captionOf(maps, scale.coloring)],
    },
    write,
  );
}

/** Of the map in a picture of a film, in px. */
const FRAME_SIDE = 500;
