import type { MapParameters, ModelReference } from './specification.js';
import { formatShort } from './numbers.js';
import type { Token } from './token.js';

/** A point of a plane, in its coordinates. */
export interface PlanePoint {
  readonly x: number;
  readonly y: number;
}

/** A straight line of a plane. */
export interface ProfileLine {
  readonly from: PlanePoint;
  readonly to: PlanePoint;
}

/** Where another token becomes the most probable. Tokens are places in {@link Profile.tokens}. */
export interface ProfileChange {
  /** Part of the line, 0 ... 1. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** What a model says along a line, at `steps + 1` points from its one end to the other, both included. */
export interface Profile extends ProfileLine {
  readonly model: ModelReference;
  /** As the model reads them; the grid plays no part. */
  readonly parameters: MapParameters;
  readonly steps: number;
  /** Those that win somewhere, in the order in which they come. */
  readonly tokens: readonly Token[];
  /** [steps + 1] the most probable token, as a place in `tokens`. */
  readonly winners: Int32Array;
  /** [tokens] of [steps + 1]; NaN where the model's arithmetic leaves its number range, as entropy is. */
  readonly probabilities: readonly Float32Array[];
  /** [steps + 1] nats. */
  readonly entropy: Float32Array;
  /** In order; found far finer than the steps are. */
  readonly changes: readonly ProfileChange[];
  /** Version of Embedding Grid. */
  readonly version: string;
  readonly device: string;
  readonly seconds: number;
}

export const USUAL_STEPS = 400;
export const MOST_PROFILE_STEPS = 10_000;

/** The point at a part of a line, 0 ... 1. */
export const pointOn = ({ from, to }: ProfileLine, part: number): PlanePoint => ({
  x: from.x + part * (to.x - from.x),
  y: from.y + part * (to.y - from.y),
});

const pointWords = ({ x, y }: PlanePoint): string =>
  `(${[x, y].map((value) => formatShort(Number(value.toPrecision(6)))).join(', ')})`;

/** `Profile from (0, 0) to (1, 0)` */
export const profileName = ({ from, to }: ProfileLine): string =>
  `Profile from ${pointWords(from)} to ${pointWords(to)}`;

const COORDINATE = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*,\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*$/i;

/** A point as it is typed: `0, 1.5`; undefined where it is none. */
export function parsePoint(text: string): PlanePoint | undefined {
  const [, x, y] = COORDINATE.exec(text.replaceAll('\u2212', '-')) ?? [];
  const point = { x: Number(x), y: Number(y) };
  return x !== undefined && Number.isFinite(point.x) && Number.isFinite(point.y) ? point : undefined;
}

/** A line as it is typed: `0,0:1,0`; undefined where it is none. */
export function parseLine(text: string): ProfileLine | undefined {
  const points = text.split(':').map(parsePoint);
  const [from, to, more] = points;
  if (!from || !to || more || points.length !== 2 || (from.x === to.x && from.y === to.y)) return undefined;
  return { from, to };
}
