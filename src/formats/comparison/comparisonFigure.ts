import { changeColors, changeEntry } from '../../map/compare/changeColors.js';
import {
  type ChangesBy,
  DIVERGENCE_NAMES,
  divergenceBits,
  divergencePart,
  spreadOf,
} from '../../map/compare/divergenceScale.js';
import {
  agreementWords,
  type MapComparison,
  summaryOf,
  tokenChanges,
  tokenOf,
  winner,
} from '../../map/compare/comparison.js';
import { type Coloring, coloringOf } from '../../map/coloring.js';
import { askedQuestion } from '../../map/questions.js';
import type { Rgb } from '../../map/colors.js';
import { type Segment, safeText, tokenInWords } from '../../map/display.js';
import { gridWindow } from '../../map/grid.js';
import { DEFAULT_DISPLAY, type Display, showsBorders } from '../../map/mapDisplay.js';
import { layerBrief } from '../../map/naming.js';
import { formatCount, formatShort, several } from '../../map/numbers.js';
import { findRegions, NO_TOKEN, topTokens } from '../../map/regions.js';
import type { PlaneSharing } from '../../map/series/series.js';
import { regionsOf, slotsOfAll } from '../../map/settledMap.js';
import type { Cells, TokenMap } from '../../map/tokenMap.js';
import { exactOf } from '../figure.js';
import { cellColors, type CellColors, drawColorBar } from '../figureParts.js';
import { type Frame, Writer } from '../figureWriter.js';
import type { FigureSize } from '../figureSize.js';
import type { BundledFont } from '../fonts.js';
import { figureWords } from '../words.js';
import { drawMultiples, type Panel } from './multiples.js';

/** What is written on every figure of more than one map. */
export const PLANE_WORDS: Readonly<Record<PlaneSharing, string>> = {
  shared: 'one plane: each cell is the same vector in all maps',
  own: 'each map on its own plane: a cell is the same place of it, not the same vector',
};

/** Several maps colored on one scale. */
export interface OneScale {
  readonly coloring: Coloring;
  readonly colorsOf: (map: TokenMap) => CellColors;
}

/** Colors of maps that stand beside each other: one scale, as far as any of them goes; one color for a token in all. */
export function oneScale(maps: readonly TokenMap[], display: Display): OneScale {
  const asked = maps[0] ? askedQuestion(maps[0].specification, display.asked) : null;
  const coloring = coloringOf(
    maps.map(({ cells }) => cells),
    asked?.question ?? null,
    display.colorBy,
    display.colorRange,
    asked?.at,
  );
  const { tokenColors } = display;
  const known =
    coloring.colorBy === 'token'
      ? { ...tokenColors, ...Object.fromEntries(slotsOfAll(maps, tokenColors)) }
      : tokenColors;
  return { coloring, colorsOf: (map) => cellColors(map, coloring, regionsOf(map.cells), known) };
}

/** A map as a panel of a figure. */
export function panelOf(map: TokenMap, names: { title: string; note: string }, scale: OneScale, write: Writer): Panel {
  const { columns, rows } = map.cells;
  const top = topTokens(map.cells);
  const written = new Map<number, readonly Segment[]>();
  return {
    ...names,
    columns,
    rows,
    colors: scale.colorsOf(map),
    outlined: { columns, rows, top, cells: map.cells, exact: exactOf(map) },
    regions: findRegions(columns, rows, top),
    segments: (id) => {
      const known = written.get(id) ?? write.ofToken(tokenOf(map, id));
      written.set(id, known);
      return known;
    },
  };
}

/**
 * Two maps and what changes from the one to the other, as a figure: an SVG document.
 * @param unshown as for `drawFigure`
 */
export function drawComparison(
  comparison: MapComparison,
  font: BundledFont,
  unshown: ReadonlySet<number> = new Set(),
  size: FigureSize = {},
): string {
  const { a, b } = comparison;
  const display = a.display ?? DEFAULT_DISPLAY;
  const write = new Writer(font, unshown);
  const scale = oneScale([a, b], display);
  const names = sideNames(comparison);
  const summary = summaryOf(comparison);
  const regionNote = (count: number): string => `${formatCount(count)} ${count === 1 ? 'region' : 'regions'}`;
  const [largest] = tokenChanges(comparison);
  const within = summary.withinRounding > 0 ? `, ${formatCount(summary.withinRounding)} within rounding` : '';
  const { js } = summary.divergences ?? {};
  const { colorBy } = scale.coloring;
  return drawMultiples(
    {
      title: `${names.a} beside ${names.b}`,
      subtitle: agreementWords(summary),
      panels: [
        panelOf(
          a,
          { title: names.a === 'A' ? 'A' : `A: ${names.a}`, note: regionNote(summary.regions.a) },
          scale,
          write,
        ),
        panelOf(
          b,
          { title: names.b === 'B' ? 'B' : `B: ${names.b}`, note: regionNote(summary.regions.b) },
          scale,
          write,
        ),
        changesPanel(comparison, display.changesBy, `${several(summary.changed, 'cell')}${within}`, write),
      ],
      across: 3,
      bar: (frame: Frame) => drawColorBar(scale.coloring, frame, write),
      borders: showsBorders({ ...display, colorBy }),
      labels: display.labels,
      caption: [
        PLANE_WORDS[summary.plane],
        ...(largest
          ? [
              `most cells go from ${tokenInWords(largest.from)} to ${tokenInWords(largest.to)}: ${formatCount(largest.cells)}`,
            ]
          : []),
        changesCaption(comparison, display.changesBy),
        ...(js
          ? [`Jensen-Shannon divergence: mean ${divergenceBits(js.mean)}, largest ${divergenceBits(js.max)}`]
          : ['no divergences: the models were not asked']),
        ...(summary.tokensBy === 'text' ? ['different vocabularies: tokens are compared by their texts'] : []),
        ...captionOf([a, b], scale.coloring),
      ],
    },
    write,
    size,
  );
}

/** The divergence that cells are colored by, where it was asked for and is known. */
function divergenceIn({ divergences }: MapComparison, by: ChangesBy | undefined) {
  if (by === undefined || by === 'change' || !divergences) return undefined;
  const values = divergences[by];
  return { by, values, spread: spreadOf(values) };
}

function changesCaption(comparison: MapComparison, by: ChangesBy | undefined): string {
  const apart = divergenceIn(comparison, by);
  return apart
    ? `changes: darker orange where ${DIVERGENCE_NAMES[apart.by]} is larger, up to ${divergenceBits(apart.spread.top)}`
    : 'changes: gray where nothing changes or only within rounding, darker orange where both sides are more certain';
}

/** Where the winner changes, with the tokens that give way to others. */
function changesPanel(comparison: MapComparison, by: ChangesBy | undefined, note: string, write: Writer): Panel {
  const { a, b, agreement } = comparison;
  const apart = divergenceIn(comparison, by);
  const { columns, rows } = a.cells;
  const palette = changeColors('light');
  const pairs = new Map<string, number>();
  const top = Int32Array.from(agreement.changes, (change, cell) => {
    if (change === undefined || change === 'none') return NO_TOKEN;
    const key = `${winner(a.cells, cell)} ${winner(b.cells, cell)}`;
    const number = pairs.get(key) ?? pairs.size;
    pairs.set(key, number);
    return number;
  });
  const segments = [...pairs.keys()].map((key) => {
    const [from = 0, to = 0] = key.split(' ').map(Number);
    const arrow: Segment = { kind: 'text', text: ' → ' };
    return [...write.ofToken(tokenOf(a, from)), arrow, ...write.ofToken(tokenOf(b, to))];
  });
  const certainty = ({ probabilities, topK }: Cells, cell: number): number => probabilities[cell * topK] ?? 0;
  const color = (cell: number): Rgb | undefined => {
    const change = agreement.changes[cell];
    if (change === undefined) return undefined;
    if (apart) {
      const nats = apart.values[cell] ?? NaN;
      return Number.isNaN(nats) ? undefined : palette[changeEntry('real', divergencePart(nats, apart.spread))];
    }
    return palette[changeEntry(change, Math.min(certainty(a.cells, cell), certainty(b.cells, cell)))];
  };
  return {
    title: apart ? DIVERGENCE_NAMES[apart.by] : 'Changes',
    note: apart ? `mean ${divergenceBits(apart.spread.mean)}` : note,
    columns,
    rows,
    colors: { color },
    outlined: { columns, rows, top },
    regions: findRegions(columns, rows, top),
    segments: (id) => segments[id] ?? [],
  };
}

/** What tells two maps apart, in words: layer, model, readout; `A` and `B` where nothing does. */
export function sideNames({ a, b }: Pick<MapComparison, 'a' | 'b'>): { readonly a: string; readonly b: string } {
  const parts = [
    ({ specification: { model } }: TokenMap) => safeText(model.name, 40),
    ({ facts }: TokenMap) => facts.numberType,
    ({ specification: { layer } }: TokenMap) => layerBrief(layer),
    ({ specification: { readout } }: TokenMap) => readout,
  ];
  const differing = parts.filter((part) => part(a) !== part(b));
  const nameOf = (map: TokenMap): string => differing.map((part) => part(map)).join(', ');
  return differing.length > 0 ? { a: nameOf(a), b: nameOf(b) } : { a: 'A', b: 'B' };
}

/** What a caption says of maps that stand beside each other: all that the first has, and what color is. */
export function captionOf(maps: readonly TokenMap[], coloring: Coloring): readonly string[] {
  const [map] = maps;
  if (!map) return [];
  const { x0, x1, y0, y1 } = gridWindow(map.specification.grid);
  const { caption, subtitle } = figureWords(map, coloring.colorBy);
  return [
    `first map: ${subtitle}`,
    `x ${formatShort(round(x0))} … ${formatShort(round(x1))}, y ${formatShort(round(y0))} … ${formatShort(round(y1))}`,
    ...caption,
  ];
}

const round = (value: number): number => Number(value.toPrecision(6));
