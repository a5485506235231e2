import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { DEFAULT_PARAMETERS, type MapSpecification } from '../../src/map/specification.js';
import { inflateSync } from 'node:zlib';
import { fromJson } from '../../src/formats/fromJson.js';
import { loadBundledFont } from '../../src/formats/fonts.js';
import { drawFigure } from '../../src/formats/figure.js';
import { figurePng, figureSvg, PICTURE_PROCESS, type PictureOptions } from '../../src/formats/pictures.js';
import { toJson } from '../../src/formats/toJson.js';
import { COLOR_BY, parseHex, scaleColor } from '../../src/map/colors.js';
import { tokenBorders } from '../../src/map/exactRegions.js';
import { coordinates, gridWindow } from '../../src/map/grid.js';
import { DEFAULT_DISPLAY, type Display } from '../../src/map/mapDisplay.js';
import { polygonArea } from '../../src/map/polygons.js';
import { settledMap } from '../../src/map/settledMap.js';
import { normAt, typicalNorm } from '../../src/map/survey.js';
import type { Token } from '../../src/map/token.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { randomNumbers, syntheticMap } from '../map/syntheticMap.js';
import { syntheticSurvey } from '../map/syntheticSurvey.js';
import { makeAssets } from './assets.js';
import { HOSTILE_TOKENS } from './hostileTokens.js';

let assets = '';
before(() => {
  assets = makeAssets({ pictureProcess: false });
});

const toSvg = (map: TokenMap, options: PictureOptions): Promise<string> =>
  figureSvg((...given) => drawFigure(map, ...given), options);
const toPng = (map: TokenMap, options: PictureOptions): Promise<Uint8Array> =>
  figurePng((...given) => drawFigure(map, ...given), options);

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** Reads XML strictly: anything that is not well-formed fails the test. */
function parseXml(xml: string): Element {
  const decode = (text: string): string => {
    assert.doesNotMatch(text, /&(?!(amp|lt|gt|quot|#39);)|</, 'escaped');
    assert.doesNotMatch(text, /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u, 'XML characters only');
    const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
    return text.replace(/&([^;]+);/g, (_, name: string) => entities[name] ?? '');
  };
  const document: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [document];
  const token = /<\?xml[^>]*\?>\n|<(\/?)([a-zA-Z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
  let end = 0;
  for (let match = token.exec(xml); match; match = token.exec(xml)) {
    end = token.lastIndex;
    const [, closing, name, attributes = '', empty, text] = match;
    const parent = open.at(-1);
    assert.ok(parent);
    if (text !== undefined) parent.text += decode(text);
    else if (closing) assert.equal(open.pop()?.name, name);
    else if (name !== undefined) {
      const pairs = [...attributes.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        decode(value),
      ]);
      assert.equal(new Set(pairs.map(([key]) => key)).size, pairs.length, 'no attribute twice');
      const element: Element = {
        name,
        attributes: Object.fromEntries(pairs) as Record<string, string>,
        children: [],
        text: '',
      };
      parent.children.push(element);
      if (!empty) open.push(element);
    }
  }
  assert.equal(end, xml.length, xml.slice(end, end + 80));
  assert.equal(open.length, 1);
  const [root] = document.children;
  assert.ok(root);
  return root;
}

function* all(element: Element): Generator<Element> {
  yield element;
  for (const child of element.children) yield* all(child);
}
const wholeText = (element: Element): string => element.text + element.children.map(wholeText).join('');
const texts = (root: Element): string[] => [...all(root)].filter(({ name }) => name === 'text').map(wholeText);
const svg = async (map: TokenMap): Promise<Element> => parseXml(await toSvg(map, { assets }));

const numbers = (text: string | undefined): number[] => (text?.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);

/** The frame around the cells: the only rectangle that is stroked and not filled, the largest one. */
function frameOf(root: Element): { x: number; y: number; width: number; height: number } {
  const frames = [...all(root)]
    .filter(({ name, attributes }) => name === 'rect' && attributes.fill === 'none')
    .map(({ attributes }) => ({
      x: Number(attributes.x),
      y: Number(attributes.y),
      width: Number(attributes.width),
      height: Number(attributes.height),
    }));
  return frames.sort((a, b) => b.width * b.height - a.width * a.height)[0] ?? assert.fail('no frame');
}

/** The color at a place of the figure, from the shapes of the cells. */
function colorAt(root: Element, x: number, y: number): string | undefined {
  for (const group of all(root)) {
    if (group.name !== 'g' || group.attributes['shape-rendering'] !== 'crispEdges') continue;
    const [a = 1, , , d = 1, e = 0, f = 0] = numbers(group.attributes.transform);
    const [column, row] = [(x - e) / a, (y - f) / d];
    for (const { attributes } of group.children) {
      for (const [, x0, y0, width] of (attributes.d ?? '').matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g)) {
        const inside =
          column > Number(x0) && column < Number(x0) + Number(width) && row > Number(y0) && row < Number(y0) + 1;
        if (inside) return attributes.fill;
      }
    }
  }
  return undefined;
}

test('each cell has its color and is centered on its point: the axes say where', async () => {
  const map = syntheticMap({ columns: 7, rows: 4, spacing: 0.5, center: [2, -3] });
  const root = await svg(map);
  const frame = frameOf(root);
  const ticks = [...all(root)].filter(({ name }) => name === 'text');
  const place = (axis: 'x' | 'y', text: string): number => {
    const found = ticks.filter(
      (tick) => wholeText(tick) === text && (axis === 'x') === (tick.attributes['text-anchor'] === 'middle'),
    );
    assert.equal(found.length, 1, `${axis} ${text}`);
    return Number(found[0]?.attributes[axis]);
  };
  const { xs, ys } = coordinates(map.specification.grid);
  // Two ticks an axis give its scale. The baseline of a y tick lies a little below its mark.
  const xScale = (place('x', '3.5') - place('x', '0.5')) / 3;
  const yScale = (place('y', '−2.0') - place('y', '−4.0')) / 2;
  const toX = (value: number): number => place('x', '0.5') + (value - 0.5) * xScale;
  const toY = (value: number): number => place('y', '−4.0') - 4.6 + (value + 4) * yScale;
  assert.ok(Math.abs(xScale + yScale) < 0.01, 'cells are square');
  for (let cell = 0; cell < 28; cell++) {
    const x = toX(xs[cell % 7] ?? 0);
    const y = toY(ys[Math.floor(cell / 7)] ?? 0);
    const expected = scaleColor('light', map.cells.probabilities[cell * 10] ?? 0);
    for (const [dx, dy] of [
      [0, 0],
      [-0.49, 0.49],
      [0.49, -0.49],
    ] as const) {
      const color = colorAt(root, x + dx * 0.5 * xScale, y + dy * 0.5 * xScale);
      assert.deepEqual(color && parseHex(color), expected, `cell ${cell}`);
    }
  }
  assert.ok(
    Math.abs(toX((xs[0] ?? 0) - 0.25) - frame.x) < 0.01,
    'half a cell left of the first point the frame begins',
  );
});

test('small grids name their cells, large ones their regions, with tokens as they are', async () => {
  const cells = texts(await svg(syntheticMap({ columns: 8, rows: 8 })));
  assert.equal(cells.filter((text) => /^(<1|\d+)%$/.test(text)).length >= 64, true);
  const map = syntheticMap({ columns: 50, rows: 50 });
  const regions = texts(await svg(map));
  assert.ok(regions.includes('Munich') && regions.includes('wolf'));
  assert.ok(regions.length < 80);
});

test('a token that is a little too long for its cell is smaller, not cut', async () => {
  const map = syntheticMap({ columns: 20, rows: 10, topK: 2 });
  const ids = map.cells.ids.map((_, i) => (i % 40 === 0 ? 0 : 1));
  const tokens = new Map(['Bremen', 'Berlin'].map((text, id) => [id, { id, kind: 'text', text } as const]));
  const words = texts(await svg({ ...map, cells: { ...map.cells, ids }, tokens }));
  assert.deepEqual(
    ['Bremen', 'Berlin'].map((word) => words.filter((text) => text === word).length),
    [10, 190],
  );
});

test('the caption holds the whole specification', async () => {
  const map = syntheticMap({
    columns: 5,
    rows: 4,
    spacing: 0.025,
    specification: { readout: 'lens', context: { kind: 'prompt', text: 'The capital of <France>\u202E is' } },
  });
  const caption = texts(await svg(map)).join(' ');
  for (const part of [
    'SmolLM2-135M-Instruct',
    'onnx/model.onnx',
    'float32 weights',
    'abababababab',
    'layer 29 of 0–29',
    'lens readout',
    'random projection, seed 42',
    'prompt “The capital of <France>U+202E is”',
    '5 × 4 cells',
    'spacing 0.025',
    'center (0, 0)',
    'Embedding Grid 0.1.0',
  ]) {
    assert.ok(caption.includes(part), `${part} in ${caption}`);
  }
  const direct = { plane: { ...DEFAULT_PARAMETERS.plane, axes: { method: 'direct', dimensions: [3, 5] } } } as const;
  const other = texts(await svg(syntheticMap({ columns: 5, rows: 4, specification: direct }))).join(' ');
  assert.ok(!other.includes('seed') && other.includes('dimension 3'));
});

test('real things stand at their places, and the letters are explained; their words stay text', async () => {
  const prompt = (text: string) => ({ kind: 'prompt', text }) as const;
  const hostile = '<img src=x onerror=alert(1)> \u202Egnissim';
  const specification = {
    layer: 3,
    plane: {
      ...DEFAULT_PARAMETERS.plane,
      center: prompt('A & co'),
      axes: { method: 'directions', x: prompt(hostile), y: prompt('the third') },
    },
    overlays: [
      { kind: 'state', prompt: prompt(hostile) },
      { kind: 'layers', prompt: prompt('on its way') },
    ],
  } as const;
  const map = syntheticMap({ columns: 20, rows: 10, spacing: 0.4, specification });
  const survey = syntheticSurvey(map.plane, map.specification);
  const root = await svg({ ...map, survey });
  const frame = frameOf(root);
  const { xs, ys } = coordinates(map.specification.grid);
  const half = map.specification.grid.spacing / 2;
  const [x0, x1] = [(xs[0] ?? 0) - half, (xs.at(-1) ?? 0) + half];
  const [y0, y1] = [(ys[0] ?? 0) - half, (ys.at(-1) ?? 0) + half];
  const circles = [...all(root)].filter(({ name }) => name === 'circle');
  for (const mark of survey.marks) {
    if (mark.x < x0 || mark.x > x1 || mark.y < y0 || mark.y > y1) continue;
    const x = frame.x + ((mark.x - x0) / (x1 - x0)) * frame.width;
    const y = frame.y + ((y1 - mark.y) / (y1 - y0)) * frame.height;
    assert.ok(
      circles.some(({ attributes: { cx, cy } }) => Math.hypot(Number(cx) - x, Number(cy) - y) < 0.1),
      `${mark.kind} at ${mark.x}, ${mark.y}`,
    );
  }
  const words = texts(root);
  for (const letter of ['A', 'B', 'C']) assert.equal(words.filter((text) => text === letter).length, 2, letter);
  assert.ok(words.includes('(0, 0)  “A & co”'));
  assert.ok(words.some((text) => text.startsWith('(1, 0)  “<img src=x onerror=alert(1)> U+202E')));
  assert.ok(words.some((text) => text.includes('toward B')) && words.some((text) => text.includes('toward C')));
  for (const { name } of all(root)) assert.notEqual(name, 'img');
  const narrow = syntheticMap({ columns: 20, rows: 10, spacing: 0.05, specification });
  const far = texts(await svg({ ...narrow, survey: syntheticSurvey(narrow.plane, narrow.specification) }));
  assert.ok(far.includes('(0, 0)  “A & co”') && far.includes('(0, 1)  “the third”, outside'), far.join(' '));
});

test('a label keeps clear of the badge that stands where it would', async () => {
  const prompt = (text: string) => ({ kind: 'prompt', text }) as const;
  const specification = {
    plane: {
      ...DEFAULT_PARAMETERS.plane,
      center: prompt('one'),
      axes: { method: 'directions', x: prompt('two'), y: prompt('three') },
    },
  } as const;
  // One token wins everywhere: without a badge its label stands in the middle, where A is.
  const map = syntheticMap({ columns: 41, rows: 41, spacing: 0.4, topK: 2, specification });
  const ids = map.cells.ids.map((_, i) => i % 2);
  const tokens = new Map([0, 1].map((id) => [id, { id, kind: 'text', text: 'everywhere' } as const]));
  const cells = { ...map, cells: { ...map.cells, ids }, tokens };
  const { x0, x1, y0, y1 } = gridWindow(map.specification.grid);
  const points = Float64Array.of(x0, y0, x1, y0, x1, y1, x0, y1);
  for (const one of [cells, { ...cells, regions: { window: { x0, x1, y0, y1 }, polygons: [{ token: 0, points }] } }]) {
    const away = async (of: TokenMap): Promise<number> => {
      const root = await svg(of);
      const { y, height } = frameOf(root);
      const label = [...all(root)].find((element) => element.name === 'text' && wholeText(element) === 'everywhere');
      assert.ok(label);
      const size = Number(label.attributes['font-size']);
      return Math.abs(y + height / 2 - (Number(label.attributes.y) - 0.36 * size));
    };
    assert.ok((await away(one)) < 5);
    assert.ok((await away({ ...one, survey: syntheticSurvey(map.plane, map.specification) })) > 15);
  }
});

test('however far a map is zoomed in, its ring is smooth: no side of it leaves the curve', async () => {
  const size = { columns: 40, rows: 30, spacing: 0.4 };
  const { plane, specification } = syntheticMap(size);
  const { gram, norms } = syntheticSurvey(plane, specification);
  const typical = typicalNorm(norms ?? assert.fail());
  // (1, 1) is on the ring of a synthetic survey.
  for (const spacing of [0.4, 1e-3, 1e-6]) {
    const map = syntheticMap({ ...size, spacing, center: [1, 1] });
    const root = await svg({ ...map, survey: { gram, norms, marks: [], explained: null } });
    const frame = frameOf(root);
    const scale = frame.width / (size.columns * spacing);
    /** How far a point of the figure is from the ring, in px: the norm is as good as linear so near to it. */
    const away = (x: number, y: number): number => {
      const [planeX, planeY] = [
        1 + (x - frame.x - frame.width / 2) / scale,
        1 - (y - frame.y - frame.height / 2) / scale,
      ];
      const norm = normAt(gram, planeX, planeY);
      const slope = Math.hypot(
        (gram.cu + planeX * gram.uu + planeY * gram.uv) / norm,
        (gram.cv + planeX * gram.uv + planeY * gram.vv) / norm,
      );
      return (Math.abs(norm - typical) / slope) * scale;
    };
    const [group = assert.fail('a ring')] = [...all(root)].filter(({ attributes }) => attributes['clip-path']);
    const [ring = ''] = group.children.map(({ attributes }) => attributes.d);
    const parts = ring.split('M').slice(1).map(numbers);
    let nearest = Infinity;
    for (const part of parts) {
      for (let i = 2; i < part.length; i += 2) {
        const [ax = NaN, ay = NaN, bx = NaN, by = NaN] = part.slice(i - 2, i + 2);
        const middle = [(ax + bx) / 2, (ay + by) / 2] as const;
        assert.ok(away(ax, ay) < 0.05 && away(bx, by) < 0.05, `${spacing}: ${ax} ${ay}`);
        assert.ok(away(...middle) < 0.15, `${spacing}: ${away(...middle)} px at ${middle.join()}`);
        nearest = Math.min(
          nearest,
          Math.hypot(middle[0] - frame.x - frame.width / 2, middle[1] - frame.y - frame.height / 2),
        );
      }
    }
    assert.ok(nearest < 4, 'the ring goes through the middle');
    assert.ok(texts(root).some((text) => text.includes('ring: typical norm')));
  }
  const within = syntheticMap({ ...size, spacing: 1e-3, center: [0.1, 0.1] });
  const words = texts(await svg({ ...within, survey: { gram, norms, marks: [], explained: null } }));
  assert.ok(!words.some((text) => text.includes('ring:')), 'a ring that is out of the window is not told of');
});

/** Fonts, as data, and nothing else. */
const FONT_FACES =
  /^(@font-face\{font-family:Inter;font-weight:[\d ]+;src:url\(data:font\/ttf;base64,[\w+/=]+\)(;unicode-range:[\dA-FU+,]+)?\})+$/;

test('hostile tokens stay text: nothing but the elements of a figure, and no character that acts', async () => {
  for (const columns of [6, 40]) {
    const map = syntheticMap({
      columns,
      rows: columns,
      tokens: HOSTILE_TOKENS,
      vocabulary: HOSTILE_TOKENS.length,
      steepness: 100,
    });
    HOSTILE_TOKENS.forEach((token, cell) => (map.cells.ids[cell * 10] = token.id));
    const hostile = { ...map, tokens: new Map(HOSTILE_TOKENS.map((token) => [token.id, token])) };
    const root = await svg(hostile);
    for (const element of all(root)) {
      assert.ok(
        ['svg', 'title', 'desc', 'rect', 'path', 'text', 'tspan', 'g', 'image', 'style'].includes(element.name),
        element.name,
      );
      if (element.name === 'style') assert.match(element.text, FONT_FACES);
      for (const key of Object.keys(element.attributes)) assert.doesNotMatch(key, /^on/);
      assert.doesNotMatch(element.text, /[\p{Cc}\p{Cf}\p{Cs}]/u);
    }
    if (columns === 6)
      assert.ok(
        texts(root).some((text) => text.startsWith('<img')) || texts(root).some((text) => text.includes('U+202E')),
      );
  }
});

test('every size of map gives a figure of moderate size with the axes of its grid', async () => {
  for (const [columns, rows] of [
    [1, 1],
    [1, 40],
    [60, 1],
    [60, 40],
    [2, 3],
    [700, 500],
    [1, 2000],
  ] as const) {
    const map = syntheticMap({ columns, rows, topK: 2, vocabulary: 9, steepness: 60 });
    const root = await svg(map);
    const width = Number(root.attributes.width);
    const height = Number(root.attributes.height);
    assert.ok(
      width >= 600 && width <= 1000 && height >= 300 && height <= 1100,
      `${columns} x ${rows}: ${width} x ${height}`,
    );
    const frame = frameOf(root);
    assert.ok(frame.x > 0 && frame.y > 0 && frame.x + frame.width < width && frame.y + frame.height < height);
    if (columns <= 60 && rows <= 60 && Math.max(columns, rows) < 3 * Math.min(columns, rows)) {
      assert.ok(Math.abs(frame.width / columns - frame.height / rows) < 0.01, 'square cells');
    }
  }
});

test('where borders would cover the map they are left out, and the caption says so', async () => {
  const map = syntheticMap({ columns: 300, rows: 300, topK: 2, vocabulary: 2 });
  const random = randomNumbers(42);
  map.cells.ids.forEach((_, i, ids) => (ids[i] = Math.floor(random() * 2)));
  const figure = await toSvg(map, { assets });
  assert.ok(texts(parseXml(figure)).some((text) => text.includes('borders left out')));
  assert.ok(figure.length < 3e6, `${figure.length}`);
});

test('exact regions: straight borders, polygons with their shares, labels inside them', async () => {
  const tokens = Array.from({ length: 60 }, (_, id): Token => ({ id, kind: 'text', text: `word${id}` }));
  const map = syntheticMap({ columns: 50, rows: 40, exact: true, tokens, center: [3, -1] });
  const regions = map.regions ?? assert.fail();
  const root = await svg(map);
  const frame = frameOf(root);
  const { x0, x1, y0, y1 } = regions.window;
  const toX = (x: number): number => frame.x + ((x - x0) / (x1 - x0)) * frame.width;
  const toY = (y: number): number => frame.y + ((y1 - y) / (y1 - y0)) * frame.height;

  // The lines that are drawn, together, are the borders: as long, and each end is a corner or lies between two.
  const borders = tokenBorders(regions).map((border) => ({
    from: [toX(border.x0), toY(border.y0)] as const,
    to: [toX(border.x1), toY(border.y1)] as const,
  }));
  const lines = [...all(root)]
    .filter(({ attributes }) => attributes['stroke-linecap'] === 'round')
    .flatMap(({ attributes }) => [
      ...(attributes.d ?? '').matchAll(/M([\d.]+) ([\d.]+)(?:L([\d.]+) |H([\d.]+)|V)([\d.]*)/g),
    ])
    .map(
      ([, ax, ay, bx, h, by]) => [Number(ax), Number(ay), Number(bx ?? h ?? ax), by ? Number(by) : Number(ay)] as const,
    );
  const length = lines.reduce((sum, [ax, ay, bx, by]) => sum + Math.hypot(bx - ax, by - ay), 0);
  const expected = borders.reduce((sum, { from, to }) => sum + Math.hypot(to[0] - from[0], to[1] - from[1]), 0);
  assert.ok(borders.length > 30 && Math.abs(length - expected) < 1, `${length} of ${expected}`);
  for (const [ax, ay, bx, by] of lines) {
    for (const [x, y] of [
      [ax, ay],
      [bx, by],
    ] as const) {
      // prettier-ignore
      const near = borders.some(({ from, to }) => {
        const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
        const part = ((x - from[0]) * dx + (y - from[1]) * dy) / (dx * dx + dy * dy);
        const at = Math.min(1, Math.max(0, part));
        return Math.hypot(from[0] + at * dx - x, from[1] + at * dy - y) < 0.01;
      });
      assert.ok(near, `${x} ${y} is on a border`);
    }
  }

  const [group, ...more] = [...all(root)].filter(({ attributes }) => attributes['pointer-events'] === 'all');
  assert.ok(group && more.length === 0);
  assert.equal(group.attributes.fill, 'none');
  const named = group.children.map((path) => {
    const [, word = '', share = ''] = /^(word\d+) · ([\d.<]+)% of the map$/.exec(wholeText(path)) ?? [];
    const points = Float64Array.from(numbers(path.attributes.d));
    return { word, share: Number(share.replace('<', '')), points };
  });
  assert.deepEqual(named.map(({ word }) => word), regions.polygons.map(({ token }) => `word${token}`)); // prettier-ignore
  for (const { share, points } of named) {
    const part = (100 * Math.abs(polygonArea(points))) / (frame.width * frame.height);
    assert.ok(Math.abs(part - share) < 0.06, `${part} ${share}`);
  }

  // Every label stands in its polygon.
  const labels = [...all(root)].filter(
    ({ name, attributes }) => name === 'text' && attributes['font-weight'] === '600',
  );
  let checked = 0;
  for (const label of labels) {
    const polygon = named.find(({ word }) => word === wholeText(label));
    if (!polygon) continue;
    checked++;
    const [x, y] = [Number(label.attributes.x), Number(label.attributes.y)];
    for (let i = 0; i < polygon.points.length; i += 2) {
      const j = (i + 2) % polygon.points.length;
      const [ax = 0, ay = 0, bx = 0, by = 0] = [i, i + 1, j, j + 1].map((k) => polygon.points[k]);
      assert.ok((bx - ax) * (y - ay) - (by - ay) * (x - ax) <= 0, `${polygon.word} is inside`);
    }
  }
  assert.ok(checked > 10, `${checked}`);
  assert.ok(
    texts(root).some((text) => text.includes(`${regions.polygons.length} tokens win somewhere in this window`)),
  );
});

test('a grid far from the origin, or finer than float64 there, still gets a figure', async () => {
  for (const [center, spacing] of [
    [[1e12, -1e12], 1e-12],
    [[0, 0], 1e12],
    [[123.456, 0], 1e-9],
  ] as const) {
    const map = syntheticMap({ columns: 3, rows: 3, spacing: 1 });
    const far = { ...map, specification: { ...map.specification, grid: { columns: 3, rows: 3, spacing, center } } };
    for (const element of all(await svg(far))) {
      for (const value of Object.values(element.attributes)) assert.doesNotMatch(value, /NaN|Infinity|undefined/);
    }
  }
});

/** A map that is drawn otherwise than by default. */
const drawn = (map: TokenMap, display: Partial<Display>): TokenMap => ({
  ...map,
  display: { ...DEFAULT_DISPLAY, ...display },
});

/** A map on a plane through three prompts that was asked a question, with an overlay. */
function askedMap(): TokenMap {
  const map = syntheticMap({ columns: 30, rows: 30 });
  const prompt = (text: string) => ({ kind: 'prompt', text }) as const;
  const specification: MapSpecification = {
    ...map.specification,
    plane: {
      ...map.specification.plane,
      axes: { method: 'directions', x: prompt('Call me <b>'), y: prompt('It is a truth') },
      center: prompt('In the beginning'),
    },
    question: { kind: 'difference', first: ' he', second: ' she' },
    overlays: [{ kind: 'state', prompt: prompt('The whale swam') }],
  };
  const answers = Float32Array.from({ length: 900 }, (_, cell) => (cell % 30) - 14.5);
  return {
    ...map,
    specification,
    cells: { ...map.cells, answers },
    survey: syntheticSurvey(map.plane, specification),
  };
}

test('color tells a question’s answers: orange for less, blue for more, pale between', async () => {
  const map = askedMap();
  const root = await svg(drawn(map, { colorBy: 'question' }));
  const frame = frameOf(root);
  const column = (part: number) => colorAt(root, frame.x + part * frame.width, frame.y + 5);
  const [low, middle, high] = [column(0.02), column(0.51), column(0.98)];
  assert.ok(low && middle && high, 'three colors');
  const blue = (color: string): number => {
    const [red, , blueness] = parseHex(color);
    return blueness - red;
  };
  assert.ok(blue(low) < -40 && blue(high) > 40 && Math.abs(blue(middle)) < 25, JSON.stringify([low, middle, high]));
  const words = texts(root);
  for (const word of ['+20', '−20', '␣he − ␣she']) assert.ok(words.includes(word), `${word} in ${words.join(', ')}`);
  assert.ok(words.some((text) => text.includes('color is the logit of “␣he” less that of “␣she”')));
});

test('color can tell the token, the margin or the entropy', async () => {
  const map = askedMap();
  const figures = await Promise.all(COLOR_BY.map((colorBy) => toSvg(drawn(map, { colorBy }), { assets })));
  assert.equal(new Set(figures).size, COLOR_BY.length);
  assert.ok(figures[3]?.includes('12 bits'));
});

test('labels, borders and marks are drawn or not, as the display has it', async () => {
  for (const map of [
    askedMap(),
    { ...syntheticMap({ columns: 6, rows: 6 }), survey: askedMap().survey ?? assert.fail() },
  ]) {
    const all_ = await svg(map);
    const words = new Set([...map.tokens.values()].map(({ text }) => text.trim()));
    const tokensIn = (root: Element): number =>
      texts(root).filter((text) => words.has(text.replace('\u2423', ''))).length;
    const bordersIn = (root: Element): number =>
      [...all(root)].filter(({ attributes }) => attributes['stroke-linecap'] !== undefined).length;
    const marksIn = (root: Element): number => [...all(root)].filter(({ name }) => name === 'circle').length;
    assert.ok(tokensIn(all_) > 0 && bordersIn(all_) > 0 && marksIn(all_) > 0);
    const counts = async (display: Partial<Display>): Promise<readonly [number, number, number]> => {
      const root = await svg(drawn(map, display));
      return [tokensIn(root), bordersIn(root), marksIn(root)];
    };
    assert.equal((await counts({ labels: false }))[0], 0);
    assert.equal((await counts({ borders: false }))[1], 0);
    assert.equal((await counts({ marks: false }))[2], 0);
    assert.ok((await counts({ borders: false, colorBy: 'token' }))[1] > 0, 'token colors need their borders');
    assert.deepEqual(await counts({}), [tokensIn(all_), bordersIn(all_), marksIn(all_)]);
  }
  const ringed = {
    ...syntheticMap({ columns: 40, rows: 40, spacing: 0.4 }),
    survey: askedMap().survey ?? assert.fail(),
  };
  const rings = async (ring: boolean): Promise<boolean> =>
    texts(await svg(drawn(ringed, { ring }))).some((text) => text.includes('ring: typical norm'));
  assert.deepEqual([await rings(true), await rings(false)], [true, false]);
});

test('a picture of a map is that of its file, opened again', async () => {
  const map = askedMap();
  for (const colorBy of COLOR_BY)
    for (const colorRange of ['0-1', 'auto', [0.1, 0.6]] as const) {
      const shown = drawn(map, {
        colorBy,
        colorRange,
        borders: colorBy !== 'margin',
        tokenColors: { Paris: 2, elsewhere: 1 },
      });
      const opened = fromJson(toJson(settledMap(shown)));
      assert.equal(await toSvg(opened, { assets }), await toSvg(shown, { assets }), `${colorBy} ${String(colorRange)}`);
    }
  assert.equal(
    await toSvg(drawn(map, {}), { assets }),
    await toSvg(map, { assets }),
    'the defaults are those of 0.1.0',
  );
});

test('an unfinished map leaves its cells white and says so', async () => {
  const map = syntheticMap({ columns: 30, rows: 30 });
  map.cells.computed.fill(0, 0, 450);
  const root = await svg(map);
  const frame = frameOf(root);
  assert.equal(colorAt(root, frame.x + 5, frame.y + frame.height - 5), undefined);
  assert.ok(colorAt(root, frame.x + 5, frame.y + 5));
  assert.ok(texts(root).some((text) => text.includes('not finished: 450 of 900 cells')));
});

/** Chunks of a PNG file. */
function chunks(png: Uint8Array): Map<string, Buffer> {
  const bytes = Buffer.from(png);
  const found = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    found.set(bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return found;
}

/** RGB of a pixel of a PNG as we write them: 8 bits, RGB, rows with filter 0 or 2. */
function pixelReader(png: Uint8Array): (x: number, y: number) => number[] {
  const parts = chunks(png);
  const width = parts.get('IHDR')?.readUInt32BE(0) ?? 0;
  const raw = inflateSync(parts.get('IDAT') ?? Buffer.alloc(0));
  const stride = width * 3 + 1;
  for (let at = stride; at < raw.length; at += stride) {
    if (raw[at] !== 2) continue;
    for (let i = at + 1; i < at + stride; i++) raw[i] = (raw[i] ?? 0) + (raw[i - stride] ?? 0);
  }
  return (x, y) => [...raw.subarray(y * stride + 1 + x * 3, y * stride + 4 + x * 3)];
}

test('a PNG is the SVG drawn, at 300 dpi', async () => {
  const random = randomNumbers(41);
  for (const columns of [20, 300]) {
    const map = syntheticMap({ columns, rows: columns, topK: 2, vocabulary: 3, steepness: 40 });
    // 300 x 300 cells of different colors are too many for shapes: both ways to draw cells are seen.
    if (columns === 300) map.cells.probabilities.forEach((_, i, all) => (all[i] = random()));
    const png = await toPng(map, { assets });
    const root = await svg(map);
    assert.equal([...all(root)].filter(({ name }) => name === 'image').length, columns === 300 ? 1 : 0);
    const parts = chunks(png);
    assert.equal(parts.get('IHDR')?.readUInt32BE(0), Number(root.attributes.width) * 2);
    assert.equal(parts.get('IHDR')?.readUInt32BE(4), Number(root.attributes.height) * 2);
    assert.deepEqual([parts.get('pHYs')?.readUInt32BE(0), parts.get('pHYs')?.[8]], [11811, 1]);
    const pixel = pixelReader(png);
    const frame = frameOf(root);
    // The lower left corner of a cell has no text in it.
    for (const [column, row] of [
      [1, 1],
      [3, 7],
      [columns - 2, columns - 2],
    ] as const) {
      const x = Math.round((frame.x + ((column + 0.2) / columns) * frame.width) * 2);
      const y = Math.round((frame.y + frame.height - ((row + 0.15) / columns) * frame.height) * 2);
      const near = [0, -1, 1].map((d) => map.cells.probabilities[(row * columns + column + d) * 2] ?? 0);
      const colors = near.map((p) => scaleColor('light', p));
      const seen = pixel(x, y);
      const off = Math.min(
        ...colors.map((color) => Math.max(...color.map((channel, i) => Math.abs(channel - (seen[i] ?? 0))))),
      );
      assert.ok(off <= 3, `${columns}: cell ${column},${row} is ${seen.join()} instead of ${colors[0]?.join()}`);
    }
    assert.deepEqual(pixel(2, 2), [255, 255, 255]);
  }
});

test('text is drawn: a token changes the picture, and so does the space before it', async () => {
  const draw = (text: string) =>
    toPng(
      syntheticMap({
        columns: 1,
        rows: 1,
        topK: 2,
        vocabulary: 2,
        tokens: [
          { id: 0, kind: 'text', text },
          { id: 1, kind: 'text', text },
        ],
      }),
      { assets },
    );
  const [plain, spaced, again, wide] = await Promise.all([draw('Paris'), draw(' Paris'), draw('Paris'), draw('日本')]);
  assert.deepEqual(plain, again, 'the same map gives the same bytes');
  assert.notDeepEqual(plain, spaced);
  assert.notDeepEqual(plain, wide);
});

test('a picture process that draws for ever dies with an abort', async () => {
  const endless = makeAssets({ pictureProcess: false });
  const began = join(endless, 'began');
  writeFileSync(
    join(endless, PICTURE_PROCESS),
    `process.on('disconnect', () => process.exit());
    require('node:fs').writeFileSync(${JSON.stringify(began)}, String(process.pid));`,
  );
  const abort = new AbortController();
  const drawing = toPng(syntheticMap({ columns: 2, rows: 2 }), { assets: endless, signal: abort.signal });
  const begun = (): string => (existsSync(began) ? readFileSync(began, 'utf8') : '');
  while (begun() === '') await new Promise((resolve) => setTimeout(resolve, 10));
  abort.abort();
  await assert.rejects(drawing, { code: 'cancelled' });
  assert.throws(() => process.kill(Number(begun()), 0), { code: 'ESRCH' });
});

test('the picture process draws the same bytes, or says what it lacks', async () => {
  const withProcess = makeAssets({ pictureProcess: true });
  const map = syntheticMap({ columns: 12, rows: 12 });
  assert.deepEqual(await toPng(map, { assets: withProcess }), await toPng(map, { assets }));
  rmSync(join(withProcess, 'resvg.wasm.br'));
  await assert.rejects(toPng(map, { assets: withProcess }), { code: 'internal', message: /draws PNG/ });
  assert.ok(existsSync(join(withProcess, PICTURE_PROCESS)));
});

test('the bundled font covers Latin, Greek and Cyrillic, and its widths are its own', async () => {
  const font = await loadBundledFont(assets);
  for (const text of ['The quick brown fox 0123456789', 'éàüßøœłčřžğıİ', 'Ελληνικά', 'Русский', '−×·…“”≈–␣⏎␍⇥⍽◌≤→']) {
    for (const character of text) assert.ok(font.covers(character.codePointAt(0) ?? 0), character);
  }
  assert.ok(!font.covers(0x915));
  assert.ok(font.measure('Paris', 600) > font.measure('Paris', 400));
  assert.ok(Math.abs(font.measure('iiii', 400) * 2 - font.measure('iiiiiiii', 400)) < 1e-9);
  assert.equal(font.measure('\u0915', 400), 0.8);
  assert.equal(font.measure('日', 400), 1);
});
