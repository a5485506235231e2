import { orient3d } from 'robust-predicates';
import { Fault } from './fault.js';
import type { MapWindow } from './grid.js';

/** V affine functions of the plane, one a token: `c[i] + x u[i] + y v[i]`. */
export interface PlaneRows {
  readonly c: Float32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/** Where a token wins, which is one convex polygon. */
export interface TokenPolygon {
  readonly token: number;
  /**
   * x, y, x, y, ... in plane coordinates, counter-clockwise. Neighbors share their points to the last bit. Points may coincide
   * where a polygon is smaller than float64 tells apart.
   */
  readonly points: Float64Array;
}

/** The exact regions of a window: all tokens that win somewhere in it, by id. The polygons cover the window exactly once. */
export interface ExactRegions {
  readonly window: MapWindow;
  readonly polygons: readonly TokenPolygon[];
}

/** Half the shoelace sum, taken about the first point: exact enough far from 0. 0 or more for a counter-clockwise polygon. */
export function polygonArea(points: Float64Array): number {
  const [x0 = 0, y0 = 0] = points;
  let twice = 0;
  for (let i = 2; i + 3 < points.length; i += 2) {
    const [ax, ay] = [(points[i] ?? 0) - x0, (points[i + 1] ?? 0) - y0];
    const [bx, by] = [(points[i + 2] ?? 0) - x0, (points[i + 3] ?? 0) - y0];
    twice += ax * by - bx * ay;
  }
  return twice / 2;
}

/**
 * Where each of V affine functions is the largest: the upper envelope of V planes over a window, without a grid.
 *
 * Every decision is exact for the given float32 numbers and the window's float64 numbers (numbers below 2^-28 of their row's
 * largest are rounded to 2^-51 of it, which is finer than float64 arithmetic sees), so the list of tokens is exact: a token is
 * in it if and only if it wins on some area of the window, however small. Of equal planes the lowest id wins. Corners are
 * then rounded to float64 once each. Takes some 20 ms for 128,256 random planes; even where all of them win, the time
 * grows with V log V, not with V².
 *
 * @returns the winners in ascending order of their ids.
 * @throws Fault `bad-parameter` for a window that is none or rows of different lengths, `model-broken` for rows that hold
 *   numbers that are not finite.
 */
export function envelope(rows: PlaneRows, window: MapWindow): (TokenPolygon & { readonly area: number })[] {
  const { x0, x1, y0, y1 } = window;
  if (![x0, x1, y0, y1, x1 - x0, y1 - y0].every(Number.isFinite) || !(x0 < x1 && y0 < y1)) {
    throw new Fault({
      code: 'bad-parameter',
      message: 'The window must have finite sides and a width and a height above 0.',
    });
  }
  const { length } = rows.c;
  if (rows.u.length !== length || rows.v.length !== length) {
    throw new Fault({ code: 'bad-parameter', message: 'The three rows must be of the same length.' });
  }
  if (length === 0) return [];
  const subdivision = new Subdivision({ c: exactRow(rows.c), u: exactRow(rows.u), v: exactRow(rows.v) }, window);
  return subdivision.polygons().map((polygon) => ({ ...polygon, area: Math.max(0, polygonArea(polygon.points)) }));
}

/**
 * A row whose numbers are all multiples of 2^-51 of its largest: then differences are exact in float64. Nearly every row is
 * already; the array itself is given back.
 */
function exactRow(row: Float32Array): Float32Array {
  let most = 0;
  let least = Infinity;
  let sum = 0;
  for (const value of row) {
    const size = Math.abs(value);
    if (size > most) most = size;
    if (size < least && size > 0) least = size;
    sum += size;
  }
  // A sum of at most 2^31 float32 numbers is finite in float64 unless one of them is not.
  if (!Number.isFinite(sum)) {
    throw new Fault({
      code: 'model-broken',
      message: 'The logits on this plane are not all finite numbers.',
      hint: 'The model’s head or the plane’s vectors hold numbers that are infinite or not numbers.',
    });
  }
  const scale = 2 ** Math.ceil(Math.log2(most));
  if (least >= scale * 2 ** -28) return row;
  const unit = scale * 2 ** -51;
  return row.map((value) => (Math.abs(value) < scale * 2 ** -28 ? Math.round(value / unit) * unit : value));
}

/** What meets at corners besides planes, by number: the window's sides, and a ceiling above everything. */
const LEFT = -1;
const RIGHT = -2;
const BOTTOM = -3;
const TOP = -4;
const CEILING = -5;
/** A plane's number or one of these. */
type Site = number;

/** Ends a list of planes. */
const END = -1;
/** Twice the largest relative error of one float64 operation. */
const EPSILON = 2 ** -52;

/** A point of the window where three sites meet, counter-clockwise. */
class Corner {
  /** `neighbors[k]` is the corner at the other end of the border between `sites[k]` and `sites[k + 1]`. */
  readonly neighbors: Corner[] = [];
  /** Cut off by a later plane. */
  gone = false;
  /** Planes above the surface here: the first of a list, and the one that is the highest here. */
  first = END;
  highest = END;
  height = 0;
  /** Number of the point that this and other corners at the same place are. */
  point = -1;

  constructor(
    readonly sites: readonly [Site, Site, Site],
    /** Coordinates and how wrong they may be. */
    readonly x: number,
    readonly y: number,
    readonly errorX: number,
    readonly errorY: number,
    /** The plane through this corner that others are compared with: c, u, v. */
    readonly c: number,
    readonly u: number,
    readonly v: number,
    /** A plane lower than the surface by this much is so for certain. */
    readonly slack: number,
  ) {}
}

/**
 * The surface "largest of the planes so far" over a window, as its corners. Planes are added where they stand out most
 * (quickhull, seen from the dual side): each plane that is not yet part of the surface waits at one corner above which it
 * lies; planes above no corner are below the surface everywhere and are done with. The walls over the window's sides and a
 * ceiling close the surface, so that there are no special cases of few or parallel planes.
 */
class Subdivision {
  private readonly corners: Corner[] = [];
  /** Next plane in a corner's list. */
  private readonly next: Int32Array;
  private readonly largest: { readonly c: number; readonly u: number; readonly v: number };

  constructor(
    private readonly rows: PlaneRows,
    private readonly window: MapWindow,
  ) {
    const { length } = rows.c;
    this.next = new Int32Array(length);
    for (let plane = 0; plane < length; plane++) this.next[plane] = plane + 1 < length ? plane + 1 : END;
    this.largest = { c: largest(rows.c), u: largest(rows.u), v: largest(rows.v) };
    const fresh = this.begin(this.winnerInTheMiddle());
    this.hand([0], fresh, END);
    this.grow(fresh);
  }

  private winnerInTheMiddle(): number {
    const { c, u, v } = this.rows;
    const x = (this.window.x0 + this.window.x1) / 2;
    const y = (this.window.y0 + this.window.y1) / 2;
    let best = 0;
    let most = -Infinity;
    for (let plane = 0; plane < c.length; plane++) {
      const height = (c[plane] ?? 0) + x * (u[plane] ?? 0) + y * (v[plane] ?? 0);
      if (height > most) {
        most = height;
        best = plane;
      }
    }
    return best;
  }

  /** The surface of one plane: four corners in the window and four at the ceiling. Gives the former. */
  private begin(plane: Site): Corner[] {
    const around = [RIGHT, TOP, LEFT, BOTTOM];
    const low = around.map((side, i) => this.corner([plane, side, around[(i + 1) % 4] ?? 0]));
    const high = around.map((side, i) => this.corner([CEILING, around[(i + 1) % 4] ?? 0, side]));
    low.forEach((corner, i) => {
      const [before, after, above] = [low[(i + 3) % 4], low[(i + 1) % 4], high[i]];
      if (before && above && after) corner.neighbors.push(before, above, after);
    });
    high.forEach((corner, i) => {
      const [before, after, below] = [high[(i + 3) % 4], high[(i + 1) % 4], low[i]];
      if (before && below && after) corner.neighbors.push(after, below, before);
    });
    return low;
  }

  /** Adds planes until none waits. */
  private grow(fresh: readonly Corner[]): void {
    const waiting = [...fresh];
    // The list grows while it is walked: the oldest corners first, so that the surface rises everywhere alike.
    for (const corner of waiting) {
      if (!corner.gone && corner.first !== END) waiting.push(...this.add(corner.highest, corner));
    }
  }

  /** Adds a plane that lies above the surface at a corner. Gives the corners of its region. */
  private add(plane: Site, at: Corner): Corner[] {
    // The corners below the plane hang together: find them from one, and the borders that lead out of them.
    at.gone = true;
    const below = [at];
    const fresh: Corner[] = [];
    const startingAt = new Map<Site, Corner>();
    for (const corner of below) {
      for (const neighbor of corner.neighbors) {
        if (neighbor.gone || !this.isAbove(plane, neighbor)) continue;
        neighbor.gone = true;
        below.push(neighbor);
      }
    }
    for (const corner of below) {
      for (let k = 0; k < 3; k++) {
        const neighbor = corner.neighbors[k];
        if (!neighbor || neighbor.gone) continue;
        const from = corner.sites[k] ?? 0;
        const to = corner.sites[(k + 1) % 3] ?? 0;
        const cut = this.corner([from, to, plane]);
        cut.neighbors[0] = neighbor;
        neighbor.neighbors[neighbor.sites.indexOf(to)] = cut;
        fresh.push(cut);
        startingAt.set(from, cut);
      }
    }
    for (const cut of fresh) {
      const following = startingAt.get(cut.sites[1]);
      if (!following) continue;
      cut.neighbors[1] = following;
      following.neighbors[2] = cut;
    }
    this.hand(
      below.map(({ first }) => first),
      fresh,
      plane,
    );
    return fresh;
  }

  /** Hands waiting planes, all but one, to the first of the corners that they lie above; those above none are done with. */
  private hand(lists: readonly number[], corners: readonly Corner[], except: Site): void {
    const { next } = this;
    const { c, u, v } = this.rows;
    for (const first of lists) {
      for (let plane = first, after: number; plane !== END; plane = after) {
        after = next[plane] ?? END;
        if (plane === except) continue;
        const [pc, pu, pv] = [c[plane] ?? 0, u[plane] ?? 0, v[plane] ?? 0];
        for (const corner of corners) {
          const height = pc - corner.c + corner.x * (pu - corner.u) + corner.y * (pv - corner.v);
          if (height <= -corner.slack || !(height > corner.slack || this.isAbove(plane, corner))) continue;
          if (
            corner.highest === END ||
            height > corner.height ||
            (height === corner.height && plane < corner.highest)
          ) {
            corner.highest = plane;
            corner.height = height;
          }
          next[plane] = corner.first;
          corner.first = plane;
          break;
        }
      }
    }
  }

  /** Whether a plane lies above the surface at a corner: exact. */
  private isAbove(plane: Site, corner: Corner): boolean {
    const [a, b, c] = corner.sites;
    if (a === CEILING || b === CEILING || c === CEILING) return false;
    const { rows } = this;
    const dc = (rows.c[plane] ?? 0) - corner.c;
    const du = (rows.u[plane] ?? 0) - corner.u;
    const dv = (rows.v[plane] ?? 0) - corner.v;
    const [xu, yv] = [corner.x * du, corner.y * dv];
    const height = dc + xu + yv;
    const error =
      2 * (corner.errorX * Math.abs(du) + corner.errorY * Math.abs(dv)) +
      2 * EPSILON * (Math.abs(dc) + Math.abs(xu) + Math.abs(yv));
    if (height > error) return true;
    if (height <= -error) return false;
    return this.orientation(plane, a, b, c) < 0;
  }

  /**
   * The sign tells on which side of the plane through three sites, as points (u, v, c) of the dual space, a fourth one lies;
   * 0 when all four meet in a point. A window's side is a point at infinity. The base must be a plane.
   */
  private orientation(base: Site, a: Site, b: Site, c: Site): number {
    // prettier-ignore
    return orient3d(
      this.du(a, base), this.dv(a, base), this.dc(a, base),
      this.du(b, base), this.dv(b, base), this.dc(b, base),
      this.du(c, base), this.dv(c, base), this.dc(c, base),
      0, 0, 0,
    );
  }

  private du(site: Site, base: Site): number {
    if (site >= 0) return (this.rows.u[site] ?? 0) - (this.rows.u[base] ?? 0);
    return site === RIGHT ? 1 : site === LEFT ? -1 : 0;
  }

  private dv(site: Site, base: Site): number {
    if (site >= 0) return (this.rows.v[site] ?? 0) - (this.rows.v[base] ?? 0);
    return site === TOP ? 1 : site === BOTTOM ? -1 : 0;
  }

  private dc(site: Site, base: Site): number {
    if (site >= 0) return (this.rows.c[site] ?? 0) - (this.rows.c[base] ?? 0);
    const { x0, x1, y0, y1 } = this.window;
    return site === LEFT ? x0 : site === RIGHT ? -x1 : site === BOTTOM ? y0 : -y1;
  }

  private corner(sites: readonly [Site, Site, Site]): Corner {
    const corner = sites.includes(CEILING) ? new Corner(sites, NaN, NaN, 0, 0, 0, 0, 0, 0) : this.locate(sites);
    this.corners.push(corner);
    return corner;
  }

  /** Where three sites meet: the cross product of two of them, as seen from the third. */
  private locate(sites: readonly [Site, Site, Site]): Corner {
    const { rows, window } = this;
    const k = sites.findIndex((site) => site >= 0);
    const base = sites[k] ?? 0;
    const a = sites[(k + 1) % 3] ?? 0;
    const b = sites[(k + 2) % 3] ?? 0;
    const [au, av, ac] = [this.du(a, base), this.dv(a, base), this.dc(a, base)];
    const [bu, bv, bc] = [this.du(b, base), this.dv(b, base), this.dc(b, base)];
    const weight = au * bv - av * bu;
    const weightError = EPSILON * 2 * (Math.abs(au * bv) + Math.abs(av * bu));
    const place = (side: number | undefined, one: number, other: number, low: number, high: number) => {
      if (side !== undefined) return { at: side, error: 0 };
      const at = Math.min(high, Math.max(low, (one - other) / weight));
      // Of a quotient of two differences of products; where the divisor may be anything, so may the place.
      const error = EPSILON * (2 * (Math.abs(one) + Math.abs(other))) + Math.abs(at) * weightError;
      const sound = Math.abs(weight) > 2 * weightError;
      return { at, error: sound ? (2 * error) / Math.abs(weight) + EPSILON * Math.abs(at) : Infinity };
    };
    const on = (low: Site, high: Site, from: number, to: number) =>
      a === low || b === low ? from : a === high || b === high ? to : undefined;
    const { x0, x1, y0, y1 } = window;
    const x = place(on(LEFT, RIGHT, x0, x1), av * bc, ac * bv, x0, x1);
    const y = place(on(BOTTOM, TOP, y0, y1), ac * bu, au * bc, y0, y1);
    const slack =
      4 * (x.error * this.largest.u + y.error * this.largest.v) +
      4 * EPSILON * (this.largest.c + Math.abs(x.at) * this.largest.u + Math.abs(y.at) * this.largest.v);
    return new Corner(
      sites,
      x.at,
      y.at,
      x.error,
      y.error,
      rows.c[base] ?? 0,
      rows.u[base] ?? 0,
      rows.v[base] ?? 0,
      slack,
    );
  }

  /** Whether two neighboring corners are the same point: their four sites meet there. */
  private coincide(one: Corner, other: Corner): boolean {
    if (Math.abs(one.x - other.x) > 2 * (one.errorX + other.errorX)) return false;
    if (Math.abs(one.y - other.y) > 2 * (one.errorY + other.errorY)) return false;
    const all = [...new Set([...one.sites, ...other.sites])].sort((a, b) => b - a);
    const [base = 0, a = 0, b = 0, c = 0] = all; // a plane's number is larger than a side's
    return this.orientation(base, a, b, c) === 0;
  }

  /** The regions of all planes that have one with an area, by plane. */
  polygons(): TokenPolygon[] {
    const alive = this.corners.filter(({ gone, sites }) => !gone && !sites.includes(CEILING));
    const points = this.mergePoints(alive);
    const starts = new Map<Site, Corner>();
    for (const corner of alive) {
      for (const site of corner.sites) if (site >= 0 && !starts.has(site)) starts.set(site, corner);
    }
    const polygons: TokenPolygon[] = [];
    for (const [token, start] of starts) {
      const around: number[] = [];
      let corner = start;
      do {
        if (around.at(-1) !== corner.point) around.push(corner.point);
        const following = corner.neighbors[(corner.sites.indexOf(token) + 2) % 3];
        if (!following) break;
        corner = following;
      } while (corner !== start);
      if (around.length > 1 && around.at(-1) === around[0]) around.pop();
      // A plane that touches the surface in a point or along a line wins nowhere.
      if (around.length < 3) continue;
      polygons.push({ token, points: Float64Array.from(around.flatMap((point) => points[point] ?? [])) });
    }
    return polygons.sort((a, b) => a.token - b.token);
  }

  /** Numbers the points that corners are, and gives the points' coordinates, from the corner that has them best. */
  private mergePoints(alive: readonly Corner[]): [x: number, y: number][] {
    const points: [number, number][] = [];
    for (const corner of alive) {
      if (corner.point >= 0) continue;
      const together = [corner];
      corner.point = points.length;
      for (const one of together) {
        for (const other of one.neighbors) {
          if (other.point >= 0 || other.sites.includes(CEILING) || !this.coincide(one, other)) continue;
          other.point = points.length;
          together.push(other);
        }
      }
      const x = together.reduce((best, one) => (one.errorX < best.errorX ? one : best));
      const y = together.reduce((best, one) => (one.errorY < best.errorY ? one : best));
      points.push([x.x + 0, y.y + 0]); // no -0: text does not keep it
    }
    return points;
  }
}

function largest(row: Float32Array): number {
  let most = 0;
  for (const value of row) most = Math.max(most, Math.abs(value));
  return most;
}
