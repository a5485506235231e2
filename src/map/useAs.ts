import { contextOf, type Direction, type MapParameters, type VectorSource } from './specification.js';
import { formatShort } from './numbers.js';
import { dot, type Plane, pointAt } from './plane.js';
import { encodeVector } from './vector.js';

/** What a point of a plane can become: its center, or what stands at (1, 0) or (0, 1). */
export const ANCHORS = ['A', 'B', 'C'] as const;
export type Anchor = (typeof ANCHORS)[number];

const vectorOf = (vector: Float32Array, name: string): VectorSource => ({
  kind: 'vector',
  vector: encodeVector(vector),
  name,
});

/**
 * Parameters of a map one of whose axes goes along a direction, as long as the other, which stays: a direction does not say how far it
 * leads.
 * @param plane of the map
 * @param direction [hiddenSize]
 */
export function alongDirection(
  parameters: MapParameters,
  plane: Plane,
  direction: Float32Array,
  name: string,
  axis: 'x' | 'y',
): MapParameters {
  const { axes } = parameters.plane;
  const [other, label]: [Float32Array, string] = axis === 'x' ? [plane.v, 'v'] : [plane.u, 'u'];
  const length = Math.sqrt(dot(other, other)) || 1;
  const own = Math.sqrt(dot(direction, direction)) || 1;
  const along = vectorOf(
    direction.map((value) => (value / own) * length),
    name,
  );
  const { lengths, orthogonal } = parameters.plane;
  // As it is drawn: what its length and its direction came of no longer holds for both.
  const kept = axes.method === 'directions' && lengths === 'own' && !orthogonal;
  const rest: Direction = kept ? (axis === 'x' ? axes.y : axes.x) : vectorOf(other, label);
  return {
    ...parameters,
    plane: {
      ...parameters.plane,
      axes: { method: 'directions', ...(axis === 'x' ? { x: along, y: rest } : { x: rest, y: along }) },
      lengths: 'own',
      orthogonal: false,
    },
  };
}

/**
 * Parameters of a map one of whose points becomes an anchor of the next one's plane. `A`: the vector there is the center, the
 * context stays. `B`, `C`: it stands at (1, 0) or (0, 1), the other axis stays: in direction and length where anything but that
 * decided it, and as it is where it leads somewhere already.
 * @param plane of the map
 */
export function useAs(
  parameters: MapParameters,
  plane: Plane,
  { x, y }: { readonly x: number; readonly y: number },
  anchor: Anchor,
): MapParameters {
  const point = pointAt(plane, x, y);
  const name = `(${[x, y].map((value) => formatShort(Number(value.toPrecision(4)))).join(', ')})`;
  if (anchor === 'A')
    return {
      ...parameters,
      context: contextOf(parameters),
      plane: { ...parameters.plane, center: vectorOf(point, `point ${name}`) },
    };
  const { axes, lengths, orthogonal } = parameters.plane;
  const step = point.map((value, i) => value - (plane.c[i] ?? 0));
  const toward = vectorOf(step, `step to ${name}`);
  const [other, label]: [Float32Array, string] = anchor === 'B' ? [plane.v, 'v'] : [plane.u, 'u'];
  // As it is drawn: what its length and its direction came of no longer holds for both.
  const kept = axes.method === 'directions' && lengths === 'own' && !orthogonal;
  const scale = axes.method === 'directions' ? 1 : Math.sqrt(dot(step, step) / (dot(other, other) || 1)) || 1;
  const rest: Direction = kept
    ? anchor === 'B'
      ? axes.y
      : axes.x
    : vectorOf(
        other.map((value) => value * scale),
        label,
      );
  const { columns, rows } = parameters.grid;
  return {
    ...parameters,
    plane: {
      ...parameters.plane,
      axes: { method: 'directions', ...(anchor === 'B' ? { x: toward, y: rest } : { x: rest, y: toward }) },
      lengths: 'own',
      orthogonal: false,
    },
    grid: { columns, rows, spacing: Number((3 / Math.min(columns, rows)).toPrecision(4)), center: [0.5, 0.5] },
  };
}
