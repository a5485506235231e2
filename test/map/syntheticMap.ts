import { coordinates, gridWindow } from '../../src/map/grid.js';
import { envelope, type ExactRegions } from '../../src/map/polygons.js';
import { DEFAULT_PARAMETERS, type MapSpecification } from '../../src/map/specification.js';
import type { Token } from '../../src/map/token.js';
import { emptyCells, type TokenMap } from '../../src/map/tokenMap.js';

/** Pseudo-random numbers 0 ... 1 from a seed (mulberry32), so that a failing property can be run again. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const WORDS =
  'venue elephant Paris Munich cat Berlin wolf Hamburg Mon Amazon Kur L nowned én w la maje K W intendent Vienna not the only'.split(
    ' ',
  );

export interface SyntheticOptions {
  readonly columns: number;
  readonly rows: number;
  readonly topK?: number;
  readonly seed?: number;
  /** Affine functions that compete. */
  readonly vocabulary?: number;
  readonly spacing?: number;
  readonly center?: readonly [number, number];
  /** Half the width that the functions are made for, around 0: as they are on a plane, whatever grid is laid over it. */
  readonly reach?: number;
  /** Steepness of the functions: higher is more confident. */
  readonly steepness?: number;
  readonly hiddenSize?: number;
  readonly tokens?: readonly Token[];
  readonly specification?: Partial<MapSpecification>;
  /** With the exact regions, as an affine readout has them. */
  readonly exact?: boolean;
}

/** A map as an affine readout gives it: softmax over random affine functions of the plane, cell by cell in float64. */
export function syntheticMap(options: SyntheticOptions): TokenMap {
  const { columns, rows, topK = 10, seed = 1, vocabulary = 60, hiddenSize = 8, steepness = 30 } = options;
  const random = randomNumbers(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const spacing = options.spacing ?? 5 / Math.max(columns, rows);
  const grid = { columns, rows, spacing, center: options.center ?? ([0, 0] as const) };
  const { xs, ys } = coordinates(grid);
  const reach = options.reach ?? (Math.max(columns, rows) / 2) * spacing;
  const middle = options.reach === undefined ? grid.center : ([0, 0] as const);
  // With these offsets the function of the nearest slope wins: a Voronoi diagram, slightly disturbed.
  const functions = Array.from({ length: Math.max(vocabulary, topK) }, () => {
    const slope = [(random() - 0.5) * 3, (random() - 0.5) * 3] as const;
    return { slope, offset: normal() * 0.06 - Math.hypot(...slope) ** 2 / 2 };
  });
  const cells = emptyCells(columns, rows, topK);
  const tokens = new Map<number, Token>();
  for (let cell = 0; cell < columns * rows; cell++) {
    const x = ((xs[cell % columns] ?? 0) - middle[0]) / reach;
    const y = ((ys[Math.floor(cell / columns)] ?? 0) - middle[1]) / reach;
    const logits = functions.map(({ slope, offset }) => steepness * (slope[0] * x + slope[1] * y + offset));
    const most = Math.max(...logits);
    const weights = logits.map((logit) => Math.exp(logit - most));
    const sum = weights.reduce((a, b) => a + b, 0);
    const order = weights.map((_, id) => id).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
    let entropy = 0;
    for (const weight of weights) if (weight > 0) entropy -= (weight / sum) * Math.log(weight / sum);
    cells.computed[cell] = 1;
    cells.entropy[cell] = entropy;
    for (let k = 0; k < topK; k++) {
      const id = order[k] ?? 0;
      cells.ids[cell * topK + k] = id;
      cells.probabilities[cell * topK + k] = (weights[id] ?? 0) / sum;
      if (!tokens.has(id)) tokens.set(id, options.tokens?.[id] ?? wordToken(id));
    }
  }
  let regions: ExactRegions | undefined;
  if (options.exact) {
    const slope = (axis: 0 | 1) => Float32Array.from(functions, (one) => (steepness * one.slope[axis]) / reach);
    const [u, v] = [slope(0), slope(1)];
    const [x, y] = middle;
    const c = Float32Array.from(functions, (one, i) => steepness * one.offset - x * (u[i] ?? 0) - y * (v[i] ?? 0));
    const window = gridWindow(grid);
    regions = { window, polygons: envelope({ c, u, v }, window).map(({ token, points }) => ({ token, points })) };
    for (const { token } of regions.polygons) tokens.set(token, options.tokens?.[token] ?? wordToken(token));
  }
  const vector = (): Float32Array => Float32Array.from({ length: hiddenSize }, normal);
  return {
    specification: {
      model: { name: 'SmolLM2-135M-Instruct', file: 'onnx/model.onnx', sha256: 'ab'.repeat(32) },
      ...DEFAULT_PARAMETERS,
      layer: 29,
      readout: 'forward',
      context: { kind: 'none' },
      grid,
      topK,
      ...options.specification,
    },
    facts: { blocks: 30, hiddenSize, vocabularySize: 49152, weightsBytes: 538_060_800, numberType: 'float32' },
    cells,
    tokens,
    plane: { c: new Float32Array(hiddenSize), u: vector(), v: vector() },
    runtime: {
      version: '0.1.0',
      device: 'cpu',
      batchSize: 100,
      seconds: 2.9,
      finished: '2026-01-02T03:04:05.000Z',
      way: 'three-rows',
      notices: [],
    },
    ...(regions ? { regions } : {}),
  };
}

function wordToken(id: number): Token {
  const word = WORDS[id % WORDS.length] ?? '';
  const turn = Math.floor(id / WORDS.length);
  return { id, kind: 'text', text: (turn + id) % 2 ? word : ` ${word}` };
}
