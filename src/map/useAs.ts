import { contextOf, type Direction, type MapParameters, type VectorSource } from './specification.js';
import { formatShort } from './numbers.js';
import { dot, type Plane, pointAt } from './plane.js';
import { encodeVector } from './vector.js';
import { aroundUnits, withAxes } from './withAxes.js';

/** What a point of a plane can become: its center, or what stands at (1, 0) or (0, 1). */
export const ANCHORS = ['A', 'B', 'C'] as const;
export type Anchor = (typeof ANCHORS)[number];

const vectorOf = (vector: Float32Array, name: string): VectorSource => ({
  kind: 'vector',
  vector: encodeVector(vector),
  name,
});

/**
 * The parameters with one axis along a direction; the other stays: as it was asked for where its direction alone decided it, else as it
 * is drawn, since what the two came of no longer holds for both.
 * @param drawn the other axis
 */
function withAxis(parameters: MapParameters, axis: 'x' | 'y', along: Direction, drawn: Float32Array): MapParameters {
  const { axes, lengths, orthogonal } = parameters.plane;
  const kept = axes.method === 'directions' && lengths === 'own' && !orthogonal;
  if (axis === 'x') return withAxes(parameters, along, kept ? axes.y : vectorOf(drawn, 'v'));
  return withAxes(parameters, kept ? axes.x : vectorOf(drawn, 'u'), along);
}

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
  const other = axis === 'x' ? plane.v : plane.u;
  const length = Math.sqrt(dot(other, other)) || 1;
  const own = Math.sqrt(dot(direction, direction)) || 1;
  const along = direction.map((value) => (value / own) * length);
  return withAxis(parameters, axis, vectorOf(along, name), other);
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
  const step = point.map((value, i) => value - (plane.c[i] ?? 0));
  const toward = vectorOf(step, `step to ${name}`);
  const other = anchor === 'B' ? plane.v : plane.u;
  const isLed = parameters.plane.axes.method === 'directions';
  const scale = isLed ? 1 : Math.sqrt(dot(step, step) / (dot(other, other) || 1)) || 1;
  const drawn = other.map((value) => value * scale);
  const laid = withAxis(parameters, anchor === 'B' ? 'x' : 'y', toward, drawn);
  return { ...laid, grid: aroundUnits(parameters.grid) };
}
