/**
 * Straight pieces of borders that are drawn alike, in grid coordinates, where cell (column, row) is the square from (column, row)
 * to (column + 1, row + 1).
 */
export interface BorderLines {
  /** There are dark cells on both sides. */
  readonly onDark: boolean;
  /** Their colors are too alike for some who see them: the border has to do more. */
  readonly heavy: boolean;
  /** `[x0, y0, x1, y1, ...]`, a piece each four numbers; whole numbers where all of them are sides of cells. */
  readonly pieces: Int32Array | Float64Array;
}

/** What is on both sides of borders; left out: light cells, and colors that everybody tells apart. */
export interface BorderGround {
  /** [columns * rows] 1 where a cell is drawn dark. */
  readonly dark?: Uint8Array | undefined;
  /** Whether not everybody tells the colors of two tokens apart. */
  readonly alike?: ((token: number, other: number) => boolean) | undefined;
}

/** A straight border between two tokens: going from (x0, y0) to (x1, y1), `left` is on the left. */
export interface TokenBorder {
  readonly left: number;
  readonly right: number;
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** Sorts pieces by how they are drawn. */
export class BorderSorter {
  private readonly kinds: readonly number[][] = [[], [], [], []];

  /** Number of the kind of a piece. */
  static kind(onDark: boolean, heavy: boolean): number {
    return Number(onDark) + 2 * Number(heavy);
  }

  add(kind: number, x0: number, y0: number, x1: number, y1: number): void {
    this.kinds[kind]?.push(x0, y0, x1, y1);
  }

  /** The kinds that there are any of. @param array of whole numbers, or not */
  lines(array: typeof Int32Array | typeof Float64Array): readonly BorderLines[] {
    return this.kinds.flatMap((pieces, kind) =>
      pieces.length > 0 ? [{ onDark: kind % 2 === 1, heavy: kind >= 2, pieces: array.from(pieces) }] : [],
    );
  }
}

/** Borders in grid coordinates by how they are drawn: split where they go from light to dark cells. */
export function linesOf(
  borders: Iterable<TokenBorder>,
  columns: number,
  { dark, alike }: BorderGround = {},
): readonly BorderLines[] {
  const sorter = new BorderSorter();
  for (const { left, right, x0, y0, x1, y1 } of borders) {
    const heavy = alike?.(left, right) ?? false;
    if (!dark) {
      sorter.add(BorderSorter.kind(false, heavy), x0, y0, x1, y1);
      continue;
    }
    const onDark = (part: number): boolean => isOnDark(dark, columns, x0 + (x1 - x0) * part, y0 + (y1 - y0) * part);
    const add = (ground: boolean, start: number, end: number): void =>
      sorter.add(
        BorderSorter.kind(ground, heavy),
        x0 + (x1 - x0) * start,
        y0 + (y1 - y0) * start,
        end === 1 ? x1 : x0 + (x1 - x0) * end,
        end === 1 ? y1 : y0 + (y1 - y0) * end,
      );
    // Where the border goes from one cell to the next, as parts of its length.
    const crossings = [...wholeBetween(x0, x1), ...wholeBetween(y0, y1), 1].sort((a, b) => a - b);
    let start = 0;
    let last = 0;
    let open = onDark((crossings[0] ?? 1) / 2);
    for (const crossing of crossings) {
      const now = onDark((last + crossing) / 2);
      if (now !== open) {
        add(open, start, last);
        start = last;
        open = now;
      }
      last = crossing;
    }
    add(open, start, 1);
  }
  return sorter.lines(Float64Array);
}

/** Whether a place is on a dark cell; between two, on two dark ones. */
function isOnDark(dark: Uint8Array, columns: number, x: number, y: number): boolean {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const cell = row * columns + column;
  return (
    dark[cell] === 1 &&
    (column !== x || column === 0 || dark[cell - 1] === 1) &&
    (row !== y || row === 0 || dark[cell - columns] === 1)
  );
}

/** Where a stretch from a to b passes whole numbers, as parts of its length. */
function* wholeBetween(a: number, b: number): Generator<number> {
  for (let whole = Math.floor(Math.min(a, b)) + 1; whole < Math.max(a, b); whole++) yield (whole - a) / (b - a);
}
