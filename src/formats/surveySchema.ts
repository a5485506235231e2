import * as v from 'valibot';
import { LIMITS } from '../map/limits.js';

const finite = v.pipe(v.number(), v.finite());
const length = v.pipe(finite, v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(100_000));
const index = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1));

const token = v.object({ id: index, kind: v.picklist(['text', 'special', 'bytes', 'unknown']), text });
const said = v.object({ token, probability: v.pipe(length, v.maxValue(1.0001)) });
const mark = v.object({
  kind: v.picklist(['anchor', 'state', 'layers', 'positions', 'rows']),
  badge: v.exactOptional(v.picklist(['A', 'B', 'C'])),
  overlay: v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(1000)),
  text,
  token: v.exactOptional(token),
  layer: v.exactOptional(v.union([v.literal('embeddings'), v.pipe(index, v.maxValue(100_000))])),
  x: finite,
  y: finite,
  distance: length,
  norm: length,
  says: v.exactOptional(v.object({ own: said, state: said, foot: said })),
});

const places = (one: typeof finite | typeof length) => v.pipe(v.array(one), v.maxLength(LIMITS.texts));
const part = v.pipe(length, v.maxValue(1));
const points = v.pipe(
  v.object({
    overlay: v.pipe(index, v.maxValue(1000)),
    x: places(finite),
    y: places(finite),
    distance: places(length),
    separability: v.nullable(v.object({ classes: index, count: index, plane: part, space: part, most: part })),
    why: v.exactOptional(text),
  }),
  v.check(({ x, y, distance }) => x.length === y.length && x.length === distance.length, 'places are not as many'),
);

export const normsSchema = v.object({ quantiles: v.pipe(v.array(length), v.length(21)), count: index });

/** A survey as a saved map holds it; nothing in it is trusted. */
export const surveySchema = v.object({
  gram: v.object({ cc: finite, cu: finite, cv: finite, uu: finite, uv: finite, vv: finite }),
  norms: v.nullable(normsSchema),
  normsReason: v.exactOptional(text),
  marks: v.pipe(v.array(mark), v.maxLength(1_000_000)),
  points: v.exactOptional(v.pipe(v.array(points), v.maxLength(1000))),
  explained: v.nullable(
    v.object({
      variance: v.pipe(v.array(finite), v.maxLength(1000)),
      ratio: v.pipe(v.array(finite), v.maxLength(1000)),
    }),
  ),
  boundary: v.exactOptional(v.object({ winner: token, token, relative: length, axes: v.nullable(length) })),
});
