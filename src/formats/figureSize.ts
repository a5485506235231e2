/** What a figure has besides the map and its axes. */
export const FIGURE_PARTS = ['title', 'caption', 'legend', 'bar'] as const;
export type FigurePart = (typeof FIGURE_PARTS)[number];

/** A figure as a paper or a slide wants it; what is left out is as on the screen. */
export interface FigureSize {
  /** Of the whole figure, in points (72 an inch). */
  readonly width?: number;
  /** Of the axes' words, in points; by default {@link USUAL_TYPE}. No word is smaller than {@link SMALLEST_TYPE}. */
  readonly fontSize?: number;
  readonly without?: readonly FigurePart[];
  /** Pixels an inch of a PNG; by default {@link USUAL_DPI}. */
  readonly dpi?: number;
}

/** In points. */
export const SMALLEST_TYPE = 6;
export const USUAL_TYPE = 7;
export const USUAL_DPI = 300;
/** Bounds of what can be asked for. */
export const FIGURE_LIMITS = { width: [100, 3000], fontSize: [6, 30], dpi: [72, 2400] } as const;

/** Sizes of words and margins, in the figure's px. */
export interface FigureMeasures {
  /** Points of a px; undefined: the figure is as wide as it comes. */
  readonly points: number | undefined;
  /** px of the whole figure; undefined as {@link points}. */
  readonly width: number | undefined;
  readonly edge: number;
  readonly left: number;
  readonly right: number;
  readonly title: number;
  readonly subtitle: number;
  readonly caption: number;
  /** Smallest label of a region, and smallest token in a cell. */
  readonly label: number;
  readonly cell: number;
}

/** The smallest words of a figure that do not grow, names of marks, in px. */
export const SMALLEST_SIZE = 11;
/** Words of axes, in px. */
export const AXIS_SIZE = 13;

export function measuresOf({ width, fontSize = USUAL_TYPE, without = [] }: FigureSize): FigureMeasures {
  const bar = !without.includes('bar');
  if (width === undefined) {
    const right = bar ? 132 : 36;
    const words = { title: 20, subtitle: 14, caption: 12, label: 10, cell: 8 };
    return { points: undefined, width: undefined, edge: 36, left: 99, right, ...words };
  }
  // However small the axes' words are asked for, those that are smaller still can be read.
  const points = Math.max(fontSize / AXIS_SIZE, SMALLEST_TYPE / SMALLEST_SIZE);
  const smallest = SMALLEST_TYPE / points;
  return {
    points,
    width: width / points,
    edge: 6,
    left: 64,
    right: bar ? 96 : 14,
    title: 15,
    subtitle: AXIS_SIZE,
    caption: Math.max(12, smallest),
    label: Math.max(10, smallest),
    cell: Math.max(8, smallest),
  };
}
