import { Fault } from '../map/fault.js';
import { axesOf, axisLength, type Plane, shapedPlane } from '../map/plane.js';
import type { Direction, PlaneParameters, VectorSource } from '../map/specification.js';
import { decodeVector } from '../map/vector.js';

/** The plane that parameters describe, in a space of `width` dimensions. @throws Fault `bad-parameter` */
export async function resolvePlane(parameters: PlaneParameters, width: number): Promise<Plane> {
  const { axes, center, orthogonal, lengths } = parameters;
  const c = center.kind === 'origin' ? new Float32Array(width) : await vectorOf(center, 'The center', width);
  if (axes.method === 'pca_basis') throw new Fault({ code: 'bad-parameter', message: 'Not yet.' });
  const { u, v } =
    axes.method === 'directions'
      ? { u: await vectorOf(axes.x, 'The x axis', width), v: await vectorOf(axes.y, 'The y axis', width) }
      : axesOf(axes, width);
  return shapedPlane({ c, u, v }, { orthogonal, length: axisLength(lengths, NaN) });
}

async function vectorOf(
  source: VectorSource | Direction | { kind: 'texts' },
  what: string,
  width: number,
): Promise<Float32Array> {
  await Promise.resolve();
  if (source.kind === 'vector') return decodeVector(source.vector, what, width);
  throw new Fault({ code: 'bad-parameter', message: 'Not yet.' });
}
