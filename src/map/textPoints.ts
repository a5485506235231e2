/** Texts with what is known of each, in their order; of those that a list is too short for, nothing. */
export interface TextTable {
  readonly texts: readonly string[];
  readonly labels?: readonly string[];
  readonly colors?: readonly string[];
  readonly shapes?: readonly string[];
}

/** How well labels can be told apart by a linear boundary: of each text by a classifier that was fitted without its fifth of them. */
export interface Separability {
  /** Labels, and texts that have one. */
  readonly classes: number;
  readonly count: number;
  /** Part of the texts that are told right, 0 ... 1: by their places on the plane, and by all numbers of their hidden states. */
  readonly plane: number;
  readonly space: number;
  /** By always saying the most frequent label. */
  readonly most: number;
}

/** Where the texts of an overlay stand on a plane: of each its foot, and how far it is from there. */
export interface TextPoints {
  /** Index of the overlay in the specification. */
  readonly overlay: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly distance: readonly number[];
  /** null: there are no labels, or `why` says why it is not told. */
  readonly separability: Separability | null;
  readonly why?: string;
}

export const SHAPES = ['circle', 'square', 'triangle', 'diamond', 'cross'] as const;
export type Shape = (typeof SHAPES)[number];

/** Eight hues that are told apart with any color vision (Okabe and Ito, 2008), the black one lightened. */
const GROUP_COLORS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#d55e00', '#cc79a7', '#0072b2', '#999999'] as const;

/** A group of texts in the legend. */
export interface TextGroup {
  readonly name: string;
  readonly color: string;
  readonly shape: Shape;
  /** How many there are. */
  readonly count: number;
}

const isColor = (text: string): boolean => /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text);

/**
 * The groups that a table is told in, in the order in which they come, and which of them each text is in: those of equal label, color
 * and shape. A color is one as CSS writes it, `#e69f00`, or a name that gets one, or none, and then that of the label; a shape is one of {@link SHAPES}, or a name that gets one.
 */
export function textGroups({ texts, labels, colors, shapes }: TextTable): {
  readonly groups: readonly TextGroup[];
  readonly of: Int32Array;
} {
  const given = <T extends string>(names: readonly string[] | undefined, all: readonly T[]) => {
    const known = new Map<string, T>();
    return (i: number): T | undefined => {
      const name = names?.[i];
      if (name === undefined) return undefined;
      const next = all[known.size % all.length];
      const found = known.get(name) ?? next;
      if (found !== undefined && !known.has(name)) known.set(name, found);
      return found;
    };
  };
  // What names no color gets that of its label, which no named color has.
  const toned = texts.map((_, i) => JSON.stringify(colors?.[i] ? [colors[i]] : [null, labels?.[i]]));
  const byTone = given(toned, GROUP_COLORS);
  const byShape = given(shapes, SHAPES);
  const places = new Map<string, number>();
  const groups: { name: string; color: string; shape: Shape; count: number }[] = [];
  const of = Int32Array.from(texts, (_, i) => {
    const own = colors?.[i] ?? '';
    const color = isColor(own) ? own : (byTone(i) ?? GROUP_COLORS[0]);
    const shape = SHAPES.find((one) => one === shapes?.[i]) ?? byShape(i) ?? SHAPES[0];
    const names = [labels?.[i], isColor(own) ? undefined : colors?.[i], shapes?.[i]].filter(Boolean);
    const name = [...new Set(names)].join(', ');
    const key = JSON.stringify([name, color, shape]);
    const at = places.get(key) ?? groups.length;
    if (at === groups.length) {
      places.set(key, at);
      groups.push({ name, color, shape, count: 0 });
    }
    const group = groups[at];
    if (group) group.count++;
    return at;
  });
  return { groups, of };
}
