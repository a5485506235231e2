import type { MapWindow } from '../grid.js';
import type { Token } from '../token.js';
import { type Rows, type RowScale, scaleAt } from './affineRows.js';

/**
 * The rows of an affine map as far as a window of it needs them, small enough to travel in a page. Tokens that may be among the
 * `k` most probable somewhere in the window have their rows as they are: winners, order and borders come out as from all rows.
 * The others only add to the sum of the softmax: theirs are rounded. What is never seen at all is left out.
 */
export interface WindowRows {
  readonly window: MapWindow;
  readonly scale: RowScale;
  readonly cap: number;
  /** The borders between winners are straight. */
  readonly convex: boolean;
  /** [n] tokens, ascending. */
  readonly ids: Int32Array;
  /** [m] places in `ids` of those whose rows are exact, ascending. */
  readonly near: Int32Array;
  /** [m] each; b is empty where it is 0. */
  readonly c: Float32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
  readonly b: Float32Array;
  /** What the others are counted in. */
  readonly step: number;
  /** [3 (n - m)], or [4 (n - m)] where there is b: the value at {@link origin}, the change over half a width, half a height, b. */
  readonly far: Int32Array;
}

/** What a page computes windows of a map from, however close. */
export interface CloserLook {
  readonly rows: WindowRows;
  /** Of all rows that are exact. */
  readonly tokens: readonly Token[];
}

/** A logit of a rounded row is wrong by no more than this, in nats. */
const ROUNDING = 2 ** -10;
/** All tokens that are left out have no more than this of the probability together, anywhere in the window. */
const LEFT_OUT = 1e-6;
/** Parts of the window, along each side, in which it is looked for who may be among the most probable. */
const PARTS = 16;

/** @param ids of the rows, ascending; undefined where row i is token i */
export function windowRows(
  rows: Rows,
  ids: Int32Array | undefined,
  scale: RowScale,
  convex: boolean,
  window: MapWindow,
  k: number,
): WindowRows {
  const { c, u, v, b, cap } = rows;
  const biased = b.some((x) => x !== 0);
  const { near, most } = lookThrough(rows, biased, scale, window, k);
  const kept = keptRows(near, most);
  const places = kept.flatMap((row, place) => (near[row] ? [place] : []));
  const exact = Int32Array.from(places, (place) => kept[place] ?? 0);
  const some = (row: Float32Array): Float32Array => Float32Array.from(exact, (i) => row[i] ?? 0);
  const { x0, y0, width, height } = frame(window);
  const others = kept.filter((row) => !near[row]);
  const begin = Float64Array.from(others, (i) => (c[i] ?? 0) + x0 * (u[i] ?? 0) + y0 * (v[i] ?? 0));
  const step = stepOf(
    scale,
    window,
    begin.some((value) => value !== 0),
  );
  const parts = biased ? 4 : 3;
  const far = new Int32Array(others.length * parts);
  others.forEach((row, i) => {
    far[i] = Math.round((begin[i] ?? 0) / step);
    far[others.length + i] = Math.round(((u[row] ?? 0) * width) / step);
    far[2 * others.length + i] = Math.round(((v[row] ?? 0) * height) / step);
    if (biased) far[3 * others.length + i] = Math.round((b[row] ?? 0) / ROUNDING);
  });
  return {
    window,
    scale,
    cap,
    convex,
    ids: Int32Array.from(kept, (row) => ids?.[row] ?? row),
    near: Int32Array.from(places),
    c: some(c),
    u: some(u),
    v: some(v),
    b: biased ? some(b) : new Float32Array(0),
    step,
    far,
  };
}

/** The rows that have travelled: row i is the token `ids[i]`. */
export function rowsOfWindow({ window, cap, ids, near, step, far, ...exact }: WindowRows): Rows {
  const n = ids.length;
  const [c, u, v, b] = [new Float32Array(n), new Float32Array(n), new Float32Array(n), new Float32Array(n)];
  const count = n - near.length;
  const { x0, y0, width, height } = frame(window);
  const isNear = new Uint8Array(n);
  for (const place of near) isNear[place] = 1;
  let [exactly, rounded] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (isNear[i]) {
      c[i] = exact.c[exactly] ?? 0;
      u[i] = exact.u[exactly] ?? 0;
      v[i] = exact.v[exactly] ?? 0;
      b[i] = exact.b[exactly++] ?? 0;
      continue;
    }
    const along = ((far[count + rounded] ?? 0) * step) / width;
    const up = ((far[2 * count + rounded] ?? 0) * step) / height;
    c[i] = (far[rounded] ?? 0) * step - x0 * along - y0 * up;
    u[i] = along;
    v[i] = up;
    b[i] = (far[3 * count + rounded++] ?? 0) * ROUNDING;
  }
  return { c, u, v, b, cap };
}

/** Where rounded rows are counted from: where the plane's center is, if that is seen, because there s may be 0; else the middle. */
function frame({ x0, x1, y0, y1 }: MapWindow): { x0: number; y0: number; width: number; height: number } {
  const seen = x0 <= 0 && x1 >= 0 && y0 <= 0 && y1 >= 0;
  return {
    x0: seen ? 0 : (x0 + x1) / 2,
    y0: seen ? 0 : (y0 + y1) / 2,
    width: (x1 - x0) / 2,
    height: (y1 - y0) / 2,
  };
}

function stepOf(scale: RowScale, window: MapWindow, begins: boolean): number {
  const { x0, y0, width, height } = frame(window);
  let worst = 0;
  for (let i = 0; i <= PARTS; i++) {
    for (let j = 0; j <= PARTS; j++) {
      const x = window.x0 + (i / PARTS) * (window.x1 - window.x0);
      const y = window.y0 + (j / PARTS) * (window.y1 - window.y0);
      const away = (begins ? 1 : 0) + Math.abs(x - x0) / width + Math.abs(y - y0) / height;
      worst = Math.max(worst, away / scaleAt(scale, x, y));
    }
  }
  return Number.isFinite(worst) && worst > 0 ? (2 * ROUNDING) / worst : ROUNDING;
}

/** Which rows may be among the k largest somewhere, and how probable each may be at most. */
function lookThrough(
  { c, u, v, b, cap }: Rows,
  biased: boolean,
  scale: RowScale,
  window: MapWindow,
  k: number,
): { readonly near: Uint8Array; readonly most: Float64Array } {
  const n = c.length;
  const near = new Uint8Array(n);
  // Where everything begins at the plane's center, order depends on the direction from there alone, and all of them lead to the
  // window's edge; at the center itself all are as probable.
  const { x0, x1, y0, y1 } = window;
  const directions = !biased && x0 < 0 && x1 > 0 && y0 < 0 && y1 > 0 && c.every((value) => value === 0);
  const bounded = cap === 0 && !directions;
  const most = new Float64Array(n).fill(bounded ? 0 : 1);
  const last = PARTS - 1;
  const [dx, dy] = [(window.x1 - window.x0) / PARTS, (window.y1 - window.y0) / PARTS];
  const [low, high] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < PARTS; i++) {
    for (let j = 0; j < PARTS; j++) {
      if (directions && i > 0 && j > 0 && i < last && j < last) continue;
      const [x, y] = [window.x0 + i * dx, window.y0 + j * dy];
      const [least, largest] = scalesOf(scale, x, y, dx, dy);
      // Without b nobody's place depends on s.
      const [s0, s1] = biased ? [least, largest] : [1, 1];
      const tops = new Float64Array(k).fill(-Infinity);
      let first = 0;
      for (let row = 0; row < n; row++) {
        const [du, dv] = [dx * (u[row] ?? 0), dy * (v[row] ?? 0)];
        const corner = (c[row] ?? 0) + x * (u[row] ?? 0) + y * (v[row] ?? 0);
        const [down, up] = [corner + Math.min(0, du) + Math.min(0, dv), corner + Math.max(0, du) + Math.max(0, dv)];
        const at = (low[row] = Math.min(down / s0, down / s1) + (b[row] ?? 0));
        high[row] = Math.max(up / s0, up / s1) + (b[row] ?? 0);
        if (!(at > (tops[k - 1] ?? 0))) continue;
        if (at > (tops[0] ?? 0)) first = row;
        let place = k - 1;
        for (; place > 0 && at > (tops[place - 1] ?? 0); place--) tops[place] = tops[place - 1] ?? 0;
        tops[place] = at;
      }
      const slack = 3 * ROUNDING * (biased ? 1 : largest) + 1e-6 * Math.abs(tops[0] ?? 0);
      const from = (tops[Math.min(k, n) - 1] ?? 0) - slack;
      for (let row = 0; row < n; row++) if (!((high[row] ?? 0) < from)) near[row] = 1;
      if (bounded) atMost(most, { c, u, v, b }, first, { x, y, dx, dy, least, largest });
    }
  }
  return { near, most };
}

/** Raises what is known of the largest probability of each row by that in a part of the window: p / p(first) bounds it. */
function atMost(
  most: Float64Array,
  { c, u, v, b }: Omit<Rows, 'cap'>,
  first: number,
  part: {
    readonly x: number;
    readonly y: number;
    readonly dx: number;
    readonly dy: number;
    readonly least: number;
    readonly largest: number;
  },
): void {
  const { x, y, dx, dy, least, largest } = part;
  const [c1, u1, v1, b1] = [c[first] ?? 0, u[first] ?? 0, v[first] ?? 0, b[first] ?? 0];
  for (let row = 0; row < most.length; row++) {
    const [along, up] = [(u[row] ?? 0) - u1, (v[row] ?? 0) - v1];
    const ahead = (c[row] ?? 0) - c1 + x * along + y * up + Math.max(0, dx * along) + Math.max(0, dy * up);
    const nats = ahead / (ahead > 0 ? least : largest) + (b[row] ?? 0) - b1;
    const p = nats < 0 ? Math.exp(nats) : 1;
    if (!(p <= (most[row] ?? 0))) most[row] = p;
  }
}

/** A lower and an upper bound of s in a rectangle; s² is convex. */
function scalesOf(scale: RowScale, x: number, y: number, dx: number, dy: number): [number, number] {
  const corners = [scaleAt(scale, x, y), scaleAt(scale, x + dx, y), scaleAt(scale, x, y + dy)];
  const largest = Math.max(...corners, scaleAt(scale, x + dx, y + dy));
  if (!scale.square) return [1, 1];
  const [, uu = 0, vv = 0, cu = 0, cv = 0, uv = 0] = scale.square;
  const [mx, my] = [x + dx / 2, y + dy / 2];
  const slopeX = 2 * (cu + mx * uu + my * uv);
  const slopeY = 2 * (cv + my * vv + mx * uv);
  const square = scaleAt(scale, mx, my) ** 2 - (Math.abs(slopeX) * dx + Math.abs(slopeY) * dy) / 2;
  return [Math.sqrt(Math.max(square, scale.epsilon, 1e-12 * largest * largest)), largest];
}

/** All rows that may be seen, and of the others, from the most probable on, as many as matter together; ascending. */
function keptRows(near: Uint8Array, most: Float64Array): number[] {
  const others = Array.from(most.keys()).filter((row) => !near[row]);
  others.sort((a, b) => (most[a] ?? 0) - (most[b] ?? 0));
  let left = 0;
  let sum = 0;
  for (; left < others.length; left++) {
    sum += most[others[left] ?? 0] ?? 0;
    if (!(sum <= LEFT_OUT)) break;
  }
  const kept = Uint8Array.from(near);
  for (const row of others.slice(left)) kept[row] = 1;
  return Array.from(kept.keys()).filter((row) => kept[row]);
}
