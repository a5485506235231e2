import type { TokenBorder } from './borderLines.js';
import type { TokenPolygon } from './polygons.js';
import { NO_TOKEN } from './regions.js';
import type { Cells } from './tokenMap.js';

/**
 * Where winners change between the centers of cells, in grid coordinates: there, two winners' log-probabilities are equal, which are
 * taken to be linear from each center to the next. Regions stay those of the cells: no token wins anywhere that does not win a cell.
 */
export interface InterpolatedRegions {
  /** Every border once; those of the grid's edge and of cells without a token have {@link NO_TOKEN} on a side. */
  readonly borders: readonly TokenBorder[];
  /** Who wins what of the squares between four centers that borders pass through. */
  readonly faces: readonly TokenPolygon[];
}

/** More changes of the winner from cell to cell than this are too many to be seen. */
const MOST_CHANGES = 30_000;

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The borders of a grid between its cells' centers; staircases, along the cells' sides, where a winner is not among a neighbor's most
 * probable tokens or a cell is not computed. In the half cell at the edge, borders go on as they come.
 * @param top [columns * rows] token that is drawn in each cell; {@link NO_TOKEN}: none
 * @returns undefined where there are too many changes to be seen, or cells have one token each.
 */
export function interpolatedRegions(cells: Cells, top: Int32Array): InterpolatedRegions | undefined {
  const { columns, rows, topK } = cells;
  if (topK < 2 || changes(columns, rows, top) > MOST_CHANGES) return undefined;
  const between = new Between(cells, top);
  const squares = new Squares(between, columns, rows, top);
  for (let row = 0; row + 1 < rows; row++)
    for (let column = 0; column + 1 < columns; column++) squares.draw(column, row);
  const edge = (outer: number, along: number, inner: number, count: number, at: (way: number, out: number) => Point) =>
    drawEdge(squares, between, top, { outer, along, inner, count, at });
  const last = (rows - 1) * columns;
  // Counter-clockwise: below, right, above, left.
  edge(0, 1, rows > 1 ? columns : 0, columns, (way, out) => ({ x: way, y: 0.5 - out }));
  edge(columns - 1, columns, columns > 1 ? -1 : 0, rows, (way, out) => ({ x: columns - 0.5 + out, y: way }));
  edge(last + columns - 1, -1, rows > 1 ? -columns : 0, columns, (way, out) => ({
    x: columns - way,
    y: rows - 0.5 + out,
  }));
  edge(last, -columns, columns > 1 ? 1 : 0, rows, (way, out) => ({ x: 0.5 - out, y: rows - way }));
  return { borders: squares.borders, faces: squares.faces };
}

/** How often the winner changes from a cell to the next. */
function changes(columns: number, rows: number, top: Int32Array): number {
  let count = 0;
  for (let cell = 0; cell < columns * rows; cell++) {
    if (cell % columns > 0 && top[cell - 1] !== top[cell]) count++;
    if (cell >= columns && top[cell - columns] !== top[cell]) count++;
  }
  return count;
}

/** Where somebody else begins to win. */
interface Change {
  readonly token: number;
  readonly at: number;
}

/** What is known between cells. */
class Between {
  constructor(
    private readonly cells: Cells,
    private readonly top: Int32Array,
  ) {}

  /** Log-probability of a token in a cell; NaN where it is not among the most probable ones. */
  log(cell: number, token: number): number {
    const { topK, computed, ids, probabilities } = this.cells;
    if (!computed[cell]) return NaN;
    for (let i = cell * topK; i < (cell + 1) * topK; i++)
      if (ids[i] === token) return (probabilities[i] ?? 0) > 0 ? Math.log(probabilities[i] ?? 0) : NaN;
    return NaN;
  }

  /** By how much a token is more probable than another in a cell. */
  lead(cell: number, token: number, other: number): number {
    return this.log(cell, token) - this.log(cell, other);
  }

  /** The way from a cell to a neighbor with another winner at which both winners are equally probable, 0 ... 1; NaN: not known. */
  part(a: number, b: number): number {
    const [first = NO_TOKEN, second = NO_TOKEN] = [this.top[a], this.top[b]];
    if (first === NO_TOKEN || second === NO_TOKEN) return NaN;
    return partOf(this.lead(a, first, second), this.lead(b, first, second));
  }

  /**
   * Who wins on the way from a cell to a neighbor with another winner, by where each begins to, 0 ... 1: mostly these two, but
   * another of the winners around them may come between. undefined: not known.
   */
  way(a: number, b: number, around: readonly number[]): readonly Change[] | undefined {
    const [first = NO_TOKEN, last = NO_TOKEN] = [this.top[a], this.top[b]];
    const direct = this.part(a, b);
    if (Number.isNaN(direct)) return undefined;
    const others = [...new Set(around)].filter((token) => token !== first && token !== last && token !== NO_TOKEN);
    const found: Change[] = [];
    for (let token = first, at = 0; token !== last;) {
      let next: Change = { token: last, at: token === first ? direct : this.overtaken(a, b, token, last) };
      for (const other of others) {
        const from = this.overtaken(a, b, token, other);
        if (from >= at && from < next.at && other !== token) next = { token: other, at: from };
      }
      found.push(next);
      ({ token, at } = next);
      if (found.length > others.length + 1 || Number.isNaN(at)) return [{ token: last, at: direct }];
    }
    return found;
  }

  /** Where on the way from a cell to another a token that is behind another gets before it. */
  private overtaken(a: number, b: number, token: number, other: number): number {
    return partOf(this.lead(a, token, other), this.lead(b, token, other));
  }
}

/** Where a line from a lead (0 or more) to a lag (0 or less) is 0; NaN where it is neither. */
function partOf(lead: number, lag: number): number {
  if (!(lead >= 0 && lag <= 0)) return NaN;
  return lead === lag ? 0.5 : lead / (lead - lag);
}

/** A stretch of a square's sides that a token wins: its ends are where borders meet the sides, its other points corners. */
interface Arc {
  readonly token: number;
  readonly points: readonly Point[];
}

/** The squares between four centers, and what is drawn in them. */
class Squares {
  readonly borders: TokenBorder[] = [];
  readonly faces: TokenPolygon[] = [];

  constructor(
    private readonly between: Between,
    private readonly columns: number,
    private readonly rows: number,
    private readonly top: Int32Array,
  ) {}

  /** A border from one place to another, with what wins on its left and on its right. */
  border(left: number, right: number, from: Point, to: Point): void {
    if (left !== right && (from.x !== to.x || from.y !== to.y))
      this.borders.push({ left, right, x0: from.x, y0: from.y, x1: to.x, y1: to.y });
  }

  face(token: number, points: readonly Point[]): void {
    if (token !== NO_TOKEN) this.faces.push({ token, points: Float64Array.from(points.flatMap(({ x, y }) => [x, y])) });
  }

  /** The square whose first corner is the center of a cell. */
  draw(column: number, row: number): void {
    const { top, columns } = this;
    const first = row * columns + column;
    const token = top[first];
    const above = first + columns;
    // Nearly everywhere.
    if (top[first + 1] === token && top[above] === token && top[above + 1] === token) return;
    const cells = [first, first + 1, above + 1, above];
    const { arcs, known } = this.arcsOf(column, row, cells);
    const middle = { x: column + 1, y: row + 1 };
    if (known) this.divide(arcs, { cells, middle });
    else this.star(arcs, middle);
  }

  /** The stretches of a square's sides, counter-clockwise, each from where its token begins to win to where it ends. */
  private arcsOf(
    column: number,
    row: number,
    cells: readonly number[],
  ): { readonly arcs: readonly Arc[]; readonly known: boolean } {
    const corners = [
      { x: column + 0.5, y: row + 0.5 },
      { x: column + 1.5, y: row + 0.5 },
      { x: column + 1.5, y: row + 1.5 },
      { x: column + 0.5, y: row + 1.5 },
    ];
    let known = true;
    const changes: { readonly token: number; readonly points: Point[] }[] = [];
    /** What belongs to the last arc, until it is known where that begins. */
    const before: Point[] = [];
    for (let side = 0; side < 4; side++) {
      const next = (side + 1) % 4;
      const [from = 0, to = 0] = [cells[side], cells[next]];
      const [{ x: x0, y: y0 } = ORIGIN, end = ORIGIN] = [corners[side], corners[next]];
      if (this.top[from] !== this.top[to]) {
        const way = this.way(from, to);
        known &&= way !== undefined;
        for (const { token, at } of way ?? [{ token: this.top[to] ?? NO_TOKEN, at: 0.5 }]) {
          const place = { x: x0 + at * (end.x - x0), y: y0 + at * (end.y - y0) };
          (changes.at(-1)?.points ?? before).push(place);
          changes.push({ token, points: [place] });
        }
      }
      (changes.at(-1)?.points ?? before).push(end);
    }
    changes.at(-1)?.points.push(...before);
    return { arcs: changes, known };
  }

  /** The way along a side, always reckoned from the lower cell, so that both squares at it have the same places. */
  way(from: number, to: number): readonly Change[] | undefined {
    if (from < to) return this.between.way(from, to, this.around(from, to));
    const way = this.between.way(to, from, this.around(to, from));
    return way
      ?.map(({ at }, i) => ({ token: (i === 0 ? this.top[to] : way[i - 1]?.token) ?? NO_TOKEN, at: 1 - at }))
      .reverse();
  }

  /** The winners of the cells beside two neighbors, the lower cell first. */
  private around(a: number, b: number): readonly number[] {
    const across = b - a === 1 ? this.columns : 1;
    const place = b - a === 1 ? Math.floor(a / this.columns) : a % this.columns;
    const last = (b - a === 1 ? this.rows : this.columns) - 1;
    const found: number[] = [];
    for (const step of [...(place > 0 ? [-across] : []), ...(place < last ? [across] : [])])
      found.push(this.top[a + step] ?? NO_TOKEN, this.top[b + step] ?? NO_TOKEN);
    return found;
  }

  /** Divides a square between the tokens on its sides: one that wins two stretches wins what lies between them. */
  private divide(arcs: readonly Arc[], square: SquareAt): void {
    const twice = [...new Set(arcs.map(({ token }) => token))].filter(
      (token) => arcs.filter((arc) => arc.token === token).length > 1,
    );
    const [token, other] = twice;
    const through = token === undefined || other === undefined || this.leads(token, other, square) ? token : other;
    const start = Math.max(
      0,
      arcs.findIndex((arc) => arc.token === through),
    );
    const [own, ...others] = [...arcs.slice(start), ...arcs.slice(0, start)];
    if (!own) return;
    const outline = [...own.points];
    let chain: Arc[] = [];
    for (const arc of [...others, own]) {
      if (arc.token !== own.token) chain.push(arc);
      else {
        outline.push(...this.inner(chain, own.token, square));
        if (arc !== own) outline.push(...arc.points);
        chain = [];
      }
    }
    this.face(own.token, outline);
  }

  /** Divides what stretches that follow each other share with the token around them. @returns the places between, as that token sees them */
  private inner(chain: readonly Arc[], around: number, square: SquareAt): readonly Point[] {
    const [first, second, third] = chain;
    const [start, end] = [first?.points[0], chain.at(-1)?.points.at(-1)];
    if (!first || !start || !end) return [];
    if (!second) {
      this.border(first.token, around, end, start);
      this.face(first.token, first.points);
      return [];
    }
    if (!third) {
      const place = this.triple([around, first.token, second.token], square) ?? mean(meets(chain));
      this.spokes(chain, around, place);
      return [place];
    }
    if (chain.length === 3 && new Set(chain.map(({ token }) => token)).size === 3) {
      const [x, y, z] = [first.token, second.token, third.token];
      const [one, other] = [this.triple([around, x, y], square, z), this.triple([around, y, z], square, x)];
      if (one && other) {
        this.border(x, around, one, start);
        this.border(y, x, one, second.points[0] ?? one);
        this.border(z, y, other, third.points[0] ?? other);
        this.border(around, z, other, end);
        this.border(y, around, other, one);
        this.face(x, [...first.points, one]);
        this.face(y, [...second.points, other, one]);
        this.face(z, [...third.points, other]);
        return [one, other];
      }
      const [top, base] = [this.triple([x, y, z], square, around), this.triple([around, x, z], square, y)];
      if (top && base) {
        this.border(y, x, top, second.points[0] ?? top);
        this.border(z, y, top, third.points[0] ?? top);
        this.border(x, around, base, start);
        this.border(around, z, base, end);
        this.border(z, x, base, top);
        this.face(x, [...first.points, top, base]);
        this.face(y, [...second.points, top]);
        this.face(z, [...third.points, base, top]);
        return [base];
      }
    }
    const place = mean(meets(chain));
    this.spokes(chain, around, place);
    return [place];
  }

  /** Borders from one place to all ends of stretches that follow each other, with one token around them. */
  private spokes(chain: readonly Arc[], around: number, place: Point): void {
    chain.forEach(({ token, points }, i) => {
      this.border(token, chain[i - 1]?.token ?? around, place, points[0] ?? place);
      this.face(token, [...points, place]);
    });
    const last = chain.at(-1);
    if (last) this.border(around, last.token, place, last.points.at(-1) ?? place);
  }

  /** Borders from one place to all ends of the stretches around a square. */
  private star(arcs: readonly Arc[], place: Point): void {
    arcs.forEach(({ token, points }, i) => {
      this.border(token, arcs.at(i - 1)?.token ?? NO_TOKEN, place, points[0] ?? place);
      this.face(token, [...points, place]);
    });
  }

  /** Of two tokens that win two opposite corners each, whether the first wins in the middle: the saddle of their bilinear lead. */
  private leads(token: number, other: number, { cells }: SquareAt): boolean {
    const [a = 0, b = 0, c = 0, d = 0] = cells.map((cell) => this.between.lead(cell, token, other));
    return (a * c - b * d) * (a + c - b - d) >= 0;
  }

  /**
   * Where three tokens are equally probable, by the planes that fit their leads best; undefined where that is not inside the square,
   * not known, or another wins there.
   */
  private triple(
    [a = NO_TOKEN, b = NO_TOKEN, c = NO_TOKEN]: readonly number[],
    { cells, middle }: SquareAt,
    another?: number,
  ): Point | undefined {
    const plane = (token: number): Plane => planeOf(cells.map((cell) => this.between.lead(cell, a, token)));
    const [p, q] = [plane(b), plane(c)];
    const determinant = p.x * q.y - p.y * q.x;
    const [x, y] = [(p.y * q.at - q.y * p.at) / determinant, (q.x * p.at - p.x * q.at) / determinant];
    if (!(Math.abs(x) <= 0.5 && Math.abs(y) <= 0.5)) return undefined;
    if (another !== undefined) {
      const rival = plane(another);
      if (rival.at + rival.x * x + rival.y * y < 0) return undefined;
    }
    return { x: middle.x + x, y: middle.y + y };
  }
}

const ORIGIN: Point = { x: 0, y: 0 };

/** A square between four centers: their cells, counter-clockwise from the lowest, and its middle. */
interface SquareAt {
  readonly cells: readonly number[];
  readonly middle: Point;
}

/** Where stretches that follow each other meet, and their ends. */
const meets = (chain: readonly Arc[]): Point[] =>
  [...chain.map(({ points }) => points[0]), chain.at(-1)?.points.at(-1)].filter((point) => point !== undefined);

function mean(points: readonly Point[]): Point {
  const sum = points.reduce(({ x, y }, point) => ({ x: x + point.x, y: y + point.y }), ORIGIN);
  return { x: sum.x / points.length, y: sum.y / points.length };
}

/** An affine function around the middle of a square. */
interface Plane {
  readonly at: number;
  readonly x: number;
  readonly y: number;
}

/** The one that is nearest to the values at the four corners; three of them make one. */
function planeOf(values: readonly number[]): Plane {
  const known = values.map((value, i) => {
    const [before = NaN, opposite = NaN, after = NaN] = [1, 2, 3].map((step) => values[(i + step) % 4]);
    return Number.isNaN(value) ? before + after - opposite : value;
  });
  const [a = NaN, b = NaN, c = NaN, d = NaN] = known;
  return { at: (a + b + c + d) / 4, x: (b + c - a - d) / 2, y: (c + d - a - b) / 2 };
}

/** A row of cells at the grid's edge, in which cells are named by steps. */
interface Edge {
  /** The first of them, the step to the next, that to the neighbor inside, 0 where there is none, and how many they are. */
  readonly outer: number;
  readonly along: number;
  readonly inner: number;
  readonly count: number;
  /** The place at a way along the edge and, from the centers, out: 0 ... 0.5. */
  readonly at: (way: number, out: number) => Point;
}

/** Borders in the half cell at an edge, and the edge itself. */
function drawEdge(squares: Squares, between: Between, top: Int32Array, { outer, along, inner, count, at }: Edge): void {
  let start = 0;
  let token = top[outer] ?? NO_TOKEN;
  for (let i = 0; i + 1 < count; i++) {
    const [a, b] = [outer + i * along, outer + (i + 1) * along];
    const [first = NO_TOKEN, second = NO_TOKEN] = [top[a], top[b]];
    if (first === second) continue;
    const way = squares.way(a, b) ?? [{ token: second, at: 0.5 }];
    /** By how much the first leads at the edge, as it goes from the neighbor inside to the center and on. */
    const out = (cell: number): number => {
      const lead = between.lead(cell, first, second);
      return inner === 0 ? lead : 1.5 * lead - 0.5 * between.lead(cell + inner, first, second);
    };
    // A slanted border may go on beside the next cell, where that has the same token.
    const [before, behind] = [i > 0 && top[a - along] === first, i + 2 < count && top[b + along] === second];
    const [lead, lag] = way.length === 1 ? [out(a), out(b)] : [NaN, NaN];
    const further =
      lead > lag ? Math.min(behind ? 1.5 : 1, Math.max(before ? -0.5 : 0, lead / (lead - lag))) : undefined;
    let last = at(i + 0.5, 0);
    let lastOut = at(i + 0.5 + Math.min(0, further ?? 0), 0.5);
    for (const change of way) {
      const end = i + 0.5 + (further ?? change.at);
      const [from, to] = [at(i + 0.5 + change.at, 0), at(end, 0.5)];
      squares.border(token, change.token, to, from);
      squares.border(NO_TOKEN, token, to, at(start, 0.5));
      squares.face(token, [last, lastOut, to, from]);
      [start, token, last, lastOut] = [end, change.token, from, to];
    }
    squares.face(token, [last, lastOut, at(i + 0.5 + Math.max(1, further ?? 1), 0.5), at(i + 1.5, 0)]);
  }
  squares.border(NO_TOKEN, token, at(count, 0.5), at(start, 0.5));
}
