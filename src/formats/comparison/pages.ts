import type { MapComparison } from '../../map/compare/comparison.js';
import { DEFAULT_DISPLAY } from '../../map/mapDisplay.js';
import { type MapInPage, mapInPage } from '../../map/pageFile/pageFile.js';
import { slotsOfAll } from '../../map/settledMap.js';
import type { TokenMap } from '../../map/tokenMap.js';
import { pageHtml, type PageOptions } from '../html.js';
import { withoutMeasured } from '../measured.js';
import { PLANE_WORDS, sideNames } from './comparisonFigure.js';
import { type DrawnSeries, seriesTitle } from './seriesFigure.js';

/** Two maps and what changes from the one to the other, as a page. */
export function comparisonPage(comparison: MapComparison, options: PageOptions): Promise<Uint8Array> {
  const { a, b, plane, divergences } = comparison;
  const names = sideNames(comparison);
  return pageHtml(
    {
      title: `${names.a} beside ${names.b}`,
      note: PLANE_WORDS[plane],
      maps: oneDisplay([a, b]),
      as: { kind: 'comparison', names: [names.a, names.b], divergences: divergences ?? null },
    },
    options,
  );
}

/** The maps of a series, one after another, as a page. */
export function seriesPage(series: DrawnSeries, options: PageOptions): Promise<Uint8Array> {
  const { axis, plane, lines } = series;
  let map = 0;
  return pageHtml(
    {
      title: seriesTitle(series),
      note: PLANE_WORDS[plane],
      maps: oneDisplay(lines.flatMap(({ members }) => members.map((member) => member.map))),
      as: {
        kind: 'series',
        axis,
        lines: lines.map(({ name, members }) => ({
          name,
          members: members.map((member) => ({ name: member.name, map: map++ })),
        })),
      },
    },
    options,
  );
}

/** Maps that are looked at in one way, that of the first; a token has one color in all, in which figures have it as well. */
function oneDisplay(maps: readonly TokenMap[]): readonly MapInPage[] {
  const display = maps[0]?.display ?? DEFAULT_DISPLAY;
  const tokenColors = { ...display.tokenColors, ...Object.fromEntries(slotsOfAll(maps, display.tokenColors)) };
  return maps.map((map, i) => ({
    ...mapInPage(withoutMeasured(map)),
    // What is told of the first is told of all.
    display: i === 0 ? { ...display, tokenColors } : null,
  }));
}
