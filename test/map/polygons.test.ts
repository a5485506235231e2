import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipRegions, tokenBorders } from '../../src/map/exactRegions.js';
import { Fault } from '../../src/map/fault.js';
import type { MapWindow } from '../../src/map/grid.js';
import { envelope, type PlaneRows, polygonArea, type TokenPolygon } from '../../src/map/polygons.js';
import { normalRows, rowsOf, squareWindow, sweepRows, voronoiRows } from './planeRows.js';
import { randomNumbers } from './syntheticMap.js';

/** Middles of `count` equal parts. */
const middles = (low: number, high: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => low + ((i + 0.5) / count) * (high - low));

/** The token of the polygon around each point of a grid; -1: none, -2: more than one, but at borders within rounding. */
function rasterize(polygons: readonly TokenPolygon[], xs: Float64Array, ys: Float64Array): Int32Array {
  const owners = new Int32Array(xs.length * ys.length).fill(-1);
  const step = (xs[1] ?? 0) - (xs[0] ?? 0);
  for (const { token, points } of polygons) {
    ys.forEach((y, row) => {
      let [left, right] = [Infinity, -Infinity];
      for (let i = 0; i < points.length; i += 2) {
        const j = (i + 2) % points.length;
        const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = [points[i], points[i + 1], points[j], points[j + 1]];
        if (y < Math.min(y0, y1) || y >= Math.max(y0, y1)) continue;
        const x = x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
        [left, right] = [Math.min(left, x), Math.max(right, x)];
      }
      const first = Math.max(0, Math.floor((left - (xs[0] ?? 0)) / step));
      for (let column = first; column < xs.length && (xs[column] ?? 0) < right; column++) {
        if ((xs[column] ?? 0) >= left) owners[row * xs.length + column] = token;
      }
    });
  }
  return owners;
}

/** Checks what holds for every envelope: the window is covered once, by convex polygons that share their borders. */
function checkWhole(rows: PlaneRows, window: MapWindow, what: string): ReturnType<typeof envelope> {
  const polygons = envelope(rows, window);
  const whole = (window.x1 - window.x0) * (window.y1 - window.y0);
  let areas = 0;
  let around = 0;
  polygons.forEach(({ token, points, area }, i) => {
    assert.ok(i === 0 || token > (polygons[i - 1]?.token ?? 0), `${what}: ascending tokens`);
    assert.ok(points.length >= 6 && points.length % 2 === 0);
    assert.ok(area >= 0 && Math.abs(area - polygonArea(points)) <= 1e-12 * whole);
    const size = Math.max(window.x1 - window.x0, window.y1 - window.y0);
    for (let k = 0; k < points.length; k += 2) {
      const at = (n: number): [number, number] => {
        const j = (k + 2 * n) % points.length;
        return [points[j] ?? NaN, points[j + 1] ?? NaN];
      };
      const [[ax, ay], [bx, by], [cx, cy]] = [at(0), at(1), at(2)];
      assert.ok(ax >= window.x0 && ax <= window.x1 && ay >= window.y0 && ay <= window.y1, `${what}: in the window`);
      const turn = (bx - ax) * (cy - by) - (by - ay) * (cx - bx);
      const noise = 1e-14 * (size + Math.abs(ax) + Math.abs(ay)) * size;
      assert.ok(turn >= -noise, `${what}: ${token} is convex and counter-clockwise`);
      around += Math.hypot(bx - ax, by - ay);
    }
    areas += area;
  });
  assert.ok(Math.abs(areas - whole) <= 1e-9 * whole, `${what}: areas sum to ${areas}, not ${whole}`);
  // Each border between two tokens bounds both: what is left is the window's own outline. (Not so where float64 does not tell
  // the two long sides of a polygon apart.)
  if (polygons.some(({ area }) => area < 1e-14 * whole)) return polygons;
  const borders = tokenBorders({ window, polygons });
  const shared = borders.reduce((sum, { x0, y0, x1, y1 }) => sum + Math.hypot(x1 - x0, y1 - y0), 0);
  const outline = 2 * (window.x1 - window.x0 + window.y1 - window.y0);
  assert.ok(Math.abs(around - 2 * shared - outline) <= 1e-9 * (outline + shared), `${what}: borders are shared`);
  return polygons;
}

/** Largest value of an affine function's terms on a window: what float64's rounding is relative to. */
const sizeOf = ({ c, u, v }: PlaneRows, window: MapWindow): number => {
  const largest = (row: Float32Array): number => row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const reach = Math.max(...Object.values(window).map(Math.abs));
  return largest(c) + reach * (largest(u) + largest(v));
};

/** Compares with the winners on a grid of points. Gives the points where another token stands, all within rounding. */
function compareOnGrid(rows: PlaneRows, window: MapWindow, side: number, what: string): number {
  const polygons = checkWhole(rows, window, what);
  const [xs, ys] = [middles(window.x0, window.x1, side), middles(window.y0, window.y1, side)];
  const owners = rasterize(polygons, xs, ys);
  const value = (token: number, x: number, y: number): number =>
    (rows.c[token] ?? NaN) + x * (rows.u[token] ?? NaN) + y * (rows.v[token] ?? NaN);
  const noise = 1e-14 * sizeOf(rows, window);
  let differing = 0;
  sweepRows(rows, xs, ys, (row, winners) => {
    for (let column = 0; column < side; column++) {
      const owner = owners[row * side + column] ?? -1;
      const winner = winners[column] ?? -1;
      if (owner === winner) continue;
      differing++;
      const [x, y] = [xs[column] ?? 0, ys[row] ?? 0];
      const behind = value(winner, x, y) - value(owner, x, y);
      assert.ok(Math.abs(behind) <= noise, `${what}: ${owner} instead of ${winner} at ${x}, ${y}, behind by ${behind}`);
    }
  });
  return differing;
}

const SIDE = 1000;
const VOCABULARY = 128_256;

test('on a grid of 1,000 x 1,000 points the winners are the same, for 1 to 128,256 planes', (t) => {
  const kinds = [
    { c: 1, slope: 1, half: 3 },
    { c: 0, slope: 1, half: 12.5 },
    { c: 5, slope: 0.3, half: 12.5 },
  ];
  [1, 2, 3, 5, 10, 100, 3000, 3000, 3000, VOCABULARY, VOCABULARY].forEach((count, i) => {
    const { half, ...deviation } = kinds[i % kinds.length] ?? assert.fail();
    const rows = normalRows(count, i, deviation);
    const differing = compareOnGrid(rows, squareWindow(half), SIDE, `${count} planes, seed ${i}`);
    if (differing > 0) t.diagnostic(`${count} planes, seed ${i}: ${differing} points within rounding`);
  });
});

test('the sweep that the grid is compared with finds the largest value of all planes', () => {
  const rows = normalRows(20_000, 99, { c: 1, slope: 1 });
  const [xs, ys] = [middles(-3, 3, 40), middles(-3, 3, 30)];
  sweepRows(rows, xs, ys, (row, winners) => {
    xs.forEach((x, column) => {
      let [most, best] = [-Infinity, -1];
      for (let i = 0; i < rows.c.length; i++) {
        const value = (rows.c[i] ?? 0) + (ys[row] ?? 0) * (rows.v[i] ?? 0) + x * (rows.u[i] ?? 0);
        if (value > most) [most, best] = [value, i];
      }
      assert.equal(winners[column], best);
    });
  });
});

test('windows off the origin, tiny and huge', () => {
  const random = randomNumbers(4);
  for (let i = 0; i < 40; i++) {
    const half = 10 ** (random() * 12 - 6);
    const away = 10 ** (random() * 9 - 6);
    const window = squareWindow(half, (random() - 0.5) * away, (random() - 0.5) * away);
    compareOnGrid(normalRows(300, 100 + i, { c: 10 ** (random() * 4 - 2), slope: 1 }), window, 60, `window ${i}`);
  }
  compareOnGrid(normalRows(300, 7, { c: 1, slope: 1 }), { x0: -100, x1: 500, y0: 0.25, y1: 0.375 }, 200, 'long window');
});

test('where every plane wins: a Voronoi diagram of points', () => {
  const random = randomNumbers(11);
  const rows = voronoiRows(Array.from({ length: 2000 }, () => [random(), random()] as const));
  const window = { x0: 0, x1: 1, y0: 0, y1: 1 };
  assert.equal(envelope(rows, window).length, 2000);
  compareOnGrid(rows, window, 400, 'Voronoi');
});

test('a lattice, where four planes meet in every point: squares, and nothing else', () => {
  const side = 12;
  const points = Array.from({ length: side * side }, (_, i) => [i % side, Math.floor(i / side)] as const);
  // The window's sides lie on borders, its corners in points where four planes meet.
  const window = { x0: 1.5, x1: 9.5, y0: 2.5, y1: 7.5 };
  const polygons = checkWhole(voronoiRows(points), window, 'lattice');
  assert.deepEqual(
    polygons.map(({ token }) => token),
    points.flatMap(([x, y], i) => (x >= 2 && x <= 9 && y >= 3 && y <= 7 ? [i] : [])),
  );
  for (const { token, points: corners, area } of polygons) {
    assert.equal(area, 1);
    const [x, y] = points[token] ?? [NaN, NaN];
    const places = new Set(
      Array.from({ length: corners.length / 2 }, (_, i) => `${corners[2 * i]} ${corners[2 * i + 1]}`),
    );
    assert.deepEqual(places, new Set([-0.5, 0.5].flatMap((dx) => [-0.5, 0.5].map((dy) => `${x + dx} ${y + dy}`))));
  }
  // The same lattice among sites of a circle around it, in every order: nothing changes.
  const random = randomNumbers(3);
  for (let i = 0; i < 20; i++) {
    const shuffled = points.map((point) => ({ point, key: random() })).sort((a, b) => a.key - b.key);
    const rows = voronoiRows(shuffled.map(({ point }) => point));
    assert.equal(checkWhole(rows, window, 'shuffled lattice').length, 40);
  }
});

/** Indices of the corners of points' convex hull (Andrew's monotone chain); of equal points the first. */
function hullCorners(points: readonly (readonly number[])[]): Set<number> {
  const at = (i: number | undefined): [number, number] => [points[i ?? 0]?.[0] ?? 0, points[i ?? 0]?.[1] ?? 0];
  const order = [...points.keys()].sort((a, b) => at(a)[0] - at(b)[0] || at(a)[1] - at(b)[1] || a - b);
  const half = (walk: readonly number[]): number[] => {
    const chain: number[] = [];
    for (const next of walk) {
      const [x, y] = at(next);
      for (;;) {
        const [[ax, ay], [bx, by]] = [at(chain.at(-2)), at(chain.at(-1))];
        if (chain.length < 2 || (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0) break;
        chain.pop();
      }
      chain.push(next);
    }
    return chain;
  };
  return new Set([...half(order), ...half(order.toReversed())]);
}

test('planes through the origin: a fan of sectors with one apex', () => {
  for (const apex of [
    [0, 0],
    [2, -1],
  ] as const) {
    const random = randomNumbers(21);
    const slopes = Array.from({ length: 4000 }, () =>
      [random(), random()].map((n) => Math.round((n + random() + random() - 1.5) * 1000) / 256),
    );
    // Small binary fractions: c is exact, so that all planes pass through the apex.
    const rows = rowsOf(slopes.length, (i) => {
      const [u = 0, v = 0] = slopes[i] ?? [];
      return [-(u * apex[0] + v * apex[1]), u, v];
    });
    const polygons = checkWhole(rows, squareWindow(5), 'fan');
    assert.deepEqual(new Set(polygons.map(({ token }) => token)), hullCorners(slopes));
    for (const { points } of polygons) {
      const at = points.findIndex((x, i) => i % 2 === 0 && x === apex[0] && points[i + 1] === apex[1]);
      assert.ok(at >= 0, 'every sector begins at the apex, to the last bit');
      assert.ok(!points.some((coordinate) => Object.is(coordinate, -0)), 'no number that text loses');
    }
    // With the apex in its corner, the window shows a quarter of the sectors and no hair of the others.
    const quarter = checkWhole(rows, { x0: apex[0], x1: 5, y0: apex[1], y1: 5 }, 'quarter of a fan');
    assert.ok(quarter.length < polygons.length);
    for (const { area } of quarter) assert.ok(area > 1e-3);
  }
});

test('equal planes: the lowest id wins', () => {
  assert.deepEqual(
    envelope(
      rowsOf(1000, () => [1, 2, 3]),
      squareWindow(1),
    ).map(({ token, area }) => [token, area]),
    [[0, 4]],
  );
  const once = normalRows(400, 17, { c: 1, slope: 1 });
  const random = randomNumbers(18);
  const sources = Array.from({ length: 3000 }, () => Math.floor(random() * 400));
  const many = rowsOf(3000, (i) => {
    const source = sources[i] ?? 0;
    return [once.c[source] ?? 0, once.u[source] ?? 0, once.v[source] ?? 0];
  });
  const polygons = checkWhole(many, squareWindow(3), 'copies');
  assert.ok(polygons.length > 10);
  for (const { token } of polygons) assert.equal(token, sources.indexOf(sources[token] ?? -1));
  const all = envelope(once, squareWindow(3));
  assert.equal(polygons.length, all.length);
});

test('parallel borders, and planes that only touch the surface', () => {
  // Slopes in one direction: strips.
  const strips = rowsOf(50, (i) => [-(i * i) / 8, i / 2, i]);
  compareOnGrid(strips, squareWindow(20), 200, 'strips');
  // All meet along the line x + y = 1: the steepest two win, those between touch them there and win nowhere.
  for (const order of [1, -1]) {
    const pencil = rowsOf(21, (i) => [order * (10 - i), order * (i - 10), order * (i - 10)]);
    const polygons = checkWhole(pencil, squareWindow(4), 'pencil');
    assert.deepEqual(
      polygons.map(({ token }) => token),
      [0, 20],
    );
    assert.equal(tokenBorders({ window: squareWindow(4), polygons }).length, 1);
  }
  // A plane that touches a pyramid at its tip, one that touches it along an edge, one below.
  const pyramid = rowsOf(7, (i) => {
    const sides = [
      [0, 0, 0],
      [0, 1, 1],
      [-1, 0, 0],
      [0, 1, 0],
      [0, -1, 0],
      [0, 0, 1],
      [0, 0, -1],
    ] as const;
    const [c, u, v] = sides[i] ?? [0, 0, 0];
    return [c, u === 1 && v === 1 ? 0.5 : u, u === 1 && v === 1 ? 0.5 : v];
  });
  assert.deepEqual(
    checkWhole(pyramid, squareWindow(2), 'pyramid').map(({ token, area }) => [token, area]),
    [
      [3, 4],
      [4, 4],
      [5, 4],
      [6, 4],
    ],
  );
});

test('numbers of very different size', () => {
  const random = randomNumbers(41);
  for (let i = 0; i < 30; i++) {
    const spread = (): number => (random() - 0.5) * 10 ** (random() * 30 - 20);
    const rows = rowsOf(200, () => [spread(), spread(), spread()]);
    compareOnGrid(rows, squareWindow(10 ** (random() * 6 - 3)), 50, `spread ${i}`);
  }
  // Whole numbers beside numbers that their differences swallow in float64.
  const one = (): number => {
    const whole = (): number => Math.floor(random() * 7) - 3;
    return random() < 0.5 ? whole() * 2 ** -70 : whole();
  };
  for (let i = 0; i < 600; i++) {
    const rows = rowsOf(3 + Math.floor(random() * 30), () => [one(), one(), one()]);
    checkWhole(rows, squareWindow(2), `swallowed ${i}`);
  }
  const smallest = rowsOf(3, (i) => [0, [1, -1, 0][i] ?? 0, [0, 0, 1][i] ?? 0].map((n) => n * 1.4e-45) as [0, 0, 0]);
  assert.equal(checkWhole(smallest, squareWindow(1), 'smallest numbers').length, 3);
  const largest = rowsOf(3, (i) => [0, [1, -1, 0][i] ?? 0, [0, 0, 1][i] ?? 0].map((n) => n * 3.4e38) as [0, 0, 0]);
  assert.equal(checkWhole(largest, squareWindow(1e6), 'largest numbers').length, 3);
});

test('property: a window inside shows the same polygons, clipped', () => {
  const random = randomNumbers(51);
  for (let i = 0; i < 25; i++) {
    const rows = normalRows(5000, 500 + i, { c: i % 3, slope: 1 });
    const window = squareWindow(4);
    const [x, y] = [(random() - 0.5) * 6, (random() - 0.5) * 6];
    const inner = { x0: x, x1: x + 10 ** -(random() * 5), y0: y, y1: y + 10 ** -(random() * 5) };
    const expected = clipRegions({ window, polygons: envelope(rows, window) }, inner);
    const found = checkWhole(rows, inner, `zoom ${i}`);
    const whole = (inner.x1 - inner.x0) * (inner.y1 - inner.y0);
    const shares = new Map(expected.polygons.map(({ token, points }) => [token, polygonArea(points) / whole]));
    for (const { token, area } of found) {
      assert.ok(Math.abs(area / whole - (shares.get(token) ?? 0)) < 1e-9, `zoom ${i}: ${token}`);
      shares.delete(token);
    }
    for (const share of shares.values()) assert.ok(share < 1e-9);
  }
});

test('property: deciding does not depend on the order of the planes', () => {
  const random = randomNumbers(61);
  // Whole numbers from a small range: many planes meet in points, many are equal.
  for (let i = 0; i < 200; i++) {
    const whole = (): number => Math.floor(random() * 7) - 3;
    const planes = Array.from({ length: 1 + Math.floor(random() * 40) }, () => [whole(), whole(), whole()] as const);
    const window = { x0: -2, x1: 2, y0: -1, y1: 3 };
    const areas = (list: typeof planes): Map<string, number> =>
      new Map(
        checkWhole(
          rowsOf(list.length, (k) => list[k] ?? [0, 0, 0]),
          window,
          `whole numbers ${i}`,
        ).map(({ token, area }) => [String(list[token]), Math.round(area * 1e9)]),
      );
    const sorted = (map: Map<string, number>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(sorted(areas(planes)), sorted(areas(planes.toReversed())));
  }
});

test('a plane that passes the meeting point of three others by far less than float64 resolves', () => {
  const random = randomNumbers(71);
  const some = (below: number): number => Math.floor(random() * below);
  let [above, under] = [0, 0];
  while (above + under < 100) {
    // What three planes have over a fourth one: whole numbers up to some 2^20 with determinant 1 or -1.
    const over = [[1, 0, 0], [0, 1, 0], [0, 0, random() < 0.5 ? 1 : -1]]; // prettier-ignore
    while (Math.max(...over.flat().map(Math.abs)) < 2 ** 18) {
      const [from, to, times] = [some(3), some(3), some(7) - 3];
      const rowwise = random() < 0.5;
      if (from === to) continue;
      for (let k = 0; k < 3; k++) {
        const [i, j, source] = rowwise ? [to, k, over[from]?.[k]] : [k, to, over[k]?.[from]];
        const row = over[i];
        if (row) row[j] = (row[j] ?? 0) + times * (source ?? 0);
      }
    }
    if (Math.max(...over.flat().map(Math.abs)) >= 2 ** 23) continue;
    const [[au = 0, av = 0, ac = 0] = [], [bu = 0, bv = 0, bc = 0] = [], [cu = 0, cv = 0, cc = 0] = []] = over;
    // The fourth plane's slope lies between the others', so that it wins where they meet or nowhere.
    const crosses = [au * bv - av * bu, bu * cv - bv * cu, cu * av - cv * au];
    if (!crosses.every((cross) => cross > 0)) continue;
    const [middleC, middleU, middleV] = [some(2 ** 22), some(2 ** 22), some(2 ** 22)];
    const rows = rowsOf(4, (i) => {
      const [u = 0, v = 0, c = 0] = over[i] ?? [];
      return [middleC + c, middleU + u, middleV + v];
    });
    const big = ([a, b, c]: readonly [number, number, number]) => BigInt(a) * BigInt(b) * BigInt(c);
    const determinant =
      big([au, bv, cc]) +
      big([av, bc, cu]) +
      big([ac, bu, cv]) -
      big([ac, bv, cu]) -
      big([au, bc, cv]) -
      big([av, bu, cc]);
    assert.ok(determinant === 1n || determinant === -1n);
    const weight = crosses.reduce((sum, cross) => sum + cross, 0);
    const x = (av * bc - ac * bv + bv * cc - bc * cv + cv * ac - cc * av) / weight;
    const y = (ac * bu - au * bc + bc * cu - bu * cc + cc * au - cu * ac) / weight;
    if (Math.hypot(x, y) > 500) continue;
    const winners = envelope(rows, squareWindow(1000)).map(({ token }) => token);
    assert.deepEqual(winners, determinant > 0n ? [0, 1, 2] : [0, 1, 2, 3], `${weight}`);
    if (determinant > 0n) under++;
    else above++;
  }
  assert.ok(above > 20 && under > 20, `${above} ${under}`);
});

test('what cannot be is refused', () => {
  const rows = rowsOf(3, (i) => [i, i, i]);
  const refused = (code: string, run: () => unknown): void => {
    assert.throws(run, (error) => error instanceof Fault && error.code === code);
  };
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (const row of ['c', 'u', 'v'] as const)
      refused('model-broken', () => envelope({ ...rows, [row]: Float32Array.of(0, bad, 1) }, squareWindow(1)));
    refused('bad-parameter', () => envelope(rows, { x0: bad, x1: 1, y0: 0, y1: 1 }));
  }
  refused('bad-parameter', () => envelope({ ...rows, u: new Float32Array(2) }, squareWindow(1)));
  refused('bad-parameter', () => envelope(rows, { x0: 1, x1: 1, y0: 0, y1: 1 }));
  refused('bad-parameter', () => envelope(rows, { x0: 0, x1: 1, y0: 1, y1: 0 }));
  assert.deepEqual(
    envelope(
      rowsOf(0, () => [0, 0, 0]),
      squareWindow(1),
    ),
    [],
  );
});

test('time for 128,256 planes', (t) => {
  for (const [name, deviation, half] of [
    ['c and slopes alike', { c: 1, slope: 1 }, 3],
    ['plane through the origin', { c: 0, slope: 1 }, 12.5],
  ] as const) {
    const times = [1, 2, 3, 4, 5].map((seed) => {
      const rows = normalRows(VOCABULARY, seed, deviation);
      const started = performance.now();
      const cpu = process.cpuUsage();
      const { length } = envelope(rows, squareWindow(half));
      const { user, system } = process.cpuUsage(cpu);
      assert.ok(length > 3);
      return `${(performance.now() - started).toFixed(0)} ms (processor ${((user + system) / 1e3).toFixed(0)} ms, ${length} regions)`;
    });
    t.diagnostic(`${name}: ${times.join(', ')}`);
  }
});
